//! Forwarded ports side by side: each is a session of its own with a recording of its own, all in one process.
//!
//! No session is started before every local port is taken. One that ends, or that is refused, is told and leaves the
//! others alone.

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::admission::{self, Admitted};
use super::error::Error;
use super::forward::Forward;
use super::interrupts::Interrupts;
use super::plan::{self, Plan, runtime};
use super::verdict::Ending;
use super::voice::Voice;
use super::{Here, Recorded, signature};
use crate::service::{Passed, Request, Service};
use crate::session::port::Reserved;
use crate::words::causes;

/// Runs all of them to their end. What it comes to is the result of the first forward, in the order of the flags, that
/// failed.
pub(crate) fn run(plan: Plan, forwards: &[Forward], voice: &dyn Voice) -> Result<Ending, Error> {
    let prepared = admission::prepare(plan.settings, plan.places)?;
    let mut admitted: Vec<Admitted> = Vec::new();
    for forward in forwards {
        let (document, parameters) = forward.request();
        // A reason that was asked for is good for all.
        let first = admitted.first().map_or(&plan.request, Admitted::request);
        let request = Request {
            document,
            parameters,
            ..first.clone()
        };
        admitted.push(prepared.admit(request, plan.asking, voice)?);
    }
    runtime()?.block_on(async {
        let mut reserved = Vec::new();
        for forward in forwards {
            let listen = forward.listen(plan.bind.as_deref());
            reserved.push(Reserved::open(&listen).await.map_err(Error::Listen)?);
        }
        let mut interrupts = Interrupts::open()?;
        let opening = Service::open(&plan.access, plan.endpoint.as_deref());
        let service = interrupts.or(opening).await??;
        let opening = signature::open(
            prepared.settings(),
            async || Ok(service.way().clone()),
            voice,
        );
        let signer = interrupts.or(opening).await??;
        let aiming = plan::aim(
            (&plan.target, &service),
            plan.remember.as_ref(),
            plan.banner,
            voice,
        );
        let aimed = interrupts.or(aiming).await??;
        admitted.iter_mut().for_each(|one| one.aim(aimed.clone()));
        let many = forwards.len() > 1;
        let mut sessions = FuturesUnordered::new();
        for (number, (admitted, reserved)) in admitted.into_iter().zip(reserved).enumerate() {
            let here = Here {
                silent: true,
                reserved: Some(reserved),
                label: many.then(|| forwards[number].text().to_owned()),
                manner: plan.manner.clone(),
                banner: plan.banner,
                signer: signer.clone(),
                ..Here::default()
            };
            let interrupts = Interrupts::open()?;
            let session = Recorded::new(service.clone(), admitted, here, voice);
            sessions.push(async move { (number, session.start(interrupts).await) });
        }
        let mut failed: Option<(usize, Result<Ending, Error>)> = None;
        while let Some((number, mut result)) = sessions.next().await {
            if many {
                result =
                    result.map_err(|error| told(error, forwards, number, sessions.len(), voice));
            }
            let went_well = matches!(result, Ok(Ending::Closed));
            if !went_well && failed.as_ref().is_none_or(|(first, _)| number < *first) {
                failed = Some((number, result));
            }
        }
        failed.map_or(Ok(Ending::Closed), |(_, result)| result)
    })
}

/// Says at once that one of several has failed.
fn told(
    error: Error,
    forwards: &[Forward],
    number: usize,
    others: usize,
    voice: &dyn Voice,
) -> Error {
    if matches!(error, Error::Signal(_)) {
        return error;
    }
    let label = forwards[number].text();
    voice.say(&format!("{label}: {}", causes(&error)));
    if others > 0 {
        voice.say(&format!("{others} of {} forwards go on", forwards.len()));
    }
    Error::Told(Box::new(error))
}
