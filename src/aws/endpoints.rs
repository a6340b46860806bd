//! Endpoints of the person's own, as files and variables name them: an empty one is none.
//!
//! Nothing is chosen here; the SDK takes an empty address for one and stops the whole program over it.

use aws_config::SdkConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// The same configuration, in which an empty endpoint is not there.
pub(super) fn without_empty(config: SdkConfig) -> SdkConfig {
    let own = config.endpoint_url().filter(|url| !url.trim().is_empty());
    let own = own.map(str::to_owned);
    let named = Named(config.clone());
    let mut builder = config.into_builder().service_config(named);
    builder.set_endpoint_url(own);
    builder.build()
}

/// The endpoint that is named for one service, or for all of them: the services' clients look in the same places.
pub(super) fn own(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    let named = config
        .service_config()
        .and_then(|named| named.load_config(key));
    named.or_else(|| config.endpoint_url().map(str::to_owned))
}

#[derive(Debug)]
struct Named(SdkConfig);

impl LoadServiceConfig for Named {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let value = self.0.service_config()?.load_config(key)?;
        (!value.trim().is_empty()).then_some(value)
    }
}
