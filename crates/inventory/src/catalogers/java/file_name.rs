//! What the name of an archive, and the directories that it lies in, say.

/// Words after a version that name a form of the archive, not a version.
const CLASSIFIERS: [&str; 12] = [
    "-jar-with-dependencies",
    "-all",
    "-boot",
    "-exec",
    "-fat",
    "-no_aop",
    "-runner",
    "-shaded",
    "-standalone",
    "-tests",
    "-uber",
    "-with-dependencies",
];
const PLATFORMS: [&str; 3] = ["-linux", "-osx", "-windows"];

/// The parts of an archive's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName<'a> {
    pub artifact: &'a str,
    pub version: Option<&'a str>,
    /// It holds source code or documentation, which nobody runs.
    pub is_source: bool,
}

impl<'a> FileName<'a> {
    /// Takes apart `ARTIFACT-VERSION[-CLASSIFIER].EXTENSION`. Versions have dashes, and artifacts
    /// digits: the version begins at the last part that begins with a digit and has a dot, or else
    /// at the last that begins with a digit.
    pub fn of(path: &'a str) -> Self {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (stem, is_source) = without_source_classifier(stem);
        let begins = stem
            .match_indices('-')
            .map(|(at, _)| at)
            .filter(|at| *at > 0 && stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
        let (mut dotted, mut last) = (None, None);
        for at in begins {
            let part = stem[at + 1..].split('-').next().unwrap_or_default();
            if part.contains('.') {
                dotted = Some(at);
            }
            last = Some(at);
        }
        let (artifact, version) = match dotted.or(last) {
            Some(at) => (&stem[..at], Some(without_classifier(&stem[at + 1..]))),
            None => (without_classifier(stem), None),
        };
        Self {
            artifact,
            version,
            is_source,
        }
    }
}

fn without_source_classifier(stem: &str) -> (&str, bool) {
    let classifiers = ["-sources", "-javadoc", "-test-sources"];
    match classifiers.iter().find_map(|end| stem.strip_suffix(end)) {
        Some(stem) => (stem, true),
        None => (stem, false),
    }
}

fn without_classifier(text: &str) -> &str {
    let text = CLASSIFIERS
        .iter()
        .find_map(|classifier| text.strip_suffix(classifier))
        .unwrap_or(text);
    let platform = PLATFORMS.iter().filter_map(|platform| text.find(platform));
    &text[..platform.min().unwrap_or(text.len())]
}

/// The group by the path in a repository, Maven's or Gradle's, of this artifact's archive.
pub fn group_of_path(path: &str, file: &FileName<'_>) -> Option<String> {
    let mut parts: Vec<_> = path.split('/').collect();
    parts.pop()?;
    if let Some(start) = parts.iter().position(|part| *part == "files-2.1") {
        let [group, artifact, ..] = &parts[start + 1..] else {
            return None;
        };
        return (*artifact == file.artifact).then(|| (*group).to_owned());
    }
    let version = parts.pop()?;
    let artifact = parts.pop()?;
    let fits = artifact == file.artifact && file.version.is_some_and(|v| v.starts_with(version));
    let start = parts
        .iter()
        .rposition(|part| matches!(*part, "repository" | "m2" | "system" | "maven2"))?;
    let group = parts[start + 1..].join(".");
    (fits && !group.is_empty()).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_begin_where_artifacts_end() {
        for (name, artifact, version) in [
            ("guava-31.1-jre.jar", "guava", Some("31.1-jre")),
            ("log4j-1.2-api-2.17.1.jar", "log4j-1.2-api", Some("2.17.1")),
            (
                "json4s-core_2.12-3.7.0-M5.jar",
                "json4s-core_2.12",
                Some("3.7.0-M5"),
            ),
            ("zstd-jni-1.4.8-1.jar", "zstd-jni", Some("1.4.8-1")),
            ("json-20230227.jar", "json", Some("20230227")),
            ("a/b/javax.inject-1.jar", "javax.inject", Some("1")),
            ("bcprov-jdk15on-1.68.jar", "bcprov-jdk15on", Some("1.68")),
            ("x-1.0-SNAPSHOT.war", "x", Some("1.0-SNAPSHOT")),
            ("t-1.0.5-jar-with-dependencies.jar", "t", Some("1.0.5")),
            ("n-4.1.96.Final-linux-x86_64.jar", "n", Some("4.1.96.Final")),
            ("catalina.jar", "catalina", None),
            ("-1.jar", "-1", None),
            ("", "", None),
        ] {
            let file = FileName::of(name);
            assert_eq!((file.artifact, file.version), (artifact, version), "{name}");
        }
        assert!(FileName::of("guava-31.1-jre-sources.jar").is_source);
    }

    #[test]
    fn repositories_lay_archives_out_by_group() {
        let group = |path: &str| group_of_path(path, &FileName::of(path));
        let maven = "root/.m2/repository/org/a/b/core/1.0/core-1.0.jar";
        assert_eq!(group(maven).as_deref(), Some("org.a.b"));
        let gradle = "caches/modules-2/files-2.1/org.a/core/1.0/0f3c/core-1.0.jar";
        assert_eq!(group(gradle).as_deref(), Some("org.a"));
        assert_eq!(group("opt/repository/lib/core-1.0.jar"), None);
        assert_eq!(group("core-1.0.jar"), None);
    }
}
