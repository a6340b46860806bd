//! Where things lie in a store: keys for recordings, manifests, text lines, commands, packs and reviews.
//!
//! Nothing here lets a name from outside through as it is: what is not a letter, a digit, a dot, a dash or an underscore
//! is escaped, so that no name can climb out of its folder or break a URL or a shell line.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

use crate::derived::Kind;
use crate::manifest::Manifest;
use crate::pack::Part;

/// The longest part of a key between two slashes. File systems take 255 bytes; some tools add an ending of their own.
const MAX_PART: usize = 200;
/// Stands for a name that is empty or not known.
const NOTHING: &str = "~";

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The day on which the session began, in UTC.
    pub date: NaiveDate,
    /// AWS account number; may be empty.
    pub account: &'a str,
    /// AWS region; may be empty.
    pub region: &'a str,
    /// An instance, a managed node or a container.
    pub target: &'a str,
    /// Given by the service.
    pub session_id: &'a str,
}

impl<'a> Place<'a> {
    /// `None` when the manifest has no start that reads.
    #[must_use]
    pub fn of(manifest: &'a Manifest) -> Option<Self> {
        let start = DateTime::parse_from_rfc3339(manifest.started_at.as_deref()?).ok()?;
        Some(Self {
            date: start.with_timezone(&Utc).date_naive(),
            account: manifest.account.as_deref().unwrap_or_default(),
            region: manifest.region.as_deref().unwrap_or_default(),
            target: &manifest.target,
            session_id: &manifest.session_id,
        })
    }

    /// `recordings/year=2026/month=11/day=23/<account>/<region>/<target>/<session-id>.cast.zst`
    #[must_use]
    pub fn recording(&self) -> String {
        format!(
            "recordings/{}/{}/{}/{}/{}.cast.zst",
            day(self.date),
            safe_name(self.account),
            safe_name(self.region),
            safe_name(self.target),
            safe_name(self.session_id)
        )
    }

    /// `manifests/year=2026/month=11/day=23/<session-id>.json`
    #[must_use]
    pub fn manifest(&self) -> String {
        manifest_of(self.date, &safe_name(self.session_id))
    }

    /// `manifests/year=2026/month=11/day=23/<session-id>.json.sig`: the signature over the manifest's exact bytes.
    #[must_use]
    pub fn signature(&self) -> String {
        self.by_day("manifests", ".json.sig")
    }

    /// `lines/year=2026/month=11/day=23/<session-id>.jsonl.zst`, and the same below `commands`.
    #[must_use]
    pub fn derived(&self, kind: Kind) -> String {
        self.by_day(kind.name(), ".jsonl.zst")
    }

    fn by_day(&self, folder: &str, ending: &str) -> String {
        format!(
            "{folder}/{}/{}{ending}",
            day(self.date),
            safe_name(self.session_id)
        )
    }
}

/// `live/<session-id>/000001.cast.zst`: a part of a session that still runs, counted from 1.
#[must_use]
pub fn live_part(session_id: &str, part: u64) -> String {
    format!("live/{}/{part:06}.cast.zst", safe_name(session_id))
}

/// `manifests/year=2026/month=11/day=23/`: where the manifests of a day lie.
#[must_use]
pub fn manifests_of(date: NaiveDate) -> String {
    format!("manifests/{}/", day(date))
}

/// The manifest's key of a session by its day and what stands for it in keys, as [`safe_name`] gives it.
#[must_use]
pub fn manifest_of(date: NaiveDate, name: &str) -> String {
    format!("manifests/{}/{name}.json", day(date))
}

/// `packs/lines/year=2026/month=11/day=23/000001.parquet`: one of the files of the pack of this number, counted from 1.
#[must_use]
pub fn pack(part: Part, date: NaiveDate, number: u32) -> String {
    let (folder, ending) = (part.name(), part.ending());
    format!("packs/{folder}/{}/{number:06}{ending}", day(date))
}

/// The folder of the indexes of packs.
pub const PACK_INDEXES: &str = "packs/index/";

/// `packs/index/year=2026/month=11/day=23/000001.json`: what that pack holds.
#[must_use]
pub fn pack_index(date: NaiveDate, number: u32) -> String {
    format!("{PACK_INDEXES}{}/{number:06}.json", day(date))
}

/// Day and number in a key of [`pack_index`].
#[must_use]
pub fn parse_pack_index(key: &str) -> Option<(NaiveDate, u32)> {
    let number = key.rsplit('/').next()?.strip_suffix(".json")?;
    let (date, number) = (parse_day(key)?, number.parse().ok()?);
    (pack_index(date, number) == key).then_some((date, number))
}

/// The folder of what was said of sessions.
pub const REVIEWS: &str = "reviews/";
/// The folder of who has looked at sessions.
pub const VIEWS: &str = "views/";

/// `reviews/<session-id>/<time>-<who>.json`: one verdict. The time has no colons, which some file systems refuse.
#[must_use]
pub fn review(session_id: &str, at: DateTime<Utc>, who: &str) -> String {
    of_person(REVIEWS, session_id, at, who)
}

