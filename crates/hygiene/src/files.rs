//! What the files of an image let others do.

use scanyard_inventory::{ImageInventory, Mode, SpecialFile};

use crate::check::FailedCheck;

/// Checks that the image does not pass, as far as its files decide.
pub fn examine_files(inventory: &ImageInventory) -> Vec<FailedCheck> {
    let with = |holds: fn(Mode) -> bool, tell: fn(&SpecialFile) -> String| {
        let files = inventory.special_files.iter();
        files
            .filter(|file| holds(file.mode))
            .map(tell)
            .collect::<Vec<_>>()
    };
    let checks = [
        (
            "setuid-files",
            with(|mode| mode.is_setuid() || mode.is_setgid(), tell_bits),
        ),
        (
            "world-writable-files",
            with(Mode::is_world_writable, |file| file.path.clone()),
        ),
        ("sudo-installed", sudo(inventory)),
    ];
    let checks = checks.into_iter();
    checks
        .filter_map(|(id, evidence)| FailedCheck::given(id, evidence))
        .collect()
}

fn tell_bits(file: &SpecialFile) -> String {
    let bits = match (file.mode.is_setuid(), file.mode.is_setgid()) {
        (true, true) => "setuid, setgid",
        (true, false) => "setuid",
        (false, _) => "setgid",
    };
    format!("{} ({bits})", file.path)
}

/// The package of the distro, or the program by itself.
fn sudo(inventory: &ImageInventory) -> Vec<String> {
    let packages = inventory.packages.iter().map(|located| &located.package);
    let package = packages.filter(|package| package.kind.is_os() && package.name == "sudo");
    let package = package.map(|package| format!("package sudo {}", package.version));
    let programs = inventory.special_files.iter().map(|file| &file.path);
    let program = programs.filter(|path| path.ends_with("bin/sudo")).cloned();
    package.chain(program).take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mode: u32) -> SpecialFile {
        SpecialFile {
            path: path.into(),
            mode: Mode::of_file(mode),
            layer: 0,
        }
    }

    #[test]
    fn files_are_listed_by_what_their_mode_allows() {
        let inventory = ImageInventory {
            special_files: vec![
                file("srv/open", 0o666),
                file("usr/bin/su", 0o4755),
                file("usr/bin/sudo", 0o6755),
            ],
            ..ImageInventory::default()
        };
        let failed = examine_files(&inventory);
        let told: Vec<_> = failed
            .iter()
            .map(|check| (check.id.as_str(), check.evidence.join("; ")))
            .collect();
        let expected = [
            (
                "setuid-files",
                "usr/bin/su (setuid); usr/bin/sudo (setuid, setgid)",
            ),
            ("world-writable-files", "srv/open"),
            ("sudo-installed", "usr/bin/sudo"),
        ];
        assert_eq!(
            told,
            expected.map(|(id, evidence)| (id, evidence.to_owned()))
        );
        assert!(examine_files(&ImageInventory::default()).is_empty());
    }
}
