//! `scanyard images`: images of a running service, by what they are and what is wrong with them.

use serde::Deserialize;

use super::ask::{self, Question};
use crate::cli::{AnswerFormat, ImagesArgs};
use crate::columns::{number, table};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<ask::Image>,
    next_cursor: Option<String>,
}

/// Lists images.
pub async fn run(args: ImagesArgs) -> anyhow::Result<Exit> {
    let question = Question::new("v1/images", &args.selection);
    list(question, &args).await
}

/// Lists the images that a question is answered with.
pub async fn list(images: Question, args: &ImagesArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    match ask::form(args.format, &args.service) {
        AnswerFormat::Table => {
            let page: Page = images.with("limit", args.limit).ask(&client).await?;
            print!("{}", describe(&page));
        }
        AnswerFormat::Json => {
            let images = images.with("limit", args.limit);
            println!("{}", images.ask::<serde_json::Value>(&client).await?);
        }
        form => ask::copy(&client, images, form).await?,
    }
    Ok(Exit::Done)
}

fn describe(page: &Page) -> String {
    let rows: Vec<_> = page.items.iter().map(row).collect();
    let header = [
        "DIGEST",
        "DISTRO",
        ">CRITICAL",
        ">HIGH",
        ">MEDIUM",
        ">LOW",
        "COMPLETE",
        "IMAGE",
    ];
    let mut text = table(header, &rows);
    if page.next_cursor.is_some() {
        text.push_str("...\nlist every image with --format csv or --format ndjson\n");
    }
    text
}

/// What is not known is no zero.
fn row(image: &ask::Image) -> [String; 8] {
    let summary = image.summary.as_ref();
    let findings = summary.and_then(|summary| summary.findings.as_ref());
    let count = |count: fn(&ask::Findings) -> u64| {
        findings.map_or_else(|| "?".to_owned(), |findings| number(count(findings)))
    };
    let complete = match summary {
        Some(summary) if summary.complete => "yes",
        Some(_) => "no",
        None => "?",
    };
    [
        image.short_digest(),
        image.distro.clone().unwrap_or_else(|| "-".to_owned()),
        count(|findings| findings.critical),
        count(|findings| findings.high),
        count(|findings| findings.medium),
        count(|findings| findings.low),
        complete.to_owned(),
        image.name(),
    ]
}
