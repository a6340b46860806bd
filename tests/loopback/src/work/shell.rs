//! A program on a real terminal of its own.
//!
//! Nothing here splits or counts messages beyond one read each; the terminal's own rules do the rest.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use formats::PayloadType;
use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;

use crate::options::Options;

use super::payloads::{MAX_READ, Payloads};
use super::running::{Input, Inside, Output, Work, environment};

/// The size before the client says its own (source: the agent's default window).
const FIRST_SIZE: PtySize = PtySize {
    rows: 60,
    cols: 200,
    pixel_width: 0,
    pixel_height: 0,
};
/// How long a terminal that outlives its shell, held open by a background process, may still bring output.
const BACKGROUND: Duration = Duration::from_millis(300);

/// Starts `program` on a terminal.
pub(crate) fn start(program: &[String], options: &Options) -> io::Result<Work> {
    let pair = native_pty_system()
        .openpty(FIRST_SIZE)
        .map_err(io::Error::other)?;
    let (directory, environment) = environment(options);
    let (name, arguments) = program.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut command = CommandBuilder::new(name);
    command.args(arguments);
    command.env_clear();
    for (key, value) in environment {
        command.env(key, value);
    }
    command.cwd(directory);
    let mut child = pair
        .slave
        .spawn_command(command)
        .map_err(io::Error::other)?;
    drop(pair.slave);
    let reader = pair.master.try_clone_reader().map_err(io::Error::other)?;
    let writer = pair.master.take_writer().map_err(io::Error::other)?;
    let killer = child.clone_killer();

    let (work, inside) = Work::channel();
    let Inside { input, output } = inside;
    let reading = Arc::new(Reading::default());
    let (read_done, read_over) = std_mpsc::channel();
    let terminal = Terminal {
        master: pair.master,
        killer,
        exited: Arc::default(),
    };
    let exited = terminal.exited.clone();
    {
        let output = output.clone();
        let reading = reading.clone();
        thread::Builder::new()
            .name("loopback shell output".to_owned())
            .spawn(move || {
                read(reader, &output, &reading);
                // Nobody waits any more when the terminal outlived the session.
                let _ = read_done.send(());
            })?;
    }
    thread::Builder::new()
        .name("loopback shell".to_owned())
        .spawn(move || {
            // A shell that cannot be waited for is gone as well.
            let _ = child.wait();
            exited.store(true, Ordering::Relaxed);
            while let Err(std_mpsc::RecvTimeoutError::Timeout) = read_over.recv_timeout(BACKGROUND)
            {
                if !reading.took_place() {
                    break;
                }
            }
            // The session may be over before its shell is.
            let _ = output.blocking_send(Output::Ended);
        })?;
    let (keys, key_queue) = std_mpsc::channel();
    thread::Builder::new()
        .name("loopback shell input".to_owned())
        .spawn(move || write(writer, &key_queue))?;
    tokio::spawn(take_input(input, keys, terminal));
    Ok(work)
}

/// The agent's end of the terminal. Dropping it ends the program: the session is over, or the service stops.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    exited: Arc<AtomicBool>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // An id that was waited for may belong to somebody else by now.
        if !self.exited.load(Ordering::Relaxed) {
            // It may have ended this very moment.
            let _ = self.killer.kill();
        }
    }
}

/// Whether the reading thread got on since it was last asked.
#[derive(Default)]
struct Reading {
    progress: AtomicBool,
}

impl Reading {
    fn note(&self) {
        self.progress.store(true, Ordering::Relaxed);
    }

    fn took_place(&self) -> bool {
        self.progress.swap(false, Ordering::Relaxed)
    }
}

fn read(mut reader: Box<dyn Read + Send>, output: &mpsc::Sender<Output>, reading: &Reading) {
    let mut buffer = [0; MAX_READ];
    let mut payloads = Payloads::default();
    // Linux says EIO when the last process has closed the terminal; elsewhere it is an end of file.
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        reading.note();
        if !send(output, payloads.push(&buffer[..length])) {
            return;
        }
        reading.note();
    }
    send(output, payloads.finish());
}

fn send(output: &mpsc::Sender<Output>, payload: Bytes) -> bool {
    payload.is_empty()
        || output
            .blocking_send(Output::Data(PayloadType::OUTPUT, payload))
            .is_ok()
}

/// A terminal whose program does not read blocks this thread and nobody else.
fn write(mut writer: Box<dyn Write + Send>, keys: &std_mpsc::Receiver<Bytes>) {
    while let Ok(keys) = keys.recv() {
        if writer.write_all(&keys).is_err() {
            return;
        }
    }
}

async fn take_input(
    mut input: mpsc::UnboundedReceiver<Input>,
    keys: std_mpsc::Sender<Bytes>,
    terminal: Terminal,
) {
    while let Some(input) = input.recv().await {
        match input {
            Input::Bytes(bytes) => {
                if keys.send(bytes).is_err() {
                    break;
                }
            }
            Input::Size(size) => {
                // A terminal that is gone has no size.
                let _ = terminal.master.resize(PtySize {
                    rows: size.rows,
                    cols: size.cols,
                    pixel_width: 0,
                    pixel_height: 0,
                });
            }
            Input::Flag(_) => {}
        }
    }
}
