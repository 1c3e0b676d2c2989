//! Tells the build which commit it is made from, for `rolecall --version` and the metric `build_info`.
//!
//! `ROLECALL_COMMIT` in the environment wins (a package built from a tarball); without it and without git the commit
//! is `unknown`.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=ROLECALL_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    // The log of HEAD grows with each commit and checkout, and is a file even where HEAD points to a packed branch.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    let given = std::env::var("ROLECALL_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(|| git(&["rev-parse", "--short=12", "HEAD"])).unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=ROLECALL_COMMIT={commit}");
}

/// What git answers; nothing where there is no git, or no repository of ours.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let answer = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!answer.is_empty()).then_some(answer)
}
