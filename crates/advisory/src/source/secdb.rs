//! The security database format of Alpine, which Wolfi and Chainguard share: for each package, the
//! versions that fixed something.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::collect::{Collector, affected_before};
use crate::disposition::Disposition;
use crate::record::Affected;

/// The version that stands for "never affected".
const NEVER: &str = "0";

/// One document.
#[derive(Deserialize)]
pub(super) struct Secdb {
    /// `v3.18`, `edge`; rolling distros have none.
    #[serde(default)]
    pub(super) distroversion: Option<String>,
    /// `main`, `community`.
    #[serde(default)]
    pub(super) reponame: Option<String>,
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    pkg: Pkg,
}

#[derive(Deserialize)]
struct Pkg {
    name: String,
    /// `null` beside a version stands for nothing.
    #[serde(default)]
    secfixes: BTreeMap<String, Option<Vec<String>>>,
}

impl Secdb {
    /// Adds what the document says of a release to records whose ids begin with `prefix`.
    pub(super) fn collect(self, prefix: &str, ecosystem: &str, collector: &mut Collector) {
        for Listed { pkg } in self.packages {
            for (version, fixes) in &pkg.secfixes {
                for fix in fixes.iter().flatten() {
                    let Some(flaw) = Flaw::of(fix) else {
                        continue;
                    };
                    let record = collector.record(&format!("{prefix}-{}", flaw.id));
                    flaw.name(record);
                    let mut entry = entry(ecosystem, &pkg.name, version);
                    if let Some(repository) = &self.reponame {
                        entry
                            .specifics
                            .push(("repository".to_owned(), vec![repository.clone()]));
                    }
                    if !record.affected.contains(&entry) {
                        record.affected.push(entry);
                    }
                }
            }
        }
    }
}

fn entry(ecosystem: &str, name: &str, version: &str) -> Affected {
    if version != NEVER {
        return affected_before(ecosystem, name, Some(version));
    }
    Affected {
        ecosystem: ecosystem.to_owned(),
        name: name.to_owned(),
        disposition: Some(Disposition::NotAffected),
        ..Affected::default()
    }
}

/// A flaw as a maintainer wrote it: `CVE-2018-19967 XSA-282`, `CVE-2019-1 (only the client)`.
struct Flaw<'a> {
    id: &'a str,
    others: Vec<&'a str>,
}

impl<'a> Flaw<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut ids = text
            .split([' ', '/', ','])
            .map(|word| word.trim_matches(['(', ')', ';', '?']))
            .filter(|word| is_id(word));
        Some(Self {
            id: ids.next()?,
            others: ids.collect(),
        })
    }

    fn name(&self, record: &mut crate::record::Record) {
        for id in std::iter::once(&self.id).chain(&self.others) {
            let list = match id.starts_with("CVE-") {
                true => &mut record.upstream,
                false => &mut record.aliases,
            };
            if !list.iter().any(|known| known == id) {
                list.push((*id).to_owned());
            }
        }
    }
}

/// Letters, a dash, and a number somewhere: `CVE-2019-1`, `GHSA-...`, `XSA-282`.
fn is_id(word: &str) -> bool {
    let Some((prefix, rest)) = word.split_once('-') else {
        return false;
    };
    prefix.len() >= 2
        && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
        && rest.bytes().any(|byte| byte.is_ascii_digit())
}
