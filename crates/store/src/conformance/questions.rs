//! Questions across the fleet: that answers are those which one gets image by image.
#![allow(missing_docs, clippy::missing_panics_doc, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scanyard_matching::{Finding, FixState, Status};
use scanyard_package::{Digest, PackageKind, Severity, SourcePackage};

use super::builder::*;
use super::matches::activate;
use crate::*;

pub fn settings() -> StoreSettings {
    StoreSettings::default()
}

const SEVERITIES: [Severity; 4] = [
    Severity::Critical,
    Severity::High,
    Severity::Medium,
    Severity::Low,
];

fn finding(number: u64, severity: Severity) -> Finding {
    let is_fixable = !number.is_multiple_of(3);
    Finding {
        id: format!("CVE-2024-{number}"),
        aliases: vec![format!("GHSA-{number}")],
        advisory: format!("DSA-{number}"),
        status: Status::Affected,
        reason: "before 2.0".to_owned(),
        severity,
        cvss: None,
        severity_source: None,
        urgency: None,
        known_exploited: number.is_multiple_of(5),
        fix_state: if is_fixable {
            FixState::Fixed
        } else {
            FixState::NotFixed
        },
        fixed_versions: Vec::from_iter(is_fixable.then(|| "2.0".to_owned())),
        published: None,
        modified: None,
    }
}

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn page(cursor: Option<String>) -> PageRequest {
    PageRequest { cursor, limit: 3 }
}

/// What follows in each tenant's fleet is known by its images and their sets.
struct Fleet {
    store: Arc<dyn Store>,
    dice: Dice,
    sets: Vec<PackageSet>,
    images: Vec<(TenantId, NewImage, usize)>,
}

impl Fleet {
    fn new(store: Arc<dyn Store>) -> Self {
        let sets = (0..6_u64).map(|number| {
            let names: Vec<String> = (0..5)
                .map(|name| format!("p{}", name * (number + 1) % 11))
                .collect();
            let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            package_set(50 + number, &Vec::from_iter(names))
        });
        Self {
            store,
            dice: Dice(7),
            sets: sets.collect(),
            images: Vec::new(),
        }
    }

    /// A tenant pushes an image of one of the sets.
    async fn push(&mut self, tenant: TenantId) {
        let number = self.images.len() as u64;
        let set = self.dice.roll(self.sets.len() as u64) as usize;
        let layer = 2_000_000 + number;
        let repository = format!("registry.test/team{}/app", number % 3);
        let image = NewImage {
            repository: repository.clone(),
            tag: Some(Tag {
                repository,
                name: format!("v{number}"),
            }),
            labels: BTreeMap::from([("team".to_owned(), format!("t\"{}", number % 2))]),
            ..new_image(number, "", &[layer])
        };
        let scan = create(&*self.store, &new_scan(tenant, "registry.test/app")).await;
        if record(&*self.store, scan, &image).await == Recorded::Waiting {
            catalog(&*self.store, layer).await;
        }
        take_messages(&*self.store).await;
        self.store
            .assemble_image(image.digest, SET, &self.sets[set], &[])
            .await
            .unwrap();
        self.images.push((tenant, image, set));
    }

    async fn push_many(&mut self) {
        for number in 0..24 {
            let tenant = match number % 4 {
                0 => other_tenant(),
                _ => TenantId::DEFAULT,
            };
            self.push(tenant).await;
        }
    }

    /// Matches every package at another revision.
    async fn match_all(&mut self, number: u64) -> i64 {
        let revision = self
            .store
            .activate_revision(digest(number), None)
            .await
            .unwrap()
            .sequence;
        let ids = self.store.concerned_packages(revision, &Concerned::All);
        let packages = self.store.packages(&ids.await.unwrap()).await.unwrap();
        self.say(revision, packages).await;
        let completed = self.store.complete_revision(revision, &Concerned::All);
        assert!(completed.await.unwrap().is_some());
        self.summarize(revision).await;
        revision
    }

