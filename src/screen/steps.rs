//! The sizes that a screen takes on the way to another one, so that none of them is larger than a screen can be.
//!
//! Nothing here is resized, and ordinary sizes are reached in one step. The emulator takes columns before rows: rows that are
//! many and shall be few are all made wide first, and a wide row that is made narrow is copied once for each part of it.

use super::budget::{Extent, copied};

/// The emulator makes rows narrower part by part, and each part holds the room of what was left of its row: a row becomes at
/// most so many parts in one step, where that is much.
const PARTS: usize = 2;

/// The sizes to take one after the other, the last of which is `to`; none where it is the size already. `most` is how many
/// cells may come to be held on the way, roughly.
pub(super) fn steps(from: Extent, to: Extent, most: usize) -> Vec<Extent> {
    let mut steps = Vec::new();
    let mut now = from;
    let mut go = |now: &mut Extent, next: Extent| {
        if *now != next {
            steps.push(next);
            *now = next;
        }
    };
    // Wider, with all the rows that are there.
    if to.0 > from.0 && to.1 < from.1 && from.1 * to.0 > 2 * most {
        go(&mut now, (from.0, to.1));
    }
    // Narrower.
    while copied(now, to.0) > 2 * most as u64 && now.0 > PARTS * to.0 {
        let cols = now.0 / PARTS;
        // All parts have room, where there will be rows for them.
        let rows = if to.1 > now.1 {
            to.1.min(PARTS * now.1)
        } else {
            now.1
        };
        go(&mut now, (cols, rows));
    }
    go(&mut now, to);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 500_000;

    #[test]
    fn usual_sizes_are_reached_at_once() {
        for (from, to) in [
            ((80, 24), (200, 60)),
            ((500, 140), (80, 24)),
            ((132, 43), (20, 100)),
            ((80, 24), (1000, 1)),
        ] {
            assert_eq!(steps(from, to, MOST), [to], "{from:?} {to:?}");
        }
        assert!(steps((80, 24), (80, 24), MOST).is_empty());
    }

    #[test]
    fn on_no_way_is_more_held_than_a_few_screens() {
        let sides = [1, 2, 7, 50, 80, 500, 1000, 3000, 10_000];
        let sizes = || {
            let all = sides
                .iter()
                .flat_map(|cols| sides.map(|rows| (*cols, rows)));
            all.filter(|(cols, rows)| cols * rows <= MOST)
        };
        for from in sizes() {
            for to in sizes() {
                let mut now = from;
                for next in steps(from, to, MOST) {
                    // All columns first, then the rows.
                    let cells = now.1 * next.0;
                    let total = copied(now, next.0).max(cells as u64);
                    assert!(
                        total <= 2 * MOST as u64,
                        "{from:?} {to:?}: {now:?} {next:?}: {total}"
                    );
                    now = next;
                }
                assert_eq!(now, to);
            }
        }
    }
}
