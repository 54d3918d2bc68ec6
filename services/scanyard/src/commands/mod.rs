//! Every command, one file each.

mod ask;
mod bulk;
mod cache;
mod compare;
mod completion;
mod convert;
mod db;
mod demo;
mod event_table;
mod events;
mod explain;
mod fleet;
mod forget;
mod gateway;
mod gc;
mod health;
mod history;
mod hooks;
mod images;
mod key;
mod packages;
mod policy;
mod registry;
mod repository;
mod rescan;
mod roles;
mod scan;
mod scheduler;
mod serve;
mod submit;
mod subscriptions;
mod versions;
mod waiver;
mod who_has;
mod worker;

use std::future::Future;

use anyhow::Context;
use scanyard_telemetry::{Telemetry, TelemetrySettings, TraceExport};

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Usage};

/// Runs the command.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    let service = cli.command.service();
    let default = if service.is_some() { "info" } else { "warn" };
    let filter = cli.log.as_deref().unwrap_or(default);
    let export = service.and_then(|(service, telemetry)| {
        let endpoint = telemetry
            .otlp_endpoint
            .clone()
            .filter(|url| !url.is_empty())?;
        Some(TraceExport { endpoint, service })
    });
    let settings = TelemetrySettings {
        filter,
        format: cli.log_format.into(),
        export,
    };
    let telemetry = Telemetry::start(&settings).map_err(|error| Usage(error.to_string()))?;
    let ended = run_command(cli.command);
    telemetry.finish();
    ended
}

fn run_command(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Versions(args) => versions::run(&args),
        Command::Completion { shell } => completion::run(shell),
        Command::Cache(command) => cache::run(&command),
        Command::Convert(args) => convert::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Db(command) => block_on(db::run(command)),
        Command::Scan(args) => block_on(scan::run(args)),
        Command::Serve(args) => block_on(serve::run(*args)),
        Command::Gateway(args) => block_on(gateway::run(*args)),
        Command::Worker(args) => block_on(worker::run(*args)),
        Command::Scheduler(args) => block_on(scheduler::run(*args)),
        Command::Key(args) => block_on(key::run(*args)),
        Command::Health(args) => block_on(health::run(args)),
        Command::Submit(args) => block_on(submit::run(args)),
        Command::Policy(command) => policy::run(command),
        Command::Waiver(command) => waiver::run(command),
        Command::Bulk(command) => block_on(bulk::run(command)),
        Command::Repository(command) => block_on(repository::run(command)),
        Command::Forget(args) => block_on(forget::run(args)),
        Command::Gc(args) => block_on(gc::run(*args)),
        Command::WhoHas(args) => block_on(who_has::run(*args)),
        Command::Images(args) => block_on(images::run(*args)),
        Command::Packages(args) => block_on(packages::run(args)),
        Command::Fleet(command) => block_on(fleet::run(*command)),
        Command::Compare(args) => block_on(compare::run(args)),
        Command::Events(args) => block_on(events::run(*args)),
        Command::History(args) => block_on(history::run(args)),
        Command::Subscriptions(command) => block_on(subscriptions::run(command)),
        Command::Hook(command) => block_on(hooks::run(command)),
        Command::Registry(command) => block_on(registry::run(*command)),
        Command::Rescan(args) => block_on(rescan::run(args)),
        Command::Demo(args) => block_on(demo::run(args)),
    }
}

fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(future)
}