    /// Matches what is new since, as whoever assembles an image does.
    async fn match_new(&mut self, revision: i64) {
        for set in self.sets.clone() {
            let packages = self
                .store
                .unmatched_packages(set.digest, revision, 1000)
                .await;
            self.say(revision, packages.unwrap()).await;
        }
        self.summarize(revision).await;
    }

    async fn summarize(&self, revision: i64) {
        self.store
            .refresh_summaries(None, revision, 1000)
            .await
            .unwrap();
    }

    async fn say(&mut self, revision: i64, packages: Vec<StoredPackage>) {
        let mut matched = Vec::new();
        for package in packages {
            let mut findings = BTreeMap::new();
            for _ in 0..3 {
                let number = self.dice.roll(16);
                let severity = SEVERITIES[self.dice.roll(4) as usize];
                findings.insert(number, finding(number, severity));
            }
            matched.push(MatchedPackage {
                id: package.id,
                findings: findings.into_values().collect(),
                coverage: Vec::new(),
                keys: Vec::new(),
            });
        }
        self.store.save_matches(revision, &matched).await.unwrap();
    }

    fn images_of(&self, tenant: TenantId) -> impl Iterator<Item = (&NewImage, &PackageSet)> {
        let own = self
            .images
            .iter()
            .filter(move |(owner, ..)| *owner == tenant);
        own.map(|(_, image, set)| (image, &self.sets[*set]))
    }

    /// Digests of the tenant's images that have such a finding, asked image by image.
    async fn naive(
        &self,
        tenant: TenantId,
        wanted: impl Fn(&NewImage, &Finding) -> bool,
    ) -> BTreeSet<Digest> {
        let mut found = BTreeSet::new();
        for (image, set) in self.images_of(tenant) {
            let findings = self.store.findings_of_set(set.digest).await.unwrap();
            if findings.iter().any(|(_, finding)| wanted(image, finding)) {
                found.insert(image.digest);
            }
        }
        found
    }

    async fn holders(
        &self,
        tenant: TenantId,
        subject: &Subject,
        selection: &Selection,
    ) -> BTreeSet<Digest> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let holders = self
                .store
                .holders(tenant, subject, selection, &page(cursor))
                .await
                .unwrap();
            for holder in &holders.page.items {
                assert!(!holder.packages.is_empty());
                found.push(holder.image.digest);
            }
            cursor = holders.page.next;
            if cursor.is_none() {
                assert_eq!(holders.total, Total::Exact(found.len() as u64));
                break;
            }
        }
        let distinct: BTreeSet<Digest> = found.iter().copied().collect();
        assert_eq!(distinct.len(), found.len(), "each image once");
        distinct
    }

    async fn selected(&self, tenant: TenantId, selection: &Selection) -> BTreeSet<Digest> {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = page(cursor);
            let images = self
                .store
                .select_images(tenant, selection, &page)
                .await
                .unwrap();
            found.extend(images.items.iter().map(|image| image.digest));
            cursor = images.next;
            if cursor.is_none() {
                break;
            }
        }
        let distinct: BTreeSet<Digest> = found.iter().copied().collect();
        assert_eq!(distinct.len(), found.len(), "each image once");
        distinct
    }
}

fn within(bounds: &FindingBounds, finding: &Finding) -> bool {
    bounds
        .min_severity
        .is_none_or(|severity| finding.severity >= severity)
        && (!bounds.is_fixable || finding.fix_state == FixState::Fixed)
        && (!bounds.is_known_exploited || finding.known_exploited)
}

fn all_bounds() -> Vec<FindingBounds> {
    let mut all = Vec::new();
    for min_severity in [None, Some(Severity::High), Some(Severity::Critical)] {
        for is_fixable in [false, true] {
            for is_known_exploited in [false, true] {
                all.push(FindingBounds {
                    min_severity,
                    is_fixable,
                    is_known_exploited,
                    min_probability: None,
                });
            }
        }
    }
    all
}

