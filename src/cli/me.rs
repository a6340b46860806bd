//! Who looks at recordings: by the credentials in force, and by the name that this machine knows.
//!
//! Nothing here proves who somebody is: a signature does.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::aws::Access;
use crate::cli::message;
use crate::recorded::{here, plan};
use crate::review::verdicts::Person;
use crate::service::Service;
use crate::words::{causes, last_of_arn};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever runs this command.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub(crate) arn: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) host: Option<String>,
}

impl Me {
    /// Asks who the credentials belong to. Who cannot be told by them is still told by user and machine, and that is said.
    pub(crate) fn ask(access: &Access, endpoint: Option<&str>) -> Self {
        let asked = async {
            let service = Service::open(access, endpoint)
                .await
                .map_err(|error| causes(&error))?;
            let caller = tokio::time::timeout(PATIENCE, service.caller()).await;
            let caller = caller.map_err(|_| "no answer came in time".to_owned())?;
            caller.map_err(|error| causes(&error))
        };
        let arn = match plan::runtime().map(|runtime| runtime.block_on(asked)) {
            Ok(Ok(caller)) => Some(caller.arn),
            Ok(Err(why)) => {
                message::say(&format!("AWS does not tell who you are: {why}"));
                None
            }
            Err(_) => None,
        };
        Self {
            arn,
            user: here::user(),
            host: here::host(),
        }
    }

    pub(crate) fn person(&self) -> Person<'_> {
        Person {
            arn: self.arn.as_deref(),
            user: self.user.as_deref(),
            host: self.host.as_deref(),
        }
    }

    /// What stands for them in keys.
    pub(crate) fn name(&self) -> &str {
        match (&self.arn, &self.user) {
            (Some(arn), _) => last_of_arn(arn),
            (None, Some(user)) => user,
            (None, None) => "nobody",
        }
    }
}

/// A moment as reviews and views have it.
pub(crate) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
