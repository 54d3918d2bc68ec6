//! `scanyard key`: API keys, for whoever may open the store.

use std::io::{self, Write};

use anyhow::Context;
use scanyard_gateway::NewKey;
use scanyard_store::{ApiKey, KeyId, Store, TenantId};
use uuid::Uuid;

use crate::cli::{KeyArgs, KeyCommand};
use crate::exit::{Exit, Failure};
use crate::service::open_existing_store;

/// Makes, lists or revokes.
pub async fn run(args: KeyArgs) -> anyhow::Result<Exit> {
    let store = open_existing_store(&args.backend).await?;
    match args.command {
        KeyCommand::Create { name } => create(store.as_ref(), &name).await?,
        KeyCommand::List => {
            let keys = store.keys(TenantId::DEFAULT).await?;
            let lines: String = keys.iter().map(line).collect();
            write!(io::stdout(), "{lines}").context("cannot print the keys")?;
        }
        KeyCommand::Revoke { id } => revoke(store.as_ref(), id).await?,
    }
    Ok(Exit::Done)
}

async fn create(store: &dyn Store, name: &str) -> anyhow::Result<()> {
    let key = NewKey::generate(TenantId::DEFAULT, name).context("cannot make an API key")?;
    store.create_key(&key.stored).await?;
    // Only the key itself, for a file or a variable.
    let printed = writeln!(io::stdout(), "{}", key.plaintext);
    printed.with_context(|| format!("key {} is made but cannot be printed", key.stored.id.0))
}

async fn revoke(store: &dyn Store, id: Uuid) -> anyhow::Result<()> {
    if store.revoke_key(TenantId::DEFAULT, KeyId(id)).await? {
        return Ok(());
    }
    Err(Failure::new(
        format!("there is no key {id}"),
        "`scanyard key list` shows those there are",
    )
    .into())
}

/// Id, public prefix, state and name, separated by tabs.
fn line(key: &ApiKey) -> String {
    let state = match key.revoked_at {
        Some(_) => "revoked",
        None => "valid",
    };
    let name: String = key.name.chars().filter(|c| !c.is_control()).collect();
    let created = key.created_at.format("%Y-%m-%d");
    format!(
        "{}\tsy_{}\t{state}\t{created}\t{name}",
        key.id.0, key.prefix
    )
}
