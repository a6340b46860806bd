//! MB/s through a port session with 1 and with 16 connections, down and up, against `socat` as the limit of plain TCP.
//!
//! Once with an agent that sends as fast as it may, which shows what is ours, and once at the real agent's pace of 1,024
//! bytes a millisecond. Every byte arrives and is counted; nothing here looks at what it is.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use loopback::rig::Running;
use loopback::{Options, target};

use crate::rig::{Result, Rig, now};

const CONNECTIONS: [u64; 2] = [1, 16];
const QUICK: u64 = 64_000_000;
/// At the agent's pace a connection takes a second per MB.
const PACED: u64 = 4_000_000;

#[derive(Clone, Copy)]
enum Way {
    Down,
    Up,
}

pub(crate) fn run() -> Result<()> {
    let service = SocketAddr::from(([127, 0, 0, 1], target::listen(serve)?));
    let (socat, plain) = match socat(service) {
        Ok((running, address)) => (Some(running), Some(address)),
        Err(error) => {
            eprintln!(
                "no limit to compare with: socat does not run ({error}); install it for the ratios"
            );
            (None, None)
        }
    };
    let mut limits = Vec::new();
    if let Some(address) = plain {
        for (connections, way) in cases() {
            let speed = measure(address, connections, way, QUICK)?;
            print("socat", connections, way, speed, None);
            limits.push(speed);
        }
    }
    drop(socat);
    let quick = ("ssm-rec, agent without pace", Options::quick(), QUICK);
    let pace = Options::default().pace;
    let paced = (
        "ssm-rec, agent at its pace",
        Options {
            pace,
            ..Options::quick()
        },
        PACED,
    );
    for (name, options, bytes) in [quick, paced] {
        let rig = Rig::new(options);
        let (_running, address) = forward(&rig, service)?;
        for (case, (connections, way)) in cases().enumerate() {
            let speed = measure(address, connections, way, bytes)?;
            print(name, connections, way, speed, limits.get(case));
        }
    }
    Ok(())
}

fn cases() -> impl Iterator<Item = (u64, Way)> {
    CONNECTIONS
        .into_iter()
        .flat_map(|connections| [(connections, Way::Down), (connections, Way::Up)])
}

fn print(name: &str, connections: u64, way: Way, speed: f64, limit: Option<&f64>) {
    let way = match way {
        Way::Down => "download",
        Way::Up => "upload",
    };
    let ratio = limit.map_or_else(String::new, |limit| {
        format!("   {:.4} of socat", speed / limit)
    });
    println!("{name:<30}{connections:>3} connections, {way:<9}{speed:>9.2} MB/s{ratio}");
}

/// What is at the target: takes a letter and a length, then sends that much, or takes that much and says so.
fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut letter, mut length) = ([0], [0; 8]);
    stream.read_exact(&mut letter)?;
    stream.read_exact(&mut length)?;
    let length = u64::from_be_bytes(length);
    if letter == *b"d" {
        send(&mut stream, length)
    } else {
        take(&mut stream, length)?;
        stream.write_all(b".")
    }
}

fn send(stream: &mut TcpStream, mut left: u64) -> std::io::Result<()> {
    let bytes = vec![b'x'; 64 * 1024];
    while left > 0 {
        let part = left.min(bytes.len() as u64);
        stream.write_all(&bytes[..part as usize])?;
        left -= part;
    }
    Ok(())
}

fn take(stream: &mut TcpStream, length: u64) -> std::io::Result<()> {
    let taken = std::io::copy(&mut stream.take(length), &mut std::io::sink())?;
    if taken < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn socat(to: SocketAddr) -> Result<(Running, SocketAddr)> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Command::new("socat")
        .arg(format!(
            "TCP-LISTEN:{},bind=127.0.0.1,fork,reuseaddr",
            free.port()
        ))
        .arg(format!("TCP:{to}"))
        .spawn()?;
    let running = Running(child);
    for _ in 0..100 {
        if TcpStream::connect(free).is_ok() {
            return Ok((running, free));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("it does not listen".into())
}

fn forward(rig: &Rig, to: SocketAddr) -> Result<(Running, SocketAddr)> {
    let client = rig.ours(&["--forward", &format!("0:{}", to.port())])?;
    let mut child = Command::new(&client.program)
        .args(&client.arguments)
        .env_clear()
        .envs(client.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stderr.take().ok_or("no pipe")?);
    let running = Running(child);
    let (mut line, mut said) = (String::new(), String::new());
    while lines.read_line(&mut line)? > 0 {
        if let Some((_, rest)) = line.split_once("connections to ") {
            let address = rest.split(' ').next().unwrap_or_default().trim().parse()?;
            // Later words must find a reader.
            std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
            return Ok((running, address));
        }
        said.push_str(&line);
        line.clear();
    }
    Err(format!("ssm-rec ended: {said}").into())
}

/// `bytes` over so many connections at once, in MB/s.
fn measure(address: SocketAddr, connections: u64, way: Way, bytes: u64) -> Result<f64> {
    let each = bytes / connections;
    let began = now();
    let threads: Vec<_> = (0..connections)
        .map(|_| std::thread::spawn(move || transfer(address, way, each)))
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a connection panicked")??;
    }
    Ok((each * connections) as f64 / began.elapsed().as_secs_f64() / 1e6)
}

fn transfer(address: SocketAddr, way: Way, length: u64) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let letter = match way {
        Way::Down => b'd',
        Way::Up => b'u',
    };
    let mut request = vec![letter];
    request.extend(length.to_be_bytes());
    stream.write_all(&request)?;
    match way {
        Way::Down => take(&mut stream, length),
        Way::Up => {
            send(&mut stream, length)?;
            stream.read_exact(&mut [0])
        }
    }
}
