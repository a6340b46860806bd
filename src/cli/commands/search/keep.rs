//! What a long search looked through session by session is packed on this machine, so that the next one is short.
//!
//! Nothing here keeps the person waiting: `compact --own` does it, in the background.

use std::process::{Command, Stdio};

use chrono::{NaiveDate, Utc};

use crate::review::search::WithoutPack;
use crate::settings::Settings;

/// So many sessions that no pack has are worth it.
const MANY: usize = 256;

/// Begins it, where so many sessions were in no pack and something may be kept.
#[expect(
    clippy::disallowed_methods,
    reason = "a day that is not over is in no pack"
)]
pub(super) fn begin(without_pack: &WithoutPack, store: Option<&str>, settings: &Settings) {
    let today = Utc::now().date_naive();
    let Some((first, last)) =
        worth_packing(without_pack, today).filter(|_| settings.review.cache_size > 0)
    else {
        return;
    };
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut child = Command::new(program);
    child.args(["compact", "--own"]);
    child.args(["--since", &first.to_string()]);
    child.args(["--until", &last.to_string()]);
    if let Some(store) = store {
        child.args(["--store", store]);
    }
    child.stdin(Stdio::null());
    child.stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at the next prompt is not meant for it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut child, 0);
    // Where it cannot be started, the next search is as long as this one.
    let _ = child.spawn();
}

/// The first and the last day of which sessions are to be packed, where they are enough. Those of today are left for when it is
/// over: more of them will come.
fn worth_packing(without_pack: &WithoutPack, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let over = without_pack.range(..today);
    let sessions: usize = over.clone().map(|(_, sessions)| sessions).sum();
    let mut days = over.map(|(day, _)| *day);
    let first = days.next().filter(|_| sessions >= MANY)?;
    Some((first, days.next_back().unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_today_begins_nothing_and_is_not_packed() {
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let today = date(23);
        for (sessions, expected) in [
            (vec![], None),
            (vec![(23, 10_000)], None),
            (vec![(22, MANY - 1), (23, 10_000)], None),
            (vec![(22, MANY), (23, 1)], Some((22, 22))),
            (vec![(3, 1), (9, 1), (22, MANY)], Some((3, 22))),
            (vec![(3, MANY / 2), (9, MANY / 2)], Some((3, 9))),
            // A clock that is ahead of this one.
            (vec![(24, MANY)], None),
        ] {
            let days = sessions.iter().map(|(day, count)| (date(*day), *count));
            let found = worth_packing(&days.collect(), today);
            let expected = expected.map(|(first, last)| (date(first), date(last)));
            assert_eq!(found, expected, "{sessions:?}");
        }
    }
}
