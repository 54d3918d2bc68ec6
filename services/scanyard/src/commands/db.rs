//! `scanyard db`: build, update and describe the advisory database.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{HumanBytes, HumanCount};
use scanyard_advisory::{
    BuildError, EcosystemOutcome, EnrichmentInfo, Info, PUBLIC_SOURCE, SourceInfo,
    UnreadableRecord, UpdateError, UpdateOptions, UpdateProgress,
};
use serde_json::json;

use crate::cli::{DbCommand, Mirror};
use crate::database;
use crate::exit::{Exit, Failure};

/// Runs the command.
pub async fn run(command: DbCommand) -> anyhow::Result<Exit> {
    match command {
        DbCommand::Build { from, output } => build(&from, &output),
        DbCommand::Update { source, mirror, db } => {
            let (source, options) = update_options(source, mirror);
            update(&source, &options, db).await
        }
        DbCommand::Status { db, json, verify } => status(db.as_deref(), json, verify),
    }
}

fn build(from: &Path, output: &Path) -> anyhow::Result<Exit> {
    let report = scanyard_advisory::build(from, output)
        .map_err(|error: BuildError| Failure::of(&error, error.remedy()))?;
    warn_unreadable(&report.info, &report.unreadable);
    println!(
        "{}: {} records, {}, revision {}",
        report.output.display(),
        HumanCount(report.info.records),
        HumanBytes(report.info.bytes),
        report.info.revision,
    );
    Ok(Exit::Done)
}

/// Records that could not be read are said, because what they affect will not be found.
fn warn_unreadable(info: &Info, examples: &[UnreadableRecord]) {
    if info.unreadable == 0 {
        return;
    }
    eprintln!("warning: {} records could not be read", info.unreadable);
    for record in examples.iter().take(5) {
        eprintln!("  {}: {}", record.id, record.reason);
    }
}

/// The address of the export, and what else the update is asked for.
pub fn update_options(sources: Vec<String>, mirrors: Vec<Mirror>) -> (String, UpdateOptions) {
    let (addresses, names): (Vec<_>, Vec<_>) = sources
        .into_iter()
        .partition(|source| source.contains("://"));
    let mirrors = mirrors
        .into_iter()
        .map(|mirror| (mirror.source, mirror.url));
    let options = UpdateOptions {
        sources: names,
        mirrors: mirrors.collect(),
        ..UpdateOptions::default()
    };
    let address = addresses.into_iter().next_back();
    (address.unwrap_or_else(|| PUBLIC_SOURCE.to_owned()), options)
}

async fn update(
    source: &str,
    options: &UpdateOptions,
    db: Option<PathBuf>,
) -> anyhow::Result<Exit> {
    let directory = database::location(db.as_deref());
    let report = scanyard_advisory::update(&directory, source, options, show_progress)
        .await
        .map_err(|error: UpdateError| Failure::of(&error, error.remedy()))?;
    warn_unreadable(&report.info, &report.unreadable);
    let mut failed = Vec::new();
    for ecosystem in &report.ecosystems {
        let name = &ecosystem.ecosystem;
        match &ecosystem.outcome {
            EcosystemOutcome::Unchanged => {}
            EcosystemOutcome::Full { records } => println!("{name}: {records} records"),
            EcosystemOutcome::Incremental { fetched, dropped } => {
                println!("{name}: {fetched} new or changed, {dropped} dropped");
            }
            EcosystemOutcome::Failed { reason } => {
                eprintln!("warning: {name} was not updated: {reason}");
                failed.push(name.as_str());
            }
        }
    }
    let word = if report.changed {
        "updated to"
    } else {
        "is at"
    };
    println!(
        "{} {word} revision {}, {} records",
        directory.display(),
        report.info.revision,
        HumanCount(report.info.records),
    );
    if !failed.is_empty() {
        let message = format!("not updated: {}", failed.join(", "));
        let remedy = "run `scanyard db update` again; what was there before is still in use";
        return Err(Failure::new(message, remedy).into());
    }
    Ok(Exit::Done)
}

fn show_progress(progress: UpdateProgress) {
    match progress {
        UpdateProgress::Fetching {
            ecosystem,
            done,
            total,
        } => {
            eprintln!("[{}/{total}] fetching {ecosystem}", done + 1);
        }
        UpdateProgress::Compiling => eprintln!("compiling"),
    }
}

