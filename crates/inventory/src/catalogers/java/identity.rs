//! Which package an archive is, from what it says of itself and what its name says.
//!
//! What advisories are looked up by is the group with the artifact, so a group is taken for sure
//! only from what names it as such. One that is merely likely is kept, and said to be a guess.

use scanyard_package::{Package, PackageKind};

use super::file_name::{FileName, group_of_path};
use super::groups::known_group;
use super::manifest::Manifest;
use super::pom_properties::PomProperties;
use super::runtime;
use super::tomcat;

/// What an archive tells about the package that it is.
#[derive(Debug, Default)]
pub struct Clues {
    pub manifest: Manifest,
    /// Every `pom.properties` in it.
    pub poms: Vec<PomProperties>,
    /// Groups and artifacts that directories under `META-INF` are named for.
    pub named: Vec<(String, String)>,
}

/// Which package an archive is.
#[derive(Debug, PartialEq, Eq)]
pub enum Identity {
    /// This one, in the words of someone who knows.
    Known(Package),
    /// This artifact in this version; of which group is a guess, or nobody's.
    Groupless(Package),
    /// One of those that its `pom.properties` name, or none at all: a source archive, an agent.
    None,
    /// It holds something, and does not say what.
    Unknown,
}

/// Vendors' ids that are prefixes of many groups and no group.
const NO_GROUPS: [&str; 5] = [
    "com.oracle",
    "com.sun",
    "org.apache",
    "org.eclipse",
    "org.jboss",
];

/// Which package the archive at this path is.
pub fn identify(path: &str, clues: &Clues) -> Identity {
    let file = FileName::of(path);
    let Clues { manifest, .. } = clues;
    // Agents that patch a library carry its name and version in their manifest.
    if file.is_source || manifest.get("weave-classes").is_some() || names_itself(&file, clues) {
        return Identity::None;
    }
    let title = manifest.get("implementation-title");
    if title == Some("Java Runtime Environment") {
        let runtime = manifest
            .get("implementation-version")
            .and_then(runtime::package);
        return runtime.map_or(Identity::Unknown, Identity::Known);
    }
    let Some(version) = version(&file, manifest) else {
        return Identity::Unknown;
    };
    if title == Some(tomcat::TITLE)
        && let Some(package) = tomcat::package_of(file.artifact, version)
    {
        return Identity::Known(package);
    }
    let (artifact, group) = (artifact(&file, manifest), sure_group(path, &file, clues));
    if let Some(group) = group.or_else(|| known_group(artifact, version).map(str::to_owned)) {
        return Identity::Known(package(&group, artifact, version));
    }
    Identity::Groupless(match likely_group(artifact, manifest) {
        Some((group, artifact)) => package(group, artifact, version),
        None => Package::new(PackageKind::Maven, artifact, version),
    })
}

/// The package of a `pom.properties`; one without version takes that of the archive it is alone in.
pub fn package_of(pom: &PomProperties, path: &str, clues: &Clues) -> Option<Package> {
    let alone = clues.poms.len() == 1;
    let file = FileName::of(path);
    let version = pom
        .version
        .as_deref()
        .or_else(|| alone.then(|| version(&file, &clues.manifest)).flatten())?;
    Some(package(&pom.group, &pom.artifact, version))
}

fn package(group: &str, artifact: &str, version: &str) -> Package {
    Package::new(PackageKind::Maven, format!("{group}:{artifact}"), version)
}

/// Whether one of the archive's `pom.properties` is its own.
fn names_itself(file: &FileName<'_>, clues: &Clues) -> bool {
    let is_own = |pom: &PomProperties| match file.version {
        None => true,
        Some(version) => {
            let artifact = &pom.artifact;
            file.artifact.starts_with(artifact.as_str())
                || file.artifact.ends_with(artifact.as_str())
                || artifact.starts_with(file.artifact)
                || pom.version.as_deref() == Some(version)
        }
    };
    clues.poms.iter().any(is_own)
}

