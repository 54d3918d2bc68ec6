//! What becomes of the events of a delivery: pushes become scans, deletions take effect at once.
//!
//! An event is a hint. A scan asks the registry what is there and where the tag stands, so events
//! that come twice, late or out of order lead to the same end. Nobody waits for these scans, so they
//! go in the bulk lane, where they never delay a pipeline that waits for its gate; what that asks for
//! meanwhile overtakes them, layers that they share included.

use aws_lc_rs::digest::{Context, SHA256};
use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt, stream};
use scanyard_hooks::{Action, Event, Kind, Received, Target};
use scanyard_oci::Reference;
use scanyard_protocol::Lane;
use scanyard_store::{CreatedScan, NewScan, ScanId, Tag, TenantId};
use scanyard_telemetry::name;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::hook_place::Scope;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;
use crate::submission::check_registry;
use crate::trace_context::TraceContext;

/// Events stored at the same time: together they are a commit or two.
const AT_ONCE: usize = 64;

/// What became of a delivery's events.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = HookReceipt)]
pub struct Receipt {
    /// Pushes that are going to be scanned.
    pub accepted: u32,
    /// Pushes that were told before.
    pub known: u32,
    /// Deletions.
    pub deleted: u32,
    /// What is no image, or not among the repositories that the hook is about.
    pub ignored: u32,
    /// Pushes to registries that may not be asked.
    pub refused: u32,
}

/// Who sent a delivery.
pub struct Sender {
    pub tenant: TenantId,
    pub kind: Kind,
    pub scope: Scope,
}

enum Outcome {
    Accepted,
    Known,
    Deleted,
    Ignored,
    Refused,
}

/// Stores what a delivery told. If it fails half-way, the same delivery can come again.
pub async fn take(
    gateway: &Gateway,
    sender: &Sender,
    received: Received,
    trace: &TraceContext,
) -> Result<Receipt, Problem> {
    let outcomes = stream::iter(received.events)
        .map(|event| take_event(gateway, sender, event, trace))
        .buffered(AT_ONCE);
    let nothing = Receipt {
        ignored: received.ignored,
        ..Receipt::default()
    };
    let receipt = outcomes
        .try_fold(nothing, async |mut receipt: Receipt, outcome| {
            let place = match outcome {
                Outcome::Accepted => &mut receipt.accepted,
                Outcome::Known => &mut receipt.known,
                Outcome::Deleted => &mut receipt.deleted,
                Outcome::Ignored => &mut receipt.ignored,
                Outcome::Refused => &mut receipt.refused,
            };
            *place += 1;
            Ok(receipt)
        })
        .await?;
    count(sender.kind, &receipt);
    Ok(receipt)
}

async fn take_event(
    gateway: &Gateway,
    sender: &Sender,
    event: Event,
    trace: &TraceContext,
) -> Result<Outcome, Problem> {
    let Some(reference) = sender.scope.place(&event) else {
        return Ok(Outcome::Ignored);
    };
    match event.action {
        Action::Push => submit(gateway, sender, &event, &reference, trace).await,
        Action::Delete => delete(gateway, sender.tenant, &event, &reference).await,
    }
}

async fn submit(
    gateway: &Gateway,
    sender: &Sender,
    event: &Event,
    reference: &Reference,
    trace: &TraceContext,
) -> Result<Outcome, Problem> {
    let reference = reference.to_string();
    match check_registry(gateway, sender.tenant, &reference).await {
        Ok(()) => {}
        Err(problem) if problem.code() == Code::RegistryNotAllowed => return Ok(Outcome::Refused),
        Err(problem) => return Err(problem),
    }
    let scan = NewScan {
        id: ScanId(Uuid::now_v7()),
        tenant: sender.tenant,
        idempotency_key: event_key(sender.kind, event, &reference),
        reference,
        platform: None,
        lane: Lane::Bulk,
        traceparent: Some(trace.traceparent().to_owned()),
    };
    Ok(match gateway.store().create_scan(&scan).await? {
        CreatedScan::New(_) => Outcome::Accepted,
        CreatedScan::Existing(_) | CreatedScan::Conflict(_) => Outcome::Known,
    })
}

/// What an event is known by when it comes again: its sender's name for it, or the time at which it
/// happened to this image. Of one that has neither we cannot tell, and look again.
fn event_key(kind: Kind, event: &Event, reference: &str) -> Option<String> {
    let at = event.at.map(|at| at.timestamp_micros().to_string());
    let id = event.id.clone().or(at)?;
    let mut hash = Context::new(&SHA256);
    for part in [kind.name(), &id, reference] {
        hash.update(part.as_bytes());
        hash.update(b"\0");
    }
    Some(format!("hook-{}", hex::encode(hash.finish())))
}

async fn delete(
    gateway: &Gateway,
    tenant: TenantId,
    event: &Event,
    reference: &Reference,
) -> Result<Outcome, Problem> {
    let repository = format!("{}/{}", reference.registry(), reference.repository());
    // A sender whose clock is ahead would delete what is pushed until then, too.
    let now = Utc::now();
    let at = event.at.map_or(now, |at| at.min(now));
    let store = gateway.store();
    match &event.target {
        Target::Tag { name, .. } => {
            let name = name.clone();
            store
                .tag_deleted(tenant, &Tag { repository, name }, at)
                .await?;
        }
        Target::Manifest(digest) => {
            store
                .image_deleted_in_repository(tenant, &repository, *digest, at)
                .await?;
        }
    }
    Ok(Outcome::Deleted)
}

fn count(kind: Kind, receipt: &Receipt) {
    let counts = [
        ("accepted", receipt.accepted),
        ("known", receipt.known),
        ("deleted", receipt.deleted),
        ("ignored", receipt.ignored),
        ("refused", receipt.refused),
    ];
    for (outcome, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        let labels = [("kind", kind.name()), ("outcome", outcome)];
        metrics::counter!(name::HOOK_EVENTS, &labels).increment(u64::from(count));
    }
}
