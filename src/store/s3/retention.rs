//! Until when the bucket keeps an object from being removed (Object Lock).
//!
//! Nothing is changed here; who may not ask, or a bucket without it, is told nothing.

use std::time::SystemTime;

use super::Bucket;
use super::attempt::{Failure, lively, persist};

impl Bucket {
    /// Until when; `None` where nothing is told.
    pub(super) async fn retained_until(&self, key: &str) -> Option<SystemTime> {
        let client = self.client().await.ok()?;
        let answer = persist(self.options.patience, || {
            let call = client
                .head_object()
                .bucket(&self.name)
                .key(key)
                .set_expected_bucket_owner(self.options.expected_owner.clone())
                .send();
            lively(self.options.silence, None, async {
                call.await.map_err(|error| Failure::read(&error))
            })
        });
        let until = answer.await.ok()?.object_lock_retain_until_date?;
        until.try_into().ok()
    }
}
