//! Red Hat's VEX documents: for each CVE every product, fixed or not, with what was decided.
//!
//! Only Red Hat Enterprise Linux in its lanes is kept: images are built from it, and other products
//! ship in images of their own. An entry whose architecture is `src` is about the source package;
//! what is not fixed is named by it.

use std::collections::{BTreeMap, HashMap};

use super::SourceError;
use super::collect::{affected_before, each_document};
use super::csaf::{Component, Csaf, Vulnerability, purl_qualifier};
use super::feed::{Content, Feed, Listing};
use super::feed_file::FeedFile;
use crate::disposition::Disposition;
use crate::record::file::RecordWriter;
use crate::record::{Affected, Record};

pub(super) const FEED: Feed = Feed {
    name: "redhat",
    address: "https://security.access.redhat.com/data/csaf/v2/vex",
    listing: Listing::Pointer("archive_latest.txt"),
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
    let mut record = document.record(FEED.name, &format!("REDHAT-{cve}"))?;
    record.upstream = vec![cve.to_owned()];
    let year = cve.split('-').nth(1).unwrap_or_default();
    let file = cve.to_ascii_lowercase();
    record.source = Some(format!("{}/{year}/{file}.json", FEED.address));
    record.affected = affected(&document, vulnerability);
    Ok((!record.affected.is_empty()).then_some(record))
}

/// What tells entries apart; that builds for several architectures are fixed alike is said once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    ecosystem: String,
    name: String,
    module: Option<String>,
    is_source: bool,
    fixed: Option<String>,
    disposition: Option<Disposition>,
}

fn affected(document: &Csaf, vulnerability: &Vulnerability) -> Vec<Affected> {
    let products = document.products();
    let decided = decisions(vulnerability);
    let status = &vulnerability.product_status;
    let mut keys = BTreeMap::new();
    let stated = [
        (&status.fixed, None),
        (&status.known_affected, None),
        (&status.known_not_affected, Some(Disposition::NotAffected)),
        (
            &status.under_investigation,
            Some(Disposition::UnderInvestigation),
        ),
    ];
    for (ids, disposition) in stated {
        for id in ids {
            let Some(component) = products.component(id) else {
                continue;
            };
            let disposition = disposition.or_else(|| decided.get(id.as_str()).copied());
            if let Some(key) = key(&component, disposition) {
                keys.insert(key, ());
            }
        }
    }
    keys.into_keys().map(entry).collect()
}

/// What was decided of products that are not fixed.
fn decisions(vulnerability: &Vulnerability) -> HashMap<&str, Disposition> {
    let mut decided = HashMap::new();
    for remediation in &vulnerability.remediations {
        let details = remediation.details.to_ascii_lowercase();
        let disposition = match remediation.category.as_str() {
            "no_fix_planned" if details.contains("out of support") => Disposition::EndOfLife,
            "no_fix_planned" => Disposition::WillNotFix,
            "none_available" if details.contains("deferred") => Disposition::FixDeferred,
            _ => continue,
        };
        let ids = remediation.product_ids.iter();
        decided.extend(ids.map(|id| (id.as_str(), disposition)));
    }
    decided
}

fn key(component: &Component<'_>, disposition: Option<Disposition>) -> Option<Key> {
    let (_, platform) = component.platform()?;
    let ecosystem = ecosystem(platform?.cpe.as_deref()?)?;
    let purl = component.helper.and_then(|helper| helper.purl.as_deref());
    let named = Named::of(component.id);
    // The labels of modules stand in several places, depending on when the document was made.
    let module = purl
        .and_then(|purl| purl_qualifier(purl, "rpmmod"))
        .or_else(|| named.module.map(str::to_owned))
        .or_else(|| {
            let mut parents = component.parents.iter();
            let module = |helper: &super::csaf::Helper| {
                let purl = helper.purl.as_deref()?.strip_prefix("pkg:rpmmod/")?;
                let (_, label) = purl.rsplit_once('/')?;
                Some(label.replace('@', ":"))
            };
            parents.find_map(|(_, helper)| module((*helper)?))
        })
        .and_then(|label| stream(&label));
    let is_fixed = named.evr.is_some();
    let arch = named.arch.map(str::to_owned);
    let arch = arch.or_else(|| purl.and_then(|purl| purl_qualifier(purl, "arch")));
    let is_source = match (is_fixed, arch.as_deref()) {
        // The source package of a fix is never installed; its binaries are listed beside it.
        (true, Some("src")) => return None,
        (true, _) => false,
        (false, arch) => arch.is_none_or(|arch| arch == "src"),
    };
    if named.name.ends_with("-debuginfo") || named.name.ends_with("-debugsource") {
        return None;
    }
    Some(Key {
        ecosystem,
        name: named.name.to_owned(),
        module,
        is_source,
        fixed: named.evr.map(str::to_owned),
        disposition,
    })
}

