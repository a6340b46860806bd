//! One recorded session: from the service's answer to a recording in the store.
//!
//! Every command that runs a session comes through here, so that none can run one that is not recorded. Nothing is
//! said while the terminal is raw; what there is to say waits for the end.

pub(crate) mod admission;
pub(crate) mod description;
pub(crate) mod forward;
pub(crate) mod forwards;
mod handover;
pub(crate) mod signature;

use std::fs;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, anyhow};
use formats::asciicast::Session;
use formats::manifest::Manifest;
use formats::payload::Size;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::cli::args::access::AccessArgs;
use crate::cli::ending;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::message;
use crate::recorded::description::Description;
use crate::recorded::handover::Handover;
use crate::recorder::{Flushed, Recorder};
use crate::service::{self, Caller, Request, Service, Started};
use crate::session::channel::{self, Channel, Token};
use crate::session::console::{Console, Typing};
use crate::session::driver::connection::{self, Socket};
use crate::session::driver::{self, End, Outcome, Report, Resume, Resumed, Settings};
use crate::session::port::Reserved;
use crate::settings::{self, OnFailure, Places};
use crate::signing::Signer;
use crate::spool::backlog::{self, Backlog};
use crate::spool::delivery::Delivery;
use crate::spool::live::{Live, Segments};
use crate::spool::{Claim, Spool};
use crate::store::{Directory, Store};
use crate::terminal;
use crate::words::{size, time};
use admission::Asking;

/// The terminal that a session has when there is none here, as the official client reports it.
const NO_TERMINAL: Size = Size {
    cols: 300,
    rows: 100,
};
/// How long the answer to "who am I" may hold back the session; the prompt takes about a second anyway.
const CALLER_PATIENCE: Duration = Duration::from_millis(500);
/// How long the look into the spool may hold back the prompt, beyond the opening of the data channel.
const WORD_PATIENCE: Duration = Duration::from_millis(50);
/// How long the last live segment may take beyond the recording itself.
const LIVE_PATIENCE: Duration = Duration::from_secs(2);
/// How long ending the session at the service may take once the terminal is the person's again.
const TERMINATE_PATIENCE: Duration = Duration::from_secs(5);

/// A session to be started and recorded.
pub(crate) struct Plan {
    pub(crate) settings: settings::Settings,
    pub(crate) request: Request,
    pub(crate) asking: Asking,
    pub(crate) banner: bool,
}

/// What a session has at this end.
#[derive(Debug, Default)]
pub(crate) struct Here {
    /// Keys are not for the session: it only forwards.
    pub(crate) silent: bool,
    /// Where a port session listens, instead of on localhost.
    pub(crate) bind: Option<String>,
    /// What listens already.
    pub(crate) reserved: Option<Reserved>,
    /// Which of several sessions it is.
    pub(crate) label: Option<String>,
    /// What signs the recording, where something is to.
    pub(crate) signer: Option<Arc<Signer>>,
}

impl Plan {
    /// Starts the session and records it to its end.
    pub(crate) fn run(self, here: Here, access: AccessArgs) -> CommandResult {
        let Self {
            settings,
            mut request,
            asking,
            banner,
        } = self;
        let (access, endpoint) = access.split();
        let places = settings.places_for(&access)?;
        prepare(&places)?;
        admission::admit(&settings, &mut request, asking)?;
        // One thread is quickest from key to socket: nothing has to be handed over.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let service = Service::open(&access, endpoint.as_deref())
                .await
                .map_err(refused)?;
            let here = Here {
                signer: signature::open(&settings, service.way()).await?,
                ..here
            };
            start(service, settings, places, request, here, banner).await
        })
    }
}

/// Starts one session and records it to its end.
pub(crate) async fn start(
    service: Service,
    settings: settings::Settings,
    places: Places,
    request: Request,
    here: Here,
    banner: bool,
) -> CommandResult {
    let caller = ask_caller(&service);
    let started = service.start(&request).await.map_err(refused)?;
    let mut description = Description::new(&service, &started, &request, size());
    name_caller(&mut description, caller).await;
    let session = Recorded {
        service,
        settings,
        places,
        description,
        banner,
        label: here.label.clone(),
    };
    session.run(started, here).await
}

