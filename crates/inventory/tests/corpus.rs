//! Our catalogers beside what others state about the same files.
//!
//! The corpus lies beside the repository and is no part of it. Where it is absent these tests say
//! so and pass.

#![allow(clippy::unwrap_used)]

#[path = "corpus/languages.rs"]
mod languages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use scanyard_inventory::{
    CatalogerSet, FoldedLayer, ImageInventory, LayerInventory, catalog_tar, fold,
};
use scanyard_package::{Digest, Limits, Package};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !dir.is_dir() {
        eprintln!("SKIPPED: no corpus at {}", dir.display());
        return None;
    }
    Some(dir)
}

struct Case {
    name: String,
    dir: PathBuf,
    kind: String,
    path_in_image: String,
    expected: Value,
}

fn cases(part: &str) -> Vec<Case> {
    let Some(corpus) = corpus() else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for entry in fs::read_dir(corpus.join(part)).unwrap() {
        let dir = entry.unwrap().path();
        let json = |name: &str| -> Value {
            serde_json::from_slice(&fs::read(dir.join(name)).unwrap()).unwrap()
        };
        let case = json("case.json");
        cases.push(Case {
            name: dir.file_name().unwrap().to_string_lossy().into_owned(),
            kind: case["kind"].as_str().unwrap_or_default().to_owned(),
            path_in_image: case["path_in_image"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            expected: json("expected.json"),
            dir,
        });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// Puts a file, or a directory and what is in it, into a tar under this path.
fn put(builder: &mut tar::Builder<Vec<u8>>, source: &Path, path: &str) {
    if source.is_dir() {
        for entry in fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let below = format!("{}/{name}", path.trim_end_matches('/'));
            put(builder, &entry.path(), below.trim_start_matches('/'));
        }
        return;
    }
    let content = fs::read(source).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, path, content.as_slice())
        .unwrap();
}

impl Case {
    /// The image that has the case's files in their places, as it is cataloged by default.
    fn image(&self) -> ImageInventory {
        self.image_by(CatalogerSet::STANDARD)
    }

    fn image_by(&self, set: CatalogerSet) -> ImageInventory {
        let mut builder = tar::Builder::new(Vec::new());
        if self.dir.join("root").is_dir() {
            put(&mut builder, &self.dir.join("root"), "");
        } else {
            for entry in fs::read_dir(&self.dir).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().to_string_lossy().into_owned();
                if name == "case.json" || name == "expected.json" {
                    continue;
                }
                put(&mut builder, &entry.path(), &self.place_of(&name));
            }
        }
        let tar = builder.into_inner().unwrap();
        image_of(&[catalog_tar(tar.as_slice(), set, &Limits::default()).unwrap()])
    }

    /// The path in the image of the entry of this name, which is a file, or its directory.
    fn place_of(&self, name: &str) -> String {
        let place = &self.path_in_image;
        if place.ends_with('/') {
            return format!("{place}{name}");
        }
        let mut parts: Vec<_> = place.split('/').collect();
        if let Some(position) = parts.iter().position(|part| *part == name) {
            parts.truncate(position + 1);
            return parts.join("/");
        }
        place.clone()
    }
}

fn image_of(layers: &[LayerInventory]) -> ImageInventory {
    let folded: Vec<_> = layers
        .iter()
        .map(|inventory| FoldedLayer {
            digest: Digest::from_bytes([0; 32]),
            inventory,
        })
        .collect();
    fold(&folded)
}

fn stated(package: &Value, fields: &[&str]) -> String {
    let texts = fields.iter().map(|field| match &package[field] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    texts.collect::<Vec<_>>().join(" ")
}

/// Compares sets, prints one line for the part, and gives what deviates.
fn compare(
    part: &str,
    cases: &[Case],
    fields: &[&str],
    ours: impl Fn(&Package) -> String,
) -> Vec<String> {
    let mut deviations = Vec::new();
    let (mut exact, mut packages, mut missing, mut extra) = (0, 0, 0, 0);
    for case in cases {
        let image = case.image();
        let found: BTreeSet<_> = image.packages.iter().map(|p| ours(&p.package)).collect();
        let list = |name: &str| -> BTreeSet<String> {
            let packages = case.expected[name].as_array().into_iter().flatten();
            packages.map(|package| stated(package, fields)).collect()
        };
        let (expected, optional) = (list("packages"), list("optional"));
        packages += expected.len();
        let lacking: Vec<_> = expected.difference(&found).collect();
        let surplus: Vec<_> = found
            .difference(&expected)
            .filter(|package| !optional.contains(*package))
            .collect();
        missing += lacking.len();
        extra += surplus.len();
        if lacking.is_empty() && surplus.is_empty() {
            exact += 1;
        } else {
            deviations.push(format!("{}: lacks {lacking:?}, has {surplus:?}", case.name));
        }
    }
    let count = cases.len();
    eprintln!(
        "{part}: {count} cases, {packages} packages, {exact} exact, {missing} missing, {extra} extra"
    );
    deviations
}

fn os_package(package: &Package) -> String {
    let arch = package.arch.as_deref().unwrap_or("-");
    let (name, version) = (&package.name, &package.version);
    let (source, source_version) = (package.source_name(), package.source_version());
    format!("{name} {version} {arch} {source} {source_version}")
}

#[test]
fn dpkg_and_opkg_databases_read_as_stated() {
    let fields = ["name", "version", "arch", "source_name", "source_version"];
    let deviations = compare("dpkg", &cases("dpkg"), &fields, os_package);
    assert!(deviations.is_empty(), "{deviations:#?}");
}

#[test]
fn apk_databases_read_as_stated() {
    let fields = ["name", "version", "arch", "origin"];
    let deviations = compare("apk", &cases("apk"), &fields, |package| {
        let arch = package.arch.as_deref().unwrap_or("-");
        format!(
            "{} {} {arch} {}",
            package.name,
            package.version,
            package.source_name()
        )
    });
    assert!(deviations.is_empty(), "{deviations:#?}");
}

/// The fields of an rpm as the corpus writes them: the epoch apart, `-` where there is none.
fn rpm_package(package: &Package) -> String {
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) => (epoch, version),
        None => ("-", package.version.as_str()),
    };
    let (version, release) = version.rsplit_once('-').unwrap();
    let (name, arch) = (&package.name, package.arch.as_deref().unwrap_or("-"));
    let source_version = package.source_version();
    let source_version = source_version
        .split_once(':')
        .map_or(source_version, |(_, rest)| rest);
    let source = format!("{}-{source_version}.src.rpm", package.source_name());
    let module = package.module.as_deref().unwrap_or("-");
    format!("{name} {epoch} {version} {release} {arch} {source} {module}")
}

