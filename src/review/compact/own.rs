//! The packs that this machine keeps for its own searches have a limit.
//!
//! Nothing here touches a store of recordings: what is removed is made again when it is needed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use formats::layout::{self, PACK_INDEXES};
use formats::pack::Part;

use crate::store::Directory;

/// Removes packs, those of the oldest days first, until the others have at most so many bytes.
///
/// # Errors
/// The folder cannot be listed.
pub fn trim(folder: &Path, limit: u64) -> io::Result<()> {
    let store = Directory::new(folder.to_owned());
    let keys = store.list(PACK_INDEXES).map_err(io::Error::other)?;
    let mut packs: Vec<(NaiveDate, u32)> = keys
        .iter()
        .filter_map(|key| layout::parse_pack_index(key))
        .collect();
    packs.sort_unstable();
    let files = |(date, number)| -> Vec<PathBuf> {
        let index = layout::pack_index(date, number);
        let parts = Part::ALL.map(|part| layout::pack(part, date, number));
        // Without its index the rest is nothing.
        let keys = [index].into_iter().chain(parts);
        keys.map(|key| folder.join(key)).collect()
    };
    let size = |pack| -> u64 {
        let sizes = files(pack).into_iter();
        sizes
            .filter_map(|path| Some(fs::metadata(path).ok()?.len()))
            .sum()
    };
    let mut all: u64 = packs.iter().copied().map(size).sum();
    for pack in packs {
        if all <= limit {
            break;
        }
        all -= size(pack);
        for path in files(pack) {
            // Gone, or somebody else has removed it.
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_packs_go_until_the_rest_has_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = Directory::new(folder.path().to_owned());
        let date = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let packs = [(date(3), 1), (date(1), 2), (date(1), 1), (date(2), 1)];
        for (date, number) in packs {
            store.put(&layout::pack_index(date, number), b"{}").unwrap();
            for part in Part::ALL {
                let key = layout::pack(part, date, number);
                store.put(&key, &[0; 100]).unwrap();
            }
        }
        let left = || store.list("packs/").unwrap().len() / 5;
        trim(folder.path(), 2000).unwrap();
        assert_eq!(left(), 4);
        trim(folder.path(), 1000).unwrap();
        assert_eq!(store.list("packs/").unwrap().len(), 10);
        assert!(
            store
                .list("packs/")
                .unwrap()
                .iter()
                .all(|key| !key.contains("day=01"))
        );
        trim(folder.path(), 0).unwrap();
        assert_eq!(left(), 0);
    }
}
