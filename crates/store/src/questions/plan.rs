//! Which few upgrades remove most findings of many images.
//!
//! A finding of an image goes when its package is upgraded, in whatever image, or when the image is
//! built again on what its base has become. Upgrades are taken one after the other, each time the
//! one that removes most of what is left (greedy cover); it is never far from the best choice.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use scanyard_package::{Digest, PackageKind};
use scanyard_version::compare;

use super::rankings::sample;
use super::scope::resolve;
use super::{LineageFacts, Moment, MovedTag, Scope};
use crate::error::Result;
use crate::stored_finding::decode_finding;
use crate::words::{read_size, without_version};
use crate::{FindingBounds, FixPlan, FixStep, Selection, TenantId, Total, Upgrade};

/// Package sets that are looked into, where there are more.
const SETS: usize = 400;
/// Images that a step names.
const EXAMPLES: usize = 5;
/// Findings of a step whose fixed versions are read.
const VERSIONS: usize = 50;

/// Facts about what can be fixed.
#[async_trait]
pub(crate) trait PlanFacts: LineageFacts {
    /// Set, package and finding of what is affected in these sets.
    async fn affected_in_sets(
        &mut self,
        sets: &[i64],
        bounds: &FindingBounds,
        moment: Moment,
    ) -> Result<Vec<(i64, i64, i64)>>;

    /// Those of these findings that are fixable, with their vulnerabilities.
    async fn fixable(&mut self, findings: &[i64]) -> Result<Vec<(i64, String)>>;

    /// Contents of findings.
    async fn contents(&mut self, findings: &[i64]) -> Result<Vec<String>>;

    /// Purls of packages.
    async fn purls(&mut self, packages: &[i64]) -> Result<Vec<(i64, String)>>;

    /// The package set of an image.
    async fn set_of_image(&mut self, image: i64) -> Result<Option<i64>>;

    /// One image of each of these sets, within the scope.
    async fn an_image_of_each(&mut self, scope: &Scope, sets: &[i64]) -> Result<Vec<(i64, i64)>>;
}

/// A finding of a package in a set, for so many images.
struct Place {
    set: i64,
    package: i64,
    finding: i64,
    weight: u64,
}

/// What the places say.
struct Ground {
    places: Vec<Place>,
    names: HashMap<i64, String>,
    vulnerabilities: HashMap<i64, String>,
}

/// The upgrades that remove most findings of the selected images, at most `limit`.
pub(crate) async fn fix_plan(
    facts: &mut impl PlanFacts,
    tenant: TenantId,
    selection: &Selection,
    limit: u32,
) -> Result<FixPlan> {
    let scope = &resolve(facts, tenant, selection).await?;
    let sets = facts.images_by_set(scope, None).await?;
    let images = sets.iter().map(|(_, images)| read_size(*images)).sum();
    let is_exact = sets.len() <= SETS;
    let total = |count| match is_exact {
        true => Total::Exact(count),
        false => Total::Estimated(count),
    };
    let sets = if is_exact { sets } else { sample(&sets) };
    let ids: Vec<i64> = sets.iter().map(|(set, _)| *set).collect();
    let bounds = &selection.findings;
    let rows = facts.affected_in_sets(&ids, bounds, scope.moment).await?;
    let weights: HashMap<i64, u64> = sets
        .into_iter()
        .map(|(set, images)| (set, read_size(images)))
        .collect();
    let findings = rows.iter().map(|(set, ..)| weights[set]).sum();
    let ground = read_ground(facts, rows, &weights).await?;
    let examples = facts.an_image_of_each(scope, &ids).await?;
    let mut upgrades = package_upgrades(&ground);
    let bases = base_upgrades(facts, scope, bounds, &ground, &examples).await?;
    upgrades.extend(bases);
    let chosen = choose(&ground, upgrades, limit as usize);
    let mut steps = Vec::new();
    for step in chosen {
        steps.push(describe(facts, scope, &ground, &examples, step, total).await?);
    }
    Ok(FixPlan {
        steps,
        findings: total(findings),
        fixable: total(ground.places.iter().map(|place| place.weight).sum()),
        images,
    })
}

async fn read_ground(
    facts: &mut impl PlanFacts,
    rows: Vec<(i64, i64, i64)>,
    weights: &HashMap<i64, u64>,
) -> Result<Ground> {
    let distinct = |ids: HashSet<i64>| Vec::from_iter(ids);
    let findings = distinct(rows.iter().map(|row| row.2).collect());
    let vulnerabilities: HashMap<i64, String> =
        facts.fixable(&findings).await?.into_iter().collect();
    let fixable = rows
        .into_iter()
        .filter(|(.., finding)| vulnerabilities.contains_key(finding));
    let places: Vec<Place> = fixable
        .map(|(set, package, finding)| Place {
            set,
            package,
            finding,
            weight: weights.get(&set).copied().unwrap_or(1),
        })
        .collect();
    let packages = distinct(places.iter().map(|place| place.package).collect());
    let purls = facts.purls(&packages).await?.into_iter();
    Ok(Ground {
        places,
        names: purls
            .map(|(id, purl)| (id, without_version(&purl).to_owned()))
            .collect(),
        vulnerabilities,
    })
}

