//! Images wherever they are: references, registries, OCI layouts and archives; a layer as a
//! verified stream of bytes.
//!
//! Everything that arrives is checked against its digest. This crate knows nothing of what is in a
//! layer.

mod config;
mod decompress;
mod docker_archive;
mod error;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod image;
mod image_source;
mod layer_reader;
mod layout;
mod manifest;
mod platform;
mod reference;
mod registry;
mod resolve;
mod source;

pub use decompress::Decompressor;
pub use error::OciError;
pub use image::{ConfigTexts, Image, ImageConfig, Layer};
pub use image_source::{ImageSource, LayerStream};
pub use layer_reader::{Hasher, HashingReader, LayerReader, VerifiedBlob};
pub use platform::{Platform, PlatformSelect};
pub use reference::{InvalidReference, Reference, RegistryHost};
pub use registry::{
    AttachedDocument, BearerToken, Certificates, CredentialFiles, Credentials, IDENTITY_TOKEN_USER,
    NamePage, RegistryOptions, Session, TokenHosts, fetch_document, find_manifest,
    list_repositories, list_tags,
};
pub use source::{InvalidSource, Select, Source};
