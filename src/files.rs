//! Files that are written for a daemon: whose they are, who may read them, and that they outlive a loss of power.
//!
//! What root writes for a daemon on the command line has to stay the daemon's, who is somebody else and could neither read
//! nor write it otherwise. And a file that is new or renamed is there for certain only once its directory is synced.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// How a file is opened that holds what customers say, or who may come in: where it is made, it is for its owner alone,
/// whatever the umask and whoever may look into the directory.
///
/// Root follows no link there: the directory is the daemon's, and whoever has taken over the daemon could have root write
/// into any file, and make it the daemon's.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    if rustix::process::geteuid().is_root() {
        options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    }
    options
}

/// Such a file, empty, to be written; one that is there is emptied.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    private().write(true).create(true).truncate(true).open(path)
}

/// The same where something was left under that name: it is removed, and never written into.
fn create_anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => private().write(true).create_new(true).open(path),
    }
}

/// Keeps what a file has under another name, which nothing has yet, for whoever may read the file.
pub(crate) fn keep_as(path: &Path, kept: &Path) -> io::Result<()> {
    let mut from = File::open(path)?;
    let mut to = private().write(true).create_new(true).open(kept)?;
    to.set_permissions(from.metadata()?.permissions())?;
    io::copy(&mut from, &mut to)?;
    to.sync_all()
}

/// Makes a directory for such files where it is missing, and all above it.
pub(crate) fn make_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Gives a file that was made just now to whoever has what is told of: the file that it replaces, or the directory that it
/// is in. Nobody but root gives files away: what others make is theirs.
pub(crate) fn hand_over(file: &File, to: &Metadata) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (to.uid(), to.gid()) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    fchown(file, Some(to.uid()), Some(to.gid()))
}

/// Makes durable which files a directory has.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path)?.sync_all()
}

/// The same of the directory that a file is in.
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_directory)
}

/// The path of a file in the same directory, whose name is longer by that.
pub(crate) fn beside(path: &Path, ending: impl AsRef<OsStr>) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// A text that lies beside a file and only has to take its name. Removed where it never does.
#[derive(Debug)]
pub(crate) struct Replacement {
    new: PathBuf,
    path: PathBuf,
}

impl Replacement {
    /// Puts it there, durable, with the permissions and the owner of the file.
    ///
    /// # Errors
    /// Where there is no room, or no right to write.
    pub(crate) fn of(path: &Path, text: &str) -> io::Result<Self> {
        let prepared = Self { new: beside(path, ".new"), path: path.to_owned() };
        let replaced = fs::metadata(path)?;
        let mut file = create_anew(&prepared.new)?;
        file.set_permissions(replaced.permissions())?;
        hand_over(&file, &replaced)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(prepared)
    }

    /// Which file it is to replace.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the file's place.
    ///
    /// # Errors
    /// Where that can't be done: then the file is as it was, unless it is only not known to be durable.
    pub(crate) fn take_place(self) -> io::Result<()> {
        fs::rename(&self.new, &self.path)?;
        sync_directory_of(&self.path)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // It has taken its place, or nobody needs it.
        drop(fs::remove_file(&self.new));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_root_makes_is_its_directory_s_owner_s_and_what_others_make_is_theirs() {
        let directory = tempfile::tempdir().expect("a directory");
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            std::os::unix::fs::chown(directory.path(), Some(12_345), Some(23_456)).expect("root may");
        }
        let path = directory.path().join("tokens.jsonl");
        let file = File::create(&path).expect("made");
        let before = file.metadata().expect("told");
        hand_over(&file, &directory.path().metadata().expect("told")).expect("handed over");
        let after = file.metadata().expect("told");
        let expected = if is_root { (12_345, 23_456) } else { (before.uid(), before.gid()) };
        assert_eq!((after.uid(), after.gid()), expected);
    }

    #[test]
    fn what_replaces_a_file_is_there_under_its_name_or_not_at_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("rolecall.toml");
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("set");
        let names = || {
            let found = fs::read_dir(directory.path()).expect("read");
            found.map(|entry| entry.expect("told").file_name()).collect::<Vec<_>>()
        };
        drop(Replacement::of(&path, "never").expect("prepared"));
        assert_eq!((fs::read_to_string(&path).expect("read"), names().len()), ("old".to_owned(), 1));
        Replacement::of(&path, "new").expect("prepared").take_place().expect("replaced");
        assert_eq!((fs::read_to_string(&path).expect("read"), names().len()), ("new".to_owned(), 1));
        assert_eq!(fs::metadata(&path).expect("told").permissions().mode() & 0o777, 0o640);
        assert!(Replacement::of(&directory.path().join("none"), "text").is_err());
        assert_eq!(names().len(), 1, "what could not be finished is removed");
    }

    #[test]
    fn root_writes_through_no_link_that_somebody_put_where_a_file_is_to_be() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::write(at("shadow"), "theirs").expect("written");
        std::os::unix::fs::symlink(at("shadow"), at("tokens.jsonl")).expect("linked");
        std::os::unix::fs::symlink(at("shadow"), at("rolecall.toml.new")).expect("linked");
        std::os::unix::fs::symlink(at("nothing"), at("rolecall.toml.bak")).expect("linked");
        fs::write(at("rolecall.toml"), "old").expect("written");
        let appended = private().append(true).create(true).open(at("tokens.jsonl"));
        assert_eq!(appended.is_err(), rustix::process::geteuid().is_root());
        Replacement::of(&at("rolecall.toml"), "new").expect("prepared").take_place().expect("replaced");
        assert!(keep_as(&at("rolecall.toml"), &at("rolecall.toml.bak")).is_err());
        keep_as(&at("rolecall.toml"), &at("rolecall.toml.2.bak")).expect("kept");
        let read = |name: &str| fs::read_to_string(at(name)).expect("read");
        assert_eq!((read("shadow"), read("rolecall.toml")), ("theirs".to_owned(), "new".to_owned()));
        assert!(!at("nothing").exists());
        let (file, kept) = (fs::metadata(at("rolecall.toml")), fs::metadata(at("rolecall.toml.2.bak")));
        assert_eq!(kept.expect("told").permissions(), file.expect("told").permissions());
    }

    #[test]
    fn the_directory_of_a_file_without_one_is_where_we_are() {
        sync_directory_of(Path::new("a name alone")).expect("synced");
        sync_directory(Path::new("")).expect("synced");
        sync_directory_of(Path::new("/")).expect("there is nothing above");
    }
}
