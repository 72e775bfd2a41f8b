//! Reads the assignments of `config.sh` as a shell would, and executes nothing. Understood are
//! `KEY=value`, `export KEY=value`, quotes, backslashes, comments, `$NAME`, `${NAME}` and
//! `${NAME:-default}`; whatever else means something to a shell is refused where it stands. A value
//! that is accepted is the value that bash would give it, which the tests ask bash itself.
//!
//! This is not a crate because the one that reads bash (brush-parser) stops at the first fault of a
//! file where we tell all of them, keeps every word it meets in a process-wide cache and in debug
//! logs where secrets do not belong, and recurses as deep as its input tells it to.

use std::collections::HashMap;

/// The longest value; variables that repeat each other could otherwise grow without end.
const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Defaults inside defaults.
const MAX_DEPTH: usize = 16;
const ONLY_BRACES: &str = "only ${NAME} and ${NAME:-default} are understood here";
const SUBSTITUTION: &str =
    "a command substitution is not allowed: this file is read, never executed";
const ARITHMETIC: &str = "arithmetic is not allowed: this file is read, never executed";

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// In the order of the file; a key may be there twice.
    pub(super) assignments: Vec<Assignment>,
    /// At most one for each statement.
    pub(super) faults: Vec<Fault>,
}

/// `KEY=value`.
#[derive(Debug)]
pub(super) struct Assignment {
    /// What stands before the `=`.
    pub(super) name: String,
    /// What stands after it, without quotes and with variables replaced.
    pub(super) value: String,
    /// The byte where the name begins.
    pub(super) name_at: usize,
    /// The byte where the value begins.
    pub(super) value_at: usize,
}

/// Something that is not an assignment.
#[derive(Debug)]
pub(super) struct Fault {
    /// The byte at fault.
    pub(super) at: usize,
    /// The byte where its statement begins.
    pub(super) statement: usize,
    /// What is wrong.
    pub(super) message: String,
}

