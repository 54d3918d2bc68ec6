//! `scanyard events`: what new advisories changed about images.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::bulk::connect;
use super::event_table::{EVENT_HEADER, event_line};
use crate::cli::{EventFilterArgs, EventsArgs};
use crate::client::Client;
use crate::exit::Exit;

/// Events that are asked for at once.
const PAGE: u32 = 500;
/// Before a stream that was cut is opened again.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest stream.
const STREAM: Duration = Duration::from_secs(24 * 3600);
/// Longest line of a stream.
const MAX_LINE: usize = 16 << 20;

/// Prints events.
pub async fn run(args: EventsArgs) -> anyhow::Result<Exit> {
    let client = connect(&args.service)?;
    let mut out = Printer {
        json: args.service.json,
        told_header: false,
    };
    match args.follow {
        true => follow(&client, &args, &mut out).await?,
        false => list(&client, &args, &mut out).await?,
    }
    Ok(Exit::Done)
}

struct Printer {
    json: bool,
    told_header: bool,
}

impl Printer {
    fn print(&mut self, event: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return writeln!(out, "{event}");
        }
        if !self.told_header {
            self.told_header = true;
            writeln!(out, "{EVENT_HEADER}")?;
        }
        writeln!(out, "{}", event_line(event))
    }
}

fn request(
    client: &Client,
    args: &EventsArgs,
    after: Option<&str>,
) -> anyhow::Result<RequestBuilder> {
    let mut query = filter_query(&args.filter);
    let mut add = |name, value: Option<String>| query.extend(value.map(|value| (name, value)));
    add("vulnerability", args.vulnerability.clone());
    add("since", args.since.clone());
    let first = args.after.map(|id| id.to_string());
    add("cursor", after.map(str::to_owned).or(first));
    Ok(client.request(Method::GET, "v1/events")?.query(&query))
}

fn filter_query(filter: &EventFilterArgs) -> Vec<(&'static str, String)> {
    let mut query = Vec::new();
    if !filter.kind.is_empty() {
        let kinds: Vec<_> = filter.kind.iter().map(|kind| kind.name()).collect();
        query.push(("kind", kinds.join(",")));
    }
    if let Some(severity) = filter.min_severity {
        let severity = scanyard_package::Severity::from(severity);
        query.push(("min_severity", severity.name().to_owned()));
    }
    for (name, is_set) in [
        ("fixable", filter.fixable),
        ("known_exploited", filter.known_exploited),
    ] {
        if is_set {
            query.push((name, "true".to_owned()));
        }
    }
    query.extend(
        filter
            .repository
            .clone()
            .map(|pattern| ("repository", pattern)),
    );
    query
}

async fn list(client: &Client, args: &EventsArgs, out: &mut Printer) -> anyhow::Result<()> {
    let (mut left, mut after) = (args.limit, None::<String>);
    while left > 0 {
        let page = request(client, args, after.as_deref())?;
        let page = page.query(&[("limit", left.min(PAGE))]);
        let page = client.answer(page).await?;
        let events = page["items"]
            .as_array()
            .context("the answer has no events")?;
        for event in events {
            out.print(event).context("cannot print")?;
        }
        left = left.saturating_sub(u32::try_from(events.len()).unwrap_or(u32::MAX));
        after = page["next_cursor"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

/// Prints events as they come, and opens the stream again where it was cut.
async fn follow(client: &Client, args: &EventsArgs, out: &mut Printer) -> anyhow::Result<()> {
    let mut last = None::<String>;
    loop {
        let request = request(client, args, None)?;
        let mut request = request
            .header("Accept", "text/event-stream")
            .timeout(STREAM);
        if let Some(last) = &last {
            request = request.header("Last-Event-ID", last);
        }
        let mut stream = match client.send(request).await {
            Ok(stream) => stream,
            // One that worked before works again when the service is back.
            Err(_) if last.is_some() => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut lines = Vec::new();
        while let Ok(Some(chunk)) = stream.chunk().await {
            lines.extend_from_slice(&chunk);
            print_events(&mut lines, out, &mut last)?;
            anyhow::ensure!(
                lines.len() <= MAX_LINE,
                "the service sends a line without end"
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Prints the events whose lines are whole, and takes those away.
fn print_events(
    lines: &mut Vec<u8>,
    out: &mut Printer,
    last: &mut Option<String>,
) -> anyhow::Result<()> {
    let Some(end) = lines.iter().rposition(|byte| *byte == b'\n') else {
        return Ok(());
    };
    let whole: Vec<u8> = lines.drain(..=end).collect();
    for line in String::from_utf8_lossy(&whole).lines() {
        if let Some(data) = line.strip_prefix("data: ") {
            let event: Value = serde_json::from_str(data).context("the event is no JSON")?;
            out.print(&event).context("cannot print")?;
            *last = event["id"].as_i64().map(|id| id.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_come_in_pieces_are_taken_whole() {
        let mut out = Printer {
            json: true,
            told_header: false,
        };
        let (mut lines, mut last) = (Vec::new(), None);
        let text = ": keep-alive\n\nid: 7\nevent: finding.new\ndata: {\"id\":7}\n\n";
        for byte in text.bytes() {
            lines.push(byte);
            print_events(&mut lines, &mut out, &mut last).unwrap();
        }
        assert_eq!((lines.len(), last.as_deref()), (0, Some("7")));
    }
}