/// `views/<session-id>/<time>-<who>.json`: somebody opened it, or left it.
#[must_use]
pub fn view(session_id: &str, at: DateTime<Utc>, who: &str) -> String {
    of_person(VIEWS, session_id, at, who)
}

fn of_person(folder: &str, session_id: &str, at: DateTime<Utc>, who: &str) -> String {
    let time = at.format("%Y%m%dT%H%M%S%3fZ");
    // Room is left for the time in front.
    format!(
        "{}{time}-{}.json",
        of_session(folder, session_id),
        shortened(escape(who), MAX_PART - 24, who)
    )
}

/// `reviews/<session-id>/`: all that lies there of a session, and the same below `views`.
#[must_use]
pub fn of_session(folder: &str, session_id: &str) -> String {
    format!("{folder}{}/", safe_name(session_id))
}

/// The folder of kept audits.
pub const AUDITS: &str = "audits/";

/// `audits/year=2026/month=11/day=23/<asked>-<since>-<until>-<digest>.json`: a kept audit, by when it was asked, its period and
/// the first 16 digits of its digest.
#[must_use]
pub fn audit(asked: DateTime<Utc>, period: [DateTime<Utc>; 2], digest: &str) -> String {
    let [asked_at, since, until] =
        [asked, period[0], period[1]].map(|time| time.format(AUDIT_TIME).to_string());
    let digest = digest.get(..16).unwrap_or(digest);
    format!(
        "{AUDITS}{}/{asked_at}-{since}-{until}-{digest}.json",
        day(asked.date_naive())
    )
}

/// Since when and until when, of a key of [`audit`], and the first digits of the digest of what lies there.
#[must_use]
pub fn parse_audit(key: &str) -> Option<([DateTime<Utc>; 2], &str)> {
    let name = key.strip_prefix(AUDITS)?.rsplit('/').next()?;
    let mut parts = name.strip_suffix(".json")?.split('-');
    let mut time = || {
        let time = NaiveDateTime::parse_from_str(parts.next()?, AUDIT_TIME).ok()?;
        Some(time.and_utc())
    };
    let (_, since, until) = (time()?, time()?, time()?);
    Some(([since, until], parts.next()?))
}

const AUDIT_TIME: &str = "%Y%m%dT%H%M%SZ";

/// The folder of a day under `recordings`, `manifests` and `lines`: `year=2026/month=11/day=23`.
#[must_use]
pub fn day(date: NaiveDate) -> String {
    format!(
        "year={:04}/month={:02}/day={:02}",
        date.year(),
        date.month(),
        date.day()
    )
}

/// The day in a key of `recordings`, `manifests` or `lines`.
#[must_use]
pub fn parse_day(key: &str) -> Option<NaiveDate> {
    let mut parts = key.split('/').skip_while(|part| !part.starts_with("year="));
    let mut number = |prefix| parts.next()?.strip_prefix(prefix)?.parse::<u32>().ok();
    let (year, month, day) = (number("year=")?, number("month=")?, number("day=")?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// The session id in a key of any kind, or in a file name. `None` when the key is none of ours.
#[must_use]
pub fn parse_session_id(key: &str) -> Option<String> {
    let mut parts = key.rsplit('/');
    let name = parts.next()?;
    let folder = parts.next();
    let top = key.split('/').next();
    if matches!(top, Some("live" | "reviews" | "views")) {
        return safe_name_back(folder?);
    }
    [".cast.zst", ".jsonl.zst", ".json.sig", ".json", ".cast"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .and_then(safe_name_back)
}

/// A name from outside as one part of a key: never empty, never a dot or two, and short enough for a file name. Letters,
/// digits, `.`, `-` and `_` stand for themselves, all else is `~` and two hexadecimal digits a byte (`%` would be escaped
/// again in every URL). A name that is too long
/// is cut and ends in `~z` and eight digits of its digest.
#[must_use]
pub fn safe_name(name: &str) -> String {
    match name {
        "" => NOTHING.to_owned(),
        "." => "~2e".to_owned(),
        ".." => "~2e~2e".to_owned(),
        // A name that begins with a dot is hidden from whoever lists the folder.
        hidden if hidden.starts_with('.') => {
            shortened(format!("~2e{}", escape(&hidden[1..])), MAX_PART, hidden)
        }
        name => shortened(escape(name), MAX_PART, name),
    }
}

/// What [`safe_name`] was given. `None` when it was cut, or when this is no safe name.
#[must_use]
pub fn safe_name_back(part: &str) -> Option<String> {
    if part == NOTHING {
        return Some(String::new());
    }
    let mut name = Vec::new();
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'~' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            plain if is_plain(plain) => plain,
            _ => return None,
        });
    }
    String::from_utf8(name).ok()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

fn escape(name: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if is_plain(byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "~{byte:02x}");
        }
    }
    escaped
}

