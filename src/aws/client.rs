//! The HTTP client of every call: the SDK's own, sent through the proxy that is in force, trusting what the network trusts.
//!
//! Nothing here knows a call. What keeps a connection from opening is told in the words of `network`.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::answer_limit;
use super::network::{self, Failure, Network, Peer};
use super::proxy::Proxy;
use super::reach::Reach;
use super::trace::Place;
use super::{CONNECT_TIMEOUT, Error, below};

/// The client for a network.
///
/// # Errors
/// A proxy's address is none that the HTTP client takes.
pub(super) fn client(network: &Network) -> Result<SharedHttpClient, Error> {
    let tls = trust(network)?;
    let reach = network.reach;
    let ways = Ways::of(network, |proxy| {
        let tls = tls.clone();
        Builder::new().build_with_connector_fn(move |settings, _| {
            way_out(&tls, proxy.clone(), reach, settings.cloned())
        })
    })?;
    Ok(SharedHttpClient::new(Client {
        ways,
        network: network.clone(),
    }))
}

/// What sends requests that are no calls, only as far as the network reaches.
///
/// # Errors
/// As [`client`].
pub(super) fn connector(
    network: &Network,
    settings: &HttpConnectorSettings,
) -> Result<SharedHttpConnector, Error> {
    let tls = trust(network)?;
    let ways = Ways::of(network, |proxy| {
        let settings = Some(settings.clone());
        SharedHttpConnector::new(way_out(&tls, proxy, network.reach, settings))
    })?;
    Ok(SharedHttpConnector::new(Fork {
        ways,
        network: network.clone(),
        limit: settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT),
        is_for_calls: false,
    }))
}

fn trust(network: &Network) -> Result<TlsContext, Error> {
    let trusted =
        TrustStore::empty().with_pem_certificate(network.certificates.pem().as_bytes().to_vec());
    TlsContext::builder()
        .with_trust_store(trusted)
        .build()
        .map_err(|error| Error::NoRoots {
            cause: error.to_string(),
        })
}

fn way_out(
    tls: &TlsContext,
    proxy: Option<ProxyConfig>,
    reach: Reach,
    settings: Option<HttpConnectorSettings>,
) -> Connector {
    let mut connector = Connector::builder()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls.clone());
    connector.set_connector_settings(settings);
    // Where there is a proxy, it is the proxy whose name is looked up here.
    let anywhere = proxy.is_some() || matches!(reach, Reach::Anywhere);
    connector.set_proxy_config(proxy);
    if anywhere {
        connector.build()
    } else {
        connector.build_with_resolver(Names(reach))
    }
}

/// Where names lead, within reach.
#[derive(Clone, Debug)]
struct Names(Reach);

impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let there = Peer::Host(name.to_owned());
            let found = network::find(&there, name, 0, self.0).await;
            let found = found.map_err(ResolveDnsError::new)?;
            Ok(found.iter().map(SocketAddr::ip).collect())
        })
    }
}

/// One of a kind for each way out of here.
#[derive(Debug)]
struct Ways<T> {
    direct: T,
    plain: Option<T>,
    encrypted: Option<T>,
}

impl<T> Ways<T> {
    fn of(network: &Network, make: impl Fn(Option<ProxyConfig>) -> T) -> Result<Self, Error> {
        let through = |proxy: Option<&Proxy>| {
            let config = proxy.map(|proxy| {
                ProxyConfig::all(proxy.address()).map_err(|_| Error::Proxy {
                    variable: proxy.variable,
                    reason: "it does not read",
                })
            });
            Ok(config.transpose()?.map(|config| make(Some(config))))
        };
        Ok(Self {
            direct: make(None),
            plain: through(network.proxies.plain())?,
            encrypted: through(network.proxies.encrypted())?,
        })
    }

    fn map<U>(&self, make: impl Fn(&T) -> U) -> Ways<U> {
        Ways {
            direct: make(&self.direct),
            plain: self.plain.as_ref().map(&make),
            encrypted: self.encrypted.as_ref().map(&make),
        }
    }
}

#[derive(Debug)]
struct Client {
    ways: Ways<SharedHttpClient>,
    network: Network,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let ways = self
            .ways
            .map(|client| client.http_connector(settings, components));
        SharedHttpConnector::new(Fork {
            ways,
            network: self.network.clone(),
            limit: settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT),
            is_for_calls: true,
        })
    }
}

/// Sends each request its way.
struct Fork {
    ways: Ways<SharedHttpConnector>,
    network: Network,
    limit: Duration,
    /// What is sent are calls; pages are as long as they are.
    is_for_calls: bool,
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork").finish_non_exhaustive()
    }
}

impl HttpConnector for Fork {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(there) = Place::of(request.uri()) else {
            return self.ways.direct.call(request);
        };
        let proxies = &self.network.proxies;
        let proxy = proxies.for_host(there.encrypted, &there.host, there.port);
        // A name is judged when it is looked up; what is an address already, or is looked up elsewhere, is judged here.
        if let Err(failure) = self.network.judge_name(&there.host) {
            let error = ConnectorError::other(failure.into(), None);
            return HttpConnectorFuture::ready(Err(error));
        }
        let connector = match (proxy, there.encrypted) {
            (None, _) => None,
            (Some(_), true) => self.ways.encrypted.as_ref(),
            (Some(_), false) => self.ways.plain.as_ref(),
        };
        let is_of_objects = answer_limit::is_of_objects(&request);
        let is_for_calls = self.is_for_calls;
        let is_listing = request.uri().contains("list-type=2");
        let call = connector.unwrap_or(&self.ways.direct).call(request);
        let call = async move {
            match is_of_objects || !is_for_calls {
                false => answer_limit::whole(call).await,
                // Pages of keys and refusals are no objects.
                true => match call.await {
                    Ok(answer)
                        if is_for_calls && (is_listing || answer.status().as_u16() >= 300) =>
                    {
                        answer_limit::take(answer).await
                    }
                    answer => answer,
                },
            }
        };
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
    there: &Place,
    peer: Peer,
    limit: Duration,
) -> ConnectorError {
    if error.is_timeout() {
        let failure = Failure::Timeout { peer, after: limit };
        return ConnectorError::timeout(failure.into());
    }
    if let Some(failure @ Failure::OutOfReach { .. }) = below::<Failure>(&error) {
        return ConnectorError::other(failure.clone().into(), None);
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
pub(super) fn is_connect(error: &ConnectorError) -> bool {
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return error.is_connect();
        }
        next = error.source();
    }
    false
}
