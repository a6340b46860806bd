//! Where a trail's files lie: `AWSLogs/ACCOUNT/CloudTrail/REGION/2026/11/23/…`, of an organisation below `AWSLogs/o-…`; or in
//! any folder, one beside the other.
//!
//! Nothing here reads a file. Only the days that are asked for are listed.

use chrono::{Datelike, Days, NaiveDate};

use crate::store::{self, Span, Store};

/// Folders in folders, at most, above those of the years.
const MAX_DEPTH: usize = 8;

/// What the place of a file says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The day on which it was delivered.
    pub day: Option<NaiveDate>,
}

/// An account and region that a trail has files of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The account.
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The first day with a file.
    pub first: NaiveDate,
    /// The last.
    pub last: NaiveDate,
}

impl Covered {
    pub(super) fn add(
        covered: &mut Vec<Self>,
        account: Option<&str>,
        region: Option<&str>,
        day: NaiveDate,
    ) {
        let mut known = covered.iter_mut();
        let known =
            known.find(|one| one.account.as_deref() == account && one.region.as_deref() == region);
        match known {
            Some(known) => {
                known.first = known.first.min(day);
                known.last = known.last.max(day);
            }
            None => covered.push(Self {
                account: account.map(str::to_owned),
                region: region.map(str::to_owned),
                first: day,
                last: day,
            }),
        }
    }
}

impl Place {
    /// What a key says. What stands in the file's name counts where the folders say nothing.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let parts: Vec<&str> = key.split('/').collect();
        let number = |at: usize| parts.get(at)?.parse::<u32>().ok();
        let at = parts.iter().position(|part| *part == "CloudTrail");
        let by_folders = at.map(|at| Self {
            account: at.checked_sub(1).and_then(|at| account(parts[at])),
            region: parts.get(at + 1).map(|region| (*region).to_owned()),
            day: date(number(at + 2), number(at + 3), number(at + 4)),
        });
        // 111122223333_CloudTrail_us-east-2_20150801T0210Z_Mu0KsOhtH1ar15ZZ.json.gz
        let mut name = parts.last().copied().unwrap_or_default().split('_');
        let by_name = match (name.next(), name.next(), name.next(), name.next()) {
            (Some(of), Some("CloudTrail"), Some(region), Some(time)) => Self {
                account: account(of),
                region: Some(region.to_owned()),
                day: time
                    .get(..8)
                    .and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok()),
            },
            _ => Self::default(),
        };
        let by_folders = by_folders.unwrap_or_default();
        Self {
            account: by_folders.account.or(by_name.account),
            region: by_folders.region.or(by_name.region),
            day: by_folders.day.or(by_name.day),
        }
    }
}

/// The files of these days and of the one behind them; and whose they are.
pub(super) fn files(
    store: &Store,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<(Vec<String>, Vec<Covered>), store::Error> {
    // What happens before midnight is delivered after it.
    let behind = last.checked_add_days(Days::new(1)).unwrap_or(last);
    let mut spans = Vec::new();
    descend(store, "", 0, (first, behind), &mut spans)?;
    let mut keys = store.list_spans(&spans)?.concat();
    let mut covered = Vec::new();
    keys.retain(|key| {
        let place = Place::of(key);
        let is_log = key.ends_with(".json.gz") || key.ends_with(".json");
        let is_asked = is_log && place.day.is_none_or(|day| day >= first && day <= behind);
        if let (true, Some(day), Some(_)) = (is_asked, place.day, &place.region) {
            let (account, region) = (place.account.as_deref(), place.region.as_deref());
            Covered::add(&mut covered, account, region, day);
        }
        is_asked
    });
    Ok((keys, covered))
}

fn descend(
    store: &Store,
    prefix: &str,
    depth: usize,
    (first, behind): (NaiveDate, NaiveDate),
    spans: &mut Vec<Span>,
) -> Result<(), store::Error> {
    let folders = store.folders(prefix)?;
    let is_year = |folder: &String| {
        let name = last(folder);
        name.len() == 4 && name.bytes().all(|byte| byte.is_ascii_digit())
    };
    if folders.is_empty() || depth >= MAX_DEPTH {
        spans.push(Span::of(prefix));
        return Ok(());
    }
    if folders.iter().any(is_year) {
        let day = |day: NaiveDate| {
            format!(
                "{prefix}{:04}/{:02}/{:02}/",
                day.year(),
                day.month(),
                day.day()
            )
        };
        spans.push(Span {
            prefix: prefix.to_owned(),
            after: Some(day(first)),
            before: behind.succ_opt().map(day),
        });
        return Ok(());
    }
    // Beside the logs an account has digests, insights, and what other services deliver.
    let is_of_account = folders.iter().any(|folder| last(folder) == "CloudTrail");
    for folder in folders {
        if !is_of_account || last(&folder) == "CloudTrail" {
            descend(store, &folder, depth + 1, (first, behind), spans)?;
        }
    }
    Ok(())
}

fn last(folder: &str) -> &str {
    let folder = folder.trim_end_matches('/');
    folder.rsplit('/').next().unwrap_or(folder)
}

fn account(text: &str) -> Option<String> {
    let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| text.to_owned())
}

fn date(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year?).ok()?, month?, day?)
}
