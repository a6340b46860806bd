//! The demo: a folder with a store of twenty sessions that really ran, and what later commands need to look at it.
//!
//! Nothing outside that folder is written, and no folder is emptied that no demo has made.

pub(crate) mod making;
pub(crate) mod people;
pub(crate) mod sessions;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use loopback::{Options, Past, Service};

/// What is told to whoever asks for a demo.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Whose folder it is.
const MARK: &str = "made-by-sandbox";
/// What the service knows of sessions.
const HISTORY: &str = "history.json";

/// A demo in its folder, made or not.
pub(crate) struct Demo {
    folder: PathBuf,
}

impl Demo {
    /// The one in this folder.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Whether it was made.
    pub(crate) fn exists(&self) -> bool {
        self.folder.join(MARK).is_file() && self.folder.join(HISTORY).is_file()
    }

    /// A path below its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Empties the folder, if it is a demo's or nobody's.
    fn empty(&self) -> Result<(), Failure> {
        let is_ours = self.folder.join(MARK).is_file();
        let has_something = fs::read_dir(&self.folder)
            .map(|mut entries| entries.next().is_some())
            .unwrap_or(false);
        if has_something && !is_ours {
            let folder = self.folder.display();
            return Err(format!(
                "{folder} holds something that no demo has made; name another folder with --folder"
            )
            .into());
        }
        if is_ours {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)?;
        fs::write(
            self.folder.join(MARK),
            "The next demo empties this folder.\n",
        )?;
        Ok(())
    }

    /// The service that the sessions of the demo ran on: it tells of them, and of others that come.
    ///
    /// # Errors
    /// Its history does not read, or the service does not start.
    pub(crate) fn serve(&self) -> Result<Service, Failure> {
        let service = Service::start(Options {
            shell: [
                "bash",
                "--noprofile",
                "--rcfile",
                &self.path("host.sh").display().to_string(),
            ]
            .map(str::to_owned)
            .to_vec(),
            directory: Some(self.path("home")),
            ..Options::quick()
        })?;
        match fs::read(self.path(HISTORY)) {
            Ok(bytes) => service.tell_of(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        Ok(service)
    }

    /// Keeps what the service knows, for the next one. Its sessions end with it.
    ///
    /// # Errors
    /// It cannot be written.
    #[expect(
        clippy::disallowed_methods,
        reason = "a session that runs ends now, with its service"
    )]
    pub(crate) fn keep_history(&self, service: &Service) -> Result<(), Failure> {
        let now = SystemTime::now();
        let mut history = service.history();
        for past in &mut history {
            past.ended.get_or_insert(now);
        }
        self.write_history(&history)
    }

    /// Whole or not at all: another command may read it.
    fn write_history(&self, history: &[Past]) -> Result<(), Failure> {
        let new = self.path(&format!("{HISTORY}.{}", std::process::id()));
        fs::write(&new, serde_json::to_vec_pretty(history)?)?;
        fs::rename(new, self.path(HISTORY))?;
        Ok(())
    }

    /// What makes ssm-rec somebody in the demo.
    pub(crate) fn environment(&self, endpoint: &str, who: &str) -> Vec<(&'static str, String)> {
        let path = |path: PathBuf| path.display().to_string();
        let mut environment = apart(&self.folder, endpoint);
        environment.extend([
            ("AWS_ACCESS_KEY_ID", people::access_key(who)),
            ("SSM_REC_CONFIG", path(self.path("config.toml"))),
            ("SSM_REC_STORE", path(self.path("store"))),
            // One machine and one person at it, whoever they are to AWS: one row of manifests.
            ("SSM_REC_SPOOL", path(self.path("spool"))),
            ("XDG_CACHE_HOME", path(self.path("cache"))),
            ("XDG_DATA_HOME", path(self.path("data"))),
        ]);
        let key = people::key_file(&self.path("keys"), who);
        if key.is_file() {
            environment.push(("SSM_REC_RECORD_SIGN_KEY", path(key)));
        }
        environment
    }
}

/// What keeps a program from the person's own AWS: all that it reaches is here.
pub(crate) fn apart(folder: &Path, endpoint: &str) -> Vec<(&'static str, String)> {
    let nowhere = folder.join("no-such-file").display().to_string();
    vec![
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        // The service is here; no proxy could reach it.
        ("NO_PROXY", "*".to_owned()),
        ("no_proxy", "*".to_owned()),
        ("AWS_CONFIG_FILE", nowhere.clone()),
        ("AWS_SHARED_CREDENTIALS_FILE", nowhere),
    ]
}
