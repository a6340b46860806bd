//! The account's preferences for sessions in a region, as the content of their document tells them.
//!
//! Nothing here changes them, and where a session logs to by itself is not read.

use serde_json::Value;

use super::{DEFAULT_DOCUMENT, Error, Service, Subject};

/// What the account wants of every shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The KMS key that encrypts sessions between target and client.
    pub key: Option<String>,
    /// After how many minutes without input a session ends, as the document has it.
    pub idle_minutes: Option<String>,
    /// After how many minutes it ends in any case.
    pub longest_minutes: Option<String>,
}

impl Service {
    /// The preferences of this region; `None` where the account has none of its own.
    ///
    /// # Errors
    /// The service refuses or cannot be reached, or its document does not read.
    pub async fn preferences(&self) -> Result<Option<Preferences>, Error> {
        let document = DEFAULT_DOCUMENT.to_owned();
        let asked = self.ssm.get_document().name(&document).send().await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(error) => {
                return match self.error(&error, Subject::Caller) {
                    Error::Refused { code, .. } if code == "InvalidDocument" => Ok(None),
                    error => Err(error),
                };
            }
        };
        let message = "its content is no session preferences".to_owned();
        let content = answer.content.as_deref().unwrap_or_default();
        match parse(content) {
            Some(preferences) => Ok(Some(preferences)),
            None => Err(Error::InvalidDocument { document, message }),
        }
    }
}

/// Source: Session document schema, `inputs` of a document of type `Standard_Stream`.
fn parse(content: &str) -> Option<Preferences> {
    let content: Value = serde_json::from_str(content).ok()?;
    let inputs = content.get("inputs")?.as_object()?;
    let said = |name: &str| {
        let text = inputs.get(name).and_then(Value::as_str)?;
        (!text.trim().is_empty()).then(|| text.to_owned())
    };
    Some(Preferences {
        key: said("kmsKeyId"),
        idle_minutes: said("idleSessionTimeout"),
        longest_minutes: said("maxSessionDuration"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_empty_is_not_said() {
        let said = r#"{"sessionType":"Standard_Stream","inputs":{"kmsKeyId":"alias/s","idleSessionTimeout":"20","maxSessionDuration":""}}"#;
        assert_eq!(
            parse(said),
            Some(Preferences {
                key: Some("alias/s".to_owned()),
                idle_minutes: Some("20".to_owned()),
                longest_minutes: None,
            })
        );
        assert_eq!(parse(r#"{"inputs":{}}"#), Some(Preferences::default()));
        for other in ["", "[]", r#"{"inputs":[]}"#, r#"{"mainSteps":[]}"#] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
