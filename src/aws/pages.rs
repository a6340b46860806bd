//! Requests that are no calls: a page fetched by the client that sends the calls, with its proxies and certificates.
//!
//! Nothing here follows where an answer points, tries again, or knows what a page holds.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use bytes::Bytes;
use http_body::Body as _;
use url::Url;

use super::answer::plain;
use super::network::{Failure, Network};
use super::reach::{self, Reach};
use super::{CONNECT_TIMEOUT, Error, address, below, client};

/// The way to pages.
#[derive(Clone, Debug)]
pub struct Pages {
    anywhere: SharedHttpConnector,
    outside: SharedHttpConnector,
    network: Network,
    is_inside: fn(std::net::IpAddr) -> bool,
}

impl Pages {
    /// By this network; an answer that has not begun within `silence` is given up. What lies inside, `is_inside` tells.
    ///
    /// # Errors
    /// A proxy or a certificate cannot be used.
    pub fn new(
        network: &Network,
        silence: Duration,
        is_inside: fn(std::net::IpAddr) -> bool,
    ) -> Result<Self, Error> {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(silence)
            .build();
        let outside = Network {
            reach: Reach::Outside(is_inside),
            ..network.clone()
        };
        Ok(Self {
            anywhere: client::connector(network, &settings)?,
            outside: client::connector(&outside, &settings)?,
            network: network.clone(),
            is_inside,
        })
    }

    /// Asks for the page at `url`, whose user name and password are not sent. With `only_outside`, no connection is
    /// opened to an address that lies inside.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn fetch(
        &self,
        url: &Url,
        headers: &[(&'static str, &str)],
        only_outside: bool,
    ) -> Result<Answer, Miss> {
        let wrong = |cause: &str| Miss::Lasting(cause.to_owned());
        let mut bare = url.clone();
        bare.set_fragment(None);
        let stripped = bare.set_username("").is_ok() && bare.set_password(None).is_ok();
        let host = address::bare_host(url).filter(|_| stripped);
        let host = host.ok_or_else(|| wrong("it names no host"))?;
        let mut request =
            HttpRequest::get(bare.as_str()).map_err(|_| wrong("it is no address of a page"))?;
        for (name, value) in headers {
            let (name, value) = (*name, (*value).to_owned());
            let added = request.headers_mut().try_insert(name, value);
            added.map_err(|_| wrong("it cannot be asked for"))?;
        }
        let capture = CaptureSmithyConnection::new();
        request.add_extension(capture.clone());
        let connector = if only_outside {
            &self.outside
        } else {
            &self.anywhere
        };
        let response =
            connector
                .call(request)
                .await
                .map_err(|error| match below::<Failure>(&error) {
                    Some(failure) => Miss::Failure(failure.clone()),
                    None if error.is_user() => Miss::Lasting(plain(&error)),
                    None => Miss::Passing(plain(&error)),
                })?;
        let port = url.port_or_known_default().unwrap_or_default();
        let proxies = &self.network.proxies;
        let proxied = proxies.for_host(url.scheme() == "https", &host, port);
        // What is connected to is the host itself only where no proxy stands between.
        let address = match proxied {
            Some(_) => reach::named(&host),
            None => capture
                .get()
                .and_then(|connection| connection.remote_addr())
                .map(|address| address.ip()),
        };
        Ok(Answer {
            from_inside: address.is_some_and(self.is_inside),
            response,
        })
    }
}

/// Why there was no answer.
#[derive(Debug)]
pub enum Miss {
    /// No connection.
    Failure(Failure),
    /// The same may go well later.
    Passing(String),
    /// It may not.
    Lasting(String),
}

/// What came back: a head, and a body that is still to come.
#[derive(Debug)]
pub struct Answer {
    from_inside: bool,
    response: HttpResponse,
}

impl Answer {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// A header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)
    }

    /// Whether it came from an address that lies inside.
    #[must_use]
    pub fn is_from_inside(&self) -> bool {
        self.from_inside
    }

    /// The next bytes of the body; `None` at its end.
    ///
    /// # Errors
    /// It broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let body = self.response.body_mut();
            let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(plain(&*error)),
                Some(Ok(frame)) => {
                    // Trailers are nothing to us.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}
