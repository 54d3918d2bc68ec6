//! Which language packages belong to OS packages, layer over layer.

#![allow(clippy::unwrap_used)]

use scanyard_inventory::{
    CatalogerSet, FoldedLayer, ImageInventory, LayerInventory, catalog_tar, fold,
};
use scanyard_package::{Digest, Limits};

const METADATA: &str = "usr/lib/python3/dist-packages/p-1.dist-info/METADATA";
const LIST: &str = "var/lib/dpkg/info/python3-p.list";
const OWNED: &str = "/usr/lib/python3/dist-packages/p-1.dist-info/METADATA\n";

fn layer<C: AsRef<[u8]>>(files: &[(&str, C)]) -> LayerInventory {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.as_ref().len() as u64);
        builder
            .append_data(&mut header, path, content.as_ref())
            .unwrap();
    }
    let tar = builder.into_inner().unwrap();
    catalog_tar(tar.as_slice(), CatalogerSet::STANDARD, &Limits::default()).unwrap()
}

fn fold_layers(layers: &[LayerInventory]) -> ImageInventory {
    let folded: Vec<_> = layers
        .iter()
        .map(|inventory| FoldedLayer {
            digest: Digest::from_bytes([0; 32]),
            inventory,
        })
        .collect();
    fold(&folded)
}

fn image<C: AsRef<[u8]>>(layers: &[&[(&str, C)]]) -> ImageInventory {
    let layers: Vec<_> = layers.iter().map(|files| layer(files)).collect();
    fold_layers(&layers)
}

fn names(image: &ImageInventory) -> Vec<String> {
    let packages = image.packages.iter();
    packages
        .map(|p| format!("{}@{}#{}", p.package.name, p.package.version, p.layer))
        .collect()
}

fn metadata(version: &str) -> String {
    format!("Name: p\nVersion: {version}\n")
}

#[test]
fn what_an_os_package_owns_is_not_a_package_of_its_own() {
    let version = metadata("1");
    let files = [(METADATA, version.as_str()), (LIST, OWNED)];
    assert!(names(&image(&[&files])).is_empty());
    let split: [&[(&str, &str)]; 2] = [&files[..1], &files[1..]];
    assert!(names(&image(&split)).is_empty());
}

#[test]
fn what_an_os_package_owns_of_other_languages_is_none_either() {
    let gem = "usr/share/rubygems-integration/all/specifications/rake-13.0.6.gemspec";
    let rock = "usr/share/lua/5.1/rocks/a/1-1/a-1-1.rockspec";
    let owned = format!("/{gem}\n/{rock}\n");
    let files = [
        (gem, "# stub: rake 13.0.6 ruby lib\n"),
        (rock, "package = \"a\"\nversion = \"1-1\"\n"),
        (
            "app/vendor/composer/installed.json",
            r#"[{"name": "b/c", "version": "2"}]"#,
        ),
        ("var/lib/dpkg/info/rake.list", owned.as_str()),
    ];
    assert_eq!(names(&image(&[&files])), ["b/c@2#0"]);
}

#[test]
fn an_upgrade_over_an_owned_file_in_a_later_layer_counts() {
    let (old, new) = (metadata("1"), metadata("2"));
    let base = [(METADATA, old.as_str()), (LIST, OWNED)];
    let upgrade = [(METADATA, new.as_str())];
    assert_eq!(names(&image(&[&base, &upgrade])), ["p@2#1"]);
}

#[test]
fn an_os_package_upgraded_in_a_later_layer_owns_what_it_wrote() {
    let (old, new) = (metadata("1"), metadata("2"));
    let base = [(METADATA, old.as_str()), (LIST, OWNED)];
    let upgrade = [(METADATA, new.as_str()), (LIST, OWNED)];
    assert!(names(&image(&[&base, &upgrade])).is_empty());

    let path = "usr/lib/python3.11/site-packages/p.egg-info";
    let database = |version: &str| {
        format!("P:py3-p\nV:{version}\nF:usr/lib/python3.11/site-packages\nR:p.egg-info\n")
    };
    let (first, second) = (database("1-r0"), database("2-r0"));
    let base = [(path, old.as_str()), ("lib/apk/db/installed", &first)];
    let upgrade = [(path, new.as_str()), ("lib/apk/db/installed", &second)];
    assert_eq!(names(&image(&[&base, &upgrade])), ["py3-p@2-r0#1"]);
}

#[test]
fn a_rewrite_of_the_same_content_in_a_later_layer_changes_nothing() {
    let version = metadata("1");
    let base = [(METADATA, version.as_str()), (LIST, OWNED)];
    let rewrite = [(METADATA, version.as_str())];
    assert!(names(&image(&[&base, &rewrite])).is_empty());
}

