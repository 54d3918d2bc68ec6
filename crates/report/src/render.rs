//! The renderers, one file each; [`crate::Format`] is their list.

pub mod cyclonedx;
pub mod json;
pub mod sarif;
pub mod table;
mod text;

use std::io::{self, Write};

use serde::Serialize;

/// Pretty JSON with a newline at its end.
fn write_json(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    writeln!(out)
}
