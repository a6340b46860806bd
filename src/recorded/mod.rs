//! One recorded session: from a request that was let pass to a recording in the store.
//!
//! Every command that runs a session comes through here, so that none can run one that is not recorded. Nothing is
//! said while the terminal is raw; what there is to say waits for the end.

pub(crate) mod admission;
mod conversation;
mod description;
pub(crate) mod error;
mod fed;
pub(crate) mod forward;
pub(crate) mod forwards;
mod handover;
pub(crate) mod here;
pub(crate) mod interrupts;
pub(crate) mod plan;
pub(crate) mod signature;
pub(crate) mod takeover;
pub(crate) mod target;
pub(crate) mod verdict;
pub(crate) mod voice;

use std::cell::Cell;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use formats::manifest::{Exit, Manifest};
use formats::recording::Signed;
use formats::signature::Purpose;

use crate::recorder::Recorder;
use crate::service::{Passed, Service, Started};
use crate::session::console::Manner;
use crate::session::driver::{End, Outcome, Proof, Report};
use crate::session::port::Reserved;
use crate::signing::Signer;
use crate::spool::{Spool, continuity};
use crate::terminal;
use crate::words::printable;
use admission::Admitted;
use description::{Asked, Description};
use error::{Error, Unsigned};
use handover::Handover;
use interrupts::Interrupts;
use verdict::{Aftermath, Ending};
use voice::Voice;

/// A start that takes longer is worth a word.
const TELL_AFTER: Duration = Duration::from_millis(500);

/// How long the end of a session may take for what is derived from it. A session of 100 MB at the agent's pace takes a
/// hundredth of it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same where somebody wants to go.
const LEFT_PATIENCE: Duration = Duration::from_millis(40);
/// The number of SIGHUP: nobody waits behind a terminal that is gone.
const HANG_UP: u8 = 1;

/// What a session has at this end.
#[derive(Debug, Default)]
pub(crate) struct Here {
    /// Keys are not for the session: it only forwards.
    pub(crate) silent: bool,
    /// Stdin is somebody else's: for the session it is at its end.
    pub(crate) no_input: bool,
    /// Where a port session listens, instead of on localhost.
    pub(crate) bind: Option<String>,
    /// What listens already.
    pub(crate) reserved: Option<Reserved>,
    /// Which of several sessions it is.
    pub(crate) label: Option<String>,
    /// Whose words stand around the session.
    pub(crate) manner: Manner,
    /// Whether to say more than what goes wrong.
    pub(crate) banner: bool,
    /// The session was announced before its data channel was opened.
    pub(crate) announced: bool,
    /// What signs the recording, where something is to.
    pub(crate) signer: Option<Arc<Signer>>,
}

impl Here {
    /// Whether a person types into the session.
    fn types(&self) -> bool {
        !self.silent && !self.no_input && terminal::stdin_is_terminal()
    }
}

/// When a session was over, by both clocks: what follows, from telling the service to the last signature, takes its time.
pub(crate) struct Over {
    at: Instant,
    clock: DateTime<Utc>,
    /// How long what is derived from the recording may take.
    patience: Duration,
}

impl Over {
    #[expect(
        clippy::disallowed_methods,
        reason = "the end of a recording is where both clocks are read"
    )]
    fn now<E>(end: &End<E>) -> Self {
        Self {
            at: Instant::now(),
            clock: Utc::now(),
            patience: match end {
                End::Signal(HANG_UP) => PATIENCE,
                End::Left | End::Signal(_) => LEFT_PATIENCE,
                _ => PATIENCE,
            },
        }
    }
}

/// A recording that is closed, and how it ends, byte for byte.
pub(crate) struct Closed {
    manifest: Manifest,
    ending: Signed,
}

/// A session that may run, with a terminal or with stdin and stdout in its place.
pub(crate) struct Recorded<'a> {
    service: Service,
    admitted: Admitted,
    here: Here,
    caller: Option<Asked>,
    voice: &'a dyn Voice,
    /// The person was told that it takes its time.
    told: Cell<bool>,
}

impl<'a> Recorded<'a> {
    /// Asks for nothing but who is asking.
    pub(crate) fn new(
        service: Service,
        admitted: Admitted,
        here: Here,
        voice: &'a dyn Voice,
    ) -> Self {
        Self {
            caller: Some(description::ask_caller(&service)),
            service,
            admitted,
            here,
            voice,
            told: Cell::new(false),
        }
    }

