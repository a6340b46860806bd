//! Whose recording lies under a name: what its manifest and its header tell must be what the name and the place say.
//!
//! Nothing here is proved: whoever writes a manifest can write any name into it, but only that of one session.

use std::io::{Read, Seek};

use formats::asciicast;
use formats::layout::{Place, safe_name};
use formats::manifest::Manifest;
use formats::recording::{self, Signed};
use formats::sealed::Unlock;

use super::chosen::{id_part, session_id};

/// A recording is not the one whose name and place it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    /// It is another session's.
    #[error("what lies under the name of session {asked:?} is that of session {found:?}")]
    Another {
        /// Whose name it has.
        asked: String,
        /// Whose it is.
        found: String,
    },
    /// It belongs elsewhere in the store: to another day, account, region or target.
    #[error("it does not lie where session {session_id:?} belongs: {belongs:?}")]
    Elsewhere {
        /// Whose it is.
        session_id: String,
        /// Where it belongs.
        belongs: String,
    },
    /// Its first line and its last statement tell of different sessions.
    #[error("its header and its manifest do not agree on {0:?}")]
    Contradiction(&'static str),
}

/// What lies under `key` in a store or in the spool must be what `manifest` tells of.
///
/// # Errors
/// It is not.
pub fn check_key(key: &str, manifest: &Manifest) -> Result<(), Misplaced> {
    if id_part(key) != safe_name(&manifest.session_id) {
        return Err(Misplaced::Another {
            asked: session_id(key),
            found: manifest.session_id.clone(),
        });
    }
    let Some(place) = Place::of(manifest) else {
        return Ok(());
    };
    let belongs = match key.split('/').next() {
        Some("recordings") => place.recording(),
        Some("manifests") => place.manifest(),
        _ => return Ok(()),
    };
    match key == belongs {
        true => Ok(()),
        false => Err(Misplaced::Elsewhere {
            session_id: manifest.session_id.clone(),
            belongs,
        }),
    }
}

/// The part of a path or an address that is a key, where it leads into a store of ours: below `recordings`, by day, account,
/// region and target.
#[must_use]
pub fn key_in(path: &str) -> Option<&str> {
    let from = path.rfind("recordings/year=")?;
    let starts_a_part = from == 0 || path[..from].ends_with('/');
    let key = &path[from..];
    (starts_a_part && key.split('/').count() == 8 && key.ends_with(".cast.zst")).then_some(key)
}

/// What a recording tells of its session: its manifest where it has one, else its header. `None` for one that tells
/// nothing, or does not read.
///
/// # Errors
/// The source cannot be read; or header and manifest do not agree.
pub fn told<R: Read + Seek>(
    mut source: R,
    unlock: &dyn Unlock,
) -> Result<Result<Option<Manifest>, Misplaced>, recording::Error> {
    let signed = Signed::at_end(&mut source)?;
    let manifest = signed.and_then(|signed| Manifest::parse(&signed.manifest).ok());
    source.rewind()?;
    let opening = match recording::Reader::open_with(&mut source, unlock) {
        Ok(lines) => match asciicast::Reader::open(lines) {
            Ok(reader) => opening(reader.header()),
            Err(error) => match error.source_failure() {
                Some(_) => return Err(recording::Error::from(lines_error(error))),
                None => None,
            },
        },
        Err(recording::Error::Locked { opening, .. }) => Some(*opening),
        Err(error @ recording::Error::Io(_)) => return Err(error),
        Err(_) => None,
    };
    source.rewind()?;
    Ok(match (manifest, opening) {
        (Some(manifest), Some(opening)) => match manifest.differs_from(&opening) {
            Some(key) => Err(Misplaced::Contradiction(key)),
            None => Ok(Some(manifest)),
        },
        (manifest, opening) => Ok(manifest.or(opening)),
    })
}

fn lines_error(error: asciicast::Error) -> formats::lines::Error {
    match error {
        asciicast::Error::Lines(error) => error,
        other => formats::lines::Error::Io(std::io::Error::other(other)),
    }
}

/// What a header tells, as a manifest with nothing counted; `None` for one of another program.
#[must_use]
pub fn opening(header: &asciicast::Header) -> Option<Manifest> {
    Some(Manifest {
        terminal: Some(header.term.size()),
        ..Manifest::of_session(header.ssm.as_ref()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(session_id: &str) -> Manifest {
        Manifest {
            session_id: session_id.to_owned(),
            target: "i-0abc".to_owned(),
            account: Some("111122223333".to_owned()),
            region: Some("eu-central-1".to_owned()),
            started_at: Some("2026-11-24T10:00:00Z".to_owned()),
            ..Manifest::default()
        }
    }

    const DAY: &str = "year=2026/month=11/day=24";

    #[track_caller]
    fn check(key: &str, expected: Option<&str>) {
        let told = check_key(key, &manifest("me-1")).map_err(|error| error.to_string());
        match expected {
            None => assert_eq!(told, Ok(()), "{key}"),
            Some(words) => assert!(told.clone().unwrap_err().contains(words), "{told:?}"),
        }
    }

    #[test]
    fn a_recording_lies_where_its_manifest_says_or_is_misplaced() {
        let at = |place: &str| format!("recordings/{DAY}/{place}.cast.zst");
        check(&at("111122223333/eu-central-1/i-0abc/me-1"), None);
        check(&format!("manifests/{DAY}/me-1.json"), None);
        check("me-1.cast.zst", None);
        let another = Some("is that of session \"me-1\"");
        check(&at("111122223333/eu-central-1/i-0abc/me-2"), another);
        check(&format!("manifests/{DAY}/you-1.json"), another);
        check("me-11.cast.zst", another);
        let elsewhere = Some("does not lie where");
        check(&at("111122223333/eu-central-1/i-0evil/me-1"), elsewhere);
        check(&at("999999999999/eu-central-1/i-0abc/me-1"), elsewhere);
        check("manifests/year=2026/month=11/day=25/me-1.json", elsewhere);
        check("recordings/me-1.cast.zst", elsewhere);
    }

    #[test]
    fn ids_that_were_escaped_or_shortened_are_known_again() {
        for id in ["a/b c", "..", &"x".repeat(400)] {
            let mut manifest = manifest(id);
            let key = Place::of(&manifest).unwrap().recording();
            assert_eq!(check_key(&key, &manifest), Ok(()), "{id}");
            manifest.session_id.push('y');
            assert!(check_key(&key, &manifest).is_err(), "{id}");
        }
    }

    #[test]
    fn a_path_into_a_store_has_its_key_at_its_end_and_no_other_path_has() {
        let key = format!("recordings/{DAY}/1/eu/i-0abc/me-1.cast.zst");
        for path in [
            key.clone(),
            format!("/srv/{key}"),
            format!("s3://bucket/fleet/{key}"),
            format!("/srv/recordings/year=1/{key}"),
        ] {
            assert_eq!(key_in(&path), Some(key.as_str()), "{path}");
        }
        for path in [
            "me-1.cast.zst",
            "/srv/recordings/me-1.cast.zst",
            "old-recordings/year=2026/month=11/day=24/1/eu/i-0abc/me-1.cast.zst",
        ] {
            assert_eq!(key_in(path), None, "{path}");
        }
    }
}
