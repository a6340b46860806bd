//! The data channel of a recorded session: opened, announced, and carried between the person and the recorder.
//!
//! Nothing here starts a session or stores a recording.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use chrono::Local;
use formats::asciicast::Session;
use uuid::Uuid;

use super::Recorded;
use super::description::Description;
use super::error::Error;
use super::fed;
use super::interrupts::Interrupts;
use crate::recorder::Recorder;
use crate::service::{DEFAULT_DOCUMENT, Passed, Request, Service, Started};
use crate::session::channel::{self, Channel, Token};
use crate::session::console::{Console, Manner, Typing};
use crate::session::driver::connection::{self, Socket};
use crate::session::driver::{self, Facts, Outcome, Proof, Resume, Resumed, Settings};
use crate::settings::OnFailure;
use crate::spool::{Spool, backlog, delivery};
use crate::terminal;

/// How long the look into the spool may hold back the prompt, beyond the opening of the data channel.
const WORD_PATIENCE: Duration = Duration::from_millis(50);

impl Recorded<'_> {
    /// Opens the data channel and carries the session to its end. On failure nothing was exchanged.
    pub(super) async fn carry(
        &mut self,
        started: &Started,
        description: &Description,
        recorder: Recorder,
        mut interrupts: Interrupts,
    ) -> Result<Outcome, Error> {
        let backlog = self.ask_spool();
        let entrance = started.entrance();
        self.service.check_stream(entrance)?;
        let network = self.service.network();
        let opening = connection::open(&entrance.stream_url, network, connection::PATIENCE);
        let opened = interrupts.or(self.wait_for(opening)).await?;
        let socket = opened.map_err(Error::DataChannel)?;
        self.announce(&description.session, &backlog);
        let types = self.here.types();
        let person = person(
            types,
            (self.here.silent, self.here.no_input),
            self.here.label.clone(),
            self.here.manner.clone(),
            interrupts.into_signals(),
        )?;
        let channel = Channel::new(
            description.origin,
            &channel::Options {
                client_id: Uuid::new_v4(),
                message_ids: description.message_ids,
            },
        );
        let resume = Again {
            service: self.service.clone(),
            session_id: started.session_id(),
        };
        let keys = driver::data_keys::Keys::new(
            self.service.way(),
            started.session_id(),
            &description.session.target,
        );
        let in_force = self.admitted.settings();
        let settings = Settings {
            input_is_terminal: types,
            escape: in_force.session.escape,
            size: description.size,
            resume_limit: in_force.session.reconnect_limit,
            ping_interval: in_force.session.ping_interval,
            bind: self.here.bind.take(),
            reserved: self.here.reserved.take(),
            record_payload: in_force.record.payload,
            go_on_unrecorded: in_force.record.on_failure == OnFailure::Warn,
            proof: proof(self.admitted.request()),
            facts: self.facts(description),
            wall_millis: driver::wall_millis,
        };
        Ok(driver::run(
            (socket, Token::new(entrance.token.clone())),
            channel,
            recorder,
            person,
            (resume, keys),
            settings,
        )
        .await)
    }

    /// What the person is told who asks in the middle of it.
    fn facts(&self, description: &Description) -> Facts {
        let session = &description.session;
        let places = self.admitted.places();
        let file = places.spool.join(delivery::file_name(&session.session_id));
        let since = description.started.with_timezone(&Local);
        Facts {
            session_id: session.session_id.clone(),
            target: session.target.clone(),
            reason: session.reason.clone(),
            since: since.format("%Y-%m-%d %H:%M:%S %:z").to_string(),
            began: description.origin,
            recording: file.display().to_string(),
            store: places.store.location(),
        }
    }

    /// Says what there is to say before the terminal is raw.
    fn announce(&self, session: &Session, backlog: &mpsc::Receiver<Option<String>>) {
        if self.here.announced {
            return;
        }
        self.admitted.show_banner(self.here.banner, self.voice);
        if !self.here.banner {
            return;
        }
        // A spool on a disk that sleeps must not hold back the prompt.
        if let Ok(Some(word)) = backlog.recv_timeout(WORD_PATIENCE) {
            self.voice.say(&word);
        }
        let Session {
            session_id, target, ..
        } = session;
        let place = self.admitted.places().store.location();
        let label = self.here.label.as_ref();
        let label = label.map_or_else(String::new, |label| format!("{label}: "));
        self.voice.say(&format!(
            "{label}session {session_id} on {target} is being recorded to {place}"
        ));
        let is_fed = !self.here.silent && !self.here.no_input && !self.here.types();
        if is_fed && let Some(word) = fed::word(self.admitted.request()) {
            self.voice.say(&format!("{label}{word}"));
        }
    }

    /// Looks into the spool while the data channel is opened.
    #[expect(
        clippy::disallowed_methods,
        reason = "how long something has waited is told by the wall clock"
    )]
    fn ask_spool(&self) -> mpsc::Receiver<Option<String>> {
        let (tell, told) = mpsc::sync_channel(1);
        if self.here.banner && !self.here.announced {
            let spool = Spool::new(self.admitted.places().spool.clone());
            thread::spawn(move || tell.send(backlog::word(&spool, SystemTime::now())));
        }
        told
    }
}

/// What will show that a session came to an end of its own.
pub(super) fn proof(request: &Request) -> Proof {
    let separate = request.parameters.get("separateOutputStream");
    let separate = separate.and_then(|values| values.first());
    match request.document.as_deref() {
        _ if separate.is_some_and(|value| value.eq_ignore_ascii_case("true")) => Proof::Status,
        None | Some(DEFAULT_DOCUMENT) => Proof::Leaving,
        Some(_) => Proof::Nothing,
    }
}

/// The person's side. If somebody types, the terminal becomes raw once a shell has opened, until what this gives is
/// dropped.
fn person(
    types: bool,
    (silent, no_input): (bool, bool),
    label: Option<String>,
    manner: Manner,
    signals: terminal::Signals,
) -> Result<(Typing, Console, terminal::Signals), Error> {
    let cannot = |what| move |source| Error::Machine { what, source };
    terminal::install_panic_hook();
    let keys = match (silent, no_input) {
        (true, _) => Typing::Nobody,
        (false, true) => Typing::Nothing,
        (false, false) => Typing::Stdin(terminal::Keys::open().map_err(cannot("read stdin"))?),
    };
    let console = Console::open(types, label, manner).map_err(cannot("write to stdout"))?;
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
        let entrance = match self.service.resume(self.session_id).await {
            Ok(Some(entrance)) => entrance,
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
        if let Err(error) = self.service.check_stream(&entrance) {
            return Resumed::Failed(error.to_string());
        }
        let opened = connection::open(
            &entrance.stream_url,
            self.service.network(),
            connection::PATIENCE,
        );
        match opened.await {
            Ok(socket) => Resumed::Open(socket, Token::new(entrance.token)),
            Err(error) => Resumed::Failed(error.to_string()),
        }
    }
}
