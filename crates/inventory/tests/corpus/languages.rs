//! Language packages and lock files, a line for each kind of file.

use std::collections::BTreeSet;

use scanyard_inventory::CatalogerSet;
use serde_json::Value;

use super::{Case, cases};

/// Kinds of files of installed packages.
const INSTALLED: [&str; 4] = [
    "conda-installed (folder)",
    "conda-meta",
    "php-installed-json",
    "ruby-gemspec",
];

/// Kinds of lock files.
const LOCK_FILES: [&str; 25] = [
    "cpp-conan-lock",
    "dart-pubspec-lock",
    "dotnet-packages-config",
    "dotnet-packages-lock",
    "elixir-mix-lock",
    "erlang-rebar-lock",
    "go-mod",
    "java-gradle-lock",
    "java-sbt-lock",
    "npm-bun-lock",
    "npm-package-lock",
    "npm-pnpm-lock",
    "npm-yarn-lock",
    "php-composer-lock",
    "python-pdm-lock",
    "python-pipfile-lock",
    "python-poetry-lock",
    "python-pylock",
    "python-requirements",
    "python-uv-lock",
    "r-renv-lock",
    "ruby-gemfile-lock",
    "rust-cargo-lock",
    "swift-package-resolved",
    "swift-podfile-lock",
];

/// Name and version as the ecosystem of the kind compares them.
fn key(kind: &str, name: &str, version: &str) -> String {
    let name = match kind.split('-').next() {
        Some("python") => scanyard_package::Ecosystem::new("PyPI").normalize_name(name),
        Some("dotnet" | "php" | "elixir" | "erlang") => name.to_lowercase(),
        _ => name.to_owned(),
    };
    let version = match kind.split('-').next() {
        Some("go" | "php") => version.trim_start_matches('v'),
        _ => version,
    };
    format!("{name} {version}")
}

fn stated(case: &Case, list: &str) -> BTreeSet<String> {
    let packages = case.expected[list].as_array().into_iter().flatten();
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or("").to_owned();
    packages
        .map(|package| {
            let (name, version) = (text(package, "name"), text(package, "version"));
            key(&case.kind, &name, &version)
        })
        .collect()
}

/// What the case lacks and has too many, if anything.
fn deviation(case: &Case, set: CatalogerSet) -> Option<String> {
    let image = case.image_by(set);
    let packages = image.packages.iter().map(|located| &located.package);
    let found: BTreeSet<_> = packages
        .map(|package| key(&case.kind, &package.name, &package.version))
        .collect();
    let (expected, optional) = (stated(case, "packages"), stated(case, "optional"));
    let lacking: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found
        .difference(&expected)
        .filter(|package| !optional.contains(*package))
        .collect();
    let exact = lacking.is_empty() && surplus.is_empty();
    (!exact).then(|| {
        let coverage = image.coverage;
        format!(
            "{}: lacks {lacking:?}, has {surplus:?}, {coverage:?}",
            case.name
        )
    })
}

fn compare(kinds: &[&str], set: CatalogerSet) {
    let all = cases("lang");
    let mut deviations = Vec::new();
    for kind in kinds {
        let cases: Vec<_> = all.iter().filter(|case| case.kind == *kind).collect();
        let of_kind: Vec<_> = cases
            .iter()
            .filter_map(|case| deviation(case, set))
            .collect();
        let exact = cases.len() - of_kind.len();
        eprintln!("{kind}: {} cases, {exact} exact", cases.len());
        deviations.extend(of_kind);
    }
    assert!(deviations.is_empty(), "{deviations:#?}");
}

#[test]
fn installed_packages_read_as_stated() {
    compare(&INSTALLED, CatalogerSet::STANDARD);
}

#[test]
fn lock_files_read_as_stated() {
    compare(&LOCK_FILES, CatalogerSet::WHOLE);
}
