//! The calls over HTTP: Systems Manager's JSON, STS's query protocol, and the websocket's upgrade.
//!
//! Nothing here checks a signature: whoever reaches the loopback interface may call.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use uuid::Uuid;

use crate::agent;
use crate::connection;
use crate::faults::Refusal;
use crate::identity;
use crate::line::{self, ToAgent};
use crate::log::Call;
use crate::options::Tls;
use crate::registry::{self, Registry, Resumption};
use crate::targets;
use crate::work::Kind;

/// The longest request taken.
const MAX_BODY: usize = 1024 * 1024;
const DEFAULT_DOCUMENT: &str = "SSM-SessionManagerRunShell";
const ECS_TASK: &str = "arn:aws:ecs:eu-central-1:123456789012:task/fleet/0a1b2c3d";
const DATA_CHANNEL: &str = "/v1/data-channel/";

type Answer = Result<Value, Refusal>;

/// Answers one request; errors are answers too.
pub(crate) async fn answer(
    registry: Arc<Registry>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let authorization = header_text(&request, "authorization").unwrap_or_default();
    let scope = |part| authorization.split('/').nth(part).map(str::to_owned);
    let region = scope(2);
    let key = scope(0).and_then(|text| Some(text.split_once("Credential=")?.1.to_owned()));
    let by_path = identity::by_path(request.method(), request.uri().path(), |name| {
        header_text(&request, name)
    });
    if let Some((operation, response)) = by_path {
        registry.note_call(Call {
            at: registry.elapsed(),
            operation: operation.to_owned(),
            body: Value::Null,
            region,
            key,
            status: response.status().as_u16(),
        });
        return Ok(response);
    }
    if request.method() == Method::GET {
        return Ok(upgrade(registry, request));
    }
    let target = header_text(&request, "x-amz-target").unwrap_or_default();
    let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let body = body.to_bytes();
    let (operation, body, response) = if target.is_empty() {
        let form = String::from_utf8_lossy(&body).into_owned();
        let action = form_value(&form, "Action").unwrap_or_default();
        tokio::time::sleep(registry.options.faults.identity_after).await;
        let (status, answer) = identity::sts(
            &registry.options.account,
            &form,
            key.as_deref().unwrap_or_default(),
        );
        let response = with_headers(status, "text/xml", Uuid::new_v4(), answer);
        (action, Value::Null, response)
    } else {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = call(&registry, &target, &body, region.as_deref()).await;
        let operation = target.split('.').next_back().unwrap_or_default().to_owned();
        (operation, body, json_response(answer))
    };
    registry.note_call(Call {
        at: registry.elapsed(),
        operation,
        body,
        region,
        key,
        status: response.status().as_u16(),
    });
    Ok(response)
}

