//! The real ssm-rec against a Session Manager service on this machine: no AWS account, no network, a real shell.
//!
//! Endpoint and throw-away credentials are set for one child process alone; nothing of the person's own AWS
//! configuration is read or changed. Recordings stay in `target/sandbox` for later commands.
//!
//! ```text
//! cargo run --release --example sandbox -- start i-0abc --reason ticket-42
//! cargo run --release --example sandbox -- list
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use loopback::{Options, Service};

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_SANDBOX_CHILD";
/// Every profile, key and endpoint of the person's own would lead out of the sandbox.
const FOREIGN: &str = "AWS_";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if std::env::var_os(CHILD).is_some() {
        let program = std::iter::once(OsString::from("ssm-rec"));
        return ssm_rec::run(program.chain(arguments.into_iter().skip(1)));
    }
    match sandbox(&arguments[1..]) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sandbox(arguments: &[OsString]) -> Result<u8, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sandbox");
    let service = Service::start(Options::default())?;
    let guided = arguments.is_empty();
    let arguments = if guided {
        ["start", "i-0abc", "--reason", "ticket-42"]
            .map(OsString::from)
            .to_vec()
    } else {
        arguments.to_vec()
    };
    // The keyboard's signals are the child's to handle; the service must outlive it.
    let ignore = std::thread::spawn(ignore_interrupts);
    let status = child(&folder, &service.endpoint(), &arguments)?.status()?;
    if guided {
        let program = "cargo run --release --example sandbox --";
        eprintln!(
            "sandbox: the recording is in {}",
            folder.join("store").display()
        );
        eprintln!("sandbox: list it:        {program} list");
        eprintln!("sandbox: play it again:  {program} play ID");
    }
    drop(ignore);
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}

fn child(folder: &Path, endpoint: &str, arguments: &[OsString]) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(FOREIGN)) {
            command.env_remove(name);
        }
    }
    let nowhere: PathBuf = folder.join("no-such-file");
    command
        .env(CHILD, "1")
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "sandbox")
        .env("AWS_SECRET_ACCESS_KEY", "sandbox")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_CONFIG_FILE", &nowhere)
        .env("AWS_SHARED_CREDENTIALS_FILE", &nowhere)
        .env(
            "SSM_REC_STORE",
            std::env::var_os("SSM_REC_STORE").unwrap_or_else(|| folder.join("store").into()),
        )
        .env("SSM_REC_SPOOL", folder.join("spool"));
    Ok(command)
}

fn ignore_interrupts() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    runtime.block_on(async { while tokio::signal::ctrl_c().await.is_ok() {} });
}
