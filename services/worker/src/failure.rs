//! Why a job did not end well, in the words that the scan's owner reads.

use std::time::Duration;

use scanyard_access::AccessError;
use scanyard_assessment::AssessError;
use scanyard_inventory::DecodeError;
use scanyard_oci::OciError;
use scanyard_store::{ScanFailure, StoreError};
use tokio::task::JoinError;

use crate::LayerError;

/// Why a job ended without its result.
#[derive(Debug)]
pub enum JobError {
    /// The image, the registry or a bug of ours.
    Failed(ScanFailure, Option<Duration>),
    /// The store does not answer: nobody's job can go on.
    Store(StoreError),
    /// The worker stops, and the job with it.
    HandedBack,
}

impl JobError {
    /// A failure that waits do not change anything about.
    pub fn failed(failure: ScanFailure) -> Self {
        JobError::Failed(failure, None)
    }

    /// What a scan's owner is told, and how long the other side asks to be left alone; `None` when
    /// nothing failed.
    pub fn into_failure(self) -> Option<(ScanFailure, Option<Duration>)> {
        match self {
            JobError::Failed(failure, wait) => Some((failure, wait)),
            JobError::Store(error) => Some((store_failure(&error), None)),
            JobError::HandedBack => None,
        }
    }

    /// A task of ours died.
    pub fn of_task(error: &JoinError) -> Self {
        if error.is_cancelled() {
            return JobError::HandedBack;
        }
        tracing::error!(%error, "a job panicked");
        JobError::failed(internal("the scan ran into a bug of the scanner"))
    }
}

impl From<OciError> for JobError {
    fn from(error: OciError) -> Self {
        JobError::failed(ScanFailure {
            code: error.code().to_owned(),
            message: error.to_string(),
            remedy: error.remedy(),
            retryable: error.is_retryable(),
        })
    }
}

impl From<AccessError> for JobError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Store(error) => JobError::Store(error),
            error => JobError::failed(ScanFailure {
                code: error.code().to_owned(),
                message: error.to_string(),
                remedy: error.remedy().to_owned(),
                retryable: false,
            }),
        }
    }
}

impl From<LayerError> for JobError {
    fn from(error: LayerError) -> Self {
        match error {
            LayerError::Oci(error) => error.into(),
            LayerError::Cancelled => JobError::HandedBack,
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        JobError::Store(error)
    }
}

impl From<AssessError> for JobError {
    fn from(error: AssessError) -> Self {
        match error {
            AssessError::Store(error) => JobError::Store(error),
            AssessError::Matcher(error) => JobError::of_task(&error),
            AssessError::Database(error) => JobError::failed(ScanFailure {
                code: "advisories_unreadable".to_owned(),
                message: "the advisory database in use was damaged".to_owned(),
                remedy: error.remedy().to_owned(),
                retryable: true,
            }),
        }
    }
}

impl From<DecodeError> for JobError {
    fn from(error: DecodeError) -> Self {
        JobError::failed(ScanFailure {
            code: "inventory_unreadable".to_owned(),
            message: format!("a stored layer inventory cannot be used: {error}"),
            remedy: "run workers of one version; if it persists, the store is damaged: restore it"
                .to_owned(),
            retryable: true,
        })
    }
}

/// A job of a newer or older Scanyard.
pub fn unknown_cataloger_set(wanted: &str, ours: &str) -> JobError {
    JobError::failed(ScanFailure {
        code: "cataloger_set_unknown".to_owned(),
        message: format!("the job wants cataloger set {wanted}, this worker has {ours}"),
        remedy: "run workers of one version, then submit the image again".to_owned(),
        retryable: true,
    })
}

/// The store knows of advisories that this process cannot load.
pub fn advisories_not_loaded() -> JobError {
    JobError::failed(ScanFailure {
        code: "advisories_unavailable".to_owned(),
        message: "the image is cataloged, but the advisories in use could not be loaded".to_owned(),
        remedy: "run `scanyard db update` or restore the database, then try again".to_owned(),
        retryable: true,
    })
}

/// A reference that the gateway let through and that is none for us.
pub fn invalid_reference(reference: &str, detail: impl std::fmt::Display) -> JobError {
    JobError::failed(ScanFailure {
        code: "invalid_reference".to_owned(),
        message: format!("{reference:?} names no image: {detail}"),
        remedy: "write it as registry/repository:tag, and the platform as os/arch".to_owned(),
        retryable: false,
    })
}

/// The registry answers, but so slowly that others would wait for it.
pub fn too_slow(what: &str, limit: Duration) -> JobError {
    JobError::failed(ScanFailure {
        code: "registry_too_slow".to_owned(),
        message: format!("{what} took longer than {} seconds", limit.as_secs()),
        remedy: "try again when the registry is less busy, or raise the worker's time limit"
            .to_owned(),
        retryable: true,
    })
}

/// The tenant's credentials reach the manifest and not this layer.
pub fn layer_not_reached(layer: &scanyard_package::Digest) -> JobError {
    JobError::failed(ScanFailure {
        code: "layer_not_reached".to_owned(),
        message: format!(
            "the manifest names layer {layer}, which the repository does not give out"
        ),
        remedy: "push the image again, or use credentials that may read all of its layers"
            .to_owned(),
        retryable: false,
    })
}

fn internal(message: &str) -> ScanFailure {
    ScanFailure {
        code: "internal".to_owned(),
        message: message.to_owned(),
        remedy: "try again; if it persists, report it with the log of the worker".to_owned(),
        retryable: true,
    }
}

fn store_failure(error: &StoreError) -> ScanFailure {
    if !error.is_retryable() {
        return internal("the store holds what the scanner cannot read");
    }
    ScanFailure {
        code: "store_unavailable".to_owned(),
        message: "the store did not answer while the scan ran".to_owned(),
        remedy: "wait until /readyz is well again, then try again".to_owned(),
        retryable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_keep_the_code_and_remedy_of_their_cause() {
        let error = OciError::NotFound("example.org/app".into());
        let (remedy, expected) = (error.remedy(), "image_not_found");
        let (failure, _) = JobError::from(error).into_failure().unwrap();
        assert_eq!((failure.code.as_str(), failure.remedy), (expected, remedy));
        assert!(!failure.retryable);
    }

    #[test]
    fn internal_causes_are_not_told() {
        let cause = std::io::Error::other("password=hunter2");
        let error = StoreError::Unavailable(cause.into());
        let (failure, _) = JobError::from(error).into_failure().unwrap();
        assert!(failure.retryable);
        assert!(!format!("{failure:?}").contains("hunter2"));
    }

    #[test]
    fn a_job_that_is_handed_back_did_not_fail() {
        assert!(
            JobError::from(LayerError::Cancelled)
                .into_failure()
                .is_none()
        );
    }
}
