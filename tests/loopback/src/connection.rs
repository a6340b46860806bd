//! One websocket of a client: its opening message, then messages both ways through a line that may be bad.
//!
//! Nothing here reads an agent message; that is the agent's business.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use formats::AgentMessage;
use formats::payload::OpenDataChannel;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::faults::Garbage;
use crate::garbage;
use crate::line::{Line, ToAgent, ToClient};
use crate::log::KEPT;
use crate::registry::{Admission, Registry, take_cut};
use crate::relay::Relay;
use crate::socket::Socket;

/// How long a client may take for its opening message.
const OPENING: Duration = Duration::from_secs(10);
/// How long the service waits for the client to close its side at the end.
const LINGER: Duration = Duration::from_secs(2);
/// How many stream messages wait for the socket before the agent has to.
const QUEUED: usize = 256;
/// How many messages are handed to the socket before it is flushed.
const BATCH: usize = 64;
/// A time that never comes, for timers that are off.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

type Websocket = WebSocketStream<Socket>;

/// Why a connection ends.
enum Ending {
    /// The session is over.
    Over,
    /// The client went away, or another connection took its place.
    Gone,
    /// A fault: with a reset, or not.
    Cut { reset: bool },
}

/// Serves one websocket until it ends.
pub(crate) async fn serve(registry: Arc<Registry>, id: String, upgraded: Upgraded) {
    let Ok(parts) = upgraded.downcast::<TokioIo<Socket>>() else {
        return;
    };
    let mut websocket = WebSocketStream::from_partially_read(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        Role::Server,
        None,
    )
    .await;
    let opening = tokio::time::timeout(OPENING, read_opening(&mut websocket)).await;
    let admission = opening
        .ok()
        .flatten()
        .and_then(|opening| registry.admit(&id, &opening));
    let Some(admission) = admission else {
        // Best effort: the client learns the same from the end of the connection.
        let _ = websocket.close(None).await;
        return;
    };
    run(&registry, &id, websocket, &admission).await;
}

async fn read_opening(websocket: &mut Websocket) -> Option<OpenDataChannel> {
    match websocket.next().await? {
        Ok(Message::Text(text)) => serde_json::from_str(&text).ok(),
        _ => None,
    }
}

async fn run(registry: &Registry, id: &str, websocket: Websocket, admission: &Admission) {
    let connection = admission.connection;
    let faults = &admission.options.faults;
    let (control, control_queue) = mpsc::unbounded_channel();
    let (data, data_queue) = mpsc::channel(QUEUED);
    let line = Line {
        connection,
        control,
        data,
    };
    if admission.agent.send(ToAgent::Attach(line)).await.is_err() {
        return;
    }
    let silent_at = Instant::now() + faults.silent_after.unwrap_or(NEVER);
    let seed = admission
        .options
        .seed
        .wrapping_mul(1_000_003)
        .wrapping_add(connection * 2);
    let (sink, mut stream) = websocket.split();
    let mut writer = Writer {
        registry,
        id,
        admission,
        sink,
        relay: Relay::new(faults.to_client.clone(), seed),
        control: control_queue,
        data: data_queue,
        silent_at,
        sent: 0,
        garbage: faults.garbage.iter().copied(),
    };
    let reader = read(
        &mut stream,
        Relay::new(faults.to_agent.clone(), seed + 1),
        admission,
        silent_at,
    );
    let cut_after = faults.cut.as_ref().and_then(|cut| cut.every);
    let ending = tokio::select! {
        ending = writer.run() => ending,
        () = reader => Ending::Gone,
        ending = cut_at(admission, cut_after) => ending,
    };
    if let Ok(websocket) = stream.reunite(writer.sink) {
        finish(websocket, ending).await;
    }
    // The agent may be gone before its last connection is.
    let _ = admission.agent.send(ToAgent::Lost { connection }).await;
}

/// Ends the connection as `ending` says; a close frame is never sent, as the captures show.
async fn finish(mut websocket: Websocket, ending: Ending) {
    match ending {
        Ending::Over => {
            // What the client sent last must be read, or the close becomes a reset that takes `channel_closed` with it.
            if websocket.get_mut().shutdown().await.is_ok() {
                let rest = async { while let Some(Ok(_)) = websocket.next().await {} };
                // Past the time the connection is closed all the same.
                let _ = tokio::time::timeout(LINGER, rest).await;
            }
        }
        Ending::Gone => {}
        Ending::Cut { reset } => {
            if reset {
                websocket.get_ref().reset_on_close();
            }
        }
    }
}

async fn cut_at(admission: &Admission, after: Option<Duration>) -> Ending {
    if let (Some(after), Some(cut)) = (after, &admission.options.faults.cut) {
        tokio::time::sleep(after).await;
        if take_cut(&admission.cuts, cut.times) {
            return Ending::Cut { reset: cut.reset };
        }
    }
    std::future::pending().await
}

