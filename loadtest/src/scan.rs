//! `scanyard scan` beside the cheapest possible reading of the same layers, and beside Syft.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::layout::{self, LayoutImage};
use crate::measure::{self, Runs};

/// What to measure.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// An OCI layout with the images.
    #[arg(long)]
    images: PathBuf,
    /// The scanyard binary.
    #[arg(long, default_value = "target/release/scanyard")]
    scanyard: PathBuf,
    /// The advisory database to match against.
    #[arg(long)]
    db: PathBuf,
    /// The syft binary, where there is one.
    #[arg(long)]
    syft: Option<PathBuf>,
    /// Measure only images whose tag holds one of these, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Runs of each.
    #[arg(long, default_value_t = 5)]
    runs: usize,
}

struct Row {
    tag: String,
    cold: Runs,
    warm: Runs,
    bare: Runs,
    syft: Runs,
}

/// Measures and prints a Markdown table.
pub fn run(args: &ScanArgs) -> anyhow::Result<()> {
    println!(
        "| image | cold s | cpu s | MiB | warm s | gzip+tar s | cold / gzip+tar | syft s | syft MiB | syft / cold |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for image in layout::images(&args.images)? {
        let wanted = args.only.is_empty() || args.only.iter().any(|part| image.tag.contains(part));
        if wanted {
            print(&measure_image(args, &image)?);
        }
    }
    Ok(())
}

/// Interleaves the commands, so that each round sees the same machine.
fn measure_image(args: &ScanArgs, image: &LayoutImage) -> anyhow::Result<Row> {
    let cache = tempfile::tempdir()?;
    let single = tempfile::tempdir()?;
    layout::write_single(&args.images, &image.tag, single.path())?;
    let scan = format!(
        "{} scan --format json --db {} oci:{}:{}",
        quote(&args.scanyard),
        quote(&args.db),
        args.images.display(),
        image.tag
    );
    let warm = format!("{scan} --cache-dir {}", quote(cache.path()));
    let cold = format!("{scan} --no-cache");
    let bare: Vec<_> = image
        .layers
        .iter()
        .map(|(file, decompress)| format!("{decompress} < {} | tar -t", quote(file)))
        .collect();
    let bare = bare.join(" && ");
    let mut row = Row {
        tag: image.tag.clone(),
        cold: Runs::default(),
        warm: Runs::default(),
        bare: Runs::default(),
        syft: Runs::default(),
    };
    measure::run(&warm)?;
    for _ in 0..args.runs {
        row.cold.0.push(measure::run(&cold)?);
        row.bare.0.push(measure::run(&bare)?);
        row.warm.0.push(measure::run(&warm)?);
        if let Some(syft) = &args.syft {
            let command = format!(
                "SYFT_CHECK_FOR_APP_UPDATE=false {} -q -o json oci-dir:{}",
                quote(syft),
                single.path().display()
            );
            row.syft.0.push(measure::run(&command)?);
        }
    }
    Ok(row)
}

fn quote(path: &Path) -> String {
    format!("'{}'", path.display())
}

fn print(row: &Row) {
    println!(
        "| {} | {:.2} | {:.2} | {:.0} | {:.3} | {:.2} | {} | {:.2} | {:.0} | {} |",
        row.tag,
        row.cold.median(|run| run.wall),
        row.cold.median(|run| run.cpu),
        row.cold.median(|run| run.memory),
        row.warm.median(|run| run.wall),
        row.bare.median(|run| run.wall),
        row.cold.ratio(&row.bare),
        row.syft.median(|run| run.wall),
        row.syft.median(|run| run.memory),
        row.syft.ratio(&row.cold),
    );
}
