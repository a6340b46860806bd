//! The real ssm-rec against a Session Manager service on this machine: no AWS account, no network, a real shell.
//!
//! Endpoint and throw-away credentials are set for one child process alone; nothing of the person's own AWS
//! configuration is read or changed. Recordings stay in `target/sandbox` for later commands.
//!
//! With `--s3` first, or with `SSM_REC_STORE=s3://…`, the store is a bucket of an S3 server on this machine, whose objects
//! stay in `target/sandbox` too. `demo` makes another store, with twenty sessions and settings of its own, that `--demo` first
//! chooses; `--as NAME` says who one is.
//!
//! ```text
//! cargo run --release --example sandbox -- start i-0abc --reason ticket-42
//! cargo run --release --example sandbox -- list
//! cargo run --release --example sandbox -- --s3 start i-0abc --reason ticket-42
//! cargo run --release --example sandbox -- demo
//! cargo run --release --example sandbox -- --demo --as robin review
//! ```

mod demo;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use demo::making::{Made, Runner, make};
use demo::sessions::Fate;
use demo::{Demo, Failure};
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::{Node, Options, Service};

/// Set in the child, which then is ssm-rec and nothing else.
const CHILD: &str = "SSM_REC_SANDBOX_CHILD";
/// Every profile, key and endpoint of the person's own would lead out of the sandbox.
const FOREIGN: &str = "AWS_";
/// The demo has settings of its own.
const SETTINGS: &str = "SSM_REC_";
/// Where everything is kept, if not in `target/sandbox`: a test has a folder of its own.
const FOLDER: &str = "SANDBOX_FOLDER";
/// As a quick typist's.
const PACE: Duration = Duration::from_millis(25);
/// Who one is in the demo, where nothing else is said.
const VISITOR: &str = "visitor";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if std::env::var_os(CHILD).is_some() {
        let program = std::iter::once(OsString::from("ssm-rec"));
        return ssm_rec::run(program.chain(arguments.into_iter().skip(1)));
    }
    let done = Asked::of(&arguments[1..]).and_then(|asked| match &asked {
        Asked { is_demo: true, .. } => in_demo(&asked),
        Asked { rest, .. } if rest.first().is_some_and(|word| word == "demo") => make_demo(&asked),
        _ => sandbox(&asked),
    });
    match done {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is asked of the sandbox itself, and what of ssm-rec.
struct Asked {
    is_demo: bool,
    is_bucket: bool,
    who: Option<String>,
    demo: Option<PathBuf>,
    rest: Vec<OsString>,
}

impl Asked {
    fn of(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut asked = Self {
            is_demo: false,
            is_bucket: false,
            who: None,
            demo: None,
            rest: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let mut value = |what: &str| {
                let value = arguments.next();
                value.ok_or_else(|| format!("{} needs {what}", argument.display()))
            };
            match argument.to_str() {
                Some("--demo") => asked.is_demo = true,
                Some("--s3") => asked.is_bucket = true,
                Some("--as") => {
                    let name = value("a name")?.to_string_lossy().into_owned();
                    asked.who = Some(name);
                }
                Some("--folder") => asked.demo = Some(std::path::absolute(value("a folder")?)?),
                _ => {
                    asked.rest.push(argument.clone());
                    asked.rest.extend(arguments.cloned());
                    break;
                }
            }
        }
        let is_to_make = asked.rest.first().is_some_and(|word| word == "demo");
        if asked.is_bucket && (asked.is_demo || is_to_make) {
            return Err("a demo has a store of its own: leave --s3 out".into());
        }
        Ok(asked)
    }

    fn demo(&self) -> Demo {
        Demo::at(self.demo.clone().unwrap_or_else(|| folder().join("demo")))
    }

    /// How the sandbox is typed that has this demo.
    fn typed(&self) -> String {
        let folder = self.demo.as_ref().map(|folder| {
            let folder = folder.display().to_string();
            format!(" --folder {}", quoted(&folder))
        });
        format!("{}{}", typed(), folder.unwrap_or_default())
    }
}

fn folder() -> PathBuf {
    let named = std::env::var_os(FOLDER).map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/sandbox"))
}

fn typed() -> &'static str {
    match cfg!(debug_assertions) {
        true => "cargo run --example sandbox --",
        false => "cargo run --release --example sandbox --",
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |at: char| at.is_ascii_alphanumeric() || "-_./:=,@".contains(at);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn make_demo(asked: &Asked) -> Result<u8, Failure> {
    if asked.rest.len() > 1 {
        return Err("demo takes nothing more; --folder FOLDER in front puts it elsewhere".into());
    }
    let demo = asked.demo();
    eprintln!("sandbox: twenty sessions run, several at a time; a quarter of a minute");
    let runner = Runner {
        program: &std::env::current_exe()?,
        environment: vec![(CHILD, "1".to_owned())],
        pace: PACE,
    };
    let made = make(&demo, &runner)?;
    eprintln!("sandbox: the store is {}", demo.path("store").display());
    tell(asked, &demo, &made);
    Ok(0)
}

fn tell(asked: &Asked, demo: &Demo, made: &Made) {
    eprintln!(
        "sandbox: of these, {} was cut, {} changed in the store afterwards, and {} went round the recorder",
        made.with(Fate::Cut),
        made.with(Fate::Altered),
        made.hidden
    );
    eprintln!(
        "sandbox: alice, bob, dana and the role Deploy work on machines, robin judges, quinn audits. Try:"
    );
    for (who, words) in made.tries(demo) {
        let who = who.map(|who| format!(" --as {who}")).unwrap_or_default();
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        println!("{} --demo{who} {}", asked.typed(), words.join(" "));
    }
}

/// ssm-rec in the demo that was made.
fn in_demo(asked: &Asked) -> Result<u8, Failure> {
    let demo = asked.demo();
    if !demo.exists() {
        return Err(format!("there is no demo yet; make it: {} demo", asked.typed()).into());
    }
    if asked.rest.is_empty() {
        return Err(format!("which command? For example: {} --demo list", asked.typed()).into());
    }
    let service = demo.serve()?;
    let ignore = std::thread::spawn(ignore_interrupts);
    let who = asked.who.as_deref().unwrap_or(VISITOR);
    let mut child = child(&asked.rest)?;
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(SETTINGS)) {
            child.env_remove(name);
        }
    }
    let environment = demo.environment(&service.endpoint(), who);
    let status = child.env(CHILD, "1").envs(environment).status()?;
    demo.keep_history(&service)?;
    drop(ignore);
    Ok(code(status))
}

