//! Where this machine keeps what it knows of targets, and a person who picks one.
//!
//! Nothing here starts a session.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use directories::ProjectDirs;

use crate::aws::Access;
use crate::cli::exit::{Failure, Status};
use crate::recorded::plan;
use crate::recorded::target::Target;
use crate::service::Service;
use crate::targets::{Picked, Place, pick};

/// Where what is known of targets is kept; `None` where there is no home.
pub(crate) fn folder() -> Option<PathBuf> {
    let folders = ProjectDirs::from("", "", "ssm-rec")?;
    Some(folders.cache_dir().join("targets"))
}

/// The same, for one account and region, as far as they are named.
pub(crate) fn place(access: &Access, endpoint: Option<&str>) -> Option<Place> {
    let of = |flag: Option<&str>, names: &[&str]| {
        let mut values = names.iter().filter_map(|name| std::env::var(name).ok());
        let flag = flag.map(str::to_owned);
        flag.or_else(|| values.find(|value| !value.is_empty()))
            .unwrap_or_default()
    };
    let whose = [
        of(
            access.profile.as_deref(),
            &["AWS_PROFILE", "AWS_DEFAULT_PROFILE"],
        ),
        of(None, &["AWS_ACCESS_KEY_ID"]),
        of(
            access.region.as_deref(),
            &["AWS_REGION", "AWS_DEFAULT_REGION"],
        ),
        of(endpoint, &["AWS_ENDPOINT_URL_SSM", "AWS_ENDPOINT_URL"]),
    ];
    Some(Place::of(&folder()?, &whose.each_ref().map(String::as_str)))
}

/// Lets a person pick; the status to end with where nothing is picked.
pub(crate) fn choose(
    access: &Access,
    endpoint: Option<&str>,
    place: Option<&Place>,
) -> Result<Result<Target, Status>, Failure> {
    let place = place
        .cloned()
        .ok_or_else(|| anyhow!("there is no home to keep what is known of targets in"))?;
    let endpoint = endpoint.map(str::to_owned);
    // Nobody can be asked for a code under the list. Whoever picks from what is known is asked when the session starts.
    let access = Access {
        ask_mfa_code: None,
        ..access.clone()
    };
    let opening = async move { Service::open(&access, endpoint.as_deref()).await };
    let runtime = plan::runtime().map_err(anyhow::Error::from)?;
    match runtime
        .block_on(pick(place, opening))
        .context("cannot pick")?
    {
        Picked::Node(id) => Ok(Ok(Target::Id(id))),
        Picked::Left => Ok(Err(Status::Success)),
        Picked::Signal(number) => Ok(Err(Status::Signal(number))),
        Picked::Nothing(region) => Err(Failure::new(
            Status::NotFound,
            anyhow!("there are no managed nodes in {region}"),
        )
        .hint("name another region with --region, or a target by its id")),
        Picked::Failed(error) => Err(error.into()),
    }
}
