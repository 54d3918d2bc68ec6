//! Ruby gems: the specification that RubyGems keeps of each that is installed, and those of the
//! default gems that come with Ruby.

use scanyard_package::{CoverageKind, PackageKind};

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Specification;

impl Cataloger for Specification {
    fn names(&self) -> Names {
        Names {
            extensions: &["gemspec"],
            ..Names::NONE
        }
    }

    /// Those elsewhere are sources of gems, whose versions are often computed.
    fn wants(&self, path: &str) -> bool {
        path.split('/').any(|part| part == "specifications")
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let find = |name: &str| text.lines().find_map(|line| assigned(line, name));
        let fields = || {
            Some((
                literals(find("name")?).next()?,
                literals(find("version")?).next()?,
            ))
        };
        let Some((name, version)) = stub(&text).or_else(fields) else {
            let detail = "the gem's specification names no gem or version as plain text";
            return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
        };
        let licences = find("licenses").or_else(|| find("license"));
        let licences = licences.into_iter().flat_map(literals);
        let mut declared = Declared::new(PackageKind::Gem);
        declared.add_licensed(name, version, licences.map(str::to_owned).collect());
        declared.into()
    }
}

/// Name and version of the comment `# stub: name version platform paths`, which RubyGems writes
/// to be read instead of the Ruby below.
fn stub(text: &str) -> Option<(&str, &str)> {
    let stub = text
        .lines()
        .find_map(|line| line.strip_prefix("# stub: "))?;
    let mut words = stub.split(' ');
    Some((words.next()?, words.next()?))
}

/// What a line assigns to a field of the specification: `  s.name = ...`.
fn assigned<'a>(line: &'a str, field: &str) -> Option<&'a str> {
    let (object, rest) = line.split_once('.')?;
    let is_name = object
        .trim()
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let value = rest.strip_prefix(field)?.trim_start().strip_prefix('=')?;
    is_name.then_some(value)
}

/// The string literals of an expression.
fn literals(expression: &str) -> impl Iterator<Item = &str> {
    expression.split(['"', '\'']).skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "usr/lib/ruby/gems/3.1.0/specifications/default/rss-0.2.9.gemspec";

    #[test]
    fn the_stub_says_what_the_specification_is_of() {
        assert!(Specification.wants(PATH));
        assert!(!Specification.wants("usr/lib/ruby/gems/3.1.0/gems/rss-0.2.9/rss.gemspec"));
        let text = b"# -*- encoding: utf-8 -*-\n# stub: rss 0.2.9 ruby lib\n\nGem::Specification.new do |s|\n  \
                     s.name = \"rss\".freeze\n  s.licenses = [\"BSD-2-Clause\".freeze, \"Ruby\".freeze]\nend\n";
        let evidence = Specification.catalog(PATH, text);
        assert_eq!(evidence.packages[0].package.purl(None), "pkg:gem/rss@0.2.9");
        assert_eq!(evidence.packages[0].licences, ["BSD-2-Clause", "Ruby"]);
    }

    #[test]
    fn without_a_stub_the_fields_are_read_where_they_are_plain() {
        let text = b"Gem::Specification.new do |spec|\n  spec.name = 'a'\n  spec.version = Gem::Version.new(\"1.0\")\n  \
                     spec.required_ruby_version = \"9\"\n  spec.license = 'MIT'\nend\n";
        let evidence = Specification.catalog(PATH, text);
        assert_eq!(evidence.packages[0].package.purl(None), "pkg:gem/a@1.0");
        assert_eq!(evidence.packages[0].licences, ["MIT"]);
        let computed = b"s.name = NAME\ns.version = VERSION\n";
        assert_eq!(Specification.catalog(PATH, computed).unknowns.len(), 1);
    }
}
