//! The kinds of senders: a file each, and the list.

mod acr;
mod distribution;
mod docker_hub;
mod ecr;
mod ghcr;
mod gitlab;
mod google_artifact_registry;
mod harbor;
mod jfrog;
mod quay;
mod zot;

use crate::kind::Facts;

/// Every kind, by name.
pub(crate) const ALL: [&Facts; 11] = [
    &acr::FACTS,
    &distribution::FACTS,
    &docker_hub::FACTS,
    &ecr::FACTS,
    &ghcr::FACTS,
    &gitlab::FACTS,
    &google_artifact_registry::FACTS,
    &harbor::FACTS,
    &jfrog::FACTS,
    &quay::FACTS,
    &zot::FACTS,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use crate::{Address, Delivery, Kind};

    #[test]
    fn the_list_is_whole() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter_map(|path| Some(path.file_stem()?.to_str()?.replace('_', "-")))
            .filter(|name| name != "mod")
            .collect();
        let listed: Vec<_> = Kind::all().map(Kind::name).collect();
        let sorted: BTreeSet<_> = listed.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(sorted, files);
        assert!(listed.is_sorted());
    }

    #[test]
    fn every_kind_tells_what_to_set_up() {
        for kind in Kind::all() {
            let address = Address {
                url: "https://s.example/v1/hooks/x/1",
                secret: "hunter2",
            };
            let settings = kind.settings(&address).join("\n");
            assert!(
                settings.contains("https://s.example/v1/hooks/x"),
                "{}",
                kind.name()
            );
            assert!(settings.contains("hunter2"), "{}", kind.name());
        }
    }

    /// Every fixture cut at every place and with bits turned, to every kind.
    #[test]
    fn no_bytes_bring_a_reader_down() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let headers = http::HeaderMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            for kind in Kind::all() {
                let read = |body: &[u8]| {
                    // What comes of it does not matter here.
                    let _ = kind.read(&Delivery {
                        headers: &headers,
                        body,
                    });
                };
                for place in (0..bytes.len()).step_by(3) {
                    read(&bytes[..place]);
                    let mut turned = bytes.clone();
                    turned[place] ^= 1 << (place % 7);
                    read(&turned);
                }
            }
        }
    }
}
