//! What the machine says of its processes: CPU time, load, how long its disk takes to sync.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

/// `USER_HZ`: the kernel tells CPU time in hundredths of a second, on every architecture that we run on (proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;
/// How often the disk is asked to sync.
const SYNCS: usize = 60;

/// CPU time used by a moment, in seconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    pub(super) broker: Option<f64>,
    pub(super) contestant: f64,
    pub(super) generator: f64,
    /// Of the whole machine, waiting not counted.
    pub(super) machine: f64,
    /// By the names of the contestant's threads.
    pub(super) threads: BTreeMap<String, f64>,
}

impl Clock {
    pub(super) fn read(broker: Option<u32>, contestant: u32) -> Self {
        Self {
            broker: broker.and_then(process_seconds),
            contestant: process_seconds(contestant).unwrap_or(0.0),
            generator: process_seconds(std::process::id()).unwrap_or(0.0),
            machine: machine_seconds().unwrap_or(0.0),
            threads: thread_seconds(contestant),
        }
    }
}

/// User and system time of a process.
fn process_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// What a process holds of the machine's memory, in megabytes of 1,000,000 bytes.
pub(super) fn resident_mb(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?;
    Some(kib.parse::<f64>().ok()? * 1024.0 / 1e6)
}

/// Time that the machine's cores were at work.
fn machine_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<f64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|index| ticks.get(index)).sum::<f64>();
    Some(busy / TICKS_PER_SECOND)
}

/// CPU time of the threads that live, by name.
fn thread_seconds(pid: u32) -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return seconds };
    for task in tasks.flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).ok();
        let (Some(name), Some(times)) = (read("comm"), read("schedstat")) else { continue };
        let on_cpu_ns = times.split_whitespace().next().and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        *seconds.entry(name.trim_end().to_owned()).or_default() += on_cpu_ns / 1e9;
    }
    seconds
}

/// The load of the last minute.
pub(super) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// The process that listens at a port of this machine; `None` where it can't be seen.
pub(super) fn listener(port: u16) -> Option<u32> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].into_iter().find_map(|table| {
        let table = fs::read_to_string(table).ok()?;
        table.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_listening = fields.get(3) == Some(&"0A");
            let (_, at) = fields.get(1)?.rsplit_once(':')?;
            let is_it = is_listening && u16::from_str_radix(at, 16).ok()? == port;
            is_it.then(|| fields.get(9).map(|inode| format!("socket:[{inode}]")))?
        })
    })?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let pid: u32 = process.file_name().to_str()?.parse().ok()?;
        let holds = fs::read_dir(process.path().join("fd"))
            .ok()?
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|target| target.to_str() == Some(inode.as_str())));
        holds.then_some(pid)
    })
}

/// How long a sync of one page takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SyncTime {
    /// In half of the tries.
    pub p50_ms: f64,
    /// In nine of ten.
    pub p90_ms: f64,
}

/// Writes pages to a file in that directory, and syncs each.
pub(super) fn time_sync(directory: &Path) -> std::io::Result<SyncTime> {
    let path = directory.join("sync");
    let mut file = fs::File::create(&path)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()?;
    let mut took = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        std::os::unix::fs::FileExt::write_all_at(&file, &[1; 4096], 0)?;
        let started_at = Instant::now();
        file.sync_data()?;
        took.push(started_at.elapsed());
    }
    fs::remove_file(&path)?;
    took.sort_unstable();
    let at = |share: usize| took[SYNCS * share / 100].as_secs_f64() * 1e3;
    Ok(SyncTime { p50_ms: at(50), p90_ms: at(90) })
}

/// The file system on which a directory lies loses all in a power cut.
pub(super) fn is_in_memory(directory: &Path) -> bool {
    /// `TMPFS_MAGIC` (statfs(2)).
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(directory).is_ok_and(|about| u64::try_from(about.f_type).is_ok_and(|kind| kind == TMPFS))
}

/// A wait that is not shorter than it has to be, and hardly longer.
pub(super) fn sleep_until(moment: Instant) {
    /// The kernel wakes us up so much late.
    const LATE: Duration = Duration::from_micros(60);
    let left = moment.saturating_duration_since(Instant::now());
    if let Some(left) = left.checked_sub(LATE) {
        std::thread::sleep(left);
    }
}