/// Checks that spool and store can be written, before anything is asked of the service.
pub(crate) fn prepare(places: &Places) -> Result<(), Failure> {
    Store::Directory(Directory::new(places.spool.clone()))
        .probe()
        .map_err(|error| cannot_record(anyhow!(error).context("cannot use the spool")))?;
    places
        .store
        .probe()
        .map_err(|error| cannot_record(anyhow!(error).context("cannot use the store")))
}

/// The failure of a session that must not run, since it would leave no recording.
pub(crate) fn cannot_record(error: anyhow::Error) -> Failure {
    Failure::new(Status::CouldNotRecord, error)
        .hint("a session runs only while it is recorded; free space or name another place with --store or SSM_REC_SPOOL")
}

/// Asks who the credentials belong to, while the session is being started.
pub(crate) fn ask_caller(service: &Service) -> JoinHandle<Option<Caller>> {
    let service = service.clone();
    tokio::spawn(async move { service.caller().await.ok() })
}

/// Notes the answer, if it has come by now or comes in a moment; the manifest takes one that comes later.
pub(crate) async fn name_caller(
    description: &mut Description,
    mut caller: JoinHandle<Option<Caller>>,
) {
    match tokio::time::timeout(CALLER_PATIENCE, &mut caller).await {
        Ok(Ok(Some(caller))) => description.name_caller(&caller),
        Ok(_) => {}
        Err(_) => description.caller = Some(caller),
    }
}

