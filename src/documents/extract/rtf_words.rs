//! RTF as a stream of tokens (RTF 1.9.1, "RTF syntax"): groups, control words, characters.

use std::io::{BufReader, Read};

use super::Refusal;

pub(super) enum Token {
    Open,
    Close,
    /// `\par`, `\u-3913`: a word and its number.
    Word(String, Option<i32>),
    /// `\~`, `\*`: a control symbol.
    Symbol(u8),
    /// A byte of text, raw or written `\'e9`, in the code page in force.
    Byte(u8),
}

/// Words and numbers are at most this long (the specification says 32 and 10).
const MAX_WORD: usize = 64;

pub(super) struct Tokens<R> {
    input: std::io::Bytes<BufReader<R>>,
    peeked: Option<u8>,
}

impl<R: Read> Tokens<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(32 * 1024, input).bytes(), peeked: None }
    }

    pub(super) fn next(&mut self) -> Result<Option<Token>, Refusal> {
        loop {
            let Some(byte) = self.byte()? else { return Ok(None) };
            return Ok(Some(match byte {
                b'{' => Token::Open,
                b'}' => Token::Close,
                b'\r' | b'\n' | 0 => continue,
                b'\\' => return self.control(),
                byte => Token::Byte(byte),
            }));
        }
    }

    /// Passes over bytes of a picture or the like.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), Refusal> {
        for _ in 0..count {
            if self.byte()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn control(&mut self) -> Result<Option<Token>, Refusal> {
        let Some(first) = self.byte()? else { return Ok(None) };
        if first == b'\'' {
            let mut value = 0;
            for _ in 0..2 {
                let digit = self.byte()?.and_then(|b| (b as char).to_digit(16));
                value = value * 16 + digit.unwrap_or_default();
            }
            return Ok(Some(Token::Byte(u8::try_from(value).unwrap_or_default())));
        }
        if !first.is_ascii_alphabetic() {
            return Ok(Some(match first {
                b'\r' | b'\n' => Token::Word("par".to_owned(), None),
                other => Token::Symbol(other),
            }));
        }
        let mut word = String::from(first as char);
        let mut number = String::new();
        while let Some(byte) = self.byte()? {
            if number.is_empty() && byte.is_ascii_alphabetic() && word.len() < MAX_WORD {
                word.push(byte as char);
            } else if (byte.is_ascii_digit() || (byte == b'-' && number.is_empty()))
                && number.len() < MAX_WORD
            {
                number.push(byte as char);
            } else {
                if byte != b' ' {
                    self.peeked = Some(byte);
                }
                break;
            }
        }
        Ok(Some(Token::Word(word, number.parse().ok())))
    }

    fn byte(&mut self) -> Result<Option<u8>, Refusal> {
        if let Some(byte) = self.peeked.take() {
            return Ok(Some(byte));
        }
        self.input.next().transpose().map_err(|e| Refusal::from_io(&e))
    }
}
