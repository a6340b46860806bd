//! What comes over HTTP: calls in JSON and in STS's query protocol, and the websocket's upgrade.
//!
//! Nothing here checks a signature: whoever reaches the loopback interface may call. What a call does is in `operations`.

mod operations;

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

use crate::connection;
use crate::identity;
use crate::log::Call;
use crate::message;
use crate::registry::Registry;
use operations::{Answer, DATA_CHANNEL};

/// So many seconds off, a signature is still taken.
const MAX_SKEW: u64 = 300;
/// The longest request taken.
const MAX_BODY: usize = 1024 * 1024;

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
        let ahead = registry.options.faults.clock_ahead;
        let (status, answer) = match ahead.unsigned_abs() {
            0..=MAX_SKEW => identity::sts(
                &registry.options.account,
                &form,
                key.as_deref().unwrap_or_default(),
            ),
            _ => identity::skewed(),
        };
        let response = with_headers(status, "text/xml", Uuid::new_v4(), answer);
        (action, Value::Null, response)
    } else {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = operations::call(
            &registry,
            &target,
            &body,
            region.as_deref(),
            key.as_deref().unwrap_or_default(),
        )
        .await;
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
    Ok(dated(&registry, response))
}

/// The service's own time, where it is another than this machine's.
fn dated(registry: &Registry, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let ahead = registry.options.faults.clock_ahead;
    let by = Duration::from_secs(ahead.unsigned_abs());
    let now = match ahead {
        0 => return response,
        1.. => SystemTime::now() + by,
        _ => SystemTime::now() - by,
    };
    if let Ok(date) = HeaderValue::from_str(&message::http_date(now)) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
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