#[test]
fn rpm_databases_read_as_stated() {
    let fields = [
        "name",
        "epoch",
        "version",
        "release",
        "arch",
        "source_rpm",
        "modularity_label",
    ];
    let mut cases = cases("rpmdb");
    for case in &mut cases {
        // Keys are packages to rpm alone.
        let packages = case.expected["packages"].as_array_mut().unwrap();
        packages.retain(|package| package["name"] != "gpg-pubkey");
        let image = case.image();
        for package in case.expected["packages"].as_array().unwrap() {
            let mut located = image.packages.iter();
            let located = located.find(|located| package["name"] == located.package.name.as_str());
            let vendor = located.and_then(|located| located.vendor.as_deref());
            assert_eq!(vendor, package["vendor"].as_str(), "{package}");
        }
    }
    let deviations = compare("rpmdb", &cases, &fields, rpm_package);
    assert!(deviations.is_empty(), "{deviations:#?}");
}

#[test]
fn red_hat_content_sets_lead_to_the_stated_repositories() {
    let cases = cases("images");
    let cases = cases.iter().filter(|case| case.name.starts_with("rhel-"));
    for case in cases {
        let tar = fs::read(case.dir.join("layer.tar")).unwrap();
        let inventory =
            catalog_tar(tar.as_slice(), CatalogerSet::STANDARD, &Limits::default()).unwrap();
        let channels: BTreeSet<_> = inventory
            .files
            .values()
            .flat_map(|file| &file.channels)
            .collect();
        let known = &case.expected["repository_to_cpe"]["data"];
        let mut found = BTreeSet::new();
        for channel in channels {
            let cpes = known[channel]["cpes"].as_array().into_iter().flatten();
            found.extend(cpes.map(|cpe| (cpe.as_str().unwrap(), format!("repoid={channel}"))));
        }
        let stated = case.expected["repositories"].as_array().unwrap();
        let stated: BTreeSet<_> = stated
            .iter()
            .map(|stated| {
                let uri = stated["uri"].as_str().unwrap();
                (stated["cpe"].as_str().unwrap(), uri.to_owned())
            })
            .collect();
        assert_eq!(found, stated, "{}", case.name);
    }
}

/// Kinds of language evidence that are cataloged, and cases that deviate for a reason.
const LANGUAGES: [&str; 8] = [
    "bitnami-spdx (folder)",
    "java-archive",
    "dotnet-deps-json",
    "npm-package-json",
    "python-installed (folder)",
    "python-installed",
    "python-metadata",
    "python-egg-or-wheel",
];
const EXPLAINED: [&str; 2] = [
    // The bill lists the parts of one component too, which are really there.
    "bitnami-spdx-syft-json:",
    // Its group is in no part of the archive; the tool that states it has asked an index.
    "java-archive-trivy-heuristic-1.0.0-SNAPSHOT.jar",
];

#[test]
fn language_packages_read_as_stated() {
    let cases: Vec<_> = cases("lang")
        .into_iter()
        .filter(|case| LANGUAGES.contains(&case.kind.as_str()))
        .collect();
    let normal = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
    let deviations = compare("lang", &cases, &["purl"], |package| {
        let name = match package.kind.purl_type() {
            "pypi" => normal(&package.name),
            "maven" => package.name.replace(':', "/"),
            _ => package.name.replace('@', "%40"),
        };
        format!(
            "pkg:{}/{name}@{}",
            package.kind.purl_type(),
            package.version
        )
    });
    let unexplained: Vec<_> = deviations
        .iter()
        .filter(|line| !EXPLAINED.iter().any(|name| line.starts_with(name)))
        .collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn distros_are_identified_as_stated() {
    let cases = cases("osrelease");
    let mut deviations = Vec::new();
    for case in &cases {
        let distro = case.image().distro.unwrap_or_default();
        let accepted: Vec<_> = case.expected["accept_versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let version_fits = match accepted.as_slice() {
            [] => distro.version.is_empty(),
            accepted => accepted.contains(&distro.version.as_str()),
        };
        if case.expected["id"] != distro.id.as_str() || !version_fits {
            deviations.push(format!(
                "{}: {} {:?}, not {} {accepted:?}",
                case.name, distro.id, distro.version, case.expected["id"]
            ));
        }
    }
    let exact = cases.len() - deviations.len();
    eprintln!("osrelease: {} cases, {exact} exact", cases.len());
    assert!(deviations.is_empty(), "{deviations:#?}");
}
