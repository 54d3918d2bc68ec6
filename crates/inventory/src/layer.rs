//! What one layer brings, hides and leaves unread.

use std::collections::{BTreeMap, BTreeSet};

use scanyard_package::{CoverageKind, Distro, Package};
use scanyard_secrets::Secret;

use crate::mode::Mode;

/// Everything about one layer that the fold needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerInventory {
    /// Files that a cataloger looks at, by path from the root without leading slash.
    pub files: BTreeMap<String, FileEvidence>,
    /// Paths that this layer deletes from those below it.
    pub whiteouts: BTreeSet<String>,
    /// Directories of which nothing from below remains.
    pub opaque: BTreeSet<String>,
    /// Hashes of the paths of everything that is no directory, sorted: what is at or under such a
    /// path in the layers below is gone.
    pub non_directories: Vec<u64>,
    /// Hashes of the paths of its directories, sorted: a file at such a path in the layers below
    /// is gone.
    pub directories: Vec<u64>,
    /// What could not be read of the layer as a whole.
    pub unknowns: Vec<Unknown>,
}

/// What the catalogers found in one file. A file replaces the one below it whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileEvidence {
    /// Packages that the file says are installed.
    pub packages: Vec<DeclaredPackage>,
    /// Paths that belong to the one OS package that the file is about, as far as language packages
    /// can live there. A file about many packages says so of each.
    pub owned: Vec<String>,
    /// The distro that it names.
    pub distro: Option<Distro>,
    /// Licences of the package to which the file's place belongs, as it words them; several hold
    /// together.
    pub licences: Vec<String>,
    /// Where it says that OS packages come from: see [`Distro::channels`].
    pub channels: Vec<String>,
    /// What could not be read in it.
    pub unknowns: Vec<Unknown>,
    /// The file is a hard link to this path, which is in a layer below.
    pub hard_link: Option<String>,
    /// Credentials in it, masked, where the set of catalogers looks for them.
    pub secrets: Vec<Secret>,
    /// What its mode lets others do.
    pub mode: Mode,
}

/// A package as a file declares it: what it is, and what else the file says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredPackage {
    /// What it is.
    pub package: Package,
    /// Its licences, as its metadata words them; several hold together.
    pub licences: Vec<String>,
    /// Who built it, where the package manager records that.
    pub vendor: Option<String>,
    /// Its files, where this file lists them, as far as language packages can live there.
    pub owned: Vec<String>,
}

impl From<Package> for DeclaredPackage {
    fn from(package: Package) -> Self {
        Self {
            package,
            licences: Vec::new(),
            vendor: None,
            owned: Vec::new(),
        }
    }
}

impl FileEvidence {
    /// Evidence of packages.
    pub fn of_packages(packages: impl IntoIterator<Item = impl Into<DeclaredPackage>>) -> Self {
        Self {
            packages: packages.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Evidence of a distro.
    pub fn of_distro(distro: Distro) -> Self {
        Self {
            distro: Some(distro),
            ..Self::default()
        }
    }

    /// What holds whatever the file is called: its secrets and its mode.
    pub(crate) fn of_content(&self) -> Option<Self> {
        let content = Self {
            secrets: self.secrets.clone(),
            mode: self.mode,
            ..Self::default()
        };
        (content != Self::default()).then_some(content)
    }

    /// Evidence of where packages come from.
    pub fn of_channels(channels: Vec<String>) -> Self {
        Self {
            channels,
            ..Self::default()
        }
    }

    /// Evidence that could not be read.
    pub fn unreadable(kind: CoverageKind, detail: impl Into<String>) -> Self {
        Self {
            unknowns: vec![Unknown {
                kind,
                detail: detail.into(),
            }],
            ..Self::default()
        }
    }
}

/// Something that was there and could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// Why.
    pub kind: CoverageKind,
    /// A sentence for people.
    pub detail: String,
}

impl LayerInventory {
    /// Packages in the layer, before anything is hidden or suppressed.
    pub fn package_count(&self) -> usize {
        self.files
            .values()
            .map(|evidence| evidence.packages.len())
            .sum()
    }
}
