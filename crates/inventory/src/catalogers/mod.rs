//! The catalogers: one file each, and one list.

mod alpm;
mod apk;
mod bitnami;
mod bottlerocket;
mod chisel;
mod composer;
mod conan;
mod conda;
mod cran;
mod debian_copyright;
mod declared;
mod dotnet;
mod dpkg;
mod embedded_sbom;
mod erlang;
mod executable;
mod headers;
mod java;
mod julia;
mod lockfiles;
mod luarocks;
mod matcher;
mod node;
mod os_release;
mod pear;
mod portage;
mod python;
mod python_archive;
mod red_hat;
mod release_files;
mod rpm;
mod ruby;
mod ubuntu_pro;
mod wordpress;

use std::io::{self, Read};

use scanyard_package::Limits;

use crate::layer::FileEvidence;
use crate::set::CatalogerSet;

pub use debian_copyright::copyright_path;
pub use matcher::{by_path, read_alike};
pub use red_hat::BUILD as RED_HAT_BUILD;
pub use rpm::left_behind;

/// Reads one kind of file, recognised by its path.
pub trait Cataloger: Sync {
    /// By what of a path to notice candidates. Most files of an image are nobody's, and this
    /// tells so at once.
    fn names(&self) -> Names;

    /// Whether a file at this path, which goes by one of the names, is one that it reads.
    fn wants(&self, path: &str) -> bool;

    /// What the file says. What cannot be read goes into the evidence as an unknown.
    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence;

    /// The bound on what is kept in memory of one file; a larger file is not read.
    fn most_bytes(&self, limits: &Limits) -> u64 {
        limits.file_bytes
    }

    /// What it is called, where time is measured.
    fn name(&self) -> &'static str {
        name_of::<Self>()
    }

    /// Whether a set of catalogers has it.
    fn is_in(&self, _set: CatalogerSet) -> bool {
        true
    }
}

/// Bytes of a file's beginning that tell what it is.
pub const HEAD_BYTES: usize = 16;

/// Reads one kind of file, recognised by its first bytes, as a stream.
pub trait ContentCataloger: Sync {
    /// What it is called, where time is measured.
    fn name(&self) -> &'static str {
        name_of::<Self>()
    }

    /// Whether a file is one that it reads, which begins so: [`HEAD_BYTES`] of it, or all.
    fn wants(&self, path: &str, head: &[u8]) -> bool;

    /// What the file says, whose content is read from its beginning; `None` where that is nothing
    /// to keep. What cannot be read goes into the evidence as an unknown.
    ///
    /// # Errors
    ///
    /// Only what reading the stream gives.
    fn catalog(
        &self,
        path: &str,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> io::Result<Option<FileEvidence>>;
}

/// Parts of a path that candidates have.
#[derive(Clone, Copy)]
pub struct Names {
    /// Whole file names.
    pub files: &'static [&'static str],
    /// What follows the last dot of a file name.
    pub extensions: &'static [&'static str],
    /// Directories, from the root, that files lie in.
    pub directories: &'static [&'static str],
}

impl Names {
    /// No candidates: to be filled with those that there are.
    pub const NONE: Names = Names {
        files: &[],
        extensions: &[],
        directories: &[],
    };
}

/// Every cataloger of files recognised by path. The first that wants a path gets it.
const BY_PATH: &[&dyn Cataloger] = &[
    &os_release::OsRelease,
    &release_files::ReleaseFile,
    &dpkg::Status,
    &dpkg::OwnedPaths,
    &debian_copyright::Copyright,
    &apk::Installed,
    &alpm::Description,
    &alpm::FileList,
    &portage::Contents,
    &portage::Licence,
    &chisel::Manifest,
    &bottlerocket::Inventory,
    &rpm::Database,
    &rpm::WriteAheadLog,
    &rpm::Manifest,
    &red_hat::ContentManifest,
    &red_hat::Labels,
    &red_hat::Recipe,
    &ubuntu_pro::Status,
    &python::Distribution,
    &python::Egg,
    &node::PackageManifest,
    &embedded_sbom::EmbeddedSbom,
    &bitnami::Components,
    &ruby::Specification,
    &composer::Installed,
    &pear::Registration,
    &wordpress::Plugin,
    &conda::Installed,
    &cran::Description,
    &luarocks::Rockspec,
    &erlang::Application,
    &julia::Manifest,
    &conan::ConanInfo,
    &lockfiles::PackageLock,
    &lockfiles::YarnLock,
    &lockfiles::PnpmLock,
    &lockfiles::BunLock,
    &lockfiles::Requirements,
    &lockfiles::PipfileLock,
    &lockfiles::PythonLock,
    &lockfiles::Pylock,
    &lockfiles::GemfileLock,
    &lockfiles::CargoLock,
    &lockfiles::ComposerLock,
    &lockfiles::GoMod,
    &lockfiles::GradleLock,
    &lockfiles::SbtLock,
    &lockfiles::PackagesLock,
    &lockfiles::PackagesConfig,
    &lockfiles::PackagesProps,
    &lockfiles::PubspecLock,
    &lockfiles::MixLock,
    &lockfiles::RebarLock,
    &lockfiles::PackageResolved,
    &lockfiles::PodfileLock,
    &lockfiles::ConanLock,
    &lockfiles::RenvLock,
    &java::Release,
    &dotnet::DependencyList,
];

/// Every cataloger of files recognised by their first bytes, for paths that are nobody's above.
const BY_CONTENT: &[&dyn ContentCataloger] = &[
    &java::Archive,
    &python_archive::Archive,
    &executable::Executable,
];

/// `dpkg::Status` of a type in this module: the name under which the lists above have it.
fn name_of<T: ?Sized>() -> &'static str {
    let whole = std::any::type_name::<T>();
    let start = whole.rfind("catalogers::").map(|at| at + 12);
    start.and_then(|at| whole.get(at..)).unwrap_or(whole)
}

