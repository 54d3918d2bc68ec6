//! What is measured, and the commands for it.

use std::env;
use std::path::{Path, PathBuf};

use super::ScanArgs;
use crate::layout::{self, LayoutImage};

/// Something that reads an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// `scanyard scan` that knows no layer.
    Cold,
    /// The same that knows all of them.
    Warm,
    /// `loadtest bare-loop`.
    BareLoop,
    /// `gzip -dc | tar -t` over the layers one after the other.
    Tar,
    /// Syft, which lists packages and matches nothing.
    Syft,
    /// Trivy.
    Trivy,
    /// Grype.
    Grype,
    /// osv-scanner.
    OsvScanner,
}

impl Subject {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Cold,
        Self::Warm,
        Self::BareLoop,
        Self::Tar,
        Self::Syft,
        Self::Trivy,
        Self::Grype,
        Self::OsvScanner,
    ];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
            Self::BareLoop => "bare loop",
            Self::Tar => "gzip+tar",
            Self::Syft => "syft",
            Self::Trivy => "trivy",
            Self::Grype => "grype",
            Self::OsvScanner => "osv-scanner",
        }
    }

    /// Whether it is another scanner.
    pub fn is_peer(self) -> bool {
        matches!(
            self,
            Self::Syft | Self::Trivy | Self::Grype | Self::OsvScanner
        )
    }
}

/// A subject and how to run it on an image.
pub struct SubjectCommand {
    /// What runs.
    pub subject: Subject,
    /// The command.
    pub shell: String,
}

/// The commands for an image, in the order in which a round runs them. `dir` is for what they need.
pub fn commands(
    args: &ScanArgs,
    image: &LayoutImage,
    dir: &Path,
) -> anyhow::Result<Vec<SubjectCommand>> {
    layout::write_single(&args.images, &image.tag, dir)?;
    let scan = format!(
        "{} scan --format json --db {} oci:{}:{}",
        quote(&args.scanyard),
        quote(&args.db),
        args.images.display(),
        image.tag
    );
    let bare_loop = format!(
        "{} bare-loop --images {} --tag {}",
        quote(&env::current_exe()?),
        quote(&args.images),
        image.tag
    );
    let layers = image.layers.iter();
    let tar = layers.map(|(file, decompress)| format!("{decompress} < {} | tar -t", quote(file)));
    let tar: Vec<_> = tar.collect();
    let ours = [
        (Subject::Cold, format!("{scan} --no-cache")),
        (Subject::BareLoop, bare_loop),
        (Subject::Tar, tar.join(" && ")),
        (
            Subject::Warm,
            format!("{scan} --cache-dir {}", quote(&dir.join("cache"))),
        ),
    ];
    if args.peers.osv_scanner.is_some() {
        layout::write_archive(dir, &dir.join("archive.tar"))?;
    }
    let commands = ours.into_iter().chain(peers(args, dir));
    let commands = commands.map(|(subject, shell)| SubjectCommand { subject, shell });
    Ok(commands.collect())
}

fn peers(args: &ScanArgs, layout: &Path) -> Vec<(Subject, String)> {
    let peers = &args.peers;
    let syft = peers.syft.clone().or_else(|| on_path("syft"));
    let dir = quote(layout);
    let of = |subject, binary: &Option<PathBuf>, rest: String| {
        let binary = quote(binary.as_ref()?);
        Some((subject, rest.replace("BINARY", &binary)))
    };
    let commands = [
        of(
            Subject::Syft,
            &syft,
            format!("SYFT_CHECK_FOR_APP_UPDATE=false BINARY -q -o json oci-dir:{dir}"),
        ),
        of(
            Subject::Trivy,
            &peers.trivy,
            format!(
                "BINARY image --quiet --format json --skip-db-update --skip-java-db-update \
                 --offline-scan --cache-backend memory --input {dir}"
            ),
        ),
        of(
            Subject::Grype,
            &peers.grype,
            format!(
                "GRYPE_DB_AUTO_UPDATE=false GRYPE_CHECK_FOR_APP_UPDATE=false BINARY -q -o json oci-dir:{dir}"
            ),
        ),
        // It ends with 1 when it has found something.
        of(
            Subject::OsvScanner,
            &peers.osv_scanner,
            format!(
                "BINARY scan image --offline --format json --archive {dir}/archive.tar || [ $? = 1 ]"
            ),
        ),
    ];
    commands.into_iter().flatten().collect()
}

/// A program on PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut programs = env::split_paths(&path).map(|dir| dir.join(name));
    programs.find(|program| program.is_file())
}

fn quote(path: &Path) -> String {
    format!("'{}'", path.display())
}
