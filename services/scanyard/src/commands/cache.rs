//! `scanyard cache`: the inventories of layers that scans have kept.

use std::io;
use std::path::Path;

use crate::cache::{Contents, contents, prune};
use crate::cli::{CacheArgs, CacheCommand};
use crate::exit::{Exit, Failure};

/// Runs the command.
pub fn run(command: &CacheCommand) -> anyhow::Result<Exit> {
    match command {
        CacheCommand::Info { cache, json } => info(cache, *json),
        CacheCommand::Prune { cache } => remove(&cache.dir(), cache.most_bytes()),
        CacheCommand::Clear { cache } => remove(&cache.dir(), 0),
    }
}

fn info(cache: &CacheArgs, json: bool) -> anyhow::Result<Exit> {
    let dir = cache.dir();
    let Contents { entries, bytes } = contents(&dir).map_err(|error| explain(&dir, &error))?;
    let (shown, size) = (dir.display(), cache.most_bytes());
    if json {
        let info = serde_json::json!({
            "directory": shown.to_string(),
            "layers": entries,
            "bytes": bytes,
            "size": size,
        });
        println!("{info}");
    } else {
        let (kept, size) = (mib(bytes), mib(size));
        println!("{shown}\n{entries} layers, {kept:.1} of {size:.0} MiB");
    }
    Ok(Exit::Done)
}

fn remove(dir: &Path, most_bytes: u64) -> anyhow::Result<Exit> {
    let removed = prune(dir, most_bytes).map_err(|error| explain(dir, &error))?;
    let (entries, freed) = (removed.entries, mib(removed.bytes));
    println!("{entries} layers removed, {freed:.1} MiB");
    Ok(Exit::Done)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn explain(dir: &Path, error: &io::Error) -> Failure {
    Failure::new(
        format!(
            "cannot read or remove what is in {}: {error}",
            dir.display()
        ),
        "check its permissions, or name another directory with --cache-dir",
    )
}
