"""Checks the retrieval set: every quote stands in its document, every paraphrase shares no word.

    python3 check.py            checks, prints the counts, fails with a list of what is wrong
    python3 check.py CORPUS ID  prints the words that a question shares with its passages
"""

import collections
import html.parser
import json
import pathlib
import re
import sqlite3
import sys

HERE = pathlib.Path(__file__).parent
CORPORA = ("sqlite", "rust-book", "novel")
KINDS = ("natural", "paraphrase", "identifier", "number", "typo", "unanswerable")
# How much text around a quote a paraphrase must share no content word with, in characters.
WINDOW = 600
QUOTE = range(20, 151)

STOP_WORDS = set("""a about above after again against all also am an and any anybody anyone anything
are as at away back be became because become becomes been before being below between both but by
came can cannot come comes could did do does doing done down during each either else ever every
few for from further get gets getting give given gives go goes going got had has have having he
her here hers herself him himself his how however i if in instead into is it its itself just kind
let lets like made make makes making many may me might more most much must my myself need needs
neither never no nobody none nor not nothing now of off on once one ones only onto or other others
our ours out over own per put rather same shall she should since so some somebody someone something
sort still such take taken takes than that the their them themselves then there these they thing
things this those though through thus till to together too toward towards under until up upon us
use used uses using very via want wants was way ways we well went were what whatever when whenever
where whether which while who whoever whom whose why will with within without would yet you your
yours yourself
aren couldn didn doesn don hadn hasn haven isn ll re shouldn ve wasn weren won wouldn""".split())

INLINE = set("a abbr b big cite code em font i kbd mark q s small span strong sub sup tt u var".split())
SILENT = ("script", "style", "svg")


class Page(html.parser.HTMLParser):
    """The text of an HTML page; `between` is what an inline tag leaves behind."""

    def __init__(self, between):
        super().__init__()
        self.out, self.silent, self.between = [], 0, between

    def handle_starttag(self, tag, attrs):
        self.silent += tag in SILENT
        self.out.append(self.between if tag in INLINE else "\n")

    def handle_endtag(self, tag):
        self.silent -= tag in SILENT
        self.out.append(self.between if tag in INLINE else "\n")

    def handle_data(self, data):
        if not self.silent:
            self.out.append(data)


def one_line(text):
    return " ".join(text.split())


def readings(path):
    """The texts that a sound extraction may make of a document: a quote must stand in each."""
    source = path.read_text()
    if path.suffix != ".html":
        return [one_line(source)]
    texts = []
    for between in ("", " "):
        page = Page(between)
        page.feed(source)
        texts.append(one_line("".join(page.out)))
    return texts


def stems(text):
    """The stems of the content words, by the Porter tokenizer of SQLite's full-text search."""
    words = [w for w in re.findall(r"[^\W_]+", text.lower().replace("’", "'").replace("'s", ""))
             if w not in STOP_WORDS and len(w) > 1]
    base = sqlite3.connect(":memory:")
    base.execute("CREATE VIRTUAL TABLE words USING fts5(text, tokenize='porter unicode61')")
    base.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(words, row)")
    base.execute("INSERT INTO words VALUES (?)", (" ".join(words),))
    return {term for (term,) in base.execute("SELECT term FROM stems")}


def shared(question, text, quote):
    """The content words that a question shares with the text around each place of the quote."""
    found, at = set(), text.find(quote)
    while at >= 0:
        middle = at + len(quote) // 2
        around = text[max(0, middle - WINDOW // 2):middle + WINDOW // 2]
        # A word cut at an edge is no word.
        start, end = max(0, middle - WINDOW // 2), middle + WINDOW // 2
        if start > 0:
            around = around.partition(" ")[2]
        if end < len(text):
            around = around.rpartition(" ")[0]
        found |= stems(question) & stems(around)
        at = text.find(quote, at + 1)
    return found


def load(corpus):
    with open(HERE / corpus / "questions.jsonl") as lines:
        return [json.loads(line) for line in lines]


def check(corpus):
    wrong, seen, asked = [], set(), set()
    documents = {p.name: readings(p) for p in sorted((HERE / corpus / "documents").iterdir())}
    questions = load(corpus)
    for q in questions:
        def fault(text, name=q["id"]):
            wrong.append(f"{corpus} {name}: {text}")

        if set(q) != {"id", "question", "kind", "answers"}:
            fault(f"fields {sorted(q)}")
        if q["id"] in seen or q["question"] in asked:
            fault("stands twice")
        seen.add(q["id"])
        asked.add(q["question"])
        if q["kind"] not in KINDS:
            fault(f"unknown kind {q['kind']}")
        if (q["kind"] == "unanswerable") != (not q["answers"]):
            fault("answers and kind disagree")
        for answer in q["answers"]:
            quote = answer["quote"]
            texts = documents.get(answer["document"])
            if texts is None:
                fault(f"no document {answer['document']}")
                continue
            if len(quote) not in QUOTE or quote != one_line(quote):
                fault(f"quote of {len(quote)} characters: {quote}")
            if not all(quote in text for text in texts):
                fault(f"not in {answer['document']}: {quote}")
            elif texts[0].count(quote) > 1:
                fault(f"{texts[0].count(quote)} times in {answer['document']}: {quote}")
            if q["kind"] == "paraphrase" and (words := shared(q["question"], texts[0], quote)):
                fault(f"shares {sorted(words)} with {answer['document']}")
    size = sum(p.stat().st_size for p in (HERE / corpus / "documents").iterdir())
    if not 20 <= len(documents) <= 80 or not 300_000 <= size <= 900_000:
        wrong.append(f"{corpus}: {len(documents)} documents of {size} bytes")
    if len(questions) < 50:
        wrong.append(f"{corpus}: only {len(questions)} questions")
    kinds = collections.Counter(q["kind"] for q in questions)
    used = {a["document"] for q in questions for a in q["answers"]}
    print(f"{corpus:10} {len(documents):3} documents {size:7} bytes, {len(questions):3} questions over "
          f"{len(used)} documents:", ", ".join(f"{kinds[k]} {k}" for k in KINDS))
    wrong += [f"{corpus}: no question of the kind {k}" for k in KINDS if not kinds[k]]
    return wrong


def main():
    if len(sys.argv) == 3:
        corpus, name = sys.argv[1:]
        for q in load(corpus):
            for a in q["answers"] if q["id"] == name else []:
                text = readings(HERE / corpus / "documents" / a["document"])[0]
                print(a["document"], sorted(shared(q["question"], text, a["quote"])))
        return
    wrong = [line for corpus in CORPORA for line in check(corpus)]
    print("\n".join(wrong) or "sound")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
