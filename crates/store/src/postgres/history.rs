//! What happened to an image.

use chrono::{DateTime, Utc};
use scanyard_package::Digest;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::changes::ChangeRow;
use super::columns::{corrupt, read_count, read_time};
use super::statements::statements;
use crate::change_words::{HistoryCursor, PlacedEntry, merge_history};
use crate::error::Result;
use crate::{Change, HistoryEntry, ImageEvent, Page, PageRequest, Tag, TenantId};

statements! {
    SEEN = "SELECT image_id, first_seen FROM tenant_images
        WHERE tenant_id = $1 AND image_id = (SELECT id FROM images WHERE digest = $2)";
    /// All but changes, whose ranks say what they are: see `read_entry`.
    ENTRIES = "SELECT at, rank, id, repository, tag, revision, packages, replaced_at FROM (
            SELECT $3::timestamptz AS at, 0::bigint AS rank, 0::bigint AS id,
                   NULL::text AS repository, NULL::text AS tag, NULL::bigint AS revision,
                   NULL::bigint AS packages, NULL::timestamptz AS replaced_at
            UNION ALL
            SELECT images.assembled_at, 1, images.package_set_id, NULL, NULL,
                   images.assembled_revision, package_sets.packages, NULL
            FROM images JOIN package_sets ON package_sets.id = images.package_set_id
            WHERE images.id = $2 AND images.assembled_at IS NOT NULL
            UNION ALL
            SELECT former.assembled_at, 1, former.package_set_id, NULL, NULL,
                   former.assembled_revision, package_sets.packages, former.replaced_at
            FROM former_package_sets AS former
            JOIN package_sets ON package_sets.id = former.package_set_id
            WHERE former.image_id = $2
            UNION ALL
            SELECT tags.valid_from, 2, tags.id, repositories.name, tags.name, NULL, NULL, NULL
            FROM tags JOIN repositories ON repositories.id = tags.repository_id
            WHERE tags.image_id = $2 AND tags.tenant_id = $1
            UNION ALL
            SELECT tags.valid_to, 3, tags.id, repositories.name, tags.name, NULL, NULL, NULL
            FROM tags JOIN repositories ON repositories.id = tags.repository_id
            WHERE tags.image_id = $2 AND tags.tenant_id = $1 AND tags.valid_to IS NOT NULL
            UNION ALL
            SELECT gone_at, 4, 0, NULL, NULL, NULL, NULL, NULL FROM tenant_images
            WHERE image_id = $2 AND tenant_id = $1 AND gone_at IS NOT NULL
        ) AS entries
        WHERE at >= $3 AND (at, rank, id) < ($4::timestamptz, $5, $6)
        ORDER BY at DESC, rank DESC, id DESC LIMIT $7";
    /// Of each package the newest, then of those the newest.
    CHANGES = "WITH sets AS MATERIALIZED (
            SELECT package_set_id, assembled_revision, NULL::timestamptz AS replaced_at
            FROM images WHERE id = $1 AND package_set_id IS NOT NULL
            UNION ALL
            SELECT package_set_id, assembled_revision, replaced_at
            FROM former_package_sets WHERE image_id = $1
        ), newest AS MATERIALIZED (
            SELECT change.* FROM sets
            JOIN package_set_packages AS members ON members.package_set_id = sets.package_set_id
            CROSS JOIN LATERAL (
                SELECT changes.*, revisions.processed_at AS at FROM changes
                JOIN revisions ON revisions.sequence = changes.revision
                WHERE changes.package_id = members.package_id AND changes.sequence < $3
                  AND changes.revision > sets.assembled_revision
                  AND revisions.processed_at >= $2
                  AND (sets.replaced_at IS NULL OR revisions.processed_at <= sets.replaced_at)
                ORDER BY changes.sequence DESC LIMIT $4
            ) AS change
            ORDER BY change.sequence DESC LIMIT $4
        )
        SELECT newest.sequence, newest.revision, newest.at, packages.purl, newest.vulnerability,
               newest.kind, before.content AS before, after.content AS after
        FROM newest
        JOIN packages ON packages.id = newest.package_id
        LEFT JOIN findings AS before ON before.id = newest.finding_before_id
        LEFT JOIN findings AS after ON after.id = newest.finding_after_id
        ORDER BY newest.sequence DESC";
}

#[derive(FromRow)]
struct EntryRow {
    at: DateTime<Utc>,
    rank: i64,
    id: i64,
    repository: Option<String>,
    tag: Option<String>,
    revision: Option<i64>,
    packages: Option<i64>,
    replaced_at: Option<DateTime<Utc>>,
}

pub(super) async fn list(
    c: &mut PgConnection,
    tenant: TenantId,
    image: Digest,
    page: &PageRequest,
) -> Result<Option<Page<HistoryEntry>>> {
    let cursor = HistoryCursor::read(page)?;
    let seen: Option<(i64, DateTime<Utc>)> = sqlx::query_as(SEEN)
        .bind(tenant.0)
        .bind(image.as_bytes().as_slice())
        .fetch_optional(&mut *c)
        .await?;
    let Some((image_id, first_seen)) = seen else {
        return Ok(None);
    };
    let limit = i64::from(page.limit) + 1;
    let (at, rank, id) = cursor.entry;
    let entries: Vec<EntryRow> = sqlx::query_as(ENTRIES)
        .bind(tenant.0)
        .bind(image_id)
        .bind(first_seen)
        .bind(read_time(at)?)
        .bind(rank)
        .bind(id)
        .bind(limit)
        .fetch_all(&mut *c)
        .await?;
    let changes: Vec<ChangeRow> = sqlx::query_as(CHANGES)
        .bind(image_id)
        .bind(first_seen)
        .bind(cursor.change)
        .bind(limit)
        .fetch_all(c)
        .await?;
    let entries: Vec<PlacedEntry> = entries.into_iter().map(read_entry).collect::<Result<_>>()?;
    let changes: Vec<Change> = changes
        .into_iter()
        .map(|row| row.columns().read())
        .collect::<Result<_>>()?;
    Ok(Some(merge_history(entries, changes, cursor, page.limit)))
}

fn read_entry(row: EntryRow) -> Result<PlacedEntry> {
    let tag = row.repository.zip(row.tag);
    let tag = tag.map(|(repository, name)| Tag { repository, name });
    let what = match (row.rank, tag) {
        (0, _) => ImageEvent::FirstSeen,
        (1, _) => ImageEvent::Cataloged {
            revision: row.revision.unwrap_or_default(),
            packages: read_count(row.packages.unwrap_or_default()),
            replaced_at: row.replaced_at,
        },
        (2, Some(tag)) => ImageEvent::Tagged(tag),
        (3, Some(tag)) => ImageEvent::Untagged(tag),
        (4, _) => ImageEvent::Gone,
        (rank, _) => return Err(corrupt("rank of a history", rank)),
    };
    Ok(PlacedEntry {
        entry: HistoryEntry { at: row.at, what },
        rank: row.rank,
        id: row.id,
    })
}
