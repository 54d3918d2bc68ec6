//! A set of advisories as large as the public export, made of a smaller one.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use scanyard_loadtest::fleet::Random;
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// What to make.
#[derive(Debug, Args)]
pub struct AdvisorySetArgs {
    /// What to make it of: a directory in the layout of the OSV bucket.
    #[arg(long)]
    from: PathBuf,
    /// The directory to write, in the same layout.
    #[arg(long)]
    output: PathBuf,
    /// About how many records.
    #[arg(long, default_value_t = 1_800_000)]
    records: usize,
    /// Makes the same set again.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Copies every record until there are enough. Copies have ids of their own, and so have two thirds
/// of their packages: the public export has many times the packages, and more records of each.
pub fn run(args: &AdvisorySetArgs) -> anyhow::Result<()> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(&args.from)? {
        let file = entry?.path().join("all.zip");
        if file.is_file() {
            sources.push(file);
        }
    }
    sources.sort();
    let mut originals = 0;
    for file in &sources {
        originals += ZipArchive::new(BufReader::new(File::open(file)?))?.len();
    }
    let copies = args.records.div_ceil(originals.max(1));
    for (stream, file) in sources.iter().enumerate() {
        let ecosystem = file.parent().and_then(Path::file_name);
        let dir = args
            .output
            .join(ecosystem.context("a zip without a directory")?);
        fs::create_dir_all(&dir)?;
        let random = Random::new(args.seed, stream as u64);
        multiply(file, &dir.join("all.zip"), copies, random)?;
    }
    println!(
        "{} records in {}",
        originals * copies,
        args.output.display()
    );
    Ok(())
}

fn multiply(from: &Path, to: &Path, copies: usize, mut random: Random) -> anyhow::Result<()> {
    let mut source = ZipArchive::new(BufReader::new(File::open(from)?))?;
    let mut target = ZipWriter::new(BufWriter::new(File::create(to)?));
    let options = SimpleFileOptions::default().compression_level(Some(1));
    for index in 0..source.len() {
        let mut text = String::new();
        source.by_index(index)?.read_to_string(&mut text)?;
        let record: Value = serde_json::from_str(&text)?;
        for copy in 0..copies {
            let name = match random.chance(2.0 / 3.0) {
                true => copy,
                false => 0,
            };
            let record = renamed(&record, copy, name);
            let id = record["id"].as_str().context("a record without an id")?;
            target.start_file(format!("{id}.json"), options)?;
            target.write_all(record.to_string().as_bytes())?;
        }
    }
    target.finish()?.flush()?;
    Ok(())
}

/// The record as another one, about packages of another name. The first copy is the record itself.
fn renamed(record: &Value, copy: usize, name: usize) -> Value {
    let mut record = record.clone();
    if copy > 0 {
        append(&mut record["id"], copy);
        for list in ["aliases", "upstream", "related"] {
            let ids = record.get_mut(list).and_then(Value::as_array_mut);
            ids.into_iter().flatten().for_each(|id| append(id, copy));
        }
    }
    if name > 0 {
        let affected = record.get_mut("affected").and_then(Value::as_array_mut);
        for affected in affected.into_iter().flatten() {
            let package = affected.get_mut("package").and_then(Value::as_object_mut);
            if let Some(package) = package {
                package.remove("purl");
                package.entry("name").and_modify(|text| append(text, name));
            }
        }
    }
    record
}

fn append(text: &mut Value, number: usize) {
    if let Value::String(text) = text {
        text.push_str(&format!("-{number}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_copy_is_the_record_and_others_are_records_of_their_own() {
        let record = json!({
            "id": "A-1",
            "aliases": ["CVE-1"],
            "affected": [{ "package": { "name": "x", "ecosystem": "npm", "purl": "pkg:npm/x" } }],
        });
        assert_eq!(renamed(&record, 0, 0), record);
        let expected = json!({
            "id": "A-1-3",
            "aliases": ["CVE-1-3"],
            "affected": [{ "package": { "name": "x-2", "ecosystem": "npm" } }],
        });
        assert_eq!(renamed(&record, 3, 2), expected);
    }
}
