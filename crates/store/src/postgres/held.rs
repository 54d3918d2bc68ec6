//! What holds of packages before something new is said about them.

use std::collections::HashMap;

use scanyard_package::Coverage;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;

use super::columns::CoverageRow;
use super::statements::statements;
use crate::error::Result;

statements! {
    MATCHES = "SELECT matches.package_id, findings.digest, matches.finding_id,
               matches.first_revision
        FROM matches JOIN findings ON findings.id = matches.finding_id
        WHERE matches.package_id = ANY ($1::bigint[]) AND matches.last_revision IS NULL";
    GAPS = "SELECT package_id, kind, subject, detail FROM package_coverage
        WHERE package_id = ANY ($1::bigint[]) AND last_revision IS NULL
        ORDER BY package_id, position";
    /// What began at this very revision and is taken back never held.
    TAKE_BACK = "DELETE FROM matches USING unnest($1::bigint[], $2::bigint[], $3::bigint[])
            AS ended (package_id, finding_id, first_revision)
        WHERE matches.package_id = ended.package_id AND matches.finding_id = ended.finding_id
          AND matches.first_revision = ended.first_revision AND matches.first_revision >= $4";
    END = "UPDATE matches SET last_revision = $4 - 1
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
            AS ended (package_id, finding_id, first_revision)
        WHERE matches.package_id = ended.package_id AND matches.finding_id = ended.finding_id
          AND matches.first_revision = ended.first_revision AND matches.first_revision < $4";
    TAKE_GAPS_BACK = "DELETE FROM package_coverage
        WHERE package_id = ANY ($1::bigint[]) AND last_revision IS NULL AND first_revision >= $2";
    END_GAPS = "UPDATE package_coverage SET last_revision = $2 - 1
        WHERE package_id = ANY ($1::bigint[]) AND last_revision IS NULL AND first_revision < $2";
}

/// A match that holds, by its package and the digest of its finding: the finding and when it began.
type Matches = HashMap<(i64, Vec<u8>), (i64, i64)>;

/// What holds of some packages. What is said again is taken out; what is left ends.
pub(super) struct Held {
    matches: Matches,
    gaps: HashMap<i64, Vec<Coverage>>,
}

#[derive(FromRow)]
struct GapRow {
    package_id: i64,
    #[sqlx(flatten)]
    gap: CoverageRow,
}

impl Held {
    pub(super) async fn read(c: &mut PgConnection, packages: &[i64]) -> Result<Self> {
        let matches: Vec<(i64, Vec<u8>, i64, i64)> = sqlx::query_as(MATCHES)
            .bind(packages)
            .fetch_all(&mut *c)
            .await?;
        let rows: Vec<GapRow> = sqlx::query_as(GAPS).bind(packages).fetch_all(c).await?;
        let mut gaps: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            gaps.entry(row.package_id)
                .or_default()
                .push(row.gap.read()?);
        }
        let keyed = |(package, digest, finding, since)| ((package, digest), (finding, since));
        Ok(Self {
            matches: matches.into_iter().map(keyed).collect(),
            gaps,
        })
    }

    /// Whether a finding held that is said again.
    pub(super) fn still_holds(&mut self, package: i64, digest: &[u8]) -> bool {
        self.matches.remove(&(package, digest.to_vec())).is_some()
    }

    /// Whether a package had just these gaps.
    pub(super) fn has_gaps(&mut self, package: i64, said: &[Coverage]) -> bool {
        match self.gaps.get(&package) {
            None => said.is_empty(),
            Some(held) if held == said => self.gaps.remove(&package).is_some(),
            Some(_) => false,
        }
    }

    /// Ends what is left.
    pub(super) async fn end(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        if !self.matches.is_empty() {
            self.end_matches(c, revision).await?;
        }
        let packages: Vec<i64> = self.gaps.keys().copied().collect();
        if packages.is_empty() {
            return Ok(());
        }
        for statement in [TAKE_GAPS_BACK, END_GAPS] {
            sqlx::query(statement)
                .bind(&packages)
                .bind(revision)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }

    async fn end_matches(&self, c: &mut PgConnection, revision: i64) -> Result<()> {
        let ended = || self.matches.iter();
        let packages: Vec<i64> = ended().map(|((package, _), _)| *package).collect();
        let findings: Vec<i64> = ended().map(|(_, (finding, _))| *finding).collect();
        let since: Vec<i64> = ended().map(|(_, (_, since))| *since).collect();
        for statement in [TAKE_BACK, END] {
            sqlx::query(statement)
                .bind(&packages)
                .bind(&findings)
                .bind(&since)
                .bind(revision)
                .execute(&mut *c)
                .await?;
        }
        Ok(())
    }
}
