//! `[upload]` as the options of a store in S3.
//!
//! Nothing here talks to a bucket; what matters to a directory is none of this file's.

use super::{Encryption, ObjectLockMode, Upload};
use crate::aws::Access;
use crate::store::s3;

impl Upload {
    /// The options of the bucket, reached by the person's profile, in its own region or else in that of the session.
    ///
    /// The endpoint of the flags is Systems Manager's and says nothing about S3.
    pub(crate) fn options(&self, access: &Access) -> s3::Options {
        s3::Options {
            region: self.region.clone().or_else(|| access.region.clone()),
            profile: access.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            path_style: self.path_style,
            expected_owner: self.expected_bucket_owner.clone(),
            encryption: match &self.encryption {
                Encryption::Bucket => s3::Encryption::Bucket,
                Encryption::S3 => s3::Encryption::S3,
                Encryption::Kms { key, bucket_key } => s3::Encryption::Kms {
                    key_id: key.clone(),
                    bucket_key: *bucket_key,
                },
            },
            retention: self.object_lock.map(|(mode, days)| s3::Retention {
                mode: match mode {
                    ObjectLockMode::Governance => s3::RetentionMode::Governance,
                    ObjectLockMode::Compliance => s3::RetentionMode::Compliance,
                },
                days,
            }),
            legal_hold: self.legal_hold,
            storage_class: self.storage_class.clone(),
            ..s3::Options::default()
        }
    }
}
