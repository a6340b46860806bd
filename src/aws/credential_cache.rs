//! The temporary credentials that the AWS CLI keeps in `~/.aws/cli/cache`, read and written as it does.
//!
//! One MFA code then lasts for both programs, and under the plugin's name the session is resumed and ended as the very
//! caller that started it. The folder is the AWS CLI's; a file is for its owner alone, and nothing but these is touched.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_sdk_sts::config::Credentials;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// The longest file that is read.
const MAX_FILE: u64 = 64 * 1024;

/// The cache's folder.
#[derive(Clone, Debug)]
pub(super) struct CredentialCache {
    folder: PathBuf,
}

/// What tells one file from another (source: botocore, `AssumeRoleCredentialFetcher`).
#[derive(Serialize)]
pub(super) struct Call<'a> {
    // In the order of the alphabet, as botocore sorts them.
    #[serde(rename = "DurationSeconds", skip_serializing_if = "Option::is_none")]
    pub(super) duration_seconds: Option<i32>,
    #[serde(rename = "ExternalId", skip_serializing_if = "Option::is_none")]
    pub(super) external_id: Option<&'a str>,
    #[serde(rename = "RoleArn")]
    pub(super) role_arn: &'a str,
    #[serde(rename = "RoleSessionName", skip_serializing_if = "Option::is_none")]
    pub(super) role_session_name: Option<&'a str>,
    #[serde(rename = "SerialNumber", skip_serializing_if = "Option::is_none")]
    pub(super) serial_number: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    credentials: Stored,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    expiration: String,
}

impl CredentialCache {
    /// Where the AWS CLI has it; `None` without a home.
    pub(super) fn of_the_cli() -> Option<Self> {
        let home = directories::BaseDirs::new()?;
        Some(Self {
            folder: home.home_dir().join(".aws").join("cli").join("cache"),
        })
    }

    /// What is there, if it can be read and lasts for a while longer. Anything else counts as nothing: it is a cache.
    pub(super) fn read(
        &self,
        call: &Call<'_>,
        now: SystemTime,
        lasts: Duration,
    ) -> Option<Credentials> {
        let file = fs::File::open(self.path(call)).ok()?;
        let mut text = String::new();
        file.take(MAX_FILE).read_to_string(&mut text).ok()?;
        let stored = serde_json::from_str::<File>(&text).ok()?.credentials;
        let expires = parse_time(&stored.expiration)?;
        (expires > now + lasts).then(|| {
            Credentials::new(
                stored.access_key_id,
                stored.secret_access_key,
                Some(stored.session_token),
                Some(expires),
                "aws-cli-cache",
            )
        })
    }

    /// Keeps temporary credentials. That it could not be done costs one more question later, and nothing else.
    pub(super) fn write(&self, call: &Call<'_>, credentials: &Credentials) -> Option<()> {
        let expires: DateTime<Utc> = credentials.expiry()?.into();
        let file = File {
            credentials: Stored {
                access_key_id: credentials.access_key_id().to_owned(),
                secret_access_key: credentials.secret_access_key().to_owned(),
                session_token: credentials.session_token()?.to_owned(),
                expiration: expires.format("%Y-%m-%dT%H:%M:%SUTC").to_string(),
            },
        };
        make_private(&self.folder).ok()?;
        // Made for the owner alone, and put in place whole.
        let mut writing = tempfile::NamedTempFile::new_in(&self.folder).ok()?;
        writing
            .write_all(serde_json::to_string(&file).ok()?.as_bytes())
            .ok()?;
        writing.persist(self.path(call)).ok()?;
        Some(())
    }

    fn path(&self, call: &Call<'_>) -> PathBuf {
        self.folder.join(format!("{}.json", key(call)))
    }
}

/// The SHA-1 of the call as Python writes it in JSON: a space behind each comma and colon, ASCII only.
fn key(call: &Call<'_>) -> String {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, Spaced);
    // Strings and a number: nothing in a call can fail to be written.
    let _ = call.serialize(&mut serializer);
    let mut ascii = String::new();
    for c in String::from_utf8_lossy(&json).chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Sha1::digest(ascii.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        writer.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Two forms are about: with the zone's name, as Python writes it, and with its offset.
fn parse_time(text: &str) -> Option<SystemTime> {
    let text = match text.strip_suffix("UTC") {
        Some(text) => format!("{text}Z"),
        None => text.to_owned(),
    };
    Some(DateTime::parse_from_rfc3339(&text).ok()?.into())
}

fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call<'static> {
        Call {
            duration_seconds: None,
            external_id: None,
            role_arn: "arn:aws:iam::123456789012:role/ops",
            role_session_name: None,
            serial_number: Some("arn:aws:iam::123456789012:mfa/ada"),
        }
    }

    #[test]
    fn the_key_is_the_one_that_the_aws_cli_makes() {
        // sha1(json.dumps({...}, sort_keys=True)) by Python.
        assert_eq!(key(&call()), "7eec48d6efc738b4cd4245bbc11bbe0ac2c58210");
        let full = Call {
            duration_seconds: Some(3600),
            external_id: Some("é🚀\"x"),
            role_session_name: Some("ada"),
            ..call()
        };
        assert_eq!(key(&full), "4e21cf79f360e8487825c264dc4ec7667404c496");
    }

    #[test]
    fn what_is_written_is_read_until_it_expires_and_is_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CredentialCache {
            folder: folder.path().join("cli/cache"),
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let expires = now + Duration::from_secs(3600);
        let made = Credentials::new("ASIA", "s", Some("t".to_owned()), Some(expires), "test");
        cache.write(&call(), &made).unwrap();
        let minute = Duration::from_secs(60);
        let read = cache.read(&call(), now, minute).unwrap();
        assert_eq!(read.access_key_id(), "ASIA");
        assert_eq!(read.session_token(), Some("t"));
        assert_eq!(read.expiry(), Some(expires));
        assert!(cache.read(&call(), expires - minute, minute).is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(cache.path(&call())), 0o600);
            assert_eq!(mode(cache.folder.clone()), 0o700);
        }
        fs::write(cache.path(&call()), "{\"Credentials\": 7}").unwrap();
        assert!(cache.read(&call(), now, minute).is_none());
    }

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        let wanted = parse_time("2026-11-24T12:00:00+00:00");
        assert!(wanted.is_some());
        assert_eq!(parse_time("2026-11-24T12:00:00UTC"), wanted);
        assert_eq!(parse_time("soon"), None);
    }
}
