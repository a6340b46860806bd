//! The words on a screen, and since when each may have stood there, on whichever line.
//!
//! Nothing here is a guess to the low side: a word is never said to have come later than it did, nor to be gone for having
//! only been away for a moment.

use std::collections::HashMap;

use formats::derived::Millis;

use super::STOOD;

/// Words of lines that are entered and left again.
#[derive(Default)]
pub(super) struct Words {
    words: HashMap<String, Word>,
    /// Words that have gone since those that are gone for good were dropped.
    gone: usize,
}

struct Word {
    /// So often it is on the screen.
    count: usize,
    since: Millis,
    /// When it was last seen to be gone.
    gone: Millis,
}

impl Words {
    /// Words are there that were not before this time.
    pub(super) fn enter<'a>(&mut self, words: impl Iterator<Item = &'a str>, since: Millis) {
        for text in words {
            if let Some(word) = self.words.get_mut(text) {
                // Whoever looks twice may not see that it was away.
                if word.count == 0 && since >= word.gone + STOOD {
                    word.since = since;
                }
                word.count += 1;
                continue;
            }
            let word = Word {
                count: 1,
                since,
                gone: 0,
            };
            self.words.insert(text.to_owned(), word);
        }
    }

    /// Words were seen to be gone at this time.
    pub(super) fn leave<'a>(&mut self, words: impl Iterator<Item = &'a str>, at: Millis) {
        for text in words {
            if let Some(word) = self.words.get_mut(text) {
                word.count = word.count.saturating_sub(1);
                word.gone = at;
                self.gone += usize::from(word.count == 0);
            }
        }
    }

    /// The earliest time since when one of these stood of which none is left.
    pub(super) fn gone_since<'a>(&self, words: impl Iterator<Item = &'a str>) -> Option<Millis> {
        let words = words.filter_map(|text| self.words.get(text));
        let gone = words.filter(|word| word.count == 0);
        gone.map(|word| word.since).min()
    }

    /// Forgets what will not be asked for again.
    pub(super) fn tidy(&mut self, at: Millis) {
        // Not each time, or it would cost more than what is looked at.
        if self.gone > self.words.len() / 2 {
            self.gone = 0;
            self.words
                .retain(|_, word| word.count > 0 || at < word.gone + 2 * STOOD);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
