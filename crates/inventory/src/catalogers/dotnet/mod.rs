//! .NET: `NAME.deps.json`, the list of libraries that lies beside an application, in a shared
//! framework, or in an executable that holds all of its files.

mod dependencies;

use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub use dependencies::Dependencies;

/// `NAME.deps.json`.
pub struct DependencyList;

impl Cataloger for DependencyList {
    fn names(&self) -> Names {
        Names {
            extensions: &["json"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.ends_with(".deps.json")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        Dependencies::read(content)
    }
}
