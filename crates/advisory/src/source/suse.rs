//! SUSE's VEX documents: for each CVE the products of SUSE and openSUSE, fixed, affected or not.
//!
//! The OSV export has fixes only, so that what never was affected looks forgotten.

use std::collections::BTreeSet;

use super::SourceError;
use super::collect::{affected_before, each_document};
use super::csaf::{Component, Csaf, Vulnerability, purl_name, purl_qualifier};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use crate::disposition::Disposition;
use crate::record::file::RecordWriter;
use crate::record::{Affected, Record};

pub(super) const FEED: Feed = Feed {
    name: "suse",
    address: "https://ftp.suse.com/pub/projects/security",
    listing: Listing::Files(&["csaf-vex.tar.bz2"]),
    content: Content::Records(each),
};

fn each(files: &[FeedFile], writer: &mut RecordWriter) -> Result<(), SourceError> {
    each_document(files, writer, read)
}

fn read(json: &[u8]) -> Result<Option<Record>, String> {
    let document: Csaf = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let Some((cve, vulnerability)) = document.vulnerability() else {
        return Ok(None);
    };
    let mut record = document.record(FEED.name, &format!("SUSE-{cve}"))?;
    record.upstream = vec![cve.to_owned()];
    record.source = Some(format!("https://www.suse.com/security/cve/{cve}"));
    record.affected = affected(&document, vulnerability);
    Ok((!record.affected.is_empty()).then_some(record))
}

/// Product, source package, fixed version, disposition. A fix is listed for every binary package;
/// advisories of SUSE are matched by the source.
type Key = (String, String, Option<String>, Option<Disposition>);

fn affected(document: &Csaf, vulnerability: &Vulnerability) -> Vec<Affected> {
    let products = document.products();
    let status = &vulnerability.product_status;
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    // Of a product that has a fix, the first one counts; where SUSE tells only which version it
    // recommends, that one.
    let fixed = match (status.first_fixed.as_slice(), status.fixed.as_slice()) {
        ([], []) => &status.recommended,
        ([], _) => &status.fixed,
        _ => &status.first_fixed,
    };
    let stated = [
        (fixed, true, None),
        (&status.known_affected, false, None),
        (
            &status.known_not_affected,
            false,
            Some(Disposition::NotAffected),
        ),
        (
            &status.under_investigation,
            false,
            Some(Disposition::UnderInvestigation),
        ),
    ];
    for (ids, is_fixed, disposition) in stated {
        for id in ids {
            let component = products.component(id);
            let source = component
                .as_ref()
                .and_then(|component| source(component, is_fixed));
            if let Some((ecosystem, name, version)) = source {
                keys.insert((ecosystem, name, version, disposition));
            }
        }
    }
    keys.into_iter().map(entry).collect()
}

fn source(component: &Component<'_>, is_fixed: bool) -> Option<(String, String, Option<String>)> {
    let ecosystem = ecosystem(component.platform()?.0)?;
    let purl = component.helper.and_then(|helper| helper.purl.as_deref());
    let (binary, version) = match purl.and_then(purl_name) {
        Some((name, version)) => (name, version.filter(|version| !version.is_empty())),
        None => (component.id.to_owned(), None),
    };
    let upstream = purl.and_then(|purl| purl_qualifier(purl, "upstream"));
    let name = match upstream.as_deref().and_then(source_name) {
        Some(name) => name.to_owned(),
        None => binary,
    };
    match (is_fixed, version) {
        (true, Some(version)) => Some((ecosystem, name, Some(version))),
        (true, None) => None,
        (false, _) => Some((ecosystem, name, None)),
    }
}

/// `curl` of `curl-7.60.0-3.17.1.src.rpm`, and of `curl.src.rpm` where there is no version.
fn source_name(file: &str) -> Option<&str> {
    let build = file
        .strip_suffix(".src.rpm")
        .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
    let mut parts = build.rsplitn(3, '-');
    let (release, version, name) = (parts.next(), parts.next(), parts.next());
    let is_number = |part: Option<&str>| {
        part.is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()))
    };
    match name {
        Some(name) if is_number(version) && is_number(release) => Some(name),
        _ => Some(build),
    }
}