/// What the service refused, with its status and what to do.
pub(crate) fn refused(error: service::Error) -> Failure {
    let status = if error.is_connection() {
        Status::ConnectionLost
    } else {
        Status::Refused
    };
    let hint = error.hint();
    let failure = Failure::new(status, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The terminal that the remote is told of.
pub(crate) fn size() -> Size {
    terminal::size().unwrap_or(NO_TERMINAL)
}

/// A session with a terminal, or with stdin and stdout in its place.
pub(crate) struct Recorded {
    pub(crate) service: Service,
    pub(crate) settings: settings::Settings,
    pub(crate) places: Places,
    pub(crate) description: Description,
    pub(crate) banner: bool,
    /// Which of several sessions it is.
    pub(crate) label: Option<String>,
}

impl Recorded {
    /// Runs it to its end and stores the recording.
    pub(crate) async fn run(mut self, started: Started, here: Here) -> CommandResult {
        let session_id = started.session_id.clone();
        let opened = admission::seal(&self.settings).and_then(|seal| {
            let options = self.settings.record.options(seal);
            self.description.open(&self.places, options)
        });
        let (recorder, claim) = match opened {
            Ok(opened) => opened,
            Err(failure) => {
                self.terminate(&session_id).await;
                return Err(failure);
            }
        };
        // The session's own way: nobody is asked for a second factor twice, or at the end.
        let store = self.places.store.by_way(self.service.way());
        let delivery = Delivery::new(store, &self.settings);
        let live = self.go_live(&delivery, &claim, recorder.flushed());
        let backlog = Backlog::begin(&delivery, Spool::new(self.places.spool.clone()));
        let types = !here.silent && terminal::stdin_is_terminal();
        let signer = here.signer.clone();
        let outcome = match self.carry(started, recorder, here).await {
            Ok(outcome) => outcome,
            Err((failure, recorder)) => {
                drop(recorder);
                // Nothing was exchanged, so there is nothing to keep.
                let _ = claim.remove();
                self.terminate(&session_id).await;
                return Err(failure);
            }
        };
        let Outcome {
            recorder,
            end,
            report,
        } = outcome;
        if types && ending::left_first(&end) {
            // The remote's last line is not ours to go on with.
            message::end_line();
        }
        // Said before the service is told, which may take its time.
        let mut ended = ending::told(&end);
        if ending::left_first(&end) {
            self.terminate(&session_id).await;
        }
        if let Some(unrecorded) = &report.unrecorded {
            if let Err(failure) = ended {
                message::failure(&failure);
            }
            ended = Err(ending::unrecorded(unrecorded));
        }
        let (manifest, signed) = self
            .finish(recorder, &end, &report, signer.as_deref())
            .await?;
        if let Some(live) = &live {
            live.end();
        }
        let handed = self.hand_over(delivery, claim, &manifest).await;
        if let Some(live) = live
            && let Some(refused) = live.wait(LIVE_PATIENCE).await
        {
            message::say(&format!("there are no live segments: {refused}"));
        }
        let others = backlog.stored();
        if self.banner && others > 0 {
            let recordings = if others == 1 {
                "recording"
            } else {
                "recordings"
            };
            message::say(&format!(
                "{others} {recordings} that had waited in the spool stored as well"
            ));
        }
        // What says least of the session is told first, so that what ends it stands last.
        if let Err(unsigned) = signed {
            if ended.is_ok() && handed.is_ok() {
                return Err(unsigned);
            }
            message::failure(&unsigned);
        }
        match (ended, handed) {
            (Ok(status), Ok(left)) => Ok(left.unwrap_or(status)),
            (Ok(_), Err(not_stored)) => Err(not_stored),
            (Err(failure), Ok(_)) => Err(failure),
            (Err(failure), Err(not_stored)) => {
                message::failure(&not_stored);
                Err(failure)
            }
        }
    }

    /// Opens the data channel and carries the session; on failure the recorder comes back unused.
    async fn carry(
        &self,
        started: Started,
        recorder: Recorder,
        here: Here,
    ) -> Result<Outcome, (Failure, Recorder)> {
        let word = self.ask_spool();
        let opened = connection::open(
            &started.stream_url,
            self.service.network(),
            connection::PATIENCE,
        )
        .await;
        let socket = match opened {
            Ok(socket) => socket,
            Err(error) => {
                let hint = error.hint();
                let failure = Failure::new(
                    Status::ConnectionLost,
                    anyhow!(error).context("cannot open the data channel"),
                )
                .hint(hint);
                return Err((failure, recorder));
            }
        };
        admission::show_banner(&self.settings, self.banner);
        if self.banner {
            // A spool on a disk that sleeps must not hold back the prompt.
            if let Ok(Some(word)) = word.recv_timeout(WORD_PATIENCE) {
                message::say(&word);
            }
            let Session {
                session_id, target, ..
            } = &self.description.session;
            let place = self.places.store.location();
            self.say(&format!(
                "session {session_id} on {target} is being recorded to {place}"
            ));
        }
        let types = !here.silent && terminal::stdin_is_terminal();
        let person = match person(types, here.silent, here.label) {
            Ok(person) => person,
            Err(error) => return Err((Failure::new(Status::Failure, error), recorder)),
        };
        let channel = Channel::new(
            self.description.origin,
            &channel::Options {
                client_id: Uuid::new_v4(),
                message_ids: self.description.message_ids,
            },
        );
        let resume = Again {
            service: self.service.clone(),
            session_id: &started.session_id,
        };
        let keys = driver::data_keys::Keys::new(
            self.service.way(),
            &started.session_id,
            &self.description.session.target,
        );
        let settings = Settings {
            input_is_terminal: types,
            escape: self.settings.session.escape,
            size: self.description.size,
            resume_limit: self.settings.session.reconnect_limit,
            ping_interval: self.settings.session.ping_interval,
            bind: here.bind,
            reserved: here.reserved,
            record_payload: self.settings.record.payload,
            go_on_unrecorded: self.settings.record.on_failure == OnFailure::Warn,
            wall_millis: driver::wall_millis,
        };
        Ok(driver::run(
            (socket, Token::new(started.token)),
            channel,
            recorder,
            person,
            (resume, keys),
            settings,
        )
        .await)
    }

    /// Begins to store live segments, if the settings say so. A session runs without them too.
    fn go_live(&self, delivery: &Delivery, claim: &Claim, flushed: Flushed) -> Option<Live> {
        let interval = self.settings.upload.live?;
        let session = &self.description.session;
        let segments = Segments {
            session_id: session.session_id.clone(),
            tags: delivery.tags(&Manifest::of_session(session)),
            number: 1,
        };
        let begun = fs::File::open(claim.path())
            .and_then(|file| Live::begin(delivery.store(), file, flushed, segments, interval));
        if let Err(error) = &begun {
            tracing::warn!(%error, "there are no live segments");
        }
        begun.ok()
    }

    /// Looks into the spool while the data channel is opened.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long something has waited is told by the wall clock"
    )]
    fn ask_spool(&self) -> mpsc::Receiver<Option<String>> {
        let (tell, told) = mpsc::sync_channel(1);
        if self.banner {
            let spool = Spool::new(self.places.spool.clone());
            thread::spawn(move || tell.send(backlog::word(&spool, SystemTime::now())));
        }
        told
    }

    /// Says something of this session.
    fn say(&self, text: &str) {
        message::say(&format!("{}{text}", self.label()));
    }

    /// What words about this session begin with.
    fn label(&self) -> String {
        let label = self.label.as_ref();
        label.map_or_else(String::new, |label| format!("{label}: "))
    }

    /// A session that the service still thinks is open would stay open until it times out.
    async fn terminate(&self, session_id: &str) {
        // It ends by itself in the end; the person waits for the prompt, and need not.
        tokio::select! {
            _ = tokio::time::timeout(TERMINATE_PATIENCE, self.service.terminate(session_id)) => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the end of a recording is a moment of its own"
    )]
    async fn finish(
        &mut self,
        recorder: Recorder,
        end: &End,
        report: &Report,
        signer: Option<&Signer>,
    ) -> Result<(Manifest, Result<(), Failure>), Failure> {
        let cannot_close =
            |error| cannot_record(anyhow::Error::from(error).context("cannot close the recording"));
        self.description.name_late_caller().await;
        let manifest = self
            .description
            .manifest(&self.service, ending::exit(end), report);
        let ended = recorder
            .end(Instant::now(), manifest)
            .map_err(cannot_close)?;
        let (signature, signed) = match signer {
            None => (None, Ok(())),
            Some(signer) => match signature::sign(signer, ended.to_sign()).await {
                Ok(signature) => (Some(signature), Ok(())),
                Err(error) => (None, Err(signature::unsigned(&error))),
            },
        };
        let manifest = ended.finish(signature).map_err(cannot_close)?;
        Ok((manifest, signed))
    }

    /// The recording goes into the store, or waits.
    async fn hand_over(
        &self,
        delivery: Delivery,
        claim: Claim,
        manifest: &Manifest,
    ) -> Result<Option<Status>, Failure> {
        let ended = self.banner.then(|| {
            let size =
                fs::metadata(claim.path()).map_or(manifest.sizes.compressed, |file| file.len());
            let lasted = Duration::from_micros(manifest.duration_us);
            format!(
                "{}session ended after {}, {} recorded",
                self.label(),
                time::write(lasted),
                size::write(size)
            )
        });
        let handover = Handover {
            delivery,
            claim,
            ended,
            session_id: manifest.session_id.clone(),
        };
        handover.run().await
    }
}

