//! The list of libraries that the .NET host reads before it starts an application.

use std::collections::BTreeMap;

use scanyard_package::{CoverageKind, PackageKind};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::declared::Declared;
use crate::layer::{FileEvidence, Unknown};

/// How the runtime itself is named among an application's libraries.
const RUNTIME_PACK: &str = "runtimepack.";

/// A `deps.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependencies {
    #[serde(default)]
    runtime_target: RuntimeTarget,
    #[serde(default)]
    targets: BTreeMap<String, BTreeMap<String, Assets>>,
    libraries: BTreeMap<String, Library>,
}

/// The name of the target that the application runs on, which old lists give bare.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum RuntimeTarget {
    Named { name: String },
    Bare(String),
}

impl Default for RuntimeTarget {
    fn default() -> Self {
        Self::Bare(String::new())
    }
}

#[derive(Debug, Deserialize)]
struct Library {
    #[serde(rename = "type", default)]
    kind: String,
}

/// The files of a library on one target.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Assets {
    runtime: BTreeMap<String, IgnoredAny>,
    native: BTreeMap<String, IgnoredAny>,
    runtime_targets: BTreeMap<String, IgnoredAny>,
    resources: BTreeMap<String, IgnoredAny>,
}

impl Assets {
    /// Whether the library brings a file. `_._` stands for none.
    fn bring_files(&self) -> bool {
        [
            &self.runtime,
            &self.native,
            &self.runtime_targets,
            &self.resources,
        ]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .any(|file| file != "_._" && !file.ends_with("/_._"))
    }
}

impl Dependencies {
    /// What a whole file says.
    pub fn read(content: &[u8]) -> FileEvidence {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        match serde_json::from_slice::<Self>(content) {
            Ok(dependencies) => dependencies.evidence(),
            Err(error) => {
                let detail = format!("the .NET list of libraries cannot be read: {error}");
                FileEvidence::unreadable(CoverageKind::UnreadableFile, detail)
            }
        }
    }

    /// The packages whose files run. Projects, the application itself among them, are no packages.
    pub fn evidence(&self) -> FileEvidence {
        let target = match &self.runtime_target {
            RuntimeTarget::Named { name } | RuntimeTarget::Bare(name) => self.targets.get(name),
        };
        let mut declared = Declared::new(PackageKind::Nuget);
        let mut versionless = 0;
        for (key, Library { kind }) in &self.libraries {
            let is_package = kind.eq_ignore_ascii_case("package");
            if !is_package && !kind.eq_ignore_ascii_case("runtimepack") {
                continue;
            }
            // Without the target's list nothing tells what runs, so all may.
            let assets = target.map(|target| target.get(key));
            if assets.is_some_and(|assets| !assets.is_some_and(Assets::bring_files)) {
                continue;
            }
            match key.split_once('/') {
                Some((name, version)) if !version.is_empty() => {
                    let name = name.strip_prefix(RUNTIME_PACK).unwrap_or(name);
                    declared.add(name, version);
                }
                _ => versionless += 1,
            }
        }
        let mut evidence = FileEvidence::from(declared);
        if versionless > 0 {
            evidence.unknowns.push(Unknown {
                kind: CoverageKind::InvalidVersion,
                detail: format!("{versionless} of the .NET libraries have no version"),
            });
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(evidence: &FileEvidence) -> Vec<String> {
        let packages = evidence.packages.iter().map(|found| &found.package);
        packages
            .map(|p| format!("{} {}", p.name, p.version))
            .collect()
    }

    #[test]
    fn packages_that_bring_files_are_found_and_the_runtime_among_them() {
        let text = br#"{
            "runtimeTarget": {"name": ".NETCoreApp,Version=v8.0/linux-x64", "signature": ""},
            "targets": {
                ".NETCoreApp,Version=v8.0": {},
                ".NETCoreApp,Version=v8.0/linux-x64": {
                    "App/1.0.0": {"runtime": {"App.dll": {}}},
                    "A/1.1.0": {"runtime": {"lib/net6.0/A.dll": {}}},
                    "Facade/4.3.0": {"dependencies": {"A": "1.1.0"}},
                    "Empty/4.3.0": {"runtime": {"lib/net6.0/_._": {}}},
                    "Native/2.0.0": {"runtimeTargets": {"runtimes/win/n.dll": {"rid": "win"}}},
                    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {
                        "native": {"libclrjit.so": {}}
                    }
                }
            },
            "libraries": {
                "App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
                "A/1.1.0": {"type": "package"},
                "Facade/4.3.0": {"type": "package"},
                "Empty/4.3.0": {"type": "package"},
                "Native/2.0.0": {"type": "Package"},
                "NoVersion": {"type": "package"},
                "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": {"type": "runtimepack"}
            }
        }"#;
        let evidence = Dependencies::read(text);
        let runtime = "Microsoft.NETCore.App.Runtime.linux-x64 8.0.1";
        assert_eq!(names(&evidence), ["A 1.1.0", runtime, "Native 2.0.0"]);
        assert!(evidence.unknowns.is_empty());
    }

    #[test]
    fn without_a_target_all_packages_are_found() {
        let text = b"\xef\xbb\xbf{\"runtimeTarget\":\"x\",\"libraries\":{\"A/1\":{\"type\":\"package\"},\"B\":{\"type\":\"package\"}}}";
        let evidence = Dependencies::read(text);
        assert_eq!(names(&evidence), ["A 1"]);
        assert_eq!(evidence.unknowns[0].kind, CoverageKind::InvalidVersion);
    }

    #[test]
    fn what_is_no_list_is_said() {
        for text in ["", "[]", "{\"libraries\":[]}"] {
            assert_eq!(
                Dependencies::read(text.as_bytes()).unknowns.len(),
                1,
                "{text}"
            );
        }
    }
}