pub async fn answers_equal_those_counted_image_by_image(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    for number in 901..904 {
        fleet.match_all(number).await;
        for tenant in [TenantId::DEFAULT, other_tenant()] {
            for bounds in all_bounds() {
                compare(&fleet, tenant, bounds).await;
            }
            compare_summary(&fleet, tenant).await;
        }
    }
}

async fn compare(fleet: &Fleet, tenant: TenantId, bounds: FindingBounds) {
    let selection = Selection {
        findings: bounds,
        ..Selection::default()
    };
    let images = fleet
        .naive(tenant, |_, finding| within(&bounds, finding))
        .await;
    if bounds.is_everything() {
        let own = fleet
            .images_of(tenant)
            .map(|(image, _)| image.digest)
            .collect();
        assert_eq!(fleet.selected(tenant, &selection).await, own);
    } else {
        assert_eq!(
            fleet.selected(tenant, &selection).await,
            images,
            "{bounds:?}"
        );
    }
    for number in 0..17 {
        let id = format!("GHSA-{number}");
        let subject = Subject::Vulnerability(id.clone());
        let has = |finding: &Finding| finding.aliases.contains(&id) && within(&bounds, finding);
        let images = fleet.naive(tenant, |_, finding| has(finding)).await;
        assert_eq!(
            fleet.holders(tenant, &subject, &selection).await,
            images,
            "{id} {bounds:?}"
        );
        let detail = fleet
            .store
            .vulnerability(tenant, &id, &selection)
            .await
            .unwrap();
        let count = detail.map_or(0, |detail| {
            let fixes = detail.fixes;
            assert_eq!(fixes.all + fixes.some + fixes.none, detail.images);
            detail.images
        });
        assert_eq!(count, images.len() as u64);
        let repositories = fleet
            .store
            .holders_by_repository(tenant, &subject, &selection, 10)
            .await
            .unwrap();
        let sum: u64 = repositories
            .iter()
            .map(|repository| repository.images)
            .sum();
        assert_eq!(sum, images.len() as u64, "each image is in one repository");
    }
}

async fn compare_summary(fleet: &Fleet, tenant: TenantId) {
    let everything = Selection::default();
    let summary = fleet
        .store
        .summarize_fleet(tenant, &everything)
        .await
        .unwrap();
    let (mut by_worst, mut affected, mut clean) = ([0; 6], [0; 6], 0);
    for (image, _) in fleet.images_of(tenant) {
        let image = fleet
            .store
            .image(tenant, image.digest)
            .await
            .unwrap()
            .unwrap();
        let counts = image.summary.counts.unwrap().affected;
        match counts.iter().position(|count| *count > 0) {
            Some(worst) => by_worst[worst] += 1,
            None => clean += 1,
        }
        for (sum, count) in affected.iter_mut().zip(counts) {
            *sum += u64::from(count);
        }
    }
    assert_eq!(summary.images, fleet.images_of(tenant).count() as u64);
    assert_eq!(
        (summary.by_worst, summary.without_findings),
        (by_worst, clean)
    );
    assert_eq!(summary.findings.affected, affected);
    assert_eq!((summary.unassessed, summary.incomplete), (0, Some(0)));
}

/// Whether an image is within some bounds.
type IsWithin = fn(&NewImage) -> bool;

