//! Oracle's errata, from the OVAL document that holds them all.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::SourceError;
use super::collect::{Collector, affected_before, summary, write_unreadable};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use super::xml::{self, Met};
use crate::osv::{rate, severity_of_word};
use crate::record::Affected;
use crate::record::file::RecordWriter;

pub(super) const FEED: Feed = Feed {
    name: "oracle",
    address: "https://linux.oracle.com/security/oval",
    listing: Listing::Files(&["com.oracle.elsa-all.xml.bz2"]),
    content: Content::Records(read),
};

fn read(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let mut collector = Collector::new(FEED.name);
    for file in files.iter().filter(|file| file.name.contains(".xml")) {
        let content = file.open().map_err(SourceError::Read)?;
        let mut definition = Definition::default();
        let walked = xml::walk(content, |met| match met {
            Met::Start("definition", _) => definition = Definition::default(),
            Met::Start("criteria", _) => definition.open_criteria(),
            Met::Start("criterion", attributes) => definition.test(&attributes.get("comment")),
            Met::Start("issued", attributes) => definition.issued = date(&attributes.get("date")),
            Met::Text(name, text) => definition.read_text(name, text),
            Met::End("criteria") => {
                definition.criteria.pop();
            }
            Met::End("definition") => std::mem::take(&mut definition).collect(&mut collector),
            Met::Start(..) | Met::End(_) => {}
        });
        if let Err(error) = walked {
            write_unreadable(&file.name, error, writer)?;
        }
    }
    collector.write(writer)
}

/// One erratum while it is read.
#[derive(Default)]
struct Definition {
    title: String,
    severity: String,
    issued: Option<DateTime<Utc>>,
    cves: Vec<String>,
    /// What holds within each criteria that is open.
    criteria: Vec<Context>,
    fixes: Vec<(Context, String, String)>,
}

/// What a test is about: everything that the criteria around it demand.
#[derive(Default, Clone, PartialEq, Eq)]
struct Context {
    release: Option<String>,
    arch: Option<String>,
    module: Option<String>,
}

impl Definition {
    fn open_criteria(&mut self) {
        let context = self.criteria.last().cloned().unwrap_or_default();
        self.criteria.push(context);
    }

    /// A test in words: `Oracle Linux 8 is installed`, `Oracle Linux arch is x86_64`, `Module
    /// nodejs:18 is enabled`, `bind-libs is earlier than 30:9.3.3-8.el5`.
    fn test(&mut self, comment: &str) {
        let Some(context) = self.criteria.last_mut() else {
            return;
        };
        if let Some(name) = comment.strip_suffix(" is installed") {
            let release = name.strip_prefix("Oracle Linux ");
            context.release = release.map(str::to_owned).or(context.release.take());
        } else if let Some(arch) = comment.strip_prefix("Oracle Linux arch is ") {
            context.arch = Some(arch.to_owned());
        } else if let Some(module) = comment.strip_suffix(" is enabled") {
            context.module = module.strip_prefix("Module ").map(str::to_owned);
        } else if let Some((name, version)) = comment.split_once(" is earlier than ") {
            let fix = (context.clone(), name.to_owned(), version.to_owned());
            self.fixes.push(fix);
        }
    }

    fn read_text(&mut self, name: &str, text: &str) {
        match name {
            "title" => text.clone_into(&mut self.title),
            "severity" => text.clone_into(&mut self.severity),
            "cve" => self.cves.push(text.to_owned()),
            _ => {}
        }
    }

    fn collect(mut self, collector: &mut Collector) {
        let Some((id, title)) = self.title.split_once(':') else {
            return;
        };
        if !id.starts_with("EL") {
            return;
        }
        let record = collector.record(id);
        record.modified = self.issued.unwrap_or(record.modified);
        record.published = self.issued;
        record.summary = summary(title);
        record.source = Some(format!("https://linux.oracle.com/errata/{id}.html"));
        record.rating = rate(&[], severity_of_word(&self.severity));
        record.upstream.append(&mut self.cves);
        record.upstream.sort();
        record.upstream.dedup();
        for fix in self.fixes {
            add(&mut record.affected, fix);
        }
    }
}

