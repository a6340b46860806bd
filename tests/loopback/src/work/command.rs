//! A command on pipes: NonInteractiveCommands, with merged or separate output.
//!
//! Nothing here is a terminal.

use std::io::{self, PipeReader};
use std::process::Stdio;

use formats::PayloadType;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::options::Options;
use crate::signals;

use super::payloads::{MAX_READ, Payloads};
use super::running::{Input, Inside, Output, Work, environment};

/// The most characters of a prefix.
const MAX_PREFIX: usize = 30;

/// What the document's parameters say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    command: String,
    separate: Option<Prefixes>,
}

#[derive(Clone, Debug)]
struct Prefixes {
    stdout: String,
    stderr: String,
}

impl Settings {
    /// Reads the parameters; the error is the service's text.
    pub(crate) fn parse(
        command: String,
        first: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let prefix = |name: &str| {
            let prefix = first(name).unwrap_or_default();
            let allowed =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '\r' | '\n' | '_' | ':' | '-');
            if prefix.len() <= MAX_PREFIX && prefix.chars().all(allowed) {
                Ok(prefix)
            } else {
                Err(format!(
                    "Parameter \"{name}\" does not match [0-9a-zA-Z\\r\\n_:-]{{0,30}}."
                ))
            }
        };
        let prefixes = Prefixes {
            stdout: prefix("stdoutSeparatorPrefix")?,
            stderr: prefix("stderrSeparatorPrefix")?,
        };
        let separate =
            first("separateOutputStream").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            command,
            separate: separate.then_some(prefixes),
        })
    }
}

/// Starts the command: its words are split as a shell splits them, but no shell runs it (source: StartCommandExecutor,
/// shell_unix.go), and it has nothing to read.
pub(crate) fn start(settings: &Settings, options: &Options) -> io::Result<Work> {
    let (work, inside) = Work::channel();
    let words = shlex::split(&settings.command).unwrap_or_default();
    let Some((name, arguments)) = words.split_first() else {
        return Err(io::Error::other("Failed to parse commands input"));
    };
    let (directory, environment) = environment(options);
    let mut command = Command::new(name);
    command
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir(directory)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    // As under the real agent, which is no job of anybody's.
    signals::reset(command.as_std_mut());
    let merged = if settings.separate.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        None
    } else {
        let (reader, writer) = io::pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        Some(reader)
    };
    let child = command.spawn();
    // The builder holds the writing ends; as long as it lives the pipe has no end.
    drop(command);
    match child {
        Ok(child) => drop(tokio::spawn(run(
            child,
            merged,
            settings.separate.clone(),
            inside,
        ))),
        Err(_) => {
            let text = format!(
                "Error occurred starting the command: exec: \"{name}\": executable file not found in $PATH\n\n"
            );
            drop(tokio::spawn(fail(
                text,
                settings.separate.is_some(),
                inside,
            )));
        }
    }
    Ok(work)
}

/// A command that does not start: its text is output, behind the exit code.
async fn fail(text: String, separate: bool, inside: Inside) {
    let mut outputs = Vec::new();
    if separate {
        outputs.push(Output::Data(PayloadType::EXIT_CODE, "EXIT_CODE: 1".into()));
    }
    outputs.push(Output::Data(PayloadType::OUTPUT, text.into()));
    outputs.push(Output::Ended);
    for output in outputs {
        // The session may be over already.
        let _ = inside.output.send(output).await;
    }
}

async fn run(
    mut child: Child,
    merged: Option<PipeReader>,
    separate: Option<Prefixes>,
    inside: Inside,
) {
    let Inside { mut input, output } = inside;
    let process = child.id();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let (stdout_prefix, stderr_prefix) = match &separate {
        Some(prefixes) => (prefixes.stdout.as_str(), prefixes.stderr.as_str()),
        None => ("", ""),
    };
    let outputs = async {
        tokio::join!(
            pump(stdout, PayloadType::OUTPUT, stdout_prefix, &output),
            pump(stderr, PayloadType::STD_ERR, stderr_prefix, &output),
            pump_blocking(merged, &output),
        );
        child.wait().await
    };
    tokio::select! {
        status = outputs => {
            if separate.is_some() {
                // -1 when a signal ended it, as Go has it.
                let code = status.ok().and_then(|status| status.code()).unwrap_or(-1);
                let text = format!("EXIT_CODE: {code}");
                // The session may be over before its command is.
                let _ = output.send(Output::Data(PayloadType::EXIT_CODE, text.into())).await;
            }
            let _ = output.send(Output::Ended).await;
        }
        () = take_input(&mut input, process) => {}
    }
}

/// Ends when the session is over; dropping the child then ends the command. Input is looked through for two characters
/// that become signals, and is otherwise dropped.
async fn take_input(input: &mut mpsc::UnboundedReceiver<Input>, process: Option<u32>) {
    let process = process.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    while let Some(input) = input.recv().await {
        let Input::Bytes(bytes) = input else { continue };
        let signal = bytes.iter().find_map(|byte| match byte {
            0x03 => Some(rustix::process::Signal::INT),
            0x1c => Some(rustix::process::Signal::QUIT),
            _ => None,
        });
        if let (Some(process), Some(signal)) = (process, signal) {
            // It may have ended this very moment.
            let _ = rustix::process::kill_process(process, signal);
        }
    }
}

/// Each payload that begins a line has the prefix; what goes on with a line has none.
async fn pump(
    reader: Option<impl AsyncRead + Unpin>,
    payload_type: PayloadType,
    prefix: &str,
    output: &mpsc::Sender<Output>,
) {
    let Some(mut reader) = reader else { return };
    let mut buffer = [0; MAX_READ];
    let mut payloads = Payloads::default();
    let room = MAX_READ - prefix.len();
    let mut begins_line = true;
    while let Ok(length @ 1..) = reader.read(&mut buffer[..room]).await {
        let read = &buffer[..length];
        let payload = if begins_line {
            payloads.push(&[prefix.as_bytes(), read].concat())
        } else {
            payloads.push(read)
        };
        begins_line = read.ends_with(b"\n");
        if !payload.is_empty() {
            // The session may be over before its command is.
            let _ = output.send(Output::Data(payload_type, payload)).await;
        }
    }
    let rest = payloads.finish();
    if !rest.is_empty() {
        let _ = output.send(Output::Data(payload_type, rest)).await;
    }
}

/// The merged pipe is read on a thread: it is an ordinary pipe, not one of the runtime's. The real agent has the command
/// write into a file, and sends it when the command has ended.
async fn pump_blocking(reader: Option<PipeReader>, output: &mpsc::Sender<Output>) {
    use std::io::Read as _;

    let Some(mut reader) = reader else { return };
    let output = output.clone();
    let pump = tokio::task::spawn_blocking(move || {
        let mut written = Vec::new();
        // What cannot be read is not sent; the command's end follows all the same.
        let _ = reader.read_to_end(&mut written);
        let mut payloads = Payloads::default();
        for read in written.chunks(MAX_READ) {
            let payload = payloads.push(read);
            if !payload.is_empty()
                && output
                    .blocking_send(Output::Data(PayloadType::OUTPUT, payload))
                    .is_err()
            {
                return;
            }
        }
        let rest = payloads.finish();
        if !rest.is_empty() {
            // The session may be over before its command is.
            let _ = output.blocking_send(Output::Data(PayloadType::OUTPUT, rest));
        }
    });
    // A panic there was printed already; the session ends as at the end of the pipe.
    let _ = pump.await;
}
