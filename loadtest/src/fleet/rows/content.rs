//! Packages, package sets and layers.

use std::collections::BTreeSet;

use scanyard_inventory::CatalogerSet;
use scanyard_testkit::sha256;

use super::super::contents::inventory;
use super::super::model::{LAYER_BYTES, MEDIA_TYPE};
use super::super::{Fleet, FleetPackage, LayerContent};
use super::{Cell, Table, id};

/// How the store compresses inventories.
const COMPRESSION_LEVEL: i32 = 3;

pub(super) fn tables(fleet: &Fleet) -> Vec<Table<'_>> {
    vec![
        distros(fleet),
        packages(fleet),
        package_sets(fleet),
        package_set_packages(fleet),
        layers(fleet),
        media_types(),
        layer_catalogs(fleet),
        layer_inventories(fleet),
    ]
}

/// Those of an image.
fn distros(fleet: &Fleet) -> Table<'_> {
    let used: BTreeSet<usize> = fleet.sets.iter().map(|set| set.distro).collect();
    let rows = used.into_iter().map(|place| {
        let distro = &fleet.distros[place];
        let id_like = distro.id_like.join(" ");
        let parts = [&distro.id, &distro.version, &id_like, &distro.name];
        let digest = sha256(parts.map(String::as_str).join("\n").as_bytes());
        let mut row = vec![id(place)];
        row.extend(parts.map(|part| Cell::from(part.as_str())));
        row.extend([Cell::from(""), Cell::from(&digest)]);
        row
    });
    let columns = &[
        "id", "os_id", "version", "id_like", "name", "channels", "digest",
    ];
    Table {
        only_postgres: 1,
        ..Table::new("distros", columns, Box::new(rows))
    }
}

fn packages(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.packages.iter().enumerate().map(|(place, package)| {
        let FleetPackage {
            purl,
            package,
            distro,
        } = package;
        let source = package.source.as_ref();
        vec![
            id(place),
            Cell::from(purl.as_str()),
            Cell::from(package.kind.purl_type()),
            Cell::from(package.name.as_str()),
            Cell::from(package.version.as_str()),
            Cell::from(package.arch.as_deref()),
            Cell::from(source.map(|source| source.name.as_str())),
            Cell::from(source.map(|source| source.version.as_str())),
            distro.map_or(Cell::Null, id),
            Cell::from(&sha256(purl.as_bytes())),
        ]
    });
    let columns = &[
        "id",
        "purl",
        "kind",
        "name",
        "version",
        "arch",
        "source_name",
        "source_version",
        "distro_id",
        "digest",
    ];
    Table {
        only_postgres: 1,
        ..Table::new("packages", columns, Box::new(rows))
    }
}

fn package_sets(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.sets.iter().enumerate().map(|(place, set)| {
        let count = Cell::Int(set.packages.len() as i64);
        vec![id(place), Cell::from(&set.digest), count]
    });
    let columns = &["id", "digest", "packages"];
    Table::new("package_sets", columns, Box::new(rows))
}

fn package_set_packages(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.sets.iter().enumerate().flat_map(|(place, set)| {
        let members = set.packages.iter();
        members.map(move |package| vec![id(place), id(*package)])
    });
    let columns = &["package_set_id", "package_id"];
    Table::new("package_set_packages", columns, Box::new(rows))
}

fn layers(fleet: &Fleet) -> Table<'_> {
    let layers = fleet.layers.iter().enumerate();
    let rows = layers.map(|(place, layer)| vec![id(place), Cell::from(&layer.digest)]);
    Table::new("layers", &["id", "digest"], Box::new(rows))
}

fn media_types() -> Table<'static> {
    let rows = std::iter::once(vec![id(0), Cell::from(MEDIA_TYPE)]);
    Table::new("media_types", &["id", "name"], Box::new(rows))
}

fn layer_catalogs(fleet: &Fleet) -> Table<'_> {
    let due = fleet.sightings.last().map_or(0, |sighting| sighting.at);
    let rows = fleet.layers.iter().enumerate().map(move |(place, layer)| {
        vec![
            id(place),
            Cell::from(CatalogerSet::STANDARD.name()),
            Cell::from("done"),
            Cell::from("bulk"),
            Cell::Int(1),
            Cell::Int(1),
            Cell::Int(1),
            Cell::Time(due),
            Cell::Int(LAYER_BYTES as i64),
            Cell::from(&sha256(layer.digest.as_bytes())),
            Cell::Int(LAYER_BYTES as i64),
            Cell::Int(3 * LAYER_BYTES as i64),
        ]
    });
    let columns = &[
        "layer_id",
        "cataloger_set",
        "state",
        "lane",
        "attempt",
        "tries",
        "requests",
        "due_at",
        "bytes_done",
        "diff_id",
        "compressed_bytes",
        "decompressed_bytes",
    ];
    Table::new("layer_catalogs", columns, Box::new(rows))
}

fn layer_inventories(fleet: &Fleet) -> Table<'_> {
    let compress = |inventory: &[u8]| {
        zstd::bulk::compress(inventory, COMPRESSION_LEVEL).expect("memory takes what is written")
    };
    let empty = scanyard_inventory::LayerInventory::default().encode();
    let empty = (empty.len() as i64, compress(&empty));
    let rows = fleet.layers.iter().enumerate().map(move |(place, layer)| {
        let (size, inventory) = match &layer.content {
            LayerContent::Nothing => empty.clone(),
            _ => {
                let inventory = inventory(fleet, layer).encode();
                (inventory.len() as i64, compress(&inventory))
            }
        };
        vec![
            id(place),
            Cell::from(CatalogerSet::STANDARD.name()),
            Cell::Int(size),
            Cell::Bytes(inventory),
        ]
    });
    let columns = &["layer_id", "cataloger_set", "size", "inventory"];
    Table::new("layer_inventories", columns, Box::new(rows))
}
