//! What Red Hat's builds leave in an image: the content sets that its packages come from, and the
//! labels and the Dockerfile of the build.

use scanyard_package::CoverageKind;
use serde::Deserialize;

use super::{Cataloger, Names};
use crate::layer::FileEvidence;
use crate::path;

const BUILD_DIRECTORY: &str = "root/buildinfo";
/// The same in images that are booted as hosts.
const SHARED_DIRECTORY: &str = "usr/share/buildinfo";
const MANIFEST_DIRECTORY: &str = "root/buildinfo/content_manifests";
const LABELS: &str = "labels.json";
const RECIPE_PREFIX: &str = "Dockerfile-";

/// Before a build's name, version, release and architecture, where those stand for a channel.
pub const BUILD: &str = "nvr:";

/// A content manifest: which content sets packages were installed from.
pub struct ContentManifest;

#[derive(Deserialize)]
struct Manifest {
    /// Absent in builds that know only what they are made of.
    #[serde(default)]
    content_sets: Vec<String>,
}

impl Cataloger for ContentManifest {
    fn names(&self) -> Names {
        Names {
            directories: &[MANIFEST_DIRECTORY, SHARED_DIRECTORY],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, name) = path::split_name(path);
        [MANIFEST_DIRECTORY, SHARED_DIRECTORY].contains(&directory)
            && name.ends_with(".json")
            && name != LABELS
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        match serde_json::from_slice::<Manifest>(content) {
            Ok(manifest) => FileEvidence::of_channels(
                manifest
                    .content_sets
                    .iter()
                    .map(|set| without_release(set).to_owned())
                    .collect(),
            ),
            Err(error) => unreadable(&error),
        }
    }
}

fn unreadable(error: &serde_json::Error) -> FileEvidence {
    let detail = format!("Red Hat's build information is not what it should be: {error}");
    FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
}

/// `rhel-8-for-x86_64-baseos-rpms__8` is a set held at a minor release; it is named without.
fn without_release(set: &str) -> &str {
    match set.rsplit_once("__") {
        Some((name, release)) if release.starts_with(|c: char| c.is_ascii_digit()) => name,
        _ => set,
    }
}

/// The labels of the image, which newer builds copy into it.
pub struct Labels;

#[derive(Deserialize)]
struct ImageLabels {
    cpe: Option<String>,
    #[serde(rename = "com.redhat.component")]
    component: Option<String>,
    version: Option<String>,
    release: Option<String>,
    architecture: Option<String>,
}

impl Cataloger for Labels {
    fn names(&self) -> Names {
        Names {
            files: &[LABELS],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, name) = path::split_name(path);
        [BUILD_DIRECTORY, SHARED_DIRECTORY].contains(&directory) && name == LABELS
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let labels: ImageLabels = match serde_json::from_slice(content) {
            Ok(labels) => labels,
            Err(error) => return unreadable(&error),
        };
        let mut channels = Vec::new();
        channels.extend(labels.cpe.filter(|cpe| cpe.starts_with("cpe:/")));
        if let (Some(component), Some(version), Some(release), Some(architecture)) = (
            labels.component,
            labels.version,
            labels.release,
            labels.architecture,
        ) {
            channels.push(build(&component, &version, &release, &architecture));
        }
        FileEvidence::of_channels(channels)
    }
}

fn build(component: &str, version: &str, release: &str, architecture: &str) -> String {
    format!("{BUILD}{component}-{version}-{release}.{architecture}")
}

/// The Dockerfile of the build: `Dockerfile-NAME-VERSION-RELEASE`, with the labels that it sets.
pub struct Recipe;

impl Cataloger for Recipe {
    fn names(&self) -> Names {
        Names {
            directories: &[BUILD_DIRECTORY],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let (directory, name) = path::split_name(path);
        directory == BUILD_DIRECTORY && name.starts_with(RECIPE_PREFIX)
    }

    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let (_, name) = path::split_name(path);
        let channel = (|| {
            let (rest, release) = name.rsplit_once('-')?;
            let (_, version) = rest.rsplit_once('-')?;
            let component = label(&text, "com.redhat.component")?;
            Some(build(
                component,
                version,
                release,
                label(&text, "architecture")?,
            ))
        })();
        FileEvidence::of_channels(channel.into_iter().collect())
    }
}

/// The value that a Dockerfile gives a label: `LABEL name="value"`, many of them on one line or
/// on continued ones, the name in quotes or not.
fn label<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.split_whitespace().find_map(|word| {
        let (key, value) = word.split_once('=')?;
        let value = value.trim_matches(['"', '\'']);
        (key.trim_matches(['"', '\'']) == name && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_sets_are_named_without_the_release_that_they_are_held_at() {
        let text = br#"{"metadata":{},"content_sets":["rhel-8-for-x86_64-baseos-rpms__8","a__b"]}"#;
        let path = "root/buildinfo/content_manifests/ubi8.json";
        let evidence = ContentManifest.catalog(path, text);
        assert_eq!(evidence.channels, ["rhel-8-for-x86_64-baseos-rpms", "a__b"]);
        let none = ContentManifest.catalog(path, br#"{"metadata":{},"image_contents":[]}"#);
        assert_eq!(none, FileEvidence::default());
        assert_eq!(ContentManifest.catalog(path, b"{").unknowns.len(), 1);
    }

    #[test]
    fn labels_name_a_cpe_and_the_build() {
        let text = br#"{"architecture":"x86_64","com.redhat.component":"ubi9-container",
            "cpe":"cpe:/a:redhat:enterprise_linux:9::appstream","release":"17","version":"9.5"}"#;
        let evidence = Labels.catalog("root/buildinfo/labels.json", text);
        let expected = [
            "cpe:/a:redhat:enterprise_linux:9::appstream",
            "nvr:ubi9-container-9.5-17.x86_64",
        ];
        assert_eq!(evidence.channels, expected);
    }

    #[test]
    fn a_dockerfile_names_the_build() {
        let text = "FROM x\nLABEL com.redhat.component=\"ubi8-container\" \\\n \
            name=\"ubi8\" \"architecture\"=\"x86_64\"\n";
        let path = "root/buildinfo/Dockerfile-ubi8-8.7-1112";
        let evidence = Recipe.catalog(path, text.as_bytes());
        assert_eq!(evidence.channels, ["nvr:ubi8-container-8.7-1112.x86_64"]);
        assert!(Recipe.catalog(path, b"FROM scratch").channels.is_empty());
    }
}
