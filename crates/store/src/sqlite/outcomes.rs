//! What matching said about packages, stored.

use std::collections::{BTreeMap, HashMap};

use scanyard_matching::AdvisoryKey;
use scanyard_package::Coverage;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use sqlx::{FromRow, query};

use super::columns::read_word;
use super::revisions;
use crate::MatchedPackage;
use crate::error::Result;
use crate::stored_finding::{encode_finding, ids_of};

/// What matching said, as the statements read it.
pub(super) struct Outcomes {
    packages: String,
    findings: String,
    matches: String,
    keys: String,
    gaps: HashMap<i64, Vec<Coverage>>,
}

impl Outcomes {
    pub(super) fn new(matched: &[MatchedPackage]) -> Result<Self> {
        let (mut findings, mut matches) = (Vec::new(), Vec::new());
        let (mut keys, mut gaps) = (Vec::new(), HashMap::new());
        for package in matched {
            for finding in &package.findings {
                let row = encode_finding(finding)?;
                matches.push(json!({ "package": package.id.0, "digest": row.digest }));
                findings.push(json!({
                    "digest": row.digest,
                    "vulnerability": row.vulnerability,
                    "ids": ids_of(finding),
                    "status": row.status,
                    "severity": row.severity,
                    "is_fixable": row.is_fixable,
                    "is_known_exploited": row.is_known_exploited,
                    "content": row.content,
                }));
            }
            let key = |key: &AdvisoryKey| json!({ "package": package.id.0, "key": key.0 });
            keys.extend(package.keys.iter().map(key));
            gaps.insert(package.id.0, package.coverage.clone());
        }
        let packages: Value = matched.iter().map(|package| package.id.0).collect();
        Ok(Self {
            packages: packages.to_string(),
            findings: Value::from(findings).to_string(),
            matches: Value::from(matches).to_string(),
            keys: Value::from(keys).to_string(),
            gaps,
        })
    }

    /// Parameters: packages, revision, findings, matches, keys. The statements before the last
    /// one leave a package alone that was matched at a later revision.
    pub(super) async fn save(self, c: &mut SqliteConnection, revision: i64) -> Result<()> {
        revisions::not_past(c, revision).await?;
        self.save_gaps(c, revision).await?;
        let statements = [
            "INSERT INTO findings (digest, vulnerability, status, severity, is_fixable,
                                   is_known_exploited, content)
             SELECT unhex(value->>'digest'), value->>'vulnerability', value->>'status',
                    value->>'severity', value->>'is_fixable', value->>'is_known_exploited',
                    value->>'content'
             FROM json_each(?3) WHERE true
             ON CONFLICT (digest) DO NOTHING",
            "INSERT INTO finding_ids (vulnerability, finding_id)
             SELECT ids.value, findings.id
             FROM json_each(?3) AS finding
             JOIN json_each(finding.value, '$.ids') AS ids
             JOIN findings ON findings.digest = unhex(finding.value->>'digest') WHERE true
             ON CONFLICT DO NOTHING",
            // What began at this very revision and is taken back never held.
            "DELETE FROM matches
             WHERE last_revision IS NULL AND first_revision >= ?2
               AND package_id IN (SELECT packages.id FROM json_each(?1)
                                  JOIN packages ON packages.id = value AND revision <= ?2)
               AND (package_id, finding_id) NOT IN (
                   SELECT outcome.value->>'package', findings.id FROM json_each(?4) AS outcome
                   JOIN findings ON findings.digest = unhex(outcome.value->>'digest'))",
            "UPDATE matches SET last_revision = ?2 - 1
             WHERE last_revision IS NULL AND first_revision < ?2
               AND package_id IN (SELECT packages.id FROM json_each(?1)
                                  JOIN packages ON packages.id = value AND revision <= ?2)
               AND (package_id, finding_id) NOT IN (
                   SELECT outcome.value->>'package', findings.id FROM json_each(?4) AS outcome
                   JOIN findings ON findings.digest = unhex(outcome.value->>'digest'))",
            "INSERT INTO matches (package_id, finding_id, first_revision)
             SELECT packages.id, findings.id, ?2 FROM json_each(?4) AS outcome
             JOIN packages ON packages.id = outcome.value->>'package' AND packages.revision <= ?2
             JOIN findings ON findings.digest = unhex(outcome.value->>'digest')
             WHERE NOT EXISTS (
                 SELECT 1 FROM matches
                 WHERE matches.package_id = packages.id AND matches.finding_id = findings.id
                   AND matches.last_revision IS NULL)
             ON CONFLICT (package_id, finding_id, first_revision)
                 DO UPDATE SET last_revision = NULL",
            "INSERT INTO package_keys (key, package_id)
             SELECT value->>'key', packages.id FROM json_each(?5)
             JOIN packages ON packages.id = value->>'package' AND revision <= ?2 WHERE true
             ON CONFLICT DO NOTHING",
            "UPDATE packages SET revision = ?2,
                 first_revision = iif(first_revision = 0, ?2, first_revision)
             WHERE id IN (SELECT value FROM json_each(?1)) AND revision < ?2",
        ];
        for statement in statements {
            query(statement)
                .bind(&self.packages)
                .bind(revision)
                .bind(&self.findings)
                .bind(&self.matches)
                .bind(&self.keys)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }

