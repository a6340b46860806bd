//! Port sessions at their ends: refusals, hostile bytes, signs of life, old agents, sockets and addresses.
//!
//! Nothing here leaves this machine.

use super::*;

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
