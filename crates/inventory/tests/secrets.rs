//! Secrets and modes of files, from layers to an image.

#![allow(clippy::unwrap_used)]

use scanyard_inventory::{
    CatalogerSet, FoldedLayer, ImageInventory, LayerInventory, LocatedSecret, catalog_tar, fold,
};
use scanyard_package::{Digest, Limits};

const SECRETS: CatalogerSet = CatalogerSet {
    secrets: true,
    ..CatalogerSet::STANDARD
};
const KEY: &str = concat!("id = AKIA", "Q3EGRZTVCX2LNW5D\n");

/// One entry: path, mode, content; a path that ends in `/` is a directory, and `a -> b` a hard link.
type Entry<'a> = (&'a str, u32, &'a str);

fn catalog(set: CatalogerSet, entries: &[Entry<'_>]) -> LayerInventory {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode, content) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(*mode);
        if let Some((path, target)) = path.split_once(" -> ") {
            header.set_entry_type(tar::EntryType::Link);
            header.set_size(0);
            builder.append_link(&mut header, path, target).unwrap();
            continue;
        }
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, path, content.as_bytes())
            .unwrap();
    }
    let tar = builder.into_inner().unwrap();
    catalog_tar(tar.as_slice(), set, &Limits::default()).unwrap()
}

fn image(layers: &[&[Entry<'_>]]) -> ImageInventory {
    let layers: Vec<_> = layers
        .iter()
        .map(|entries| catalog(SECRETS, entries))
        .collect();
    let folded: Vec<_> = layers
        .iter()
        .map(|inventory| FoldedLayer {
            digest: Digest::from_bytes([1; 32]),
            inventory,
        })
        .collect();
    fold(&folded)
}

/// `path line layer`, with `deleted` behind where that is so.
fn places(image: &ImageInventory) -> Vec<String> {
    let place = |located: &LocatedSecret| {
        let deleted = if located.deleted { " deleted" } else { "" };
        format!(
            "{} {} {}{deleted}",
            located.path, located.secret.line, located.layer
        )
    };
    image.secrets.iter().map(place).collect()
}

#[test]
fn secrets_are_found_in_files_that_catalogers_read_and_in_all_others() {
    let manifest = format!(
        "{{\"name\": \"a\", \"version\": \"1\",\n \"k\": \"{}\"}}",
        KEY.trim()
    );
    let entries: [Entry<'_>; 2] = [
        ("app/.env", 0o644, KEY),
        ("app/node_modules/a/package.json", 0o644, &manifest),
    ];
    let image = image(&[&entries]);
    assert_eq!(
        places(&image),
        ["app/.env 1 0", "app/node_modules/a/package.json 2 0"]
    );
    assert_eq!(image.packages.len(), 1);
    let without = catalog(CatalogerSet::STANDARD, &entries);
    assert_eq!(without.files.len(), 1);
    assert!(without.files.values().all(|file| file.secrets.is_empty()));
}

#[test]
fn a_secret_that_an_upper_layer_deletes_is_still_in_the_image() {
    let base: &[Entry<'_>] = &[("root/key", 0o600, KEY), ("srv/key", 0o600, KEY)];
    let gone = image(&[
        base,
        &[("root/.wh.key", 0o644, ""), ("srv/.wh..wh..opq", 0o644, "")],
    ]);
    assert_eq!(
        places(&gone),
        ["root/key 1 0 deleted", "srv/key 1 0 deleted"]
    );
    let replaced = image(&[base, &[("root/key", 0o600, "nothing")]]);
    assert_eq!(places(&replaced), ["root/key 1 0 deleted", "srv/key 1 0"]);
}

#[test]
fn a_secret_that_moves_within_its_file_stays_the_same() {
    let moved = format!("# a line\n{KEY}");
    let image = image(&[&[("key", 0o600, KEY)], &[("key", 0o600, &moved)]]);
    assert_eq!(places(&image), ["key 2 0"]);
}

#[test]
fn a_hard_link_shows_what_its_target_holds() {
    let within = image(&[&[("key", 0o4755, KEY), ("link -> key", 0o644, "")]]);
    assert_eq!(places(&within), ["key 1 0", "link 1 0"]);
    assert_eq!(within.special_files.len(), 2);
    let across = image(&[&[("key", 0o600, KEY)], &[("link -> key", 0o644, "")]]);
    assert_eq!(places(&across), ["key 1 0", "link 1 1"]);
}

#[test]
fn unusual_modes_are_those_of_the_files_that_stand() {
    let image = image(&[
        &[
            ("usr/bin/sudo", 0o4755, "x"),
            ("usr/bin/wall", 0o2755, "x"),
            ("usr/bin/env", 0o755, "x"),
            ("srv/open", 0o666, "x"),
        ],
        &[
            ("usr/bin/sudo", 0o755, "x"),
            ("usr/bin/.wh.wall", 0o644, ""),
        ],
    ]);
    let paths: Vec<_> = image
        .special_files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(paths, ["srv/open"]);
    assert!(image.special_files[0].mode.is_world_writable());
}
