//! Where a data channel may lead: the token goes there, and whatever is typed.
//!
//! Nothing here opens one. Who named an endpoint of his own (a simulator, a relay) trusts what that names in turn.

use super::Error;
use crate::aws::address;

/// The names that Systems Manager's message service has had: today's, with FIPS, and that of old documentation.
const SERVICES: [&str; 3] = ["ssmmessages", "ssmmessages-fips", "ssm-messages"];
/// What AWS's own names end with (source: the SDK's partitions, `dnsSuffix` and `dualStackDnsSuffix`), and the endpoints of
/// a VPC under them (`vpce-0a1b-2c3d.ssmmessages.eu-west-1.vpce.amazonaws.com`).
const SUFFIXES: [&str; 16] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
    "vpce.amazonaws.com",
    "vpce.amazonaws.com.cn",
];

/// Lets the address of a data channel pass: any that an endpoint of the person's own names, and otherwise only a host of
/// the region's message service, encrypted, or this machine.
///
/// # Errors
/// It leads elsewhere.
pub(super) fn check(stream_url: &str, region: &str, asked: Option<&str>) -> Result<(), Error> {
    let foreign = asked.is_some_and(|host| !is_of_aws(host));
    // What does not read is refused where it is opened, in words of its own.
    let Ok(url) = address::parse(stream_url) else {
        return Ok(());
    };
    let host = address::bare_host(&url).unwrap_or_default();
    // What stays on this machine is a simulator or a relay, and whoever runs it sees all of this anyway.
    if foreign
        || address::is_loopback(&host)
        || url.scheme() == "wss" && is_of_region(&host, region)
    {
        return Ok(());
    }
    Err(Error::ForeignStream {
        host,
        region: region.to_owned(),
    })
}

pub(super) fn is_of_aws(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| below(&host, suffix).is_some())
}

fn is_of_region(host: &str, region: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let region = region.to_ascii_lowercase();
    SUFFIXES.iter().any(|suffix| {
        let Some(name) = below(&host, suffix).and_then(|rest| below(rest, &region)) else {
            return false;
        };
        SERVICES.contains(&name)
            || suffix.starts_with("vpce.")
                && SERVICES.iter().any(|service| {
                    below(name, service)
                        .is_some_and(|id| id.starts_with("vpce-") && !id.contains('.'))
                })
    })
}

/// What stands before `.suffix`.
fn below<'a>(host: &'a str, suffix: &str) -> Option<&'a str> {
    host.strip_suffix(suffix)?.strip_suffix('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_channel_leads_to_the_region_s_service_or_where_an_own_endpoint_says() {
        let check = |host: &str, asked: Option<&str>| {
            check(&format!("{host}/v1/data-channel/s"), "eu-west-1", asked).is_ok()
        };
        for good in [
            "ws://127.0.0.1:4566",
            "wss://ssmmessages.eu-west-1.amazonaws.com",
            "wss://SSMMESSAGES.eu-west-1.amazonaws.com.:443",
            "wss://ssmmessages-fips.eu-west-1.amazonaws.com",
            "wss://ssm-messages.eu-west-1.amazonaws.com",
            "wss://ssmmessages.eu-west-1.amazonaws.com.cn",
            "wss://ssmmessages.eu-west-1.api.aws",
            "wss://ssmmessages-fips.eu-west-1.api.aws",
            "wss://vpce-0a1b-2c3d.ssmmessages.eu-west-1.vpce.amazonaws.com",
            "wss://vpce-0a1b-2c3d-eu-west-1a.ssmmessages.eu-west-1.vpce.amazonaws.com",
        ] {
            for asked in [None, Some("ssm.eu-west-1.amazonaws.com")] {
                assert!(check(good, asked), "{good}");
            }
        }
        for bad in [
            "ws://ssmmessages.eu-west-1.amazonaws.com",
            "wss://ssmmessages.eu-west-2.amazonaws.com",
            "wss://evil.example",
            "wss://ssmmessages.eu-west-1.amazonaws.com.evil.example",
            "wss://ssmmessages.eu-west-1.evilamazonaws.com",
            "wss://s3.eu-west-1.amazonaws.com",
            "wss://bucket.s3.eu-west-1.amazonaws.com",
            "wss://x.ssmmessages.eu-west-1.amazonaws.com",
            "wss://evil.ssmmessages.eu-west-1.vpce.amazonaws.com",
            "wss://ssmmessages.amazonaws.com",
            "wss://eu-west-1.amazonaws.com",
            "wss://169.254.169.254",
            "wss://ssmmessages.eu-west-1.amazonaws.com@evil.example",
        ] {
            for asked in [
                None,
                Some("ssm.eu-west-1.amazonaws.com"),
                Some("vpce-1.ssm.eu-west-1.vpce.amazonaws.com"),
            ] {
                assert!(!check(bad, asked), "{bad}");
            }
            assert!(check(bad, Some("127.0.0.1")), "{bad}");
        }
    }
}
