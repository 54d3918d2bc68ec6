//! Places whose secrets are rarely anybody's, and places that are no files.

/// Why a secret at this path is most likely an example; `None` for all other paths. It is told
/// beside the secret and decided anew in every report, so that a mistake here hides nothing.
pub fn example_place(path: &str) -> Option<&'static str> {
    const DOCUMENTATION: [&str; 7] = [
        "usr/share/doc/",
        "usr/share/man/",
        "usr/share/info/",
        "usr/share/perl",
        "usr/share/gtk-doc/",
        "usr/share/licenses/",
        "usr/share/vim/",
    ];
    const TESTS: [&str; 9] = [
        "test",
        "tests",
        "testdata",
        "testing",
        "__tests__",
        "spec",
        "fixtures",
        "mocks",
        "testsuite",
    ];
    const EXAMPLES: [&str; 5] = ["example", "examples", "samples", "demo", "docs"];
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let within = |names: &[&str]| directories.split('/').any(|part| names.contains(&part));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if DOCUMENTATION.iter().any(|dir| path.starts_with(dir))
        || matches!(extension, "md" | "rst" | "adoc" | "html")
        // The description of a Python package is its README.
        || matches!(name, "METADATA" | "PKG-INFO")
    {
        Some("documentation")
    } else if within(&TESTS)
        || name.contains("_test.")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.starts_with("test_")
    {
        Some("test")
    } else if within(&EXAMPLES) || name.contains(".example") || name.contains(".sample") {
        Some("example")
    } else {
        None
    }
}

/// The path under which text of an image's config goes through the rules: no file has it, and rules
/// for settings look at it.
pub const IMAGE_CONFIG: &str = "(image config)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_tests_and_examples_are_told_from_the_rest() {
        assert_eq!(
            example_place("usr/share/doc/a/key.pem"),
            Some("documentation")
        );
        assert_eq!(
            example_place("app/node_modules/a/README.md"),
            Some("documentation")
        );
        assert_eq!(
            example_place("usr/lib/python3.11/test/ssl_key.pem"),
            Some("test")
        );
        assert_eq!(example_place("go/src/a/key_test.go"), Some("test"));
        assert_eq!(example_place("app/.env.example"), Some("example"));
        assert_eq!(example_place("app/.env"), None);
        assert_eq!(example_place("etc/latest/contest.yml"), None);
    }
}
