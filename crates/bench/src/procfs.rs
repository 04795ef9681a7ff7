//! What Linux says about processes and the machine, below `/proc`. It reads and never judges.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use nix::unistd::{SysconfVar, sysconf};

/// A process' memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now (`VmRSS`), in KiB.
    pub(crate) resident_kib: u64,
    /// The most that was resident since the start or the last [`forget_peak`] (`VmHWM`), in KiB.
    pub(crate) peak_kib: u64,
}

/// Reads `/proc/<pid>/status`.
pub(crate) fn memory(pid: i32) -> Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse_memory(&text).with_context(|| format!("{path} tells no memory"))
}

fn parse_memory(status: &str) -> Option<Memory> {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory { resident_kib: kib("VmRSS")?, peak_kib: kib("VmHWM")? })
}

/// Makes the present resident memory the peak (`5` into `clear_refs`, see proc_pid_clear_refs(5)).
pub(crate) fn forget_peak(pid: i32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
}

/// The processor time that a process, its threads, and its children that have ended took.
pub(crate) fn cpu(pid: i32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let ticks = parse_ticks(&text).with_context(|| format!("{path} tells no times"))?;
    from_ticks(ticks)
}

/// utime, stime, cutime and cstime: fields 14 to 17. The name in parentheses may hold spaces.
fn parse_ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split_whitespace().collect();
    fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum()
}

/// The processes whose parent is this one.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

/// The processor time that all processes of the machine took since it started.
pub(crate) fn machine_cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let ticks = parse_machine_ticks(&text).context("/proc/stat tells no times")?;
    from_ticks(ticks)
}

/// user, nice, system, irq and softirq; not idle, iowait and steal.
fn parse_machine_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u64> = line.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    Some(fields.get(0..3)?.iter().sum::<u64>() + fields.get(5..7)?.iter().sum::<u64>())
}

fn from_ticks(ticks: u64) -> Result<Duration> {
    let per_second = sysconf(SysconfVar::CLK_TCK).context("cannot ask for the clock's ticks")?.unwrap_or(100);
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// The load averages of one, five and fifteen minutes, as `/proc/loadavg` writes them.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The model of the first processor.
pub(crate) fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown".to_owned(), |(_, model)| model.trim().to_owned())
}

/// The machine's memory, in KiB.
pub(crate) fn machine_memory_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default()
}

/// The kind of file system that holds this folder.
pub(crate) fn file_system(folder: &std::path::Path) -> String {
    let text = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounts = text.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let nearest = mounts.filter(|(place, _)| folder.starts_with(place)).max_by_key(|(place, _)| place.len());
    nearest.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_a_status_file() {
        let status = "Name:\thg-cpm\nVmPeak:\t  999 kB\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nThreads:\t3\n";
        assert_eq!(parse_memory(status), Some(Memory { resident_kib: 10_240, peak_kib: 20_480 }));
        assert_eq!(parse_memory("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn times_are_counted_behind_the_name() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 5 0 99 0 0";
        assert_eq!(parse_ticks(stat), Some(124));
    }

    #[test]
    fn waiting_is_no_work() {
        assert_eq!(parse_machine_ticks("cpu  1 2 4 1000 500 8 16 700 0 0\ncpu0 1 1 1 1 1 1 1\n"), Some(31));
    }

    #[test]
    fn this_process_can_be_read() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let memory = memory(pid).unwrap();
        assert!(memory.resident_kib > 0 && memory.peak_kib >= memory.resident_kib);
        cpu(pid).unwrap();
        assert!(machine_cpu().unwrap() > Duration::ZERO);
    }
}
