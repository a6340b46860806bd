//! The spool by what it promises: claims, what waits, what is tidied.
//!
//! Nothing here outlives its folder.

use super::*;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn spool() -> (tempfile::TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path().join("spool"));
    (folder, spool)
}

fn begin(spool: &Spool, name: &str, text: &[u8]) -> Claim {
    let (mut file, claim) = spool.begin(name).unwrap();
    file.write_all(text).unwrap();
    claim
}

fn files(spool: &Spool) -> usize {
    fs::read_dir(spool.folder()).unwrap().count()
}

#[test]
fn a_file_that_is_still_written_is_left_alone() {
    let (_folder, spool) = spool();
    assert_eq!(spool.waiting().unwrap(), []);
    let claim = begin(&spool, "a.cast.zst", b"half");
    let waiting = spool.waiting().unwrap();
    assert_eq!(waiting[0].name, "a.cast.zst");
    assert!(waiting[0].claimed);
    assert!(spool.claim("a.cast.zst").unwrap().is_none());
    assert!(matches!(
        spool.begin("a.cast.zst"),
        Err(Error::Exists { .. })
    ));
    drop(claim);
    assert!(!spool.waiting().unwrap()[0].claimed);
    // Given back, it is still no new file.
    assert!(matches!(
        spool.begin("a.cast.zst"),
        Err(Error::Exists { .. })
    ));
    assert!(spool.claim("a.cast.zst").unwrap().is_some());
}

#[test]
fn what_is_stored_leaves_nothing_behind() {
    let (_folder, spool) = spool();
    let claim = begin(&spool, "a", b"x");
    for object in [Object::File, Object::Signature, Object::Manifest] {
        fs::write(claim.journal(object), "{}").unwrap();
    }
    let error = Error::Unavailable {
        what: "store",
        place: "s3://b/k".to_owned(),
        tries: 2,
        reason: "down".to_owned(),
    };
    let now = UNIX_EPOCH + Duration::from_millis(1500);
    claim.note_failure(now, &error).unwrap();
    let failure = spool
        .claim("a")
        .unwrap()
        .unwrap()
        .note_failure(now, &error)
        .unwrap();
    assert_eq!(
        (failure.attempts, failure.at_ms, failure.passing),
        (2, 1500, true)
    );
    assert_eq!(spool.waiting().unwrap()[0].failure.as_ref(), Some(&failure));
    spool.claim("a").unwrap().unwrap().remove().unwrap();
    assert_eq!(files(&spool), 0);
    assert!(spool.claim("a").unwrap().is_none());
    assert_eq!(files(&spool), 0);
}

#[test]
fn of_many_who_drain_at_once_each_file_is_taken_by_one() {
    let (_folder, spool) = spool();
    for n in 0..50 {
        drop(begin(&spool, &format!("r{n}"), b"x"));
    }
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for waiting in spool.waiting().unwrap() {
                    if let Some(claim) = spool.claim(&waiting.name).unwrap() {
                        assert!(claim.path().exists());
                        taken.fetch_add(1, Ordering::Relaxed);
                        claim.remove().unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(taken.into_inner(), 50);
    assert_eq!(spool.waiting().unwrap(), []);
}

#[test]
fn what_a_killed_process_left_beside_a_file_that_is_gone_is_swept_and_nothing_else() {
    let (_folder, spool) = spool();
    let gone = begin(&spool, "gone", b"x");
    fs::write(gone.journal(Object::Manifest), "{}").unwrap();
    fs::write(half_made(&gone.journal(Object::File)), "{").unwrap();
    fs::remove_file(gone.path()).unwrap();
    drop(gone);
    let waits = begin(&spool, "waits", b"x");
    fs::write(waits.journal(Object::File), "{}").unwrap();
    drop(waits);
    let reserved = spool.reserve("reserved").unwrap().unwrap();
    fs::write(spool.folder().join(".hidden"), "x").unwrap();
    spool.tidy().unwrap();
    let mut left: Vec<_> = fs::read_dir(spool.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            ".hidden",
            ".reserved.lock",
            ".waits.lock",
            ".waits.upload",
            "waits"
        ]
    );
    assert!(spool.claim("reserved").unwrap().is_none());
    drop(reserved);
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    let (_folder, spool) = spool();
    for name in ["", ".", "..", "../a", "/a", "a/b", ".a.lock", "a/", "a\0"] {
        assert!(
            matches!(spool.begin(name), Err(Error::Key { .. })),
            "{name:?}"
        );
        assert!(
            matches!(spool.claim(name), Err(Error::Key { .. })),
            "{name:?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn everything_in_the_spool_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, spool) = spool();
    let _claim = begin(&spool, "a", b"x");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(spool.folder()), 0o700);
    for entry in fs::read_dir(spool.folder()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}
