//! The time from a key to its echo: p50 and p99 of single keys, in a real terminal.
//!
//! The floor is a shell's own terminal twice (ours and the target's) and a bare websocket between. Nothing is typed ahead.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use loopback::Options;
use loopback::pty::{self, Pty};
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{Result, Rig, now};

const KEYS: usize = 1000;
/// Between two keys; a fast typist's are further apart.
const APART: Duration = Duration::from_millis(5);
/// A key in an agent message: the header of 120 bytes, and the key.
const MESSAGE: usize = 121;

/// Work for every processor, until dropped.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let is_over = Arc::clone(&is_over);
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(is_over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
struct Figures {
    p50: f64,
    p99: f64,
}

/// `busy`: beside work that keeps every processor busy.
pub(crate) fn run(busy: bool, plugin: Option<&Path>) -> Result<()> {
    let _busy = busy.then(Busy::start);
    let shell = figures(keys(pty::spawn(
        Path::new("/bin/sh"),
        &[],
        &[("PS1", "$ "), ("PATH", "/bin:/usr/bin")],
    )));
    print("a shell in a terminal", shell);
    let socket = figures(bare_socket()?);
    print("a bare websocket", socket);
    let floor = Figures {
        p50: shell.p50.mul_add(2.0, socket.p50),
        p99: shell.p99.mul_add(2.0, socket.p99),
    };
    print("floor (2 terminals, 1 websocket)", floor);
    let rig = Rig::new(Options::quick());
    let ours = figures(keys(rig.ours(&[])?.spawn()));
    print("ssm-rec, recording", ours);
    ratio("ssm-rec to the floor", ours, floor);
    if let Some(plugin) = plugin {
        let theirs = figures(keys(rig.theirs(plugin, "", "")?.spawn()));
        print("the plugin", theirs);
        ratio("ssm-rec to the plugin (bar 1.0)", ours, theirs);
    }
    Ok(())
}

/// Types keys at the prompt, each when the one before has been shown. The line is given up now and then.
fn keys(mut pty: Pty) -> Vec<Duration> {
    pty.wait_for("$ ");
    pty.type_keys("echo rea''dy\r");
    pty.wait_for("ready");
    pty.wait_for("$ ");
    let mut times = Vec::with_capacity(KEYS);
    for number in 0..KEYS {
        if number % 50 == 49 {
            pty.type_keys("\x15: \r");
            pty.wait_for("$ ");
        }
        std::thread::sleep(APART);
        let key = char::from(b'a' + (number % 26) as u8).to_string();
        let began = now();
        pty.type_keys(&key);
        pty.wait_for(&key);
        times.push(began.elapsed());
    }
    pty.type_keys("\x15exit\r");
    pty.wait();
    times
}

/// A message there and back between two threads, over TCP on loopback.
fn bare_socket() -> Result<Vec<Duration>> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            let (stream, _) = tokio::net::TcpListener::from_std(listener)
                .ok()?
                .accept()
                .await
                .ok()?;
            stream.set_nodelay(true).ok()?;
            let mut socket = tokio_tungstenite::accept_async(stream).await.ok()?;
            while let Some(Ok(message)) = socket.next().await {
                socket.send(message).await.ok()?;
            }
            Some(())
        })
    });
    runtime()?.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!("ws://{address}/");
        let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        let mut times = Vec::with_capacity(KEYS);
        for _ in 0..KEYS {
            tokio::time::sleep(APART).await;
            let began = now();
            socket.send(Message::binary(vec![b'k'; MESSAGE])).await?;
            socket.next().await.ok_or("the websocket closed")??;
            times.push(began.elapsed());
        }
        Ok(times)
    })
}

fn figures(mut times: Vec<Duration>) -> Figures {
    times.sort_unstable();
    let at =
        |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    Figures {
        p50: at(50),
        p99: at(99),
    }
}

fn print(what: &str, figures: Figures) {
    println!(
        "{what:<34}p50 {:8.3} ms   p99 {:8.3} ms",
        figures.p50, figures.p99
    );
}

fn ratio(what: &str, one: Figures, other: Figures) {
    println!(
        "{what:<34}p50 {:8.2} x    p99 {:8.2} x",
        one.p50 / other.p50,
        one.p99 / other.p99
    );
}
