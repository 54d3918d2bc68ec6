//! Java: archives, which hold packages and other archives, and the runtime itself.
//!
//! An archive is read as a stream, see [`crate::zip_stream`]; archives within it are read in the
//! same pass, and nothing is kept of any but what names packages. Packages are located at the
//! outermost archive, the only file that there is.

mod archive;
mod file_name;
mod found;
mod groups;
mod identity;
mod manifest;
mod pom;
mod pom_properties;
mod runtime;
#[cfg(test)]
mod tests;
mod tomcat;

use std::io::{self, Read};

use scanyard_package::Limits;

use super::{Cataloger, ContentCataloger, Names};
use crate::layer::FileEvidence;

pub use archive::is_archive_name;

/// Archives of classes: libraries, applications, plugins.
pub struct Archive;

impl ContentCataloger for Archive {
    fn wants(&self, path: &str, head: &[u8]) -> bool {
        archive::opens(path, head)
    }

    fn catalog(
        &self,
        path: &str,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> io::Result<Option<FileEvidence>> {
        archive::catalog(path, content, limits).map(Some)
    }
}

/// The `release` file of an installed Java runtime.
pub struct Release;

impl Cataloger for Release {
    fn names(&self) -> Names {
        Names {
            files: &["release"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with("/release")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        runtime::read_release(&String::from_utf8_lossy(content))
    }
}