pub async fn bounds_on_images_compose(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    fleet.match_all(901).await;
    let tenant = TenantId::DEFAULT;
    let label = |value: Option<&str>| {
        Some(LabelBound {
            name: "team".to_owned(),
            value: value.map(str::to_owned),
        })
    };
    let cases: [(ImageBounds, IsWithin); 7] = [
        (
            ImageBounds {
                repository: Some("registry.test/team1/*".to_owned()),
                ..ImageBounds::default()
            },
            |image| image.repository.contains("team1"),
        ),
        (
            ImageBounds {
                repository: Some("registry.test/**".to_owned()),
                label: label(Some("t\"1")),
                ..ImageBounds::default()
            },
            |image| image.labels["team"] == "t\"1",
        ),
        (
            ImageBounds {
                distro: Some("debian".to_owned()),
                label: label(None),
                ..ImageBounds::default()
            },
            |_| true,
        ),
        (
            ImageBounds {
                distro: Some("debian-12".to_owned()),
                repository: Some("**/app".to_owned()),
                ..ImageBounds::default()
            },
            |_| true,
        ),
        (
            ImageBounds {
                distro: Some("debian-1".to_owned()),
                ..ImageBounds::default()
            },
            |_| false,
        ),
        (
            ImageBounds {
                label: label(Some("t")),
                ..ImageBounds::default()
            },
            |_| false,
        ),
        (
            ImageBounds {
                last_seen_before: Some(chrono::DateTime::UNIX_EPOCH),
                ..ImageBounds::default()
            },
            |_| false,
        ),
    ];
    let subject = Subject::Vulnerability("CVE-2024-1".to_owned());
    for (images, is_meant) in cases {
        let selection = Selection {
            images,
            ..Selection::default()
        };
        let meant: BTreeSet<Digest> = fleet
            .images_of(tenant)
            .filter(|(image, _)| is_meant(image))
            .map(|(image, _)| image.digest)
            .collect();
        assert_eq!(
            fleet.selected(tenant, &selection).await,
            meant,
            "{selection:?}"
        );
        let summary = fleet
            .store
            .summarize_fleet(tenant, &selection)
            .await
            .unwrap();
        assert_eq!(summary.images, meant.len() as u64);
        let has =
            |image: &NewImage, finding: &Finding| is_meant(image) && finding.id == "CVE-2024-1";
        let holders = fleet.naive(tenant, has).await;
        assert_eq!(fleet.holders(tenant, &subject, &selection).await, holders);
    }
}

pub async fn packages_are_found_by_their_name_and_that_of_their_source(store: Arc<dyn Store>) {
    let mut set = package_set(50, &["openssl", "libssl3", "zlib1g"]);
    for (_, package) in &mut set.packages {
        if package.name == "libssl3" {
            package.source = Some(SourcePackage {
                name: "openssl".to_owned(),
                version: "3.0".to_owned(),
            });
        }
    }
    assembled_image(&*store, TenantId::DEFAULT, 1, &set).await;
    let found = store
        .packages_named(Some(PackageKind::Deb), "openssl")
        .await
        .unwrap();
    let versions: BTreeSet<(&str, &str)> = found
        .iter()
        .map(|package| (without_type(&package.purl), package.version.as_str()))
        .collect();
    assert_eq!(
        versions,
        BTreeSet::from([("libssl3", "3.0"), ("openssl", "1.0-1")])
    );
    let others = store
        .packages_named(Some(PackageKind::Rpm), "openssl")
        .await;
    assert_eq!(others.unwrap(), []);
    let everything = Selection::default();
    let ids: Vec<PackageId> = found.iter().map(|package| package.id).collect();
    let spread = store.spread_of_packages(TenantId::DEFAULT, &ids, &everything);
    assert_eq!(
        spread
            .await
            .unwrap()
            .iter()
            .map(|(_, images)| images)
            .sum::<u64>(),
        2
    );
    let spread = store.spread_of_packages(other_tenant(), &ids, &everything);
    assert_eq!(spread.await.unwrap(), []);
    let subject = Subject::Packages(ids);
    let holders = store
        .holders(TenantId::DEFAULT, &subject, &everything, &page(None))
        .await
        .unwrap();
    assert_eq!(holders.page.items.len(), 1);
    assert_eq!(holders.page.items[0].packages.len(), 2);
    let names = store
        .search_packages(TenantId::DEFAULT, "SSL", 10)
        .await
        .unwrap();
    let names: Vec<&str> = names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["libssl3", "openssl"]);
    assert_eq!(
        store
            .search_packages(other_tenant(), "ssl", 10)
            .await
            .unwrap(),
        []
    );
}

