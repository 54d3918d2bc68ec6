//! Lock files and package manifests made to hurt: none makes a reader panic, overflow the stack or
//! take longer than its size allows.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use scanyard_inventory::{CatalogerSet, LayerInventory, catalog_tar};
use scanyard_package::Limits;

/// A small whole file of each format, with its place.
const SAMPLES: [(&str, &str); 35] = [
    (
        "a/Directory.Packages.props",
        "<Project><PackageVersion Include=\"A\" Version=\"[1.0]\"/></Project>",
    ),
    (
        "a/package-lock.json",
        r#"{"packages": {"node_modules/a": {"version": "1.0.0", "license": "MIT"}}}"#,
    ),
    (
        "a/npm-shrinkwrap.json",
        r#"{"dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "npm:c@2.0.0"}}}}}"#,
    ),
    (
        "a/yarn.lock",
        "\"@s/a@^1\", b@npm:c@2:\n  version \"1.0.0\"\n  resolved \"x\"\n",
    ),
    (
        "b/yarn.lock",
        "\"a@npm:^1\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0\"\n",
    ),
    (
        "a/pnpm-lock.yaml",
        "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0(b@2.0.0)':\n    resolution: {integrity: &x y}\n  c@1.0.0: *x\n---\npackages:\n  /b/1.0.0_c@1: {}\n",
    ),
    (
        "a/bun.lock",
        r#"{ // one
            "packages": {"a": ["a@1.0.0", "", {"x": [1,],}, "s"], /* two */}, }"#,
    ),
    (
        "a/requirements.txt",
        "a[x]==1.0 ; python_version < '3' \\\n  --hash=x # c\n-r b\n==1\n",
    ),
    (
        "a/Pipfile.lock",
        r#"{"_meta": {}, "default": {"a": {"version": "==1.0"}}, "develop": {}}"#,
    ),
    (
        "a/poetry.lock",
        "[[package]]\nname = \"a\"\nversion = \"1.0\"\n[package.source]\ntype = \"git\"\n",
    ),
    (
        "a/uv.lock",
        "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n",
    ),
    (
        "a/pdm.lock",
        "[[package]]\nname = \"a\"\nversion = \"1\"\npath = \"x\"\n",
    ),
    (
        "a/pylock.toml",
        "[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{ size = 1 }]\n",
    ),
    (
        "a/Gemfile.lock",
        "GEM\n  specs:\n    a (1.0-x86_64-linux)\n      b (~> 1)\n",
    ),
    (
        "a/Cargo.lock",
        "version = 4\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"x\"\n",
    ),
    (
        "a/composer.lock",
        r#"{"packages": [{"name": "a/b", "version": "v1", "license": ["MIT"]}], "packages-dev": []}"#,
    ),
    (
        "a/go.mod",
        "module m\nrequire a v1\nrequire (\n\tb v1 // x\n)\nreplace b v1 => ../b\nexclude a v1\n",
    ),
    (
        "a/gradle.lockfile",
        "org.x:a:1.0=compileClasspath\nempty=\n",
    ),
    (
        "a/build.sbt.lock",
        r#"{"dependencies": [{"org": "o", "name": "a", "version": "1", "configurations": ["test"]}]}"#,
    ),
    (
        "a/packages.lock.json",
        r#"{"dependencies": {"net6.0": {"A": {"resolved": "1.0.0"}}}}"#,
    ),
    (
        "a/packages.config",
        "<?xml version=\"1.0\"?><packages><package id=\"A&amp;\" version=\"1\"/></packages>",
    ),
    (
        "a/pubspec.lock",
        "packages:\n  a:\n    source: hosted\n    version: \"1.0\"\n",
    ),
    (
        "a/mix.lock",
        "%{\n  \"a\": {:hex, :a, \"1.0\", \"x\", [:mix], []},\n}\n",
    ),
    (
        "a/rebar.lock",
        "{\"1.2.0\",\n[{<<\"a\">>,{git,\"u\",{ref,\"c\"}},0}]}.\n",
    ),
    (
        "a/Package.resolved",
        r#"{"pins": [{"location": "https://h/a.git", "state": {"version": "1"}}]}"#,
    ),
    (
        "a/Podfile.lock",
        "PODS:\n  - A/B (1.0):\n    - C\n  - \"D (2)\"\n",
    ),
    (
        "a/conan.lock",
        r#"{"graph_lock": {"nodes": {"0": {"ref": "a/1#r"}}}, "requires": ["b/2@u/c"]}"#,
    ),
    (
        "a/renv.lock",
        r#"{"Packages": {"a": {"Package": "a", "Version": "1"}}}"#,
    ),
    (
        "a/Manifest.toml",
        "julia_version = \"1\"\n[[deps.A]]\nversion = \"1\"\n[[B]]\npath = \"x\"\n",
    ),
    (
        "lib/ruby/specifications/a.gemspec",
        "# stub: a 1 ruby lib\nGem::Specification.new do |s|\n s.licenses = [\"MIT\".freeze]\nend\n",
    ),
    (
        "vendor/composer/installed.json",
        r#"[{"name": "a/b", "version": "1"}]"#,
    ),
    (
        "x/.registry/a.reg",
        "a:1:{s:4:\"name\";s:1:\"A\";s:7:\"version\";a:1:{s:7:\"release\";s:1:\"1\";}}",
    ),
    ("lib/a-1/ebin/a.app", "{application,a,[{vsn,\"1\"}]}.\n"),
    (
        "lib/rocks-5.1/a/1-1/a.rockspec",
        "package = \"a\"\nversion = '1-1'\n",
    ),
    (
        "lib/R/a/DESCRIPTION",
        "Package: a\nVersion: 1\nBuilt: R 4\n",
    ),
];

