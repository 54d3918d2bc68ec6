//! Folding the inventories of layers says the same as cataloging the file system that they make.
//!
//! The file system is made by a model of its own: a map of paths, changed one layer after another.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scanyard_inventory::{
    CatalogerSet, FoldedLayer, ImageInventory, LayerInventory, catalog_tar, fold,
};
use scanyard_package::{Digest, Limits, Package};

/// Files of interest, and directories above them that can be replaced, deleted or opaque.
const PATHS: [&str; 14] = [
    "app",
    "app/node_modules",
    "app/node_modules/x",
    "app/node_modules/x/package.json",
    "app/node_modules/y/package.json",
    "usr",
    "usr/lib",
    "usr/lib/os-release",
    "etc/os-release",
    "var/lib/dpkg",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/z",
    "opt/bin/tool",
    "opt/bin/other",
];

#[derive(Debug, Clone)]
enum Change {
    Write(usize, u8),
    MakeDirectory(usize),
    Symlink(usize),
    HardLink(usize, usize),
    Delete(usize),
    Opaque(usize),
}

fn change() -> impl Strategy<Value = Change> {
    let path = 0..PATHS.len();
    prop_oneof![
        6 => (path.clone(), 0..4u8).prop_map(|(path, variant)| Change::Write(path, variant)),
        1 => path.clone().prop_map(Change::MakeDirectory),
        1 => path.clone().prop_map(Change::Symlink),
        2 => (path.clone(), path.clone()).prop_map(|(path, target)| Change::HardLink(path, target)),
        2 => path.clone().prop_map(Change::Delete),
        1 => path.prop_map(Change::Opaque),
    ]
}

fn content(path: &str, variant: u8) -> Vec<u8> {
    let stanza = |name: &str, version: u8| {
        format!("Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n")
    };
    match path.rsplit('/').next().unwrap() {
        "package.json" => format!(r#"{{"name":"n","version":"{variant}.0.0"}}"#).into_bytes(),
        "os-release" => format!("ID=debian\nVERSION_ID={variant}\n").into_bytes(),
        "status" if variant == 0 => Vec::new(),
        "status" => (stanza("a", 1) + &stanza("b", variant)).into_bytes(),
        "z" => stanza("z", variant / 2).into_bytes(),
        "tool" | "other" => executable(variant),
        _ => b"nothing of interest".to_vec(),
    }
}

fn executable(variant: u8) -> Vec<u8> {
    let mut bytes = b"\x7fELF".to_vec();
    bytes.extend([0; 60]);
    bytes.extend(b"\xff Go buildinf:\x08\x02");
    bytes.extend([0; 16]);
    let list = format!(
        "{0}mod\texample.com/m\tv1.0.{variant}\t\n{0}",
        "-".repeat(16)
    );
    for text in ["go1.21.3", &list] {
        bytes.push(text.len() as u8);
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Directory,
    Symlink,
    File(Vec<u8>, BTreeMap<Package, usize>),
}

type Model = BTreeMap<String, Node>;

fn is_under(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn ancestors(path: &str) -> Vec<String> {
    let ends = path
        .match_indices('/')
        .map(|(end, _)| path[..end].to_owned());
    ends.collect()
}

/// A layer as its tar, applied to the model as it is written.
struct LayerBuilder<'a> {
    index: usize,
    before: Model,
    model: &'a mut Model,
    written: BTreeSet<String>,
    tar: tar::Builder<Vec<u8>>,
}

impl LayerBuilder<'_> {
    /// A tar holds a path once, and nothing below what is no directory.
    fn is_free(&self, path: &str) -> bool {
        !self.written.contains(path)
            && !self.written.iter().any(|other| is_under(other, path))
            && !ancestors(path).iter().any(|above| {
                self.written.contains(above) && self.model.get(above) != Some(&Node::Directory)
            })
    }

    fn append(&mut self, path: &str, kind: tar::EntryType, link: Option<&str>, content: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        match link {
            Some(target) => self.tar.append_link(&mut header, path, target).unwrap(),
            None => self.tar.append_data(&mut header, path, content).unwrap(),
        }
    }

    fn put(&mut self, path: &str, node: Node) {
        self.written.insert(path.to_owned());
        for above in ancestors(path) {
            self.model.insert(above, Node::Directory);
        }
        if node != Node::Directory {
            self.model.retain(|other, _| !is_under(other, path));
        }
        self.model.insert(path.to_owned(), node);
    }

    fn file_node(&self, path: &str, content: Vec<u8>) -> Node {
        let earlier = match self.before.get(path) {
            Some(Node::File(_, origins)) => origins.clone(),
            _ => BTreeMap::new(),
        };
        let here = packages_of(path, &content).into_iter().map(|package| {
            let origin = earlier.get(&package).copied().unwrap_or(self.index);
            (package, origin)
        });
        Node::File(content, here.collect())
    }

    fn delete(&mut self, change: &Change) {
        match change {
            Change::Delete(path) if self.before.contains_key(PATHS[*path]) => {
                let path = PATHS[*path];
                self.model
                    .retain(|other, _| other != path && !is_under(other, path));
                let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
                let whiteout = format!("{directory}/.wh.{name}");
                let whiteout = whiteout.trim_start_matches('/');
                self.append(whiteout, tar::EntryType::Regular, None, b"");
            }
            Change::Opaque(path) if self.before.get(PATHS[*path]) == Some(&Node::Directory) => {
                let path = PATHS[*path];
                self.model.retain(|other, _| !is_under(other, path));
                let marker = format!("{path}/.wh..wh..opq");
                self.append(&marker, tar::EntryType::Regular, None, b"");
                self.written.insert(format!("{path}/.wh..wh..opq"));
            }
            _ => {}
        }
    }

    fn add(&mut self, change: &Change) {
        match change {
            Change::Write(path, variant) if self.is_free(PATHS[*path]) => {
                let path = PATHS[*path];
                let content = content(path, *variant);
                self.append(path, tar::EntryType::Regular, None, &content);
                let node = self.file_node(path, content);
                self.put(path, node);
            }
            Change::MakeDirectory(path) if self.is_free(PATHS[*path]) => {
                self.append(PATHS[*path], tar::EntryType::Directory, None, b"");
                self.put(PATHS[*path], Node::Directory);
            }
            Change::Symlink(path) if self.is_free(PATHS[*path]) => {
                self.append(PATHS[*path], tar::EntryType::Symlink, Some("x"), b"");
                self.put(PATHS[*path], Node::Symlink);
            }
            Change::HardLink(path, target) if self.is_free(PATHS[*path]) => {
                let (path, target) = (PATHS[*path], PATHS[*target]);
                let alike = path.rsplit('/').next().unwrap() == target.rsplit('/').next().unwrap()
                    || (path.starts_with("opt/bin") && target.starts_with("opt/bin"));
                let found = if self.written.contains(target) {
                    self.model.get(target)
                } else {
                    self.before.get(target)
                };
                let Some(Node::File(content, _)) = found.filter(|_| alike && path != target) else {
                    return;
                };
                let content = content.clone();
                self.append(path, tar::EntryType::Link, Some(target), b"");
                let node = self.file_node(path, content);
                self.put(path, node);
            }
            _ => {}
        }
    }
}

fn catalog(tar: &[u8]) -> LayerInventory {
    catalog_tar(tar, CatalogerSet::STANDARD, &Limits::default()).unwrap()
}

fn packages_of(path: &str, content: &[u8]) -> Vec<Package> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, path, content).unwrap();
    let inventory = catalog(&builder.into_inner().unwrap());
    inventory
        .files
        .into_values()
        .flat_map(|file| file.packages)
        .map(|declared| declared.package)
        .collect()
}