/// What to upgrade, before its details are read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Candidate {
    Package(String),
    Base(MovedTag),
}

type Upgrades = BTreeMap<Candidate, Vec<usize>>;

fn package_upgrades(ground: &Ground) -> Upgrades {
    let mut upgrades = Upgrades::new();
    for (index, place) in ground.places.iter().enumerate() {
        if let Some(name) = ground.names.get(&place.package) {
            let candidate = Candidate::Package(name.clone());
            upgrades.entry(candidate).or_default().push(index);
        }
    }
    upgrades
}

/// Images that are built on a base whose tag names another image now lose what that one no longer
/// has.
async fn base_upgrades(
    facts: &mut impl PlanFacts,
    scope: &Scope,
    bounds: &FindingBounds,
    ground: &Ground,
    examples: &[(i64, i64)],
) -> Result<Upgrades> {
    let images: Vec<i64> = examples.iter().map(|(_, image)| *image).collect();
    let bases = facts.bases_of_images(scope.tenant, &images).await?;
    let ids: HashSet<i64> = bases.iter().map(|(_, base, _)| *base).collect();
    let mut moved: HashMap<i64, MovedTag> = HashMap::new();
    let ids = Vec::from_iter(ids);
    for tag in facts.moved_tags(scope.tenant, &ids).await? {
        moved.entry(tag.0).or_insert(tag);
    }
    let sets: HashMap<i64, i64> = examples.iter().map(|(set, image)| (*image, *set)).collect();
    // Of several bases of an image, the one that gives most layers.
    let mut built: BTreeMap<i64, HashSet<i64>> = BTreeMap::new();
    let mut placed = HashSet::new();
    for (image, base, _) in bases {
        if moved.contains_key(&base) && placed.insert(image) {
            built.entry(base).or_default().insert(sets[&image]);
        }
    }
    let mut upgrades = Upgrades::new();
    for (base, sets) in built {
        let tag = moved[&base].clone();
        let left = names_in_set(facts, tag.2, bounds).await?;
        let begun = match facts.set_of_image(base).await? {
            Some(set) => names_in_set(facts, set, bounds).await?,
            None => continue,
        };
        let goes = |place: &Place| {
            let name = ground.names.get(&place.package);
            let key =
                name.map(|name| (name.clone(), ground.vulnerabilities[&place.finding].clone()));
            key.is_some_and(|key| begun.contains(&key) && !left.contains(&key))
        };
        let places = ground.places.iter().enumerate();
        let removed: Vec<usize> = places
            .filter(|(_, place)| sets.contains(&place.set) && goes(place))
            .map(|(index, _)| index)
            .collect();
        upgrades.insert(Candidate::Base(tag), removed);
    }
    Ok(upgrades)
}

/// Package names and vulnerabilities of what is fixable in a set.
async fn names_in_set(
    facts: &mut impl PlanFacts,
    set: i64,
    bounds: &FindingBounds,
) -> Result<HashSet<(String, String)>> {
    let rows = facts.affected_in_sets(&[set], bounds, Moment::Now).await?;
    let ground = read_ground(facts, rows, &HashMap::new()).await?;
    let named = ground.places.iter().filter_map(|place| {
        let name = ground.names.get(&place.package)?.clone();
        Some((name, ground.vulnerabilities.get(&place.finding)?.clone()))
    });
    Ok(named.collect())
}

/// A chosen upgrade and what it removes.
struct Chosen {
    candidate: Candidate,
    places: Vec<usize>,
    removes: u64,
}

fn choose(ground: &Ground, mut upgrades: Upgrades, limit: usize) -> Vec<Chosen> {
    let mut is_left = vec![true; ground.places.len()];
    let mut chosen = Vec::new();
    while chosen.len() < limit {
        let effect = |places: &[usize]| -> u64 {
            let left = places.iter().filter(|index| is_left[**index]);
            left.map(|index| ground.places[*index].weight).sum()
        };
        // Of equals the first: the order is that of names.
        let best = upgrades
            .iter()
            .map(|(candidate, places)| (effect(places), candidate))
            .reduce(|best, other| if other.0 > best.0 { other } else { best });
        let Some((removes, candidate)) = best.filter(|(removes, _)| *removes > 0) else {
            break;
        };
        let candidate = candidate.clone();
        let places = upgrades.remove(&candidate).unwrap_or_default();
        let places: Vec<usize> = places.into_iter().filter(|index| is_left[*index]).collect();
        for index in &places {
            is_left[*index] = false;
        }
        chosen.push(Chosen {
            candidate,
            places,
            removes,
        });
    }
    chosen
}

