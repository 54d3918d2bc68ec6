//! Jobs: what a worker takes from the queue.

use prost::Message as _;
use scanyard_package::Digest;
use uuid::Uuid;

use crate::wire;

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// See [`ImageJob`].
    Image(ImageJob),
    /// See [`LayerJob`].
    Layer(LayerJob),
}

/// Resolve a scan's reference, record its images and ask for the layers that nobody cataloged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageJob {
    /// The scan.
    pub scan_id: Uuid,
}

/// Catalog one layer, whoever waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerJob {
    /// Digest of the layer's blob.
    pub layer: Digest,
    /// The cataloger set that is wanted.
    pub cataloger_set: String,
    /// The scan whose reference and credentials reach the layer.
    pub scan_id: Uuid,
}

/// The kinds of job, each with consumers of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// [`Job::Image`].
    Image,
    /// [`Job::Layer`].
    Layer,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Stage; 2] = [Stage::Image, Stage::Layer];

    /// The stage's name in SQL, subjects and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Image => "image",
            Stage::Layer => "layer",
        }
    }

    /// The stage of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Stage::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// Bytes that are no job that this version understands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJob {
    /// Not a protobuf message of this contract.
    #[error("the message is not a job")]
    Malformed,
    /// A kind of job that a newer version added.
    #[error("the message is a kind of job that this version does not know")]
    UnknownKind,
    /// A field does not hold what it should.
    #[error("the job's {0} is not valid")]
    Field(&'static str),
}

impl Job {
    /// Which consumers take it.
    pub fn stage(&self) -> Stage {
        match self {
            Job::Image(_) => Stage::Image,
            Job::Layer(_) => Stage::Layer,
        }
    }

    /// The job as it travels.
    pub fn encode(&self) -> Vec<u8> {
        let job = match self {
            Job::Image(job) => wire::job::Job::Image(wire::ImageJob {
                scan_id: job.scan_id.to_string(),
            }),
            Job::Layer(job) => wire::job::Job::Layer(wire::LayerJob {
                layer_digest: job.layer.to_string(),
                cataloger_set: job.cataloger_set.clone(),
                scan_id: job.scan_id.to_string(),
            }),
        };
        wire::Job { job: Some(job) }.encode_to_vec()
    }

    /// Reads a job.
    ///
    /// # Errors
    ///
    /// [`InvalidJob`]; another try cannot help.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidJob> {
        let job = wire::Job::decode(bytes).map_err(|_| InvalidJob::Malformed)?;
        Ok(match job.job.ok_or(InvalidJob::UnknownKind)? {
            wire::job::Job::Image(job) => Job::Image(ImageJob {
                scan_id: read_scan_id(&job.scan_id)?,
            }),
            wire::job::Job::Layer(job) => Job::Layer(LayerJob {
                layer: job
                    .layer_digest
                    .parse()
                    .map_err(|_| InvalidJob::Field("layer_digest"))?,
                cataloger_set: job.cataloger_set,
                scan_id: read_scan_id(&job.scan_id)?,
            }),
        })
    }
}

fn read_scan_id(text: &str) -> Result<Uuid, InvalidJob> {
    text.parse().map_err(|_| InvalidJob::Field("scan_id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_read_back_as_written() {
        let scan_id = Uuid::from_u128(7);
        let layer = LayerJob {
            layer: Digest::from_bytes([9; 32]),
            cataloger_set: "1".into(),
            scan_id,
        };
        for job in [Job::Image(ImageJob { scan_id }), Job::Layer(layer)] {
            assert_eq!(Job::decode(&job.encode()), Ok(job));
        }
    }

    /// The first published form, as version 0.1 wrote it.
    #[test]
    fn an_old_image_job_is_still_read() {
        let sample = include_bytes!("../samples/image-job-0.1.bin");
        let scan_id = "018f3c9e-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(Job::decode(sample), Ok(Job::Image(ImageJob { scan_id })));
    }

    #[test]
    fn an_old_layer_job_is_still_read() {
        let sample = include_bytes!("../samples/layer-job-0.1.bin");
        let job = Job::decode(sample).unwrap();
        assert_eq!(job.stage(), Stage::Layer);
    }

    #[test]
    fn what_is_no_job_says_so() {
        assert_eq!(Job::decode(b"\xff\xff"), Err(InvalidJob::Malformed));
        assert_eq!(Job::decode(b""), Err(InvalidJob::UnknownKind));
        let bad = wire::Job {
            job: Some(wire::job::Job::Image(wire::ImageJob {
                scan_id: "7".into(),
            })),
        };
        assert_eq!(
            Job::decode(&bad.encode_to_vec()),
            Err(InvalidJob::Field("scan_id"))
        );
    }
}
