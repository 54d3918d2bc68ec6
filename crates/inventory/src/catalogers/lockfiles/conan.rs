//! `conan.lock` of Conan 1 (a graph) and 2 (lists).

use std::collections::BTreeMap;

use scanyard_package::PackageKind;
use serde::Deserialize;

use super::{Declared, LockFile, Malformed, Names, read_json};
use crate::catalogers::conan::split_reference;

pub struct ConanLock;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    graph_lock: Graph,
    #[serde(default)]
    requires: Vec<String>,
    #[serde(default)]
    build_requires: Vec<String>,
    #[serde(default)]
    python_requires: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Graph {
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// The reference in the oldest files.
    pref: Option<String>,
    /// Where the recipe lies: it is the project's own.
    path: Option<String>,
}

impl LockFile for ConanLock {
    fn names(&self) -> Names {
        Names {
            files: &["conan.lock"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let lock: Lock = read_json(content)?;
        let nodes = lock.graph_lock.nodes.into_values();
        let foreign = nodes
            .filter(|node| node.path.is_none())
            .filter_map(|node| node.reference.or(node.pref));
        let lists = [lock.requires, lock.build_requires, lock.python_requires];
        let mut declared = Declared::new(PackageKind::Conan);
        for reference in foreign.chain(lists.into_iter().flatten()) {
            if let Some((name, version)) = split_reference(&reference) {
                declared.add(name, version);
            }
        }
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn graphs_and_lists_are_read() {
        let graph = r#"{"graph_lock": {"nodes": {
            "0": {"ref": "app/1.0", "path": "conanfile.py"},
            "1": {"ref": "zlib/1.2.11#rev"},
            "2": {"pref": "bzip2/1.0.8@user/channel#rev:package#rev"},
            "3": {"ref": "1.2.3"}, "4": {"pref": null}
        }}}"#;
        let packages = read_as_text(&ConanLock, graph);
        assert_eq!(packages, ["conan/bzip2@1.0.8", "conan/zlib@1.2.11"]);
        let lists = r#"{"requires": ["a/1.0#r%1"], "build_requires": ["b/2.0#r"]}"#;
        assert_eq!(
            read_as_text(&ConanLock, lists),
            ["conan/a@1.0", "conan/b@2.0"]
        );
    }
}
