//! Whose a file is. What root writes for a daemon on the command line has to stay the daemon's, who is somebody else and
//! could neither read nor write it otherwise.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};

/// Gives a file that was made just now to whoever has what is told of: the file that it replaces, or the directory that it
/// is in. Nobody but root gives files away: what others make is theirs.
pub(crate) fn hand_over(file: &File, to: &Metadata) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (to.uid(), to.gid()) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    fchown(file, Some(to.uid()), Some(to.gid()))
}

#[cfg(test)]
mod tests {
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
}
