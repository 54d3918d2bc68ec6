//! What was refused of a bulk, as both adapters store it: JSON.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::{MAX_REJECTIONS, RejectedPlace, Rejection, StoreError};

#[derive(Serialize, Deserialize)]
struct StoredRejection {
    #[serde(flatten)]
    place: StoredPlace,
    reason: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPlace {
    Line(u64),
    Repository(String),
}

/// The first of these.
pub(crate) fn encode_rejections(rejections: &[Rejection]) -> Result<String> {
    let stored: Vec<_> = rejections
        .iter()
        .take(MAX_REJECTIONS)
        .map(|rejection| StoredRejection {
            place: match &rejection.place {
                RejectedPlace::Line(line) => StoredPlace::Line(*line),
                RejectedPlace::Repository(name) => StoredPlace::Repository(name.clone()),
            },
            reason: rejection.reason.clone(),
        })
        .collect();
    serde_json::to_string(&stored)
        .map_err(|error| StoreError::Corrupt(format!("rejections: {error}")))
}

pub(crate) fn decode_rejections(content: &str) -> Result<Vec<Rejection>> {
    let stored: Vec<StoredRejection> = serde_json::from_str(content)
        .map_err(|error| StoreError::Corrupt(format!("rejections: {error}")))?;
    let rejections = stored.into_iter().map(|stored| Rejection {
        place: match stored.place {
            StoredPlace::Line(line) => RejectedPlace::Line(line),
            StoredPlace::Repository(name) => RejectedPlace::Repository(name),
        },
        reason: stored.reason,
    });
    Ok(rejections.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_of_the_first_version_are_read_and_written() {
        let stored = r#"[{"line":3,"reason":"not a reference"},{"repository":"a/b","reason":"x"}]"#;
        let rejections = decode_rejections(stored).unwrap();
        assert_eq!(rejections[0].place, RejectedPlace::Line(3));
        assert_eq!(encode_rejections(&rejections).unwrap(), stored);
        let many = vec![rejections[0].clone(); 150];
        let kept = decode_rejections(&encode_rejections(&many).unwrap()).unwrap();
        assert_eq!(kept.len(), MAX_REJECTIONS);
    }
}
