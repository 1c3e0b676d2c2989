//! A server for the time of a measurement: found where Debian puts it, run as nobody's business but ours.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server that does not answer by then will not.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Whoever may own a server that root must not run; on Debian `nobody` is there always.
const NOBODY: u32 = 65_534;

/// A child that ends with us.
pub(crate) struct Server(Child);

impl Server {
    /// Starts it, and waits until it says that it is there.
    pub(crate) fn start(command: &mut Command, answers: impl Fn() -> bool) -> Option<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut server = Self(child);
        let give_up_at = Instant::now() + READY_WITHIN;
        while !answers() {
            if Instant::now() > give_up_at || !matches!(server.0.try_wait(), Ok(None)) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_or(0, |address| address.port())
}

/// A program in one of these directories, or on the path.
pub(crate) fn program(name: &str, directories: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path);
    directories
        .iter()
        .cloned()
        .chain(on_path)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}

/// The command, run as nobody where we are root; the directory becomes nobody's.
pub(crate) fn as_nobody(command: &mut Command, directory: &Path) {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"));
    if is_root {
        drop(std::os::unix::fs::chown(directory, Some(NOBODY), Some(NOBODY)));
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// What a tool printed; what it complained of where it failed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
