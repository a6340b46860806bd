//! A web server that has one file and several manners, by the first part of the path.
//!
//! Nothing here is promised by the program.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server that only a proxy leads to.
pub(crate) const ELSEWHERE: &str = "http://recordings.example";

/// The server. Ends with the process.
pub(crate) struct WebServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    file: Vec<u8>,
    heads: Mutex<Vec<String>>,
    sent: Mutex<u64>,
}

impl WebServer {
    pub(crate) fn start(file: Vec<u8>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            file,
            heads: Mutex::default(),
            sent: Mutex::default(),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&all);
                thread::spawn(move || shared.serve(client).ok());
            }
        });
        Self { address, shared }
    }

    /// `ranges`, `plain`, `flaky`, `cut`, `changing`, `to/N` (N redirects and then `ranges`), or a status.
    pub(crate) fn url(&self, manner: &str) -> String {
        format!("http://{}/{manner}/a.cast.zst", self.address)
    }

    /// What another program would call a proxy.
    pub(crate) fn place(&self) -> SocketAddr {
        self.address
    }

    /// The head of each request so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }

    /// Bytes of the file that were sent so far.
    pub(crate) fn sent(&self) -> u64 {
        *self.shared.sent.lock().unwrap()
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> std::io::Result<()> {
        let mut client = BufReader::new(client);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if client.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let count = {
            let mut heads = self.heads.lock().unwrap();
            heads.push(head.clone());
            let line = head.lines().next();
            // Those before it of the same manner, and itself.
            heads
                .iter()
                .filter(|head| head.lines().next() == line)
                .count()
        };
        let path = head.split(' ').nth(1).unwrap_or_default();
        // Asked as a proxy, it is the server that is meant.
        let path = path.strip_prefix(ELSEWHERE).unwrap_or(path);
        let mut parts = path.trim_start_matches('/').split('/');
        let manner = parts.next().unwrap_or_default();
        let mut client = client.into_inner();
        let answer = |client: &mut TcpStream, status: &str, more: &str, body: &[u8]| {
            *self.sent.lock().unwrap() += body.len() as u64;
            write!(
                client,
                "HTTP/1.1 {status}\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            )?;
            client.write_all(body)
        };
        match manner {
            "plain" => answer(&mut client, "200 OK", "", &self.file),
            "cut" => {
                write!(
                    client,
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                    self.file.len()
                )?;
                client.write_all(&self.file[..self.file.len() / 2])
            }
            "to" => {
                let left: u32 = parts.next().and_then(|n| n.parse().ok()).unwrap_or(0);
                let next = match left {
                    0 => "/ranges/a.cast.zst".to_owned(),
                    left => format!("/to/{}/a.cast.zst", left - 1),
                };
                answer(
                    &mut client,
                    "302 Found",
                    &format!("location: {next}\r\n"),
                    b"",
                )
            }
            "ranges" | "flaky" | "changing" => {
                // Every second one.
                if manner == "flaky" && count.is_multiple_of(2) {
                    return answer(&mut client, "503 Service Unavailable", "", b"");
                }
                let etag = match manner {
                    "changing" if count > 3 => "\"second\"",
                    _ => "\"first\"",
                };
                let range = head.lines().find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("range: bytes=")
                        .map(str::to_owned)
                });
                let range = range.unwrap_or_default();
                let (start, last) = range.split_once('-').unwrap_or(("0", ""));
                let start: usize = start.parse().unwrap();
                let end = last.parse().map_or(self.file.len(), |last: usize| last + 1);
                let end = end.min(self.file.len());
                let more = format!(
                    "etag: {etag}\r\ncontent-range: bytes {start}-{}/{}\r\n",
                    end - 1,
                    self.file.len()
                );
                let piece = &self.file[start..end];
                // Promised whole, sent by half.
                if manner == "flaky" && count % 3 == 0 {
                    write!(
                        client,
                        "HTTP/1.1 206 Partial Content\r\n{more}content-length: {}\r\n\r\n",
                        piece.len()
                    )?;
                    return client.write_all(&piece[..piece.len() / 2]);
                }
                answer(&mut client, "206 Partial Content", &more, piece)
            }
            status => answer(&mut client, &format!("{status} No"), "", b""),
        }
    }
}