/// `Red Hat:enterprise_linux:9::appstream` of `cpe:/a:redhat:enterprise_linux:9::appstream`.
fn ecosystem(cpe: &str) -> Option<String> {
    let product = cpe
        .strip_prefix("cpe:/o:redhat:")
        .or_else(|| cpe.strip_prefix("cpe:/a:redhat:"))?;
    let is_rhel = product.starts_with("enterprise_linux:") || product.starts_with("rhel_");
    is_rhel.then(|| format!("Red Hat:{product}"))
}

/// `nodejs:18` of `nodejs:18:8090020231113130500:a75119d5`.
fn stream(label: &str) -> Option<String> {
    let mut parts = label.split(':');
    let (name, stream) = (parts.next()?, parts.next()?);
    Some(format!("{name}:{stream}"))
}

/// A component as its product id names it.
struct Named<'a> {
    name: &'a str,
    evr: Option<&'a str>,
    arch: Option<&'a str>,
    module: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// `samba-client-0:4.15.5-111.el9_0.aarch64`, the same with `::nodejs:18` behind it, `samba`,
    /// or `nodejs:18/nodejs`.
    fn of(id: &'a str) -> Self {
        let (id, module) = match id.split_once("::") {
            Some((id, module)) => (id, Some(module)),
            None => (id, None),
        };
        Self::of_build(id, module).unwrap_or_else(|| {
            let (module, name) = match id.split_once('/') {
                Some((left, name)) if left.contains(':') => (Some(left), name),
                _ => (module, id),
            };
            Self {
                name,
                evr: None,
                arch: None,
                module,
            }
        })
    }

    fn of_build(id: &'a str, module: Option<&'a str>) -> Option<Self> {
        let (build, arch) = id.rsplit_once('.')?;
        let (rest, _release) = build.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let (epoch, _) = version.split_once(':')?;
        let is_epoch = !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit());
        is_epoch.then(|| Self {
            name,
            evr: build.get(name.len() + 1..),
            arch: Some(arch),
            module,
        })
    }
}

