//! A command on pipes: NonInteractiveCommands, with merged or separate output.
//!
//! Nothing here is a terminal.

use std::io::{self, PipeReader};
use std::process::Stdio;

use bytes::Bytes;
use formats::PayloadType;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use crate::options::Options;
use crate::work::{Input, Inside, MAX_READ, Output, Payloads, Work, environment};

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

/// Starts the command.
pub(crate) fn start(settings: &Settings, options: &Options) -> io::Result<Work> {
    let (directory, environment) = environment(options);
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(&settings.command)
        .env_clear()
        .envs(environment)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .kill_on_drop(true);
    let merged = if settings.separate.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        None
    } else {
        let (reader, writer) = io::pipe()?;
        command.stdout(writer.try_clone()?).stderr(writer);
        Some(reader)
    };
    let child = command.spawn()?;
    // The builder holds the writing ends; as long as it lives the pipe has no end.
    drop(command);
    let (work, inside) = Work::channel();
    tokio::spawn(run(child, merged, settings.separate.clone(), inside));
    Ok(work)
}

async fn run(
    mut child: Child,
    merged: Option<PipeReader>,
    separate: Option<Prefixes>,
    inside: Inside,
) {
    let Inside { mut input, output } = inside;
    let mut stdin = child.stdin.take();
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
                let code = status.ok().and_then(|status| status.code()).unwrap_or(-1);
                let text = format!("EXIT_CODE: {code}");
                // The session may be over before its command is.
                let _ = output.send(Output::Data(PayloadType::EXIT_CODE, text.into())).await;
            }
            let _ = output.send(Output::Ended).await;
        }
        () = take_input(&mut input, &mut stdin) => {}
    }
}

/// Ends when the session is over; dropping the child then ends the command.
async fn take_input(input: &mut mpsc::UnboundedReceiver<Input>, stdin: &mut Option<ChildStdin>) {
    while let Some(input) = input.recv().await {
        if let (Input::Bytes(bytes), Some(pipe)) = (input, stdin.as_mut())
            && pipe.write_all(&bytes).await.is_err()
        {
            *stdin = None;
        }
    }
}

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
    let prefixed = |payload: Bytes| {
        if prefix.is_empty() {
            payload
        } else {
            [prefix.as_bytes(), &payload].concat().into()
        }
    };
    while let Ok(length @ 1..) = reader.read(&mut buffer[..room]).await {
        let payload = payloads.push(&buffer[..length]);
        if !payload.is_empty() {
            // The session may be over before its command is.
            let _ = output
                .send(Output::Data(payload_type, prefixed(payload)))
                .await;
        }
    }
    let rest = payloads.finish();
    if !rest.is_empty() {
        let _ = output
            .send(Output::Data(payload_type, prefixed(rest)))
            .await;
    }
}

/// The merged pipe is read on a thread: it is an ordinary pipe, not one of the runtime's.
async fn pump_blocking(reader: Option<PipeReader>, output: &mpsc::Sender<Output>) {
    use std::io::Read as _;

    let Some(mut reader) = reader else { return };
    let output = output.clone();
    let pump = tokio::task::spawn_blocking(move || {
        let mut buffer = [0; MAX_READ];
        let mut payloads = Payloads::default();
        while let Ok(length @ 1..) = reader.read(&mut buffer) {
            let payload = payloads.push(&buffer[..length]);
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
