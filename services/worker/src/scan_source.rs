//! A scan's reference as a source of images.

use scanyard_access::Wanted;
use scanyard_oci::{
    Image, ImageSource, Layer, OciError, PlatformSelect, Reference, RegistryOptions, Select,
    Source, find_manifest,
};
use scanyard_store::{ConfigEvidence, ImageLayer, NewImage, Scan, Tag};

use crate::WorkerContext;
use crate::attached_sbom;
use crate::failure::{JobError, invalid_reference, layer_not_reached};

/// The opened source of a scan.
pub struct ScanSource {
    source: Source,
    images: ImageSource,
    platforms: PlatformSelect,
    options: RegistryOptions,
    tag: Option<String>,
}

impl ScanSource {
    /// Reads the scan's reference and opens what it names.
    pub async fn open(worker: &WorkerContext, scan: &Scan) -> Result<Self, JobError> {
        let invalid = |detail: &dyn std::fmt::Display| invalid_reference(&scan.reference, detail);
        let source: Source = scan.reference.parse().map_err(|e| invalid(&e))?;
        let platforms = match &scan.platform {
            None => PlatformSelect::All,
            Some(platform) => {
                PlatformSelect::One(platform.parse().map_err(|e: String| invalid(&e))?)
            }
        };
        let options = registry_options(worker, scan, &source).await?;
        let images = ImageSource::open(&source, &options, &worker.limits).await?;
        Ok(Self {
            tag: tag(&source),
            source,
            images,
            platforms,
            options,
        })
    }

    /// How layers are read.
    pub fn images(&self) -> &ImageSource {
        &self.images
    }

    /// The images that the reference names now.
    pub async fn resolve(&self) -> Result<Vec<Image>, OciError> {
        self.images.images(&self.platforms).await
    }

    /// The bill of materials that the reference names in place of an image, if it does.
    pub async fn attached_bill(
        &self,
        worker: &WorkerContext,
    ) -> Result<Option<NewImage>, JobError> {
        match &self.source {
            Source::Registry(reference) => {
                attached_sbom::image(worker, reference, &self.options).await
            }
            _ => Ok(None),
        }
    }

    /// Asks the registry whether a tag beside a digest stands there. A push says both: of several that
    /// come late or out of order, only the one that holds still moves the tag.
    pub async fn ask_where_tag_stands(&mut self) -> Result<(), JobError> {
        let Source::Registry(reference) = &self.source else {
            return Ok(());
        };
        let (Some(tag), Some(digest)) = (reference.tag(), reference.digest()) else {
            return Ok(());
        };
        let tagged = format!("{}/{}:{tag}", reference.registry(), reference.repository());
        let tagged: Reference = tagged
            .parse()
            .map_err(|error| invalid_reference(&tagged, &error))?;
        self.tag = match find_manifest(&tagged, &self.options).await {
            Ok(stands) => (stands == digest).then(|| tag.to_owned()),
            Err(OciError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(())
    }

    /// A layer that an image of the scan was recorded with. A docker archive keeps layers under
    /// names of its own, which only its manifest tells; elsewhere the digest is the name.
    pub async fn layer(&self, recorded: &ImageLayer) -> Result<Layer, JobError> {
        let digest = recorded.digest;
        if !matches!(self.source, Source::DockerArchive { .. }) {
            return Ok(Layer::new(digest, recorded.size, &recorded.media_type));
        }
        let images = self.resolve().await?;
        let mut layers = images.into_iter().flat_map(|image| image.layers);
        layers
            .find(|layer| layer.digest == digest)
            .ok_or_else(|| layer_not_reached(&digest))
    }

    /// An image as the store records it, with what its config gave away.
    pub fn record(&self, image: &Image, config: ConfigEvidence) -> NewImage {
        let repository = repository(&self.source);
        let tag = self.tag.clone().map(|name| Tag {
            repository: repository.clone(),
            name,
        });
        NewImage {
            digest: image.manifest_digest,
            root_digest: image.root_digest,
            config_digest: image.config_digest,
            platform: image.platform.to_string(),
            created: image.config.created.clone(),
            labels: scanyard_hygiene::showable_labels(&image.config),
            config,
            layers: image.layers.iter().map(record_layer).collect(),
            tag,
            repository,
        }
    }
}

/// How the source's registry is reached; what is on this machine asks none.
async fn registry_options(
    worker: &WorkerContext,
    scan: &Scan,
    source: &Source,
) -> Result<RegistryOptions, JobError> {
    let Source::Registry(reference) = source else {
        return Ok(RegistryOptions::default());
    };
    let wanted = Wanted::ForScan(reference.repository(), scan.id);
    let host = reference.registry();
    Ok(worker.registries.options(scan.tenant, host, wanted).await?)
}

fn record_layer(layer: &Layer) -> ImageLayer {
    ImageLayer {
        digest: layer.digest,
        size: layer.size,
        media_type: layer.media_type.clone(),
        foreign: layer.is_foreign(),
    }
}

fn repository(source: &Source) -> String {
    match source {
        Source::Registry(reference) => {
            format!("{}/{}", reference.registry(), reference.repository())
        }
        Source::OciLayout { dir, .. } => format!("oci:{}", dir.display()),
        Source::OciArchive { file, .. } => format!("oci-archive:{}", file.display()),
        Source::DockerArchive { file, .. } => format!("docker-archive:{}", file.display()),
        Source::Rootfs { dir } => format!("rootfs:{}", dir.display()),
        Source::Sbom { file } => format!("sbom:{}", file.display()),
    }
}

/// The tag that the reference was resolved by. Of one beside a digest nobody knows where it stands.
fn tag(source: &Source) -> Option<String> {
    match source {
        Source::Registry(reference) if reference.digest().is_some() => None,
        Source::Registry(reference) => reference.tag().map(str::to_owned),
        Source::OciLayout { select, .. }
        | Source::OciArchive { select, .. }
        | Source::DockerArchive { select, .. } => match select {
            Select::Tag(tag) => Some(tag.clone()),
            Select::Only | Select::Digest(_) => None,
        },
        Source::Rootfs { .. } | Source::Sbom { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_and_tags_are_told_apart() {
        let digest = format!("alpine:3.18@sha256:{}", "a".repeat(64));
        let cases = [
            ("alpine:3.18", "docker.io/library/alpine", Some("3.18")),
            (&digest, "docker.io/library/alpine", None),
            ("oci:no/such:app", "oci:no/such", Some("app")),
            ("docker-archive:x.tar", "docker-archive:x.tar", None),
        ];
        for (text, expected_repository, expected_tag) in cases {
            let source: Source = text.parse().unwrap();
            assert_eq!(repository(&source), expected_repository, "{text}");
            assert_eq!(tag(&source).as_deref(), expected_tag, "{text}");
        }
    }
}
