//! References that are looked up instead of sent: of images that an earlier version cataloged.

use scanyard_store::{Appended, Bulk, BulkReference, NewBulk, PageRequest, Rejections};

use super::{BATCH, Unfinished, closed};
use crate::problem::Problem;
use crate::state::Gateway;

/// Makes a bulk of a tenant's images that none of these cataloger sets read.
pub async fn collect_outdated(
    gateway: &Gateway,
    bulk: &NewBulk,
    current: &[&str],
) -> Result<Bulk, Problem> {
    let store = gateway.store();
    store.create_bulk(bulk).await?;
    let unfinished = Unfinished {
        gateway: gateway.clone(),
        tenant: bulk.tenant,
        id: bulk.id,
        is_finished: false,
    };
    let mut page = PageRequest {
        cursor: None,
        limit: BATCH as u32,
    };
    loop {
        let found = store.outdated_images(bulk.tenant, current, &page).await?;
        let references: Vec<_> = found
            .items
            .into_iter()
            .map(|reference| BulkReference {
                reference,
                platform: None,
            })
            .collect();
        if !references.is_empty()
            && store.append_references(bulk.id, &references).await? == Appended::Closed
        {
            return Err(closed());
        }
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    let collected = store.end_upload(bulk.id, &Rejections::default()).await?;
    unfinished.finish();
    collected.ok_or_else(closed)
}