fn shortened(mut escaped: String, limit: usize, name: &str) -> String {
    use sha2::{Digest, Sha256};
    use std::fmt::Write;
    if escaped.len() > limit {
        escaped.truncate(limit - 9);
        // Digits behind the last `~` that read as an escape would be taken back for one; `~z` never does.
        escaped.push_str("~z");
        for byte in &Sha256::digest(name)[..4] {
            let _ = write!(escaped, "{byte:02x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place<'a>(target: &'a str, session_id: &'a str) -> Place<'a> {
        Place {
            date: NaiveDate::from_ymd_opt(2026, 11, 3).unwrap(),
            account: "123456789012",
            region: "eu-west-1",
            target,
            session_id,
        }
    }

    #[test]
    fn keys_are_as_the_design_has_them() {
        let place = place("i-0abc", "me-0a1b2c");
        assert_eq!(
            place.recording(),
            "recordings/year=2026/month=11/day=03/123456789012/eu-west-1/i-0abc/me-0a1b2c.cast.zst"
        );
        assert_eq!(
            place.manifest(),
            "manifests/year=2026/month=11/day=03/me-0a1b2c.json"
        );
        assert_eq!(
            place.derived(Kind::Lines),
            "lines/year=2026/month=11/day=03/me-0a1b2c.jsonl.zst"
        );
        assert_eq!(live_part("me-0a1b2c", 1), "live/me-0a1b2c/000001.cast.zst");
        let at = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        assert_eq!(
            review("me-0a1b2c", at, "arn:aws:iam::1:user/x"),
            "reviews/me-0a1b2c/20231114T221320123Z-arn~3aaws~3aiam~3a~3a1~3auser~2fx.json"
        );
        for key in [
            place.recording(),
            place.manifest(),
            place.signature(),
            place.derived(Kind::Lines),
            live_part("me-0a1b2c", 1),
            review("me-0a1b2c", at, "x"),
            view("me-0a1b2c", at, "x"),
        ] {
            assert_eq!(
                parse_session_id(&key).as_deref(),
                Some("me-0a1b2c"),
                "{key}"
            );
        }
        assert_eq!(parse_day(&place.manifest()), Some(place.date));
        assert_eq!(parse_day("live/a/000001.cast.zst"), None);
        assert_eq!(parse_session_id("elsewhere/a.txt"), None);
    }

    #[test]
    fn packs_are_numbered_by_day() {
        let date = NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
        assert_eq!(
            pack(Part::Grams, date, 2),
            "packs/grams/year=2026/month=11/day=03/000002.grams"
        );
        let index = pack_index(date, 12);
        assert_eq!(index, "packs/index/year=2026/month=11/day=03/000012.json");
        assert_eq!(parse_pack_index(&index), Some((date, 12)));
        for other in [
            "packs/index/year=2026/month=11/day=03/000012.json.sig",
            "packs/index/year=2026/month=11/day=03/12.json",
            "packs/index/year=2026/month=11/000012.json",
        ] {
            assert_eq!(parse_pack_index(other), None, "{other}");
        }
    }

    #[test]
    fn a_hostile_name_stays_in_its_folder() {
        let key = place("ecs:a/../../b", "..").recording();
        assert_eq!(
            key,
            "recordings/year=2026/month=11/day=03/123456789012/eu-west-1/ecs~3aa~2f..~2f..~2fb/~2e~2e.cast.zst"
        );
        assert_eq!(safe_name(""), "~");
        assert_eq!(safe_name(".hidden"), "~2ehidden");
        assert_eq!(safe_name("\u{1b}[31m\n"), "~1b~5b31m~0a");
    }

    #[test]
    fn a_hidden_name_comes_back_as_long_as_its_escaped_form_fits() {
        for (length, comes_back) in [(MAX_PART - 3, true), (MAX_PART - 2, false)] {
            let name = format!(".{}", "a".repeat(length));
            let back = safe_name_back(&safe_name(&name));
            assert_eq!(back, comes_back.then_some(name));
        }
    }

    #[test]
    fn the_day_is_that_of_utc() {
        let manifest = Manifest {
            started_at: Some("2026-11-04T01:30:00.5+02:00".into()),
            session_id: "s".into(),
            ..Manifest::default()
        };
        let place = Place::of(&manifest).unwrap();
        assert_eq!(
            place.manifest(),
            "manifests/year=2026/month=11/day=03/s.json"
        );
        assert_eq!(Place::of(&Manifest::default()), None);
    }

    proptest! {
        #[test]
        fn every_name_is_one_safe_part_and_comes_back(name in any::<String>()) {
            let part = safe_name(&name);
            prop_assert!(!part.is_empty() && part != "." && part != ".." && part.len() <= MAX_PART + 1);
            prop_assert!(part.bytes().all(|byte| is_plain(byte) || byte == b'~'));
            // A dot in front is escaped as well.
            let length = escape(&name).len() + if name.starts_with('.') { 2 } else { 0 };
            if length <= MAX_PART {
                prop_assert_eq!(safe_name_back(&part), Some(name));
            } else {
                prop_assert_eq!(safe_name_back(&part), None);
            }
        }

        #[test]
        fn long_names_that_differ_have_different_parts(start in "[a/]{300}", one in "[a-z]{1,9}", two in "[a-z]{1,9}") {
            prop_assume!(one != two);
            prop_assert_ne!(safe_name(&format!("{start}{one}")), safe_name(&format!("{start}{two}")));
        }
    }
}
