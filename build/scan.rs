//! Reads JavaScript far enough to know what is code, comment, string, template or pattern. It drops comments and
//! indentation, which a page need not carry, and knows which lines begin in code. No syntax tree.

/// One line of a module.
pub(crate) struct Line {
    /// Its text without comments; without indentation where it begins in code.
    pub(crate) text: String,
    /// Its number in the file, from 1.
    pub(crate) number: usize,
    /// Whether it begins in code at the left margin: only such a line may import or export.
    pub(crate) top: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    LineComment,
    BlockComment,
    Text(char),
    Pattern { class: bool },
    Template,
}

/// What may stand before a pattern; after anything else a slash divides.
const BEFORE_PATTERN: &[char] = &[
    '(', ',', '=', ':', '[', '!', '&', '|', '?', '{', '}', ';', '+', '-', '*', '%', '<', '>', '~',
    '^', '\n',
];
const WORDS_BEFORE_PATTERN: &[&str] = &[
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "await",
    "yield",
];

/// Cuts a module of ours into lines without comments.
pub(crate) fn lines(source: &str) -> Vec<Line> {
    let mut scan = Scan::default();
    let mut characters = source.chars().peekable();
    while let Some(now) = characters.next() {
        scan.step(now, characters.peek().copied());
        if scan.skip {
            characters.next();
            scan.skip = false;
        }
    }
    scan.end_line();
    scan.lines.retain(|line| !line.text.is_empty() || !line.top);
    scan.lines
}

struct Scan {
    lines: Vec<Line>,
    text: String,
    number: usize,
    state: State,
    /// The state in which the current line began.
    began: State,
    /// Braces open in the code of each `${` that is open; the page's own code is the first.
    depths: Vec<usize>,
    escaped: bool,
    skip: bool,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            text: String::new(),
            number: 1,
            state: State::Code,
            began: State::Code,
            depths: vec![0],
            escaped: false,
            skip: false,
        }
    }
}

impl Scan {
    fn step(&mut self, now: char, next: Option<char>) {
        if now == '\r' {
            return;
        }
        match self.state {
            State::Code => self.code(now, next),
            State::LineComment if now == '\n' => self.state = State::Code,
            State::BlockComment if now == '*' && next == Some('/') => {
                self.state = State::Code;
                self.skip = true;
                return;
            }
            State::LineComment | State::BlockComment => {}
            State::Text(quote) => self.quoted(now, quote),
            State::Pattern { class } => self.pattern(now, class),
            State::Template => self.template(now, next),
        }
        if now == '\n' {
            self.end_line();
        }
    }

    fn code(&mut self, now: char, next: Option<char>) {
        match (now, next) {
            ('/', Some('/')) => self.state = State::LineComment,
            ('/', Some('*')) => {
                self.state = State::BlockComment;
                self.skip = true;
            }
            ('/', _) if self.pattern_may_begin() => self.open(now, State::Pattern { class: false }),
            ('"' | '\'', _) => self.open(now, State::Text(now)),
            ('`', _) => self.open(now, State::Template),
            ('{', _) => {
                self.text.push(now);
                if let Some(depth) = self.depths.last_mut() {
                    *depth += 1;
                }
            }
            ('}', _) => {
                self.text.push(now);
                self.close_brace();
            }
            ('\n', _) => {}
            _ => self.text.push(now),
        }
    }

    fn open(&mut self, now: char, state: State) {
        self.text.push(now);
        self.state = state;
    }

    fn close_brace(&mut self) {
        if self.depths.len() > 1 && self.depths.last() == Some(&0) {
            self.depths.pop();
            self.state = State::Template;
        } else if let Some(depth) = self.depths.last_mut() {
            *depth = depth.saturating_sub(1);
        }
    }

    fn quoted(&mut self, now: char, quote: char) {
        self.text.push(now);
        if self.escaped {
            self.escaped = false;
        } else if now == '\\' {
            self.escaped = true;
        } else if now == quote {
            self.state = State::Code;
        }
    }

    fn pattern(&mut self, now: char, class: bool) {
        self.text.push(now);
        if self.escaped {
            self.escaped = false;
            return;
        }
        match now {
            '\\' => self.escaped = true,
            '[' => self.state = State::Pattern { class: true },
            ']' => self.state = State::Pattern { class: false },
            '/' if !class => self.state = State::Code,
            _ => {}
        }
    }

    fn template(&mut self, now: char, next: Option<char>) {
        if now != '\n' {
            self.text.push(now);
        }
        if self.escaped {
            self.escaped = false;
        } else if now == '\\' {
            self.escaped = true;
        } else if now == '`' {
            self.state = State::Code;
        } else if now == '$' && next == Some('{') {
            self.text.push('{');
            self.skip = true;
            self.depths.push(0);
            self.state = State::Code;
        }
    }

    fn pattern_may_begin(&self) -> bool {
        let before = self.text.trim_end();
        let Some(last) = before.chars().next_back() else { return true };
        if BEFORE_PATTERN.contains(&last) {
            return true;
        }
        let word = before
            .rsplit(|sign: char| !sign.is_alphanumeric() && sign != '_' && sign != '$')
            .next();
        word.is_some_and(|word| WORDS_BEFORE_PATTERN.contains(&word))
    }

    fn end_line(&mut self) {
        let text = std::mem::take(&mut self.text);
        let code = self.began != State::Template;
        let top = code && self.depths.len() == 1 && !text.starts_with([' ', '\t']);
        let kept = if code { text.trim_start() } else { &text };
        // A template keeps its line ends, and so the blanks before them.
        let kept = if self.state == State::Template { kept } else { kept.trim_end() };
        self.lines.push(Line { text: kept.to_owned(), number: self.number, top });
        self.number += 1;
        self.began = self.state;
        self.escaped = false;
    }
}
