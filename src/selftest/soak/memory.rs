//! What the process holds, as the system tells it.

use std::fs;

/// Bytes of the process in memory. Nothing where the system does not tell (it does on Linux).
pub(super) fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Threads of loaders in the process. Nothing where the system does not tell.
pub(super) fn loader_threads() -> Option<usize> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    Some(
        names
            .filter(|name| name.trim_end() == "partita loader")
            .count(),
    )
}

/// Rounds from which on memory is judged: caches, tables and the allocator's arenas are filled by then.
const WARM_UP: usize = 9;

/// By how much memory may be above what it was, in bytes, whatever it is.
const SLACK: u64 = 16 << 20;

/// Whether memory, in bytes after each round, is flat once warmed up: the median of the last third of the rounds is at
/// most 5 % or 16 MiB above that of the middle third, whichever is more. Fewer than 18 rounds are too few to say.
///
/// Errors: one line with both medians.
pub fn flat(rounds: &[u64]) -> Result<(), String> {
    if rounds.len() < 2 * WARM_UP {
        return Ok(());
    }
    let third = rounds.len() / 3;
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part[part.len() / 2]
    };
    let middle = median(&rounds[third..2 * third]);
    let last = median(&rounds[2 * third..]);
    let most = middle + SLACK.max(middle / 20);
    if last <= most {
        return Ok(());
    }
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    Err(format!(
        "memory: expected at most {:.1} MiB in the last third of the rounds, got {:.1} after {:.1} in the middle third",
        megabytes(most),
        megabytes(last),
        megabytes(middle)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_not_flat() {
        let of = |rounds: usize, bytes: &dyn Fn(u64) -> u64| {
            let rounds: Vec<u64> = (0..rounds as u64).map(bytes).collect();
            flat(&rounds)
        };
        let megabyte = 1 << 20;
        assert_eq!(of(60, &|_| 300 * megabyte), Ok(()));
        // It fills up and stays, and one round in five is twice as large.
        let filling = |round: u64| (100 + round.min(15) * 10) * megabyte;
        assert_eq!(
            of(60, &|round| filling(round)
                * if round % 5 == 0 { 2 } else { 1 }),
            Ok(())
        );
        // A megabyte in every round.
        let text = of(60, &|round| (100 + round) * megabyte).expect_err("grows");
        assert_eq!(
            text,
            "memory: expected at most 146.0 MiB in the last third of the rounds, got 150.0 after 130.0 in the middle third"
        );
        assert_eq!(of(5, &|round| round << 30), Ok(()), "too few to say");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells() {
        let before = resident().expect("VmRSS");
        let much = vec![1_u8; 64 << 20];
        assert!(resident().expect("VmRSS") > before + (32 << 20));
        drop(much);
        assert!(loader_threads().is_some());
    }
}
