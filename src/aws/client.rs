//! The HTTP client of every call: the SDK's own, sent through the proxy that is in force, trusting what the network trusts.
//!
//! Nothing here knows a call. What keeps a connection from opening is told in the words of `network`.

use std::fmt;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::network::{Failure, Network, Peer};
use super::proxy::{Proxy, split_port};
use super::{CONNECT_TIMEOUT, Error};

/// The client for a network.
///
/// # Errors
/// A proxy's address is none that the HTTP client takes.
pub(super) fn client(network: &Network) -> Result<SharedHttpClient, Error> {
    let through = |proxy: Option<&Proxy>| proxy.map(|proxy| make(network, Some(proxy))).transpose();
    Ok(SharedHttpClient::new(Client {
        direct: make(network, None)?,
        plain: through(network.proxies.plain())?,
        encrypted: through(network.proxies.encrypted())?,
        network: network.clone(),
    }))
}

fn make(network: &Network, proxy: Option<&Proxy>) -> Result<SharedHttpClient, Error> {
    let proxy = match proxy {
        Some(proxy) => Some(ProxyConfig::all(proxy.address()).map_err(|_| Error::Proxy {
            variable: proxy.variable,
            reason: "it does not read",
        })?),
        None => None,
    };
    let trusted =
        TrustStore::empty().with_pem_certificate(network.certificates.pem().as_bytes().to_vec());
    let tls = TlsContext::builder()
        .with_trust_store(trusted)
        .build()
        .map_err(|error| Error::NoRoots {
            cause: error.to_string(),
        })?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(tls.clone());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.set_proxy_config(proxy.clone());
            connector.build()
        }),
    )
}

/// One client for each way out of here.
#[derive(Debug)]
struct Client {
    direct: SharedHttpClient,
    plain: Option<SharedHttpClient>,
    encrypted: Option<SharedHttpClient>,
    network: Network,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connector = |client: &SharedHttpClient| client.http_connector(settings, components);
        SharedHttpConnector::new(Fork {
            direct: connector(&self.direct),
            plain: self.plain.as_ref().map(connector),
            encrypted: self.encrypted.as_ref().map(connector),
            network: self.network.clone(),
            limit: settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT),
        })
    }
}

/// Sends each request its way.
struct Fork {
    direct: SharedHttpConnector,
    plain: Option<SharedHttpConnector>,
    encrypted: Option<SharedHttpConnector>,
    network: Network,
    limit: Duration,
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork").finish_non_exhaustive()
    }
}

impl HttpConnector for Fork {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(there) = There::of(request.uri()) else {
            return self.direct.call(request);
        };
        let proxies = &self.network.proxies;
        let proxy = proxies.for_host(there.encrypted, &there.host, there.port);
        let connector = match (proxy, there.encrypted) {
            (None, _) => None,
            (Some(_), true) => self.encrypted.as_ref(),
            (Some(_), false) => self.plain.as_ref(),
        };
        let call = connector.unwrap_or(&self.direct).call(request);
        // An unencrypted request is given to the proxy as it is, and the answer may be the proxy's own.
        let no_entry = proxy
            .filter(|_| !there.encrypted)
            .map(|proxy| Failure::ProxyLogin {
                proxy: proxy.to_string(),
                variable: proxy.variable,
                given: proxy.authorization().is_some(),
            });
        let peer = match proxy {
            Some(proxy) => Peer::Proxy(proxy.to_string()),
            None => Peer::Host(there.host.clone()),
        };
        let (network, limit) = (self.network.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            match call.await {
                Err(error) if is_connect(&error) => {
                    Err(explain(error, &network, &there, peer, limit).await)
                }
                Ok(answer) if answer.status().as_u16() == 407 => match no_entry {
                    Some(failure) => Err(ConnectorError::other(failure.into(), None)),
                    None => Ok(answer),
                },
                answer => answer,
            }
        })
    }
}

/// What keeps the connection from opening, in words of our own: the same steps are gone once more, and fail by name.
async fn explain(
    error: ConnectorError,
    network: &Network,
    there: &There,
    peer: Peer,
    limit: Duration,
) -> ConnectorError {
    if error.is_timeout() {
        let failure = Failure::Timeout { peer, after: limit };
        return ConnectorError::timeout(failure.into());
    }
    match network
        .connect(there.encrypted, &there.host, there.port, limit)
        .await
    {
        Ok(_) => error,
        Err(failure) if failure.is_passing() => ConnectorError::io(failure.into()),
        // Nothing that the SDK should try again by itself.
        Err(failure) => ConnectorError::other(failure.into(), None),
    }
}

/// Whether a connection did not come about, rather than broke.
fn is_connect(error: &ConnectorError) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        next = error.source();
    }
    false
}

struct There {
    encrypted: bool,
    host: String,
    port: u16,
}

impl There {
    fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let encrypted = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let (host, port) = split_port(rest.split(['/', '?', '#']).next()?);
        Some(Self {
            encrypted,
            host: host.to_owned(),
            port: match port {
                Some(port) => port.parse().ok()?,
                None if encrypted => 443,
                None => 80,
            },
        })
    }
}
