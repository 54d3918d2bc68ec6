//! PHP packages and extensions that PEAR installed: `php/.registry/NAME.reg`.

use memchr::memmem;
use scanyard_package::{CoverageKind, PackageKind};

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Registration;

impl Cataloger for Registration {
    fn names(&self) -> Names {
        Names {
            extensions: &["reg"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path.split('/').any(|part| part == ".registry")
    }

    /// Reads three texts out of PHP's serialised form. The package's own come before those of its
    /// parts.
    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let texts = (text_of(content, "name"), text_of(content, "release"));
        let (Some(name), Some(version)) = texts else {
            let detail = "the PEAR registration names no package or release";
            return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
        };
        // PEAR's own packages are on Packagist under its name, and advisories name them so.
        if text_of(content, "channel").as_deref() == Some("pear.php.net") {
            let mut declared = Declared::new(PackageKind::Composer);
            declared.add(&format!("pear/{}", name.to_ascii_lowercase()), &version);
            return declared.into();
        }
        let mut declared = Declared::new(PackageKind::Generic);
        declared.add(&name, &version);
        declared.into()
    }
}

/// The text that follows the key: `s:4:"name";s:3:"abc";`.
fn text_of(content: &[u8], key: &str) -> Option<String> {
    let key = format!("s:{}:\"{key}\";s:", key.len());
    let start = memmem::find(content, key.as_bytes())? + key.len();
    let rest = content.get(start..)?;
    let (length, text) = rest.split_at_checked(memchr::memchr(b':', rest)?)?;
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let text = text.strip_prefix(b":\"")?.get(..length)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(channel: &str) -> FileEvidence {
        let length = channel.len();
        let text = format!(
            "a:3:{{s:7:\"attribs\";a:0:{{}}s:4:\"name\";s:11:\"Archive_Tar\";s:7:\"channel\";s:{length}:\"{channel}\";\
             s:4:\"lead\";a:1:{{s:4:\"name\";s:1:\"X\";}}s:7:\"version\";a:2:{{s:7:\"release\";s:6:\"1.4.14\";}}}}"
        );
        Registration.catalog(
            "usr/local/lib/php/.registry/archive_tar.reg",
            text.as_bytes(),
        )
    }

    #[test]
    fn packages_of_pear_are_named_as_advisories_name_them() {
        let purl = |channel| read(channel).packages[0].package.purl(None);
        assert_eq!(purl("pear.php.net"), "pkg:composer/pear/archive_tar@1.4.14");
        assert_eq!(purl("pecl.php.net"), "pkg:generic/Archive_Tar@1.4.14");
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for text in [
            "s:4:\"name\";s:99:\"a\"",
            "s:4:\"name\";s:x:\"a\"",
            "s:4:\"name\";s:\"",
            "",
        ] {
            let evidence = Registration.catalog("x/.registry/a.reg", text.as_bytes());
            assert_eq!(evidence.unknowns.len(), 1, "{text}");
        }
    }
}
