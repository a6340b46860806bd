//! Which proxy a connection goes through: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
//!
//! Opens nothing. A password never leaves here but as the header that a proxy wants; nothing shows it.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;

use super::{Error, address};

/// Where machines and containers ask for their own credentials. Never through a proxy: it would answer with its own.
const LINK_LOCAL: [&str; 5] = [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::254",
    "fd00:ec2::23",
];

/// One proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The proxy itself is spoken to in TLS.
    pub(super) encrypted: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// The variable that names it.
    pub(super) variable: &'static str,
    /// User name and password.
    login: Option<(String, String)>,
}

impl Proxy {
    fn parse(variable: &'static str, value: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Proxy { variable, reason };
        let whole = match value.contains("://") {
            true => value.to_owned(),
            false => format!("http://{value}"),
        };
        let url = address::parse(&whole).map_err(wrong)?;
        let encrypted = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(wrong("only proxies at http:// and https:// are supported")),
        };
        let host = address::bare_host(&url);
        let (Some(host), Some(port)) = (host, url.port_or_known_default()) else {
            return Err(wrong("it names no host"));
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self {
            encrypted,
            host,
            port,
            variable,
            login: address::login(&url).map(|(user, password)| (text(user), text(password))),
        })
    }

    /// The value of `Proxy-Authorization`. A secret.
    pub(super) fn authorization(&self) -> Option<String> {
        let (user, password) = self.login.as_ref()?;
        Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        ))
    }

    /// The whole address, as the HTTP client wants it. A secret where there is a password.
    pub(super) fn address(&self) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        let login = self
            .login
            .as_ref()
            .map(|(user, password)| format!("{}:{}@", encode(user), encode(password)));
        format!(
            "{scheme}://{}{}",
            login.unwrap_or_default(),
            authority(&self.host, self.port)
        )
    }
}

/// Without user name and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.encrypted { "https" } else { "http" };
        write!(f, "{scheme}://{}", authority(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

/// The proxies in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    plain: Option<Proxy>,
    encrypted: Option<Proxy>,
    direct: Vec<Rule>,
}

impl Proxies {
    /// As the environment says.
    ///
    /// # Errors
    /// A variable names no proxy that can be used. It is not passed over: the connection would go where it must not.
    pub fn from_environment() -> Result<Self, Error> {
        Self::read(|name| std::env::var(name).ok())
    }

    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Result<Self, Error> {
        Self::read(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        // Written small it wins, as everywhere; empty it means none.
        let named = |names: [&'static str; 2]| {
            names
                .into_iter()
                .find_map(|name| Some((name, variable(name)?)))
        };
        let proxy = |names| match named(names) {
            Some((_, value)) if value.trim().is_empty() => Ok(Some(None)),
            Some((name, value)) => Proxy::parse(name, value.trim()).map(|proxy| Some(Some(proxy))),
            None => Ok(None),
        };
        let all = proxy(["all_proxy", "ALL_PROXY"])?.flatten();
        let direct = named(["no_proxy", "NO_PROXY"]).map_or_else(Vec::new, |(_, value)| {
            value
                .split([',', ' '])
                .filter_map(|rule| Rule::parse(rule.trim()))
                .collect()
        });
        Ok(Self {
            plain: proxy(["http_proxy", "HTTP_PROXY"])?.unwrap_or_else(|| all.clone()),
            encrypted: proxy(["https_proxy", "HTTPS_PROXY"])?.unwrap_or(all),
            direct,
        })
    }

    /// The proxy on the way to a host; `None`: the way is direct.
    #[must_use]
    pub fn for_host(&self, encrypted: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if encrypted {
            &self.encrypted
        } else {
            &self.plain
        };
        let proxy = proxy.as_ref()?;
        let direct =
            LINK_LOCAL.contains(&host) || self.direct.iter().any(|rule| rule.matches(host, port));
        (!direct).then_some(proxy)
    }

    pub(super) fn plain(&self) -> Option<&Proxy> {
        self.plain.as_ref()
    }

    pub(super) fn encrypted(&self) -> Option<&Proxy> {
        self.encrypted.as_ref()
    }
}

/// What `NO_PROXY` lists.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Everything,
    Network(IpNet),
    /// A host and whatever is below it, at one port or at all.
    Domain(String, Option<u16>),
}

impl Rule {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::Everything);
        }
        let bare = text.trim_matches(['[', ']']);
        if let Ok(network) = bare.parse::<IpNet>() {
            return Some(Self::Network(network));
        }
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Some(Self::Network(address.into()));
        }
        let (host, port) = split_port(text);
        let domain = host.trim_start_matches('*').trim_start_matches('.');
        (!domain.is_empty()).then(|| {
            Self::Domain(
                domain.to_ascii_lowercase(),
                port.and_then(|port| port.parse().ok()),
            )
        })
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network(network) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(&address)),
            Self::Domain(domain, at) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                at.is_none_or(|at| at == port)
                    && host
                        .strip_suffix(domain.as_str())
                        .is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
        }
    }
}