    /// Waits for `work`, with a word to the person, once, when it takes its time.
    async fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if let Ok(done) = tokio::time::timeout(TELL_AFTER, &mut work).await {
            return done;
        }
        let is_seen = self.here.banner && terminal::stderr_is_terminal();
        if is_seen && !self.here.announced && !self.told.replace(true) {
            let target = printable(&self.admitted.request().target);
            self.voice.say(&format!("starting a session on {target}…"));
        }
        work.await
    }

    /// Starts it, runs it to its end and stores the recording.
    pub(crate) async fn start(self, mut interrupts: Interrupts) -> Result<Ending, Error> {
        let starting = self.wait_for(self.service.start(&self.admitted));
        let started = interrupts.or_undo(starting).await??;
        self.run(started, interrupts).await
    }

    /// Runs what has been started to its end and stores the recording.
    pub(crate) async fn run(
        mut self,
        started: Started,
        mut interrupts: Interrupts,
    ) -> Result<Ending, Error> {
        let (id, request) = (started.session_id(), self.admitted.request());
        let mut description = Description::new(&self.service, id, request, self.caller.take());
        interrupts.or(description.name_caller()).await?;
        let naming = description.name_target(&self.service);
        let without_target = interrupts.or(naming).await?;
        let (mut recorder, claim, written) = description.open(&self.admitted)?;
        if let Some(words) = without_target {
            recorder
                .marker(description.origin, words)
                .map_err(Error::Close)?;
            if self.here.banner {
                self.voice.say(words);
            }
        }
        let handover = Handover::begin(
            &self.admitted,
            self.service.way(),
            &Manifest::of_session(&description.session),
            &claim,
            recorder.flushed(),
        );
        let carried = self.carry(&started, &description, recorder, interrupts);
        let Outcome {
            recorder,
            end,
            report,
        } = match carried.await {
            Ok(outcome) => outcome,
            Err(error) => {
                // Nothing was exchanged, so there is nothing to keep.
                let _ = claim.remove();
                return Err(error);
            }
        };
        let over = Over::now(&end);
        self.voice.over(&end, &report);
        let (exit, left_first) = (description::exit(&end), verdict::left_first(&end));
        let is_shell = conversation::proof(self.admitted.request()) != Proof::Status;
        let verdict = verdict::at_the_end(
            end,
            self.here.types(),
            is_shell && report.open,
            report.unrecorded.clone(),
        );
        // Said before the service is told, which may take its time.
        let ended = verdict.of(self.here.label.as_deref()).tell(self.voice);
        if left_first {
            // It ends by itself in the end, if it could not be told.
            let _ = started.end().await;
        } else {
            started.over();
        }
        let (closed, signed) = self
            .close((recorder, over), description, exit, &report)
            .await?;
        let (label, banner) = (self.here.label.as_deref(), self.here.banner);
        let stored = handover
            .store((claim, written), closed, label, banner, self.voice)
            .await;
        let (not_live, others) = handover.end().await;
        let after = Aftermath {
            signed,
            stored,
            not_live,
            others: if banner { others } else { 0 },
        };
        verdict::at_last(ended, after).tell(self.voice)
    }

    /// Closes the recording, signed where it is to be. A signature that is not made does not hold it back.
    async fn close(
        &self,
        (recorder, over): (Recorder, Over),
        mut description: Description,
        exit: Exit,
        report: &Report,
    ) -> Result<(Closed, Result<(), Unsigned>), Error> {
        description.name_late_caller().await;
        let manifest = description.manifest(&self.service, exit, report, &over);
        let session_id = manifest.session_id.clone();
        let mut ended = recorder
            .end(over.at, manifest, over.patience)
            .map_err(Error::Close)?;
        let spool = Spool::new(self.admitted.places().spool.clone());
        ended.place(continuity::take(&spool, &session_id));
        let bytes = ended.to_sign().to_vec();
        let signed = match &self.here.signer {
            None => Ok(None),
            Some(signer) => {
                signature::sign(signer, (Purpose::Recording, ended.to_sign()), self.voice)
                    .await
                    .map(Some)
            }
        };
        let (signature, signed) = match signed {
            Ok(signature) => (signature, Ok(())),
            Err(unsigned) => (None, Err(unsigned)),
        };
        let manifest = ended.finish(signature.clone()).map_err(Error::Close)?;
        continuity::finished(&spool, &session_id, &bytes);
        let ending = Signed {
            manifest: bytes,
            signature: signature.unwrap_or_default(),
        };
        Ok((Closed { manifest, ending }, signed))
    }
}
