//! The exploit prediction scores that FIRST publishes daily, one row a CVE.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

/// Rows that are read; there are some three hundred thousand.
const MAX_ROWS: usize = 4_000_000;

/// How likely each CVE is to be exploited. Empty where no scores were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Epss {
    /// The day that the scores are of, as published.
    pub(crate) date: Option<String>,
    /// Score and percentile in millionths, by [`cve_key`].
    pub(crate) rows: BTreeMap<u64, (u32, u32)>,
}

impl Epss {
    /// Reads the published CSV: a comment with model and date, a header, then rows of
    /// `cve,epss,percentile`. Rows that are none are passed over.
    pub(crate) fn read(mut csv: impl BufRead) -> io::Result<Self> {
        let mut first = String::new();
        csv.by_ref().take(4096).read_line(&mut first)?;
        let mut scores = Self {
            date: date_of(&first),
            rows: BTreeMap::new(),
        };
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(csv);
        for row in rows.records().take(MAX_ROWS) {
            let row = row.map_err(io::Error::other)?;
            let key = row.get(0).and_then(cve_key);
            let score = row.get(1).and_then(millionths);
            let percentile = row.get(2).and_then(millionths);
            if let (Some(key), Some(score), Some(percentile)) = (key, score, percentile) {
                scores.rows.insert(key, (score, percentile));
            }
        }
        match scores.rows.is_empty() {
            true => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "no row of cve, epss and percentile",
            )),
            false => Ok(scores),
        }
    }
}

/// `2024-05-01` of `#model_version:v2023.03.01,score_date:2024-05-01T00:00:00+0000`.
fn date_of(comment: &str) -> Option<String> {
    let (_, rest) = comment.strip_prefix('#')?.split_once("score_date:")?;
    let date = rest.get(..10)?;
    chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(date.to_owned())
}

fn millionths(text: &str) -> Option<u32> {
    let value: f64 = text.trim().parse().ok()?;
    (0.0..=1.0)
        .contains(&value)
        .then(|| (value * 1_000_000.0).round() as u32)
}

/// A CVE's year and number as one number, in the order of CVEs.
pub(crate) fn cve_key(id: &str) -> Option<u64> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let year: u16 = year.parse().ok()?;
    let number: u32 = number.parse().ok()?;
    Some(u64::from(year) << 32 | u64::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_with_their_day() {
        let csv = "#model_version:v2025.03.14,score_date:2025-06-01T12:55:00Z\n\
            cve,epss,percentile\nCVE-1999-0001,0.01297,0.79003\nCVE-2021-44228,0.94358,0.99958\n\
            nonsense,1,1\nCVE-2021-1,2.0,0.5\n";
        let scores = Epss::read(csv.as_bytes()).unwrap();
        assert_eq!(scores.date.as_deref(), Some("2025-06-01"));
        let log4shell = cve_key("CVE-2021-44228").unwrap();
        assert_eq!(scores.rows[&log4shell], (943_580, 999_580));
        assert_eq!(scores.rows.len(), 2);
    }

    #[test]
    fn a_page_that_is_no_table_is_refused() {
        assert!(Epss::read("<html>not here</html>".as_bytes()).is_err());
        assert!(Epss::read(&b"\xff\xfe"[..]).is_err());
    }

    #[test]
    fn keys_are_in_the_order_of_cves() {
        assert!(cve_key("CVE-2021-9999") < cve_key("CVE-2021-10000"));
        assert_eq!(cve_key("GHSA-1"), None);
        assert_eq!(cve_key("CVE-2021-"), None);
    }
}
