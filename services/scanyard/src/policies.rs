//! Policies and waivers from files, held against reports.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use scanyard_oci::Source;
use scanyard_policy::{
    Decision, EVALUATION_TIME, Facts, ImageContext, MAX_POLICY, MAX_VEX, MAX_WAIVER_FILE, Outcome,
    Policy, Suppressions, VexDocument, VexIndex, Waiver, decide_within,
};
use scanyard_report::Report;

use crate::exit::{Exit, Failure};

/// The policies in these files.
pub fn read_policies(files: &[PathBuf]) -> anyhow::Result<Vec<Arc<Policy>>> {
    let read = |file: &PathBuf| {
        let text = read_text(file, MAX_POLICY)?;
        let policy = Policy::parse(&text).map_err(|error| {
            Failure::new(
                format!("{}: {error}", file.display()),
                "`scanyard policy test --help` shows a policy",
            )
        })?;
        Ok(Arc::new(policy))
    };
    files.iter().map(read).collect()
}

/// The waivers and statements in these files.
pub fn read_suppressions(waivers: &[PathBuf], vex: &[PathBuf]) -> anyhow::Result<Suppressions> {
    let mut read = Vec::new();
    for file in waivers {
        let text = read_text(file, MAX_WAIVER_FILE)?;
        let more = Waiver::parse_file(&text).map_err(|error| {
            Failure::new(
                format!("{}: {error}", file.display()),
                "`scanyard policy test --help` shows a file of waivers",
            )
        })?;
        read.extend(more);
    }
    let documents = vex.iter().map(|file| read_vex(file));
    Ok(Suppressions {
        waivers: read,
        vex: VexIndex::new(documents.collect::<anyhow::Result<Vec<_>>>()?),
    })
}

fn read_vex(file: &Path) -> anyhow::Result<VexDocument> {
    let content = read_bytes(file, MAX_VEX)?;
    VexDocument::parse(&content).map_err(|error| {
        let remedy = "OpenVEX, CSAF VEX and CycloneDX with `vulnerabilities` are read";
        Failure::new(format!("{}: {error}", file.display()), remedy).into()
    })
}

fn read_text(file: &Path, limit: usize) -> anyhow::Result<String> {
    String::from_utf8(read_bytes(file, limit)?).map_err(|_| {
        let message = format!("{} is no text in UTF-8", file.display());
        Failure::new(message, "check the file").into()
    })
}

/// A file's bytes. One that is larger than the limit is read one byte too far, so that whoever knows
/// the limit refuses it.
pub fn read_bytes(file: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    let read = File::open(file).and_then(|file| {
        let mut content = Vec::new();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        file.take(limit.saturating_add(1))
            .read_to_end(&mut content)?;
        Ok(content)
    });
    read.map_err(|error| {
        let message = format!("cannot read {}: {error}", file.display());
        Failure::new(message, "check the path and its permissions").into()
    })
}

/// What is known of a source beside what is in it.
pub fn context_of(source: &Source) -> ImageContext {
    let repository = match source {
        Source::Registry(reference) => Some(format!(
            "{}/{}",
            reference.registry(),
            reference.repository()
        )),
        Source::OciLayout { dir, .. } => Some(format!("oci:{}", dir.display())),
        Source::OciArchive { file, .. } => Some(format!("oci-archive:{}", file.display())),
        Source::DockerArchive { file, .. } => Some(format!("docker-archive:{}", file.display())),
        Source::Rootfs { .. } | Source::Sbom { .. } => None,
    };
    ImageContext {
        repositories: repository.into_iter().collect(),
        tags: source.tag().map(str::to_owned).into_iter().collect(),
        base_layers: None,
    }
}

/// What is known of the image of a report that came without more.
pub fn context_of_report(report: &Report) -> ImageContext {
    report
        .source
        .parse()
        .map_or_else(|_| ImageContext::default(), |source| context_of(&source))
}

/// What policies say about a report; `None` without policies.
pub fn decide(
    policies: &[Arc<Policy>],
    report: &Report,
    context: &ImageContext,
) -> anyhow::Result<Option<Decision>> {
    if policies.is_empty() {
        return Ok(None);
    }
    let facts = Facts::of(report, context, Utc::now());
    let decided = decide_within(policies.to_vec(), facts, EVALUATION_TIME, ());
    let decision = decided.map_err(|error| {
        Failure::new(
            error.to_string(),
            "ask about less in the rules of the policies",
        )
    })?;
    Ok(Some(decision))
}

/// Says what was decided on standard error, and what that means for the exit code.
pub fn judge(decision: &Decision) -> Exit {
    for policy in decision.policies.iter().filter(|policy| policy.applies) {
        anstream::eprintln!("{}", printable_lines(&policy.describe(false)));
    }
    if !decision.complete {
        let noun = if decision.gaps == 1 { "gap" } else { "gaps" };
        anstream::eprintln!(
            "the policies saw a partial answer: {} {noun}",
            decision.gaps
        );
    }
    exit_of(decision.outcome)
}

/// The exit code of an outcome.
pub fn exit_of(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Pass | Outcome::Warn => Exit::Done,
        Outcome::Undetermined => Exit::Incomplete,
        Outcome::Fail => Exit::GateFailed,
    }
}

/// Lines whose text came from elsewhere, without what could rewrite the terminal.
pub fn printable_lines(text: &str) -> String {
    text.lines()
        .map(crate::exit::printable)
        .collect::<Vec<_>>()
        .join("\n")
}
