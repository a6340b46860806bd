//! Port sessions: real TCP connections behind smux, one plain connection after the other, or the one of an SSH session.
//!
//! Nothing here knows agent messages; it sees the bytes that they carry.

use std::collections::HashMap;
use std::io;

use bytes::{Bytes, BytesMut};
use formats::PayloadType;
use formats::payload::Flag;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::payloads::MAX_READ;
use super::running::{Input, Inside, Output, Work};
use super::smux::{Command, Frame, Frames, MAX_DATA};

/// The oldest client to which the agent speaks smux (source: `muxSupportedClientVersion`, port.go).
const FIRST_CLIENT_WITH_MUX: [u64; 3] = [1, 1, 70];
/// The newest agent that does not.
const LAST_AGENT_WITHOUT_MUX: [u64; 4] = [3, 0, 196, 0];
/// How many frames wait for the agent before a connection is read no further.
const AHEAD: usize = 16;

/// What the document's parameters say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    host: Option<String>,
    port: String,
    local_port: String,
    /// Whether the document is one of port forwarding, not the one of SSH.
    forwarding: bool,
}

impl Settings {
    /// Reads the parameters; the error is the service's text.
    pub(crate) fn parse(
        document: &str,
        first: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let forwarding = document != "AWS-StartSSHSession";
        let port =
            first("portNumber").unwrap_or_else(|| if forwarding { "80" } else { "22" }.to_owned());
        let local_port = first("localPortNumber").unwrap_or_else(|| "0".to_owned());
        for (name, number) in [("portNumber", &port), ("localPortNumber", &local_port)] {
            if number.parse::<u16>().is_err() {
                return Err(format!(
                    "Parameter \"{name}\" has value \"{number}\" not matching a port."
                ));
            }
        }
        let host = first("host");
        if document.ends_with("ToRemoteHost") && host.is_none() {
            return Err("Parameter \"host\" requires a value.".to_owned());
        }
        Ok(Self {
            host,
            port,
            local_port,
            forwarding,
        })
    }

    /// As in the handshake; all values are text.
    pub(crate) fn properties(&self) -> serde_json::Value {
        let mut properties = serde_json::json!({ "portNumber": self.port });
        if self.forwarding {
            properties["localPortNumber"] = self.local_port.as_str().into();
            properties["type"] = "LocalPortForwarding".into();
        }
        if let Some(host) = &self.host {
            properties["host"] = host.as_str().into();
        }
        properties
    }

    fn address(&self) -> String {
        let host = self.host.as_deref().unwrap_or("localhost");
        format!("{host}:{}", self.port)
    }
}

/// Starts the session in the form that both versions allow.
pub(crate) fn start(settings: &Settings, agent_version: &str, client_version: &str) -> Work {
    let (work, inside) = Work::channel();
    let address = settings.address();
    let multiplexed = settings.forwarding
        && numbers(client_version) >= FIRST_CLIENT_WITH_MUX.to_vec()
        && numbers(agent_version) > LAST_AGENT_WITHOUT_MUX.to_vec();
    if multiplexed {
        tokio::spawn(multiplex(address, inside));
    } else {
        tokio::spawn(one_by_one(address, settings.forwarding, inside));
    }
    work
}

fn numbers(version: &str) -> Vec<u64> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

fn flag(flag: Flag) -> Output {
    Output::Data(PayloadType::FLAG, Bytes::copy_from_slice(&flag.encode()))
}

/// What a connection hands to the agent.
enum FromStream {
    Frame(Bytes),
    Refused(Bytes),
}

/// Many connections over one stream of payloads.
async fn multiplex(address: String, inside: Inside) {
    let Inside { mut input, output } = inside;
    let (to_agent, frames) = mpsc::channel(AHEAD);
    let packing = tokio::spawn(pack(frames, output));
    let mut frames = Frames::default();
    let mut streams: HashMap<u32, mpsc::UnboundedSender<Bytes>> = HashMap::new();
    let mut connections = tokio::task::JoinSet::new();
    'session: while let Some(input) = input.recv().await {
        let Input::Bytes(bytes) = input else { continue };
        frames.push(&bytes);
        loop {
            let frame = match frames.poll() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                // The library closes its session; the agent ends with it.
                Err(_) => break 'session,
            };
            match frame.command {
                Command::Open => {
                    let (data, data_queue) = mpsc::unbounded_channel();
                    streams.insert(frame.stream, data);
                    connections.spawn(connection(
                        address.clone(),
                        frame.stream,
                        data_queue,
                        to_agent.clone(),
                    ));
                }
                Command::Push => {
                    if let Some(stream) = streams.get(&frame.stream)
                        && stream.send(frame.data).is_err()
                    {
                        streams.remove(&frame.stream);
                    }
                }
                Command::Finish => {
                    streams.remove(&frame.stream);
                }
                Command::Nothing => {}
            }
        }
    }
    packing.abort();
}

