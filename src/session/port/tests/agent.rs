//! An agent for tests: reads the client's frames, connects each stream to a service, and answers in frames.
//!
//! No data channel lies between: chunks of 1,024 bytes go from one to the other, held back by `room`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use formats::payload::Flag;
use formats::smux::{self, Command, Parser, Piece, StreamId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::super::{Outgoing, Port};

/// What the agent does with its connection when the client's FIN comes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AtFin {
    /// As the real one: closes both directions.
    CloseBoth,
    /// As a better one would.
    HalfClose,
}

pub(super) struct Agent {
    port: Arc<Port>,
    service: SocketAddr,
    at_fin: AtFin,
    to_client: mpsc::Sender<Bytes>,
    streams: HashMap<StreamId, mpsc::UnboundedSender<Bytes>>,
}

impl Agent {
    pub(super) fn start(port: &Arc<Port>, service: SocketAddr, at_fin: AtFin) {
        let (to_client, from_services) = mpsc::channel(4);
        tokio::spawn(forward(Arc::clone(port), from_services));
        let agent = Self {
            port: Arc::clone(port),
            service,
            at_fin,
            to_client,
            streams: HashMap::new(),
        };
        tokio::spawn(agent.run());
    }

    async fn run(mut self) {
        let mut parser = Parser::default();
        while let Some(Outgoing::Bytes(bytes)) = self.port.read().await {
            parser.handle(bytes);
            while let Some(piece) = parser.poll().unwrap() {
                match piece {
                    Piece::Syn(id) => self.open(id).await,
                    // Closing the channel is the FIN.
                    Piece::Fin(id) => drop(self.streams.remove(&id)),
                    Piece::Data(id, data) => {
                        if let Some(stream) = self.streams.get(&id) {
                            let _ = stream.send(data);
                        }
                    }
                    Piece::Nop => {}
                }
            }
        }
    }

    async fn open(&mut self, id: StreamId) {
        let Ok(stream) = TcpStream::connect(self.service).await else {
            self.port.handle_flag(Flag::ConnectToPortError);
            self.to_client.send(fin(id)).await.unwrap();
            return;
        };
        let (sender, data) = mpsc::unbounded_channel();
        self.streams.insert(id, sender);
        tokio::spawn(serve(id, stream, data, self.to_client.clone(), self.at_fin));
    }
}

async fn serve(
    id: StreamId,
    stream: TcpStream,
    mut from_client: mpsc::UnboundedReceiver<Bytes>,
    to_client: mpsc::Sender<Bytes>,
    at_fin: AtFin,
) {
    let (mut reader, mut writer) = stream.into_split();
    let up = async {
        while let Some(bytes) = from_client.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = writer.shutdown().await;
    };
    let down = async {
        let mut buffer = vec![0; 32 * 1024];
        while let Ok(length) = reader.read(&mut buffer).await
            && length > 0
        {
            to_client.send(data(id, &buffer[..length])).await.unwrap();
        }
        to_client.send(fin(id)).await.unwrap();
    };
    match at_fin {
        AtFin::HalfClose => drop(tokio::join!(up, down)),
        AtFin::CloseBoth => tokio::select! {
            () = up => to_client.send(fin(id)).await.unwrap(),
            () = down => {}
        },
    }
}

/// The data channel: pieces of 1,024 bytes, taken only while there is room.
async fn forward(port: Arc<Port>, mut frames: mpsc::Receiver<Bytes>) {
    while let Some(mut bytes) = frames.recv().await {
        while !bytes.is_empty() {
            port.room().await;
            port.write(bytes.split_to(bytes.len().min(1024)));
        }
    }
}

pub(super) fn data(id: StreamId, data: &[u8]) -> Bytes {
    let mut out = BytesMut::new();
    smux::encode_data_header(&mut out, data.len() as u16, id);
    out.extend_from_slice(data);
    out.freeze()
}

fn fin(id: StreamId) -> Bytes {
    let mut out = BytesMut::new();
    smux::encode_control(&mut out, Command::Fin, id);
    out.freeze()
}
