//! `requirements.txt` and its like, as far as they pin a version.

use scanyard_package::PackageKind;

use super::text::text;
use super::{Declared, LockFile, Malformed, Names};

pub struct Requirements;

impl LockFile for Requirements {
    fn names(&self) -> Names {
        Names {
            extensions: &["txt"],
            ..Names::NONE
        }
    }

    /// `requirements.txt`, `requirements-dev.txt`, `dev-requirements.txt`.
    fn is_named(&self, file_name: &str) -> bool {
        file_name.contains("requirements")
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let mut declared = Declared::new(PackageKind::Pypi);
        let mut lines = text.lines();
        while let Some(line) = next_requirement(&mut lines) {
            if let Some((name, version)) = pinned(&line) {
                declared.add(name, version);
            }
        }
        Ok(declared)
    }
}

/// The next line with those that continue it, without comment.
fn next_requirement<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<String> {
    let mut requirement = lines.next()?.to_owned();
    while requirement.ends_with('\\') {
        requirement.pop();
        match lines.next() {
            Some(line) => requirement.push_str(line),
            None => break,
        }
    }
    let comment = match requirement.starts_with('#') {
        true => Some(0),
        false => requirement.find(" #").or_else(|| requirement.find("\t#")),
    };
    requirement.truncate(comment.unwrap_or(requirement.len()));
    Some(requirement)
}

/// Name and version of `name[extra] == 1.0; marker --option`, where exactly one version will do.
fn pinned(requirement: &str) -> Option<(&str, &str)> {
    let requirement = requirement.split(';').next()?;
    let (name, rest) = requirement.split_once("==")?;
    let name = name.split('[').next()?.trim();
    if !is_name(name) {
        return None;
    }
    // `===` compares texts.
    let rest = rest.trim_start_matches('=').trim_start();
    let (version, options) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let options = options.trim_start();
    // Another range, or an URL that says where to get something else.
    if !options.is_empty() && !options.starts_with('-') {
        return None;
    }
    let of_version = |byte: u8| byte.is_ascii_alphanumeric() || b".+-_!".contains(&byte);
    let begins = version.starts_with(|c: char| c.is_ascii_alphanumeric());
    (begins && version.bytes().all(of_version)).then_some((name, version))
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn only_one_version_is_a_pin() {
        let cases = [
            ("Flask == 2.0.0", Some(("Flask", "2.0.0"))),
            ("a[x, y]===1.26.20", Some(("a", "1.26.20"))),
            ("a ==5.4 ; python_version < '3.8'", Some(("a", "5.4"))),
            (
                "a==1.2.3+local.1 --hash=sha256:ab",
                Some(("a", "1.2.3+local.1")),
            ),
            ("a == 2.8.*", None),
            ("a >= 2.8.1, == 2.8.2", None),
            ("a ==1.0, >0.9", None),
            ("a~=1.1", None),
            ("==2.3.4", None),
            ("a== --hash=sha256:12", None),
            ("a == 3.7.1 @ git+https://example.com/a", None),
            ("a @ https://example.com/a-1.0.zip?x==1", None),
            ("-e a==1.0", None),
        ];
        for (line, expected) in cases {
            assert_eq!(pinned(line), expected, "{line}");
        }
    }

    #[test]
    fn lines_continue_before_comments_end_them() {
        let text = "a==\\\n\\\n1.0\n# b==1.0 \\\nc==2.0\nd==3.0 # e \\\nf==1.0\ng==4.0\\";
        let packages = read_as_text(&Requirements, text);
        assert_eq!(packages, ["pypi/a@1.0", "pypi/d@3.0", "pypi/g@4.0"]);
    }
}
