//! Which addresses count as inside: this machine's own, and those of the networks around it.
//!
//! Nothing here looks up a name; [`super::network`] asks before it connects to that very address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where connections may lead.
#[derive(Clone, Copy, Debug, Default)]
pub enum Reach {
    /// To every address.
    #[default]
    Anywhere,
    /// To none of which this is so.
    Outside(fn(IpAddr) -> bool),
}

impl Reach {
    /// Whether a connection to this address may be opened.
    pub(super) fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Outside(is_inside) => !is_inside(address),
        }
    }
}

/// The address that a host's text is, or always stands for.
pub(super) fn named(host: &str) -> Option<IpAddr> {
    let bare = host.trim_end_matches('.').to_ascii_lowercase();
    // Source: RFC 6761, section 6.3.
    if bare == "localhost" || bare.ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    bare.parse().ok()
}

/// Whether an address is none of the public network: of this machine, of a network around it, or of nobody.
#[must_use]
pub fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inside_v4(address),
        IpAddr::V6(address) => is_inside_v6(address),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        // This network (RFC 791), shared address space (RFC 6598), benchmarks (RFC 2544), and what is reserved.
        || first == 0
        || (first == 100 && second & 0xc0 == 64)
        || (first == 198 && second & 0xfe == 18)
        || first >= 240
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // ::, ::1, and IPv4 addresses written as IPv6 ones, mapped or (RFC 4291, 2.5.5.1) compatible.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => embedded(high, low),
        // Through a translator (RFC 6052, RFC 8215) or a tunnel (RFC 3056).
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x64, 0xff9b, 1, ..] => true,
        [0x2002, high, low, ..] => embedded(high, low),
        // Unique local, link-local, site-local, multicast.
        [first, ..] => {
            first & 0xfe00 == 0xfc00 || first & 0xff80 == 0xfe80 || first & 0xff00 == 0xff00
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_and_outside_are_told_apart() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.255.0.9", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("192.169.1.1", false),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("100.127.255.255", true),
            ("100.128.0.1", false),
            ("100.63.0.1", false),
            ("0.0.0.0", true),
            ("0.1.2.3", true),
            ("198.18.0.1", true),
            ("224.0.0.1", true),
            ("255.255.255.255", true),
            ("8.8.8.8", false),
            ("::", true),
            ("::1", true),
            ("::7f00:1", true),
            ("::ffff:127.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("::ffff:169.254.169.254", true),
            ("::ffff:8.8.8.8", false),
            ("64:ff9b::10.0.0.1", true),
            ("64:ff9b::8.8.8.8", false),
            ("2002:7f00:1::", true),
            ("2002:808:808::", false),
            ("fc00::1", true),
            ("fd00:ec2::254", true),
            ("fe80::1", true),
            ("fec0::1", true),
            ("ff02::1", true),
            ("2001:4860:4860::8888", false),
        ] {
            assert_eq!(is_inside(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn a_text_that_is_an_address_needs_nobody_to_look_it_up() {
        let reach = Reach::Outside(is_inside);
        for host in ["127.0.0.1", "::1", "localhost", "LocalHost.", "a.localhost"] {
            let address = named(host).unwrap();
            assert!(!reach.allows(address) && Reach::Anywhere.allows(address));
        }
        assert!(reach.allows(named("8.8.8.8").unwrap()));
        for host in ["example.com", "localhost.example"] {
            assert_eq!(named(host), None, "{host}");
        }
    }
}
