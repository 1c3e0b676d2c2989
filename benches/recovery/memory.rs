//! What the process has resident.

/// Measures by the kernel's books, which is what an operator sees.
pub(crate) struct Memory;

impl Memory {
    /// How many bytes more are resident after some work than before.
    pub(crate) fn of(work: impl FnOnce()) -> u64 {
        let before = resident_bytes();
        work();
        resident_bytes().saturating_sub(before)
    }
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a process has memory");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kilobytes * 1_024
}