fn without_type(purl: &str) -> &str {
    let name = purl.rsplit('/').next().unwrap();
    name.split('@').next().unwrap()
}

pub async fn findings_that_are_likely_to_be_exploited_are_told_apart(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    fleet.match_all(901).await;
    let tenant = TenantId::DEFAULT;
    let ids = fleet.store.vulnerability_ids("", 1000).await.unwrap();
    assert!(ids.contains(&"CVE-2024-1".to_owned()));
    let rest = fleet
        .store
        .vulnerability_ids("CVE-2024-1", 2)
        .await
        .unwrap();
    assert_eq!(rest.len(), 2);
    let predictions = [
        ("CVE-2024-1".to_owned(), Some(0.9)),
        ("CVE-2024-2".to_owned(), Some(0.1)),
    ];
    assert_eq!(fleet.store.save_predictions(&predictions).await.unwrap(), 2);
    assert_eq!(fleet.store.save_predictions(&predictions).await.unwrap(), 0);
    for (least, likely) in [
        (0.5, &["CVE-2024-1"][..]),
        (0.05, &["CVE-2024-1", "CVE-2024-2"]),
    ] {
        let selection = Selection {
            findings: FindingBounds {
                min_probability: Some(least),
                ..FindingBounds::default()
            },
            ..Selection::default()
        };
        let images = fleet
            .naive(tenant, |_, finding| likely.contains(&finding.id.as_str()))
            .await;
        assert!(!images.is_empty());
        assert_eq!(fleet.selected(tenant, &selection).await, images);
    }
    let gone = [("CVE-2024-1".to_owned(), None)];
    assert_eq!(fleet.store.save_predictions(&gone).await.unwrap(), 1);
    let detail = fleet
        .store
        .vulnerability(tenant, "CVE-2024-1", &Selection::default())
        .await;
    assert_eq!(detail.unwrap().unwrap().probability, None);
    let detail = fleet
        .store
        .vulnerability(tenant, "GHSA-2", &Selection::default())
        .await;
    assert_eq!(detail.unwrap().unwrap().probability, Some(0.1));
}

pub async fn a_vulnerability_is_found_under_every_id(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push(TenantId::DEFAULT).await;
    let revision = fleet
        .store
        .activate_revision(digest(901), None)
        .await
        .unwrap()
        .sequence;
    let packages = fleet
        .store
        .unmatched_packages(fleet.sets[fleet.images[0].2].digest, revision, 100)
        .await
        .unwrap();
    let purls: BTreeSet<String> = packages
        .iter()
        .map(|package| package.purl.split('@').next().unwrap().to_owned())
        .collect();
    let matched: Vec<_> = packages
        .iter()
        .map(|package| MatchedPackage {
            id: package.id,
            findings: vec![finding(1, Severity::High)],
            coverage: Vec::new(),
            keys: Vec::new(),
        })
        .collect();
    fleet.store.save_matches(revision, &matched).await.unwrap();
    let everything = Selection::default();
    for id in ["CVE-2024-1", "GHSA-1", "DSA-1"] {
        let found = fleet
            .store
            .vulnerability(TenantId::DEFAULT, id, &everything)
            .await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.images, 1);
        let named: BTreeSet<String> = found.findings.into_iter().map(|(purl, _)| purl).collect();
        assert_eq!(named, purls);
        let elsewhere = fleet
            .store
            .vulnerability(other_tenant(), id, &everything)
            .await;
        assert_eq!(elsewhere.unwrap(), None);
    }
    let none = fleet
        .store
        .vulnerability(TenantId::DEFAULT, "Z", &everything)
        .await;
    assert_eq!(none.unwrap(), None);
}

