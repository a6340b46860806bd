//! Manifests that were read before, kept on this machine: they never change, and there may be ten thousand of them.
//!
//! Nothing here is evidence, and nothing is judged by it: what was kept is shown, and what is damaged, of another version or
//! somebody else's is read anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use formats::layout;
use formats::manifest::MAX_MANIFEST;

use super::in_packs::InPacks;
use super::{Catalog, parse_manifest};
use crate::store::{self, Cache, Store};

/// In front of each file; another form of it is another number.
const FORM: &[u8] = b"ssm-rec seen 1\n";
/// More days than this are not remembered.
const DAYS: usize = 10_000;

/// What was read before of one store.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    cache: Arc<Cache>,
    store: [String; 2],
}

/// A manifest as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) bytes: Vec<u8>,
    /// Whether there was a signature beside it, where somebody has looked.
    pub(super) is_signed: Option<bool>,
}

/// Those of a day, by their keys.
pub(super) type Day = BTreeMap<String, Kept>;

impl Seen {
    pub(super) fn of(store: &Store, cache: Arc<Cache>) -> Self {
        Self {
            cache,
            store: store.identity(),
        }
    }

    /// The days of which something is kept, newest first; a key without a day counts as of the oldest.
    pub(super) fn days(&self) -> Vec<Option<NaiveDate>> {
        let kept = self.cache.whole(&self.name("days"));
        let text = kept.as_deref().and_then(|kept| kept.strip_prefix(FORM));
        let text = text.and_then(|text| std::str::from_utf8(text).ok());
        let lines = text.unwrap_or_default().lines().take(DAYS);
        let mut days: Vec<_> = lines.map(|line| line.parse().ok()).collect();
        days.sort_unstable();
        days.dedup();
        days.reverse();
        days
    }

    /// What is kept of a day.
    pub(super) fn day(&self, day: Option<NaiveDate>) -> Day {
        let kept = self.cache.whole(&self.name(&word(day)));
        let records = kept.as_deref().and_then(|kept| kept.strip_prefix(FORM));
        records.and_then(parse).unwrap_or_default()
    }

    /// Keeps these, in place of what was kept of their days.
    pub(super) fn keep(&self, days: &BTreeMap<Option<NaiveDate>, Day>) {
        let mut known = self.days();
        let before = known.len();
        for (day, manifests) in days {
            let mut bytes = FORM.to_vec();
            for (key, kept) in manifests {
                write(&mut bytes, key, kept);
            }
            self.cache.keep_whole(&self.name(&word(*day)), &bytes);
            if !known.contains(day) {
                known.push(*day);
            }
        }
        if known.len() > before {
            known.sort_unstable();
            let lines: String = known.iter().map(|day| word(*day) + "\n").collect();
            let bytes = [FORM, lines.as_bytes()].concat();
            self.cache.keep_whole(&self.name("days"), &bytes);
        }
    }

    fn name<'a>(&'a self, what: &'a str) -> [&'a str; 4] {
        ["manifests seen", &self.store[0], &self.store[1], what]
    }
}

fn word(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| "-".to_owned(), |day| day.to_string())
}

fn write(bytes: &mut Vec<u8>, key: &str, kept: &Kept) {
    let (Ok(of_key), Ok(of_manifest)) = (u32::try_from(key.len()), u32::try_from(kept.bytes.len()))
    else {
        return;
    };
    bytes.push(match kept.is_signed {
        None => 0,
        Some(false) => 1,
        Some(true) => 2,
    });
    bytes.extend_from_slice(&of_key.to_le_bytes());
    bytes.extend_from_slice(&of_manifest.to_le_bytes());
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend_from_slice(&kept.bytes);
}

/// Nothing of it where not all of it reads.
fn parse(mut bytes: &[u8]) -> Option<Day> {
    let mut day = Day::new();
    while !bytes.is_empty() {
        let is_signed = match bytes.split_off_first()? {
            0 => None,
            1 => Some(false),
            2 => Some(true),
            _ => return None,
        };
        let mut length = || {
            let length = bytes.split_off(..4)?.try_into().ok()?;
            usize::try_from(u32::from_le_bytes(length)).ok()
        };
        let (of_key, of_manifest) = (length()?, length()?);
        let key = std::str::from_utf8(bytes.split_off(..of_key)?).ok()?;
        let bytes = bytes.split_off(..of_manifest)?.to_vec();
        day.insert(key.to_owned(), Kept { bytes, is_signed });
    }
    Some(day)
}

