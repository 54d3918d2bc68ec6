//! `scanyard completion`: what a shell needs to complete our commands.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::Exit;

/// Prints the script.
pub fn run(shell: Shell) -> anyhow::Result<Exit> {
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "scanyard",
        &mut std::io::stdout(),
    );
    Ok(Exit::Done)
}
