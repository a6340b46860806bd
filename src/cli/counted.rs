//! How many of something there are, in words.
//!
//! Nothing here counts.

use indicatif::HumanCount;

/// `1 session`, `1,204 sessions`
pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    let what = if count == 1 { one } else { several };
    format!("{} {what}", HumanCount(count))
}
