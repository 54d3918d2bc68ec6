//! `scanyard repository`: what tags name and named.

use std::io::{self, Write};

use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::submit::api_key;
use crate::cli::{RepositoryCommand, ServiceArgs};
use crate::client::Client;
use crate::exit::Exit;

/// Items of a page.
const PAGE: &str = "500";

#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    next_cursor: Option<String>,
}

/// Lists.
pub async fn run(command: RepositoryCommand) -> anyhow::Result<Exit> {
    match command {
        RepositoryCommand::List(args) => {
            list(&args.service, "v1/repositories", &[], repository_line).await
        }
        RepositoryCommand::Tags(args) => {
            let query = [("repository", args.repository.as_str())];
            list(&args.service, "v1/tags", &query, tag_lines).await
        }
        RepositoryCommand::History(args) => {
            let query = [
                ("repository", args.repository.as_str()),
                ("tag", args.tag.as_str()),
            ];
            list(&args.service, "v1/tags/history", &query, period_line).await
        }
    }?;
    Ok(Exit::Done)
}

/// Prints every item of a list, page by page.
async fn list(
    service: &ServiceArgs,
    path: &str,
    query: &[(&str, &str)],
    line: fn(&Value) -> String,
) -> anyhow::Result<()> {
    let client = Client::new(&service.server, api_key(service.api_key_file.as_deref())?)?;
    let mut cursor: Option<String> = None;
    loop {
        let mut request = client
            .request(Method::GET, path)?
            .query(query)
            .query(&[("limit", PAGE)]);
        if let Some(cursor) = &cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        let answer = client.answer(request).await?;
        let page: Page = serde_json::from_value(answer).context("the list is not understood")?;
        for item in &page.items {
            let text = match service.json {
                true => format!("{item}\n"),
                false => line(item),
            };
            write!(io::stdout(), "{text}").context("cannot print the list")?;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn text<'v>(item: &'v Value, field: &str) -> &'v str {
    item[field].as_str().unwrap_or("-")
}

/// Name, tags and images, separated by tabs.
fn repository_line(item: &Value) -> String {
    let name = text(item, "name");
    format!("{name}\t{} tags\t{} images\n", item["tags"], item["images"])
}

/// Tag, platform, image and since when; a line for each platform.
fn tag_lines(item: &Value) -> String {
    let images = item["images"].as_array().map_or(&[][..], Vec::as_slice);
    let lines = images.iter().map(|image| {
        let (platform, digest) = (text(image, "platform"), text(image, "digest"));
        let since = text(image, "since");
        format!(
            "{}\t{platform}\t{digest}\tsince {since}\n",
            text(item, "name")
        )
    });
    lines.collect()
}

/// Image, platform, from and to.
fn period_line(item: &Value) -> String {
    let (image, platform) = (text(item, "image"), text(item, "platform"));
    let to = item["to"].as_str().unwrap_or("now");
    format!("{image}\t{platform}\t{} to {to}\n", text(item, "from"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_has_a_line_for_each_platform() {
        let tag = json!({"name": "1", "images": [
            {"platform": "linux/amd64", "digest": "sha256:a", "since": "2024-01-01T00:00:00Z"},
            {"platform": "linux/arm64", "digest": "sha256:b", "since": "2024-01-02T00:00:00Z"},
        ]});
        let lines = "1\tlinux/amd64\tsha256:a\tsince 2024-01-01T00:00:00Z\n\
                     1\tlinux/arm64\tsha256:b\tsince 2024-01-02T00:00:00Z\n";
        assert_eq!(tag_lines(&tag), lines);
    }

    #[test]
    fn a_period_that_has_not_ended_lasts_until_now() {
        let period =
            json!({"image": "sha256:a", "platform": "linux/amd64", "from": "x", "to": null});
        assert_eq!(period_line(&period), "sha256:a\tlinux/amd64\tx to now\n");
    }
}
