//! Finding and opening the advisory database.

use std::path::{Path, PathBuf};

use scanyard_advisory::{Database, DatabaseError};
use scanyard_report::Epss;

use crate::exit::Failure;
use crate::paths;

/// The directory or file named, or the directory that `db update` fills.
pub fn location(named: Option<&Path>) -> PathBuf {
    named.map_or_else(paths::default_db, Path::to_owned)
}

/// Opens the database.
pub fn open(named: Option<&Path>) -> Result<Database, Failure> {
    Database::open(&location(named)).map_err(|error| Failure::of(&error, error.remedy()))
}

/// Fails if anything that was looked up was altered: such content reads as absent, so a report
/// would call clean what nobody looked at.
pub fn ensure_intact(database: &Database) -> Result<(), Failure> {
    database
        .ensure_intact()
        .map_err(|error| Failure::of(&error, error.remedy()))
}

/// Opens the database named; the default one only if it is there.
pub fn open_if_any(named: Option<&Path>) -> Result<Option<Database>, Failure> {
    match Database::open(&location(named)) {
        Ok(database) => Ok(Some(database)),
        Err(DatabaseError::Missing { .. }) if named.is_none() => Ok(None),
        Err(error) => Err(Failure::of(&error, error.remedy())),
    }
}

/// How likely a CVE is to be exploited, as reports tell it.
pub fn predicted(database: &Database, cve: &str) -> Option<Epss> {
    let predicted = database.exploit_prediction(cve)?;
    Some(Epss {
        score: predicted.score,
        percentile: predicted.percentile,
    })
}
