//! How much of an output is new, and how much of it only says again what came lately.
//!
//! Nothing here is kept of the output but checksums, and what is told of it decides what it may cost, never what it shows: a
//! compressed recording of a few bytes can say the same for megabytes.

/// Output is compared in blocks of so many bytes.
const BLOCK: usize = 64;
/// So many blocks are remembered, at most: a mebibyte of output.
const REMEMBERED: usize = 16 * 1024;

/// FNV-1a.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The blocks that came lately, and the one under way.
#[derive(Debug)]
pub(crate) struct Novelty {
    seen: Box<[u32]>,
    hash: u64,
    length: usize,
}

impl Default for Novelty {
    fn default() -> Self {
        Self {
            seen: vec![0; REMEMBERED].into_boxed_slice(),
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
                match self.is_new() {
                    true => new += BLOCK,
                    false => old += BLOCK,
                }
                (self.hash, self.length) = (BASIS, 0);
            }
        }
        (new, old)
    }

    /// Remembers the block that ends.
    fn is_new(&mut self) -> bool {
        let place = (self.hash >> 32) as usize % REMEMBERED;
        let sum = self.hash as u32;
        std::mem::replace(&mut self.seen[place], sum) != sum
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
}
