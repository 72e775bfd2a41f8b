//! Calls of tools, put together from the pieces in which answers stream them.

use super::Trouble;
use crate::models::chat::ToolCall;

/// What a call counts for, besides its words.
const CALL_BYTES: usize = 64;

/// The calls of one answer so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    parts: Vec<(Option<u64>, ToolCall)>,
    /// How much more of them is taken.
    left_bytes: usize,
}

impl Calls {
    /// Takes at most so much of all calls together.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { parts: Vec::new(), left_bytes: max_bytes }
    }

    /// Adds a piece. It belongs to the call with its index; where servers give none, or the same to
    /// all, a new id or name begins a new call.
    pub(super) fn piece(
        &mut self,
        index: Option<u64>,
        id: &str,
        name: &str,
        arguments: &str,
    ) -> Result<(), Trouble> {
        let same = |(at, call): &&mut (Option<u64>, ToolCall)| {
            let same_id = id.is_empty() || call.id.is_empty() || call.id == id;
            same_id && (*at == index && (index.is_some() || name.is_empty()))
        };
        let known = self.parts.iter_mut().rev().find(same);
        let cost = if known.is_some() { 0 } else { CALL_BYTES } + arguments.len();
        let cost = cost + id.len() + name.len();
        self.left_bytes = self.left_bytes.checked_sub(cost).ok_or_else(|| {
            Trouble::Garbage("a call of a tool that is longer than is read".to_owned())
        })?;
        let call = match known {
            Some((_, call)) => call,
            None => {
                self.parts.push((index, ToolCall::default()));
                match self.parts.last_mut() {
                    Some((_, call)) => call,
                    None => return Ok(()),
                }
            }
        };
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(arguments);
        Ok(())
    }

    /// Takes them away, in the order in which they began; what never got a name is none.
    pub(super) fn take(&mut self) -> impl Iterator<Item = ToolCall> {
        let parts = std::mem::take(&mut self.parts);
        parts.into_iter().map(|(_, call)| call).filter(|call| !call.name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
        ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn pieces_find_their_call() {
        let mut calls = Calls::new(10_000);
        for (index, id, name, arguments) in [
            (Some(0), "a", "one", ""),
            (Some(1), "b", "two", "{"),
            (Some(0), "", "", "{\"x\":"),
            (Some(1), "", "two", "}"),
            (Some(0), "a", "", "1}"),
            // Servers that number all calls 0, or none.
            (Some(0), "c", "three", "{}"),
            (None, "", "four", "{}"),
            (None, "", "five", "{}"),
            (None, "", "", " "),
        ] {
            calls.piece(index, id, name, arguments).unwrap();
        }
        let all: Vec<_> = calls.take().collect();
        let wanted = [
            call("a", "one", "{\"x\":1}"),
            call("b", "two", "{}"),
            call("c", "three", "{}"),
            call("", "four", "{}"),
            call("", "five", "{} "),
        ];
        assert_eq!(all, wanted);
        assert_eq!(calls.take().count(), 0);
    }

    #[test]
    fn a_flood_of_calls_ends() {
        let mut calls = Calls::new(1000);
        let all = (0..100).map(|n| calls.piece(Some(n), "", "a", ""));
        assert!(all.collect::<Result<Vec<_>, _>>().is_err());
        assert!(Calls::new(1000).piece(None, "", "a", &"x".repeat(2000)).is_err());
    }

    proptest! {
        #[test]
        fn any_cut_of_the_arguments_gives_the_same(text in "\\PC{0,40}", at in 0_usize..40) {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let mut calls = Calls::new(10_000);
            calls.piece(Some(0), "a", "one", &text[..at]).unwrap();
            calls.piece(Some(0), "", "", &text[at..]).unwrap();
            prop_assert_eq!(calls.take().collect::<Vec<_>>(), [call("a", "one", &text)]);
        }
    }
}