fn entry(key: Key) -> Affected {
    let mut entry = affected_before(&key.ecosystem, &key.name, key.fixed.as_deref());
    let says_no_version = matches!(
        key.disposition,
        Some(Disposition::NotAffected | Disposition::UnderInvestigation)
    );
    if says_no_version {
        entry.ranges.clear();
    }
    entry.disposition = key.disposition;
    if key.is_source {
        let source = ("arch".to_owned(), vec!["src".to_owned()]);
        entry.specifics.push(source);
    }
    if let Some(module) = key.module {
        let module = ("rpm_modularity".to_owned(), vec![module]);
        entry.specifics.push(module);
    }
    entry
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::source::tests::check_records;

    fn product(id: &str, helper: Value) -> Value {
        json!({"category": "product_name", "name": id,
            "product": {"name": id, "product_id": id, "product_identification_helper": helper}})
    }

    fn part(component: &str, platform: &str) -> Value {
        json!({"category": "default_component_of",
            "full_product_name": {"name": "", "product_id": format!("{platform}:{component}")},
            "product_reference": component, "relates_to_product_reference": platform})
    }

    fn document(branches: Vec<Value>, parts: Vec<Value>, vulnerability: Value) -> String {
        json!({"document": {"title": "samba: truncation", "category": "csaf_vex",
            "aggregate_severity": {"text": "moderate"},
            "tracking": {"id": "CVE-2023-4091", "initial_release_date": "2023-10-10T00:00:00+00:00",
              "current_release_date": "2023-10-31T10:05:15+00:00"}},
          "product_tree": {"branches": [{"category": "vendor", "name": "Red Hat", "branches": branches}],
            "relationships": parts},
          "vulnerabilities": [vulnerability]})
        .to_string()
    }

    #[test]
    fn products_are_read_with_lanes_modules_and_decisions() {
        let client = "samba-client-0:4.15.5-111.el9_0.aarch64";
        let node = "nodejs-1:18.18.2-2.module+el8.9.0+20439.x86_64";
        let module = "nodejs:18:8090020231113130500:a75119d5";
        let text = document(
            vec![
                product(
                    "red_hat_enterprise_linux_6",
                    json!({"cpe": "cpe:/o:redhat:enterprise_linux:6"}),
                ),
                product(
                    "red_hat_enterprise_linux_8",
                    json!({"cpe": "cpe:/o:redhat:enterprise_linux:8"}),
                ),
                product(
                    "BaseOS-9.0.0.Z.EUS",
                    json!({"cpe": "cpe:/o:redhat:rhel_eus:9.0::baseos"}),
                ),
                product(
                    "AppStream-8.9",
                    json!({"cpe": "cpe:/a:redhat:enterprise_linux:8::appstream"}),
                ),
                product("storage_3", json!({"cpe": "cpe:/a:redhat:storage:3"})),
                product(
                    client,
                    json!({"purl": "pkg:rpm/redhat/samba-client@4.15.5-111.el9_0?arch=aarch64"}),
                ),
                product(
                    module,
                    json!({"purl": "pkg:rpmmod/redhat/nodejs@18:8090020231113130500:a75119d5"}),
                ),
            ],
            vec![
                part(client, "BaseOS-9.0.0.Z.EUS"),
                part("samba-0:4.15.5-111.el9_0.src", "BaseOS-9.0.0.Z.EUS"),
                part(module, "AppStream-8.9"),
                part(node, &format!("AppStream-8.9:{module}")),
                part("samba", "red_hat_enterprise_linux_6"),
                part("samba4", "red_hat_enterprise_linux_8"),
                part("nodejs:16/nodejs", "red_hat_enterprise_linux_8"),
                part("samba", "storage_3"),
            ],
            json!({"cve": "CVE-2023-4091",
              "product_status": {
                "fixed": [format!("BaseOS-9.0.0.Z.EUS:{client}"), "BaseOS-9.0.0.Z.EUS:samba-0:4.15.5-111.el9_0.src",
                    format!("AppStream-8.9:{module}:{node}")],
                "known_affected": ["red_hat_enterprise_linux_6:samba", "storage_3:samba",
                    "red_hat_enterprise_linux_8:nodejs:16/nodejs", "unheard:of"],
                "known_not_affected": ["red_hat_enterprise_linux_8:samba4"]},
              "remediations": [
                {"category": "no_fix_planned", "details": "Out of support scope", "product_ids": ["red_hat_enterprise_linux_6:samba"]},
                {"category": "none_available", "details": "Fix deferred", "product_ids": ["red_hat_enterprise_linux_8:nodejs:16/nodejs"]}],
              "scores": [{"cvss_v3": {"vectorString": "CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:U/C:N/I:H/A:H", "baseScore": 6.8}, "products": []}],
              "threats": [{"category": "impact", "details": "Moderate"}]}),
        );
        let empty = document(Vec::new(), Vec::new(), json!({"cve": "CVE-2023-4091"}));
        check_records(
            super::FEED.content,
            &[("2023/cve-2023-4091.json", &text), ("2023/cve-1.json", &empty), ("2023/cve-2.json", "{}"), ("changes.csv", "")],
            "
            REDHAT-CVE-2023-4091 upstream CVE-2023-4091 medium summary samba: truncation
              Red Hat:enterprise_linux:6 samba | 0 on | end of life | arch src
              Red Hat:enterprise_linux:8 nodejs | 0 on | fix deferred | arch src | rpm_modularity nodejs:16
              Red Hat:enterprise_linux:8 samba4 | not affected | arch src
              Red Hat:enterprise_linux:8::appstream nodejs | 0 to 1:18.18.2-2.module+el8.9.0+20439 | rpm_modularity nodejs:18
              Red Hat:rhel_eus:9.0::baseos samba-client | 0 to 0:4.15.5-111.el9_0
            unreadable cve-2
            ",
        );
    }
}