/// One connection. The real agent has no half-close: the client's end closes the connection, and what the other side
/// would still have said is lost (source: `handleDataTransfer`, port_mux.go).
async fn connection(
    address: String,
    stream: u32,
    mut data: mpsc::UnboundedReceiver<Bytes>,
    to_agent: mpsc::Sender<FromStream>,
) {
    let finish = Frame::new(Command::Finish, stream, Bytes::new()).encode();
    let Ok(mut socket) = TcpStream::connect(&address).await else {
        // Nobody listens when the session is over.
        let _ = to_agent.send(FromStream::Refused(finish)).await;
        return;
    };
    // Delay is a matter of speed alone.
    let _ = socket.set_nodelay(true);
    let (mut reader, mut writer) = socket.split();
    let incoming = async {
        let mut buffer = vec![0; MAX_DATA];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            let data = Bytes::copy_from_slice(&buffer[..length]);
            let frame = Frame::new(Command::Push, stream, data).encode();
            if to_agent.send(FromStream::Frame(frame)).await.is_err() {
                return;
            }
        }
    };
    let outgoing = async {
        while let Some(bytes) = data.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                // The reading side learns it too, and ends the connection.
                return std::future::pending().await;
            }
        }
    };
    tokio::select! {
        () = incoming => {}
        () = outgoing => {}
    }
    let _ = to_agent.send(FromStream::Frame(finish)).await;
}

/// Cuts the frames into payloads, filling each as far as there is something.
async fn pack(mut frames: mpsc::Receiver<FromStream>, output: mpsc::Sender<Output>) {
    let mut bytes = BytesMut::new();
    loop {
        let frame = match frames.try_recv() {
            Ok(frame) => frame,
            Err(_) => {
                while !bytes.is_empty() {
                    let length = bytes.len().min(MAX_READ);
                    if !send(&output, bytes.split_to(length)).await {
                        return;
                    }
                }
                match frames.recv().await {
                    Some(frame) => frame,
                    None => return,
                }
            }
        };
        match frame {
            FromStream::Frame(frame) => bytes.extend_from_slice(&frame),
            FromStream::Refused(finish) => {
                if output.send(flag(Flag::ConnectToPortError)).await.is_err() {
                    return;
                }
                bytes.extend_from_slice(&finish);
            }
        }
        while bytes.len() >= MAX_READ {
            if !send(&output, bytes.split_to(MAX_READ)).await {
                return;
            }
        }
    }
}

async fn send(output: &mpsc::Sender<Output>, payload: BytesMut) -> bool {
    output
        .send(Output::Data(PayloadType::OUTPUT, payload.freeze()))
        .await
        .is_ok()
}

/// One plain connection: the only one of an SSH session; of a forwarding session one after the other, the next being
/// made when the client sends something again.
async fn one_by_one(address: String, forwarding: bool, inside: Inside) {
    let Inside { mut input, output } = inside;
    let mut first = Bytes::new();
    loop {
        let ended = plain(&address, std::mem::take(&mut first), &mut input, &output).await;
        match ended {
            Ok(Plain::SessionOver) => return,
            Ok(Plain::ConnectionOver) if forwarding => {}
            Ok(Plain::ConnectionOver) => break,
            Err(error) => {
                let text = format!("Unable to connect to specified port: {error}");
                // The session may be over before its connection is.
                let _ = output.send(Output::Failed(text)).await;
                return;
            }
        }
        loop {
            match input.recv().await {
                Some(Input::Bytes(bytes)) => {
                    first = bytes;
                    break;
                }
                Some(_) => {}
                None => return,
            }
        }
    }
    let _ = output.send(Output::Ended).await;
}

enum Plain {
    ConnectionOver,
    SessionOver,
}

async fn plain(
    address: &str,
    first: Bytes,
    input: &mut mpsc::UnboundedReceiver<Input>,
    output: &mpsc::Sender<Output>,
) -> io::Result<Plain> {
    let mut socket = TcpStream::connect(address).await?;
    // Delay is a matter of speed alone.
    let _ = socket.set_nodelay(true);
    let (mut reader, mut writer) = socket.split();
    if writer.write_all(&first).await.is_err() {
        return Ok(Plain::ConnectionOver);
    }
    let incoming = async {
        let mut buffer = [0; MAX_READ];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            if !send(output, BytesMut::from(&buffer[..length])).await {
                break;
            }
        }
        Plain::ConnectionOver
    };
    let outgoing = async {
        while let Some(input) = input.recv().await {
            match input {
                Input::Bytes(bytes) => {
                    if writer.write_all(&bytes).await.is_err() {
                        return std::future::pending().await;
                    }
                }
                Input::Flag(Flag::DisconnectToPort) => return Plain::ConnectionOver,
                Input::Flag(_) | Input::Size(_) => {}
            }
        }
        Plain::SessionOver
    };
    Ok(tokio::select! {
        ended = incoming => ended,
        ended = outgoing => ended,
    })
}
