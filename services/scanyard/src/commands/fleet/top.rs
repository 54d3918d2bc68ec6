//! The vulnerabilities that most images have.

use serde::Deserialize;

use crate::cli::TopArgs;
use crate::columns::table;
use crate::commands::ask::{self, Question, Total};
use crate::exit::Exit;

#[derive(Debug, Deserialize)]
struct Ranking {
    items: Vec<Ranked>,
}

#[derive(Debug, Deserialize)]
struct Ranked {
    id: String,
    severity: String,
    fixable: bool,
    known_exploited: bool,
    epss: Option<f64>,
    images: Total,
}

/// Asks, and prints the vulnerabilities.
pub async fn run(args: TopArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let question = Question::new("v1/vulnerabilities", &args.selection).with("limit", args.limit);
    if args.service.json {
        println!("{}", question.ask::<serde_json::Value>(&client).await?);
        return Ok(Exit::Done);
    }
    let ranking: Ranking = question.ask(&client).await?;
    let rows: Vec<_> = ranking.items.iter().map(row).collect();
    let header = [
        ">IMAGES",
        "SEVERITY",
        "FIXABLE",
        "EXPLOITED",
        ">EPSS",
        "VULNERABILITY",
    ];
    print!("{}", table(header, &rows));
    Ok(Exit::Done)
}

fn row(ranked: &Ranked) -> [String; 6] {
    let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
    [
        ranked.images.to_string(),
        ranked.severity.clone(),
        yes(ranked.fixable),
        yes(ranked.known_exploited),
        ranked
            .epss
            .map_or_else(|| "-".to_owned(), |epss| format!("{:.1} %", epss * 100.0)),
        ranked.id.clone(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_says_so() {
        let total = |text: &str| serde_json::from_str::<Total>(text).unwrap().to_string();
        assert_eq!(total(r#"{"count":12345,"is":"exact"}"#), "12,345");
        assert_eq!(total(r#"{"count":12345,"is":"estimated"}"#), "~12,345");
        assert_eq!(total(r#"{"count":10000,"is":"at_least"}"#), "10,000+");
    }
}
