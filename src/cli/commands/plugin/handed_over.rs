//! What the AWS CLI and programs like it hand over: the answer to StartSession, and the request that it answers.
//!
//! Members that are `null` are unset ones. Nothing here is printed, and no token is kept.

use std::env;

use anyhow::anyhow;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::aws::{Access, address};
use crate::cli::args::parameters::Parameters;
use crate::service::{Entrance, Request, Started};

/// How the name of the variable begins that holds the answer to StartSession (source: awscli, sessionmanager.py).
const RESPONSE_VARIABLE: &str = "AWS_SSM_START_SESSION_RESPONSE";

/// The answer to StartSession. That of ECS has names that begin small (source: awscli, ecs/executecommand.py).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Response {
    #[serde(alias = "sessionId")]
    session_id: Option<String>,
    #[serde(alias = "streamUrl")]
    stream_url: Option<String>,
    #[serde(alias = "tokenValue")]
    token_value: Option<String>,
}

impl Response {
    /// The argument itself, or the variable that it names, which is then removed, so that no process started from here
    /// can read the token in it.
    ///
    /// # Errors
    /// It does not read, or names no session; the words hold none of it.
    #[expect(
        unsafe_code,
        reason = "removing a variable is only unsound beside other threads, and there are none yet"
    )]
    pub(super) fn take(argument: &str) -> Result<Self, anyhow::Error> {
        let text = match argument.starts_with(RESPONSE_VARIABLE) {
            false => argument.to_owned(),
            true => {
                let text = env::var(argument);
                // SAFETY: called before the runtime, the recorder or the terminal has started a thread.
                unsafe { env::remove_var(argument) };
                text.map_err(|_| anyhow!("the environment has no {argument}"))?
            }
        };
        let response: Self = serde_json::from_str(&text)
            .map_err(|_| anyhow!("the answer to StartSession does not read"))?;
        match response.session_id {
            Some(_) => Ok(response),
            None => Err(anyhow!("the answer to StartSession names no session")),
        }
    }

    /// The session, which is ended again unless somebody carries it, and whether there is a way into it.
    pub(super) fn into_started(self, access: &Access, endpoint: Option<&str>) -> (Started, bool) {
        let has_entrance = self.stream_url.is_some() && self.token_value.is_some();
        let entrance = Entrance {
            stream_url: self.stream_url.unwrap_or_default(),
            token: self.token_value.unwrap_or_default(),
        };
        let session_id = self.session_id.unwrap_or_default();
        let started = Started::handed_over(session_id, entrance, access, endpoint);
        (started, has_entrance)
    }
}

/// The request to StartSession; for ECS Exec only the target. Of a member that is not what it should be, the session that
/// runs already knows better, and goes on without.
///
/// # Errors
/// It is no object: nothing tells what was asked.
pub(super) fn request(text: &str) -> Result<Request, serde_json::Error> {
    let members: Map<String, Value> = match text {
        "" => Map::new(),
        text => serde_json::from_str::<Option<_>>(text)?.unwrap_or_default(),
    };
    let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
    let parameters = members.get("Parameters").and_then(Value::as_object);
    Ok(Request {
        target: text("Target").unwrap_or_default(),
        target_name: None,
        document: text("DocumentName"),
        reason: text("Reason").filter(|reason| !reason.is_empty()),
        parameters: parameters.map(values).unwrap_or_default(),
    })
}

fn values(parameters: &Map<String, Value>) -> Parameters {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    let list = |value: &Value| match value {
        Value::Array(values) => Some(values.iter().filter_map(one).collect()),
        value => one(value).map(|value| vec![value]),
    };
    let values = parameters.iter();
    values
        .filter_map(|(name, value)| Some((name.clone(), list(value)?)))
        .collect()
}