#[test]
fn an_apk_database_written_again_does_not_claim_a_later_upgrade() {
    let path = "usr/lib/python3.11/site-packages/p-1.dist-info/METADATA";
    let database =
        "P:py3-p\nV:1-r0\nF:usr/lib/python3.11/site-packages/p-1.dist-info\nR:METADATA\n";
    let more = format!("{database}\nP:curl\nV:8-r0\n");
    let (old, new) = (metadata("1"), metadata("2"));
    let base = [(path, old.as_str()), ("lib/apk/db/installed", database)];
    let upgrade = [(path, new.as_str())];
    let added = [("lib/apk/db/installed", more.as_str())];
    let found = names(&image(&[&base, &upgrade, &added]));
    assert_eq!(found, ["curl@8-r0#2", "py3-p@1-r0#0", "p@2#1"]);
}

#[test]
fn owned_paths_match_in_either_spelling_of_a_merged_usr() {
    let version = metadata("1");
    let list = "/lib/python3/dist-packages/p-1.dist-info/METADATA\n";
    let files = [(METADATA, version.as_str()), (LIST, list)];
    assert!(names(&image(&[&files])).is_empty());
}

const RPM_DATABASE: &[u8] = include_bytes!("../src/catalogers/rpm/fixtures/Packages.little");
const NEWER_DATABASE: &[u8] = include_bytes!("../src/catalogers/rpm/fixtures/rpmdb.sqlite");

#[test]
fn what_an_rpm_owns_is_not_a_package_of_its_own() {
    let dir = "usr/lib/python3.6/site-packages";
    let owned = format!("{dir}/p-2.0.dist-info/METADATA");
    let other = format!("{dir}/q-2.0.dist-info/METADATA");
    let (p, q) = (metadata("2.0"), "Name: q\nVersion: 2.0\n");
    let files = [
        (owned.as_str(), p.as_bytes()),
        (other.as_str(), q.as_bytes()),
        ("var/lib/rpm/Packages", RPM_DATABASE),
    ];
    let found = names(&image(&[&files]));
    assert!(!found.contains(&"p@2.0#0".to_owned()));
    assert!(found.contains(&"q@2.0#0".to_owned()));
    assert!(found.contains(&"python3-p@1:2.0-3.el8#0".to_owned()));
}

#[test]
fn a_database_that_rpm_left_behind_is_not_read_nor_complained_about() {
    let cut_short = &RPM_DATABASE[..RPM_DATABASE.len() - 600];
    let old = [("var/lib/rpm/Packages", cut_short)];
    let new = [("var/lib/rpm/rpmdb.sqlite", NEWER_DATABASE)];
    let both = image(&[&old, &new]);
    assert_eq!(both.packages.len(), 26);
    assert!(
        both.packages
            .iter()
            .all(|package| package.paths == [new[0].0])
    );
    assert!(both.coverage.is_empty());
    assert!(!image(&[&old]).coverage.is_empty());
}

