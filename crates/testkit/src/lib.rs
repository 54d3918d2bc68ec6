//! What tests are made of: small images out of a few words of text, a registry that fails on
//! demand, and a real registry and message server where the machine has them.
//!
//! A dev-dependency only; it panics where a test would. It never reads what it wrote: that is for
//! the code under test.
//!
//! ```
//! use scanyard_testkit::{Image, Layer};
//!
//! let base = Layer::gzip(&[("etc/os-release", "ID=alpine\nVERSION_ID=3.18.4\n")]);
//! let app = Layer::zstd(&[("app/", ""), ("app/.wh.old", "")]);
//! let image = Image::new(vec![base, app]).platform("linux/arm64/v8");
//! let dir = tempfile::tempdir().unwrap();
//! image.write_oci_layout(dir.path(), "1.0");
//! ```

// What fails here fails a test, and the panic says where.
#![allow(clippy::unwrap_used)]

mod archive;
mod fake_catalog;
mod fake_registry;
mod image;
mod layer;
mod port;
mod proxy;
mod real_nats;
mod real_postgres;
mod real_registry;
mod receiver;

pub use fake_registry::{Access, FakeRegistry, Fault, Request};
pub use image::{Image, Index};
pub use layer::{Layer, Tar, sha256};
pub use port::reserve_port;
pub use proxy::Proxy;
pub use real_nats::RealNats;
pub use real_postgres::{Durability, RealPostgres};
pub use real_registry::RealRegistry;
pub use receiver::{Received, Receiver, Reply};
