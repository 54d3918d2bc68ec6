//! `go.mod`: since Go 1.17 it lists every module that the build needs.

use std::collections::{HashMap, HashSet};

use scanyard_package::PackageKind;

use super::text::{text, unquoted};
use super::{Declared, LockFile, Malformed, Names};

pub struct GoMod;

/// A module, and its version where one is named.
type Module<'a> = (&'a str, Option<&'a str>);

#[derive(Default)]
struct Directives<'a> {
    required: Vec<(&'a str, &'a str)>,
    replaced: HashMap<Module<'a>, Module<'a>>,
    excluded: Vec<(&'a str, &'a str)>,
}

impl LockFile for GoMod {
    fn names(&self) -> Names {
        Names {
            files: &["go.mod"],
            ..Names::NONE
        }
    }

    fn read(&self, content: &[u8]) -> Result<Declared, Malformed> {
        let text = text(content);
        let directives = Directives::read(&text);
        let excluded: HashSet<_> = directives.excluded.iter().collect();
        let mut declared = Declared::new(PackageKind::Golang);
        for module in &directives.required {
            if excluded.contains(module) {
                continue;
            }
            match directives.replacement(*module) {
                None => declared.add(module.0, module.1),
                Some((name, Some(version))) => declared.add(name, version),
                // A folder.
                Some((_, None)) => {}
            }
        }
        Ok(declared)
    }
}

impl<'a> Directives<'a> {
    fn read(text: &'a str) -> Self {
        let mut directives = Self::default();
        let mut block = None;
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if line == ")" {
                block = None;
                continue;
            }
            match (block, line.split_once(char::is_whitespace)) {
                (None, Some((directive, rest))) if rest.trim() == "(" => block = Some(directive),
                (None, Some((directive, rest))) => directives.add(directive, rest.trim()),
                (Some(directive), _) => directives.add(directive, line),
                (None, None) => block = line.strip_suffix('('),
            }
        }
        directives
    }

    fn add(&mut self, directive: &str, rest: &'a str) {
        match directive {
            "require" | "exclude" => {
                let (module, version) = read_module(rest);
                if let Some(version) = version {
                    match directive {
                        "require" => self.required.push((module, version)),
                        _ => self.excluded.push((module, version)),
                    }
                }
            }
            "replace" => {
                if let Some((old, new)) = rest.split_once("=>") {
                    self.replaced.insert(read_module(old), read_module(new));
                }
            }
            _ => {}
        }
    }

    /// What stands for a module: of this version first, then of any.
    fn replacement(&self, (name, version): (&'a str, &'a str)) -> Option<Module<'a>> {
        let exact = self.replaced.get(&(name, Some(version)));
        exact.or_else(|| self.replaced.get(&(name, None))).copied()
    }
}

fn read_module(text: &str) -> Module<'_> {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((module, version)) => (unquoted(module), Some(unquoted(version))),
        None => (unquoted(text), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::lockfiles::read_as_text;

    #[test]
    fn modules_are_what_their_replacements_are() {
        let text = "module example.com/app\n\ngo 1.21\n\nrequire example.com/a v1.0.0 // indirect\n\
                    require (\n\t//example.com/no v9.9.9\n\texample.com/b v1.0.0\n\texample.com/c v1.0.0\n\t\
                    example.com/d v1.0.0\n\texample.com/e v1.0.0\n)\n\
                    replace example.com/b => example.com/fork v2.0.0\n\
                    replace (\n\texample.com/c v1.0.0 => ../c\n\texample.com/d v1.5.0 => ../d\n)\n\
                    exclude example.com/e v1.0.0\n";
        let packages = read_as_text(&GoMod, text);
        let expected = [
            "golang/example.com/a@v1.0.0",
            "golang/example.com/d@v1.0.0",
            "golang/example.com/fork@v2.0.0",
        ];
        assert_eq!(packages, expected);
    }
}