/// The same build for several architectures is one entry that names them.
fn add(entries: &mut Vec<Affected>, (context, name, version): (Context, String, String)) {
    let Some(release) = context.release else {
        return;
    };
    let ecosystem = format!("Oracle Linux:{release}");
    let mut entry = affected_before(&ecosystem, &name, Some(&version));
    if let Some(module) = context.module {
        let module = ("rpm_modularity".to_owned(), vec![module]);
        entry.specifics.push(module);
    }
    let is_same = |known: &&mut Affected| {
        let modules = |entry: &Affected| {
            let specifics = entry.specifics.iter();
            specifics
                .filter(|(name, _)| name != "arch")
                .cloned()
                .collect::<Vec<_>>()
        };
        known.name == entry.name
            && known.ecosystem == entry.ecosystem
            && known.ranges == entry.ranges
            && modules(known) == entry.specifics
    };
    let known = entries.iter_mut().find(is_same);
    match (known, context.arch) {
        (Some(known), Some(arch)) => {
            let mut specifics = known.specifics.iter_mut();
            if let Some((_, archs)) = specifics.find(|(name, _)| name == "arch")
                && !archs.contains(&arch)
            {
                archs.push(arch);
            }
        }
        (Some(_), None) => {}
        (None, arch) => {
            if let Some(arch) = arch {
                entry.specifics.insert(0, ("arch".to_owned(), vec![arch]));
            }
            entries.push(entry);
        }
    }
}

fn date(text: &str) -> Option<DateTime<Utc>> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use crate::source::tests::check_records;

    #[test]
    fn tests_hold_within_the_criteria_around_them() {
        let xml = r#"<oval_definitions xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5"><definitions>
        <definition id="oval:com.oracle.elsa:def:20070057" version="501" class="patch"><metadata>
          <title>
        ELSA-2007-0057:  Moderate: bind security update  (MODERATE)
        </title><affected family="unix"><platform>Oracle Linux 5</platform></affected>
          <reference source="elsa" ref_id="ELSA-2007-0057" ref_url="http://linux.oracle.com/errata/ELSA-2007-0057.html"/>
          <description>[30:9.3.3-8] &amp; more</description><!-- details -->
          <advisory><severity>MODERATE</severity><rights>Copyright</rights><issued date="2007-06-26"/>
            <cve href="http://linux.oracle.com/cve/CVE-2007-0494.html">CVE-2007-0494</cve>
            <cve href="http://linux.oracle.com/cve/CVE-2007-0493.html">CVE-2007-0493</cve></advisory></metadata>
          <criteria operator="AND"><criterion test_ref="t1" comment="Oracle Linux 5 is installed"/>
            <criteria operator="OR">
              <criteria operator="AND"><criterion test_ref="t2" comment="Oracle Linux arch is x86_64"/>
                <criteria operator="AND"><criterion test_ref="t3" comment="bind is earlier than 30:9.3.3-8.el5"/>
                  <criterion test_ref="t4" comment="bind is signed with the Oracle Linux 5 key"/></criteria></criteria>
              <criteria operator="AND"><criterion test_ref="t5" comment="Oracle Linux arch is aarch64"/>
                <criteria operator="AND"><criterion test_ref="t6" comment="bind is earlier than 30:9.3.3-8.el5"/></criteria></criteria>
            </criteria></criteria></definition>
        <definition id="oval:com.oracle.elsa:def:20231" class="patch"><metadata>
          <title>ELSA-2023-1: nodejs:18 security update (IMPORTANT)</title>
          <advisory><severity>IMPORTANT</severity><issued date="2023-04-01"/></advisory></metadata>
          <criteria operator="AND"><criterion comment="Oracle Linux 8 is installed"/><criterion comment="Module nodejs:18 is enabled"/>
            <criteria operator="AND"><criterion comment="nodejs is earlier than 1:18.14.2-2.module+el8.7.0"/></criteria></criteria></definition>
        </definitions><tests><rpminfo_test comment="bind is earlier than 30:9.3.3-8.el5"/></tests></oval_definitions>"#;
        check_records(
            super::FEED.content,
            &[("com.oracle.elsa-all.xml", xml)],
            "
            ELSA-2007-0057 upstream CVE-2007-0493 CVE-2007-0494 medium summary Moderate: bind security update  (MODERATE)
              Oracle Linux:5 bind | 0 to 30:9.3.3-8.el5 | arch x86_64 aarch64
            ELSA-2023-1 high summary nodejs:18 security update (IMPORTANT)
              Oracle Linux:8 nodejs | 0 to 1:18.14.2-2.module+el8.7.0 | rpm_modularity nodejs:18
            ",
        );
    }
}
