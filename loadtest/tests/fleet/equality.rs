//! After each of a random sequence of revisions, pushes, retags and deletions, what both stores say
//! of every image is what matching that image by itself says, and what is recorded as changed is
//! what differs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::Utc;
use scanyard_advisory::Database;
use scanyard_assessment::{ActiveAdvisories, Before, match_set};
use scanyard_loadtest::fleet::{
    Fleet, FleetImage, FleetSettings, ImageOutcome, Random, activate, match_image, process,
};
use scanyard_matching::{FixState, Status};
use scanyard_package::{Coverage, Severity};
use scanyard_store::{ImageDetail, SeverityCounts, TenantId};

use crate::records::Records;
use crate::stores::{World, worlds};

const ROUNDS: usize = 6;
const CHANGES: &str = "
    SELECT changes.revision || '|' || packages.purl || '|' || changes.vulnerability || '|'
           || changes.kind || '|' || coalesce(before.severity, '-') || '|'
           || coalesce(after.severity, '-')
    FROM changes
    JOIN packages ON packages.id = changes.package_id
    LEFT JOIN findings AS before ON before.id = changes.finding_before_id
    LEFT JOIN findings AS after ON after.id = changes.finding_after_id
    ORDER BY changes.sequence";

/// What of a finding is news when it changes.
type Said = (Status, Severity, bool, bool);
/// What is said of a vulnerability in a package.
type State = BTreeMap<(String, String), Said>;

struct Run {
    worlds: Vec<World>,
    /// Those that were there from the beginning.
    written: Fleet,
    /// Those that are pushed one after the other.
    pushed: Fleet,
    next_push: usize,
    gone: BTreeSet<usize>,
    random: Random,
    active: Vec<Arc<ActiveAdvisories>>,
}

impl Run {
    async fn start(database: &Database, images: usize, seed: u64) -> Self {
        let settings = FleetSettings {
            packages_per_image: 40,
            bases: Some(12),
            advised: 0.8,
            seed,
            ..FleetSettings::of_images(images)
        };
        let other = FleetSettings {
            images: images / 5,
            seed: seed + 1,
            ..settings.clone()
        };
        let run = Self {
            worlds: worlds().await,
            written: Fleet::generate(database, &settings),
            pushed: Fleet::generate(database, &other),
            next_push: 0,
            gone: BTreeSet::new(),
            random: Random::new(seed, 99),
            active: Vec::new(),
        };
        for world in &run.worlds {
            world.write(&run.written).await;
        }
        run
    }

    async fn activate(&mut self, database: &Database) {
        self.active.clear();
        for world in &self.worlds {
            let active = activate(&*world.store, database.clone()).await.unwrap();
            self.active.push(active);
        }
    }

    async fn process(&self, before: Option<&Database>) {
        for (world, active) in self.worlds.iter().zip(&self.active) {
            let processed = process(&*world.store, active.clone(), before_of(before)).await;
            processed.unwrap();
        }
    }

    /// Scans some of the images that nobody has seen yet.
    async fn push(&mut self, count: usize) {
        for _ in 0..count {
            let sighting = &self.pushed.sightings[self.next_push];
            self.next_push += 1;
            self.scan(&self.pushed, sighting, None).await;
        }
    }

    async fn scan(
        &self,
        fleet: &Fleet,
        sighting: &scanyard_loadtest::fleet::Sighting,
        tag: Option<&str>,
    ) {
        for (place, world) in self.worlds.iter().enumerate() {
            let set = fleet.push(&*world.store, sighting, tag).await.unwrap();
            if let Some(active) = self.active.get(place) {
                match_set(&*world.store, active, set).await.unwrap();
            }
            let digest = fleet.images[sighting.image].digest;
            world.store.finish_scans(digest).await.unwrap();
        }
    }

    /// Moves tags to images that had them once.
    async fn retag(&mut self, count: usize) {
        for _ in 0..count {
            let place = self.random.below(self.written.sightings.len());
            let sighting = &self.written.sightings[place];
            self.gone.remove(&sighting.image);
            self.scan(&self.written, sighting, Some("latest")).await;
        }
    }

    async fn delete(&mut self, count: usize) {
        for _ in 0..count {
            let place = self.random.below(self.written.sightings.len());
            let sighting = &self.written.sightings[place];
            let repository = &self.written.repositories[sighting.repository];
            let digest = self.written.images[sighting.image].digest;
            for world in &self.worlds {
                let deleted = world.store.image_deleted_in_repository(
                    repository.tenant,
                    &repository.name,
                    digest,
                    Utc::now(),
                );
                deleted.await.unwrap();
            }
            self.gone.insert(sighting.image);
        }
    }

    /// The images that are there, and their fleets.
    fn images(&self) -> Vec<(&Fleet, &FleetImage)> {
        let present = |(place, image)| (!self.gone.contains(&place)).then_some(image);
        let written = self.written.images.iter().enumerate().filter_map(present);
        let written = written.map(|image| (&self.written, image));
        let seen = &self.pushed.sightings[..self.next_push];
        let pushed = seen.iter().map(|seen| &self.pushed.images[seen.image]);
        written
            .chain(pushed.map(|image| (&self.pushed, image)))
            .collect()
    }

    /// What a database says of every package that is or was in an image.
    fn state(&self, database: &Database, pushed: usize) -> State {
        let written = self.written.images.iter().map(|i| (&self.written, i.set));
        let seen = &self.pushed.sightings[..pushed];
        let seen = seen.iter().map(|seen| self.pushed.images[seen.image].set);
        let mut state = State::new();
        for (fleet, set) in written.chain(seen.map(|set| (&self.pushed, set))) {
            for (purl, finding) in match_image(database, fleet, &fleet.sets[set]).findings {
                let said = (
                    finding.status,
                    finding.severity,
                    finding.fix_state == FixState::Fixed,
                    finding.known_exploited,
                );
                let known = state.insert((purl, finding.id), said);
                assert!(known.is_none_or(|known| known == said));
            }
        }
        state
    }

