//! Databases for tests, each their own: copies of one that is migrated already.

use scanyard_store::{PostgresSettings, PostgresStore, StoreSettings};
use scanyard_testkit::RealPostgres;
use tokio::sync::OnceCell;

/// The URL of a migrated, empty database; `None` where Postgres is not installed.
pub async fn new_database() -> Option<String> {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    let postgres = RealPostgres::shared()?;
    let template = TEMPLATE
        .get_or_init(async || {
            let url = postgres.create_database();
            drop(open(&url, StoreSettings::default()).await);
            postgres.cut_connections();
            url
        })
        .await;
    Some(postgres.copy_database(template))
}

pub async fn open(url: &str, settings: StoreSettings) -> PostgresStore {
    let postgres = PostgresSettings {
        max_connections: 6,
        ..PostgresSettings::default()
    };
    PostgresStore::open(url, postgres, settings).await.unwrap()
}
