//! When content is garbage, as conditions on a row called `garbage`: both adapters mean the same.

macro_rules! unused_image {
    () => {
        "NOT EXISTS (SELECT 1 FROM tenant_images WHERE tenant_images.image_id = garbage.id)
         AND NOT EXISTS (
             SELECT 1 FROM scan_images JOIN scans ON scans.id = scan_images.scan_id
             WHERE scan_images.image_id = garbage.id AND scans.state IN ('queued', 'cataloging'))"
    };
}

macro_rules! unused_package_set {
    () => {
        "NOT EXISTS (SELECT 1 FROM images WHERE images.package_set_id = garbage.id)
         AND NOT EXISTS (SELECT 1 FROM former_package_sets AS former
                         WHERE former.package_set_id = garbage.id)"
    };
}

macro_rules! unused_package {
    () => {
        "NOT EXISTS (SELECT 1 FROM package_set_packages AS members
                     WHERE members.package_id = garbage.id)"
    };
}

/// The two parts of the first condition have an index each.
macro_rules! unused_finding {
    () => {
        "NOT EXISTS (SELECT 1 FROM matches
                     WHERE matches.finding_id = garbage.id AND matches.last_revision IS NULL)
         AND NOT EXISTS (SELECT 1 FROM matches
                         WHERE matches.finding_id = garbage.id
                           AND matches.last_revision IS NOT NULL)
         AND NOT EXISTS (SELECT 1 FROM changes
                         WHERE changes.vulnerability = garbage.vulnerability
                           AND garbage.id IN (changes.finding_before_id, changes.finding_after_id))"
    };
}

macro_rules! unused_layer {
    () => {
        "NOT EXISTS (SELECT 1 FROM image_layers WHERE image_layers.layer_id = garbage.id)"
    };
}

macro_rules! unused_repository {
    () => {
        "NOT EXISTS (SELECT 1 FROM repository_images AS held WHERE held.repository_id = garbage.id)
         AND NOT EXISTS (SELECT 1 FROM tags WHERE tags.repository_id = garbage.id)"
    };
}

/// On a row of `layer_catalogs`: a scan that waits may be about to read it, an image that was
/// assembled from it is folded from it on demand.
macro_rules! unused_inventory {
    () => {
        "NOT EXISTS (SELECT 1 FROM awaited_layers AS awaited
                     WHERE awaited.layer_id = garbage.layer_id
                       AND awaited.cataloger_set = garbage.cataloger_set)
         AND NOT EXISTS (SELECT 1 FROM image_layers
                         JOIN images ON images.id = image_layers.image_id
                         WHERE image_layers.layer_id = garbage.layer_id
                           AND images.cataloger_set = garbage.cataloger_set)"
    };
}

pub(crate) use {
    unused_finding, unused_image, unused_inventory, unused_layer, unused_package,
    unused_package_set, unused_repository,
};
