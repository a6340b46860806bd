//! What each call of Systems Manager, KMS and ECS does and answers.
//!
//! Nothing here knows HTTP, but for the path of the data channel that StartSession names.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::agent;
use crate::faults::Refusal;
use crate::history;
use crate::identity;
use crate::line::{self, ToAgent};
use crate::nodes;
use crate::options::Tls;
use crate::registry::{self, Registry, Resumption};
use crate::targets;
use crate::work::Kind;

/// Where the websocket of a session is, before its id.
pub(super) const DATA_CHANNEL: &str = "/v1/data-channel/";
const DEFAULT_DOCUMENT: &str = "SSM-SessionManagerRunShell";
const ECS_TASK: &str = "arn:aws:ecs:eu-central-1:123456789012:task/fleet/0a1b2c3d";

/// The body of an answer, or the error in its place.
pub(super) type Answer = Result<Value, Refusal>;

/// The seam for further services: each is one prefix of `X-Amz-Target`.
pub(super) async fn call(
    registry: &Arc<Registry>,
    target: &str,
    body: &Value,
    region: Option<&str>,
    key: &str,
) -> Answer {
    match target {
        "TrentService.GenerateDataKey" => generate_data_key(registry, body, region).await,
        "AmazonSSM.StartSession" => start(registry, body, key).await,
        "AmazonSSM.ResumeSession" => resume(registry, body).await,
        "AmazonSSM.TerminateSession" => {
            let who = identity::arn(&registry.options.account, key);
            terminate(registry, body, &who, region.unwrap_or_default()).await
        }
        "AmazonSSM.GetDocument" => preferences(registry, body),
        "AmazonSSM.DescribeSessions" => history::describe(registry, body, region),
        "AmazonSSM.DescribeInstanceInformation" => nodes::describe(registry, body),
        "AmazonEC2ContainerServiceV20141113.DescribeTasks" => Ok(ecs_tasks()),
        "AmazonEC2ContainerServiceV20141113.ExecuteCommand" => {
            ecs_execute(registry, body, key).await
        }
        "TrentService.GetPublicKey" => registry.signing.public_key(body),
        "TrentService.Sign" => registry.signing.sign(body),
        _ => {
            Err(Refusal::named("UnknownOperationException")
                .saying("The operation is not known here."))
        }
    }
}

/// The account's preferences are a document, and there is none where nobody has set any.
fn preferences(registry: &Registry, body: &Value) -> Answer {
    let name = body["Name"].as_str().unwrap_or_default();
    match &registry.options.encryption {
        Some(encryption) if name == DEFAULT_DOCUMENT => {
            let content = json!({
                "schemaVersion": "1.0",
                "sessionType": "Standard_Stream",
                "inputs": {
                    "kmsKeyId": encryption.key_id,
                    "idleSessionTimeout": "20",
                    "maxSessionDuration": "",
                },
            });
            Ok(json!({ "Name": name, "DocumentFormat": "JSON", "Content": content.to_string() }))
        }
        _ => Err(Refusal::named("InvalidDocument")
            .saying(format!("Document with name {name} does not exist."))),
    }
}

/// The session's target is named by the context, and with it what goes wrong.
async fn generate_data_key(registry: &Registry, body: &Value, region: Option<&str>) -> Answer {
    let mut options = registry.options.clone();
    let target = body["EncryptionContext"]["aws:ssm:TargetId"].as_str();
    targets::apply(target.unwrap_or_default(), &mut options);
    tokio::time::sleep(options.faults.data_key_after).await;
    match options.faults.data_key {
        Some(refusal) => Err(refusal),
        None => registry.kms.generate_data_key(
            body,
            &registry.options.account,
            region.unwrap_or_default(),
        ),
    }
}

async fn start(registry: &Arc<Registry>, body: &Value, key: &str) -> Answer {
    let owner = identity::arn(&registry.options.account, key);
    let request = parse_start(body, owner)?;
    let mut options = registry.options.clone();
    targets::apply(&request.target, &mut options);
    tokio::time::sleep(options.faults.answer_after).await;
    if let Some(refusal) = &options.faults.start
        && registry.refuse_start(&request.target, refusal)
    {
        return Err(refusal.clone());
    }
    if !["i-", "mi-", "ecs:"]
        .iter()
        .any(|prefix| request.target.starts_with(prefix))
    {
        return Err(Refusal::named("TargetNotConnected")
            .saying(format!("{} is not connected.", request.target)));
    }
    let kind = Kind::of(&request.document, &request.parameters)
        .map_err(|message| Refusal::named("InvalidParameters").saying(message))?
        .ok_or_else(|| {
            Refusal::named("InvalidDocument").saying(format!(
                "Document with name {} does not exist.",
                request.document
            ))
        })?;
    let options = Arc::new(options);
    let (agent, commands) = line::channel();
    let (id, token) = registry.add(&request, options.clone(), agent);
    agent::spawn(
        registry.clone(),
        id.clone(),
        request.target,
        kind,
        options,
        commands,
    );
    Ok(session_answer(registry, &id, Some(token)))
}