/// `host:port`, an IPv6 address in brackets.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Host without brackets, and what stands behind the colon.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        return (host, rest.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        // More than one colon without brackets: an IPv6 address.
        Some((host, _)) if host.contains(':') => (authority, None),
        Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
        None => (authority, None),
    }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(variables: &[(&str, &str)], encrypted: bool, host: &str) -> Option<String> {
        let proxies = Proxies::of(variables).unwrap();
        proxies
            .for_host(encrypted, host, 443)
            .map(ToString::to_string)
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_fills_in() {
        let some = |text: &str| Some(text.to_owned());
        let https = [("HTTPS_PROXY", "http://proxy.example:3128/")];
        assert_eq!(way(&https, true, "ssm"), some("http://proxy.example:3128"));
        assert_eq!(way(&https, false, "ssm"), None);
        let all = [("ALL_PROXY", "proxy:8080"), ("http_proxy", "")];
        assert_eq!(way(&all, true, "ssm"), some("http://proxy:8080"));
        assert_eq!(way(&all, false, "ssm"), None, "empty means none");
        let both = [
            ("HTTPS_PROXY", "http://large:1"),
            ("https_proxy", "http://small:2"),
        ];
        assert_eq!(way(&both, true, "ssm"), some("http://small:2"));
        assert_eq!(
            way(&[("https_proxy", "https://[::1]")], true, "ssm"),
            some("https://[::1]:443")
        );
        assert_eq!(way(&[], true, "ssm"), None);
    }

    #[test]
    fn no_proxy_takes_names_suffixes_addresses_networks_and_ports() {
        let direct = |rules: &str, host: &str| {
            way(
                &[("HTTPS_PROXY", "http://p"), ("NO_PROXY", rules)],
                true,
                host,
            )
            .is_none()
        };
        assert!(direct("*", "anything"));
        assert!(direct(
            "other, amazonaws.com",
            "ssm.eu-central-1.amazonaws.com"
        ));
        assert!(direct(".amazonaws.com", "AmazonAWS.com."));
        assert!(direct("*.internal", "db.internal"));
        assert!(!direct("amazonaws.com", "notamazonaws.com"));
        assert!(direct("10.0.0.0/8,::1", "10.1.2.3"));
        assert!(direct("10.0.0.0/8,[::1]", "::1"));
        assert!(!direct("10.0.0.0/8", "11.0.0.1"));
        assert!(!direct("10.0.0.0/8", "10.example"));
        assert!(direct("127.0.0.1", "127.0.0.1"));
        assert!(direct("ssm:443", "ssm"));
        assert!(!direct("ssm:8443", "ssm"));
        assert!(!direct("", "ssm") && !direct(",", "ssm") && !direct(".", "ssm"));
    }

    #[test]
    fn credentials_of_a_machine_are_never_asked_through_a_proxy() {
        let all = [("ALL_PROXY", "http://p")];
        assert_eq!(way(&all, false, "169.254.169.254"), None);
        assert_eq!(way(&all, false, "169.254.170.2"), None);
        assert!(way(&all, false, "169.254.1.1").is_some());
    }

    #[test]
    fn the_password_is_sent_and_never_shown() {
        let proxies = Proxies::of(&[("HTTPS_PROXY", "http://ada:p%40ss@w:rd@proxy:1")]).unwrap();
        let proxy = proxies.for_host(true, "ssm", 443).unwrap();
        assert_eq!(
            proxy.authorization().unwrap(),
            format!("Basic {}", STANDARD.encode("ada:p@ss@w:rd"))
        );
        assert_eq!(proxy.address(), "http://ada:p%40ss%40w%3Ard@proxy:1");
        let shown = format!("{proxy} {proxies:?}");
        assert!(!shown.contains("p@ss") && !shown.contains("ada"), "{shown}");
    }

    #[test]
    fn what_is_no_proxy_is_said_without_repeating_it() {
        for (value, wanted) in [
            ("socks5://ada:secret@proxy", "HTTPS_PROXY"),
            ("http://ada:secret@:80", "names no host"),
            ("http://ada:secret@proxy:secret", "port"),
            ("http://ada:secret@pro xy", "names no host"),
            ("http://ada:secret@pro<xy", "names no host"),
            ("http://ada:secret@\u{1b}[2J", "names no host"),
            ("http://ada:secret@proxy:0", "port"),
            ("ada:secret@proxy:99999", "port"),
        ] {
            let error = Proxies::of(&[("HTTPS_PROXY", value)])
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(wanted) && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
