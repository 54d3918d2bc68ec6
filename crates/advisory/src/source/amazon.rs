//! Amazon's advisories, from the `updateinfo.xml` of its repositories.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::SourceError;
use super::collect::{Collector, affected_before, summary, write_unreadable};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use super::xml::{self, Attributes, Met};
use crate::osv::{rate, severity_of_word};
use crate::record::Record;
use crate::record::file::RecordWriter;

pub(super) const FEED: Feed = Feed {
    name: "amazon",
    address: "https://cdn.amazonlinux.com",
    listing: Listing::Repositories(&[
        ("2/core", "2/core/latest/x86_64/mirror.list"),
        ("2/core-aarch64", "2/core/latest/aarch64/mirror.list"),
        ("2023/core", "al2023/core/mirrors/latest/x86_64/mirror.list"),
        (
            "2023/core-aarch64",
            "al2023/core/mirrors/latest/aarch64/mirror.list",
        ),
    ]),
    content: Content::Records(read),
};

fn read(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    let mut collector = Collector::new(FEED.name);
    for file in files.iter().filter(|file| file.name.contains("updateinfo")) {
        let content = file.open().map_err(SourceError::Read)?;
        let mut update = Update::default();
        let walked = xml::walk(content, |met| match met {
            Met::Start("update", _) => update = Update::default(),
            Met::Start(name, attributes) => update.meet(name, &attributes),
            Met::Text(name, text) => update.read_text(name, text),
            Met::End("update") => std::mem::take(&mut update).collect(&mut collector),
            Met::End(_) => {}
        });
        if let Err(error) = walked {
            write_unreadable(&file.name, error, writer)?;
        }
    }
    collector.write(writer)
}

/// One advisory while it is read.
#[derive(Default)]
struct Update {
    id: String,
    title: String,
    severity: String,
    issued: Option<DateTime<Utc>>,
    updated: Option<DateTime<Utc>>,
    cves: Vec<String>,
    packages: Vec<Build>,
}

/// A build that an advisory delivers.
struct Build {
    name: String,
    arch: String,
    version: String,
}

impl Update {
    fn meet(&mut self, name: &str, attributes: &Attributes<'_>) {
        match name {
            "issued" => self.issued = time(&attributes.get("date")),
            "updated" => self.updated = time(&attributes.get("date")),
            "reference" if attributes.get("type") == "cve" => {
                self.cves.push(attributes.get("id"));
            }
            "package" => self.packages.push(Build {
                name: attributes.get("name"),
                arch: attributes.get("arch"),
                version: evr(attributes),
            }),
            _ => {}
        }
    }

    fn read_text(&mut self, name: &str, text: &str) {
        match name {
            "id" => text.clone_into(&mut self.id),
            "title" => text.clone_into(&mut self.title),
            "severity" => text.clone_into(&mut self.severity),
            _ => {}
        }
    }

    fn collect(self, collector: &mut Collector) {
        let Some(ecosystem) = ecosystem(&self.id) else {
            return;
        };
        let record = collector.record(&self.id);
        record.modified = self.updated.or(self.issued).unwrap_or(record.modified);
        record.published = self.issued;
        record.summary = summary(&self.title);
        record.rating = rate(&[], severity_of_word(&self.severity));
        for cve in self.cves {
            if !record.upstream.contains(&cve) {
                record.upstream.push(cve);
            }
        }
        for build in self.packages {
            if build.arch != "src" && !build.name.is_empty() {
                add(record, &ecosystem, &build);
            }
        }
    }
}

/// A build for another architecture of the same version says nothing new, but a version that is
/// delivered for some architectures only is said of those.
fn add(record: &mut Record, ecosystem: &str, build: &Build) {
    let arch = |archs: Vec<String>| ("arch".to_owned(), archs);
    let mut entry = affected_before(ecosystem, &build.name, Some(&build.version));
    let known = record
        .affected
        .iter_mut()
        .find(|known| known.name == entry.name && known.ranges == entry.ranges);
    match known {
        Some(known) => {
            if let Some((_, archs)) = known.specifics.first_mut()
                && !archs.contains(&build.arch)
            {
                archs.push(build.arch.clone());
                archs.sort();
            }
        }
        None => {
            entry.specifics = vec![arch(vec![build.arch.clone()])];
            record.affected.push(entry);
        }
    }
}

