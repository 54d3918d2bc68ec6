//! `scanyard who-has`: which images have a vulnerability, or a package in a range of versions.

use std::fmt::Write;

use serde::Deserialize;

use super::ask::{self, Question};
use crate::cli::{AnswerFormat, WhoHasArgs};
use crate::client::Client;
use crate::columns::{number, table};
use crate::exit::Exit;

/// Repositories and versions that a person is shown.
const SHOWN: usize = 10;

/// Asks, and prints the answer.
pub async fn run(args: WhoHasArgs) -> anyhow::Result<Exit> {
    let client = ask::connect(&args.service)?;
    let subject = Subject::read(&args);
    let images = subject.question("images", &args);
    match ask::form(args.format, &args.service) {
        AnswerFormat::Table => show(&client, &subject, &args).await?,
        AnswerFormat::Json => {
            let images = images.with("limit", args.limit);
            println!("{}", images.ask::<serde_json::Value>(&client).await?);
        }
        form => ask::copy(&client, images, form).await?,
    }
    Ok(Exit::Done)
}

/// What is asked for.
enum Subject {
    Vulnerability(String),
    Package,
}

impl Subject {
    fn read(args: &WhoHasArgs) -> Self {
        if args.range.is_none() && is_vulnerability_id(&args.subject) {
            return Subject::Vulnerability(args.subject.clone());
        }
        Subject::Package
    }

    fn question(&self, what: &str, args: &WhoHasArgs) -> Question {
        match self {
            Subject::Vulnerability(id) => {
                Question::new(&format!("v1/vulnerabilities/{id}/{what}"), &args.selection)
            }
            Subject::Package => {
                let question = Question::new(&format!("v1/packages/{what}"), &args.selection)
                    .with("package", &args.subject);
                let question = match &args.range {
                    Some(range) => question.with("range", range),
                    None => question,
                };
                match args.undetermined && what == "images" {
                    true => question.with("undetermined", true),
                    false => question,
                }
            }
        }
    }
}

/// Ids are upper-case words with digits, joined by hyphens; packages are hardly ever called so.
fn is_vulnerability_id(text: &str) -> bool {
    let Some((publisher, rest)) = text.split_once('-') else {
        return false;
    };
    let is_publisher = !publisher.is_empty()
        && publisher
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && publisher.starts_with(|c: char| c.is_ascii_uppercase());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    is_publisher && !rest.is_empty() && rest.chars().all(is_plain)
}

#[derive(Debug, Deserialize)]
struct Images {
    items: Vec<HoldingImage>,
    next_cursor: Option<String>,
    total: ask::Total,
    #[serde(default)]
    undetermined_versions: u64,
}

#[derive(Debug, Deserialize)]
struct HoldingImage {
    image: ask::Image,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(default)]
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    package: String,
    #[serde(default)]
    fixed_versions: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Vulnerability {
    id: String,
    severity: String,
    images: u64,
    images_by_fix: ByFix,
    epss: Option<f64>,
    findings: Vec<KnownFinding>,
}

#[derive(Debug, Deserialize)]
struct ByFix {
    all: u64,
    some: u64,
    none: u64,
}

