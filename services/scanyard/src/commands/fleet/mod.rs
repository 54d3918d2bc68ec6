//! `scanyard fleet`: the fleet of a running service as a whole.

mod changes;
mod plan;
mod summary;
mod top;
mod worst;

use crate::cli::FleetCommand;
use crate::exit::Exit;

/// Does what the command says.
pub async fn run(command: FleetCommand) -> anyhow::Result<Exit> {
    match command {
        FleetCommand::Summary(args) => summary::run(args).await,
        FleetCommand::Top(args) => top::run(args).await,
        FleetCommand::Worst(args) => worst::run(args).await,
        FleetCommand::Changes(args) => changes::run(args).await,
        FleetCommand::FixPlan(args) => plan::run(args).await,
    }
}
