//! The packages that Scanyard finds beside those that Syft finds, by type of purl.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::Value;

use crate::layout;

/// What to compare.
#[derive(Debug, Args)]
pub struct PackagesArgs {
    /// An OCI layout with the images.
    #[arg(long)]
    images: PathBuf,
    /// The scanyard binary.
    #[arg(long, default_value = "target/release/scanyard")]
    scanyard: PathBuf,
    /// The syft binary.
    #[arg(long)]
    syft: PathBuf,
    /// Compare only images whose tag holds one of these, separated by commas.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Also show this many packages of each kind that only one of them finds, with a place.
    #[arg(long, default_value_t = 0)]
    show: usize,
}

/// Purls with one of the places where each was found.
type Found = BTreeMap<String, String>;

/// Compares and prints a Markdown table.
pub fn run(args: &PackagesArgs) -> anyhow::Result<()> {
    println!("| image | type | both | only Scanyard | only Syft |");
    println!("| --- | --- | --- | --- | --- |");
    for image in layout::images(&args.images)? {
        let wanted = args.only.is_empty() || args.only.iter().any(|part| image.tag.contains(part));
        if !wanted {
            continue;
        }
        let ours = scanyard(args, &image.tag)?;
        let theirs = syft(args, &image.tag)?;
        print(&image.tag, &ours, &theirs, args.show);
    }
    Ok(())
}

fn print(tag: &str, ours: &Found, theirs: &Found, show: usize) {
    let kinds: BTreeSet<&str> = ours.keys().chain(theirs.keys()).map(|p| kind(p)).collect();
    let only = |one: &Found, other: &Found, of: &str| -> Vec<(String, String)> {
        let missing = one.iter().filter(|(purl, _)| !other.contains_key(*purl));
        let missing = missing.filter(|(purl, _)| kind(purl) == of);
        missing.map(|(p, at)| (p.clone(), at.clone())).collect()
    };
    let mut listed = Vec::new();
    for of in kinds {
        let all = ours.keys().filter(|purl| kind(purl) == of).count();
        let sides = [only(ours, theirs, of), only(theirs, ours, of)];
        let [only_ours, only_theirs] = [sides[0].len(), sides[1].len()];
        let both = all - only_ours;
        println!("| {tag} | {of} | {both} | {only_ours} | {only_theirs} |");
        for (who, side) in ["only Scanyard", "only Syft"].into_iter().zip(sides) {
            let side = side.into_iter().take(show);
            listed.extend(side.map(|(purl, at)| format!("{who}: {purl} in {at}")));
        }
    }
    for line in listed {
        println!("    {line}");
    }
}

fn scanyard(args: &PackagesArgs, tag: &str) -> anyhow::Result<Found> {
    let source = format!("oci:{}:{tag}", args.images.display());
    let empty = tempfile::tempdir()?;
    let mut command = Command::new(&args.scanyard);
    command
        .args(["scan", "--no-cache", "--format", "json", &source])
        .env("XDG_DATA_HOME", empty.path());
    let report = json_of(&mut command)?;
    found(&report["packages"], |package| &package["paths"][0])
}

fn syft(args: &PackagesArgs, tag: &str) -> anyhow::Result<Found> {
    let single = tempfile::tempdir()?;
    layout::write_single(&args.images, tag, single.path())?;
    let mut command = Command::new(&args.syft);
    command
        .args(["-q", "-o", "json"])
        .arg(format!("oci-dir:{}", single.path().display()))
        .env("SYFT_CHECK_FOR_APP_UPDATE", "false");
    let document = json_of(&mut command)?;
    found(&document["artifacts"], |artifact| {
        &artifact["locations"][0]["path"]
    })
}

fn json_of(command: &mut Command) -> anyhow::Result<Value> {
    let program = Path::new(command.get_program()).display().to_string();
    let output = command
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program}: {told}");
    serde_json::from_slice(&output.stdout).with_context(|| format!("{program} prints no JSON"))
}

/// Those of a list that have a purl; both tools have packages that have none.
fn found(packages: &Value, place: impl Fn(&Value) -> &Value) -> anyhow::Result<Found> {
    let packages = packages
        .as_array()
        .context("there is no list of packages")?;
    let named = packages.iter().filter_map(|package| {
        let purl = package["purl"].as_str().filter(|purl| !purl.is_empty())?;
        let place = place(package).as_str().unwrap_or("?");
        Some((comparable(purl), place.to_owned()))
    });
    Ok(named.collect())
}

/// The purl as far as both tools mean the same by it: without qualifiers, which each chooses for
/// itself, and without the differences in writing that a type of purl says are none.
fn comparable(purl: &str) -> String {
    let (purl, subpath) = purl.split_once('#').unwrap_or((purl, ""));
    let (purl, _) = purl.split_once('?').unwrap_or((purl, ""));
    let (name, version) = purl.rsplit_once('@').unwrap_or((purl, ""));
    let (mut name, version) = (decoded(name), decoded(version));
    match kind(purl) {
        // Where a module's path ends and a package's begins is a guess; together they are one.
        "golang" if !subpath.is_empty() => name = format!("{name}/{}", decoded(subpath)),
        "pypi" => name = name.to_lowercase().replace(['_', '.'], "-"),
        _ => {}
    }
    format!("{name}@{version}")
}

fn kind(purl: &str) -> &str {
    let purl = purl.strip_prefix("pkg:").unwrap_or(purl);
    purl.split('/').next().unwrap_or(purl)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = match tail {
            [high, low, ..] if *first == b'%' => {
                let hex = [*high, *low];
                let hex = std::str::from_utf8(&hex).unwrap_or_default();
                u8::from_str_radix(hex, 16).ok()
            }
            _ => None,
        };
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purls_that_mean_the_same_compare_equal() {
        let equal = [
            (
                "pkg:deb/debian/libc%2B%2B@1%3A2-1?arch=amd64&distro=debian-12",
                "pkg:deb/debian/libc++@1:2-1?distro=debian-12",
            ),
            ("pkg:golang/a.b/c@v1#d/e", "pkg:golang/a.b/c/d/e@v1"),
            ("pkg:pypi/Left_Pad@1.0", "pkg:pypi/left-pad@1.0"),
            ("pkg:npm/%40scope/left@1", "pkg:npm/@scope/left@1"),
        ];
        for (one, other) in equal {
            assert_eq!(comparable(one), comparable(other));
        }
        assert_ne!(comparable("pkg:npm/Left@1"), comparable("pkg:npm/left@1"));
        assert_eq!(decoded("100%, %zz, %4"), "100%, %zz, %4");
    }
}
