//! Executables that GraalVM's native-image made: the SBOM of what went into them, as CycloneDX in
//! gzip behind the symbol `sbom`, whose length is another symbol.

use std::io::{self, Read};

use flate2::read::GzDecoder;
use memchr::memmem;
use scanyard_package::{CoverageKind, Limits};

use super::Visitor;
use super::inflate::{Form, Patience, inflate};
use super::window::{CONTEXT, Window};
use crate::layer::FileEvidence;
use crate::sbom::catalog_sbom;

/// The name of the symbol that only such executables export.
const SYMBOL: &[u8] = b"sbom_length";
const GZIP: &[u8] = b"\x1f\x8b\x08";
/// Within how many bytes the JSON says that it is CycloneDX.
const BEGINNING: u64 = 512;

/// Reads the SBOM in an executable.
pub struct EmbeddedSbom {
    gzip: memmem::Finder<'static>,
    symbol: memmem::Finder<'static>,
    has_symbol: bool,
    patience: Patience,
    state: State,
}

enum State {
    Searching,
    Found(Option<Vec<u8>>),
    OutOfPatience,
}

impl Default for EmbeddedSbom {
    fn default() -> Self {
        Self {
            gzip: memmem::Finder::new(GZIP),
            symbol: memmem::Finder::new(SYMBOL),
            has_symbol: false,
            patience: Patience::new(),
            state: State::Searching,
        }
    }
}

impl Visitor for EmbeddedSbom {
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()> {
        let mut from = window.fresh().start;
        // ELF names symbols before the data, other formats after it.
        self.has_symbol = self.has_symbol || window.find(&self.symbol, from).is_some();
        while matches!(self.state, State::Searching)
            && let Some(at) = window.find(&self.gzip, from)
        {
            from = at + 1;
            let bytes = &window.bytes()[at..];
            if !self.patience.allows(window.start() + at as u64) {
                self.state = State::OutOfPatience;
            } else if begins_sbom(&bytes[..bytes.len().min(CONTEXT)]) {
                let sbom = inflate(window, at, Form::Gzip)?;
                self.state = State::Found(sbom);
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.has_symbol && !matches!(self.state, State::Searching)
    }

    fn finish(self: Box<Self>, _limits: &Limits) -> FileEvidence {
        let unread = |kind| FileEvidence::unreadable(kind, "its embedded SBOM cannot be read");
        match self.state {
            _ if !self.has_symbol => FileEvidence::default(),
            State::Searching => FileEvidence::default(),
            State::Found(sbom) => sbom
                .and_then(|sbom| catalog_sbom(&sbom).ok())
                .unwrap_or_else(|| unread(CoverageKind::UnreadableFile)),
            State::OutOfPatience => unread(CoverageKind::LimitExceeded),
        }
    }
}

fn begins_sbom(bytes: &[u8]) -> bool {
    let mut beginning = Vec::new();
    // What cannot be inflated is judged by what could be.
    let _ = GzDecoder::new(bytes)
        .take(BEGINNING)
        .read_to_end(&mut beginning);
    beginning.first() == Some(&b'{') && memmem::find(&beginning, b"CycloneDX").is_some()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::visit_bytes;
    use super::*;

    const SBOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.4","components":[
        {"type":"library","group":"org.json","name":"json","version":"20211205",
         "purl":"pkg:maven/org.json/json@20211205"},
        {"type":"library","group":"io.netty","name":"netty-codec","version":"4.1.76.Final",
         "purl":"pkg:maven/io.netty/netty-codec@4.1.76.Final"}]}"#;

    fn executable(before: &[u8], sbom: &[u8], after: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(b"\x7fELF".to_vec(), Compression::default());
        encoder.get_mut().write_all(before).unwrap();
        encoder.get_mut().resize(300_000, 0);
        encoder.write_all(sbom).unwrap();
        let mut file = encoder.finish().unwrap();
        file.extend([0; 3000]);
        file.extend(after);
        file
    }

    fn names(file: &[u8]) -> Vec<String> {
        let found = visit_bytes("app", file).unwrap();
        let packages = found.packages.iter().map(|declared| &declared.package);
        packages
            .map(|package| format!("{}@{}", package.name, package.version))
            .collect()
    }

    #[test]
    fn components_are_found_wherever_the_symbol_is_named() {
        let expected = [
            "org.json:json@20211205",
            "io.netty:netty-codec@4.1.76.Final",
        ];
        assert_eq!(names(&executable(SYMBOL, SBOM.as_bytes(), b"")), expected);
        assert_eq!(names(&executable(b"", SBOM.as_bytes(), SYMBOL)), expected);
    }

    #[test]
    fn an_sbom_without_the_symbol_is_somebody_elses() {
        assert_eq!(
            visit_bytes("app", &executable(b"", SBOM.as_bytes(), b"")),
            None
        );
    }

    #[test]
    fn an_sbom_that_is_no_json_is_an_unknown() {
        let found = visit_bytes("app", &executable(SYMBOL, &SBOM.as_bytes()[..200], b"")).unwrap();
        assert_eq!(found.unknowns.len(), 1);
        assert!(found.packages.is_empty());
    }
}
