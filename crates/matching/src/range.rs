//! Whether a version lies in a range, by the evaluation algorithm of the OSV schema.
//!
//! Events are walked in version order: `introduced` opens (`0` before every version), `fixed`
//! closes at its version, `last_affected` closes after it, and with any `limit` a version must be
//! before one of them.

use std::cmp::Ordering;

use scanyard_advisory::Event;
use scanyard_version::Version;

use crate::installed::{Installed, Unreadable};

/// One event beside the installed version.
#[derive(Debug, Clone)]
pub(crate) struct Step<'a> {
    pub(crate) event: Event<'a>,
    /// The event's version; `None` for `introduced: 0`, which is before every version.
    version: Option<Version>,
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
        steps.sort_by(order);
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