    /// Gaps of a package begin and end together, unless it has just these.
    async fn save_gaps(&self, c: &mut SqliteConnection, revision: i64) -> Result<()> {
        let rows: Vec<GapRow> = sqlx::query_as(
            "SELECT packages.id AS package_id, coverage.kind, coverage.subject, coverage.detail
             FROM json_each(?1) JOIN packages ON packages.id = value AND revision <= ?2
             LEFT JOIN package_coverage AS coverage ON coverage.package_id = packages.id
                 AND coverage.last_revision IS NULL
             ORDER BY packages.id, coverage.position",
        )
        .bind(&self.packages)
        .bind(revision)
        .fetch_all(&mut *c)
        .await?;
        let mut held: BTreeMap<i64, Vec<Coverage>> = BTreeMap::new();
        for row in rows {
            let gaps = held.entry(row.package_id).or_default();
            gaps.extend(row.gap()?);
        }
        held.retain(|package, gaps| self.gaps.get(package) != Some(gaps));
        let gaps: Value = held
            .keys()
            .map(|package| self.gaps_json(*package))
            .collect();
        let statements = [
            "DELETE FROM package_coverage
             WHERE last_revision IS NULL AND first_revision >= ?2
               AND package_id IN (SELECT value->>'package' FROM json_each(?1))",
            "UPDATE package_coverage SET last_revision = ?2 - 1
             WHERE last_revision IS NULL
               AND package_id IN (SELECT value->>'package' FROM json_each(?1))",
            "INSERT INTO package_coverage
                 (package_id, position, kind, subject, detail, first_revision)
             SELECT package.value->>'package', gap.key, gap.value->>'kind',
                    gap.value->>'subject', gap.value->>'detail', ?2
             FROM json_each(?1) AS package, json_each(package.value, '$.gaps') AS gap",
        ];
        for statement in statements {
            query(statement)
                .bind(gaps.to_string())
                .bind(revision)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }

    fn gaps_json(&self, package: i64) -> Value {
        let gap = |gap: &Coverage| json!({ "kind": gap.kind.name(), "subject": gap.subject, "detail": gap.detail });
        let gaps = self.gaps.get(&package).into_iter().flatten();
        json!({ "package": package, "gaps": gaps.map(gap).collect::<Value>() })
    }
}

/// A package with one of its gaps, or with none.
#[derive(FromRow)]
struct GapRow {
    package_id: i64,
    kind: Option<String>,
    subject: Option<String>,
    detail: Option<String>,
}

impl GapRow {
    fn gap(self) -> Result<Option<Coverage>> {
        let (Some(kind), Some(subject), Some(detail)) = (self.kind, self.subject, self.detail)
        else {
            return Ok(None);
        };
        Ok(Some(Coverage {
            kind: read_word(&kind, str::parse)?,
            subject,
            detail,
        }))
    }
}
