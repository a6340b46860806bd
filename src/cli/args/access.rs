//! The flags that say how AWS is reached.
//!
//! Nothing here speaks to AWS.

use clap_complete::engine::ArgValueCompleter;

use crate::aws::Access;
use crate::cli::ask;
use crate::cli::completion::{profiles, regions};

/// The way to AWS.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// AWS region
    #[arg(long, add = ArgValueCompleter::new(regions))]
    region: Option<String>,

    /// Profile of the shared AWS configuration
    #[arg(long, add = ArgValueCompleter::new(profiles))]
    profile: Option<String>,

    /// Where Systems Manager answers, instead of the region's endpoint
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
}

impl AccessArgs {
    /// The way to AWS, and where Systems Manager is there.
    pub(crate) fn split(self) -> (Access, Option<String>) {
        let access = Access {
            region: self.region,
            profile: self.profile,
            ask_mfa_code: Some(ask::mfa_code()),
            ..Access::default()
        };
        (access, self.endpoint_url)
    }
}