/// Products as the OSV schema names them: `SUSE:Linux Enterprise Server 15 SP5`.
fn ecosystem(product: &str) -> Option<String> {
    if let Some(name) = product.strip_prefix("openSUSE ") {
        return Some(format!("openSUSE:{name}"));
    }
    let name = product.strip_prefix("SUSE ")?;
    Some(format!("SUSE:{name}"))
}

fn entry((ecosystem, name, fixed, disposition): Key) -> Affected {
    let mut entry = affected_before(&ecosystem, &name, fixed.as_deref());
    if disposition.is_some() {
        entry.ranges.clear();
    }
    entry.disposition = disposition;
    entry
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::source_name;
    use crate::source::tests::check_records;

    fn product(id: &str, purl: &str) -> Value {
        json!({"category": "product_version", "name": id, "branches": [],
            "product": {"name": id, "product_id": id, "product_identification_helper": {"purl": purl}}})
    }

    fn part(component: &str, platform: &str) -> Value {
        json!({"category": "default_component_of",
            "full_product_name": {"name": "", "product_id": format!("{platform}:{component}")},
            "product_reference": component, "relates_to_product_reference": platform})
    }

    #[test]
    fn binaries_of_a_fix_are_one_source() {
        let (server, leap) = ("SUSE Linux Enterprise Server 15 SP1", "openSUSE Leap 15.5");
        let text = json!({"document": {"title": "SUSE CVE CVE-2023-38545", "aggregate_severity": {"text": "important"},
            "tracking": {"current_release_date": "2026-08-08T00:10:45Z", "initial_release_date": "2023-10-11T00:00:00Z"}},
          "product_tree": {"branches": [
              product("libcurl4-7.60.0-3.17.1", "pkg:rpm/suse/libcurl4@7.60.0-3.17.1?upstream=curl-7.60.0-3.17.1.src.rpm"),
              product("curl-7.60.0-3.17.1", "pkg:rpm/suse/curl@7.60.0-3.17.1?upstream=curl-7.60.0-3.17.1.src.rpm"),
              product("ntp", "pkg:rpm/suse/ntp@?upstream=ntp.src.rpm")],
            "relationships": [part("libcurl4-7.60.0-3.17.1", server), part("curl-7.60.0-3.17.1", server),
              part("ntp", server), part("ntp", leap)]},
          "vulnerabilities": [{"cve": "CVE-2023-38545", "product_status": {
              "recommended": [format!("{server}:libcurl4-7.60.0-3.17.1"), format!("{server}:curl-7.60.0-3.17.1")],
              "known_not_affected": [format!("{server}:ntp")],
              "known_affected": [format!("{leap}:ntp")]},
            "threats": [{"category": "impact", "details": "important"}]}]});
        check_records(
            super::FEED.content,
            &[("cve-2023-38545.json", &text.to_string())],
            "
            SUSE-CVE-2023-38545 upstream CVE-2023-38545 high summary SUSE CVE CVE-2023-38545
              SUSE:Linux Enterprise Server 15 SP1 curl | 0 to 7.60.0-3.17.1
              SUSE:Linux Enterprise Server 15 SP1 ntp | not affected
              openSUSE:Leap 15.5 ntp | 0 on
            ",
        );
    }

    #[test]
    fn sources_are_named_with_and_without_a_version() {
        assert_eq!(
            source_name("libopenssl-1_1-1.1.1d-11.src.rpm"),
            Some("libopenssl-1_1")
        );
        assert_eq!(
            source_name("kernel-default.nosrc.rpm"),
            Some("kernel-default")
        );
        assert_eq!(source_name("zlib"), None);
    }
}
