//! `scanyard submit`: hand an image to a running service and, if asked, wait for the findings.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use chrono::Utc;
use scanyard_report::Report;
use tokio::time::{Instant, sleep};

use crate::cli::SubmitArgs;
use crate::client::{Client, Scan};
use crate::exit::{Exit, Failure, Usage};
use crate::image_scan::read_sbom;
use crate::output;
use crate::policies;
use crate::progress::Progress;

/// How often a scan is asked after.
const POLL: Duration = Duration::from_millis(200);

/// Submits, and waits if that was asked for or a gate needs it.
pub async fn run(args: SubmitArgs) -> anyhow::Result<Exit> {
    let policies = policies::read_policies(&args.gate.policy)?;
    let (waivers, vex) = (&args.suppressions.waivers, &args.suppressions.vex);
    let suppressions = policies::read_suppressions(waivers, vex)?;
    let client = Client::new(&args.server, api_key(args.api_key_file.as_deref())?)?;
    let scan = match args.reference.strip_prefix("sbom:") {
        Some(file) => submit_sbom(&client, Path::new(file), args.name.as_deref()).await?,
        None if args.name.is_some() => {
            return Err(Usage("--name is for bills of materials: sbom:FILE".to_owned()).into());
        }
        None => {
            let platform = args.platform.as_deref();
            client.submit(&args.reference, platform).await?
        }
    };
    if !args.wait && !args.gate.is_set() {
        println!("{}", scan.id);
        anstream::eprintln!("submitted; add --wait to wait for the findings");
        return Ok(Exit::Done);
    }
    let mut reports = wait(&client, scan, Duration::from_secs(args.timeout)).await?;
    let mut exit = Exit::Done;
    let several = reports.len() > 1;
    for report in &mut reports {
        let context = policies::context_of_report(report);
        suppressions.apply(report, &context, Utc::now());
        let platform = report
            .image
            .as_ref()
            .map_or("image", |image| &image.platform);
        let output = args.output.for_image(platform, several);
        let decision = policies::decide(&policies, report, &context)?;
        output::write(report, decision.as_ref(), &output)?;
        exit = exit.max(decision.as_ref().map_or(Exit::Done, policies::judge));
        exit = exit.max(output::judge(report, &args.gate));
    }
    Ok(exit)
}

async fn submit_sbom(client: &Client, file: &Path, name: Option<&str>) -> anyhow::Result<Scan> {
    let content = read_sbom(file)?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = name.unwrap_or(&stem);
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    client.submit_sbom(name, tag, content).await
}

/// The API key from the environment or from a file.
pub fn api_key(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    if let Some(key) = std::env::var("SCANYARD_API_KEY")
        .ok()
        .filter(|key| !key.is_empty())
    {
        return Ok(Some(key));
    }
    let Some(file) = file else { return Ok(None) };
    let key = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the API key in {}", file.display()))?;
    Ok(Some(key.trim().to_owned()))
}

/// Waits until the scan has ended; the reports of its images.
pub async fn wait(client: &Client, scan: Scan, timeout: Duration) -> anyhow::Result<Vec<Report>> {
    let scan = until_final(client, scan, timeout).await?;
    if scan.state == "failed" {
        let problem = scan.failure.unwrap_or_default();
        return Err(Failure::new(problem.detail, problem.remedy).into());
    }
    if scan.state == "cancelled" {
        return Err(Failure::new("the scan was cancelled", "submit the image again").into());
    }
    let mut reports = Vec::new();
    for image in scan.image_digests()? {
        reports.push(client.report(image).await?);
    }
    Ok(reports)
}

async fn until_final(client: &Client, mut scan: Scan, timeout: Duration) -> anyhow::Result<Scan> {
    let deadline = Instant::now() + timeout;
    let mut progress = Progress::start();
    while !scan.is_final() {
        if Instant::now() >= deadline {
            let (id, state) = (scan.id, scan.state);
            return Err(Failure::new(
                format!(
                    "scan {id} is still {state} after {} seconds",
                    timeout.as_secs()
                ),
                format!("wait longer with --timeout, or ask later: GET /v1/scans/{id}"),
            )
            .into());
        }
        sleep(POLL).await;
        scan = client.scan(scan.id).await?;
        progress.show(scan.progress.into());
    }
    Ok(scan)
}
