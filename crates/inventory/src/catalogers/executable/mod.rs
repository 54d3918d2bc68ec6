//! Executables and shared objects: ELF, PE and Mach-O files, and scripts that are programs of a
//! known name. Each is read once, as a stream, by several visitors that look through one window.

mod auditable;
mod classification;
mod classifiers;
mod dotnet_bundle;
mod golang;
mod inflate;
mod native_image;
mod window;

use std::io::{self, Read};

use scanyard_package::Limits;

use super::ContentCataloger;
use crate::layer::FileEvidence;
use crate::path;
use classification::Classification;
use window::Window;

const CHUNK: usize = 256 << 10;

/// Executables, recognised by how they begin.
pub struct Executable;

impl ContentCataloger for Executable {
    fn wants(&self, path: &str, head: &[u8]) -> bool {
        is_executable(head) || (head.starts_with(b"#!") && is_classified(path))
    }

    fn catalog(
        &self,
        path: &str,
        content: &mut dyn Read,
        limits: &Limits,
    ) -> io::Result<Option<FileEvidence>> {
        visit(path, &mut Window::new(content, CHUNK), limits)
    }
}

/// Software that is recognised in a file which another cataloger reads too.
pub fn recognise(path: &str, content: &[u8]) -> FileEvidence {
    let name = path::split_name(path).1;
    let classifiers = classifiers::by_file_name(name);
    FileEvidence::of_packages(
        classifiers.filter_map(|row| Classification::of_file(row, name, content)),
    )
}

/// Whether software that is no package may be recognised in a file of this name.
pub fn is_classified(path: &str) -> bool {
    classifiers::by_file_name(path::split_name(path).1)
        .next()
        .is_some()
}

/// Whether programs lie at such paths. Shared objects do not, of which a distro owns thousands.
pub fn is_program_place(path: &str) -> bool {
    let (directory, name) = path::split_name(path);
    let mut components = directory.split('/');
    components.any(|component| match component {
        "bin" | "sbin" | "libexec" => true,
        // Programs for other programs: `usr/lib/go-1.19/pkg/tool/linux_amd64/compile`.
        "lib" | "lib64" => !name.contains('.'),
        _ => false,
    })
}

/// Whether these are the first bytes of an ELF, PE or Mach-O file.
fn is_executable(head: &[u8]) -> bool {
    const MAGICS: [&[u8]; 4] = [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf"];
    MAGICS.iter().any(|magic| head.starts_with(magic))
}

/// Looks for one thing in an executable that passes by.
trait Visitor {
    /// Looks at the fresh places of the window, which may read ahead for it.
    ///
    /// # Errors
    ///
    /// Only what reading the file gives.
    fn look_at(&mut self, window: &mut Window<'_>) -> io::Result<()>;

    /// Whether nothing that follows can matter.
    fn is_done(&self) -> bool;

    /// What was found.
    fn finish(self: Box<Self>, limits: &Limits) -> FileEvidence;
}

/// Shows an executable to every visitor that may find something in a file of its name.
fn visit(path: &str, window: &mut Window<'_>, limits: &Limits) -> io::Result<Option<FileEvidence>> {
    let mut visitors: Vec<Box<dyn Visitor>> = vec![
        Box::new(golang::BuildInformation::default()),
        Box::new(auditable::CrateList::default()),
        Box::new(native_image::EmbeddedSbom::default()),
        Box::new(dotnet_bundle::Bundle::default()),
    ];
    let name = path::split_name(path).1;
    for classifier in classifiers::by_file_name(name) {
        visitors.push(Box::new(Classification::new(classifier, name)));
    }
    while window.advance()? {
        let mut pending = false;
        for visitor in visitors.iter_mut().filter(|visitor| !visitor.is_done()) {
            visitor.look_at(window)?;
            pending |= !visitor.is_done();
        }
        if !pending {
            break;
        }
    }
    let mut evidence = FileEvidence::default();
    for visitor in visitors {
        let found = visitor.finish(limits);
        evidence.packages.extend(found.packages);
        evidence.unknowns.extend(found.unknowns);
    }
    Ok((evidence != FileEvidence::default()).then_some(evidence))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
use tests::visit_bytes;