/// The archive's version: its name is what others call it by, and manifests round versions.
fn version<'a>(file: &FileName<'a>, manifest: &'a Manifest) -> Option<&'a str> {
    let stated = manifest.version();
    match (file.version, stated) {
        // The name goes on with a classifier.
        (Some(named), Some(stated)) => {
            let rest = named.strip_prefix(stated);
            let has_classifier = rest.is_some_and(|rest| rest.starts_with('-'));
            let exact = manifest.get("implementation-version") == Some(stated);
            Some(if has_classifier && exact {
                stated
            } else {
                named
            })
        }
        (named, stated) => named.or(stated),
    }
}

/// The archive's artifact: what stands before the version in its name, or else what it calls
/// itself, or else its whole name.
fn artifact<'a>(file: &FileName<'a>, manifest: &'a Manifest) -> &'a str {
    if file.version.is_some() {
        return file.artifact;
    }
    let is_name = |name: &&str| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    ["short-name", "implementation-title", "bundle-name"]
        .iter()
        .filter_map(|name| manifest.get(name))
        .find(is_name)
        .unwrap_or(file.artifact)
}

/// The group, where something names it as such.
fn sure_group(path: &str, file: &FileName<'_>, clues: &Clues) -> Option<String> {
    let Clues {
        manifest, named, ..
    } = clues;
    let artifact = artifact(file, manifest);
    let directory = || {
        let fits = |(_, name): &&(String, String)| name == artifact;
        named.iter().find(fits).map(|(group, _)| group.clone())
    };
    let vendor = || {
        let id = manifest.get("implementation-vendor-id")?;
        (is_group(id) && !NO_GROUPS.contains(&id)).then(|| id.to_owned())
    };
    let plugin = manifest.get("group-id").filter(|id| is_group(id));
    plugin
        .map(str::to_owned)
        .or_else(|| group_of_path(path, file))
        .or_else(directory)
        .or_else(vendor)
}

/// The group that names of the archive make likely, with the artifact that remains.
fn likely_group<'a>(artifact: &'a str, manifest: &'a Manifest) -> Option<(&'a str, &'a str)> {
    // Quarkus lays archives out as GROUP.ARTIFACT-VERSION.
    if artifact.matches('.').count() >= 2
        && let Some((group, rest)) = artifact.rsplit_once('.')
    {
        return Some((group, rest));
    }
    let bundle = manifest.bundle_name().filter(|name| is_group(name))?;
    let prefix = bundle
        .strip_suffix(artifact)
        .and_then(|rest| rest.strip_suffix(['.', '-']));
    Some((prefix.unwrap_or(bundle), artifact))
}

