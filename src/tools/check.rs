//! What a server of tools may be: names, addresses, programs, variables.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use super::types::Kind;
use crate::error::Error;
use crate::net::address;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 60;
/// The longest token, program, argument or value of a variable, in bytes.
const MAX_TEXT_BYTES: usize = 4096;
/// Arguments of one program.
const MAX_ARGS: usize = 100;
/// Variables of one program.
const MAX_ENV: usize = 100;
/// Tools that are allowed one by one.
const MAX_ALLOWED: usize = 1000;

pub(super) fn name(name: &str) -> Result<String, Error> {
    let long = name.chars().count() > MAX_NAME_CHARS;
    let name = name.trim();
    if name.is_empty() || long || name.contains(char::is_control) {
        let message = format!("a name has 1 to {MAX_NAME_CHARS} characters in one line");
        return Err(Error::invalid("name", message));
    }
    Ok(name.to_owned())
}

/// An address that the owner chose: this machine and its network may be (SPEC 14.3), metadata never.
pub(super) fn url(text: &str) -> Result<String, Error> {
    let bad = |bad: address::BadUrl| Error::invalid("url", bad.to_string());
    let mut url = address::parse_base_url(text).map_err(bad)?;
    // Redirects are not followed, and to some servers the last slash makes a difference.
    if text.trim_end().ends_with('/') && url.path() != "/" {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url.to_string())
}

/// The token without the white space that copying brings; an empty one is none.
pub(super) fn token(token: Option<&SecretString>) -> Result<Option<SecretString>, Error> {
    let Some(token) = token.map(|token| token.expose_secret().trim()) else { return Ok(None) };
    if token.is_empty() {
        return Ok(None);
    }
    if token.len() > MAX_TEXT_BYTES || !token.bytes().all(|b| (0x21..0x7f).contains(&b)) {
        let message =
            "this is no bearer token: it has characters that no token has, or is too long";
        return Err(Error::invalid("token", message));
    }
    Ok(Some(token.to_owned().into()))
}

pub(super) fn program(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || !is_plain(text) {
        return Err(Error::invalid("program", "name the program, or the path to it"));
    }
    Ok(text.to_owned())
}

pub(super) fn args(args: &[String]) -> Result<(), Error> {
    if args.len() > MAX_ARGS {
        return Err(Error::invalid("args", format!("give at most {MAX_ARGS} arguments")));
    }
    match args.iter().position(|arg| !is_plain(arg)) {
        Some(n) => {
            let message = format!("an argument has at most {MAX_TEXT_BYTES} bytes and no zero");
            Err(Error::invalid(format!("args[{n}]"), message))
        }
        None => Ok(()),
    }
}

pub(super) fn env(env: &BTreeMap<String, SecretString>) -> Result<(), Error> {
    if env.len() > MAX_ENV {
        return Err(Error::invalid("env", format!("give at most {MAX_ENV} variables")));
    }
    for (name, value) in env {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let begins = name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if !begins || name.len() > 200 || !name.bytes().all(good) {
            let message = "the name of a variable has letters, digits and _";
            return Err(Error::invalid("env", message));
        }
        if !is_plain(value.expose_secret()) {
            let message = format!("{name} has at most {MAX_TEXT_BYTES} bytes and no zero");
            return Err(Error::invalid("env", message));
        }
    }
    Ok(())
}

pub(super) fn allowed(tools: Option<&[String]>) -> Result<(), Error> {
    let tools = tools.unwrap_or_default();
    if tools.len() > MAX_ALLOWED || tools.iter().any(|tool| tool.is_empty() || !is_plain(tool)) {
        return Err(Error::invalid("allowed", format!("name at most {MAX_ALLOWED} tools")));
    }
    Ok(())
}

/// Holds a server to having what its kind needs, and nothing of the other.
pub(super) fn whole(kind: Kind, url: Option<&str>, program: Option<&str>) -> Result<(), Error> {
    let odd = |field: &'static str, message: &str| Err(Error::invalid(field, message));
    match (kind, url, program) {
        (Kind::Http, None, _) => odd("url", "name the address of the server"),
        (Kind::Http, _, Some(_)) => odd("program", "a server of the kind http is not started"),
        (Kind::Command, _, None) => odd("program", "name the program"),
        (Kind::Command, Some(_), _) => odd("url", "a server of the kind command has no address"),
        _ => Ok(()),
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT_BYTES && !text.contains('\0')
}
