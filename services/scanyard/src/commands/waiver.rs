//! `scanyard waiver`: accepted risks, told to others.

use chrono::Utc;
use scanyard_policy::{OpenVexOptions, openvex_of_waivers};
use uuid::Uuid;

use crate::cli::{WaiverCommand, WaiverExportArgs};
use crate::exit::Exit;
use crate::policies;

/// Runs the command.
pub fn run(command: WaiverCommand) -> anyhow::Result<Exit> {
    match command {
        WaiverCommand::Export(args) => export(args),
    }
}

fn export(args: WaiverExportArgs) -> anyhow::Result<Exit> {
    let suppressions = policies::read_suppressions(std::slice::from_ref(&args.file), &[])?;
    let options = OpenVexOptions {
        id: args.id.unwrap_or_else(|| Uuid::new_v4().urn().to_string()),
        author: args.author,
        now: Utc::now(),
    };
    let document = openvex_of_waivers(&suppressions.waivers, &options);
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(Exit::Done)
}