pub async fn pages_hold_every_holder_once(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    fleet.match_all(901).await;
    let subject = Subject::Vulnerability("CVE-2024-1".to_owned());
    let first = PageRequest {
        cursor: None,
        limit: 1,
    };
    let everything = Selection::default();
    let holders = fleet
        .store
        .holders(TenantId::DEFAULT, &subject, &everything, &first)
        .await;
    let holders = holders.unwrap();
    assert!(holders.total.count() > 1);
    // Images that arrive meanwhile move nobody from one page to another.
    let next = holders.page.next.clone();
    let before = fleet
        .holders(TenantId::DEFAULT, &subject, &everything)
        .await;
    fleet.push(TenantId::DEFAULT).await;
    let (mut seen, mut cursor) = (vec![holders.page.items[0].image.digest], next);
    while let Some(place) = cursor {
        let page = PageRequest {
            cursor: Some(place),
            limit: 2,
        };
        let holders = fleet
            .store
            .holders(TenantId::DEFAULT, &subject, &everything, &page)
            .await;
        let page = holders.unwrap().page;
        seen.extend(page.items.iter().map(|holder| holder.image.digest));
        cursor = page.next;
    }
    let distinct: BTreeSet<Digest> = seen.iter().copied().collect();
    assert_eq!(distinct.len(), seen.len());
    assert!(before.is_subset(&distinct));
    let wrong = page(Some("x".to_owned()));
    let refused = fleet
        .store
        .holders(TenantId::DEFAULT, &subject, &everything, &wrong)
        .await;
    assert!(matches!(refused, Err(StoreError::InvalidCursor)));
}

/// What was answered at a moment.
#[derive(Debug, PartialEq)]
struct Answers {
    selected: BTreeSet<Digest>,
    holders: Vec<BTreeSet<Digest>>,
    likely: BTreeSet<Digest>,
    summary: FleetSummary,
    top: Vec<(String, Total)>,
    worst: Vec<Digest>,
    contents: Vec<Option<ImageContent>>,
}

impl Fleet {
    async fn answers(&self, tenant: TenantId, as_of: Option<DateTime<Utc>>) -> Answers {
        let selection = Selection {
            as_of,
            ..Selection::default()
        };
        let mut holders = Vec::new();
        for number in 0..16 {
            let subject = Subject::Vulnerability(format!("GHSA-{number}"));
            holders.push(self.holders(tenant, &subject, &selection).await);
        }
        let exploited = Selection {
            findings: FindingBounds {
                min_severity: Some(Severity::High),
                is_known_exploited: true,
                ..FindingBounds::default()
            },
            ..selection.clone()
        };
        let mut summary = self
            .store
            .summarize_fleet(tenant, &selection)
            .await
            .unwrap();
        summary.incomplete = None;
        let top = self.store.top_vulnerabilities(tenant, &selection, 20).await;
        let all = PageRequest {
            cursor: None,
            limit: 100,
        };
        let worst = self.store.worst_images(tenant, &selection, &all).await;
        let worst = worst.unwrap().items.into_iter();
        let mut contents = Vec::new();
        for (_, image, _) in &self.images {
            let content = self.store.image_content(tenant, image.digest, as_of).await;
            contents.push(content.unwrap());
        }
        // Images that came later are none of this moment.
        contents.retain(Option::is_some);
        let top = top.unwrap().items.into_iter();
        Answers {
            selected: self.selected(tenant, &selection).await,
            holders,
            likely: self.selected(tenant, &exploited).await,
            summary,
            top: top.map(|ranked| (ranked.id, ranked.images)).collect(),
            worst: worst.map(|image| image.digest).collect(),
            contents,
        }
    }
}

pub async fn a_past_moment_is_answered_as_it_was_then(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    let mut recorded = Vec::new();
    for number in 901..905 {
        for _ in 0..6 {
            let tenant = match fleet.dice.roll(3) {
                0 => other_tenant(),
                _ => TenantId::DEFAULT,
            };
            fleet.push(tenant).await;
        }
        if number > 901 {
            let revision = fleet.store.fleet_revision().await.unwrap();
            fleet.match_new(revision).await;
            recorded.push(record_answers(&fleet).await);
        }
        fleet.match_all(number).await;
        recorded.push(record_answers(&fleet).await);
    }
    for (at, answers) in recorded {
        for (tenant, answers) in answers {
            let then = fleet.answers(tenant, Some(at)).await;
            assert_eq!(then, answers, "at {at}");
        }
    }
}