    async fn check(&self, database: &Database) {
        for (fleet, image) in self.images() {
            let expected = match_image(database, fleet, &fleet.sets[image.set]);
            for (world, active) in self.worlds.iter().zip(&self.active) {
                let revision = active.revision.sequence;
                check_image(world, image, &expected, revision).await;
            }
        }
        for image in &self.gone {
            let digest = self.written.images[*image].digest;
            for world in &self.worlds {
                let found = world.store.image(TenantId::DEFAULT, digest).await.unwrap();
                assert_eq!(found, None, "{}: it was deleted", world.name());
            }
        }
    }

    /// What differs between two states, of packages that were there before, is what is recorded.
    async fn check_changes(&self, before: &State, after: &State, known: &BTreeSet<String>) {
        let mut expected = BTreeSet::new();
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let (old, new) = (before.get(key), after.get(key));
            let kind = match (old, new) {
                (None, Some(_)) => "new",
                (Some(_), None) => "fixed",
                (Some(old), Some(new)) if old != new => "changed",
                _ => continue,
            };
            if known.contains(&key.0) {
                let severity = |said: Option<&Said>| said.map_or("-", |said| said.1.name());
                let row = [&key.0, &key.1, kind, severity(old), severity(new)];
                expected.insert(row.map(str::to_owned).to_vec());
            }
        }
        for (world, active) in self.worlds.iter().zip(&self.active) {
            let revision = active.revision.sequence.to_string();
            let rows = world.rows(CHANGES).await;
            let rows = rows.into_iter().filter(|row| row[0] == revision);
            let rows: Vec<Vec<String>> = rows.map(|row| row[1..].to_vec()).collect();
            let recorded: BTreeSet<Vec<String>> = rows.iter().cloned().collect();
            assert_eq!(recorded.len(), rows.len(), "each once: {rows:?}");
            assert_eq!(recorded, expected, "{} at {revision}", world.name());
        }
    }

    /// Purls of every package that is or was in an image.
    fn purls(&self) -> BTreeSet<String> {
        let written = self.written.sets.iter().flat_map(|set| &set.packages);
        let written = written.map(|place| &self.written.packages[*place].purl);
        let seen = &self.pushed.sightings[..self.next_push];
        let seen = seen.iter().map(|seen| self.pushed.images[seen.image].set);
        let pushed = seen.flat_map(|set| &self.pushed.sets[set].packages);
        let pushed = pushed.map(|place| &self.pushed.packages[*place].purl);
        written.chain(pushed).cloned().collect()
    }
}

fn before_of(before: Option<&Database>) -> Before {
    before.map_or(Before::Unknown, |before| Before::Other(before.clone()))
}

async fn check_image(world: &World, image: &FleetImage, expected: &ImageOutcome, revision: i64) {
    let store = &world.store;
    let detail = store.image(TenantId::DEFAULT, image.digest).await.unwrap();
    let detail: ImageDetail = detail.unwrap();
    let set = detail.package_set.unwrap();
    let name = format!("{}: {}", world.name(), image.title);
    let mut found = store.findings_of_set(set).await.unwrap();
    let mut wanted = expected.findings.clone();
    for findings in [&mut found, &mut wanted] {
        findings.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
    }
    assert_eq!(found, wanted, "{name}");
    assert_eq!(detail.summary.counts, Some(count(expected)), "{name}");
    let gaps = expected.coverage.len() as u32;
    assert_eq!(detail.summary.coverage_gaps, Some(gaps), "{name}");
    assert_eq!(detail.summary.revision, Some(revision), "{name}");
    let subjects = |coverage: &[Coverage]| {
        let named = coverage.iter().map(|gap| (gap.kind, gap.subject.clone()));
        named.collect::<BTreeSet<_>>()
    };
    let coverage = store.coverage_of_set(set).await.unwrap();
    assert_eq!(subjects(&coverage), subjects(&expected.coverage), "{name}");
}

fn count(outcome: &ImageOutcome) -> SeverityCounts {
    let mut counts = SeverityCounts::default();
    for (_, finding) in &outcome.findings {
        let place = Severity::WORST_FIRST
            .iter()
            .position(|s| *s == finding.severity);
        match finding.status {
            Status::Affected => counts.affected[place.unwrap()] += 1,
            Status::Undetermined => counts.undetermined += 1,
        }
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fleet_is_what_matching_every_image_by_itself_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut records = Records::new(3);
    let mut before = records.compile(directory.path());
    let mut run = Run::start(&before, 150, 3).await;
    run.activate(&before).await;
    run.process(None).await;
    run.check(&before).await;
    for round in 0..ROUNDS {
        run.push(2).await;
        run.retag(2).await;
        run.delete(1).await;
        run.check(&before).await;
        let (known, pushed) = (run.purls(), run.next_push);
        records.edit();
        let mut after = records.compile(directory.path());
        run.activate(&after).await;
        if round % 3 == 1 {
            // A revision that nobody had time for is passed over; its changes are not.
            records.edit();
            after = records.compile(directory.path());
            run.activate(&after).await;
        }
        if round % 2 == 1 {
            // Images that are scanned between two revisions are matched at the later one.
            run.push(1).await;
        }
        run.process(Some(&before)).await;
        run.check(&after).await;
        let states = (run.state(&before, pushed), run.state(&after, run.next_push));
        assert_ne!(
            states.0, states.1,
            "a round that changes nothing tests nothing"
        );
        run.check_changes(&states.0, &states.1, &known).await;
        before = after;
    }
}