fn code(status: std::process::ExitStatus) -> u8 {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.unwrap_or(1)
}

fn sandbox(asked: &Asked) -> Result<u8, Failure> {
    let folder = folder();
    let service = Service::start(Options::default())?;
    service.manage(Node::samples());
    let bucket = bucket(&folder, asked.is_bucket)?;
    let guided = asked.rest.is_empty();
    let arguments = if guided {
        ["start", "i-0abc", "--reason", "ticket-42"]
            .map(OsString::from)
            .to_vec()
    } else {
        asked.rest.clone()
    };
    // The keyboard's signals are the child's to handle; the service must outlive it.
    let ignore = std::thread::spawn(ignore_interrupts);
    let mut child = child(&arguments)?;
    let store = std::env::var_os("SSM_REC_STORE").unwrap_or_else(|| folder.join("store").into());
    child
        .envs(demo::apart(&folder, &service.endpoint()))
        .env("SSM_REC_STORE", store)
        .env("SSM_REC_SPOOL", folder.join("spool"));
    if let Some(who) = &asked.who {
        child.env("AWS_ACCESS_KEY_ID", demo::people::access_key(who));
    }
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
            Some(_) => format!("{} --s3", typed()),
            None => typed().to_owned(),
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
    Ok(code(status))
}

/// The bucket that is asked for, and its location as a store.
fn bucket(folder: &Path, asked: bool) -> Result<Option<(Bucket, String)>, Failure> {
    let named = std::env::var("SSM_REC_STORE").ok();
    let location = match named.filter(|store| store.starts_with("s3://")) {
        Some(location) => location,
        None if asked => "s3://recordings/sandbox".to_owned(),
        None => return Ok(None),
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
    Ok(Some((Bucket::start(options)?, location)))
}

/// This program as ssm-rec, with nothing of the person's AWS.
fn child(arguments: &[OsString]) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with(FOREIGN)) {
            command.env_remove(name);
        }
    }
    command.env(CHILD, "1");
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
