//! The real ssm-rec against a Session Manager service on this machine: no AWS account, no network, a real shell.
//!
//! Endpoint and throw-away credentials are set for one child process alone; nothing of the person's own AWS
//! configuration is read or changed. Recordings stay in `target/sandbox` for later commands.
//!
//! With `--s3` first, or with `SSM_REC_STORE=s3://…`, the store is a bucket of an S3 server on this machine, whose objects
//! stay in `target/sandbox` too.
//!
//! ```text
//! cargo run --release --example sandbox -- start i-0abc --reason ticket-42
//! cargo run --release --example sandbox -- list
//! cargo run --release --example sandbox -- --s3 start i-0abc --reason ticket-42
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
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
    let (bucket, arguments) = bucket(&folder, arguments)?;
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
    let mut child = child(&folder, &service.endpoint(), &arguments)?;
    if let Some((bucket, location)) = &bucket {
        child
            .env("AWS_ENDPOINT_URL_S3", bucket.endpoint())
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("SSM_REC_STORE", location);
    }
    let before = bucket.as_ref().map(|(bucket, _)| bucket.objects());
    let status = child.status()?;
    if let (Some((bucket, location)), Some(before)) = (&bucket, before) {
        let name = location.split('/').nth(2).unwrap_or_default();
        for (key, object) in bucket.objects() {
            if !before.contains_key(&key) {
                eprintln!(
                    "sandbox: {:>9} bytes in s3://{name}/{key}",
                    object.bytes.len()
                );
            }
        }
    }
    if guided {
        let program = match bucket {
            Some(_) => "cargo run --release --example sandbox -- --s3",
            None => "cargo run --release --example sandbox --",
        };
        if bucket.is_none() {
            eprintln!(
                "sandbox: the recording is in {}",
                folder.join("store").display()
            );
        }
        eprintln!("sandbox: list it:        {program} list");
        eprintln!("sandbox: play it again:  {program} play ID");
    }
    drop(ignore);
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1))
}

/// The bucket that is asked for, its location as a store, and the arguments that are ssm-rec's.
#[expect(
    clippy::type_complexity,
    reason = "one use, and every part is named above"
)]
fn bucket(
    folder: &Path,
    arguments: &[OsString],
) -> Result<(Option<(Bucket, String)>, Vec<OsString>), Box<dyn std::error::Error>> {
    let asked = arguments.first().is_some_and(|first| first == "--s3");
    let arguments = arguments[usize::from(asked)..].to_vec();
    let named = std::env::var("SSM_REC_STORE").ok();
    let location = match named.filter(|store| store.starts_with("s3://")) {
        Some(location) => location,
        None if asked => "s3://recordings/sandbox".to_owned(),
        None => return Ok((None, arguments)),
    };
    let name = location.split('/').nth(2).unwrap_or_default().to_owned();
    if name.is_empty() || name.starts_with('.') {
        return Err(format!("{location:?} names no bucket").into());
    }
    let options = bucket::Options {
        folder: Some(folder.join("buckets").join(&name)),
        name,
        page: 1000,
        ..bucket::Options::default()
    };
    Ok((Some((Bucket::start(options)?, location)), arguments))
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
        // The service is here; no proxy could reach it.
        .env("NO_PROXY", "*")
        .env("no_proxy", "*")
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
