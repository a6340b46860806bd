//! Port sessions over real sockets, against an agent within the test.
//!
//! Nothing here leaves this machine.

mod agent;
mod ends;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use formats::payload::Flag;
use formats::smux::StreamId;
use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;
use agent::{Agent, AtFin};

/// Long enough for an agent in the same process to answer, short enough to wait for.
const SHORT_GRACE: Duration = Duration::from_millis(300);
/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

fn multiplexed() -> Form {
    Form::Multiplexed {
        listen: Listen::Tcp {
            bind: None,
            port: 0,
        },
        keep_alive: false,
    }
}

async fn open(form: Form) -> (Arc<Port>, SocketAddr) {
    let port = Port::open_with(form, None, SHORT_GRACE).await.unwrap();
    let Address::Tcp(address) = port.addresses()[0] else {
        panic!("not a TCP port")
    };
    (Arc::new(port), address)
}

/// A service that treats each connection with `serve`.
async fn service<F: Future<Output = io::Result<()>> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream));
        }
    });
    address
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    tokio::io::copy(&mut reader, &mut writer).await?;
    writer.shutdown().await
}

/// Answers a line with `answer`, after a while, and closes.
async fn answer_line(mut stream: TcpStream, answer: Vec<u8>) -> io::Result<()> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.push(stream.read_u8().await?);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream.write_all(&answer).await
}

/// Reads to the end, then says how much it was.
async fn count(mut stream: TcpStream) -> io::Result<()> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    stream.write_all(all.len().to_string().as_bytes()).await
}

fn pattern(seed: usize, length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at * 7 + at / 251 + seed) as u8)
        .collect()
}

/// The notes so far, once there are `number` of them.
async fn notes(port: &Port, number: usize) -> Vec<Note> {
    let mut notes = Vec::new();
    while notes.len() < number {
        timeout(PATIENCE, port.noted()).await.unwrap();
        notes.extend(std::iter::from_fn(|| port.poll_note()));
    }
    notes
}

fn closed(note: &Note) -> (u64, u64, Ending) {
    match note {
        Note::Closed {
            up, down, ending, ..
        } => (*up, *down, *ending),
        other => panic!("{other} is no closing note"),
    }
}

