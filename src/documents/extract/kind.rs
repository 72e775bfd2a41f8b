//! The kinds of files that can be read, their names for people, and the extensions they go by.

use serde::{Deserialize, Serialize};

/// What a file is, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Plain text.
    Txt,
    /// Markdown.
    Md,
    /// A web page.
    Html,
    /// PDF.
    Pdf,
    /// Word.
    Docx,
    /// `PowerPoint`.
    Pptx,
    /// Excel.
    Xlsx,
    /// `OpenDocument` text.
    Odt,
    /// Values separated by commas, semicolons or tabs.
    Csv,
    /// One JSON value.
    Json,
    /// A JSON value a line.
    Jsonl,
    /// An electronic book.
    Epub,
    /// An e-mail message.
    Eml,
    /// Rich Text Format.
    Rtf,
    /// Source code and configuration.
    Code,
}

/// How the extracted text is laid out, which is how it should be cut into passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Structure {
    /// Headings with `#`, paragraphs, lists, fenced code, rows of tables.
    Markdown,
    /// Paragraphs and sentences; a `#` is only a `#`.
    Prose,
    /// Lines that stand for themselves: code, records.
    Lines,
}

impl Kind {
    /// As it is stored and shown: `pdf`, `md`, ...
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Txt => "txt",
            Self::Md => "md",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Pptx => "pptx",
            Self::Xlsx => "xlsx",
            Self::Odt => "odt",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Epub => "epub",
            Self::Eml => "eml",
            Self::Rtf => "rtf",
            Self::Code => "code",
        }
    }

    /// How the text that comes out is laid out.
    pub const fn structure(self) -> Structure {
        match self {
            Self::Txt => Structure::Prose,
            Self::Csv | Self::Json | Self::Jsonl | Self::Code => Structure::Lines,
            _ => Structure::Markdown,
        }
    }

    /// With its article, to stand in a sentence: "a Word document".
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Txt | Self::Md | Self::Code => "plain text",
            Self::Html => "a web page",
            Self::Pdf => "a PDF document",
            Self::Docx => "a Word document",
            Self::Pptx => "a PowerPoint presentation",
            Self::Xlsx => "an Excel workbook",
            Self::Odt => "an OpenDocument text",
            Self::Csv => "a table in plain text",
            Self::Json | Self::Jsonl => "JSON",
            Self::Epub => "an EPUB book",
            Self::Eml => "an e-mail message",
            Self::Rtf => "a Rich Text document",
        }
    }

    /// The kind that an extension (lower case, no dot) promises.
    pub(crate) fn promised_by(extension: &str) -> Option<Self> {
        let kind = match extension {
            "txt" | "text" | "log" | "nfo" | "asc" | "rst" | "adoc" | "org" | "srt" | "vtt" => {
                Self::Txt
            }
            "md" | "markdown" | "mdown" | "mkd" | "mdx" => Self::Md,
            "html" | "htm" | "xhtml" | "xht" => Self::Html,
            "pdf" => Self::Pdf,
            "docx" | "docm" | "dotx" | "dotm" => Self::Docx,
            "pptx" | "pptm" | "ppsx" | "ppsm" | "potx" => Self::Pptx,
            "xlsx" | "xlsm" | "xltx" | "xltm" => Self::Xlsx,
            "odt" | "ott" => Self::Odt,
            "csv" | "tsv" | "tab" => Self::Csv,
            "json" | "geojson" | "ipynb" | "webmanifest" => Self::Json,
            "jsonl" | "ndjson" | "jsonlines" => Self::Jsonl,
            "epub" => Self::Epub,
            "eml" => Self::Eml,
            "rtf" => Self::Rtf,
            _ if CODE.contains(&extension) => Self::Code,
            _ => return None,
        };
        Some(kind)
    }

    /// The extension to rename a file of this kind to.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Code => "txt",
            other => other.as_str(),
        }
    }
}

/// Extensions of source code, markup and configuration, lower case.
const CODE: [&str; 118] = [
    "ada",
    "asm",
    "astro",
    "awk",
    "bash",
    "bat",
    "bib",
    "c",
    "cc",
    "cfg",
    "clj",
    "cljs",
    "cmake",
    "cmd",
    "coffee",
    "conf",
    "cpp",
    "cr",
    "cs",
    "css",
    "cue",
    "cxx",
    "d",
    "dart",
    "diff",
    "el",
    "elm",
    "env",
    "erl",
    "ex",
    "exs",
    "f",
    "f90",
    "fish",
    "fs",
    "fsx",
    "gd",
    "glsl",
    "go",
    "gradle",
    "graphql",
    "groovy",
    "h",
    "hcl",
    "hh",
    "hpp",
    "hrl",
    "hs",
    "hxx",
    "ini",
    "java",
    "jl",
    "js",
    "json5",
    "jsonc",
    "jsx",
    "kt",
    "kts",
    "less",
    "lisp",
    "lua",
    "m",
    "mjs",
    "ml",
    "mli",
    "mm",
    "nim",
    "nix",
    "pas",
    "patch",
    "php",
    "pl",
    "plist",
    "pm",
    "proto",
    "ps1",
    "py",
    "pyi",
    "r",
    "rb",
    "rkt",
    "rs",
    "sass",
    "sbt",
    "scala",
    "scm",
    "scss",
    "sh",
    "sol",
    "sql",
    "srv",
    "sty",
    "styl",
    "svelte",
    "svg",
    "swift",
    "tcl",
    "tex",
    "tf",
    "toml",
    "ts",
    "tsx",
    "v",
    "vala",
    "vb",
    "vhd",
    "vim",
    "vue",
    "wat",
    "wgsl",
    "xml",
    "xsd",
    "xsl",
    "yaml",
    "yml",
    "zig",
    "zsh",
    "properties",
];

/// Whole names, lower case, that are source code although they have no extension.
pub(crate) const CODE_NAMES: [&str; 8] = [
    "makefile",
    "dockerfile",
    "cmakelists.txt",
    "rakefile",
    "gemfile",
    "justfile",
    "vagrantfile",
    "procfile",
];

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn names_are_the_same_in_json_and_in_code() {
        for kind in [Kind::Txt, Kind::Jsonl, Kind::Code, Kind::Pptx] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.as_str()));
        }
        assert_eq!(Kind::promised_by("rs"), Some(Kind::Code));
        assert_eq!(Kind::promised_by("zip"), None);
    }
}
