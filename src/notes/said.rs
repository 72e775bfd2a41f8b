//! Questions that ask for a fact to be remembered: "Remember that ...", "remember: ...", "Merke dir,
//! dass ...". Only the very beginning decides, word by word, and where it could be a question about
//! the past ("Remember that time we ...", "Remember that?") nothing is kept: a note that nobody
//! wanted is worse than one that has to be asked for in plainer words.

/// Longest beginning that is looked at for the end of the first sentence.
const MAX_SENTENCE_BYTES: usize = 2000;

/// Beginnings, word by word, each up to what must follow it. Lower case; `,` may be left out.
const BEGINNINGS: &[&[&str]] = &[
    &["remember", "that"],
    &["remember", ",", "that"],
    &["remember", ":"],
    &["remember", "this", ":"],
    &["merke", "dir", ",", "dass"],
    &["merke", "dir", "bitte", ",", "dass"],
    &["merke", "dir", ":"],
    &["merke", "dir", "bitte", ":"],
    &["merken", "sie", "sich", ",", "dass"],
    &["merken", "sie", "sich", "bitte", ",", "dass"],
    &["merken", "sie", "sich", ":"],
];
/// Words that may stand before a beginning.
const POLITE: [&str; 2] = ["please", "bitte"];
/// "Remember that time we ..." is about the past: a time, and then who was there.
const TIMES: [&str; 12] = [
    "time",
    "day",
    "night",
    "evening",
    "morning",
    "afternoon",
    "weekend",
    "week",
    "month",
    "year",
    "summer",
    "winter",
];
const WHO: [&str; 9] = ["when", "we", "i", "you", "he", "she", "they", "in", "at"];

/// The fact that a question wants remembered: the rest of its first paragraph.
pub fn of_question(question: &str) -> Option<&str> {
    let question = question.trim_start();
    let polite = POLITE.iter().find_map(|word| eat(question, word));
    let question = polite.map_or(question, |rest| eat(rest, ",").unwrap_or(rest));
    let rest = BEGINNINGS.iter().find_map(|words| eat_all(question, words))?;
    let fact = rest.trim_start();
    let fact = fact.split("\n\n").next().unwrap_or(fact);
    let fact = fact.split("\r\n\r\n").next().unwrap_or(fact).trim_end();
    let says_something = fact.starts_with(|c: char| !c.is_ascii_punctuation() || opens(c))
        && fact.contains(char::is_alphanumeric);
    (says_something && !is_about_the_past(fact) && !asks(fact)).then_some(fact)
}

/// Punctuation that a fact may begin with: quotes, brackets, lists, signs before numbers.
fn opens(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '(' | '[' | '-' | '*' | '#' | '$' | '@' | '`' | '/' | '_' | '<' | '~' | '+'
    )
}

/// The text after these words.
fn eat_all<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    let rest = words.iter().try_fold(text, |rest, word| match eat(rest, word) {
        None if *word == "," => Some(rest),
        eaten => eaten,
    })?;
    // "that's" and "dass-" are other words.
    let ends = words.last() == Some(&":") || rest.starts_with(char::is_whitespace);
    ends.then_some(rest)
}

/// The text after a word or sign in any case, white space before it allowed.
fn eat<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let rest = match text.get(..word.len()) {
        Some(start) if start.eq_ignore_ascii_case(word) => &text[word.len()..],
        // The two other spellings of German.
        _ => match word {
            "dass" => text.strip_prefix("daß")?,
            "merke" => eat(text, "merk")?,
            _ => return None,
        },
    };
    let is_word = word.starts_with(char::is_alphabetic);
    (!is_word || !rest.starts_with(char::is_alphanumeric)).then_some(rest)
}

fn is_about_the_past(fact: &str) -> bool {
    let mut words = fact.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut next = || words.next().map(str::to_ascii_lowercase).unwrap_or_default();
    let first = next();
    let time = if first == "one" { next() } else { first };
    TIMES.contains(&time.as_str()) && WHO.contains(&next().as_str())
}