fn catalog(path: &str, content: &[u8]) -> LayerInventory {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, path, content).unwrap();
    let tar = builder.into_inner().unwrap();
    catalog_tar(tar.as_slice(), CatalogerSet::WHOLE, &Limits::default()).unwrap()
}

#[test]
fn every_sample_is_read_by_a_cataloger_without_complaint() {
    for (path, content) in SAMPLES {
        let inventory = catalog(path, content.as_bytes());
        let evidence = &inventory.files[path];
        assert!(evidence.unknowns.is_empty(), "{path}: {evidence:?}");
    }
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    for (path, content) in SAMPLES {
        for end in 0..content.len() {
            catalog(path, &content.as_bytes()[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn bytes_that_flip_are_read_or_refused(
        sample in 0..SAMPLES.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let (path, content) = SAMPLES[sample];
        let mut content = content.as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(content.len());
            content[at] = byte;
        }
        catalog(path, &content);
    }

    #[test]
    fn pieces_of_every_format_in_any_order_are_read_or_refused(
        target in 0..SAMPLES.len(),
        pieces in prop::collection::vec((0..SAMPLES.len(), any::<prop::sample::Index>(), 1usize..20), 1..12),
    ) {
        let mut content = Vec::new();
        for (sample, at, length) in pieces {
            let from = SAMPLES[sample].1.as_bytes();
            let start = at.index(from.len());
            content.extend(&from[start..from.len().min(start + length)]);
        }
        catalog(SAMPLES[target].0, &content);
    }
}

/// What some reader might nest, or look through again for each occurrence.
const REPEATED: [&str; 24] = [
    "[",
    "{",
    "[[",
    "a.",
    "[a.",
    "{\"dependencies\":{\"a\":",
    "{\"a\":",
    "- ",
    "? ",
    "a:\n ",
    "&a ",
    "<package>",
    "<package id=\"",
    " a=\"1\"",
    "/*",
    "//",
    "\\\n",
    "{<<",
    "{<<\"a\">>,{git,",
    "\"",
    "a@npm:",
    "s:4:\"name\";s:1:\"",
    "{vsn",
    "a == ",
];

#[test]
fn repetition_without_end_ends() {
    for (path, content) in SAMPLES {
        for piece in REPEATED {
            let many = piece.repeat(40_000 / piece.len());
            catalog(path, many.as_bytes());
            catalog(path, format!("{content}{many}").as_bytes());
        }
    }
    let attributes = format!(
        "<packages><package {}/></packages>",
        "a=\"1\" ".repeat(50_000)
    );
    catalog("a/packages.config", attributes.as_bytes());
    for table in [
        format!("{}a = 1\n", "a.".repeat(50_000)),
        format!("[{}a]\n", "a.".repeat(50_000)),
    ] {
        catalog("a/Cargo.lock", table.as_bytes());
        catalog("a/Manifest.toml", table.as_bytes());
    }
}
