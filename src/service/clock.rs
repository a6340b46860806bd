//! How far this machine's clock is from the service's, and who it is that is asked.
//!
//! Nothing here asks: both are read off calls that are made anyway.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ssm::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use chrono::{DateTime, Utc};

use crate::aws::address;

/// Notes how far this machine's clock is from the `Date` of the service's answers, and which host was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceClock {
    offset_ms: Arc<Mutex<Option<i64>>>,
    host: Arc<Mutex<Option<String>>>,
}

impl ServiceClock {
    pub(super) fn offset_ms(&self) -> Option<i64> {
        *self
            .offset_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The same clock, read off the answers of another service too.
    pub(super) fn of_another(&self) -> Self {
        Self {
            offset_ms: Arc::clone(&self.offset_ms),
            host: Arc::default(),
        }
    }

    /// The host that was asked last, wherever an endpoint was set.
    pub(super) fn host(&self) -> Option<String> {
        self.host
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Intercept for ServiceClock {
    fn name(&self) -> &'static str {
        "ServiceClock"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let url = address::parse(context.request().uri()).ok();
        if let Some(host) = url.and_then(|url| address::bare_host(&url)) {
            *self.host.lock().unwrap_or_else(PoisonError::into_inner) = Some(host);
        }
        Ok(())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "comparing the two clocks is what this is for"
    )]
    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let date = context
            .response()
            .headers()
            .get("date")
            .and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let Some(date) = date {
            let offset = Utc::now().signed_duration_since(date).num_milliseconds();
            *self
                .offset_ms
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(offset);
        }
        Ok(())
    }
}
