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

#[derive(Debug)]
struct Named(SdkConfig);

impl LoadServiceConfig for Named {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let value = self.0.service_config()?.load_config(key)?;
        (!value.trim().is_empty()).then_some(value)
    }
}
