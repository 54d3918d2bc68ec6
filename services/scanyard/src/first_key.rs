//! The first API key: made once, shown in one file that only its owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use scanyard_gateway::NewKey;
use scanyard_store::{Store, TenantId};

/// Makes the first key, unless there is one. The file is written before the key counts, so that a
/// crash in between leaves a file that the next start replaces, never a key that nobody has.
pub async fn ensure(store: &dyn Store, file: &Path) -> anyhow::Result<()> {
    let known = store.keys(TenantId::DEFAULT).await;
    if !known.context("cannot read the API keys")?.is_empty() {
        return Ok(());
    }
    let key = NewKey::generate(TenantId::DEFAULT, "first").context("cannot make an API key")?;
    write_secret(file, &key.plaintext)
        .with_context(|| format!("cannot write the API key to {}", file.display()))?;
    let first = store.create_first_key(&key.stored).await;
    if !first.context("cannot store the API key")? {
        fs::remove_file(file).context("cannot remove an API key that is none")?;
    }
    Ok(())
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_secret(file: &Path, secret: &str) -> io::Result<()> {
    let aside = file.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut out = options.open(&aside)?;
    writeln!(out, "{secret}")?;
    out.sync_all()?;
    fs::rename(aside, file)
}