/// The cataloger that wants a file which begins so.
pub fn by_content(path: &str, head: &[u8]) -> Option<&'static dyn ContentCataloger> {
    let mut catalogers = BY_CONTENT.iter().copied();
    catalogers.find(|cataloger| cataloger.wants(path, head))
}

/// Which of several files that name a distro is believed: the lowest. A bill of materials comes
/// last, and alone.
pub fn distro_rank(path: &str) -> (usize, usize) {
    let os_release = os_release::rank(path).map(|rank| (0, rank));
    let release_file = || release_files::rank(path).map(|rank| (1, rank));
    os_release.or_else(release_file).unwrap_or((2, 0))
}

/// Whether a package that no OS package manager installed can have its evidence at this path, so
/// that it matters which OS package owns it: a file that a cataloger reads, an archive, a program,
/// or a shared object that is recognised.
pub fn language_evidence(path: &str) -> bool {
    executable::is_program_place(path)
        || executable::is_classified(path)
        || java::is_archive_name(path)
        || python_archive::is_archive_name(path)
        || (by_path(path, CatalogerSet::WHOLE).is_some() && !debian_copyright::is_copyright(path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// `impl TRAIT for NAME` in the files of this directory, as `file::NAME`.
    fn written(implementation: &str) -> Vec<String> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogers");
        let mut found = Vec::new();
        for entry in fs::read_dir(dir).unwrap() {
            let mut path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                path.push("mod.rs");
            }
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(rest) = line.strip_prefix(implementation) {
                    found.push(format!("{module}::{}", rest.trim_end_matches(" {")));
                }
            }
        }
        found
    }

    /// Those written that are not in the list of this name.
    fn missing(implementation: &str, list: &str) -> Vec<String> {
        let source = include_str!("mod.rs");
        let start = source.find(list).unwrap();
        let list = &source[start..start + source[start..].find(";\n").unwrap()];
        let start = list.find('=').unwrap();
        let names: Vec<_> = list[start..]
            .split(['&', ',', ']'])
            .map(str::trim)
            .collect();
        let mut written = written(implementation);
        written.retain(|cataloger| !names.contains(&cataloger.as_str()));
        written
    }

    #[test]
    fn the_lists_of_catalogers_are_whole() {
        let by_path = missing("impl Cataloger for ", "const BY_PATH");
        assert!(by_path.is_empty(), "not in BY_PATH: {by_path:?}");
        let by_content = missing("impl ContentCataloger for ", "const BY_CONTENT");
        assert!(by_content.is_empty(), "not in BY_CONTENT: {by_content:?}");
    }

    #[test]
    fn catalogers_are_called_what_the_lists_call_them() {
        let names = BY_PATH.iter().map(|cataloger| cataloger.name());
        let mut names = names.chain(BY_CONTENT.iter().map(|cataloger| cataloger.name()));
        assert!(names.any(|name| name == "dpkg::Status"));
        assert!(names.any(|name| name.starts_with("java::") && name.ends_with("Archive")));
    }

    #[test]
    fn names_lead_to_the_cataloger_that_wants_the_path() {
        let wanted = [
            "etc/os-release",
            "usr/lib/os.release.d/os-release-fedora",
            "etc/redhat-release",
            "var/lib/dpkg/status",
            "var/lib/dpkg/status.d/base",
            "var/lib/dpkg/status.d/base.md5sums",
            "var/lib/dpkg/info/base.list",
            "usr/share/doc/base/copyright",
            "usr/lib/opkg/status",
            "lib/apk/db/installed",
            "var/lib/pacman/local/a-1-1/desc",
            "var/lib/pacman/local/a-1-1/files",
            "var/db/pkg/app-misc/a-1/CONTENTS",
            "var/db/pkg/app-misc/a-1/LICENSE",
            "var/lib/chisel/manifest.wall",
            "usr/share/bottlerocket/application-inventory.json",
            "usr/lib/apk/db/installed",
            "var/lib/rpm/rpmdb.sqlite",
            "root/buildinfo/content_manifests/ubi8.json",
            "root/buildinfo/labels.json",
            "root/buildinfo/Dockerfile-ubi8-8.7-1112",
            "usr/share/buildinfo/foo-1.1-2.json",
            "var/lib/ubuntu-advantage/status.json",
            "x/a-1.dist-info/METADATA",
            "x/a.egg-info",
            "x/a.egg-info/PKG-INFO",
            "x/EGG-INFO/PKG-INFO",
            "app/node_modules/a/package.json",
            "opt/java/release",
            "app/app.deps.json",
            "usr/lib/ruby/gems/3.1.0/specifications/default/rss-0.2.9.gemspec",
            "app/vendor/composer/installed.json",
            "usr/local/lib/php/.registry/pear.reg",
            "wp-content/plugins/a/a.php",
            "opt/conda/conda-meta/pip-22.2.2-py38_0.json",
            "usr/lib/R/site-library/mime/DESCRIPTION",
            "usr/lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec",
            "app/lib/phoenix-1.7.10/ebin/phoenix.app",
            "app/Manifest.toml",
            "root/.conan/data/a/1/_/_/package/0/conaninfo.txt",
            "app/requirements-dev.txt",
            "app/build.sbt.lock",
            "app/pylock.dev.toml",
        ];
        for path in wanted {
            assert!(by_path(path, CatalogerSet::WHOLE).is_some(), "{path}");
        }
        for path in ["", "etc", "status", "a/METADATA", "usr/bin/env", "x.list"] {
            assert!(by_path(path, CatalogerSet::WHOLE).is_none(), "{path}");
        }
    }
}