fn build(layers: &[Vec<Change>]) -> (Vec<LayerInventory>, Model) {
    let mut model = Model::new();
    let mut inventories = Vec::new();
    for (index, changes) in layers.iter().enumerate() {
        let mut builder = LayerBuilder {
            index,
            before: model.clone(),
            model: &mut model,
            written: BTreeSet::new(),
            tar: tar::Builder::new(Vec::new()),
        };
        for change in changes {
            builder.delete(change);
        }
        for change in changes {
            builder.add(change);
        }
        inventories.push(catalog(&builder.tar.into_inner().unwrap()));
    }
    (inventories, model)
}

fn flatten(model: &Model) -> LayerInventory {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, node) in model {
        if let Node::File(content, _) = node {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            builder
                .append_data(&mut header, path, content.as_slice())
                .unwrap();
        }
    }
    catalog(&builder.into_inner().unwrap())
}

fn fold_all(layers: &[LayerInventory]) -> ImageInventory {
    let layers: Vec<_> = layers
        .iter()
        .map(|inventory| FoldedLayer {
            digest: Digest::from_bytes([0; 32]),
            inventory,
        })
        .collect();
    fold(&layers)
}

/// The lowest layer of each package in the model.
fn origins(model: &Model) -> BTreeMap<Package, usize> {
    let mut lowest = BTreeMap::new();
    for node in model.values() {
        let Node::File(_, origins) = node else {
            continue;
        };
        for (package, origin) in origins {
            let known = lowest.entry(package.clone()).or_insert(*origin);
            *known = (*known).min(*origin);
        }
    }
    lowest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folded_layers_are_the_flattened_file_system(
        layers in prop::collection::vec(prop::collection::vec(change(), 0..10), 1..6)
    ) {
        let (inventories, model) = build(&layers);
        let folded = fold_all(&inventories);
        let flat = fold_all(&[flatten(&model)]);
        let places = |image: &ImageInventory| -> Vec<(Package, Vec<String>)> {
            let packages = image.packages.iter();
            packages.map(|p| (p.package.clone(), p.paths.clone())).collect()
        };
        prop_assert_eq!(places(&folded), places(&flat));
        prop_assert_eq!(&folded.distro, &flat.distro);
        let attributed: BTreeMap<_, _> =
            folded.packages.iter().map(|p| (p.package.clone(), p.layer)).collect();
        prop_assert_eq!(attributed, origins(&model));
        prop_assert!(folded.coverage.is_empty(), "{:?}", folded.coverage);
    }

    #[test]
    fn inventories_read_back_as_stored(
        layers in prop::collection::vec(prop::collection::vec(change(), 0..10), 1..4)
    ) {
        for inventory in build(&layers).0 {
            prop_assert_eq!(LayerInventory::decode(&inventory.encode()).unwrap(), inventory);
        }
    }
}
