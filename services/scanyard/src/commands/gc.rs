//! `scanyard gc`: removes what nobody needs, for whoever may open the store.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context;
use scanyard_store::{GarbageKind, Retention, Store};

use super::roles::retention;
use crate::cli::GcArgs;
use crate::exit::Exit;
use crate::service::open_existing_store;

/// Removes, or says what would go.
pub async fn run(args: GcArgs) -> anyhow::Result<Exit> {
    let store = open_existing_store(&args.backend).await?;
    let retention = retention(&args.retention);
    let counts = match args.dry_run {
        true => store.forecast_garbage(&retention).await?,
        false => sweep(store.as_ref(), &retention).await?,
    };
    let lines: String = counts
        .into_iter()
        .map(|(kind, count)| format!("{}\t{count}\n", kind.name()))
        .collect();
    write!(io::stdout(), "{lines}").context("cannot print what was removed")?;
    Ok(Exit::Done)
}

async fn sweep(
    store: &dyn Store,
    retention: &Retention,
) -> anyhow::Result<Vec<(GarbageKind, u64)>> {
    let mut removed = BTreeMap::new();
    for kind in GarbageKind::ALL {
        let mut from = Some(0);
        while let Some(place) = from {
            let swept = store.sweep(kind, place, retention).await?;
            *removed.entry(kind).or_default() += swept.removed;
            from = swept.next;
        }
    }
    removed.retain(|_, count| *count > 0);
    Ok(removed.into_iter().collect())
}
