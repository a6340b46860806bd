//! Addresses, and servers that point elsewhere or break off.
//!
//! Nothing here leaves this machine: what counts as outside is said by each test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Mutex;
use std::thread;

use super::*;

#[test]
fn a_label_holds_no_secret() {
    for (address, expected) in [
        ("https://h/a/b.cast.zst", "https://h/a/b.cast.zst"),
        ("https://me:secret@h:8443/a#x", "https://h:8443/a"),
        ("http://h/a?X-Amz-Signature=abc", "http://h/a?…"),
        ("http://h?x=a/b@c", "http://h?…"),
        ("http://a@b@h", "http://h"),
        ("http:///me:secret@h/x", "http://h/x"),
    ] {
        assert_eq!(label(address), expected);
    }
}

#[test]
fn what_is_no_address_is_refused_before_anybody_is_asked() {
    for address in [
        "http://",
        "http:///a",
        "https://me@/x",
        "http://a b/",
        "http://h/\u{1b}",
        "ftp://h/",
        "http://me:secret@h:99999/",
    ] {
        let Err(error) = Target::at(address) else {
            panic!("{address:?}");
        };
        assert!(matches!(error, Error::Address { .. }), "{address:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_user_name_becomes_a_header() {
    let header = |address: &str| Target::at(address).unwrap().authorization;
    assert_eq!(header("http://h/"), None);
    // "me:p@ss", "me:"
    assert_eq!(header("http://me:p%40ss@h/").unwrap(), "Basic bWU6cEBzcw==");
    assert_eq!(header("http://me@h/").unwrap(), "Basic bWU6");
}

/// A server at an address of this machine; `answer` gives what stands in the first line and the headers, by path.
struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(
        at: impl Into<IpAddr>,
        answer: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((at.into(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&heads);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mut client = BufReader::new(client);
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && client.read_line(&mut head).unwrap_or(0) > 0 {}
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                all.lock().unwrap().push(head);
                let answer = format!("HTTP/1.1 {}\r\nconnection: close\r\n\r\n", answer(&path));
                let _ = client.get_mut().write_all(answer.as_bytes());
            }
        });
        Self { address, heads }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

const EMPTY: &str = "200 OK\r\ncontent-length: 0";

fn to(location: &str) -> String {
    format!("302 Found\r\nlocation: {location}\r\ncontent-length: 0")
}

/// Opens `address`, where all but `127.0.0.1` and `::1` counts as outside; gives what is wrong.
async fn refused(address: &str) -> Option<String> {
    let is_inside = |address: IpAddr| {
        let address = address.to_canonical();
        address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
    };
    let begun = Page::begin(Target::at(address).unwrap(), is_inside).await;
    begun.err().map(|error| error.to_string())
}

#[tokio::test]
async fn redirects_are_followed_five_times_from_wherever_they_are() {
    let server = Server::start(Ipv4Addr::LOCALHOST, |path| {
        match path.trim_start_matches("/a/").parse::<u32>() {
            Ok(0) | Err(_) => EMPTY.to_owned(),
            Ok(n) => to(&format!("{}", n - 1)),
        }
    });
    assert_eq!(refused(&server.url("/a/5")).await, None);
    let error = refused(&server.url("/a/6")).await.unwrap();
    assert!(error.contains("more than 5 times"), "{error}");
    let round = Server::start(Ipv4Addr::LOCALHOST, to);
    let error = refused(&round.url("/a")).await.unwrap();
    assert!(error.contains("more than 5 times"), "{error}");
    assert_eq!(round.heads().len(), 6);
}

/// Only there does every address of 127.0.0.0/8 lead to this machine.
#[cfg(target_os = "linux")]
mod from_outside {
    use super::*;

    const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

    #[tokio::test]
    async fn what_came_from_outside_leads_to_nothing_inside_however_it_is_written() {
        let inside = Server::start(Ipv4Addr::LOCALHOST, |_| EMPTY.to_owned());
        let port = inside.address.port();
        for host in [
            "127.0.0.1",
            "localhost",
            "2130706433",
            "0x7f.1",
            "127.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            let outside = Server::start(OUTSIDE, move |_| to(&format!("http://{host}:{port}/")));
            let error = refused(&outside.url("/")).await.unwrap();
            assert!(
                error.contains("nothing from outside may lead"),
                "{host}: {error}"
            );
            // Not even by way of a third one, which is outside itself.
            let third = outside.url("/");
            let first = Server::start(OUTSIDE, move |_| to(&third));
            assert!(refused(&first.url("/")).await.is_some(), "{host}");
        }
        assert_eq!(inside.heads().len(), 0, "nobody came");

        // From inside to inside, and from outside to outside.
        let there = inside.url("/");
        let beside = Server::start(Ipv4Addr::LOCALHOST, move |_| to(&there));
        assert_eq!(refused(&beside.url("/")).await, None);
        let other = Server::start(Ipv4Addr::new(127, 0, 0, 3), |_| EMPTY.to_owned());
        let there = other.url("/");
        let outside = Server::start(OUTSIDE, move |_| to(&there));
        assert_eq!(refused(&outside.url("/")).await, None);
    }

    #[tokio::test]
    async fn a_password_goes_to_the_host_it_was_given_for() {
        let other = Server::start(OUTSIDE, |_| EMPTY.to_owned());
        let there = other.url("/").replace("//", "//eve:evil@");
        let server = Server::start(OUTSIDE, move |path| match path {
            "/b" => to(&there),
            _ => to("/b"),
        });
        let address = server.url("/a").replace("//", "//ada:secret@");
        assert_eq!(refused(&address).await, None);
        let has_login = |head: &String| head.to_lowercase().contains("authorization:");
        assert_eq!(server.heads().len(), 2);
        assert!(server.heads().iter().all(has_login), "{:?}", server.heads());
        assert_eq!(other.heads().len(), 1);
        assert!(!other.heads().iter().any(has_login), "{:?}", other.heads());
    }
}

#[test]
fn what_broke_off_stays_broken() {
    let server = Server::start(Ipv4Addr::LOCALHOST, |_| {
        "200 OK\r\ncontent-length: 10".to_owned()
    });
    let Ok(Opened::Stream(mut stream)) = open(&server.url("/"), None) else {
        panic!("a server without ranges");
    };
    for _ in 0..3 {
        let error = stream.read(&mut [0; 10]).unwrap_err().to_string();
        assert!(error.contains("gave up"), "{error}");
    }
}