/// Whether the first sentence is a question.
fn asks(fact: &str) -> bool {
    let looked_at = fact.floor_char_boundary(MAX_SENTENCE_BYTES);
    let mut chars = fact[..looked_at].chars().peekable();
    while let Some(c) = chars.next() {
        let ends = chars.peek().is_none_or(|next| !next.is_alphanumeric());
        match c {
            '?' | '？' if ends => return true,
            '.' | '!' | '\n' | '。' if ends || c != '.' => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_that_begins_so_is_a_fact_to_keep() {
        for (question, fact) in [
            ("Remember that I am vegetarian.", "I am vegetarian."),
            ("remember that the door code is 4711", "the door code is 4711"),
            ("REMEMBER THAT my cat is called Io", "my cat is called Io"),
            ("  Remember   that\nthe bins go out on Monday ", "the bins go out on Monday"),
            ("Remember, that tea comes first", "tea comes first"),
            ("remember: passport expires in May 2027", "passport expires in May 2027"),
            ("Remember : x", "x"),
            ("Remember:x=1", "x=1"),
            ("Remember this: two sugars", "two sugars"),
            ("Please remember that Ana is my sister", "Ana is my sister"),
            ("please, remember: no nuts", "no nuts"),
            ("Merke dir, dass ich in Graz wohne", "ich in Graz wohne"),
            ("merk dir dass ich in Graz wohne", "ich in Graz wohne"),
            ("Merk dir bitte, daß Tee zuerst kommt", "Tee zuerst kommt"),
            ("Bitte merke dir: Käse", "Käse"),
            ("Merken Sie sich bitte, dass ich Dr. Huber heiße", "ich Dr. Huber heiße"),
            ("Remember that \"Io\" is a cat", "\"Io\" is a cat"),
            ("Remember that -5 is the limit", "-5 is the limit"),
            ("Remember that time is money", "time is money"),
            (
                "Remember that one of my children is allergic to nuts",
                "one of my children is allergic to nuts",
            ),
            ("Remember that I eat no meat. What can I cook?", "I eat no meat. What can I cook?"),
            ("Remember that v1.2?x is a path", "v1.2?x is a path"),
            ("Remember that I live in Graz.\n\nNow, the report:", "I live in Graz."),
            ("Remember:\n- one\n- two\n\nThanks", "- one\n- two"),
            ("Remember: émile 🐈", "émile 🐈"),
        ] {
            assert_eq!(of_question(question), Some(fact), "{question}");
        }
    }

    #[test]
    fn other_questions_are_not() {
        for question in [
            "",
            "remember",
            "Remember that",
            "Remember that ",
            "Remember that.",
            "Remember that?",
            "Remember that !!!",
            "remember:",
            "remember: ...",
            "remember when we went to Graz",
            "Do you remember that we went to Graz",
            "I remember that the door code is 4711",
            "You must remember that I am vegetarian",
            "remember that time we went to Graz",
            "Remember that day when it rained",
            "Remember that one time in Graz",
            "Remember that summer we spent there. It was hot.",
            "Remember that film?",
            "Remember that I told you about Ana? What is her job",
            "remember to buy milk",
            "Remember me",
            "Remember thatched roofs",
            "Remember that's wrong",
            "Rememberthat x",
            "Remembering that x is y",
            "remember the door code",
            "Please",
            "Please tell me: do you remember that x",
            "\"Remember that x\" is a poem by Joy Harjo; who wrote it?",
            "Translate: remember that I am here",
            "Merkst du dir, dass ich in Graz wohne",
            "Kannst du dir merken, dass ich in Graz wohne?",
            "Merke, dass ich hier bin",
            "Merke dir, dassel",
            "Merkel dir, dass",
            "Merk dir, dass ich was?",
            "é remember that x",
        ] {
            assert_eq!(of_question(question), None, "{question}");
        }
    }

    #[test]
    fn a_long_question_is_looked_at_a_little() {
        let long = format!("Remember that {} end?", "word ".repeat(200_000));
        assert_eq!(of_question(&long).map(str::len), Some(long.len() - "Remember that ".len()));
    }

    proptest! {
        #[test]
        fn what_is_kept_is_a_part_of_what_was_said(
            start in "(?i)(please |bitte )?(remember|merke? dir)(,|:)? ?(that|dass|daß)?",
            rest in "\\PC{0,60}",
        ) {
            let question = format!("{start}{rest}");
            if let Some(fact) = of_question(&question) {
                prop_assert!(question.contains(fact) && fact.trim() == fact && !fact.is_empty());
            }
        }
    }
}
