//! What is known of a recording up to a place in it: what the chain, the tables and the manifest are made of.
//!
//! Nothing here reads or writes a frame; whoever does keeps the trail.

use super::digest::Digest;
use super::skippable::{IndexEntry, Link, SeekEntry, encode_seek_table, encode_time_index};

/// The frames so far, up to the last link, or behind it to the last frame of the tail. The seek table may be ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    pub(super) head: Digest,
    /// Bytes of the file.
    pub(super) offset: u64,
    pub(super) text: u64,
    pub(super) last_us: u64,
    pub(super) seek_table: Vec<SeekEntry>,
    pub(super) time_index: Vec<IndexEntry>,
    pub(super) is_sealed: bool,
}

impl Trail {
    /// Data frames.
    pub(super) fn frames(&self) -> u64 {
        self.time_index.len() as u64
    }

    /// Goes on behind a data frame and its link, which stands in a frame of `length` bytes. The seek table knows all but
    /// that frame already.
    pub(super) fn link(&mut self, link: &Link, length: usize, entry: IndexEntry) {
        self.head = link.link;
        // What a link claims, nobody has counted.
        self.text = self.text.saturating_add(link.text);
        self.last_us = link.last_us;
        self.offset += link.compressed;
        self.time_index.push(entry);
        self.pass(length);
    }

    /// Goes on behind a skippable frame that no link covers.
    pub(super) fn pass(&mut self, length: usize) {
        self.offset += length as u64;
        self.seek_table.push(SeekEntry::skippable(length));
    }

    /// Notes where the snapshot before a data frame stands; `false` when the frame is not among these.
    pub(super) fn place_snapshot(&mut self, frame: u64, offset: u64) -> bool {
        let entry = usize::try_from(frame)
            .ok()
            .and_then(|frame| self.time_index.get_mut(frame));
        entry.map(|entry| entry.snapshot = offset).is_some()
    }

    /// Appends what ends a recording behind its manifest: the time index, unless it is there already, and the seek table.
    pub(super) fn encode_tables(mut self, has_index: bool, out: &mut Vec<u8>) {
        if !has_index {
            let start = out.len();
            encode_time_index(&self.time_index, self.is_sealed, out);
            self.pass(out.len() - start);
        }
        encode_seek_table(&self.seek_table, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_claim_more_text_than_can_be_counted() {
        let mut trail = Trail::default();
        for index in 0..2 {
            let link = Link {
                index,
                compressed: 1,
                text: u64::MAX,
                first_us: 0,
                last_us: 0,
                digest: Digest::default(),
                link: Digest::default(),
            };
            trail.link(&link, 1, IndexEntry::default());
        }
        assert_eq!((trail.text, trail.offset), (u64::MAX, 4));
    }
}