async fn record_answers(fleet: &Fleet) -> (DateTime<Utc>, Vec<(TenantId, Answers)>) {
    let mut answers = Vec::new();
    for tenant in [TenantId::DEFAULT, other_tenant()] {
        answers.push((tenant, fleet.answers(tenant, None).await));
    }
    (Utc::now(), answers)
}

pub async fn changes_since_a_moment_are_those_between_its_answers_and_now(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    fleet.match_all(901).await;
    let since = Utc::now();
    let tenant = TenantId::DEFAULT;
    let before = findings_by_image(&fleet, tenant).await;
    fleet.match_all(902).await;
    let after = findings_by_image(&fleet, tenant).await;
    let everything = Selection::default();
    let changes = fleet
        .store
        .changes_since(tenant, since, &everything, 100)
        .await
        .unwrap();
    assert_eq!((changes.from_revision, changes.to_revision), (1, 2));
    assert!(!changes.vulnerabilities.is_empty() && !changes.is_cut);
    for changed in &changes.vulnerabilities {
        // A vulnerability can be new in one package of an image and gone from another.
        let gained = after
            .difference(&before)
            .filter(|(_, _, id)| *id == changed.id);
        let gained: BTreeSet<Digest> = gained.map(|(image, ..)| *image).collect();
        let lost = before
            .difference(&after)
            .filter(|(_, _, id)| *id == changed.id);
        let lost: BTreeSet<Digest> = lost.map(|(image, ..)| *image).collect();
        assert_eq!(changed.new, gained.len() as u64, "{}", changed.id);
        assert_eq!(changed.fixed, lost.len() as u64, "{}", changed.id);
    }
    let now = fleet
        .store
        .changes_since(tenant, Utc::now(), &everything, 100)
        .await;
    assert_eq!(now.unwrap().vulnerabilities, []);
}

async fn findings_by_image(fleet: &Fleet, tenant: TenantId) -> BTreeSet<(Digest, String, String)> {
    let mut found = BTreeSet::new();
    for (image, set) in fleet.images_of(tenant) {
        let findings = fleet.store.findings_of_set(set.digest).await.unwrap();
        found.extend(
            findings
                .into_iter()
                .map(|(purl, finding)| (image.digest, purl, finding.id)),
        );
    }
    found
}

