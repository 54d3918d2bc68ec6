//! One way to get at images, whatever they are kept in.

use std::io::Read;
use std::sync::Arc;

use scanyard_package::Limits;

use crate::files::Files;
use crate::image::{Image, Layer};
use crate::registry::{BlobReader, Registry};
use crate::source::Select;
use crate::{OciError, PlatformSelect, RegistryOptions, Source, local};

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
    /// [`Source::Rootfs`], which holds no image.
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
        };
        Ok(Self {
            backend,
            limits: *limits,
        })
    }

    /// The images that the source names, for the platforms wanted.
    ///
    /// # Errors
    ///
    /// Any [`OciError`].
    pub async fn images(&self, platforms: &PlatformSelect) -> Result<Vec<Image>, OciError> {
        let images = match &self.backend {
            Backend::Registry(registry) => registry.images(platforms, &self.limits).await?,
            Backend::Layout(files, select) => {
                let (files, select, platforms, limits) = (
                    Arc::clone(files),
                    select.clone(),
                    platforms.clone(),
                    self.limits,
                );
                blocking(move || local::layout_images(&files, &select, &platforms, &limits)).await?
            }
            Backend::Archive(files, select) => {
                let (files, select, limits) = (Arc::clone(files), select.clone(), self.limits);
                blocking(move || local::archive_images(&files, &select, &limits)).await?
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
                let name = layer
                    .file
                    .clone()
                    .unwrap_or_else(|| local::blob_path(&layer.digest));
                Ok(LayerStream::File(files.open(&name)?.0))
            }
        }
    }
}

/// A manifest without index says only in its config what it runs on.
fn check_platforms(images: Vec<Image>, wanted: &PlatformSelect) -> Result<Vec<Image>, OciError> {
    let PlatformSelect::One(wanted) = wanted else {
        return Ok(images);
    };
    let available: Vec<_> = images
        .iter()
        .map(|image| image.platform.to_string())
        .collect();
    let serving: Vec<_> = images
        .into_iter()
        .filter(|image| image.platform.serves(wanted))
        .collect();
    if serving.is_empty() {
        let available = available.join(", ");
        return Err(OciError::Platform {
            wanted: wanted.to_string(),
            available,
        });
    }
    Ok(serving)
}

async fn open_tar(file: std::path::PathBuf, limits: &Limits) -> Result<Arc<Files>, OciError> {
    let limits = *limits;
    blocking(move || Files::open_tar(&file, &limits))
        .await
        .map(Arc::new)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OciError> + Send + 'static,
) -> Result<T, OciError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|error| OciError::malformed("the archive", error))?
}