/// Whether text has the form of a group with several parts.
fn is_group(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    text.contains('.') && text.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clues(manifest: &str) -> Clues {
        Clues {
            manifest: Manifest::read(manifest),
            ..Clues::default()
        }
    }

    fn pom(group: &str, artifact: &str, version: &str) -> PomProperties {
        PomProperties {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: Some(version.to_owned()),
        }
    }

    fn shown(identity: &Identity) -> String {
        match identity {
            Identity::Known(package) => format!("{} {}", package.name, package.version),
            Identity::Groupless(package) => format!("? {} {}", package.name, package.version),
            Identity::None => "none".to_owned(),
            Identity::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn groups_come_from_who_names_them_and_guesses_are_told_apart() {
        for (path, manifest, expected) in [
            (
                "flink-json-1.14.0.jar",
                "Implementation-Title: Flink : Json\nImplementation-Vendor-Id: org.apache.flink\n",
                "org.apache.flink:flink-json 1.14.0",
            ),
            (
                "xbean-4.5.jar",
                "Implementation-Vendor-Id: org.apache\n",
                "? xbean 4.5",
            ),
            (
                "spring-core-5.3.0.jar",
                "Implementation-Title: spring-core\n",
                "org.springframework:spring-core 5.3.0",
            ),
            (
                "a-b-1.0.jar",
                "Bundle-SymbolicName: org.x.a-b\n",
                "? org.x:a-b 1.0",
            ),
            (
                "jdom2-2.0.jar",
                "Bundle-SymbolicName: org.jdom\n",
                "? org.jdom:jdom2 2.0",
            ),
            ("lib/io.quarkus.arc-1.1.jar", "", "? io.quarkus:arc 1.1"),
            ("app.jar", "Main-Class: a.B\n", "unknown"),
            (
                "app.jar",
                "Implementation-Title: portal\nImplementation-Version: 1.0.0\n",
                "? portal 1.0.0",
            ),
            (
                "git.jpi",
                "Group-Id: org.jenkins-ci.plugins\nShort-Name: git\nPlugin-Version: 4.1 (private)\n",
                "org.jenkins-ci.plugins:git 4.1",
            ),
            (
                "lib/catalina.jar",
                "Implementation-Title: Apache Tomcat\nImplementation-Version: 9.0.65\n",
                "org.apache.tomcat:tomcat-catalina 9.0.65",
            ),
            (
                "lib/jrt-fs.jar",
                "Implementation-Title: Java Runtime Environment\nImplementation-Version: 17.0.1\n",
                "java 17.0.1",
            ),
            (
                "netty-x-4.1.0.Final-linux-x86_64.jar",
                "Implementation-Version: 4.1.0.Final\n",
                "io.netty:netty-x 4.1.0.Final",
            ),
            (
                "x-1.0-hadoop3.jar",
                "Implementation-Version: 1.0\n",
                "? x 1.0",
            ),
            ("spring-core-5.3.0.jar", "Weave-Classes: a.B\n", "none"),
            ("spring-core-5.3.0-sources.jar", "", "none"),
            (
                "m2/repository/org/a/core/1.0/core-1.0.jar",
                "",
                "org.a:core 1.0",
            ),
        ] {
            assert_eq!(shown(&identify(path, &clues(manifest))), expected, "{path}");
        }
    }

    #[test]
    fn an_archive_with_its_own_pom_is_that_and_a_shaded_one_is_more() {
        let identity = |path: &str, poms: Vec<PomProperties>| {
            let clues = Clues {
                poms,
                ..Clues::default()
            };
            shown(&identify(path, &clues))
        };
        let own = || pom("com.google.guava", "guava", "31.1-jre");
        assert_eq!(identity("guava-31.1-jre.jar", vec![own()]), "none");
        assert_eq!(identity("app.jar", vec![own()]), "none");
        assert_eq!(
            identity(
                "io.quarkus.gizmo.gizmo-1.1.jar",
                vec![pom("io.quarkus.gizmo", "gizmo", "1.1")]
            ),
            "none"
        );
        assert_eq!(
            identity("ehcache-3.3.1.jar", vec![own()]),
            "org.ehcache:ehcache 3.3.1"
        );
    }

    #[test]
    fn directories_named_for_a_package_give_its_group() {
        let manifest = "Bundle-Name: tomcat-embed-websocket\nImplementation-Version: 9.0.65\n";
        let mut clues = clues(manifest);
        let (group, artifact) = ("org.apache.tomcat.embed", "tomcat-embed-websocket");
        clues.named.push((group.to_owned(), artifact.to_owned()));
        assert_eq!(
            shown(&identify("renamed.jar", &clues)),
            "org.apache.tomcat.embed:tomcat-embed-websocket 9.0.65"
        );
    }

    #[test]
    fn a_pom_without_version_takes_that_of_the_archive_it_is_alone_in() {
        let mut versionless = pom("g", "a", "");
        versionless.version = None;
        let mut clues = Clues {
            poms: vec![versionless.clone()],
            ..Clues::default()
        };
        let found = package_of(&versionless, "a-2.0.jar", &clues).unwrap();
        assert_eq!(
            (found.name.as_str(), found.version.as_str()),
            ("g:a", "2.0")
        );
        clues.poms.push(pom("g", "b", "1"));
        assert_eq!(package_of(&versionless, "a-2.0.jar", &clues), None);
    }
}
