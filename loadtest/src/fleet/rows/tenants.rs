//! Which tenant reached what, and where.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::{Fleet, Sighting};
use super::images::SCAN_TIME;
use super::{Cell, Table, id};

pub(super) fn tables(fleet: &Fleet) -> Vec<Table<'_>> {
    vec![
        repositories(fleet),
        repository_images(fleet),
        tenant_images(fleet),
        tenant_layers(fleet),
        tags(fleet),
    ]
}

fn repositories(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.repositories.iter().enumerate();
    let rows = rows.map(|(place, repository)| {
        let name = Cell::from(repository.name.as_str());
        vec![id(place), Cell::Uuid(repository.tenant.0), name]
    });
    let columns = &["id", "tenant_id", "name"];
    Table::new("repositories", columns, Box::new(rows))
}

fn tenant_of(fleet: &Fleet, sighting: &Sighting) -> Uuid {
    fleet.repositories[sighting.repository].tenant.0
}

/// When the image was resolved.
fn seen(sighting: &Sighting) -> Cell {
    Cell::Time(sighting.at + SCAN_TIME / 2)
}

fn repository_images(fleet: &Fleet) -> Table<'_> {
    let rows = fleet.sightings.iter().map(|sighting| {
        vec![
            id(sighting.repository),
            id(sighting.image),
            Cell::Uuid(tenant_of(fleet, sighting)),
            seen(sighting),
            seen(sighting),
        ]
    });
    let columns = &[
        "repository_id",
        "image_id",
        "tenant_id",
        "first_seen",
        "last_seen",
    ];
    Table::new("repository_images", columns, Box::new(rows))
}

fn tenant_images(fleet: &Fleet) -> Table<'_> {
    let mut reached: BTreeMap<(Uuid, usize), (i64, i64)> = BTreeMap::new();
    for sighting in &fleet.sightings {
        let key = (tenant_of(fleet, sighting), sighting.image);
        let times = reached.entry(key).or_insert((sighting.at, sighting.at));
        *times = (times.0.min(sighting.at), times.1.max(sighting.at));
    }
    let rows = reached.into_iter().map(|((tenant, image), (first, last))| {
        vec![
            Cell::Uuid(tenant),
            id(image),
            Cell::Time(first + SCAN_TIME / 2),
            Cell::Time(last + SCAN_TIME / 2),
            id(fleet.images[image].set),
        ]
    });
    let columns = &[
        "tenant_id",
        "image_id",
        "first_seen",
        "last_seen",
        "package_set_id",
    ];
    Table::new("tenant_images", columns, Box::new(rows))
}

fn tenant_layers(fleet: &Fleet) -> Table<'_> {
    let reached = fleet.sightings.iter().flat_map(|sighting| {
        let layers = &fleet.images[sighting.image].layers;
        layers
            .iter()
            .map(|layer| (tenant_of(fleet, sighting), *layer))
    });
    let mut reached: Vec<(Uuid, usize)> = reached.collect();
    reached.sort_unstable();
    reached.dedup();
    let rows = reached.into_iter();
    let rows = rows.map(|(tenant, layer)| vec![Cell::Uuid(tenant), id(layer)]);
    Table::new("tenant_layers", &["tenant_id", "layer_id"], Box::new(rows))
}

/// A tag for each image, and `latest`, which moved from one to the next.
fn tags(fleet: &Fleet) -> Table<'_> {
    let named = fleet.sightings.iter().flat_map(|sighting| {
        let until = sighting.latest_until.map_or(Cell::Null, Cell::Time);
        [
            (sighting, sighting.tag.as_str(), Cell::Null),
            (sighting, "latest", until),
        ]
    });
    let rows = named.enumerate().map(|(place, (sighting, name, until))| {
        vec![
            id(place),
            Cell::Uuid(tenant_of(fleet, sighting)),
            id(sighting.repository),
            Cell::from(name),
            id(sighting.image),
            seen(sighting),
            until,
            seen(sighting),
            Cell::from(&fleet.images[sighting.image].digest),
        ]
    });
    let columns = &[
        "id",
        "tenant_id",
        "repository_id",
        "name",
        "image_id",
        "valid_from",
        "valid_to",
        "last_seen",
        "digest",
    ];
    Table::new("tags", columns, Box::new(rows))
}
