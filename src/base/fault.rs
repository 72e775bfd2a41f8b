//! What is wrong with some JSON, as a person is told: which field, and why, but never the value that
//! was there. It may be a secret in the wrong field, and the sentence goes to the log.

/// The field at fault, and the sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its path, with dots.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl Fault {
    /// What an error means that occurred at a path.
    pub fn of(path: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let text = without_value(text.split(" at line ").next().unwrap_or(&text));
        // serde names the field only inside its sentence: unknown field `x`, missing field `x`.
        let named = text.split('`').nth(1).filter(|_| text.contains(" field `"));
        let field = match (named, path) {
            (Some(name), "." | "") => name.to_owned(),
            (Some(name), path) if !path.ends_with(name) => format!("{path}.{name}"),
            (_, path) => path.to_owned(),
        };
        let message = format!("{text} (in {field})");
        Self { field, message }
    }
}

fn without_value(text: &str) -> String {
    let kinds = ["invalid type: ", "invalid value: ", "unknown variant "];
    let (Some(kind), Some(at)) =
        (kinds.iter().find(|kind| text.starts_with(*kind)), text.rfind(", expected"))
    else {
        return text.to_owned();
    };
    let (front, expected) = text.split_at(at);
    let value = front.get(kind.len()..).unwrap_or_default();
    let word = value.split(['"', '`']).next().unwrap_or_default();
    format!("{}{expected}", format!("{kind}{word}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_at_fault_is_left_out() {
        let variants = "unknown variant `sesame`, expected one of `a`, `b`";
        assert_eq!(without_value(variants), "unknown variant, expected one of `a`, `b`");
    }
}
