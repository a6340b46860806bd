//! What keys a folder holds: many folders are read at the same time, and only those in which something may be that is asked for.
//!
//! Nothing here asks for more of a file than its name: there may be ten thousands of them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::error::failed;
use super::parts::in_parts;
use super::{Error, Span, check_key};

/// So many folders are worth a thread: to start one takes as long as reading some of them.
const SHARE: usize = 16;

/// A folder to be read.
#[derive(Debug)]
struct Folder {
    /// For which of the spans.
    span: usize,
    /// Its key with a slash behind it; nothing for the root.
    start: String,
}

/// What some folders have in them.
#[derive(Debug, Default)]
struct Read {
    folders: Vec<Folder>,
    /// Keys, and of which of the spans.
    keys: Vec<(usize, String)>,
}

/// The keys below `root` of each span, sorted.
pub(super) fn list_spans(root: &Path, spans: &[Span]) -> Result<Vec<Vec<String>>, Error> {
    let mut listed = vec![Vec::new(); spans.len()];
    let mut folders = Vec::new();
    for (span, asked) in spans.iter().enumerate() {
        // Only folders that can hold the prefix are walked.
        let below = asked
            .prefix
            .rfind('/')
            .map_or("", |at| &asked.prefix[..=at]);
        if let Some(folder) = below.strip_suffix('/') {
            check_key(folder)?;
        }
        folders.push(Folder {
            span,
            start: below.to_owned(),
        });
    }
    // One level after the other: all folders of a level are known before the first of them is read.
    while !folders.is_empty() {
        let read = in_parts(&folders, SHARE, |folders| {
            let mut read = Read::default();
            for folder in folders {
                read_one(root, folder, &spans[folder.span], &mut read)?;
            }
            Ok(read)
        });
        folders.clear();
        for read in read {
            let read: Read = read?;
            folders.extend(read.folders);
            for (span, key) in read.keys {
                listed[span].push(key);
            }
        }
    }
    // Mostly they are in order already, which a sort finds out in one pass.
    listed.iter_mut().for_each(|keys| keys.sort());
    Ok(listed)
}

fn read_one(root: &Path, folder: &Folder, asked: &Span, read: &mut Read) -> Result<(), Error> {
    let (span, start) = (folder.span, folder.start.as_str());
    let place = root.join(start);
    let entries = match fs::read_dir(&place) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failed("list", &place, source)),
    };
    let (folders, keys) = (read.folders.len(), read.keys.len());
    for entry in entries {
        let entry = entry.map_err(|source| failed("list", &place, source))?;
        // Names that are not UTF-8 or begin with a dot are none of ours: temporary files of a put under way.
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let kind = entry
            .file_type()
            .map_err(|source| failed("list", &entry.path(), source))?;
        if kind.is_dir() {
            let start = [start, name, "/"].concat();
            if asked.may_hold(&start) {
                read.folders.push(Folder { span, start });
            }
        } else {
            let key = [start, name].concat();
            if asked.holds(&key) {
                read.keys.push((span, key));
            }
        }
    }
    read.folders[folders..].sort_unstable_by(|one, other| one.start.cmp(&other.start));
    read.keys[keys..].sort_unstable();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Folders enough for several threads, at several depths, and names that stand before and behind a slash.
    fn store() -> (tempfile::TempDir, BTreeSet<String>) {
        let root = tempfile::tempdir().unwrap();
        let mut keys = BTreeSet::new();
        for day in 1..=60 {
            for name in ["a/b/c", "a.b", "a-b/c", "a/b.c", "z"] {
                let key = format!("manifests/day={day:02}/{name}");
                let path = root.path().join(&key);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
                keys.insert(key);
            }
        }
        fs::write(root.path().join("manifests/.put-1"), "").unwrap();
        fs::write(root.path().join("manifests.old"), "").unwrap();
        (root, keys)
    }

    #[test]
    fn each_span_has_its_keys_in_order_and_no_others() {
        let (root, keys) = store();
        let bound = |day: Option<u32>| day.map(|day| format!("manifests/day={day:02}/"));
        let spans = [
            ("manifests/", None, None),
            ("manifests/day=0", None, None),
            ("manifests/day=07/a/", None, None),
            ("manifests/", Some(31), None),
            ("manifests/", None, Some(3)),
            ("manifests/", Some(9), Some(12)),
            ("manifests/day=1", Some(15), Some(40)),
            ("nothing/", None, None),
        ];
        let spans = spans.map(|(prefix, after, before)| Span {
            prefix: prefix.to_owned(),
            after: bound(after),
            before: bound(before),
        });
        let listed = list_spans(root.path(), &spans).unwrap();
        for (span, listed) in spans.iter().zip(&listed) {
            let expected = keys.iter().filter(|key| span.holds(key));
            let expected: Vec<&String> = expected.collect();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{span:?}");
        }
        let all = list_spans(root.path(), &[Span::of("")]).unwrap().concat();
        assert_eq!(all.len(), keys.len() + 1);
        assert!(all.is_sorted());
    }

    #[test]
    fn folders_in_which_nothing_can_be_are_not_read() {
        let span = Span {
            prefix: "a/".to_owned(),
            after: Some("a/day=05/".to_owned()),
            before: Some("a/day=07/".to_owned()),
        };
        for (folder, expected) in [
            ("a/", true),
            ("a/day=04/", false),
            ("a/day=05/", true),
            ("a/day=06/x/", true),
            ("a/day=07/", false),
            ("a/day=7/", false),
            ("b/", false),
            ("", true),
        ] {
            assert_eq!(span.may_hold(folder), expected, "{folder}");
        }
        let (root, _) = store();
        assert!(list_spans(root.path(), &[Span::of("../")]).is_err());
    }
}
