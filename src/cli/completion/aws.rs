//! Profiles of the shared AWS configuration, and regions.
//!
//! Nothing is read of those files but the names between brackets.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap_complete::engine::CompletionCandidate;
use directories::BaseDirs;

use super::offered;

/// A longer file is not read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// AWS's regions, by the table of Systems Manager's endpoints in its general reference. One that is not here is typed by hand.
const REGIONS: [&str; 36] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-gov-east-1",
    "us-gov-west-1",
    "cn-north-1",
    "cn-northwest-1",
];

/// Regions by the name that they begin with.
pub(crate) fn regions(typed: &OsStr) -> Vec<CompletionCandidate> {
    offered(
        typed,
        REGIONS.map(|region| (region.to_owned(), String::new())),
    )
}

/// Profiles, as the AWS CLI finds them.
pub(crate) fn profiles(typed: &OsStr) -> Vec<CompletionCandidate> {
    let files = [
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    let home = BaseDirs::new().map(|folders| folders.home_dir().join(".aws"));
    let texts = files.into_iter().filter_map(|(variable, name)| {
        let named = std::env::var_os(variable).map(PathBuf::from);
        let path = named.or_else(|| Some(home.as_ref()?.join(name)))?;
        let is_short =
            std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE);
        is_short
            .then(|| std::fs::read_to_string(path).ok())
            .flatten()
    });
    let names: Vec<String> = texts.flat_map(|text| names(&text)).collect();
    offered(typed, names.into_iter().map(|name| (name, String::new())))
}

/// The names of a file's profiles; sections of other kinds have a word before their names.
fn names(text: &str) -> Vec<String> {
    let headings = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix('[')?.split_once(']'));
    let names = headings.filter_map(|(heading, _)| {
        let mut words = heading.split_whitespace();
        match (words.next()?, words.next()) {
            ("profile", Some(name)) => Some(name.trim_matches(['"', '\'']).to_owned()),
            (name, None) => Some(name.to_owned()),
            _ => None,
        }
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_from_both_kinds_of_headings() {
        let text = "[default]\nregion = x\n [profile prod] # ours\n[profile \"two\"]\n[sso-session corp]\n[services s]\n[plain]\n[";
        assert_eq!(names(text), ["default", "prod", "two", "plain"]);
    }
}
