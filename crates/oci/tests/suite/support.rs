//! The steps that all of these tests take.

use std::io::{self, Read};
use std::time::Duration;

use scanyard_oci::{
    CredentialFiles, Credentials, HashingReader, Image, ImageSource, Layer, LayerReader, OciError,
    PlatformSelect, RegistryOptions, VerifiedBlob,
};
use scanyard_package::{Digest, Limits};
use scanyard_testkit as kit;

/// Options without waits and without the credentials of whoever runs the tests.
pub fn options() -> RegistryOptions {
    RegistryOptions {
        credential_files: CredentialFiles::none(),
        backoff: Duration::from_millis(1),
        ..RegistryOptions::default()
    }
}

pub fn login(username: &str, password: &str) -> RegistryOptions {
    RegistryOptions {
        credentials: Some(Credentials {
            username: username.into(),
            password: password.into(),
        }),
        ..options()
    }
}

pub fn small_image() -> kit::Image {
    kit::Image::new(vec![kit::Layer::gzip(&[("etc/os-release", "ID=alpine\n")])])
}

/// Bytes that do not compress, so that a layer of them has a size.
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..count).map(|_| next()).collect()
}

pub async fn open(source: &str, options: &RegistryOptions) -> Result<ImageSource, OciError> {
    let source = source.parse().unwrap();
    ImageSource::open(&source, options, &Limits::default()).await
}

pub async fn images(source: &str, options: &RegistryOptions) -> Result<Vec<Image>, OciError> {
    open(source, options)
        .await?
        .images(&PlatformSelect::All)
        .await
}

pub async fn images_for(source: &str, platform: &str) -> Result<Vec<Image>, OciError> {
    let platform = PlatformSelect::One(platform.parse().unwrap());
    open(source, &options()).await?.images(&platform).await
}

/// A layer that was read to its end.
#[derive(Debug)]
pub struct ReadLayer {
    pub diff_id: Digest,
    pub blob: VerifiedBlob,
}

/// Reads a layer's blob to its end.
pub fn read_blob(blob: impl Read, layer: &Layer, limits: &Limits) -> Result<ReadLayer, OciError> {
    let mut tar = HashingReader::new(LayerReader::new(blob, layer, limits)?);
    let copied = io::copy(&mut tar, &mut io::sink());
    let (diff_id, _, reader) = tar.finish();
    copied.map_err(|error| reader.explain(error))?;
    let blob = reader.finish()?;
    Ok(ReadLayer { diff_id, blob })
}

/// Reads one layer of a source to its end.
pub async fn read_layer(source: &ImageSource, layer: &Layer) -> Result<ReadLayer, OciError> {
    let stream = source.open_layer(layer).await?;
    let layer = layer.clone();
    let read = move || read_blob(stream, &layer, &Limits::default());
    tokio::task::spawn_blocking(read).await.unwrap()
}

/// The images of a source with the diff IDs of their layers, everything verified.
pub async fn pull(
    source: &str,
    options: &RegistryOptions,
) -> Result<Vec<(Image, Vec<ReadLayer>)>, OciError> {
    let source = open(source, options).await?;
    let mut pulled = Vec::new();
    for image in source.images(&PlatformSelect::All).await? {
        let mut layers = Vec::new();
        for layer in &image.layers {
            layers.push(read_layer(&source, layer).await?);
        }
        pulled.push((image, layers));
    }
    Ok(pulled)
}

/// Fails unless the pulled image is the one that was made.
pub fn assert_is(pulled: &(Image, Vec<ReadLayer>), made: &kit::Image) {
    assert_eq!(pulled.0.manifest_digest, made.digest());
    assert_layers_are(pulled, made);
}

pub fn assert_layers_are(pulled: &(Image, Vec<ReadLayer>), made: &kit::Image) {
    assert_eq!(pulled.0.config_digest, made.config_digest());
    let found: Vec<_> = pulled.1.iter().map(|layer| layer.diff_id).collect();
    let expected: Vec<_> = made.layers().iter().map(|layer| layer.diff_id).collect();
    assert_eq!(found, expected);
}
