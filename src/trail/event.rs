//! One record of CloudTrail, as far as it tells of a session.
//!
//! Nothing here knows files; a record that tells of no session gives no event, and neither does a call that failed.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A session was started.
    Started {
        /// An instance, a managed node; of a container `ecs:CLUSTER_TASK`.
        target: Option<String>,
        /// Name of the session document.
        document: Option<String>,
        /// Why.
        reason: Option<String>,
    },
    /// It was taken up again.
    Resumed,
    /// It was ended.
    Ended,
}

/// Something was done to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub deed: Deed,
    /// To which.
    pub session_id: String,
    /// When, by the provider's clock.
    pub at: DateTime<Utc>,
    /// The ARN of whoever did it.
    pub by: Option<String>,
    /// In which account.
    pub account: Option<String>,
    /// In which region.
    pub region: Option<String>,
}

/// What is read of a record; all else of it is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record {
    event_time: String,
    event_source: String,
    event_name: String,
    aws_region: Option<String>,
    recipient_account_id: Option<String>,
    error_code: Option<String>,
    user_identity: Identity,
    request_parameters: Value,
    response_elements: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identity {
    arn: Option<String>,
    account_id: Option<String>,
}

impl Record {
    /// What it tells of a session.
    pub(super) fn event(self) -> Option<Event> {
        if self.error_code.is_some() {
            return None;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let (asked, answer) = (&self.request_parameters, &self.response_elements);
        let (session_id, deed) = match (self.event_source.as_str(), self.event_name.as_str()) {
            ("ssm.amazonaws.com", "StartSession") => (
                text(&answer["sessionId"])?,
                Deed::Started {
                    target: text(&asked["target"]),
                    document: text(&asked["documentName"]),
                    reason: text(&asked["reason"]),
                },
            ),
            ("ecs.amazonaws.com", "ExecuteCommand") => (
                text(&answer["session"]["sessionId"])?,
                Deed::Started {
                    target: container(asked, answer),
                    document: None,
                    reason: None,
                },
            ),
            ("ssm.amazonaws.com", "ResumeSession") => (
                text(&asked["sessionId"]).or_else(|| text(&answer["sessionId"]))?,
                Deed::Resumed,
            ),
            ("ssm.amazonaws.com", "TerminateSession") => (
                text(&asked["sessionId"]).or_else(|| text(&answer["sessionId"]))?,
                Deed::Ended,
            ),
            _ => return None,
        };
        let at = DateTime::parse_from_rfc3339(&self.event_time).ok()?;
        Some(Event {
            deed,
            session_id,
            at: at.to_utc(),
            by: self.user_identity.arn,
            account: self.recipient_account_id.or(self.user_identity.account_id),
            region: self.aws_region,
        })
    }
}

/// Systems Manager names a container by its cluster, its task and its own id, which the call does not tell.
fn container(asked: &Value, answer: &Value) -> Option<String> {
    let last = |arn: &Value, name: &Value| {
        let whole = arn.as_str().or_else(|| name.as_str())?;
        whole.rsplit('/').next().map(str::to_owned)
    };
    let cluster = last(&answer["clusterArn"], &asked["cluster"])?;
    let task = last(&answer["taskArn"], &asked["task"])?;
    Some(format!("ecs:{cluster}_{task}"))
}
