//! WordPress plugins: the header comment of a plugin's main file.

use scanyard_package::PackageKind;

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Plugin;

/// WordPress itself looks no further.
const HEADER_BYTES: usize = 8 << 10;

impl Cataloger for Plugin {
    fn names(&self) -> Names {
        Names {
            extensions: &["php"],
            ..Names::NONE
        }
    }

    /// `wp-content/plugins/NAME/FILE.php`.
    fn wants(&self, path: &str) -> bool {
        let mut parts = path.rsplit('/').skip(2);
        parts.next() == Some("plugins") && parts.next() == Some("wp-content")
    }

    /// The plugin goes by its directory, as in WordPress's own directory of plugins.
    fn catalog(&self, path: &str, content: &[u8]) -> FileEvidence {
        let header = &content[..content.len().min(HEADER_BYTES)];
        let text = String::from_utf8_lossy(header);
        let mut declared = Declared::new(PackageKind::Generic);
        if let (Some(_), Some(version)) = (field(&text, "Plugin Name"), field(&text, "Version")) {
            let licences = field(&text, "License").map(str::to_owned).into_iter();
            let name = path.rsplit('/').nth(1).unwrap_or_default();
            declared.add_licensed(name, version, licences.collect());
        }
        declared.into()
    }
}

/// The value of ` * Name: value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let line = line.trim_start_matches([' ', '\t', '/', '*', '#', '@']);
        let value = line.strip_prefix(name)?.trim_start().strip_prefix(':')?;
        Some(value.trim_end_matches("*/").trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_with_the_header_is_the_plugin() {
        let path = "var/www/html/wp-content/plugins/akismet/akismet.php";
        assert!(Plugin.wants(path));
        assert!(!Plugin.wants("wp-content/plugins/akismet/views/a.php"));
        let text = b"<?php\n/**\n * Plugin Name: Akismet Anti-spam\n * Version: 5.3\n * License: GPLv2 or later\n */\n";
        let evidence = Plugin.catalog(path, text);
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:generic/akismet@5.3"
        );
        assert_eq!(evidence.packages[0].licences, ["GPLv2 or later"]);
        assert_eq!(
            Plugin.catalog(path, b"<?php // Version: 1"),
            FileEvidence::default()
        );
    }
}