/// Reads a file; lines end with `\n`. Variables are looked for in the file above, then outside.
pub(super) fn read(text: &str, outside: &dyn Fn(&str) -> Option<String>) -> Script {
    let known = HashMap::new();
    let mut reader = Reader { text, at: 0, outside, known, fault: None, resume: None };
    let mut script = Script::default();
    loop {
        reader.skip_blanks();
        match reader.peek() {
            None => return script,
            Some('\n') => reader.bump(),
            Some('#') => reader.skip_line(),
            Some(_) => reader.statement(&mut script),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    outside: &'a dyn Fn(&str) -> Option<String>,
    /// Values assigned so far; `None` where the assignment was faulty.
    known: HashMap<String, Option<String>>,
    /// The first fault of the present statement.
    fault: Option<(usize, String)>,
    /// Where to go on after a quote that never ends.
    resume: Option<usize>,
}

/// Which rules hold for quotes and backslashes.
#[derive(Clone, Copy)]
struct Scope {
    /// Inside double quotes.
    quoted: bool,
    /// Inside so many defaults.
    depth: usize,
    /// Whether the value will be used: an unused default may name unknown variables.
    used: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    fn skip_line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    fn skip_blanks(&mut self) {
        while self.eat(" ") || self.eat("\t") || self.eat("\\\n") {}
    }

    fn refuse(&mut self, at: usize, message: impl Into<String>) {
        self.fault.get_or_insert_with(|| (at, message.into()));
    }

    /// A quote or brace that never ends: its line is at fault, the next line is read afresh.
    fn unterminated(&mut self, opened_at: usize, closing: &str) {
        self.refuse(opened_at, format!("the closing {closing} is missing"));
        let line = self.text.get(opened_at..).unwrap_or("").find('\n');
        self.resume.get_or_insert(line.map_or(self.text.len(), |length| opened_at + length));
        self.at = self.text.len();
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            let legal =
                c.is_ascii_alphabetic() || c == '_' || (c.is_ascii_digit() && !name.is_empty());
            if !legal {
                break;
            }
            name.push(c);
            self.bump();
        }
        name
    }

    fn statement(&mut self, script: &mut Script) {
        let start = self.at;
        let (mut name_at, mut name) = (start, self.name());
        let exported = name == "export" && matches!(self.peek(), Some(' ' | '\t'));
        if exported {
            self.skip_blanks();
            (name_at, name) = (self.at, self.name());
        }
        let mut value = String::new();
        let mut value_at = self.at;
        if !name.is_empty() && self.eat("=") {
            value_at = self.at;
            self.word(&mut value);
            self.end_of_statement(value_at);
        } else {
            self.not_an_assignment(start, &name, exported);
        }
        if let Some((at, message)) = self.fault.take() {
            script.faults.push(Fault { at, statement: start, message });
            self.at = self.resume.take().unwrap_or(self.at);
            self.skip_line();
            self.known.insert(name, None);
        } else {
            self.known.insert(name.clone(), Some(value.clone()));
            script.assignments.push(Assignment { name, value, name_at, value_at });
        }
    }

    fn not_an_assignment(&mut self, start: usize, name: &str, exported: bool) {
        let at = self.at;
        let after = self.rest().trim_start_matches([' ', '\t']);
        match self.peek() {
            _ if name.is_empty() || after.is_empty() && !exported => {
                self.refuse(start, "only assignments like KEY=value are understood here");
            }
            Some('+') if after.starts_with("+=") => {
                self.refuse(at, format!("adding with += is not allowed: write {name}=value"));
            }
            Some('[') => self.refuse(at, "arrays are not allowed: a list is one value with commas"),
            Some(' ' | '\t') if after.starts_with('=') => {
                self.refuse(at, format!("no space may stand before the =: write {name}=value"));
            }
            _ if exported && (after.is_empty() || after.starts_with(['\n', '#'])) => {
                self.refuse(start, format!("a value is missing: write export {name}=value"));
            }
            _ => {
                let message = "commands are not allowed: this file is read, never executed; only \
                               assignments like KEY=value are understood";
                self.refuse(start, message);
            }
        }
        self.skip_line();
    }

    /// After the value nothing but blanks and a comment may stand on the line.
    fn end_of_statement(&mut self, value_at: usize) {
        self.skip_blanks();
        let at = self.at;
        match self.peek() {
            None | Some('\n' | '#') => {}
            Some('(') if at == value_at => {
                self.refuse(at, "arrays are not allowed: a list is one value with commas");
            }
            Some(c @ (';' | '&' | '|' | '<' | '>' | '(' | ')')) => self.refuse(
                at,
                format!("{c} is not allowed outside quotes: one assignment a line, no commands"),
            ),
            Some(_) => self.refuse(
                at,
                "a value with spaces needs quotes, and none may follow the =: KEY=\"some words\"",
            ),
        }
        self.skip_line();
    }

    /// The value of an assignment, up to a blank or an operator outside quotes.
    fn word(&mut self, value: &mut String) {
        let scope = Scope { quoted: false, depth: 0, used: true };
        // Where a shell would put a home folder in the place of a tilde.
        let mut tilde = true;
        while let Some(c) = self.peek() {
            let at = self.at;
            match c {
                '\n' | ' ' | '\t' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '\\' if self.eat("\\\n") => continue,
                // After `export` bash would make several words of {a,b}.
                '{' => {
                    self.refuse(at, "{ is not allowed outside quotes");
                    self.bump();
                }
                '~' if tilde => {
                    self.refuse(at, "write ${HOME} in place of ~, or quote it");
                    self.bump();
                }
                _ => self.piece(c, scope, value),
            }
            tilde = c == ':';
        }
    }

    /// One character or one construct, whatever stands around it.
    fn piece(&mut self, c: char, scope: Scope, value: &mut String) {
        let at = self.at;
        match c {
            '\'' if !scope.quoted => self.single(value),
            '"' if !scope.quoted => self.double(scope, value),
            '$' => self.dollar(scope, value),
            '`' => {
                self.refuse(at, SUBSTITUTION);
                self.bump();
            }
            '\\' => self.backslash(scope, value),
            _ => {
                value.push(c);
                self.bump();
            }
        }
        if value.len() > MAX_VALUE_BYTES {
            self.refuse(at, format!("the value is longer than {MAX_VALUE_BYTES} bytes"));
            value.clear();
        }
    }

    fn backslash(&mut self, scope: Scope, value: &mut String) {
        let at = self.at;
        self.bump();
        let Some(c) = self.peek() else {
            return self.refuse(at, "nothing follows the backslash");
        };
        self.bump();
        let special = matches!(c, '$' | '`' | '"' | '\\') || (c == '}' && scope.depth > 0);
        if scope.quoted && !special && c != '\n' {
            value.push('\\');
        }
        if c != '\n' {
            value.push(c);
        }
    }

    fn single(&mut self, value: &mut String) {
        let opened_at = self.at;
        self.bump();
        let Some(length) = self.rest().find('\'') else {
            return self.unterminated(opened_at, "single quote");
        };
        value.push_str(self.rest().get(..length).unwrap_or(""));
        self.at += length + 1;
    }

    fn double(&mut self, outer: Scope, value: &mut String) {
        let opened_at = self.at;
        // Inside these quotes a brace is an ordinary character, however deep they stand.
        let scope = Scope { quoted: true, depth: 0, ..outer };
        self.bump();
        loop {
            match self.peek() {
                None => return self.unterminated(opened_at, "double quote"),
                Some('"') => return self.bump(),
                Some(c) => self.piece(c, scope, value),
            }
        }
    }

    fn dollar(&mut self, scope: Scope, value: &mut String) {
        let at = self.at;
        self.bump();
        match self.peek() {
            Some('{') => self.braces(scope, value),
            Some('(') => {
                let arithmetic = self.rest().starts_with("((");
                self.refuse(at, if arithmetic { ARITHMETIC } else { SUBSTITUTION });
                self.skip_parentheses();
            }
            Some('[') => self.refuse(at, ARITHMETIC),
            Some('\'' | '"') if !scope.quoted => {
                self.refuse(at, "$'...' and $\"...\" are not allowed: leave the $ away");
            }
            Some(c) if c.is_ascii_digit() || "@*#?-!$".contains(c) => {
                self.refuse(at, format!("${c} is not allowed: {ONLY_BRACES}"));
                self.bump();
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                if self.rest().starts_with("\\\n") {
                    self.refuse(at, format!("write ${{{name}}} where the line goes on"));
                }
                self.variable(at, &name, scope.used, value);
            }
            Some('\\') if self.rest().starts_with("\\\n") => {
                self.refuse(at, "a line may not go on after a $");
            }
            _ => value.push('$'),
        }
    }

    /// Leaves a refused `$(...)` behind, so that what stands after it is still understood.
    fn skip_parentheses(&mut self) {
        let mut open = 0_usize;
        while let Some(c) = self.peek().filter(|c| *c != '\n') {
            self.bump();
            open = open + usize::from(c == '(') - usize::from(c == ')' && open > 0);
            if open == 0 {
                return;
            }
        }
    }

    fn find(&self, name: &str) -> Option<String> {
        match self.known.get(name) {
            // Its own fault has been told; not this one's too.
            Some(value) => Some(value.clone().unwrap_or_default()),
            None => (self.outside)(name),
        }
    }

    fn variable(&mut self, at: usize, name: &str, used: bool, value: &mut String) {
        match self.find(name) {
            Some(found) => value.push_str(&found),
            None if !used => {}
            None => self.refuse(
                at,
                format!(
                    "{name} is not set above nor in the environment: write ${{{name}:-default}}"
                ),
            ),
        }
    }

    /// `${NAME}` and `${NAME:-default}`.
    fn braces(&mut self, scope: Scope, value: &mut String) {
        let at = self.at - 1;
        self.bump();
        let name = self.name();
        if !name.is_empty() && self.eat("}") {
            return self.variable(at, &name, scope.used, value);
        }
        let scope = Scope { depth: scope.depth + 1, ..scope };
        if name.is_empty() || !self.rest().starts_with(":-") || scope.depth > MAX_DEPTH {
            self.refuse(at, ONLY_BRACES);
            return;
        }
        self.at += 2;
        let set = self.find(&name).filter(|found| !found.is_empty());
        let mut default = String::new();
        self.default(at, Scope { used: scope.used && set.is_none(), ..scope }, &mut default);
        value.push_str(&set.unwrap_or(default));
    }

    fn default(&mut self, opened_at: usize, scope: Scope, value: &mut String) {
        loop {
            let at = self.at;
            match self.peek() {
                None | Some('\n') => return self.unterminated(opened_at, "}"),
                Some('}') => return self.bump(),
                // Bash wants them in pairs here, and then shows them: nobody means that.
                Some('"' | '\'') if scope.quoted => {
                    self.refuse(at, "quotes inside a quoted default are not allowed");
                    self.bump();
                }
                Some(c @ ('<' | '>' | '(' | ')' | ';' | '&' | '|' | '~')) if !scope.quoted => {
                    self.refuse(at, format!("{c} is not allowed outside quotes"));
                    self.bump();
                }
                Some(c) => self.piece(c, scope, value),
            }
        }
    }
}

#[cfg(test)]
#[path = "shell_tests.rs"]
mod tests;
