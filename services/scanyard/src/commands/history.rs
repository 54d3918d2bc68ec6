//! `scanyard history`: what happened to an image.

use std::io::{self, Write};

use anyhow::Context;
use reqwest::Method;
use scanyard_oci::Reference;
use scanyard_package::Digest;
use serde_json::Value;

use super::bulk::connect;
use super::event_table::history_line;
use crate::cli::HistoryArgs;
use crate::client::Client;
use crate::exit::{Exit, Failure};

/// Prints the history.
pub async fn run(args: HistoryArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let mut out = io::stdout().lock();
    for digest in digests_of(&client, &args.image).await? {
        let request = client
            .request(Method::GET, &format!("v1/images/{digest}/history"))?
            .query(&[("limit", args.limit)]);
        let history = client.answer(request).await?;
        if args.service.json {
            writeln!(out, "{history}").context("cannot print")?;
            continue;
        }
        writeln!(out, "{digest}").context("cannot print")?;
        for entry in history["items"].as_array().into_iter().flatten() {
            writeln!(out, "  {}", history_line(entry)).context("cannot print")?;
        }
    }
    Ok(Exit::Done)
}

/// The digest that is given, or those of the images that the tag names now: one for each platform.
async fn digests_of(client: &Client, image: &str) -> anyhow::Result<Vec<String>> {
    if let Ok(digest) = image.parse::<Digest>() {
        return Ok(vec![digest.to_string()]);
    }
    let unknown = || {
        Failure::new(
            format!("the service knows no image {image}"),
            "name its digest, or submit it with `scanyard submit`",
        )
    };
    let reference: Reference = image.parse().map_err(|_| unknown())?;
    if let Some(digest) = reference.digest() {
        return Ok(vec![digest.to_string()]);
    }
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    let request = client
        .request(Method::GET, "v1/images")?
        .query(&[("repository", repository.as_str()), ("limit", "500")]);
    let images = client.answer(request).await?;
    let tag = reference.tag().unwrap_or("latest");
    let is_named = |image: &&Value| {
        let mut tags = image["tags"].as_array().into_iter().flatten();
        tags.any(|known| known["repository"] == repository.as_str() && known["name"] == tag)
    };
    let images = images["items"].as_array().into_iter().flatten();
    let digests: Vec<String> = images
        .filter(is_named)
        .filter_map(|image| image["digest"].as_str().map(str::to_owned))
        .collect();
    match digests.is_empty() {
        true => Err(unknown().into()),
        false => Ok(digests),
    }
}
