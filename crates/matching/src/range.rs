//! Whether a version lies in a range, by the evaluation algorithm of the OSV schema.
//!
//! Events are walked in version order: `introduced` opens (`0` before every version), `fixed`
//! closes at its version, `last_affected` closes after it, and with any `limit` a version must be
//! before one of them.

use crate::sort::sort_by_version;
use std::cmp::Ordering;

use scanyard_advisory::Event;
use scanyard_version::Version;

use crate::installed::{Installed, Unreadable};

/// One event beside the installed version.
#[derive(Debug, Clone)]
pub(crate) struct Step<'a> {
    pub(crate) event: Event<'a>,
    /// The event's version; `None` for `introduced: 0`, which is before every version.
    version: Option<Version<'a>>,
    /// How the installed version compares to the event's.
    pub(crate) installed: Ordering,
}

/// Where an installed version lies in a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// Between an `introduced` and what ends it, if anything does.
    Inside {
        introduced: &'a str,
        end: Option<Event<'a>>,
    },
    /// Nowhere that the range covers.
    Outside,
}

/// The end of a range that begins before every version and ends once, as nearly all do: one
/// comparison tells where a version lies, and nothing has to be put in order.
pub(crate) fn only_end<'a>(mut events: impl Iterator<Item = Event<'a>>) -> Option<Event<'a>> {
    match (events.next(), events.next(), events.next()) {
        (
            Some(Event::Introduced("0")),
            Some(end @ (Event::Fixed(_) | Event::LastAffected(_))),
            None,
        ) => Some(end),
        _ => None,
    }
}

/// Whether a version is before what ends a range.
pub(crate) fn is_before_end(end: Event<'_>, installed: &Installed<'_>) -> Result<bool, Unreadable> {
    let (_, order) = installed.compare(text(end))?;
    Ok(match end {
        Event::LastAffected(_) => order.is_le(),
        _ => order.is_lt(),
    })
}

/// Compares a version with every event of a range, and puts the events in version order.
pub(crate) fn compare_events<'a>(
    events: impl Iterator<Item = Event<'a>>,
    installed: &Installed<'_>,
) -> Result<Vec<Step<'a>>, Unreadable> {
    let mut steps = Vec::with_capacity(2);
    for event in events {
        let Some(step) = compare_event(event, installed)? else {
            continue;
        };
        steps.push(step);
    }
    if !steps.is_sorted_by(|l: &Step<'_>, r: &Step<'_>| order(l, r).is_le()) {
        sort_by_version(&mut steps, order);
    }
    Ok(steps)
}

/// `None` for the limit `*`, which limits nothing.
fn compare_event<'a>(
    event: Event<'a>,
    installed: &Installed<'_>,
) -> Result<Option<Step<'a>>, Unreadable> {
    let (version, installed) = match event {
        Event::Introduced("0") => (None, Ordering::Greater),
        Event::Limit("*") => return Ok(None),
        _ => {
            let (version, order) = installed.compare(text(event))?;
            (Some(version), order)
        }
    };
    Ok(Some(Step {
        event,
        version,
        installed,
    }))
}

/// The version that an event names.
pub(crate) fn text(event: Event<'_>) -> &str {
    match event {
        Event::Introduced(version)
        | Event::Fixed(version)
        | Event::LastAffected(version)
        | Event::Limit(version) => version,
    }
}

/// By version; at the same version as published, but `last_affected` after what it ends.
fn order(left: &Step<'_>, right: &Step<'_>) -> Ordering {
    let by_version = match (&left.version, &right.version) {
        (Some(l), Some(r)) => l.compare(r).unwrap_or(Ordering::Equal),
        (l, r) => l.is_some().cmp(&r.is_some()),
    };
    let ends_late = |step: &Step<'_>| matches!(step.event, Event::LastAffected(_));
    by_version.then_with(|| ends_late(left).cmp(&ends_late(right)))
}

/// Walks steps in order and says where the installed version ends up.
pub(crate) fn locate<'a>(steps: &[Step<'a>]) -> Place<'a> {
    if is_beyond_limits(steps) {
        return Place::Outside;
    }
    let mut opened = None;
    for (index, step) in steps.iter().enumerate() {
        match step.event {
            Event::Introduced(version) if step.installed.is_ge() => opened = Some((version, index)),
            Event::Fixed(_) if step.installed.is_ge() => opened = None,
            Event::LastAffected(_) if step.installed.is_gt() => opened = None,
            _ => {}
        }
    }
    let Some((introduced, index)) = opened else {
        return Place::Outside;
    };
    let end = steps[index..]
        .iter()
        .map(|step| step.event)
        .find(|event| matches!(event, Event::Fixed(_) | Event::LastAffected(_)));
    Place::Inside { introduced, end }
}