#[derive(Debug, Deserialize)]
struct KnownFinding {
    #[serde(default)]
    known_exploited: bool,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    items: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Version {
    purl: String,
    images: u64,
    undetermined: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    repository: String,
    images: u64,
}

async fn show(client: &Client, subject: &Subject, args: &WhoHasArgs) -> anyhow::Result<()> {
    let images: Images = subject
        .question("images", args)
        .with("limit", args.limit)
        .ask(client)
        .await?;
    let mut text = match subject {
        Subject::Vulnerability(id) if images.total.count > 0 => {
            let path = format!("v1/vulnerabilities/{id}");
            let detail = Question::new(&path, &args.selection).ask(client).await?;
            describe_vulnerability(&detail)
        }
        Subject::Vulnerability(id) => format!("No image has {id}.\n"),
        Subject::Package => {
            let versions: List<Version> = subject.question("versions", args).ask(client).await?;
            describe_versions(args, &images, &versions.items)
        }
    };
    if images.total.count > 0 {
        let repositories = subject.question("repositories", args);
        let repositories: List<Repository> = repositories.ask(client).await?;
        text.push_str(&describe_repositories(&repositories.items));
        text.push_str(&describe_images(&images));
    }
    print!("{text}");
    Ok(())
}

fn describe_vulnerability(detail: &Vulnerability) -> String {
    let mut text = format!("{}: {}", detail.id, detail.severity);
    if detail
        .findings
        .iter()
        .any(|finding| finding.known_exploited)
    {
        text.push_str(", known to be exploited");
    }
    if let Some(epss) = detail.epss {
        let _ = write!(
            text,
            ", exploited within thirty days with {:.1} %",
            epss * 100.0
        );
    }
    let ByFix { all, some, none } = &detail.images_by_fix;
    let _ = writeln!(
        text,
        "\nimages that have it: {}, of which {} can be fixed, {} in part, {} not yet",
        number(detail.images),
        number(*all),
        number(*some),
        number(*none)
    );
    text
}

fn describe_versions(args: &WhoHasArgs, images: &Images, versions: &[Version]) -> String {
    let range = args
        .range
        .as_deref()
        .map_or(String::new(), |range| format!(" {range}"));
    if versions.is_empty() {
        return format!("No image has {}{range}.\n", args.subject);
    }
    let mut text = format!(
        "images that have {}{range}: {}\n\n",
        args.subject, images.total
    );
    let (unsure, sure): (Vec<_>, Vec<_>) = versions
        .iter()
        .partition(|version| version.undetermined.is_some());
    let rows: Vec<_> = sure
        .iter()
        .take(SHOWN)
        .map(|version| [number(version.images), version.purl.clone()])
        .collect();
    text.push_str(&table([">IMAGES", "PACKAGE"], &rows));
    text.push_str(&rest(sure.len(), "packages"));
    if !unsure.is_empty() && images.undetermined_versions > 0 {
        let _ = writeln!(
            text,
            "{} more packages cannot be compared with the range; --undetermined counts them in",
            number(unsure.len() as u64)
        );
    }
    text
}

fn describe_repositories(repositories: &[Repository]) -> String {
    let rows: Vec<_> = repositories
        .iter()
        .take(SHOWN)
        .map(|counted| [number(counted.images), counted.repository.clone()])
        .collect();
    format!(
        "\n{}{}",
        table([">IMAGES", "REPOSITORY"], &rows),
        rest(repositories.len(), "repositories")
    )
}

fn describe_images(images: &Images) -> String {
    let rows: Vec<_> = images
        .items
        .iter()
        .map(|holding| {
            let packages =
                holding
                    .findings
                    .iter()
                    .map(|finding| match finding.fixed_versions.as_slice() {
                        [] => finding.package.clone(),
                        fixed => format!("{} (fixed: {})", finding.package, fixed.join(", ")),
                    });
            let packages: Vec<String> = holding.packages.iter().cloned().chain(packages).collect();
            [
                holding.image.short_digest(),
                holding.image.name(),
                packages.join(" "),
            ]
        })
        .collect();
    let mut text = format!("\n{}", table(["DIGEST", "IMAGE", "PACKAGES"], &rows));
    if images.next_cursor.is_some() {
        text.push_str("...\nlist every image with --format csv or --format ndjson\n");
    }
    text
}

fn rest(count: usize, what: &str) -> String {
    match count.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("and {} more {what}\n", number(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_packages() {
        for id in [
            "CVE-2021-44228",
            "GHSA-jfh8-c2jp-5v3q",
            "RHSA-2024:1",
            "ALAS2-2024-1",
        ] {
            assert!(is_vulnerability_id(id), "{id}");
        }
        for package in ["log4j-core", "pkg:npm/a", "openssl", "CVE-", "Xorg", "a-1"] {
            assert!(!is_vulnerability_id(package), "{package}");
        }
    }
}
