//! How much of an output is new, and how much of it only says again what came lately.
//!
//! Nothing here is kept of the output but checksums, and what is told of it decides what it may cost, never what it shows: a
//! compressed recording of a few bytes can say the same for megabytes.

use std::collections::HashSet;

/// Output is compared in blocks of so many bytes.
const BLOCK: usize = 64;
/// So many blocks are remembered, at most: four mebibytes of output. A file of 64 KiB holds fewer that differ, so that no order in
/// which it repeats them makes them new.
const REMEMBERED: usize = 64 * 1024;

/// FNV-1a.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The blocks that came lately, and the one under way.
#[derive(Debug)]
pub(crate) struct Novelty {
    seen: HashSet<u64>,
    hash: u64,
    length: usize,
}

impl Default for Novelty {
    fn default() -> Self {
        Self {
            seen: HashSet::new(),
            hash: BASIS,
            length: 0,
        }
    }
}

impl Novelty {
    /// Takes output. Gives how many bytes ended in blocks that are new, and in blocks that came before.
    pub(crate) fn take(&mut self, output: &[u8]) -> (usize, usize) {
        let (mut new, mut old) = (0, 0);
        let mut rest = output;
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.len().min(BLOCK - self.length));
            rest = behind;
            for byte in part {
                self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(PRIME);
            }
            self.length += part.len();
            if self.length == BLOCK {
                if self.seen.len() == REMEMBERED {
                    self.seen.clear();
                }
                match self.seen.insert(self.hash) {
                    true => new += BLOCK,
                    false => old += BLOCK,
                }
                (self.hash, self.length) = (BASIS, 0);
            }
        }
        (new, old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(piece: impl Fn(usize) -> String, is_mostly_new: bool) {
        let mut whole = Novelty::default();
        let mut parts = Novelty::default();
        let mut told = (0, 0);
        for n in 0..20_000 {
            let piece = piece(n);
            let (new, old) = whole.take(piece.as_bytes());
            told = (told.0 + new, told.1 + old);
            let each = piece.bytes().map(|byte| parts.take(&[byte]));
            assert_eq!(each.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)), (new, old));
        }
        let (most, least) = match is_mostly_new {
            true => told,
            false => (told.1, told.0),
        };
        assert!(most > 20 * least, "{told:?}");
    }

    #[test]
    fn what_is_said_again_is_told_from_what_is_new_however_it_is_cut() {
        check(|_| "y\r\n".to_owned(), false);
        check(
            |_| "\x1b[H\x1b[2Ja screen that stays as it is".repeat(7),
            false,
        );
        check(|n| format!("\x1b[H\x1b[2J{n} a clock"), true);
        check(|n| format!("{}: a line of a log\r\n", n * 7919), true);
    }

    #[test]
    fn what_comes_again_after_megabytes_is_not_new() {
        let mut novelty = Novelty::default();
        for is_new in [true, false, false] {
            for n in 0..REMEMBERED - 1 {
                let told = novelty.take(format!("{n:064}").as_bytes());
                assert_eq!(told.0 == BLOCK, is_new, "{n}");
            }
        }
    }
}