async fn describe(
    facts: &mut impl PlanFacts,
    scope: &Scope,
    ground: &Ground,
    examples: &[(i64, i64)],
    chosen: Chosen,
    total: impl Fn(u64) -> Total,
) -> Result<FixStep> {
    let places = || chosen.places.iter().map(|index| &ground.places[*index]);
    let touched: BTreeMap<i64, u64> = places().map(|place| (place.set, place.weight)).collect();
    let images = touched.values().sum();
    let shown: Vec<i64> = examples
        .iter()
        .filter(|(set, _)| touched.contains_key(set))
        .map(|(_, image)| *image)
        .take(EXAMPLES)
        .collect();
    let upgrade = match chosen.candidate {
        Candidate::Package(name) => {
            let findings: HashSet<i64> = places().map(|place| place.finding).collect();
            let findings: Vec<i64> = findings.into_iter().take(VERSIONS).collect();
            let fixed = fixed_versions(facts, &findings).await?;
            Upgrade::Package {
                fixed_versions: last_of_branches(&name, fixed),
                name,
            }
        }
        Candidate::Base((base, newer, _, repository, name)) => {
            let [from, to] = [base, newer].map(|image| [image]);
            let from = digests(facts, scope, &from).await?;
            let to = digests(facts, scope, &to).await?;
            Upgrade::Base {
                from: from.first().copied(),
                to: to.first().copied(),
                tag: format!("{repository}:{name}"),
            }
        }
    };
    Ok(FixStep {
        upgrade,
        removes: total(chosen.removes),
        images: total(images),
        examples: digests(facts, scope, &shown).await?,
    })
}

async fn fixed_versions(facts: &mut impl PlanFacts, findings: &[i64]) -> Result<Vec<String>> {
    let mut versions = Vec::new();
    for content in facts.contents(findings).await? {
        versions.extend(decode_finding(&content)?.fixed_versions);
    }
    Ok(versions)
}

/// The last fixed version of each major version, in their order: what an upgrade that stays within
/// one has to reach.
fn last_of_branches(name: &str, versions: Vec<String>) -> Vec<String> {
    let kind = name
        .strip_prefix("pkg:")
        .and_then(|rest| rest.split('/').next());
    let scheme = kind
        .and_then(PackageKind::from_purl_type)
        .and_then(|kind| kind.scheme());
    let is_later = |version: &str, than: &str| {
        let order = scheme.and_then(|scheme| compare(scheme, version, than).ok());
        order.unwrap_or_else(|| version.cmp(than)).is_gt()
    };
    // No sort by versions: foreign ones need not have one order.
    let mut last: BTreeMap<(u64, String), String> = BTreeMap::new();
    for version in versions {
        let branch = version.split('.').next().unwrap_or_default();
        let key = (branch.parse().unwrap_or(u64::MAX), branch.to_owned());
        let known = last.entry(key).or_insert_with(|| version.clone());
        if is_later(&version, known) {
            *known = version;
        }
    }
    last.into_values().collect()
}

async fn digests(facts: &mut impl PlanFacts, scope: &Scope, images: &[i64]) -> Result<Vec<Digest>> {
    let images = facts.images(scope.tenant, images).await?;
    Ok(images.into_iter().map(|image| image.digest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fixed_version_of_each_branch_is_named() {
        let versions = ["3.2.9", "3.2.10", "4.1.0", "3.1.7", "10.0"].map(str::to_owned);
        let last = last_of_branches("pkg:pypi/django", versions.to_vec());
        assert_eq!(last, ["3.2.10", "4.1.0", "10.0"]);
    }

    #[test]
    fn what_removes_most_of_what_is_left_comes_first() {
        let places = [(1, 5), (1, 5), (2, 1), (2, 1), (3, 4)].map(|(set, weight)| Place {
            set,
            package: 0,
            finding: 0,
            weight,
        });
        let ground = Ground {
            places: Vec::from(places),
            names: HashMap::new(),
            vulnerabilities: HashMap::new(),
        };
        let named = |name: &str| Candidate::Package(name.to_owned());
        let upgrades = Upgrades::from([
            (named("a"), vec![0, 2]),
            (named("b"), vec![0, 1, 2]),
            (named("c"), vec![3, 4]),
            (named("d"), vec![4]),
        ]);
        let chosen = choose(&ground, upgrades, 10);
        let steps: Vec<_> = chosen
            .iter()
            .map(|step| match &step.candidate {
                Candidate::Package(name) => (name.as_str(), step.removes),
                Candidate::Base(_) => ("base", step.removes),
            })
            .collect();
        assert_eq!(steps, [("b", 11), ("c", 5)]);
    }
}