impl Catalog {
    /// Manifests, those of a bucket as they were read before or as its packs have them. A folder's are at hand, and are read as
    /// they are.
    pub(super) fn manifests(
        &self,
        keys: &[String],
        packs: &mut InPacks,
    ) -> Result<Vec<Result<Vec<u8>, store::Error>>, store::Error> {
        let limit = MAX_MANIFEST as u64;
        let seen = match (&self.seen, &self.store) {
            (Some(seen), Store::S3(_)) => seen,
            (None, Store::S3(_)) => return self.read(keys, packs),
            _ => return self.store.read_many(keys, limit),
        };
        let mut days = BTreeMap::new();
        for key in keys {
            let day = layout::parse_day(key);
            days.entry(day).or_insert_with(|| seen.day(day));
        }
        let kept = |days: &BTreeMap<_, Day>, key: &String| {
            let day = days.get(&layout::parse_day(key))?;
            Some(day.get(key)?.bytes.clone())
        };
        let missing = keys.iter().filter(|key| kept(&days, key).is_none());
        let missing: Vec<String> = missing.cloned().collect();
        let mut read = BTreeMap::new();
        if !missing.is_empty() {
            let answers = self.read(&missing, packs)?;
            read.extend(missing.iter().zip(answers));
        }
        let mut touched = BTreeMap::new();
        let answers = keys.iter().map(|key| match read.remove(key) {
            None => Ok(kept(&days, key).unwrap_or_default()),
            Some(answer) => {
                if let Ok(bytes) = &answer {
                    touched.insert(key, bytes.clone());
                }
                answer
            }
        });
        let answers = answers.collect();
        let mut changed = BTreeMap::new();
        for (key, bytes) in touched {
            let day = layout::parse_day(key);
            // What does not read may be mended.
            if parse_manifest(Ok(bytes.clone())).is_ok() {
                let manifests = changed
                    .entry(day)
                    .or_insert_with(|| days.remove(&day).unwrap_or_default());
                let is_signed = None;
                manifests.insert(key.clone(), Kept { bytes, is_signed });
            }
        }
        seen.keep(&changed);
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn seen(folder: &Path, store: &str) -> Seen {
        let cache = Arc::new(Cache::new(folder.join("cache"), 1 << 20));
        let store = Store::at(&folder.join(store).display().to_string()).unwrap();
        Seen::of(&store, cache)
    }

    fn kept(text: &str, is_signed: Option<bool>) -> Kept {
        Kept {
            bytes: text.into(),
            is_signed,
        }
    }

    #[test]
    fn days_are_kept_newest_first_and_each_store_has_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day);
        let manifests = Day::from([
            ("a".to_owned(), kept("{\n}", None)),
            ("é/b".to_owned(), kept("", Some(true))),
        ]);
        let one = Day::from([("c".to_owned(), kept("x", Some(false)))]);
        let days = [(day(2), manifests.clone()), (None, one.clone())];
        seen(folder.path(), "x").keep(&days.into());
        seen(folder.path(), "x").keep(&[(day(7), one)].into());
        let again = seen(folder.path(), "x");
        assert_eq!(again.days(), [day(7), day(2), None]);
        assert_eq!(again.day(day(2)), manifests);
        assert_eq!(again.day(day(3)), Day::new());
        assert_eq!(seen(folder.path(), "y").days(), []);
        assert_eq!(seen(folder.path(), "y").day(day(2)), Day::new());
    }

    #[test]
    fn what_does_not_read_is_not_kept() {
        let mut bytes = Vec::new();
        write(&mut bytes, "key", &kept("manifest", Some(true)));
        assert_eq!(parse(&bytes).unwrap().len(), 1);
        for cut in 1..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), None, "{cut}");
        }
        bytes[0] = 9;
        assert_eq!(parse(&bytes), None);
    }
}
