//! Images, and the scans that found them.

use chrono::DateTime;
use scanyard_inventory::CatalogerSet;
use scanyard_testkit::sha256;
use serde_json::json;
use uuid::Uuid;

use super::super::model::LAYER_BYTES;
use super::super::{Fleet, Sighting};
use super::{Cell, Table, id};

/// From the request to the end of a scan, in microseconds.
pub(super) const SCAN_TIME: i64 = 4_000_000;

pub(super) fn tables(fleet: &Fleet) -> Vec<Table<'_>> {
    vec![
        images(fleet),
        image_layers(fleet),
        image_tops(fleet),
        scans(fleet),
        scan_images(fleet),
    ]
}

fn images(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.images.iter().enumerate().map(|(place, image)| {
        let created = DateTime::from_timestamp_micros(image.created).unwrap_or_default();
        let team = image.title.split('/').next().unwrap_or_default();
        let labels = json!({
            "org.opencontainers.image.title": image.title,
            "org.opencontainers.image.revision": image.digest.short(),
            "team": team,
        });
        vec![
            id(place),
            Cell::from(&image.digest),
            Cell::from(&sha256(image.digest.as_bytes())),
            Cell::from("linux/amd64"),
            Cell::Text(created.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            Cell::Text(labels.to_string()),
            id(image.set),
            Cell::from(CatalogerSet::STANDARD.name()),
            id(fleet.sets[image.set].distro),
            Cell::Int(0),
            Cell::Time(image.created + SCAN_TIME),
            Cell::Int(0),
        ]
    });
    let columns = &[
        "id",
        "digest",
        "config_digest",
        "platform",
        "created",
        "labels",
        "package_set_id",
        "cataloger_set",
        "distro_id",
        "coverage_gaps",
        "assembled_at",
        "assembled_revision",
    ];
    Table::new("images", columns, Box::new(rows))
}

fn image_layers(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.images.iter().enumerate().flat_map(|(place, image)| {
        let layers = image.layers.iter().enumerate();
        layers.map(move |(position, layer)| {
            vec![
                id(place),
                Cell::Int(position as i64),
                id(*layer),
                Cell::Int(LAYER_BYTES as i64),
                id(0),
                Cell::Bool(false),
            ]
        })
    });
    let columns = &[
        "image_id",
        "position",
        "layer_id",
        "size",
        "media_type_id",
        "is_foreign",
    ];
    Table::new("image_layers", columns, Box::new(rows))
}

fn image_tops(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.images.iter().enumerate();
    let rows = rows.filter_map(|(place, image)| {
        let top = image.layers.last()?;
        Some(vec![
            id(place),
            id(*top),
            Cell::Int(image.layers.len() as i64),
        ])
    });
    let columns = &["image_id", "layer_id", "length"];
    Table::new("image_tops", columns, Box::new(rows))
}

fn scan_id(place: usize, sighting: &Sighting) -> Uuid {
    let mut noise = [0; 10];
    noise[2..].copy_from_slice(&(place as u64).to_be_bytes());
    let millis = u64::try_from(sighting.at / 1000).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &noise).into_uuid()
}

fn scans(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.sightings.iter().enumerate().map(|(place, sighting)| {
        let repository = &fleet.repositories[sighting.repository];
        vec![
            Cell::Uuid(scan_id(place, sighting)),
            Cell::Uuid(repository.tenant.0),
            Cell::Text(format!("{}:{}", repository.name, sighting.tag)),
            Cell::from("bulk"),
            Cell::from("done"),
            Cell::from(CatalogerSet::STANDARD.name()),
            Cell::Int(1),
            Cell::Time(sighting.at + SCAN_TIME),
            Cell::Time(sighting.at),
            Cell::Time(sighting.at),
            Cell::Time(sighting.at + SCAN_TIME),
        ]
    });
    let columns = &[
        "id",
        "tenant_id",
        "reference",
        "lane",
        "state",
        "cataloger_set",
        "requests",
        "due_at",
        "created_at",
        "started_at",
        "finished_at",
    ];
    Table::new("scans", columns, Box::new(rows))
}

fn scan_images(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.sightings.iter().enumerate().map(|(place, sighting)| {
        let scan = Cell::Uuid(scan_id(place, sighting));
        vec![scan, Cell::Int(0), id(sighting.image)]
    });
    let columns = &["scan_id", "position", "image_id"];
    Table::new("scan_images", columns, Box::new(rows))
}
