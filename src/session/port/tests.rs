//! Port sessions over real sockets, against an agent within the test.

mod agent;

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

#[tokio::test]
async fn a_refused_port_resets_the_connection_and_says_so() {
    let (port, address) = open(multiplexed()).await;
    // Nothing listens where this was.
    let nowhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = nowhere.local_addr().unwrap();
    drop(nowhere);
    Agent::start(&port, gone, AtFin::CloseBoth);
    let mut client = TcpStream::connect(address).await.unwrap();
    let error = client.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let notes = notes(&port, 3).await;
    assert_eq!(notes[1], Note::Refused);
    assert!(notes[1].is_trouble());
    assert_eq!(closed(&notes[2]), (0, 0, Ending::Refused));
}

#[tokio::test]
async fn bytes_that_are_no_smux_end_the_session_with_a_reason() {
    let (port, address) = open(multiplexed()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(port.read().await.is_some());
    port.write(Bytes::from_static(b"HTTP/1.1 400 Bad Request\r\n"));
    assert_eq!(port.read().await, None);
    assert!(port.failure().is_some());
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn what_has_come_is_delivered_when_the_session_ends() {
    let mut port = Port::open_with(multiplexed(), None, PATIENCE)
        .await
        .unwrap();
    let Address::Tcp(address) = port.addresses()[0] else {
        panic!("not a TCP port")
    };
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(port.read().await.is_some());
    let sent = pattern(5, 1_000_000);
    for chunk in sent.chunks(30_000) {
        port.write(agent::data(StreamId(3), chunk));
    }
    let reading = tokio::spawn(async move {
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.unwrap();
        got
    });
    timeout(Duration::from_secs(4), port.finish())
        .await
        .unwrap();
    assert!(reading.await.unwrap() == sent);
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(closed(&notes(&port, 2).await[1]).1, 1_000_000);
}

#[tokio::test]
async fn signs_of_life_are_sent_only_where_they_are_needed() {
    let nop = Bytes::from_static(&[1, 3, 0, 0, 0, 0, 0, 0]);
    let (port, _) = open(multiplexed()).await;
    let next = || timeout(Duration::from_millis(20), port.read());
    port.shared.keep_alive(false);
    assert!(next().await.is_err());
    port.shared.keep_alive(true);
    assert_eq!(next().await.unwrap(), Some(Outgoing::Bytes(nop.clone())));
    // An agent that sends them wants to see them.
    port.write(nop.clone());
    port.shared.keep_alive(false);
    assert_eq!(next().await.unwrap(), Some(Outgoing::Bytes(nop)));
    port.shared.keep_alive(false);
    assert!(next().await.is_err());
}

#[tokio::test]
async fn an_old_agent_gets_one_connection_after_the_other() {
    let (port, address) = open(Form::Plain {
        listen: Listen::Tcp {
            bind: None,
            port: 0,
        },
    })
    .await;
    port.write(Bytes::from_static(b"220 ready\r\n"));
    let mut first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    let mut banner = [0; 11];
    first.read_exact(&mut banner).await.unwrap();
    assert_eq!(&banner, b"220 ready\r\n");
    second.write_all(b"second").await.unwrap();
    first.write_all(b"first").await.unwrap();
    assert_eq!(
        port.read().await,
        Some(Outgoing::Bytes(Bytes::from_static(b"first")))
    );
    first.shutdown().await.unwrap();
    port.write(Bytes::from_static(b"bye"));
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"bye");
    assert_eq!(
        port.read().await,
        Some(Outgoing::Flag(Flag::DisconnectToPort))
    );
    port.write(Bytes::from_static(b"left over"));
    assert_eq!(
        timeout(PATIENCE, port.read()).await.unwrap(),
        Some(Outgoing::Bytes(Bytes::from_static(b"second")))
    );
    port.write(Bytes::from_static(b"welcome"));
    let mut answer = [0; 7];
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"welcome");
    // The agent's own end closes the local connection.
    port.handle_flag(Flag::DisconnectToPort);
    assert_eq!(second.read(&mut [0; 1]).await.unwrap(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_private_replaces_a_stale_one_and_goes_with_the_session() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let form = Form::Multiplexed {
        listen: Listen::Unix(path.clone()),
        keep_alive: false,
    };
    let mut port = Port::open_with(form.clone(), None, SHORT_GRACE)
        .await
        .unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut client = tokio::net::UnixStream::connect(&path).await.unwrap();
    client.write_all(b"hi").await.unwrap();
    assert!(matches!(port.read().await, Some(Outgoing::Bytes(_))));
    port.write(agent::data(StreamId(3), b"hello"));
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"hello");
    drop(client);
    let error = Port::open_with(form, None, SHORT_GRACE).await.unwrap_err();
    assert!(
        matches!(&error, Error::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse),
        "{error}"
    );
    port.finish().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn addresses_are_chosen_as_asked() {
    let listen = |bind: Option<&str>, port| Listen::Tcp {
        bind: bind.map(str::to_owned),
        port,
    };
    let opened = async |bind, port| {
        let listeners = Listeners::open(&listen(bind, port)).await?;
        let addresses = listeners.addresses().to_vec();
        Ok::<_, Error>((listeners, addresses))
    };
    let (_kept, addresses) = opened(None, 0).await.unwrap();
    let [Address::Tcp(address)] = addresses[..] else {
        panic!("{addresses:?}")
    };
    assert!(address.ip().is_loopback() && address.port() != 0);

    let error = opened(None, address.port()).await.unwrap_err();
    assert!(
        error.to_string().starts_with(&format!(
            "cannot listen on \"127.0.0.1:{}\": ",
            address.port()
        )),
        "{error}"
    );

    let (_kept, addresses) = opened(Some("localhost"), 0).await.unwrap();
    let has_ipv6 = TcpListener::bind("[::1]:0").await.is_ok();
    assert_eq!(addresses.len(), if has_ipv6 { 2 } else { 1 });

    let (_kept, addresses) = opened(Some("127.0.0.2"), 0).await.unwrap();
    assert!(addresses[0].to_string().starts_with("127.0.0.2:"));
    let (_kept, addresses) = opened(Some("*"), 0).await.unwrap();
    let Address::Tcp(all) = addresses[0] else {
        panic!("{addresses:?}")
    };
    assert!(all.ip().is_unspecified());
    assert!(TcpStream::connect(("127.0.0.1", all.port())).await.is_ok());
    assert!(opened(Some("no.such.name.invalid"), 0).await.is_err());
    if has_ipv6 {
        let (_kept, addresses) = opened(Some("[::1]"), 0).await.unwrap();
        assert!(addresses[0].to_string().starts_with("[::1]:"));
    }
}

#[test]
fn the_agents_properties_choose_the_form() {
    let check_any = |properties: Value, version: &str, expected: Option<Form>| {
        assert_eq!(
            Form::from_properties(&properties, Some(version), None).unwrap(),
            expected
        );
    };
    let check = |properties, version, expected| check_any(properties, version, Some(expected));
    let tcp = |port| Listen::Tcp { bind: None, port };
    let captured = serde_json::json!({"localPortNumber":"50997","portNumber":"39175","type":"LocalPortForwarding"});
    let many = |listen, keep_alive| Form::Multiplexed { listen, keep_alive };
    check(captured.clone(), "3.3.0.0", many(tcp(50_997), false));
    check(captured.clone(), "3.1.1511.0", many(tcp(50_997), true));
    check(
        captured.clone(),
        "3.0.196.0",
        Form::Plain {
            listen: tcp(50_997),
        },
    );
    check(
        captured,
        "unknown",
        Form::Plain {
            listen: tcp(50_997),
        },
    );
    check(
        serde_json::json!({"portNumber":"80","type":"LocalPortForwarding","localPortNumber":""}),
        "3.3.0.0",
        many(tcp(0), false),
    );
    check(
        serde_json::json!({"portNumber":"80","type":"LocalPortForwarding","localConnectionType":"unix","localUnixSocket":"/run/x"}),
        "3.3.0.0",
        many(Listen::Unix("/run/x".into()), false),
    );
    check_any(serde_json::json!({"portNumber":"22"}), "3.3.0.0", None);
    check_any(Value::Null, "3.3.0.0", None);
    for wrong in [
        serde_json::json!({"type":"LocalPortForwarding","localPortNumber":"65536"}),
        serde_json::json!({"type":"LocalPortForwarding","localConnectionType":"unix"}),
    ] {
        assert!(Form::from_properties(&wrong, None, None).is_err());
    }
}
