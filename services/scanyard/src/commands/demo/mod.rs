//! `scanyard demo`: the whole product at work, on an image and advisories that it brings along.

mod image;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use scanyard_access::RegistryRules;
use scanyard_gateway::AuthMode;
use scanyard_worker::LookFor;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::submit;
use crate::cli::{DemoArgs, OutputArgs};
use crate::client::Client;
use crate::exit::Exit;
use crate::service::{
    BackendOptions, GatewayOptions, NotificationOptions, RegistryRoleOptions, SchedulerOptions,
    Service, ServiceOptions, WorkerOptions,
};
use crate::{output, signals};

/// Facts about real advisories: ids, packages, ranges, vectors, dates.
const ADVISORIES: &str = include_str!("../../../demo/advisories.json");
/// Longest wait for the scan of a tiny image.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Runs the demo.
pub async fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    let dir = tempfile::tempdir().context("cannot create a directory")?;
    let dir = dir.path();
    println!("1. compiling a small set of advisories");
    let records = compile_advisories(dir)?;
    println!("   {records} records");
    println!("2. building an image of three layers");
    let layout = dir.join("image");
    image::write_layout(&layout).context("cannot write the image")?;
    println!("3. starting gateway, worker and scheduler in this process");
    let key_file = dir.join("api-key");
    let stop = CancellationToken::new();
    signals::cancel_on_signal(&stop)?;
    let Some(service) = Service::start(options(&args, dir), stop.clone()).await? else {
        return Ok(Exit::Done);
    };
    let address = service.gateway_address.context("there is no gateway")?;
    let server = format!("http://{address}");
    println!("   {server}");
    let source = format!("oci:{}:{}", layout.display(), image::TAG);
    println!("4. POST {server}/v1/scans  {source}");
    let shown = scan(&server, &key_file, &source).await;
    if shown.is_ok() {
        print_next(&args, &server, &key_file, dir, &source);
    }
    if !args.keep_running || shown.is_err() {
        stop.cancel();
    }
    service.ended().await?;
    shown.map(|()| Exit::Done)
}

/// Writes each record to a file of its own and compiles them; how many there are.
fn compile_advisories(dir: &Path) -> anyhow::Result<u64> {
    let records: Vec<&RawValue> =
        serde_json::from_str(ADVISORIES).context("the demo's advisories are malformed")?;
    let from = dir.join("records");
    fs::create_dir_all(&from).context("cannot create a directory")?;
    for (index, record) in records.iter().enumerate() {
        fs::write(from.join(format!("{index}.json")), record.get())
            .context("cannot write an advisory")?;
    }
    let built = scanyard_advisory::build(&from, &dir.join("advisories"))?;
    Ok(built.info.records)
}

fn options(args: &DemoArgs, dir: &Path) -> ServiceOptions {
    // One user's machine, on which everything may be tried.
    let registries = RegistryRoleOptions {
        rules: RegistryRules::anything(),
        ..RegistryRoleOptions::default()
    };
    ServiceOptions {
        backend: BackendOptions::Embedded {
            data_dir: dir.join("service"),
        },
        gateway: Some(GatewayOptions {
            listen: args.listen,
            first_key_file: Some(dir.join("api-key")),
            auth: AuthMode::Keys,
            allow_local_sources: true,
            registry_rules: registries.rules.clone(),
            notifications: NotificationOptions::default(),
        }),
        worker: Some(WorkerOptions {
            concurrency: None,
            look_for: LookFor::default(),
            registries: registries.clone(),
        }),
        scheduler: Some(SchedulerOptions {
            database: dir.join("advisories"),
            update: None,
            garbage: None,
            walk: None,
            registries,
            notifications: NotificationOptions::default(),
        }),
        metrics_listen: None,
    }
}

async fn scan(server: &str, key_file: &Path, source: &str) -> anyhow::Result<()> {
    let key = fs::read_to_string(key_file).context("cannot read the API key")?;
    let client = Client::new(server, Some(key.trim().to_owned()))?;
    client.wait_until_ready(TIMEOUT).await?;
    let scan = client.submit(source, None).await?;
    println!("   accepted as {}\n", scan.id);
    for report in submit::wait(&client, scan, TIMEOUT).await? {
        output::write(&report, None, &OutputArgs::table())?;
    }
    Ok(())
}

fn print_next(args: &DemoArgs, server: &str, key_file: &Path, dir: &Path, source: &str) {
    println!("\nWhere to look next");
    if args.keep_running {
        let db = dir.join("advisories");
        println!(
            "  {server}/docs shows the API; the key is in {}",
            key_file.display()
        );
        println!("  scanyard scan --db {} {source}", db.display());
        println!("  The service runs until you press Ctrl-C.");
    } else {
        println!(
            "  cargo demo --keep-running   leaves this service up, with its API documentation"
        );
        println!("  cargo install --path services/scanyard --locked");
        println!("  scanyard db update          fetches all public advisories");
        println!("  scanyard scan alpine:3.18   scans an image from a registry");
        println!(
            "  scanyard serve              runs the service for good; scanyard submit uses it"
        );
    }
}