/// From the client to the agent, until the client goes away.
async fn read(
    stream: &mut SplitStream<Websocket>,
    mut relay: Relay,
    admission: &Admission,
    silent_at: Instant,
) {
    loop {
        while let Some(bytes) = relay.poll(Instant::now()) {
            let frame = ToAgent::Frame {
                connection: admission.connection,
                bytes,
            };
            if admission.agent.send(frame).await.is_err() {
                // The session is over: read on, so that the client's last words do not become a reset.
                while let Some(Ok(_)) = stream.next().await {}
                return std::future::pending().await;
            }
        }
        tokio::select! {
            biased;
            () = until(silent_at) => return std::future::pending().await,
            message = stream.next(), if relay.has_room() => match message {
                Some(Ok(Message::Binary(bytes))) => relay.push(Instant::now(), bytes),
                Some(Ok(Message::Text(text))) => relay.push(Instant::now(), text.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = due(relay.poll_timeout()) => {}
        }
    }
}

/// From the agent to the client.
struct Writer<'a, G> {
    registry: &'a Registry,
    id: &'a str,
    admission: &'a Admission,
    sink: SplitSink<Websocket, Message>,
    relay: Relay,
    control: mpsc::UnboundedReceiver<ToClient>,
    data: mpsc::Receiver<Bytes>,
    silent_at: Instant,
    sent: u64,
    garbage: G,
}

impl<G: Iterator<Item = Garbage>> Writer<'_, G> {
    async fn run(&mut self) -> Ending {
        loop {
            match self.send_due().await {
                Ok(None) => {}
                Ok(Some(ending)) => return ending,
                Err(_) => return Ending::Gone,
            }
            tokio::select! {
                biased;
                () = until(self.silent_at) => return self.silence().await,
                message = self.control.recv() => match message {
                    Some(ToClient::Message(bytes)) => self.relay.push(Instant::now(), bytes),
                    Some(ToClient::Last(last)) => return self.send_last(last).await,
                    None => return Ending::Gone,
                },
                Some(bytes) = self.data.recv(), if self.relay.has_room() => {
                    self.relay.push(Instant::now(), bytes);
                    for _ in 1..BATCH {
                        match self.data.try_recv() {
                            Ok(bytes) => self.relay.push(Instant::now(), bytes),
                            Err(_) => break,
                        }
                    }
                }
                () = due(self.relay.poll_timeout()) => {}
            }
        }
    }

    async fn send_due(&mut self) -> Result<Option<Ending>, tokio_tungstenite::tungstenite::Error> {
        let mut fed = false;
        while let Some(bytes) = self.relay.poll(Instant::now()) {
            self.note_delivered(&bytes);
            self.sink.feed(Message::Binary(bytes)).await?;
            fed = true;
            self.sent += 1;
            if let Some(garbage) = self.garbage.next() {
                self.sink.feed(garbage::message(garbage)).await?;
            }
            if let Some(cut) = &self.admission.options.faults.cut
                && cut.after_messages == Some(self.sent)
                && take_cut(&self.admission.cuts, cut.times)
            {
                self.sink.flush().await?;
                return Ok(Some(Ending::Cut { reset: cut.reset }));
            }
        }
        if fed {
            self.sink.flush().await?;
        }
        Ok(None)
    }

    /// The service's own last word passes whatever the line does to agent messages: it comes over TCP.
    async fn send_last(&mut self, last: Option<Bytes>) -> Ending {
        while let Ok(bytes) = self.data.try_recv() {
            self.relay.push(Instant::now(), bytes);
        }
        while let Some(bytes) = self.relay.poll(Instant::now() + NEVER) {
            self.note_delivered(&bytes);
            if self.sink.feed(Message::Binary(bytes)).await.is_err() {
                return Ending::Gone;
            }
        }
        if let Some(last) = last {
            self.note_delivered(&last);
            if self.sink.feed(Message::Binary(last)).await.is_err() {
                return Ending::Gone;
            }
        }
        match self.sink.flush().await {
            Ok(()) => Ending::Over,
            Err(_) => Ending::Gone,
        }
    }

    /// Takes what the agent sends and sends nothing, until the session is over or another connection comes.
    async fn silence(&mut self) -> Ending {
        loop {
            tokio::select! {
                message = self.control.recv() => match message {
                    Some(ToClient::Message(_)) => {}
                    Some(ToClient::Last(_)) => return std::future::pending().await,
                    None => return Ending::Gone,
                },
                Some(_) = self.data.recv() => {}
            }
        }
    }

    fn note_delivered(&self, bytes: &Bytes) {
        if !self.admission.options.log_delivered {
            return;
        }
        if let Ok(message) = AgentMessage::parse(bytes.clone()) {
            self.registry.note(self.id, |log| {
                if log.delivered.len() < KEPT {
                    log.delivered.push(message);
                }
            });
        }
    }
}

async fn until(at: Instant) {
    tokio::time::sleep_until(at.into()).await;
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => until(at).await,
        None => std::future::pending().await,
    }
}
