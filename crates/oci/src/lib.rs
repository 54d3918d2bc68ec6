//! Images wherever they are: references, registries, OCI layouts and archives; a layer as a
//! verified stream of bytes.
//!
//! Everything that arrives is checked against its digest. This crate knows nothing of what is in a
//! layer.

mod decompress;
mod error;
mod files;
mod image;
mod image_source;
mod layer_reader;
mod local;
mod manifest;
mod platform;
mod reference;
mod registry;
mod source;

pub use decompress::Decompressor;
pub use error::OciError;
pub use image::{Image, ImageConfig, Layer};
pub use image_source::{ImageSource, LayerStream};
pub use layer_reader::{HashingReader, LayerReader, VerifiedBlob};
pub use platform::{Platform, PlatformSelect};
pub use reference::{InvalidReference, Reference};
pub use registry::{Credentials, RegistryOptions};
pub use source::{InvalidSource, Select, Source};
