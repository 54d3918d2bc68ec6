//! One way to get at images, whatever they are kept in.

use std::io::Read;
use std::sync::Arc;

use scanyard_package::Limits;

use crate::files::Files;
use crate::image::{Image, Layer};
use crate::registry::{BlobReader, Registry};
use crate::source::Select;
use crate::{OciError, PlatformSelect, RegistryOptions, Source, docker_archive, layout};

/// An opened source.
#[derive(Debug, Clone)]
pub struct ImageSource {
    backend: Backend,
    limits: Limits,
}

#[derive(Debug, Clone)]
enum Backend {
    Registry(Arc<Registry>),
    Layout(Arc<Files>, Select),
    Archive(Arc<Files>, Select),
}

/// The bytes of a layer as stored. Reading blocks: hand it to a thread that may.
pub enum LayerStream {
    /// From a file.
    File(Box<dyn Read + Send>),
    /// From a registry, fetched ahead by a task.
    Registry(BlobReader),
}

impl Read for LayerStream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            LayerStream::File(file) => file.read(buffer),
            LayerStream::Registry(blob) => blob.read(buffer),
        }
    }
}

impl ImageSource {
    /// Opens a source. Registries are first talked to when images are asked for.
    ///
    /// # Errors
    ///
    /// [`OciError::File`] or [`OciError::Malformed`] for archives that cannot be read, and for
    /// [`Source::Rootfs`] and [`Source::Sbom`], which hold no image.
    pub async fn open(
        source: &Source,
        options: &RegistryOptions,
        limits: &Limits,
    ) -> Result<Self, OciError> {
        let backend = match source.clone() {
            Source::Registry(reference) => {
                Backend::Registry(Arc::new(Registry::new(reference, options.clone())?))
            }
            Source::OciLayout { dir, select } => {
                Backend::Layout(Arc::new(Files::Directory(dir)), select)
            }
            Source::OciArchive { file, select } => {
                Backend::Layout(open_tar(file, limits).await?, select)
            }
            Source::DockerArchive { file, select } => {
                Backend::Archive(open_tar(file, limits).await?, select)
            }
            Source::Rootfs { dir } => {
                return Err(OciError::malformed(
                    dir.display().to_string(),
                    "a root file system is no image",
                ));
            }
            Source::Sbom { file } => {
                return Err(OciError::malformed(
                    file.display().to_string(),
                    "a bill of materials is no image",
                ));
            }
        };
        Ok(Self {
            backend,
            limits: *limits,
        })
    }

    /// The images that the source names, for the platforms wanted; at least one.
    ///
    /// # Errors
    ///
    /// Any [`OciError`].
    pub async fn images(&self, platforms: &PlatformSelect) -> Result<Vec<Image>, OciError> {
        let images = match &self.backend {
            Backend::Registry(registry) => registry.images(platforms, &self.limits).await?,
            Backend::Layout(files, select) => {
                let files = Arc::clone(files);
                layout::images(files, select, platforms, &self.limits).await?
            }
            Backend::Archive(files, select) => {
                let (files, select, limits) = (Arc::clone(files), select.clone(), self.limits);
                blocking(move || docker_archive::images(&files, &select, &limits)).await?
            }
        };
        check_platforms(images, platforms)
    }

    /// The bytes of a layer as stored.
    ///
    /// # Errors
    ///
    /// Any [`OciError`].
    pub async fn open_layer(&self, layer: &Layer) -> Result<LayerStream, OciError> {
        match &self.backend {
            Backend::Registry(registry) => {
                Ok(LayerStream::Registry(registry.open_blob(layer).await?))
            }
            Backend::Layout(files, _) | Backend::Archive(files, _) => {
                let (files, name) = (Arc::clone(files), file_of(layer));
                let opened = blocking(move || files.open(&name)).await?;
                Ok(LayerStream::File(opened.0))
            }
        }
    }

    /// Whether the layer is there for whoever holds the source's credentials. Nothing is read of
    /// it: a layer that others cataloged still has to be within a tenant's own reach.
    ///
    /// # Errors
    ///
    /// [`OciError::Denied`] and whatever keeps the question from being answered.
    pub async fn reaches(&self, layer: &Layer) -> Result<bool, OciError> {
        match &self.backend {
            Backend::Registry(registry) => registry.has_blob(layer).await,
            Backend::Layout(files, _) | Backend::Archive(files, _) => {
                let (files, name) = (Arc::clone(files), file_of(layer));
                blocking(move || match files.open(&name) {
                    Ok(_) => Ok(true),
                    Err(OciError::NoFile(_)) => Ok(false),
                    Err(error) => Err(error),
                })
                .await
            }
        }
    }
}

fn file_of(layer: &Layer) -> String {
    match &layer.file {
        Some(file) => file.clone(),
        None => layout::blob_path(&layer.digest),
    }
}

/// A manifest without index says only in its config what it runs on.
fn check_platforms(images: Vec<Image>, wanted: &PlatformSelect) -> Result<Vec<Image>, OciError> {
    let PlatformSelect::One(wanted) = wanted else {
        return Ok(images);
    };
    let available: Vec<_> = images.iter().map(|i| i.platform.to_string()).collect();
    let ranked = images
        .into_iter()
        .filter_map(|image| Some((image.platform.rank(wanted)?, image)));
    // The first of equals.
    match ranked.min_by_key(|(rank, _)| *rank) {
        Some((_, best)) => Ok(vec![best]),
        None => Err(OciError::Platform {
            wanted: wanted.to_string(),
            available: available.join(", "),
        }),
    }
}

async fn open_tar(file: std::path::PathBuf, limits: &Limits) -> Result<Arc<Files>, OciError> {
    let limits = *limits;
    blocking(move || Files::open_tar(&file, &limits))
        .await
        .map(Arc::new)
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OciError> + Send + 'static,
) -> Result<T, OciError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|error| OciError::malformed("the archive", error))?
}
