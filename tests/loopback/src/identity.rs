//! Who gives out credentials: STS, the SSO portal, the metadata of an instance and of a container.
//!
//! Nothing here proves anything: each answers with keys of its own name, so that a test sees which one was used.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::message::iso_date;

/// The one MFA code that is accepted.
pub const MFA_CODE: &str = "842971";
/// What the SSO portal takes for a sign-in.
pub const SSO_TOKEN: &str = "sso-token";
const LASTS: Duration = Duration::from_secs(3600);
const IMDS_TOKEN: &str = "imds-token";

/// Whose this access key is: `AKIAUSER` and a name are a user's, `ASIAROLE` and a name a role's, all others the operator's.
pub(crate) fn arn(account: &str, key: &str) -> String {
    match (key.strip_prefix("ASIAROLE"), key.strip_prefix("AKIAUSER")) {
        (Some(role), _) => format!("arn:aws:sts::{account}:assumed-role/{role}/operator"),
        (_, Some(user)) => format!("arn:aws:iam::{account}:user/{user}"),
        _ => format!("arn:aws:iam::{account}:user/operator"),
    }
}

/// STS speaks the query protocol and answers XML. `key` is who asks.
pub(crate) fn sts(account: &str, form: &str, key: &str) -> (StatusCode, String) {
    let form: BTreeMap<String, String> = form
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect();
    let value = |name: &str| form.get(name).map(String::as_str);
    match value("Action") {
        Some("GetCallerIdentity") => {
            let arn = arn(account, key);
            success(
                "GetCallerIdentity",
                &format!(
                    "<Arn>{arn}</Arn><UserId>AIDALOOPBACKEXAMPLE00</UserId><Account>{account}</Account>"
                ),
            )
        }
        Some("AssumeRole") => {
            let role = value("RoleArn").unwrap_or_default();
            let name = role.rsplit('/').next().unwrap_or_default();
            let wants_mfa = name.contains("mfa");
            match (value("SerialNumber"), value("TokenCode")) {
                (Some(_), Some(MFA_CODE)) => {}
                (Some(_), _) => {
                    return failure(
                        "AccessDenied",
                        "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
                    );
                }
                (None, _) if wants_mfa => {
                    return failure(
                        "AccessDenied",
                        &format!(
                            "User is not authorized to perform: sts:AssumeRole on resource: {role}"
                        ),
                    );
                }
                (None, _) => {}
            }
            let lasts = value("DurationSeconds")
                .and_then(|seconds| seconds.parse().ok())
                .map_or(LASTS, Duration::from_secs);
            let expires = iso_date(SystemTime::now() + lasts);
            success(
                "AssumeRole",
                &format!(
                    "<Credentials><AccessKeyId>ASIAROLE{name}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>{expires}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:{key}</AssumedRoleId><Arn>arn:aws:sts::{account}:assumed-role/{name}/s</Arn></AssumedRoleUser>"
                ),
            )
        }
        _ => failure("InvalidAction", "Could not find operation"),
    }
}

/// What STS says of a signature by another clock.
pub(crate) fn skewed() -> (StatusCode, String) {
    failure(
        "SignatureDoesNotMatch",
        "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)",
    )
}

fn success(action: &str, result: &str) -> (StatusCode, String) {
    let id = Uuid::new_v4();
    (
        StatusCode::OK,
        format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

fn failure(code: &str, message: &str) -> (StatusCode, String) {
    let id = Uuid::new_v4();
    let status = match code {
        "AccessDenied" => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    (
        status,
        format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
        ),
    )
}

/// What is asked for by path: the name of the operation and the answer; `None` for any other path.
pub(crate) fn by_path(
    method: &Method,
    path: &str,
    header: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, Response<Full<Bytes>>)> {
    let expires = iso_date(SystemTime::now() + LASTS);
    let keys = |name: &str| {
        json!({
            "Code": "Success",
            "Type": "AWS-HMAC",
            "AccessKeyId": format!("ASIA{name}"),
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": expires,
        })
        .to_string()
    };
    let role = "/latest/meta-data/iam/security-credentials";
    let extended = "/latest/meta-data/iam/security-credentials-extended";
    let path = path.trim_end_matches('/');
    let authorized = || header("x-aws-ec2-metadata-token").as_deref() == Some(IMDS_TOKEN);
    let (operation, status, body) = match path {
        "/latest/api/token" if method == Method::PUT => {
            let mut response = answer(StatusCode::OK, IMDS_TOKEN.to_owned());
            response.headers_mut().insert(
                "x-aws-ec2-metadata-token-ttl-seconds",
                hyper::header::HeaderValue::from_static("21600"),
            );
            return Some(("ImdsToken", response));
        }
        _ if path.starts_with("/latest/") && !authorized() => {
            ("Imds", StatusCode::UNAUTHORIZED, String::new())
        }
        _ if path.starts_with(extended) => ("Imds", StatusCode::NOT_FOUND, String::new()),
        _ if path == role => ("Imds", StatusCode::OK, "bastion".to_owned()),
        _ if path.starts_with(role) => ("ImdsCredentials", StatusCode::OK, keys("INSTANCE")),
        "/container" => ("ContainerCredentials", StatusCode::OK, keys("CONTAINER")),
        "/federation/credentials" => {
            let signed_in = header("x-amz-sso_bearer_token").as_deref() == Some(SSO_TOKEN);
            let millis = SystemTime::now() + LASTS;
            let millis = millis
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis();
            let body = json!({ "roleCredentials": {
                "accessKeyId": "ASIASSO",
                "secretAccessKey": "secret",
                "sessionToken": "token",
                "expiration": u64::try_from(millis).unwrap_or(0),
            }});
            if signed_in {
                ("GetRoleCredentials", StatusCode::OK, body.to_string())
            } else {
                let mut response = answer(
                    StatusCode::UNAUTHORIZED,
                    json!({ "message": "Session token not found or invalid" }).to_string(),
                );
                response.headers_mut().insert(
                    "x-amzn-errortype",
                    hyper::header::HeaderValue::from_static("UnauthorizedException"),
                );
                return Some(("GetRoleCredentials", response));
            }
        }
        _ => return None,
    };
    Some((operation, answer(status, body)))
}

fn answer(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = text
            .get(at + 1..at + 3)
            .filter(|_| bytes[at] == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
