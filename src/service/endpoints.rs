//! Where the calls go and where the data channel will: the addresses that the SDK's clients have.
//!
//! Nothing here connects to them.

use std::error::Error as StdError;

use super::{Service, stream};
use crate::aws::{Way, address};

/// What the region's endpoint of Systems Manager begins with, and what that of its message service does.
const FAMILIES: [(&str, &str); 2] = [("ssm.", "ssmmessages."), ("ssm-fips.", "ssmmessages-fips.")];

/// The addresses of the services around a session; in place of one that cannot be, why.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Systems Manager.
    pub ssm: Result<String, String>,
    /// The data channels of the region. `None`: an endpoint of the person's own names them, once a session starts.
    pub messages: Option<String>,
    /// Who tells who is asking.
    pub sts: Result<String, String>,
}

impl Service {
    /// Where the services are asked.
    pub async fn endpoints(&self) -> Endpoints {
        let way = &self.way;
        let own = self
            .endpoint_url
            .clone()
            .or_else(|| way.own_endpoint("SSM"));
        let is_foreign = own.as_deref().is_some_and(|own| {
            let url = address::parse(own).ok();
            let host = url.and_then(|url| address::bare_host(&url));
            !host.is_some_and(|host| stream::is_of_aws(&host))
        });
        let messages = match is_foreign {
            true => None,
            false => ssm(way, None).await.ok().and_then(|ssm| messages(&ssm)),
        };
        Endpoints {
            ssm: ssm(way, own).await,
            messages,
            sts: sts(way).await,
        }
    }
}

fn messages(ssm: &str) -> Option<String> {
    FAMILIES.iter().find_map(|(calls, messages)| {
        let rest = ssm.strip_prefix("https://")?.strip_prefix(calls)?;
        Some(format!("https://{messages}{rest}"))
    })
}

fn told(error: Box<dyn StdError + Send + Sync>) -> String {
    error.to_string()
}

async fn ssm(way: &Way, own: Option<String>) -> Result<String, String> {
    use aws_sdk_ssm::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    let asked = Params::builder()
        .set_region(way.region().map(str::to_owned))
        .set_use_fips(way.config().use_fips())
        .set_use_dual_stack(way.config().use_dual_stack())
        .set_endpoint(own)
        .build()
        .map_err(|error| told(error.into()))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&asked).await;
    Ok(endpoint.map_err(told)?.url().to_owned())
}

async fn sts(way: &Way) -> Result<String, String> {
    use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
    let asked = Params::builder()
        .set_region(way.region().map(str::to_owned))
        .set_use_fips(way.config().use_fips())
        .set_use_dual_stack(way.config().use_dual_stack())
        .set_endpoint(way.own_endpoint("STS"))
        .build()
        .map_err(|error| told(error.into()))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&asked).await;
    Ok(endpoint.map_err(told)?.url().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_channels_lead_to_the_message_service_of_the_same_region() {
        let check = |ssm: &str, expected: Option<&str>| {
            assert_eq!(messages(ssm).as_deref(), expected);
        };
        check(
            "https://ssm.eu-central-1.amazonaws.com",
            Some("https://ssmmessages.eu-central-1.amazonaws.com"),
        );
        check(
            "https://ssm-fips.us-east-1.amazonaws.com",
            Some("https://ssmmessages-fips.us-east-1.amazonaws.com"),
        );
        check(
            "https://ssm.eu-central-1.api.aws",
            Some("https://ssmmessages.eu-central-1.api.aws"),
        );
        check("https://relay.example", None);
    }
}