/// For ECS Exec the AWS CLI hands on the endpoint of ECS, where no session can be resumed or ended.
pub(super) fn is_of_ecs(endpoint: &str) -> bool {
    let url = address::parse(endpoint).ok();
    let host = url.and_then(|url| address::bare_host(&url));
    let host = host.unwrap_or_default();
    host.split('.')
        .any(|label| matches!(label, "ecs" | "ecs-fips"))
        && [
            ".amazonaws.com",
            ".amazonaws.com.cn",
            ".api.aws",
            ".api.amazonwebservices.com.cn",
        ]
        .iter()
        .any(|domain| host.ends_with(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_systems_manager_and_of_ecs_both_read() {
        for answer in [
            r#"{"SessionId": "s-1", "TokenValue": "t", "StreamUrl": "wss://x", "ResponseMetadata": {}}"#,
            r#"{"sessionId": "s-1", "streamUrl": "wss://x", "tokenValue": "t", "other": null}"#,
        ] {
            let response = Response::take(answer).unwrap();
            let (started, has_entrance) = response.into_started(&Access::default(), None);
            assert_eq!((started.session_id(), has_entrance), ("s-1", true));
            assert_eq!(started.entrance().token, "t");
            started.over();
        }
    }

    #[test]
    fn an_answer_with_unset_members_still_names_the_session_that_is_to_be_ended() {
        let response = Response::take(r#"{"SessionId": "s-1", "StreamUrl": null}"#).unwrap();
        let (started, has_entrance) = response.into_started(&Access::default(), None);
        assert_eq!((started.session_id(), has_entrance), ("s-1", false));
        started.over();
        for none in ["", "null", "[]", "{}", r#"{"SessionId": null}"#, "{\"S"] {
            assert!(Response::take(none).is_err(), "{none}");
        }
    }

    #[test]
    fn null_members_of_a_request_are_unset_ones_wherever_they_stand() {
        let unset = Request {
            target: "i-0abc".to_owned(),
            ..Request::default()
        };
        for text in [
            r#"{"Target":"i-0abc"}"#,
            r#"{"Target":"i-0abc","DocumentName":null,"Parameters":null,"Reason":null}"#,
            r#"{"Target":"i-0abc","Parameters":{"command":null},"Unknown":null}"#,
            r#"{"Target":"i-0abc","DocumentName":7,"Parameters":[],"Reason":""}"#,
        ] {
            assert_eq!(request(text).unwrap(), unset, "{text}");
        }
        let full = request(
            r#"{"Target":"i-0abc","DocumentName":"D","Parameters":{"portNumber":["80",null],"localPortNumber":8080,"x":"y"},"Reason":"r"}"#,
        )
        .unwrap();
        assert_eq!(full.parameters["portNumber"], ["80"]);
        assert_eq!(full.parameters["localPortNumber"], ["8080"]);
        assert_eq!(full.parameters["x"], ["y"]);
        assert_eq!(request("null").unwrap(), Request::default());
        assert_eq!(request("").unwrap(), Request::default());
        for none in ["[]", "7", "\"i-0abc\"", "{"] {
            assert!(request(none).is_err(), "{none}");
        }
    }

    #[test]
    fn the_endpoint_of_ecs_is_told_from_that_of_systems_manager() {
        assert!(is_of_ecs("https://ecs.eu-central-1.amazonaws.com"));
        assert!(is_of_ecs("https://ecs-fips.us-east-1.amazonaws.com/"));
        assert!(is_of_ecs(
            "https://vpce-1-a.ecs.eu-central-1.vpce.amazonaws.com"
        ));
        assert!(is_of_ecs("https://ecs.eu-central-1.api.aws"));
        assert!(!is_of_ecs("https://ssm.eu-central-1.amazonaws.com"));
        assert!(!is_of_ecs("http://127.0.0.1:4566"));
        assert!(!is_of_ecs("https://ecs.internal:8443"));
        for no_endpoint in ["", "ecs.", "https://", "https://ecs.x.amazonaws.com@h/"] {
            assert!(!is_of_ecs(no_endpoint), "{no_endpoint:?}");
        }
    }
}
