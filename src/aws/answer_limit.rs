//! Answers of services, taken within a size and a time: what is asked for is told in a few kilobytes.
//!
//! Nothing here touches the objects of a bucket, which are as large as they are; whoever reads them has limits of his own.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use http_body::Body as _;

/// The longest answer: a page of a listing has a thousand keys of a kilobyte, and each may be written out in XML.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How long a service may take to answer, from the first byte that is sent to the last one that comes.
const MAX_TIME: Duration = Duration::from_secs(60);

/// Whether what is asked for is an object of a bucket, or the call sends one: those alone bear a digest of their content
/// (Signature 4 for S3), and only what reads one without listing has an answer of any size.
pub(super) fn is_of_objects(request: &HttpRequest) -> bool {
    request.headers().get("x-amz-content-sha256").is_some()
}

/// Waits for an answer and takes all of it.
///
/// # Errors
/// As the call; or it is too long, or takes too long.
pub(super) async fn whole(
    call: impl Future<Output = Result<HttpResponse, ConnectorError>>,
) -> Result<HttpResponse, ConnectorError> {
    let taken = tokio::time::timeout(MAX_TIME, async { take(call.await?).await });
    taken
        .await
        .unwrap_or_else(|_| Err(ConnectorError::timeout("it does not answer in time".into())))
}

/// All of an answer that has begun.
pub(super) async fn take(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let mut bytes = Vec::new();
    loop {
        let body = answer.body_mut();
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        let frame = match frame {
            None => break,
            Some(frame) => frame.map_err(ConnectorError::io)?,
        };
        // Trailers are nothing to us.
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > MAX_ANSWER {
                return Err(ConnectorError::other(
                    "its answer is far longer than any that it has".into(),
                    None,
                ));
            }
            bytes.extend_from_slice(&data);
        }
    }
    *answer.body_mut() = bytes.into();
    Ok(answer)
}