fn is_beyond_limits(steps: &[Step<'_>]) -> bool {
    let mut limits = steps
        .iter()
        .filter(|step| matches!(step.event, Event::Limit(_)))
        .peekable();
    limits.peek().is_some() && limits.all(|limit| limit.installed.is_ge())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scanyard_version::Scheme;

    use super::*;

    const HIGHEST: u32 = 6;

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Kind {
        Introduced,
        Fixed,
        LastAffected,
        Limit,
    }

    fn event(kind: Kind, version: &str) -> Event<'_> {
        match kind {
            Kind::Introduced => Event::Introduced(version),
            Kind::Fixed => Event::Fixed(version),
            Kind::LastAffected => Event::LastAffected(version),
            Kind::Limit => Event::Limit(version),
        }
    }

    fn is_inside(events: &[(Kind, String)], version: u32) -> bool {
        let text = version.to_string();
        let installed = Installed::new(Some(Scheme::Semver), &text);
        let events = events.iter().map(|(kind, version)| event(*kind, version));
        let steps = compare_events(events, &installed).expect("numbers compare");
        locate(&steps) != Place::Outside
    }

    /// Walks every version there is, and lets the events happen as it comes by.
    fn enumerate(events: &[(Kind, String)]) -> Vec<bool> {
        let at = |kind: Kind, version: u32| {
            events
                .iter()
                .any(|(k, v)| *k == kind && *v == version.to_string())
        };
        let limit = events
            .iter()
            .filter(|(kind, _)| *kind == Kind::Limit)
            .map(|(_, version)| version.parse::<u32>().unwrap_or(u32::MAX))
            .max();
        let mut open = false;
        let mut inside = Vec::new();
        for version in 0..=HIGHEST {
            for (kind, at) in events {
                if *at == version.to_string() {
                    match kind {
                        Kind::Introduced => open = true,
                        Kind::Fixed => open = false,
                        Kind::LastAffected | Kind::Limit => {}
                    }
                }
            }
            inside.push(open && limit.is_none_or(|limit| version < limit));
            if at(Kind::LastAffected, version) {
                open = false;
            }
        }
        inside
    }

    fn events() -> impl Strategy<Value = Vec<(Kind, String)>> {
        let kind = prop_oneof![
            3 => Just(Kind::Introduced),
            3 => Just(Kind::Fixed),
            2 => Just(Kind::LastAffected),
            1 => Just(Kind::Limit),
        ];
        // Zero is left to the event that means "before every version".
        let one = (kind, 1..HIGHEST).prop_map(|(kind, version)| (kind, version.to_string()));
        (any::<bool>(), prop::collection::vec(one, 0..7)).prop_map(|(from_zero, mut events)| {
            if from_zero {
                events.insert(0, (Kind::Introduced, "0".to_owned()));
            }
            events
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn ranges_hold_what_walking_all_versions_finds(events in events()) {
            for (version, expected) in enumerate(&events).into_iter().enumerate() {
                let version = version as u32;
                prop_assert_eq!(is_inside(&events, version), expected, "{} in {:?}", version, events);
            }
        }
    }

    #[test]
    fn the_limit_star_limits_nothing() {
        let events = [
            (Kind::Introduced, "0".to_owned()),
            (Kind::Limit, "*".to_owned()),
        ];
        assert!(is_inside(&events, 5));
    }

    #[test]
    fn zero_is_before_versions_that_sort_before_zero() {
        let installed = Installed::new(Some(Scheme::Semver), "0.0.0-alpha");
        let steps = compare_events([Event::Introduced("0")].into_iter(), &installed).unwrap();
        assert!(matches!(locate(&steps), Place::Inside { .. }));
    }

    #[test]
    fn what_ends_a_range_is_the_first_end_after_the_version() {
        let installed = Installed::new(Some(Scheme::Semver), "2.5.0");
        let events = [
            Event::Fixed("3.0.0"),
            Event::Introduced("2.0.0"),
            Event::Introduced("1.0.0"),
            Event::Fixed("1.5.0"),
        ];
        let steps = compare_events(events.into_iter(), &installed).unwrap();
        let place = Place::Inside {
            introduced: "2.0.0",
            end: Some(Event::Fixed("3.0.0")),
        };
        assert_eq!(locate(&steps), place);
    }
}
