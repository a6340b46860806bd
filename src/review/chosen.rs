//! Which session a person means by an id or the beginning of one: one rule for the store, the spool and live segments.
//!
//! Nothing here is listed or read: what there is comes in.

use std::collections::BTreeSet;

use formats::layout;

/// How many of the sessions that a beginning may mean are named.
const CANDIDATES: usize = 10;

/// The one of `there` that `name` means: whose session id it is, or whose id alone begins so. `key` gives the key or the
/// file name of each; `place` is where they lie, for a person.
///
/// # Errors
/// There is none, or more than one.
pub fn chosen<T>(
    name: &str,
    place: impl Into<String>,
    there: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> &str,
) -> Result<T, Unchosen> {
    let mut begin = Vec::new();
    for item in there {
        let id = session_id(key(&item));
        if id == name || id_part(key(&item)) == name {
            return Ok(item);
        }
        if begins(key(&item), name) {
            begin.push((id, item));
        }
    }
    if begin.len() > 1 {
        let ids: BTreeSet<String> = begin.into_iter().map(|(id, _)| id).collect();
        return Err(Unchosen::Several {
            name: name.to_owned(),
            more: ids.len().saturating_sub(CANDIDATES),
            candidates: ids.into_iter().take(CANDIDATES).collect(),
        });
    }
    begin.pop().map(|(_, item)| item).ok_or(Unchosen::None {
        name: name.to_owned(),
        place: place.into(),
    })
}

/// Whether the session's id begins so, as it is or as it stands in keys.
pub(super) fn begins(key: &str, start: &str) -> bool {
    id_part(key).starts_with(start) || session_id(key).starts_with(start)
}

/// The part of a key that stands for the session: the same in every folder, also for an id that had to be shortened.
pub(super) fn id_part(key: &str) -> &str {
    let name = key.rsplit('/').next().unwrap_or(key);
    [".cast.zst", ".json"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

/// The session's id, as far as its key tells it.
#[must_use]
pub fn session_id(key: &str) -> String {
    layout::parse_session_id(key).unwrap_or_else(|| id_part(key).to_owned())
}

/// Why a name means no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unchosen {
    /// No id is or begins so.
    #[error("there is no recording of a session {name:?} in {place:?}")]
    None {
        /// As the person wrote it.
        name: String,
        /// Where it was looked for.
        place: String,
    },
    /// The beginning of several ids.
    #[error("{name:?} could be {}{}", candidates.join(", "), and_more(*more))]
    Several {
        /// As the person wrote it.
        name: String,
        /// Some of the sessions that it could be.
        candidates: Vec<String>,
        /// How many there are besides.
        more: usize,
    },
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Result<&str, &str>) {
        let there = ["me-12.cast.zst", "a/b/me-123.json", "you-1.cast.zst"];
        let found = chosen(name, "here", there, |key| key).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{name}");
    }

    #[test]
    fn a_whole_id_counts_before_a_beginning_and_a_beginning_only_when_one_has_it() {
        check("me-12", Ok("me-12.cast.zst"));
        check("me-123", Ok("a/b/me-123.json"));
        check("y", Ok("you-1.cast.zst"));
        check("me", Err("\"me\" could be me-12, me-123"));
        check(
            "x",
            Err("there is no recording of a session \"x\" in \"here\""),
        );
    }

    #[test]
    fn of_many_candidates_some_are_named() {
        let there: Vec<String> = (10..30).map(|number| format!("me-{number}")).collect();
        let error = chosen("me", "", &there, |key| key).unwrap_err();
        assert!(error.to_string().ends_with("me-19 and 10 more"), "{error}");
    }
}
