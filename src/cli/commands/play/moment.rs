//! A moment of a recording by its name: `ID@12:03`.
//!
//! Nothing is looked up here but whether a file has such a name.

use std::path::Path;
use std::time::Duration;

use crate::words::time;

/// A recording, and where in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment<'a> {
    pub(super) name: &'a str,
    pub(super) at: Option<Duration>,
}

impl<'a> Moment<'a> {
    /// What stands behind the last `@` is a time if it reads as one, and no file is called all of it.
    pub(super) fn of(text: &'a str) -> Self {
        let parted = text.rsplit_once('@').filter(|(name, _)| !name.is_empty());
        let at = parted.and_then(|(_, at)| time::parse(at).ok());
        match (parted, at) {
            (Some((name, _)), Some(at)) if !Path::new(text).exists() => Self { name, at: Some(at) },
            _ => Self {
                name: text,
                at: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_behind_a_name_is_one_and_an_address_is_none() {
        let seconds = |text| Moment::of(text).at.map(|at| at.as_secs());
        assert_eq!(seconds("me-0a1b@12:03"), Some(723));
        assert_eq!(seconds("a/b.cast@90"), Some(90));
        assert_eq!(seconds("me@example.com-0a1b@1h2m"), Some(3720));
        assert_eq!(
            Moment::of("me@example.com-0a1b@1h2m").name,
            "me@example.com-0a1b"
        );
        assert_eq!(seconds("me@example.com-0a1b"), None);
        assert_eq!(seconds("@12"), None);
    }
}