fn parse_start(body: &Value, owner: String) -> Result<registry::Request, Refusal> {
    let invalid = |message: &str| Refusal::named("ValidationException").saying(message);
    let target = body["Target"].as_str().unwrap_or_default();
    if !(1..=400).contains(&target.len()) {
        return Err(invalid(
            "Value at 'target' failed to satisfy constraint: Member must have length between 1 and 400",
        ));
    }
    let reason = match &body["Reason"] {
        Value::Null => None,
        reason => {
            let reason = reason.as_str().unwrap_or_default();
            if !(1..=256).contains(&reason.chars().count()) {
                return Err(invalid(
                    "Value at 'reason' failed to satisfy constraint: Member must have length between 1 and 256",
                ));
            }
            Some(reason.to_owned())
        }
    };
    let parameters: BTreeMap<String, Vec<String>> = match &body["Parameters"] {
        Value::Null => BTreeMap::new(),
        parameters => serde_json::from_value(parameters.clone())
            .map_err(|_| invalid("Value at 'parameters' is not a map of lists of text"))?,
    };
    Ok(registry::Request {
        target: target.to_owned(),
        document: body["DocumentName"]
            .as_str()
            .unwrap_or(DEFAULT_DOCUMENT)
            .to_owned(),
        parameters,
        reason,
        owner,
    })
}

async fn resume(registry: &Registry, body: &Value) -> Answer {
    let id = session_id(body)?;
    match registry.resume(&id) {
        Resumption::Token(token) => {
            let after = registry.options.faults.answer_after;
            tokio::time::sleep(after).await;
            Ok(session_answer(registry, &id, Some(token)))
        }
        Resumption::Over => Ok(session_answer(registry, &id, None)),
        Resumption::Refused(refusal) => Err(refusal),
        Resumption::Unknown => Err(no_session(&id)),
    }
}

/// How long what is asked of the service takes to get to the agent.
const WAY_TO_THE_AGENT: Duration = Duration::from_millis(50);

async fn terminate(registry: &Registry, body: &Value, who: &str, region: &str) -> Answer {
    let id = session_id(body)?;
    if let Some(refusal) = registry.history.refuse_to_end(&id, who, region) {
        return Err(refusal);
    }
    let Some(agent) = registry.terminate(&id) else {
        return match registry.history.end(&id) {
            true => Ok(json!({ "SessionId": id })),
            false => Err(no_session(&id)),
        };
    };
    // It comes to the agent by another way than the data channel, and later than what the client has sent there before.
    tokio::spawn(async move {
        tokio::time::sleep(WAY_TO_THE_AGENT).await;
        // A session that is over already has no agent to hear it, and the call succeeds all the same.
        let _ = agent.send(ToAgent::Terminate).await;
    });
    Ok(json!({ "SessionId": id }))
}

/// One task with one container, whatever was asked for.
fn ecs_tasks() -> Value {
    json!({ "tasks": [{
        "taskArn": ECS_TASK,
        "containers": [{ "name": "web", "runtimeId": "0a1b2c3d4e5f-0001" }],
    }], "failures": [] })
}

/// ECS starts the session by itself and hands on what StartSession answered, in names that begin small.
async fn ecs_execute(registry: &Arc<Registry>, body: &Value, key: &str) -> Answer {
    let command = body["command"].as_str().unwrap_or_default();
    let request = json!({
        "Target": "ecs:fleet_0a1b2c3d_0a1b2c3d4e5f-0001",
        "DocumentName": "AWS-StartInteractiveCommand",
        "Parameters": { "command": [command] },
    });
    let started = start(registry, &request, key).await?;
    Ok(json!({
        "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/fleet",
        "taskArn": ECS_TASK,
        "containerName": "web",
        "interactive": true,
        "session": {
            "sessionId": started["SessionId"],
            "streamUrl": started["StreamUrl"],
            "tokenValue": started["TokenValue"],
        },
    }))
}

fn session_answer(registry: &Registry, id: &str, token: Option<String>) -> Value {
    let scheme = match registry.options.tls {
        Tls::None => "ws",
        Tls::DataChannel | Tls::Everywhere => "wss",
    };
    json!({
        "SessionId": id,
        "StreamUrl": format!("{scheme}://{}{DATA_CHANNEL}{id}?role=publish_subscribe", registry.authority),
        "TokenValue": token.unwrap_or_default(),
    })
}

fn session_id(body: &Value) -> Result<String, Refusal> {
    body["SessionId"]
        .as_str()
        .filter(|id| (1..=96).contains(&id.len()))
        .map(str::to_owned)
        .ok_or_else(|| {
            Refusal::named("ValidationException").saying("Value at 'sessionId' failed to satisfy constraint: Member must have length between 1 and 96")
        })
}

fn no_session(id: &str) -> Refusal {
    Refusal::named("DoesNotExistException").saying(format!("Session {id} does not exist."))
}