pub async fn the_worst_images_and_the_commonest_vulnerabilities_come_first(store: Arc<dyn Store>) {
    let mut fleet = Fleet::new(store);
    fleet.push_many().await;
    fleet.match_all(901).await;
    let tenant = TenantId::DEFAULT;
    let everything = Selection::default();
    let (mut counts, mut cursor) = (Vec::new(), None);
    loop {
        let page = page(cursor);
        let images = fleet
            .store
            .worst_images(tenant, &everything, &page)
            .await
            .unwrap();
        counts.extend(
            images
                .items
                .iter()
                .map(|image| image.counts.unwrap().affected),
        );
        cursor = images.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(counts.len(), fleet.images_of(tenant).count());
    assert!(counts.is_sorted_by(|worse, better| worse[..4] >= better[..4]));
    let ranking = fleet
        .store
        .top_vulnerabilities(tenant, &everything, 100)
        .await
        .unwrap();
    assert_eq!(ranking.images, counts.len() as u64);
    assert!(
        ranking
            .items
            .is_sorted_by(|more, less| more.images.count() >= less.images.count())
    );
    for ranked in ranking.items {
        let images = fleet
            .naive(tenant, |_, finding| finding.id == ranked.id)
            .await;
        assert_eq!(
            ranked.images,
            Total::Exact(images.len() as u64),
            "{}",
            ranked.id
        );
    }
}

pub async fn images_are_known_by_the_layers_that_they_begin_with(store: Arc<dyn Store>) {
    let sets = [
        package_set(50, &["a", "b"]),
        package_set(51, &["a"]),
        package_set(52, &["a", "b", "c"]),
    ];
    let push = async |tenant, number, repository: &str, layers: &[u64], set: &PackageSet| {
        let image = NewImage {
            repository: repository.to_owned(),
            tag: Some(Tag {
                repository: repository.to_owned(),
                name: "1".to_owned(),
            }),
            ..new_image(number, "", layers)
        };
        let scan = create(&*store, &new_scan(tenant, repository)).await;
        record(&*store, scan, &image).await;
        store
            .assemble_image(image.digest, SET, set, &[])
            .await
            .unwrap();
    };
    let tenant = TenantId::DEFAULT;
    push(tenant, 1, "r.test/base", &[100, 101], &sets[0]).await;
    push(tenant, 3, "r.test/app", &[100, 101, 103], &sets[2]).await;
    push(tenant, 4, "r.test/other", &[200, 101, 104], &sets[2]).await;
    push(
        other_tenant(),
        5,
        "r.test/theirs",
        &[100, 101, 105],
        &sets[2],
    )
    .await;
    push(tenant, 2, "r.test/base", &[100, 102], &sets[1]).await;
    let revision = activate(&*store, 901).await;
    for set in &sets {
        let packages = store
            .unmatched_packages(set.digest, revision, 9)
            .await
            .unwrap();
        let matched: Vec<_> = packages
            .iter()
            .map(|package| MatchedPackage {
                id: package.id,
                findings: vec![finding(1, Severity::High)],
                coverage: Vec::new(),
                keys: Vec::new(),
            })
            .collect();
        store.save_matches(revision, &matched).await.unwrap();
    }
    store.refresh_summaries(None, revision, 9).await.unwrap();

    let bases = store.base_images(tenant, digest(3)).await.unwrap();
    assert_eq!(bases.len(), 1);
    assert_eq!((bases[0].image.digest, bases[0].layers), (digest(1), 2));
    let newer = bases[0].newer.as_ref().unwrap();
    assert_eq!((newer.digest, newer.fixes, newer.adds), (digest(2), 1, 0));
    assert_eq!(newer.tag.repository, "r.test/base");
    assert_eq!(store.base_images(tenant, digest(4)).await.unwrap(), []);
    assert_eq!(
        store.base_images(other_tenant(), digest(5)).await.unwrap(),
        []
    );
    let built = store
        .images_built_on(tenant, digest(1), &page(None))
        .await
        .unwrap();
    let built: Vec<Digest> = built.items.iter().map(|image| image.digest).collect();
    assert_eq!(built, [digest(3)]);

    let in_app = Selection {
        images: ImageBounds {
            repository: Some("r.test/app".to_owned()),
            ..ImageBounds::default()
        },
        ..Selection::default()
    };
    let plan = store.fix_plan(tenant, &in_app, 10).await.unwrap();
    assert_eq!(
        (plan.images, plan.findings, plan.fixable),
        (1, Total::Exact(3), Total::Exact(3))
    );
    let removed: u64 = plan.steps.iter().map(|step| step.removes.count()).sum();
    assert_eq!(
        (removed, plan.steps.len()),
        (3, 3),
        "one package each, the base among them"
    );
    assert_eq!(plan.steps[0].examples, [digest(3)]);
    let untagged = Selection {
        images: ImageBounds {
            is_untagged: true,
            ..ImageBounds::default()
        },
        ..Selection::default()
    };
    let stale = store
        .select_images(tenant, &untagged, &page(None))
        .await
        .unwrap();
    let stale: Vec<Digest> = stale.items.iter().map(|image| image.digest).collect();
    assert_eq!(stale, [digest(1)]);
}
