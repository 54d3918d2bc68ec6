//! The list of modules that an executable was built from.

use scanyard_package::{Package, PackageKind};

/// Packages of the list: the standard library, the main module, and its dependencies as replaced.
///
/// A main module without a version keeps `(devel)`, also where the list names the commit: a
/// pseudo-version made of that would be lower than every release, and hit by every advisory.
pub fn read(toolchain: Option<&str>, list: &str, limit: usize) -> Vec<Package> {
    let mut packages = Vec::new();
    if let Some(release) = toolchain.and_then(|version| version.strip_prefix("go")) {
        // Experiments and vendors' marks follow the release: `go1.21.3 X:boringcrypto`.
        let release = release.split([' ', '-']).next().unwrap_or_default();
        packages.push(Package::new(PackageKind::Golang, "stdlib", release));
    }
    packages.extend(program(list, packages.first()));
    let mut replaceable = false;
    for line in list.lines().take(limit) {
        let mut fields = line.split('\t');
        let kind = fields.next().unwrap_or_default();
        let path = fields.next().unwrap_or_default();
        let version = fields.next().unwrap_or_default();
        match kind {
            _ if path.is_empty() => {}
            "mod" => packages.push(module(path, main_version(path, version, list))),
            "dep" => packages.push(module(path, version)),
            // A replacement follows what it replaces; a local one has no version of its own.
            "=>" if replaceable && !version.is_empty() => {
                packages.pop();
                packages.push(module(path, version));
            }
            _ => {}
        }
        replaceable = matches!(kind, "mod" | "dep") && !path.is_empty();
    }
    packages
}

/// The program itself, where no module says more: one of the toolchain, or one that was built
/// without modules.
fn program(list: &str, stdlib: Option<&Package>) -> Option<Package> {
    let path = list.lines().find_map(|line| line.strip_prefix("path\t"))?;
    match path {
        // Advisories of the `go` command speak of it under this name, with the release's version.
        "cmd/go" => stdlib.map(|stdlib| module("toolchain", &stdlib.version)),
        _ if list.contains("\nmod\t") || path.starts_with("cmd/") => None,
        "" | "command-line-arguments" => None,
        path => Some(module(path, "(devel)")),
    }
}

fn module(path: &str, version: impl AsRef<str>) -> Package {
    let version = match version.as_ref() {
        "" => "(devel)",
        version => version,
    };
    Package::new(PackageKind::Golang, path, version)
}

/// The main module's version. Built from a checkout it is `(devel)`, and the build often sets a
/// variable of that name instead.
fn main_version(path: &str, version: &str, list: &str) -> String {
    let unversioned = version.is_empty() || version == "(devel)";
    let set = unversioned.then(|| linked_version(path, list)).flatten();
    set.unwrap_or_else(|| version.to_owned())
}

/// The value in `-ldflags="-X main.version=1.2.3"`, when the variable is the program's own.
fn linked_version(module: &str, list: &str) -> Option<String> {
    let flags = list
        .lines()
        .find_map(|line| line.strip_prefix("build\t-ldflags="))?;
    let flags = flags.replace(['"', '\'', '\\'], " ");
    flags.split_whitespace().find_map(|word| {
        let (variable, value) = word.split_once('=')?;
        let (package, name) = variable.rsplit_once('.')?;
        let own = package == "main" || package.starts_with(module);
        let named =
            ["version", "gitversion", "buildversion"].contains(&name.to_ascii_lowercase().as_str());
        let number = value.strip_prefix('v').unwrap_or(value);
        let dotted = number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.');
        (own && named && dotted).then(|| format!("v{number}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(toolchain: &str, list: &str) -> Vec<String> {
        let packages = read(Some(toolchain), list, 100);
        packages
            .iter()
            .map(|p| format!("{}@{}", p.name, p.version))
            .collect()
    }

    #[test]
    fn replacements_stand_for_what_they_replace() {
        let list = "path\tcmd/x\nmod\texample.com/app\tv1.0.0\t\n\
            dep\told.org/y\tv1.0.0\n=>\tnew.org/y\tv1.0.1\th1:b\n\
            dep\tlocal.org/z\tv2.0.0\n=>\t./z\t\t\n";
        let expected = [
            "stdlib@1.21.3",
            "example.com/app@v1.0.0",
            "new.org/y@v1.0.1",
            "local.org/z@v2.0.0",
        ];
        assert_eq!(names("go1.21.3", list), expected);
    }

    #[test]
    fn a_program_without_modules_is_there_and_has_no_version() {
        assert_eq!(
            names("go1.19.8", "path\tgo.etcd.io/etcd\nbuild\tGOOS=linux\n"),
            ["stdlib@1.19.8", "go.etcd.io/etcd@(devel)"]
        );
        let list = "path\tcommand-line-arguments\n";
        assert_eq!(names("go1.19.8", list), ["stdlib@1.19.8"]);
    }

    #[test]
    fn the_go_command_is_the_toolchain() {
        assert_eq!(
            names("go1.26.8", "path\tcmd/go\nbuild\tGOOS=linux\n"),
            ["stdlib@1.26.8", "toolchain@1.26.8"]
        );
        assert_eq!(names("go1.26.8", "path\tcmd/gofmt\n"), ["stdlib@1.26.8"]);
    }

    #[test]
    fn a_version_set_by_the_linker_is_the_main_modules() {
        let list = "mod\texample.com/app\t(devel)\t\n\
            build\t-ldflags=\"-s -w -X main.version=1.2.3 -X 'main.date=2024'\"\n";
        assert_eq!(
            names("go1.22", list),
            ["stdlib@1.22", "example.com/app@v1.2.3"]
        );
        let foreign = "mod\texample.com/app\t(devel)\t\n\
            build\t-ldflags=\"-X github.com/other/lib.Version=9.9.9\"\n";
        assert_eq!(
            names("go1.22", foreign),
            ["stdlib@1.22", "example.com/app@(devel)"]
        );
    }
}