#[test]
fn content_sets_of_an_image_and_of_its_base_are_channels_of_its_distro() {
    let sets = |name: &str| format!(r#"{{"content_sets":["{name}"]}}"#);
    let (base_sets, own_sets) = (sets("baseos"), sets("appstream"));
    let dockerfile = "LABEL com.redhat.component=\"x\" architecture=\"x86_64\"";
    let release = ("etc/os-release", "ID=rhel\nVERSION_ID=9.2\n");
    let recipe = ("root/buildinfo/Dockerfile-x-1-2", dockerfile);
    let base = [
        release,
        recipe,
        ("root/buildinfo/content_manifests/b.json", &base_sets),
    ];
    let own = [("root/buildinfo/content_manifests/o.json", own_sets.as_str())];
    let channels = |image: ImageInventory| image.distro.unwrap().channels;
    assert_eq!(channels(image(&[&base, &own])), ["appstream", "baseos"]);
    assert_eq!(channels(image(&[&base[..2]])), ["nvr:x-1-2.x86_64"]);
    assert_ne!(
        image(&[&base]).package_set_digest(),
        image(&[&base[..1]]).package_set_digest()
    );
}

#[test]
fn more_channels_than_any_image_has_are_cut_and_said() {
    let names: Vec<_> = (0..40).map(|n| format!("set-{n:02}")).collect();
    let text = serde_json::json!({ "content_sets": names }).to_string();
    let files = [
        ("etc/os-release", "ID=rhel\n"),
        ("root/buildinfo/content_manifests/b.json", &text),
    ];
    let image = image(&[&files]);
    assert_eq!(image.distro.unwrap().channels.len(), 32);
    assert_eq!(image.coverage.len(), 1);
}

#[test]
fn a_distro_upgraded_in_place_is_the_new_one() {
    let old = [("usr/lib/os-release", "ID=debian\nVERSION_ID=11\n")];
    let new = [("usr/lib/os-release", "ID=debian\nVERSION_ID=12\n")];
    assert_eq!(image(&[&old, &new]).distro.unwrap().version, "12");
}

#[test]
fn an_os_release_that_an_upgrade_made_a_link_is_no_longer_believed() {
    let old = layer(&[("etc/os-release", "ID=alpine\nVERSION_ID=3.12.0\n")]);
    let mut builder = tar::Builder::new(Vec::new());
    let content = b"ID=alpine\nVERSION_ID=3.19.1\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    builder
        .append_data(&mut header, "usr/lib/os-release", &content[..])
        .unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder
        .append_link(&mut link, "etc/os-release", "../usr/lib/os-release")
        .unwrap();
    let tar = builder.into_inner().unwrap();
    let new = catalog_tar(tar.as_slice(), CatalogerSet::STANDARD, &Limits::default()).unwrap();
    assert_eq!(fold_layers(&[old, new]).distro.unwrap().version, "3.19.1");
}

#[test]
fn a_package_in_several_databases_is_one_package() {
    let status = "Package: a\nStatus: install ok installed\nVersion: 1\n";
    let apk = "P:b\nV:1-r0\n";
    let files = [
        ("var/lib/dpkg/status", status),
        ("var/lib/dpkg/status.d/a", "Package: a\nVersion: 1\n"),
        ("lib/apk/db/installed", apk),
        ("usr/lib/apk/db/installed", apk),
    ];
    let image = image(&[&files]);
    let found = names(&image);
    assert_eq!(found, ["a@1#0", "b@1-r0#0"]);
    assert!(
        image
            .packages
            .iter()
            .all(|package| package.paths.len() == 2)
    );
}

#[test]
fn a_portage_package_has_the_licence_that_is_in_a_file_of_its_own() {
    let directory = "var/db/pkg/app-misc/a-1";
    let (contents, licence) = (
        format!("{directory}/CONTENTS"),
        format!("{directory}/LICENSE"),
    );
    let files = [
        (contents.as_str(), "obj /usr/bin/a 0 0\n"),
        (&licence, "MIT\n"),
    ];
    let image = image(&[&files]);
    assert_eq!(image.packages.len(), 1);
    assert_eq!(image.packages[0].licences, ["MIT"]);
}

#[test]
fn a_deb_has_the_licences_of_its_copyright_file() {
    let status = "Package: a\nStatus: install ok installed\nVersion: 1\n";
    let copyright = "Format: x/copyright-format/1.0/\n\nFiles: *\nLicense: Expat\n";
    let base = [("usr/share/doc/a/copyright", copyright)];
    let own = [("var/lib/dpkg/status", status)];
    let image = image(&[&base, &own]);
    assert_eq!(image.packages[0].licences, ["Expat"]);
    assert_eq!(image.packages[0].paths, ["var/lib/dpkg/status"]);
}

#[test]
fn a_hard_link_to_what_was_not_kept_is_an_unknown_with_its_place() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    builder
        .append_data(&mut header, "store/ab", &b"{}"[..])
        .unwrap();
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Link);
    link.set_size(0);
    builder
        .append_link(&mut link, "node_modules/a/package.json", "store/ab")
        .unwrap();
    let tar = builder.into_inner().unwrap();
    let inventory =
        catalog_tar(tar.as_slice(), CatalogerSet::STANDARD, &Limits::default()).unwrap();
    let layer = FoldedLayer {
        digest: Digest::from_bytes([0; 32]),
        inventory: &inventory,
    };
    let coverage = fold(&[layer]).coverage;
    assert_eq!(coverage.len(), 1);
    assert_eq!(coverage[0].subject, "node_modules/a/package.json");
}

#[test]
fn an_archive_that_an_os_package_owns_is_neither_a_package_nor_an_unknown() {
    let path = "usr/share/java/a-1.0.jar";
    let list = "/usr/share/java/a-1.0.jar\n";
    let base = [(path, "no archive"), (LIST, list)];
    assert_eq!(image(&[&base]).coverage, []);
    let changed = [(path, "no archive either")];
    assert_eq!(image(&[&base, &changed]).coverage.len(), 1);
}
