//! How far this machine's clock is from the service's.
//!
//! Nothing here is asked: the time is read off answers that come anyway.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ssm::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use chrono::{DateTime, Utc};

/// Notes how far this machine's clock is from the `Date` of the service's answers.
#[derive(Clone, Debug, Default)]
pub(super) struct ServiceClock {
    offset_ms: Arc<Mutex<Option<i64>>>,
}

impl ServiceClock {
    pub(super) fn offset_ms(&self) -> Option<i64> {
        *self
            .offset_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for ServiceClock {
    fn name(&self) -> &'static str {
        "ServiceClock"
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
