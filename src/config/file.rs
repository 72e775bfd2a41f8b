//! Where `config.sh` is and what stands in it: `--config`, else beside the executable, in the
//! working directory, or in the platform's config folder, where a commented one is put on the
//! first run.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::layers::Sources;
use super::problem::{Place, Problem};

/// The name of the file wherever it is looked for.
pub(super) const NAME: &str = "config.sh";
/// A larger file is no configuration.
const MAX_BYTES: u64 = 1024 * 1024;

/// The text of a configuration file, with `\n` at the end of its lines.
#[derive(Clone, PartialEq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The file that counts, if there is one; one that was named must be there.
pub(super) fn locate(sources: &Sources) -> Option<PathBuf> {
    if sources.path.is_some() {
        return sources.path.clone();
    }
    let folders = &sources.folders;
    [&folders.executable, &folders.working, &folders.config]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(NAME))
        .find(|path| path.is_file())
}

impl File {
    /// Reads a file whole.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let wrong = |message: String| Problem { place: Place::File(path.to_owned()), message };
        let unreadable = |error: io::Error| wrong(format!("cannot be read: {error}"));
        let about = fs::metadata(path).map_err(unreadable)?;
        if about.is_dir() || is_pipe(&about) {
            return Err(wrong("is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        let opened = fs::File::open(path).map_err(unreadable)?;
        opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
            return Err(wrong("is larger than 1 MiB, so it is no configuration".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or(&[]);
            let line = good.split(|byte| *byte == b'\n').count();
            wrong(format!("is not UTF-8 text: line {line} has bytes that are no character"))
        })?;
        // Editors on Windows write a byte order mark and two characters at the end of a line.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
        Ok(Self { path: path.to_owned(), text })
    }
}

/// Writes the commented file where only its owner can read it: it may come to hold keys.
pub(super) fn create(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(NAME);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        builder.mode(0o700);
        options.mode(0o600);
    }
    builder.create(folder)?;
    let mut file = options.open(&path)?;
    file.write_all(super::render::shell_file().as_bytes())?;
    Ok(path)
}

/// A pipe would be waited for, perhaps for ever.
#[cfg(unix)]
fn is_pipe(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    about.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_files_are_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        let refusal = |path: &Path| File::read(path).err().unwrap().message;
        assert!(refusal(&path).starts_with("cannot be read"));
        assert!(refusal(folder.path()).contains("not a file"));
        fs::write(&path, b"PORT=1\nHOST=\xff\n").unwrap();
        assert!(refusal(&path).contains("line 2"));
        fs::write(&path, vec![b'#'; 1024 * 1024 + 1]).unwrap();
        assert!(refusal(&path).contains("larger"));
        fs::write(&path, "\u{feff}PORT=1\r\nHOST=x\r\n").unwrap();
        assert_eq!(File::read(&path).ok().unwrap().text, "PORT=1\nHOST=x\n");
    }

    #[test]
    fn the_nearest_file_counts_and_a_named_one_wins() {
        let root = tempfile::tempdir().unwrap();
        let mut sources = Sources::default();
        let folder = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(&path).unwrap();
            Some(path)
        };
        sources.folders.executable = folder("bin");
        sources.folders.working = folder("work");
        sources.folders.config = folder("config");
        assert_eq!(locate(&sources), None);
        for name in ["config", "work", "bin"] {
            let path = root.path().join(name).join(NAME);
            fs::write(&path, "").unwrap();
            assert_eq!(locate(&sources), Some(path));
        }
        sources.path = Some("named".into());
        assert_eq!(locate(&sources), Some("named".into()));
    }

    #[test]
    fn a_fresh_file_is_private_and_never_overwrites() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        let path = create(&folder).unwrap();
        assert!(create(&folder).is_err());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert!(path.is_file());
    }
}
