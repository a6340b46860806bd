//! What the bucket says of itself: Object Lock, versions, encryption.
//!
//! Nothing here is set by a call; it stands in the options.

use s3s::dto::{
    BucketVersioningStatus, DefaultRetention, GetBucketEncryptionOutput, GetBucketVersioningOutput,
    GetObjectLockConfigurationOutput, ObjectLockConfiguration, ObjectLockEnabled,
    ObjectLockRetentionMode, ObjectLockRule, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use s3s::{S3Response, S3Result, s3_error};

use super::objects::Objects;

type Answer<T> = S3Result<S3Response<T>>;

impl Objects {
    pub(super) fn lock_settings(&self, bucket: &str) -> Answer<GetObjectLockConfigurationOutput> {
        self.check(bucket)?;
        self.may_read()?;
        let Some((mode, days)) = &self.locked else {
            return Err(s3_error!(
                ObjectLockConfigurationNotFoundError,
                "Object Lock configuration does not exist for this bucket"
            ));
        };
        let retention = DefaultRetention {
            days: Some(*days),
            mode: Some(ObjectLockRetentionMode::from(mode.clone())),
            ..DefaultRetention::default()
        };
        Ok(S3Response::new(GetObjectLockConfigurationOutput {
            object_lock_configuration: Some(ObjectLockConfiguration {
                object_lock_enabled: Some(ObjectLockEnabled::from("Enabled".to_owned())),
                rule: Some(ObjectLockRule {
                    default_retention: Some(retention),
                }),
            }),
        }))
    }

    pub(super) fn version_settings(&self, bucket: &str) -> Answer<GetBucketVersioningOutput> {
        self.check(bucket)?;
        self.may_read()?;
        let keeps = self.versioned || self.locked.is_some();
        Ok(S3Response::new(GetBucketVersioningOutput {
            status: keeps.then(|| BucketVersioningStatus::from("Enabled".to_owned())),
            ..GetBucketVersioningOutput::default()
        }))
    }

    pub(super) fn encryption_settings(&self, bucket: &str) -> Answer<GetBucketEncryptionOutput> {
        self.check(bucket)?;
        self.may_read()?;
        let algorithm = match &self.kms_key {
            Some(_) => "aws:kms",
            None => "AES256",
        };
        let default = ServerSideEncryptionByDefault {
            kms_master_key_id: self.kms_key.clone(),
            sse_algorithm: ServerSideEncryption::from(algorithm.to_owned()),
        };
        Ok(S3Response::new(GetBucketEncryptionOutput {
            server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
                rules: vec![ServerSideEncryptionRule {
                    apply_server_side_encryption_by_default: Some(default),
                    ..ServerSideEncryptionRule::default()
                }],
            }),
        }))
    }
}
