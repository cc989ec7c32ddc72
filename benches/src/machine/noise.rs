//! Was anybody else at work? A measurement during which other processes took the CPU is marked.

use std::cell::RefCell;
use std::fs::read_to_string;

/// More than this share of all cores, and a measurement is marked.
pub(crate) const TOO_MUCH: f64 = 0.05;

/// Tells our own CPU time from that of others: this process and its workers are our own.
pub(crate) struct Noise {
    workers: RefCell<Vec<u32>>,
}

/// CPU time so far, in clock ticks.
pub(crate) struct Ticks {
    all: u64,
    idle: u64,
    own: u64,
}

impl Noise {
    pub(crate) fn new(worker: Option<u32>) -> Self {
        Noise { workers: RefCell::new(worker.into_iter().collect()) }
    }

    /// A process that works for us from now on.
    pub(crate) fn also_ours(&self, id: u32) {
        self.workers.borrow_mut().push(id);
    }

    /// `None` where there is no `/proc`.
    pub(crate) fn now(&self) -> Option<Ticks> {
        let (all, idle) = whole(&read_to_string("/proc/stat").ok()?)?;
        let ticks = |id: &str| process(&read_to_string(format!("/proc/{id}/stat")).ok()?);
        let workers: u64 = self.workers.borrow().iter().filter_map(|id| ticks(&id.to_string())).sum();
        let own = ticks("self")? + workers;
        Some(Ticks { all, idle, own })
    }

    /// The share of all cores that was busy for others since `before`.
    pub(crate) fn share_since(&self, before: &Option<Ticks>) -> Option<f64> {
        Some(share(before.as_ref()?, &self.now()?))
    }
}

fn share(before: &Ticks, after: &Ticks) -> f64 {
    let all = after.all.saturating_sub(before.all);
    let ours_or_idle = (after.idle + after.own).saturating_sub(before.idle + before.own);
    all.saturating_sub(ours_or_idle) as f64 / all.max(1) as f64
}

/// All and idle ticks of `/proc/stat`'s first line: user nice system idle iowait irq softirq steal (guest is in user).
fn whole(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|n| n.parse().ok()).collect();
    Some((ticks.iter().sum(), ticks.get(3)? + ticks.get(4)?))
}

/// User and system ticks of a process: fields 14 and 15, counted after the name, which may hold anything.
fn process(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_lines_are_read() {
        assert_eq!(whole("cpu  10 1 5 100 7 0 2 3 9 0\ncpu0 1"), Some((128, 107)));
        assert_eq!(whole("intr 5"), None);
        assert_eq!(process("42 (a (b) c) R 1 42 42 0 -1 4194304 9 0 0 0 120 30 0 0 20"), Some(150));
    }

    #[test]
    fn what_is_neither_idle_nor_ours_is_foreign() {
        let at = |all, idle, own| Ticks { all, idle, own };
        assert_eq!(share(&at(0, 0, 0), &at(200, 50, 130)), 0.1);
        assert_eq!(share(&at(0, 0, 0), &at(200, 50, 160)), 0.0);
        assert_eq!(share(&at(5, 5, 5), &at(5, 5, 5)), 0.0);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_answers() {
        let noise = Noise::new(None);
        let before = noise.now();
        assert!(noise.share_since(&before).is_some_and(|share| (0.0..=1.0).contains(&share)));
    }
}
