//! What the reader of `config.sh` accepts and refuses, with bash itself as the judge where it is
//! installed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

fn outside(name: &str) -> Option<String> {
    match name {
        "HOME" => Some("/home/me".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn values(text: &str) -> Vec<(String, String)> {
    let script = read(text, &outside);
    assert!(script.faults.is_empty(), "{text:?}: {:?}", script.faults);
    script.assignments.into_iter().map(|a| (a.name, a.value)).collect()
}

fn value(text: &str) -> String {
    values(text).pop().map(|(_, value)| value).unwrap()
}

fn fault(text: &str) -> (usize, String) {
    let script = read(text, &outside);
    let fault = script.faults.first().unwrap_or_else(|| panic!("{text:?} was accepted"));
    (fault.at, fault.message.clone())
}

#[test]
fn plain_assignments_exports_quotes_and_comments_are_read() {
    let text =
        "# a comment\nPORT=1\n\n  export HOST=\"local host\" # why\nA='x # \"y\"'\nB=a#b\nC=\n";
    let read = values(text);
    let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let expected =
        [("PORT", "1"), ("HOST", "local host"), ("A", "x # \"y\""), ("B", "a#b"), ("C", "")];
    assert_eq!(read, expected);
    assert_eq!(value("A=a\\ b\\\nc\"\\$d\\x\"'e'"), "a bc$d\\xe");
}

#[test]
fn variables_come_from_above_then_from_outside_then_from_their_default() {
    assert_eq!(value("A=x\nB=${A}y$A"), "xyx");
    assert_eq!(value("B=${HOME}/data"), "/home/me/data");
    assert_eq!(value("B=${NOPE:-a b}"), "a b");
    assert_eq!(value("B=\"${EMPTY:-${NOPE:-a b}}\""), "a b");
    assert_eq!(value("B=${HOME:-${NOPE}}"), "/home/me");
    assert_eq!(value("HOME=mine\nB=${HOME}"), "mine");
    assert!(fault("B=${NOPE}").1.contains("${NOPE:-default}"));
    assert!(fault("B=${A}\nA=later").1.contains("A is not set above"));
}

#[test]
fn whatever_a_shell_would_execute_is_refused_where_it_stands() {
    for (text, at) in [
        ("A=$(date)", 2),
        ("A=\"x$(date)\"", 4),
        ("A=`date`", 2),
        ("A=\"`date`\"", 3),
        ("A=$((1+1))", 2),
        ("A=$[1+1]", 2),
        ("A=${B:=x}", 2),
        ("A=${#HOME}", 2),
        ("A=${HOME%/*}", 2),
        ("A=${HOME:-$(date)}", 10),
        ("A=${!HOME}", 2),
        ("A=$1", 2),
        ("A=$'x'", 2),
        ("A=1; B=2", 3),
        ("A=1 B=2", 4),
        ("A=x && rm -rf /", 4),
        ("A=x > /tmp/file", 4),
        ("A=<(ls)", 2),
        ("A=(1 2)", 2),
        ("A[0]=1", 1),
        ("A+=1", 1),
        ("A =1", 1),
        ("A= 1", 3),
        ("A=two words", 6),
        ("A=~/x", 2),
        ("export A={a,b}", 9),
        ("A=x:~", 4),
        ("echo hello", 0),
        ("export A", 0),
        ("export -f A", 0),
        ("if true; then A=1; fi", 0),
        ("{ A=1; }", 0),
        ("=x", 0),
        ("A", 0),
        ("export", 0),
        ("A='x", 2),
        ("A=\"x", 2),
        ("A=${HOME", 2),
        ("A=${HOME:-x", 2),
        ("A=x\\", 3),
        ("A=\"${NOPE:-it's}\"", 13),
    ] {
        assert_eq!(fault(text).0, at, "{text}: {}", fault(text).1);
    }
}

#[test]
fn every_fault_of_a_file_is_told_and_good_lines_between_are_read() {
    let text = "A=$(x) y\nB=1\nC=\"open\nD=2\nrm x\nE=${A}\nF=\"a $(b) c\"\nG=3";
    let script = read(text, &outside);
    let names: Vec<_> = script.assignments.iter().map(|a| a.name.as_str()).collect();
    // The quote that opens in C closes in F: a shell sees it so too.
    assert_eq!(names.first(), Some(&"B"));
    assert_eq!(names.last(), Some(&"G"));
    let script = read("A=$(x)\nB=\"open\nC=2\nrm x\nD=${A}", &outside);
    let lines: Vec<_> = script.faults.iter().map(|fault| fault.statement).collect();
    assert_eq!(lines, [0, 7, 19], "{:?}", script.faults);
}

#[test]
fn values_cannot_grow_without_end() {
    let mut text = "A=0123456789\n".to_owned();
    for _ in 0..40 {
        text.push_str("A=${A}${A}\n");
    }
    assert!(fault(&text).1.contains("longer than"));
    let deep = format!("A={}x{}", "${NOPE:-".repeat(5_000), "}".repeat(5_000));
    assert_eq!(fault(&deep).1, ONLY_BRACES);
}

/// What bash makes of a script, variable by variable, or nothing where it is not installed.
#[expect(clippy::disallowed_methods, reason = "bash is the judge of what a shell would do")]
fn bash(text: &str, names: &[String]) -> Option<Vec<String>> {
    let mut script = format!("{text}\n");
    for name in names {
        script.push_str("printf '%s\\0' \"$");
        script.push_str(name);
        script.push_str("\"\n");
    }
    let mut child = Command::new("bash")
        .args(["--norc", "--noprofile"])
        .env_clear()
        .envs([("HOME", "/home/me"), ("EMPTY", ""), ("LC_ALL", "C.UTF-8")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

/// Pieces that, strung together, meet every rule of quoting.
fn script() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "x",
        "word",
        " ",
        "#",
        " #c",
        "\"",
        "'",
        "\\",
        "\\\\",
        "$",
        "${HOME}",
        "$HOME",
        "${NOPE:-",
        "${EMPTY:-",
        "}",
        "{",
        "\"${NOPE:-",
        "it's",
        "ü",
        ":",
        "/",
        "=",
        "*",
        "?",
        "!",
        "[",
        "]",
        "\\\n",
        "\t",
        "%",
        "\\$",
        "\\\"",
        "\\}",
        "$A",
        "${A}",
        ",",
        "~",
        "-",
        "\n",
    ]);
    let value = prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat());
    let name = prop::sample::select(vec!["A=", "B=", "export C="]);
    prop::collection::vec((name, value), 1..4)
        .prop_map(|lines| lines.iter().map(|(name, value)| format!("{name}{value}\n")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_has_the_value_that_bash_gives_it(text in script()) {
        let script = read(&text, &outside);
        if script.faults.is_empty() {
            let last: HashMap<_, _> =
                script.assignments.into_iter().map(|a| (a.name, a.value)).collect();
            let (names, values): (Vec<_>, Vec<_>) = last.into_iter().unzip();
            if let Some(judged) = bash(&text, &names) {
                prop_assert_eq!(judged, values, "{}", text);
            }
        }
    }

    #[test]
    fn no_input_is_too_strange(text in "\\PC*|[A-Z=\"'$`{}():\\-\\\\ \n#~]{0,60}") {
        let script = read(&text, &outside);
        for fault in script.faults {
            prop_assert!(text.is_char_boundary(fault.at) && fault.statement <= fault.at);
        }
    }
}

#[test]
fn fuzz_config_sh() {
    crate::base::fuzz::fuzz("config_sh", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let script = read(&text, &outside);
        for fault in &script.faults {
            assert!(text.is_char_boundary(fault.at) && fault.statement <= fault.at);
        }
        for assignment in &script.assignments {
            assert!(!assignment.name.is_empty() && text.is_char_boundary(assignment.value_at));
        }
    });
}
