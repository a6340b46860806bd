//! A session as it is asked for: admitted, started, and carried to its end.
//!
//! Nothing is asked of the service for what cannot be recorded.

use std::pin::pin;

use super::admission::{self, Asking};
use super::error::Error;
use super::interrupts::Interrupts;
use super::target::{self, Aimed, Target};
use super::verdict::Ending;
use super::voice::Voice;
use super::{Here, Recorded, TELL_AFTER, signature};
use crate::aws::Access;
use crate::service::{Request, Service};
use crate::session::console::Manner;
use crate::settings::{Places, Settings};
use crate::targets::Place;
use crate::terminal;
use crate::words::printable;

/// A session to be started and recorded.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) places: Places,
    /// What is asked, but for its target.
    pub(crate) request: Request,
    pub(crate) target: Target,
    /// Where it is remembered that it was used.
    pub(crate) remember: Option<Place>,
    pub(crate) asking: Asking,
    /// Where the service is.
    pub(crate) access: Access,
    pub(crate) endpoint: Option<String>,
    /// Where a port session listens, instead of on localhost.
    pub(crate) bind: Option<String>,
    /// Whose words stand around it.
    pub(crate) manner: Manner,
    /// Stdin is somebody else's.
    pub(crate) no_input: bool,
    /// Whether to say more than what goes wrong.
    pub(crate) banner: bool,
}

impl Plan {
    /// Starts the session and records it to its end.
    pub(crate) fn run(self, voice: &dyn Voice) -> Result<Ending, Error> {
        let mut admitted = admission::prepare(self.settings, self.places)?.admit(
            self.request,
            self.asking,
            voice,
        )?;
        runtime()?.block_on(async {
            let mut interrupts = Interrupts::open()?;
            let opening = Service::open(&self.access, self.endpoint.as_deref());
            let service = interrupts.or(opening).await??;
            let aiming = aim(
                (&self.target, &service),
                self.remember.as_ref(),
                self.banner,
                voice,
            );
            admitted.aim(interrupts.or(aiming).await??);
            let opening = signature::open(
                admitted.settings(),
                async || Ok(service.way().clone()),
                voice,
            );
            let signer = interrupts.or(opening).await??;
            let here = Here {
                bind: self.bind,
                no_input: self.no_input,
                manner: self.manner,
                banner: self.banner,
                signer,
                ..Here::default()
            };
            let session = Recorded::new(service, admitted, here, voice);
            session.start(interrupts).await
        })
    }
}

/// Which target is meant; of one that was looked up it is said which.
pub(super) async fn aim(
    (target, service): (&Target, &Service),
    remember: Option<&Place>,
    banner: bool,
    voice: &dyn Voice,
) -> Result<Aimed, Error> {
    let mut finding = pin!(target.find(service));
    let found = match tokio::time::timeout(TELL_AFTER, &mut finding).await {
        Ok(found) => found,
        Err(_) => {
            if banner && terminal::stderr_is_terminal() {
                voice.say(&format!("looking for {}…", printable(&target.text())));
            }
            finding.await
        }
    };
    match found {
        Ok((aimed, node)) => {
            if let Some(node) = node.filter(|_| banner) {
                let name = printable(&target.text());
                voice.say(&format!("{name} is {}", target::line(&node)));
            }
            if let Some(place) = remember {
                place.use_of(&aimed.id, aimed.name.as_deref());
            }
            Ok(aimed)
        }
        Err(Error::Ambiguous { named, nodes }) => {
            for line in target::lines(&nodes) {
                voice.say(&line);
            }
            Err(Error::Ambiguous { named, nodes })
        }
        Err(error) => Err(error),
    }
}

/// One thread is quickest from key to socket: nothing has to be handed over.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Machine {
            what: "start the runtime",
            source,
        })
}
