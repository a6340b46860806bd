//! Sessions that this machine can name without asking anybody.
//!
//! Nothing here is whole, and no bucket is listed: what was not seen before is not there.

use super::Catalog;
use crate::review::chosen::session_id;
use crate::store::Store;

impl Catalog {
    /// The ids of at most so many sessions, newest days first: of the spool, of a folder, and those of a bucket that were listed before.
    pub(crate) fn at_hand(&self, most: usize) -> Vec<String> {
        let spooled = self.spooled().unwrap_or_default().into_iter();
        let mut ids: Vec<String> = spooled.map(|(_, key)| session_id(&key)).collect();
        match self.store {
            Store::Directory(_) => self.below("manifests/", most, &mut ids),
            Store::S3(_) => {
                let seen = self.seen.iter();
                let days = seen.flat_map(|seen| seen.days().into_iter().map(|day| seen.day(day)));
                for day in days {
                    ids.extend(day.keys().map(|key| session_id(key)));
                    if ids.len() >= most {
                        break;
                    }
                }
            }
        }
        ids.truncate(most);
        ids
    }

    /// Of years, months and days the last ones first.
    fn below(&self, folder: &str, most: usize, ids: &mut Vec<String>) {
        let folders = self.store.folders(folder).unwrap_or_default();
        if folders.is_empty() {
            let keys = self.store.list(folder).unwrap_or_default();
            let manifests = keys.iter().filter(|key| key.ends_with(".json"));
            ids.extend(manifests.map(|key| session_id(key)));
        }
        for folder in folders.iter().rev() {
            if ids.len() >= most {
                return;
            }
            self.below(folder, most, ids);
        }
    }
}
