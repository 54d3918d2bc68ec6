//! `scanyard serve`: the whole service in one process.

use std::time::Duration;

use scanyard_advisory::PUBLIC_SOURCE;
use scanyard_gateway::AuthMode;
use tokio_util::sync::CancellationToken;

use crate::cli::ServeArgs;
use crate::exit::{Exit, Usage};
use crate::service::{Service, ServiceOptions};
use crate::{database, paths, signals};

/// Serves until a signal.
pub async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    if args.insecure_no_auth && !args.listen.ip().is_loopback() {
        return Err(Usage(format!(
            "--insecure-no-auth is for loopback addresses, and {} is none",
            args.listen
        ))
        .into());
    }
    let options = options(args);
    let insecure = options.auth == AuthMode::Insecure;
    let database = options.database.clone();
    let stop = CancellationToken::new();
    signals::cancel_on_signal(&stop)?;
    let service = Service::start(options, stop).await?;
    let address = service.address;
    println!("scanyard serves on http://{address}");
    println!("  API documentation  http://{address}/docs");
    if insecure {
        println!("  API key            none is asked for");
    } else {
        println!("  first API key      in {}", service.key_file.display());
    }
    println!("  advisories         {}", database.display());
    println!("  submit an image    scanyard submit alpine:3.18 --wait --server http://{address}");
    service.ended().await?;
    Ok(Exit::Done)
}

fn options(args: ServeArgs) -> ServiceOptions {
    let update = args.update_advisories.then(|| {
        let source = args
            .advisory_source
            .unwrap_or_else(|| PUBLIC_SOURCE.to_owned());
        (
            source,
            Duration::from_secs(u64::from(args.update_interval) * 3600),
        )
    });
    ServiceOptions {
        listen: args.listen,
        data_dir: args.data_dir.unwrap_or_else(paths::default_service),
        database: database::location(args.db.as_deref()),
        update,
        concurrency: args.concurrency.map(usize::from),
        auth: match args.insecure_no_auth {
            true => AuthMode::Insecure,
            false => AuthMode::Keys,
        },
        allow_local_sources: args.allow_local_sources,
        registry: args.registry.options(),
    }
}
