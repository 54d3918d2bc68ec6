//! `scanyard explain`: why a package is, or is not, affected by an advisory.

use scanyard_matching::explain;
use scanyard_package::Package;

use crate::cli::ExplainArgs;
use crate::database;
use crate::exit::{Exit, Usage};

/// Prints the reasoning.
pub fn run(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let (package, distro) =
        Package::from_purl(&args.purl).map_err(|error| Usage(error.to_string()))?;
    let database = database::open(args.db.as_deref())?;
    let explanation = explain(&database, &package, distro.as_ref(), &args.advisory);
    let explanation = explanation.to_string();
    database::ensure_intact(&database)?;
    anstream::println!("{explanation}");
    Ok(Exit::Done)
}
