//! Forwarded ports side by side: each is a session of its own with a recording of its own, all in one process.
//!
//! Every local port is taken before any session is started. One session that ends, or that is refused, is told and leaves
//! the others alone.

use anyhow::anyhow;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::cli::args::access::AccessArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::admission;
use crate::recorded::forward::Forward;
use crate::recorded::signature;
use crate::recorded::{self, Here, Plan, refused};
use crate::service::{Request, Service};
use crate::session::port::Reserved;

/// Runs all of them to their end. The status is that of the first forward, in the order of the flags, that failed.
pub(crate) fn run(
    plan: Plan,
    forwards: &[Forward],
    bind: Option<&str>,
    access: AccessArgs,
) -> CommandResult {
    let Plan {
        settings,
        request,
        asking,
        banner,
    } = plan;
    let (access, endpoint) = access.split();
    let places = settings.places_for(&access)?;
    recorded::prepare(&places)?;
    let mut requests: Vec<Request> = Vec::new();
    for forward in forwards {
        let (document, parameters) = forward.request();
        let mut request = Request {
            document,
            parameters,
            // A reason that was asked for is good for all.
            reason: requests
                .first()
                .map_or(&request, |first| first)
                .reason
                .clone(),
            ..request.clone()
        };
        admission::admit(&settings, &mut request, asking)?;
        requests.push(request);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut reserved = Vec::new();
        for forward in forwards {
            let listen = forward.listen(bind);
            let port = Reserved::open(&listen).await.map_err(|error| {
                Failure::from(anyhow!(error))
                    .hint("name another local port, or 0 to have one picked")
            })?;
            reserved.push(port);
        }
        let service = Service::open(&access, endpoint.as_deref())
            .await
            .map_err(refused)?;
        let signer = signature::open(&settings, service.way()).await?;
        let many = forwards.len() > 1;
        let mut sessions: FuturesUnordered<_> = requests
            .into_iter()
            .zip(reserved)
            .enumerate()
            .map(|(number, (request, reserved))| {
                let label = many.then(|| forwards[number].text().to_owned());
                let here = Here {
                    silent: true,
                    reserved: Some(reserved),
                    label: label.clone(),
                    signer: signer.clone(),
                    ..Here::default()
                };
                let session = recorded::start(
                    service.clone(),
                    settings.clone(),
                    places.clone(),
                    request,
                    here,
                    banner,
                );
                async move { (number, label, session.await) }
            })
            .collect();
        let mut failed: Option<(usize, CommandResult)> = None;
        while let Some((number, label, result)) = sessions.next().await {
            let others = sessions.len();
            if let (Some(label), Err(failure)) = (&label, &result) {
                message::say(&format!("{label}: {:#}", failure.error));
                if others > 0 {
                    message::say(&format!("{others} of {} forwards go on", forwards.len()));
                }
            }
            let went_well = matches!(result, Ok(Status::Success));
            if !went_well && failed.as_ref().is_none_or(|(first, _)| number < *first) {
                failed = Some((number, result));
            }
        }
        match failed {
            None => Ok(Status::Success),
            // It was told when it happened.
            Some((_, Err(failure))) if many => Ok(failure.status),
            Some((_, result)) => result,
        }
    })
}