fn status(db: Option<&Path>, as_json: bool, verify: bool) -> anyhow::Result<Exit> {
    let database = database::open(db)?;
    if verify {
        database
            .verify()
            .map_err(|error| Failure::of(&error, error.remedy()))?;
    }
    let info = database.info();
    if as_json {
        let text = serde_json::to_string_pretty(&to_json(info)).context("cannot write JSON")?;
        println!("{text}");
    } else {
        print!("{}", describe(info, &database::location(db), Utc::now()));
    }
    Ok(Exit::Done)
}

fn to_json(info: &Info) -> serde_json::Value {
    let ecosystems: serde_json::Map<_, _> = info
        .ecosystems
        .iter()
        .map(|(name, records)| (name.clone(), json!(records)))
        .collect();
    let sources = |sources: &[SourceInfo]| -> Vec<_> {
        sources
            .iter()
            .map(|source| json!({"name": source.name, "records": source.records, "newest": source.newest}))
            .collect()
    };
    let facts = |facts: &Option<EnrichmentInfo>| {
        facts
            .as_ref()
            .map(|facts| json!({"entries": facts.entries, "version": facts.version}))
    };
    json!({
        "revision": info.revision.to_string(),
        "date": info.date,
        "age_seconds": info.date.map(|date| (Utc::now() - date).num_seconds()),
        "records": info.records,
        "withdrawn": info.withdrawn,
        "unreadable": info.unreadable,
        "bytes": info.bytes,
        "ecosystems": ecosystems,
        "sources": sources(&info.sources),
        "feeds": sources(&info.feeds),
        "known_exploited": facts(&info.known_exploited),
        "epss": facts(&info.epss),
        "end_of_life": facts(&info.lifecycles),
    })
}

fn describe(info: &Info, location: &Path, now: DateTime<Utc>) -> String {
    let date = match info.date {
        Some(date) => format!(
            "{}, {} old",
            date.format("%Y-%m-%d %H:%M UTC"),
            age(now - date)
        ),
        None => "unknown".to_owned(),
    };
    let mut text = format!(
        "database   {}, {}\nrevision   {}\nnewest     {date}\nrecords    {}, {} of them withdrawn\n",
        location.display(),
        HumanBytes(info.bytes),
        info.revision,
        HumanCount(info.records),
        HumanCount(info.withdrawn),
    );
    if info.unreadable > 0 {
        text += &format!("unreadable {}\n", HumanCount(info.unreadable));
    }
    text += "\necosystems\n";
    for (name, records) in &info.ecosystems {
        text += &format!("  {name:<32} {:>12}\n", HumanCount(*records).to_string());
    }
    for (title, sources) in [
        ("sources", &info.feeds),
        ("records by their ids", &info.sources),
    ] {
        text += &format!("\n{title}\n");
        for source in sources {
            let records = HumanCount(source.records).to_string();
            text += &format!("  {:<32} {records:>12}  {}\n", source.name, newest(source));
        }
    }
    let facts = [
        ("known exploited", &info.known_exploited),
        ("exploit predictions", &info.epss),
        ("ends of releases", &info.lifecycles),
    ];
    for (name, facts) in facts {
        let shown = match facts {
            Some(facts) => format!(
                "{:>12}  {}",
                HumanCount(facts.entries).to_string(),
                facts.version
            ),
            None => format!("{:>12}", "none"),
        };
        text += &format!("  {name:<32} {shown}\n");
    }
    text
}

fn newest(source: &SourceInfo) -> String {
    match source.newest {
        newest if newest == DateTime::UNIX_EPOCH => "undated".to_owned(),
        newest => format!("newest {}", newest.format("%Y-%m-%d")),
    }
}

fn age(age: TimeDelta) -> String {
    match (age.num_days(), age.num_hours()) {
        (0, hours) => format!("{hours} hours"),
        (1, _) => "1 day".to_owned(),
        (days, _) => format!("{days} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_unit_that_matters() {
        assert_eq!(age(TimeDelta::hours(5)), "5 hours");
        assert_eq!(age(TimeDelta::hours(30)), "1 day");
        assert_eq!(age(TimeDelta::days(40)), "40 days");
    }
}
