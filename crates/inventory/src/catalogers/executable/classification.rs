//! Software recognised by what its own files say of their version.

use std::io;

use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};
use scanyard_package::{Limits, Package};

use super::Visitor;
use super::classifiers::{Classifier, Clue, NAMED};
use super::window::Window;
use crate::layer::FileEvidence;

/// What of a file a pattern is tried on: so many bytes before an anchor, and so many after it
/// begins. The window has both.
const BEFORE: usize = 1200;
const AFTER: usize = 800;
/// Bytes that are looked at at once of a file in memory.
const WHOLE: usize = 1 << 20;
/// Anchors that are looked at in one file, for each clue.
const MOST_ANCHORS: usize = 10_000;

/// Looks for what tells the version of one piece of software.
pub struct Classification {
    classifier: &'static Classifier,
    /// In the order in which they are believed.
    searches: Vec<Search>,
}

struct Search {
    anchor: memmem::Finder<'static>,
    pattern: Regex,
    anchors: usize,
    version: Option<String>,
}

impl Classification {
    /// For a file of this name, which the classifier wants.
    pub fn new(classifier: &'static Classifier, file_name: &str) -> Self {
        let named = version_in(file_name);
        let clues = classifier.clues.iter();
        Self {
            classifier,
            searches: clues.filter_map(|clue| Search::new(clue, named)).collect(),
        }
    }
}

impl Classification {
    /// What is recognised in a whole file, which is in memory.
    pub fn of_file(
        classifier: &'static Classifier,
        file_name: &str,
        mut file: &[u8],
    ) -> Option<Package> {
        let mut classification = Self::new(classifier, file_name);
        let mut window = Window::new(&mut file, WHOLE);
        // Memory can always be read.
        while let Ok(true) = window.advance() {
            classification.search(&window);
        }
        classification.package()
    }

    fn search(&mut self, window: &Window<'_>) {
        for search in &mut self.searches {
            search.look_at(window);
        }
    }

    fn package(self) -> Option<Package> {
        let version = self
            .searches
            .into_iter()
            .find_map(|search| search.version)?;
        Some(self.classifier.software.package(&version))
    }
}

impl Visitor for Classification {
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        self.search(window);
        Ok(())
    }

    fn is_done(&self) -> bool {
        let first = self.searches.first();
        first.is_none_or(|search| search.version.is_some())
    }

    fn finish(self: Box<Self>, _limits: &Limits) -> FileEvidence {
        FileEvidence::of_packages(self.package())
    }
}

impl Search {
    /// `None` when the clue needs a version in the file's name and there is none.
    fn new(clue: &Clue, named: Option<&str>) -> Option<Self> {
        let (anchor, pattern) = if clue.anchor.contains(NAMED) {
            let named = named?;
            let anchor = clue.anchor.replace(NAMED, named);
            (anchor, clue.pattern.replace(NAMED, &regex::escape(named)))
        } else {
            (clue.anchor.to_owned(), clue.pattern.to_owned())
        };
        Some(Self {
            anchor: memmem::Finder::new(anchor.as_bytes()).into_owned(),
            pattern: compile(&pattern)?,
            anchors: 0,
            version: None,
        })
    }

    fn look_at(&mut self, window: &Window<'_>) {
        let mut from = window.fresh().start;
        while self.version.is_none()
            && self.anchors < MOST_ANCHORS
            && let Some(at) = window.find(&self.anchor, from)
        {
            self.anchors += 1;
            from = at + 1;
            let bytes = window.bytes();
            let around = &bytes[at.saturating_sub(BEFORE)..bytes.len().min(at + AFTER)];
            let version = self.pattern.captures(around).and_then(|found| found.get(1));
            self.version = version.map(|found| String::from_utf8_lossy(found.as_bytes()).into());
        }
    }
}

/// A pattern of bytes, where a dot is any byte.
fn compile(pattern: &str) -> Option<Regex> {
    let mut builder = RegexBuilder::new(pattern);
    builder.unicode(false).dot_matches_new_line(true);
    builder.build().ok()
}

/// The first two numbers with a dot between them: `3.11` of `libpython3.11.so.1.0`.
fn version_in(file_name: &str) -> Option<&str> {
    let bytes = file_name.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let dot = (1..bytes.len()).find(|at| bytes[*at] == b'.' && digit(at - 1) && digit(at + 1))?;
    let start = (0..dot).rev().find(|at| !digit(*at)).map_or(0, |at| at + 1);
    let end = (dot + 1..bytes.len())
        .find(|at| !digit(*at))
        .unwrap_or(bytes.len());
    file_name.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogers::executable::classifiers;

    #[test]
    fn every_pattern_of_every_classifier_compiles() {
        for clue in classifiers::all().flat_map(|classifier| classifier.clues) {
            assert!(
                Search::new(clue, Some("3.11")).is_some(),
                "{}",
                clue.pattern
            );
        }
    }

    #[test]
    fn a_version_in_a_file_name_is_two_numbers() {
        assert_eq!(version_in("libpython3.11.so.1.0"), Some("3.11"));
        assert_eq!(version_in("python3"), None);
        assert_eq!(version_in("libpython2.7-abc.so"), Some("2.7"));
        assert_eq!(version_in("3.1"), Some("3.1"));
    }
}
