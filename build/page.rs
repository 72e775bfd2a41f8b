//! The page and its stylesheets: one css, one script, each with its hash in the address so that it may be kept for ever.

/// Paths of the stylesheets that the page links, in their order.
pub(crate) fn stylesheets(page: &str) -> Vec<String> {
    tags(page)
        .filter(|(_, tag)| is_stylesheet(tag))
        .filter_map(|(_, tag)| attribute(tag, "href"))
        .map(local)
        .collect()
}

/// The path of the page's module.
pub(crate) fn entry(page: &str) -> Option<String> {
    tags(page).find(|(_, tag)| is_module(tag)).and_then(|(_, tag)| attribute(tag, "src")).map(local)
}

/// Stylesheets as one: comments and indentation are dropped, for their files are what people read.
pub(crate) fn join_css(sheets: &[(String, String)]) -> Result<String, String> {
    let mut joined = String::new();
    for (path, sheet) in sheets {
        if sheet.contains("@import") {
            return Err(format!("{path}: @import costs a request; link the file in index.html"));
        }
        let mut rest = sheet.as_str();
        let mut bare = String::with_capacity(sheet.len());
        while let Some((before, comment)) = rest.split_once("/*") {
            bare.push_str(before);
            rest =
                comment.split_once("*/").ok_or_else(|| format!("{path}: a comment has no end"))?.1;
        }
        bare.push_str(rest);
        for line in bare.lines().map(str::trim).filter(|line| !line.is_empty()) {
            joined.push_str(line);
            joined.push('\n');
        }
    }
    Ok(joined)
}

/// The page with one stylesheet in place of the first, none in place of the others, and `?v=` behind every script.
pub(crate) fn rewrite(
    page: &str,
    version: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(page.len());
    let mut end = 0;
    let mut first = true;
    for (at, tag) in tags(page) {
        let written = if is_stylesheet(tag) {
            let kept = first.then(|| "<link rel=\"stylesheet\" href=\"/app.css\" />".to_owned());
            first = false;
            kept.map(|tag| versioned(&tag, "href", version)).transpose()?.unwrap_or_default()
        } else if tag.starts_with("<script") {
            versioned(tag, "src", version)?
        } else {
            continue;
        };
        out.push_str(&page[end..at]);
        out.push_str(&written);
        end = at + tag.len();
    }
    out.push_str(&page[end..]);
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
}

fn versioned(
    tag: &str,
    name: &str,
    version: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let address = attribute(tag, name)
        .ok_or_else(|| format!("index.html: {tag} has no {name}, and inline code is refused"))?;
    let path = local(address);
    let hash = version(&path).ok_or_else(|| format!("index.html: there is no {path}"))?;
    Ok(tag.replace(address, &format!("/{path}?v={hash}")))
}

fn tags(page: &str) -> impl Iterator<Item = (usize, &str)> {
    page.match_indices('<')
        .filter_map(|(at, _)| page[at..].find('>').map(|end| (at, &page[at..=at + end])))
}

fn is_stylesheet(tag: &str) -> bool {
    tag.starts_with("<link") && attribute(tag, "rel") == Some("stylesheet")
}

fn is_module(tag: &str) -> bool {
    tag.starts_with("<script") && attribute(tag, "type") == Some("module")
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

fn local(address: &str) -> String {
    address.trim_start_matches('/').to_owned()
}
