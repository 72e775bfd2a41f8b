//! What docx, pptx and xlsx have in common (ECMA-376 part 2): parts that refer to each other by
//! relations, and a title among the core properties.

use super::archive::Archive;
use super::writer::Writer;
use super::xml::{Node, Xml};
use super::{Limits, Refusal};

/// A reference from one part to another.
pub(super) struct Relation {
    pub(super) id: String,
    /// Last segment of the type: `slide`, `styles`, `officeDocument`, ...
    pub(super) kind: String,
    /// Full name of the part it refers to.
    pub(super) target: String,
}

/// The relations of `part`; of the package itself when `part` is empty.
pub(super) fn relations(
    archive: &mut Archive<'_>,
    part: &str,
    limits: &Limits,
) -> Result<Vec<Relation>, Refusal> {
    let (folder, base) = part.rsplit_once('/').unwrap_or(("", part));
    let slash = if folder.is_empty() { "" } else { "/" };
    let Some(found) = archive.find(&format!("{folder}{slash}_rels/{base}.rels"))? else {
        return Ok(Vec::new());
    };
    let mut xml = Xml::new(found, limits);
    let mut relations = Vec::new();
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == "Relationship" => {
                let (Some(id), Some(kind), Some(target)) =
                    (tag.attr("Id"), tag.attr("Type"), tag.attr("Target"))
                else {
                    continue;
                };
                if tag.attr("TargetMode").as_deref() == Some("External") {
                    continue;
                }
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.push(Relation { id, kind, target: resolve(folder, &target) });
                if relations.len() > limits.max_archive_entries {
                    return Err(Refusal::too_large("its parts refer to too many others"));
                }
            }
            Node::Eof => return Ok(relations),
            _ => {}
        }
    }
}

/// The part that holds the document itself.
pub(super) fn main_part(archive: &mut Archive<'_>, limits: &Limits) -> Result<String, Refusal> {
    let relations = relations(archive, "", limits)?;
    let main = relations.into_iter().find(|r| r.kind == "officeDocument");
    main.map(|r| r.target)
        .ok_or_else(|| Refusal::broken("the file is damaged: it does not say where its text is"))
}

/// Takes the title from the core properties.
pub(super) fn title(
    archive: &mut Archive<'_>,
    writer: &mut Writer<'_>,
    limits: &Limits,
) -> Result<(), Refusal> {
    let Some(part) = archive.find("docProps/core.xml")? else { return Ok(()) };
    let mut xml = Xml::new(part, limits);
    loop {
        match xml.next()? {
            Node::Start(tag) if tag.name() == "title" => break,
            Node::Eof => return Ok(()),
            _ => {}
        }
    }
    writer.set_title(&xml.text(1000)?);
    Ok(())
}

/// A reference relative to a folder of the archive, as a full name.
pub(super) fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    for segment in target.split('/') {
        match segment {
            ".." => {
                path.pop();
            }
            "." | "" => {}
            other => path.push(other),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn references_are_resolved_within_the_archive() {
        assert_eq!(resolve("ppt/slides", "../notes/n1.xml"), "ppt/notes/n1.xml");
        assert_eq!(resolve("word", "/word/styles.xml"), "word/styles.xml");
        assert_eq!(resolve("", "../../etc/passwd"), "etc/passwd");
    }
}
