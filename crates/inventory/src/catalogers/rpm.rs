//! rpm databases: recognised, so that an image with one is never shown as clean.

use scanyard_package::CoverageKind;

use super::{Cataloger, Names};
use crate::layer::FileEvidence;

const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];
const FILES: [&str; 3] = ["Packages", "Packages.db", "rpmdb.sqlite"];

pub struct Database;

impl Cataloger for Database {
    fn names(&self) -> Names {
        Names {
            files: &FILES,
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.rsplit_once('/')
            .is_some_and(|(dir, file)| DIRECTORIES.contains(&dir) && FILES.contains(&file))
    }

    fn catalog(&self, _path: &str, _content: &[u8]) -> FileEvidence {
        FileEvidence::unreadable(
            CoverageKind::UnsupportedDatabase,
            "rpm databases are not read: none of the OS packages of this image were assessed",
        )
    }
}
