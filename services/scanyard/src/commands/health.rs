//! `scanyard health`: asks a running process how it is, for images without a shell.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;

use crate::cli::HealthArgs;
use crate::exit::{Exit, Failure};

/// Longest answer that is shown.
const MAX_ANSWER: usize = 4096;

/// Done when the answer is a success.
pub async fn run(args: HealthArgs) -> anyhow::Result<Exit> {
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(args.timeout))
        .no_proxy()
        .build()
        .context("cannot make an HTTP client")?;
    let unreachable = |error: reqwest::Error| {
        let remedy = "check that the process runs and listens there";
        Failure::of(&error.without_url(), remedy)
    };
    let mut answer = client.get(&args.url).send().await.map_err(unreachable)?;
    let status = answer.status();
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)?
        && text.len() < MAX_ANSWER
    {
        text.extend_from_slice(&chunk);
    }
    text.truncate(MAX_ANSWER);
    let text = String::from_utf8_lossy(&text).into_owned();
    if status.is_success() {
        // The exit code is the answer; who closed standard output does not read the rest.
        let _ = writeln!(io::stdout(), "{text}");
        return Ok(Exit::Done);
    }
    Err(Failure::new(
        format!("{status}: {text}"),
        "the answer says which part is down; its log says why",
    )
    .into())
}
