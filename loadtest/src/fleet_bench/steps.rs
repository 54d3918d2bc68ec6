//! What is measured of one fleet in one store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;
use scanyard_advisory::Database;
use scanyard_assessment::{ActiveAdvisories, Before};
use scanyard_loadtest::fleet::{Fleet, Random, activate, process};
use scanyard_matching::Matcher;
use scanyard_store::Store;
use serde::Serialize;

use super::BenchArgs;
use super::memory;
use super::questions::{self, Probe, Samples};
use crate::timing::Times;

/// Figures of one fleet. Times are in seconds, those of questions in milliseconds.
#[derive(Debug, Default, Serialize)]
pub struct Measured {
    pub store: &'static str,
    pub images: usize,
    pub package_sets: usize,
    pub packages: usize,
    pub writing: f64,
    pub first_rescan: f64,
    pub delta_rescan: f64,
    pub delta_packages: usize,
    pub delta_changes: u64,
    pub delta_summaries: u64,
    /// Matching every image by itself, on one core, from a sample.
    pub one_by_one: f64,
    pub full_rescan: f64,
    pub full_peak_mib: u64,
    pub questions: Vec<Question>,
    /// The first question again, while the full rescan runs.
    pub meanwhile: Option<Question>,
    pub written_bytes: u64,
    pub revision_bytes: u64,
    pub bytes: Vec<(String, u64)>,
}

/// How long a question takes to answer.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    pub name: &'static str,
    pub first: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
}

impl Question {
    fn new(name: &'static str, times: &Times) -> Self {
        Self {
            name,
            first: times.first(),
            p50: times.at(0.5),
            p95: times.at(0.95),
            p99: times.at(0.99),
        }
    }
}

/// A fleet that is measured.
pub struct Measuring<'a> {
    pub measured: Measured,
    fleet: &'a Fleet,
    args: &'a BenchArgs,
    before: &'a Database,
    after: &'a Database,
    samples: Arc<Samples>,
}

impl<'a> Measuring<'a> {
    pub fn new(
        store: &'static str,
        fleet: &'a Fleet,
        args: &'a BenchArgs,
        before: &'a Database,
        after: &'a Database,
    ) -> Self {
        let measured = Measured {
            store,
            images: fleet.images.len(),
            package_sets: fleet.sets.len(),
            packages: fleet.packages.len(),
            ..Measured::default()
        };
        Self {
            measured,
            fleet,
            args,
            before,
            after,
            samples: Arc::new(Samples::take(after, fleet, args.probes)),
        }
    }

    pub async fn time_writing(
        &mut self,
        writing: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        writing.await?;
        self.measured.writing = seconds(began);
        Ok(())
    }

    /// Everything, one after the other.
    pub async fn run(&mut self, store: &(impl Store + Clone)) -> anyhow::Result<()> {
        self.first(store).await?;
        self.delta(store).await?;
        self.questions(store).await?;
        self.full(store).await
    }

    /// From no advisories to the first ones.
    pub async fn first(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        let began = Instant::now();
        let active = activate(store, self.before.clone()).await?;
        process(store, active, Before::Unknown).await?;
        self.measured.first_rescan = seconds(began);
        eprintln!("first rescan: {:.1} s", self.measured.first_rescan);
        Ok(())
    }

    /// From a revision that is ready to the last change that is recorded, and what the same would
    /// take image by image.
    pub async fn delta(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        let began = Instant::now();
        let active = activate(store, self.after.clone()).await?;
        let processed = process(store, active, Before::Other(self.before.clone())).await?;
        let measured = &mut self.measured;
        measured.delta_rescan = seconds(began);
        measured.delta_packages = processed.packages;
        measured.delta_changes = processed.completed.changes;
        measured.delta_summaries = processed.completed.summaries;
        eprintln!(
            "delta rescan: {:.2} s, {processed:?}",
            measured.delta_rescan
        );
        measured.one_by_one = one_by_one(self.after, self.fleet, self.args.sample);
        eprintln!("one by one: {:.0} s", measured.one_by_one);
        Ok(())
    }

    /// Every question, many times.
    pub async fn questions(&mut self, store: &dyn Store) -> anyhow::Result<()> {
        for probe in &questions::PROBES {
            let mut times = Times::default();
            for number in 0..self.args.probes {
                let began = Instant::now();
                ask(probe, store, &self.samples, number).await?;
                times.add(began);
            }
            let question = Question::new(probe.name, &times);
            eprintln!("{question:?}");
            self.measured.questions.push(question);
        }
        Ok(())
    }

    /// Every package is matched again, while somebody asks the first question again and again.
    pub async fn full(&mut self, store: &(impl Store + Clone)) -> anyhow::Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, stopped) = (store.clone(), Arc::clone(&stop));
        let samples = Arc::clone(&self.samples);
        let asking = tokio::spawn(async move {
            let (mut times, mut number) = (Times::default(), 0);
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                ask(&questions::PROBES[0], &asked, &samples, number).await?;
                times.add(began);
                number += 1;
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            anyhow::Ok(times)
        });
        memory::forget_peak();
        let began = Instant::now();
        let revision = store
            .renew_revision()
            .await?
            .context("no revision is in use")?;
        let active = Arc::new(ActiveAdvisories {
            database: self.after.clone(),
            revision,
        });
        process(store, active, Before::Unknown).await?;
        self.measured.full_rescan = seconds(began);
        self.measured.full_peak_mib = memory::peak_mib();
        stop.store(true, Ordering::Relaxed);
        let times = asking.await??;
        self.measured.meanwhile = Some(Question::new(questions::PROBES[0].name, &times));
        let peak = self.measured.full_peak_mib;
        let (took, question) = (self.measured.full_rescan, &self.measured.meanwhile);
        eprintln!("full rescan: {took:.1} s, {peak} MiB, {question:?}");
        Ok(())
    }
}

async fn ask(
    probe: &Probe,
    store: &dyn Store,
    samples: &Samples,
    number: usize,
) -> anyhow::Result<()> {
    (probe.ask)(store, samples, number)
        .await
        .with_context(|| probe.name.to_owned())
}

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

/// How long it takes to match the packages of every image for that image, from a sample.
fn one_by_one(database: &Database, fleet: &Fleet, sample: usize) -> f64 {
    let matcher = Matcher::new(database);
    let mut random = Random::new(1, 50);
    let began = Instant::now();
    for _ in 0..sample {
        let image = &fleet.images[random.below(fleet.images.len())];
        for place in &fleet.sets[image.set].packages {
            let package = &fleet.packages[*place];
            let distro = package.distro.map(|distro| &fleet.distros[distro]);
            std::hint::black_box(matcher.match_package(&package.package, distro));
        }
    }
    seconds(began) * fleet.images.len() as f64 / sample.max(1) as f64
}
