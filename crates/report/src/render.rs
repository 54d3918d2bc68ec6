//! The renderers, one file each; [`crate::Format`] is their list.

pub mod csv;
pub mod cyclonedx;
pub mod github;
pub mod gitlab;
pub mod html;
mod image_purl;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ndjson;
pub mod sarif;
pub mod spdx;
pub mod table;
mod text;
mod wording;

use std::io::{self, Write};

use serde::Serialize;

/// Pretty JSON with a newline at its end.
fn write_json(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}