/// The seam for further services: each is one prefix of `X-Amz-Target`.
async fn call(
    registry: &Arc<Registry>,
    target: &str,
    body: &Value,
    region: Option<&str>,
) -> Answer {
    match target {
        "TrentService.GenerateDataKey" => generate_data_key(registry, body, region).await,
        "AmazonSSM.StartSession" => start(registry, body).await,
        "AmazonSSM.ResumeSession" => resume(registry, body).await,
        "AmazonSSM.TerminateSession" => terminate(registry, body).await,
        "AmazonSSM.DescribeSessions" => describe(registry, body),
        "AmazonEC2ContainerServiceV20141113.DescribeTasks" => Ok(ecs_tasks()),
        "AmazonEC2ContainerServiceV20141113.ExecuteCommand" => ecs_execute(registry, body).await,
        "TrentService.GetPublicKey" => registry.signing.public_key(body),
        "TrentService.Sign" => registry.signing.sign(body),
        _ => Err(refusal(
            "UnknownOperationException",
            "The operation is not known here.",
        )),
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

async fn start(registry: &Arc<Registry>, body: &Value) -> Answer {
    let request = parse_start(body)?;
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
        return Err(refusal(
            "TargetNotConnected",
            &format!("{} is not connected.", request.target),
        ));
    }
    let kind = Kind::of(&request.document, &request.parameters)
        .map_err(|message| refusal("InvalidParameters", &message))?
        .ok_or_else(|| {
            refusal(
                "InvalidDocument",
                &format!("Document with name {} does not exist.", request.document),
            )
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

fn parse_start(body: &Value) -> Result<registry::Request, Refusal> {
    let invalid = |message: &str| refusal("ValidationException", message);
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

async fn terminate(registry: &Registry, body: &Value) -> Answer {
    let id = session_id(body)?;
    let agent = registry.terminate(&id).ok_or_else(|| no_session(&id))?;
    // A session that is over already has no agent to hear it, and the call succeeds all the same.
    let _ = agent.send(ToAgent::Terminate).await;
    Ok(json!({ "SessionId": id }))
}

fn describe(registry: &Registry, body: &Value) -> Answer {
    let active = match body["State"].as_str() {
        Some("Active") => true,
        Some("History") => false,
        _ => {
            return Err(refusal(
                "ValidationException",
                "Value at 'state' failed to satisfy constraint: Member must satisfy enum value set: [Active, History]",
            ));
        }
    };
    let mut filters = BTreeMap::new();
    for filter in body["Filters"].as_array().into_iter().flatten() {
        let key = filter["key"].as_str().unwrap_or_default();
        filters.insert(key, filter["value"].as_str().unwrap_or_default());
    }
    let owner = format!("arn:aws:iam::{}:user/operator", registry.options.account);
    let seconds = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO)
            .as_secs_f64()
    };
    let from = body["NextToken"]
        .as_str()
        .and_then(|token| token.parse().ok())
        .unwrap_or(0);
    let most = body["MaxResults"].as_u64().unwrap_or(50).clamp(1, 200) as usize;
    let found: Vec<Value> = registry
        .descriptions()
        .into_iter()
        .filter(|session| session.ended.is_none() == active)
        .filter(|session| {
            filters.iter().all(|(key, value)| match *key {
                "Target" => session.log.target == *value,
                "SessionId" => session.log.id == *value,
                "Owner" => owner == *value,
                _ => true,
            })
        })
        .map(|session| {
            let status = match (session.ended, session.log.terminated) {
                (Some(_), _) => "Terminated",
                (None, true) => "Terminating",
                (None, false) if session.attached => "Connected",
                (None, false) => "Connecting",
            };
            let mut line = json!({
                "SessionId": session.log.id,
                "Target": session.log.target,
                "Status": status,
                "StartDate": seconds(session.started),
                "DocumentName": session.log.document,
                "Owner": owner,
                "OutputUrl": { "S3OutputUrl": "", "CloudWatchOutputUrl": "" },
            });
            if let Some(reason) = session.log.reason {
                line["Reason"] = reason.into();
            }
            if let Some(ended) = session.ended {
                line["EndDate"] = seconds(ended).into();
            }
            line
        })
        .collect();
    let mut answer = json!({ "Sessions": found.iter().skip(from).take(most).collect::<Vec<_>>() });
    if from + most < found.len() {
        answer["NextToken"] = (from + most).to_string().into();
    }
    Ok(answer)
}

/// One task with one container, whatever was asked for.
fn ecs_tasks() -> Value {
    json!({ "tasks": [{
        "taskArn": ECS_TASK,
        "containers": [{ "name": "web", "runtimeId": "0a1b2c3d4e5f-0001" }],
    }], "failures": [] })
}

/// ECS starts the session by itself and hands on what StartSession answered, in names that begin small.
async fn ecs_execute(registry: &Arc<Registry>, body: &Value) -> Answer {
    let command = body["command"].as_str().unwrap_or_default();
    let request = json!({
        "Target": "ecs:fleet_0a1b2c3d_0a1b2c3d4e5f-0001",
        "DocumentName": "AWS-StartInteractiveCommand",
        "Parameters": { "command": [command] },
    });
    let started = start(registry, &request).await?;
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

fn upgrade(registry: Arc<Registry>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let Some(id) = request.uri().path().strip_prefix(DATA_CHANNEL) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let id = id.to_owned();
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let accept = derive_accept_key(key.as_bytes());
    tokio::spawn(async move {
        // A client that leaves before the upgrade has nothing to be told.
        if let Ok(upgraded) = hyper::upgrade::on(request).await {
            connection::serve(registry, id, upgraded).await;
        }
    });
    let mut response = plain(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
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
            refusal(
                "ValidationException",
                "Value at 'sessionId' failed to satisfy constraint: Member must have length between 1 and 96",
            )
        })
}

fn no_session(id: &str) -> Refusal {
    refusal(
        "DoesNotExistException",
        &format!("Session {id} does not exist."),
    )
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal {
        message: message.to_owned(),
        ..Refusal::named(code)
    }
}

fn json_response(answer: Answer) -> Response<Full<Bytes>> {
    let id = Uuid::new_v4();
    let kind = "application/x-amz-json-1.1";
    match answer {
        Ok(body) => with_headers(StatusCode::OK, kind, id, body.to_string()),
        Err(refusal) => {
            let status =
                StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            // The service writes the text of this one error under a capital letter.
            let text = if refusal.code == "AccessDeniedException" {
                "Message"
            } else {
                "message"
            };
            let body = json!({ "__type": refusal.code, text: refusal.message });
            let mut response = with_headers(status, kind, id, body.to_string());
            if let Ok(code) = HeaderValue::from_str(&refusal.code) {
                response.headers_mut().insert("x-amzn-errortype", code);
            }
            response
        }
    }
}

fn with_headers(
    status: StatusCode,
    kind: &'static str,
    request_id: Uuid,
    body: String,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn header_text(request: &Request<Incoming>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

/// A value of a form; what this service reads of one needs no decoding.
fn form_value(form: &str, name: &str) -> Option<String> {
    form.split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