/// `ALAS-2018-1` is of Amazon Linux 1, `ALAS2-...` and `ALAS2023-...` say theirs, and
/// `ALAS2DOCKER-...` is of an extra of Amazon Linux 2, a train of its own.
fn ecosystem(id: &str) -> Option<String> {
    let (train, _) = id.strip_prefix("ALAS")?.split_once('-')?;
    let digits = train.bytes().take_while(u8::is_ascii_digit).count();
    let (release, extra) = train.split_at(digits);
    let release = if release.is_empty() { "1" } else { release };
    Some(match extra {
        "" => format!("Amazon Linux:{release}"),
        extra => format!("Amazon Linux:{release}:{}", extra.to_ascii_lowercase()),
    })
}

fn evr(attributes: &Attributes<'_>) -> String {
    let epoch = match attributes.get("epoch") {
        epoch if epoch.is_empty() => "0".to_owned(),
        epoch => epoch,
    };
    let (version, release) = (attributes.get("version"), attributes.get("release"));
    format!("{epoch}:{version}-{release}")
}

/// `2018-01-04 14:27`, with seconds or without, or RFC 3339 without seconds.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim_end_matches('Z');
    [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
    ]
    .into_iter()
    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    .map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::check_records;

    #[test]
    fn builds_of_an_advisory_are_told_by_version_and_architecture() {
        let xml = r#"<?xml version="1.0" ?><updates>
          <update author="linux-security@amazon.com" from="linux-security@amazon.com" status="final" type="security" version="1.4">
            <id>ALAS2-2018-939</id>
            <title>Amazon Linux 2 2017.12 - ALAS2-2018-939: critical priority package update for kernel</title>
            <issued date="2018-01-04 14:27" /><updated date="2018-02-15 22:28" /><severity>critical</severity>
            <description>Package updates are available</description>
            <references><reference href="http://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2017-5754" id="CVE-2017-5754" title="" type="cve" />
              <reference href="https://x" id="RHSA-1" title="" type="redhat" /></references>
            <pkglist><collection short="amazon-linux-2"><name>Amazon Linux 2</name>
              <package arch="x86_64" epoch="0" name="kernel" release="3.78.amzn2" version="4.9.76"><filename>Packages/kernel.rpm</filename></package>
              <package arch="aarch64" epoch="0" name="kernel" release="3.78.amzn2" version="4.9.76"><filename>k</filename></package>
              <package arch="src" epoch="0" name="kernel" release="3.78.amzn2" version="4.9.76"><filename>k</filename></package>
              <package arch="i686" name="kernel-headers" release="3.78.amzn2" version="4.9.76"><filename>k</filename></package>
            </collection></pkglist></update>
          <update type="security"><id>ALAS2DOCKER-2023-001</id><severity>medium</severity><issued date="2023-02-17T01:46Z"/>
            <pkglist><collection short="x"><package arch="x86_64" epoch="1" name="docker" release="1" version="20.10"/></collection></pkglist></update>
        </updates>"#;
        check_records(
            FEED.content,
            &[("2/core/updateinfo.xml.gz", xml), ("2/other/updateinfo.xml", "<updates><update>")],
            "
            ALAS2-2018-939 upstream CVE-2017-5754 critical summary Amazon Linux 2 2017.12 - ALAS2-2018-939: critical priority package update for kernel
              Amazon Linux:2 kernel | 0 to 0:4.9.76-3.78.amzn2 | arch aarch64 x86_64
              Amazon Linux:2 kernel-headers | 0 to 0:4.9.76-3.78.amzn2 | arch i686
            ALAS2DOCKER-2023-001 medium
              Amazon Linux:2:docker docker | 0 to 1:20.10-1 | arch x86_64
            unreadable 2/other/updateinfo.xml
            ",
        );
    }

    #[test]
    fn ids_say_the_release() {
        assert_eq!(ecosystem("ALAS-2018-1").as_deref(), Some("Amazon Linux:1"));
        assert_eq!(
            ecosystem("ALAS2023-2023-001").as_deref(),
            Some("Amazon Linux:2023")
        );
        assert_eq!(ecosystem("RHSA-1"), None);
    }
}
