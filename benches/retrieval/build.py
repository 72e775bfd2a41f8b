"""Makes the three corpora of the retrieval set from Debian packages.

    apt-get download sqlite3-doc rust-doc r-cran-janeaustenr
    for p in *.deb; do dpkg -x "$p" "${p%%_*}"; done
    python3 build.py FOLDER_WITH_THE_UNPACKED_PACKAGES

Only needed to see where the files come from: they are in the repository. The manual stays the
HTML that SQLite publishes, the Rust book becomes the Markdown that it was written in, and the
novel becomes one plain text for each chapter.
"""

import html.parser
import pathlib
import re
import shutil
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).parent

MANUAL = """pragma rescode foreignkeys howtocorrupt datatype3 wal queryplanner faq tempfiles
lang_corefunc lang_datefunc limits backup loadext whentouse withoutrowid isolation
lang_transaction lang_savepoint eqp lang_analyze stricttables lang_conflict lang_vacuum mmap autoinc
gencol security recovery floatingpoint quirks""".split()

# Front pages with hardly a sentence, and the chapters that are long listings above all.
BOOK_WITHOUT = re.compile(r"ch(\d+)-00-|ch20-|ch17-03|ch12-0[35]|ch02-|ch19-0[36]|ch13-03|"
                          r"ch11-01|appendix-0[06]")
BOOK_WITH = re.compile(r"ch(00|15)-00-|(ch\d\d-\d\d|appendix-\d\d)-")


class Markdown(html.parser.HTMLParser):
    """The Markdown of one page of the Rust book, as far as that page uses it."""

    def __init__(self):
        super().__init__()
        self.out, self.code, self.lists, self.cells = [], False, [], None

    def put(self, text):
        (self.out if self.cells is None else self.cells).append(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.put("\n\n" + "#" * int(tag[1]) + " ")
        elif tag == "p" and not (self.lists and self.out[-1].rstrip(" ").endswith(("-", "."))):
            self.put("\n\n")
        elif tag in ("ul", "ol"):
            self.lists.append(tag)
            self.put("\n")
        elif tag == "li":
            self.put("\n" + "  " * (len(self.lists) - 1)
                     + ("- " if self.lists and self.lists[-1] == "ul" else "1. "))
        elif tag == "code" and self.code:
            name = re.search(r"language-(\w+)", attrs.get("class") or "")
            self.out[-1] = "\n\n```" + (name.group(1) if name else "") + "\n"
        elif tag == "code":
            self.put("`")
        elif tag == "pre":
            self.code = True
            self.put("\n\n```\n")
        elif tag in ("em", "i"):
            self.put("*")
        elif tag in ("strong", "b"):
            self.put("**")
        elif tag == "sup":
            self.put("<sup>")
        elif tag == "table":
            self.put("\n")
        elif tag == "tr":
            self.cells = []
        elif tag in ("td", "th") and self.cells is not None:
            self.cells.append("\x1f")

    def handle_endtag(self, tag):
        if tag == "pre":
            if self.code:
                self.put("```\n\n")
            self.code = False
        elif tag == "code" and not self.code:
            self.put("`")
        elif tag in ("em", "i"):
            self.put("*")
        elif tag in ("strong", "b"):
            self.put("**")
        elif tag == "sup":
            self.put("</sup>")
        elif tag in ("ul", "ol"):
            self.lists.pop()
            self.put("\n")
        elif tag == "tr" and self.cells is not None:
            cells, self.cells = "".join(self.cells).split("\x1f")[1:], None
            self.out.append("\n| " + " | ".join(" ".join(c.split()) for c in cells) + " |")
        elif tag == "thead":
            self.out.append("\n|" + "---|" * self.out[-1].count(" |"))

    def handle_data(self, data):
        # The line breaks between list items and between table cells say nothing.
        between = not data.strip() and "\n" in data and not self.code
        if not between:
            self.put(data)


def book_page(source):
    main = source.split("<main>", 1)[1].split("</main>", 1)[0]
    # Lines that the book hides from the reader stay hidden.
    main = re.sub(r'<span class="boring">.*?</span>', "", main, flags=re.S)
    main = re.sub(r"<!--.*?-->|<span[^>]*>|</span>", "", main, flags=re.S)
    main = re.sub(r'<pre><pre class="playground">', "<pre>", main).replace("</pre></pre>", "</pre>")
    page = Markdown()
    page.feed(main)
    text = "".join(page.out)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def novel(packed):
    """The fifth record of the R data file: one string for each line of Pride and Prejudice."""
    for _ in range(5):
        record = zlib.decompressobj()
        data = record.decompress(packed[4:])
        packed = record.unused_data
    at = 14 + 4 + struct.unpack_from(">i", data, 14)[0] + 4
    count, at = struct.unpack_from(">i", data, at)[0], at + 4
    lines = []
    for _ in range(count):
        size = struct.unpack_from(">i", data, at + 4)[0]
        lines.append(data[at + 8:at + 8 + size].decode())
        at += 8 + size
    return lines


def fresh(name):
    folder = HERE / name / "documents"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main(packages):
    folder = fresh("sqlite")
    for name in MANUAL:
        shutil.copyfile(packages / f"sqlite3-doc/usr/share/doc/sqlite3/{name}.html",
                        folder / f"{name}.html")

    folder = fresh("rust-book")
    for page in sorted((packages / "rust-doc/usr/share/doc/rust-doc/html/book").glob("*.html")):
        if BOOK_WITH.match(page.name) and not BOOK_WITHOUT.match(page.name):
            (folder / f"{page.stem}.md").write_text(book_page(page.read_text()))

    folder = fresh("novel")
    packed = packages / "r-cran-janeaustenr/usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
    text = "\n".join(novel(packed.read_bytes()))
    for number, chapter in enumerate(re.split(r"\n+(?=Chapter \d+\n)", text)[1:], 1):
        (folder / f"chapter-{number:02}.txt").write_text(chapter.strip() + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