#[tokio::test]
async fn one_connection_is_carried_both_ways_and_noted() {
    let (port, address) = open(multiplexed()).await;
    Agent::start(&port, service(echo).await, AtFin::HalfClose);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    let from = client.local_addr().unwrap().to_string();
    drop(client);
    let notes = notes(&port, 2).await;
    assert_eq!(
        notes[0],
        Note::Opened {
            connection: 1,
            from
        }
    );
    assert_eq!(closed(&notes[1]), (5, 5, Ending::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_connections_at_once_keep_their_bytes_apart() {
    let (port, address) = open(multiplexed()).await;
    Agent::start(&port, service(echo).await, AtFin::HalfClose);
    let mut clients = JoinSet::new();
    for seed in 0..100 {
        clients.spawn(async move {
            let sent = pattern(seed, 100_000 + seed * 331);
            let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
            let expected = sent.clone();
            let sending = tokio::spawn(async move {
                writer.write_all(&sent).await.unwrap();
                writer.shutdown().await.unwrap();
                writer
            });
            let mut got = Vec::new();
            reader.read_to_end(&mut got).await.unwrap();
            assert!(got == expected, "stream {seed}: {} bytes", got.len());
            sending.await.unwrap();
        });
    }
    while let Some(client) = timeout(PATIENCE, clients.join_next()).await.unwrap() {
        client.unwrap();
    }
    let notes = notes(&port, 200).await;
    let up: u64 = notes
        .iter()
        .filter(|note| matches!(note, Note::Closed { .. }))
        .map(|note| closed(note).0)
        .sum();
    assert_eq!(up, (0..100).map(|seed| 100_000 + seed * 331).sum::<u64>());
}

/// The real agent closes both directions at our FIN: the answer still comes, because the FIN waits for it.
#[tokio::test]
async fn a_client_that_has_said_its_last_word_gets_its_answer_from_the_real_agent() {
    let (port, address) = open(multiplexed()).await;
    let answer = pattern(1, 300_000);
    let served = answer.clone();
    let service = service(move |stream| answer_line(stream, served.clone())).await;
    Agent::start(&port, service, AtFin::CloseBoth);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert!(got == answer, "{} bytes", got.len());
}

#[tokio::test]
async fn a_service_that_waits_for_the_end_gets_it() {
    let (port, address) = open(multiplexed()).await;
    Agent::start(&port, service(count).await, AtFin::HalfClose);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(&pattern(0, 1_000_000)).await.unwrap();
    client.shutdown().await.unwrap();
    let mut got = String::new();
    timeout(PATIENCE, client.read_to_string(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(got, "1000000");
}

#[tokio::test]
async fn a_service_that_ends_first_still_takes_what_the_client_has_to_say() {
    let (port, address) = open(multiplexed()).await;
    let (sender, mut heard) = tokio::sync::mpsc::channel(1);
    let service = service(move |mut stream: TcpStream| {
        let sender = sender.clone();
        async move {
            stream.write_all(b"enough\n").await?;
            stream.shutdown().await?;
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            sender.send(all).await.map_err(io::Error::other)
        }
    })
    .await;
    Agent::start(&port, service, AtFin::HalfClose);
    let mut client = TcpStream::connect(address).await.unwrap();
    let mut got = String::new();
    client.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "enough\n");
    client.write_all(b"one more word").await.unwrap();
    drop(client);
    let heard = timeout(PATIENCE, heard.recv()).await.unwrap().unwrap();
    assert_eq!(heard, b"one more word");
}

#[tokio::test]
async fn a_client_that_never_stops_talking_to_a_closed_service_is_cut_off() {
    let (port, address) = open(multiplexed()).await;
    let service = service(|stream: TcpStream| async {
        drop(stream);
        Ok(())
    })
    .await;
    Agent::start(&port, service, AtFin::CloseBoth);
    let mut client = TcpStream::connect(address).await.unwrap();
    let talking = async {
        while client.write_all(&[0; 1000]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, talking).await.unwrap();
}

#[tokio::test]
async fn a_reset_closes_one_stream_and_leaves_the_others() {
    let (port, address) = open(multiplexed()).await;
    let (sender, mut ended) = tokio::sync::mpsc::channel(4);
    let service = service(move |mut stream: TcpStream| {
        let sender = sender.clone();
        async move {
            // Talks all the time, so that data is under way to the dead connection.
            let (mut reader, mut writer) = stream.split();
            let talking = async {
                while writer.write_all(&[b'.'; 500]).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            let mut heard = Vec::new();
            tokio::select! {
                () = talking => {}
                result = reader.read_to_end(&mut heard) => { result?; }
            }
            sender.send(heard).await.map_err(io::Error::other)
        }
    })
    .await;
    Agent::start(&port, service, AtFin::CloseBoth);
    let mut other = TcpStream::connect(address).await.unwrap();
    let mut dying = TcpStream::connect(address).await.unwrap();
    dying.write_all(b"last words").await.unwrap();
    dying.read_exact(&mut [0; 100]).await.unwrap();
    dying.set_zero_linger().unwrap();
    drop(dying);
    let heard = timeout(PATIENCE, ended.recv()).await.unwrap().unwrap();
    assert_eq!(heard, b"last words");
    let notes = notes(&port, 3).await;
    assert_eq!(closed(&notes[2]).2, Ending::Reset);
    other.read_exact(&mut [0; 5_000]).await.unwrap();
}

#[tokio::test]
async fn a_slow_reader_holds_the_data_channel_and_loses_nothing() {
    let (port, address) = open(multiplexed()).await;
    // Far more than the socket buffers of all the loopback connections between.
    let answer = pattern(3, 48 * 1024 * 1024);
    let served = answer.clone();
    let service = service(move |stream| answer_line(stream, served.clone())).await;
    Agent::start(&port, service, AtFin::CloseBoth);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"all of it\n").await.unwrap();
    let full = async {
        while port.has_room() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, full).await.unwrap();
    let mut got = Vec::new();
    timeout(PATIENCE * 3, client.read_to_end(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert!(got == answer, "{} bytes", got.len());
    assert!(port.has_room());
}

#[tokio::test]
async fn local_ends_are_read_no_further_than_the_data_channel_takes() {
    let (port, address) = open(multiplexed()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    let sending = tokio::spawn(async move { client.write_all(&pattern(0, 32 << 20)).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!sending.is_finished());
    let mut taken = 0;
    // Nobody reads: only what was queued before is there at once.
    while let Some(Some(Outgoing::Bytes(bytes))) = port.read().now_or_never() {
        taken += bytes.len();
    }
    assert!(taken <= 3 * super::mux::STREAM_QUEUE, "{taken}");
    sending.abort();
}
