//! A proxy that breaks HTTP on purpose: it stands before a server and spoils a share of the requests, by a seed.
//!
//! Nothing here knows what the requests ask. Every request gets a connection of its own to the server, so that a fault
//! hits one request and no other.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Longer heads are no requests of our clients.
const MAX_HEAD: u64 = 64 << 10;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is reset before the server hears of it.
    ResetBefore,
    /// The connection is reset when half of the body has come; the server gets that half.
    ResetHalfway,
    /// The server carries it out; the connection ends before the answer.
    AnswerLost,
    /// The server carries it out; half of the answer arrives.
    AnswerHalved,
    /// 500 without asking the server.
    ErrorBefore,
    /// 500 although the server carried it out.
    ErrorAfter,
    /// 503 SlowDown without asking the server.
    SlowDown,
    /// The server carries it out, and nothing comes back for [`Options::stall`].
    Stall,
}

/// All of them.
pub const FAULTS: [Fault; 8] = [
    Fault::ResetBefore,
    Fault::ResetHalfway,
    Fault::AnswerLost,
    Fault::AnswerHalved,
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::SlowDown,
    Fault::Stall,
];

/// How often, and what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The same seed spoils the same requests, as far as they come in the same order.
    pub seed: u64,
    /// From 0 (none) to 1 (all).
    pub share: f64,
    /// Chosen from at random.
    pub faults: Vec<Fault>,
    /// How long a stalled request hangs.
    pub stall: Duration,
    /// Every request takes at least this long.
    pub delay: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            share: 0.3,
            faults: FAULTS.to_vec(),
            stall: Duration::from_secs(3),
            delay: Duration::ZERO,
        }
    }
}

/// The proxy. Ends with the value, or with the process.
pub struct FaultyProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: String,
    options: Options,
    chance: Mutex<SmallRng>,
    counts: Mutex<BTreeMap<Fault, usize>>,
    requests: Mutex<Vec<String>>,
    bytes_back: Mutex<u64>,
    down: AtomicBool,
    ended: AtomicBool,
}

impl FaultyProxy {
    /// Stands before `server`, an `http://host:port`.
    ///
    /// # Errors
    /// No port could be had.
    pub fn start(server: &str, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: server
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned(),
            chance: Mutex::new(SmallRng::seed_from_u64(options.seed)),
            options,
            counts: Mutex::default(),
            requests: Mutex::default(),
            bytes_back: Mutex::default(),
            down: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if all.ended.load(Ordering::Relaxed) {
                    break;
                }
                let shared = Arc::clone(&all);
                // A connection that fails is what this is for.
                thread::spawn(move || shared.serve(client).ok());
            }
        });
        Ok(Self { address, shared })
    }

    /// Where clients find it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// While it is down, every connection is reset at once.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// How often each fault has struck so far.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Fault, usize> {
        lock(&self.shared.counts).clone()
    }

    /// The first line of every request so far, faults included.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        lock(&self.shared.requests).clone()
    }

    /// Bytes of answers that went back to clients, heads included.
    #[must_use]
    pub fn bytes_back(&self) -> u64 {
        *lock(&self.shared.bytes_back)
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for the next connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        // Closed with bytes unread, the system sends a reset.
        if self.down.load(Ordering::Relaxed) {
            client.set_read_timeout(Some(Duration::from_millis(50)))?;
            let mut first = [0];
            let _ = client.peek(&mut first);
            return Ok(());
        }
        let mut client = BufReader::new(client);
        let (head, length) = head(&mut client)?;
        if head.is_empty() {
            return Ok(());
        }
        let line = head.lines().next().unwrap_or_default().to_owned();
        lock(&self.requests).push(line);
        thread::sleep(self.options.delay);
        let fault = self.fault();
        if fault == Some(Fault::ResetBefore) {
            return Ok(());
        }
        let arriving = match fault {
            Some(Fault::ResetHalfway) => length / 2,
            _ => length,
        };
        let mut body = vec![0; arriving];
        client.read_exact(&mut body)?;
        match fault {
            Some(Fault::ErrorBefore) => {
                return self.answer(client, &error(500, "InternalError"));
            }
            Some(Fault::SlowDown) => return self.answer(client, &error(503, "SlowDown")),
            _ => {}
        }
        let mut server = TcpStream::connect(&self.server)?;
        server.write_all(alone(&head).as_bytes())?;
        server.write_all(&body)?;
        if fault == Some(Fault::ResetHalfway) {
            return Ok(());
        }
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        match fault {
            Some(Fault::AnswerLost) => Ok(()),
            Some(Fault::AnswerHalved) => self.answer(client, &answer[..answer.len() / 2]),
            Some(Fault::ErrorAfter) => self.answer(client, &error(500, "InternalError")),
            Some(Fault::Stall) => {
                thread::sleep(self.options.stall);
                Ok(())
            }
            _ => self.answer(client, &answer),
        }
    }

    fn fault(&self) -> Option<Fault> {
        let mut chance = lock(&self.chance);
        let faults = &self.options.faults;
        if faults.is_empty() || !chance.random_bool(self.options.share) {
            return None;
        }
        let fault = faults[chance.random_range(0..faults.len())];
        *lock(&self.counts).entry(fault).or_default() += 1;
        Some(fault)
    }

    fn answer(&self, client: BufReader<TcpStream>, bytes: &[u8]) -> io::Result<()> {
        let mut client = client.into_inner();
        *lock(&self.bytes_back) += bytes.len() as u64;
        client.write_all(bytes)?;
        client.shutdown(Shutdown::Write)
    }
}

/// The request's head and how long its body is. Our clients always say so.
fn head(client: &mut BufReader<TcpStream>) -> io::Result<(String, usize)> {
    let mut head = String::new();
    let mut length = 0;
    let mut limited = client.take(MAX_HEAD);
    loop {
        let mut line = String::new();
        if limited.read_line(&mut line)? == 0 {
            return Ok((String::new(), 0));
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        head.push_str(&line);
        if line == "\r\n" {
            return Ok((head, length));
        }
    }
}

/// The head, asking the server to close the connection after the answer.
fn alone(head: &str) -> String {
    let mut out = String::with_capacity(head.len() + 24);
    for line in head.split_inclusive("\r\n") {
        if line == "\r\n" {
            out.push_str("connection: close\r\n");
        }
        let name = line.split(':').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case("connection") {
            out.push_str(line);
        }
    }
    out
}

fn error(status: u16, code: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>made by the faulty proxy</Message></Error>"
    );
    format!(
        "HTTP/1.1 {status} {code}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