/// Takes the terminal: from here on it is raw if a person types, until what this gives is dropped.
fn person(
    types: bool,
    silent: bool,
    label: Option<String>,
) -> anyhow::Result<(Typing, Console, terminal::Signals)> {
    terminal::install_panic_hook();
    let signals = terminal::Signals::open().context("cannot listen for signals")?;
    let keys = match silent {
        true => Typing::Nobody,
        false => Typing::Stdin(terminal::Keys::open().context("cannot read stdin")?),
    };
    let raw_mode = match types {
        true => Some(terminal::RawMode::enter().context("cannot make the terminal raw")?),
        false => None,
    };
    let console = Console::open(raw_mode, label).context("cannot write to stdout")?;
    Ok((keys, console, signals))
}

/// The way back into this session.
struct Again<'a> {
    service: Service,
    session_id: &'a str,
}

impl Resume for Again<'_> {
    type Socket = Socket;

    async fn resume(&mut self) -> Resumed<Socket> {
        let started = match self.service.resume(self.session_id).await {
            Ok(Some(started)) => started,
            Ok(None) => {
                return Resumed::Over("the service says that the session is over".to_owned());
            }
            // What the person can do about it, such as signing in again, may be done while it is tried.
            Err(error) => {
                if error.is_credentials()
                    && let Ok(renewed) = self.service.renewed().await
                {
                    self.service = renewed;
                }
                return Resumed::Failed(match error.hint() {
                    Some(hint) if !error.is_connection() => format!("{error}: {hint}"),
                    _ => error.to_string(),
                });
            }
        };
        let opened = connection::open(
            &started.stream_url,
            self.service.network(),
            connection::PATIENCE,
        );
        match opened.await {
            Ok(socket) => Resumed::Open(socket, Token::new(started.token)),
            Err(error) => Resumed::Failed(error.to_string()),
        }
    }
}
