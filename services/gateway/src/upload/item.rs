//! One line of an upload.

use scanyard_store::BulkReference;
use serde::Deserialize;

use crate::submission::{choose_platform, complete_reference};

/// A line that is an object.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    reference: String,
    platform: Option<String>,
}

/// How lines are read.
pub struct ItemReader {
    /// The platform where a line names none; `None` for every one.
    pub platform: Option<String>,
    /// Whether paths on the workers' disks are taken.
    pub allow_local: bool,
}

impl ItemReader {
    /// The reference of a line: an object, a JSON string, or the reference itself. `None` for an
    /// empty line; an error says what is wrong with it.
    pub fn read(&self, line: &[u8]) -> Option<Result<BulkReference, String>> {
        let line = line.trim_ascii();
        match line.first()? {
            b'{' => Some(from_json(line).and_then(|item| self.complete(item))),
            b'"' => Some(from_json(line).and_then(|reference| self.of_reference(reference))),
            _ => Some(match std::str::from_utf8(line) {
                Ok(text) => self.of_reference(text.to_owned()),
                Err(_) => Err("it is not UTF-8".to_owned()),
            }),
        }
    }

    fn of_reference(&self, reference: String) -> Result<BulkReference, String> {
        let platform = None;
        self.complete(Item {
            reference,
            platform,
        })
    }

    fn complete(&self, item: Item) -> Result<BulkReference, String> {
        let reference = complete_reference(&item.reference, self.allow_local);
        let platform = match item.platform {
            Some(platform) => choose_platform(&platform),
            None => Ok(self.platform.clone()),
        };
        Ok(BulkReference {
            reference: reference.map_err(|problem| problem.into_detail())?,
            platform: platform.map_err(|problem| problem.into_detail())?,
        })
    }
}

fn from_json<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(line).map_err(|error| format!("it is not the JSON of an item: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let reader = ItemReader {
            platform: Some("linux/amd64".to_owned()),
            allow_local: false,
        };
        match reader.read(line.as_bytes()) {
            None => "nothing".to_owned(),
            Some(Ok(item)) => {
                format!(
                    "{} {}",
                    item.reference,
                    item.platform.as_deref().unwrap_or("all")
                )
            }
            Some(Err(error)) => {
                assert!(!error.is_empty());
                "refused".to_owned()
            }
        }
    }

    #[test]
    fn a_line_is_an_object_a_string_or_a_reference() {
        let alpine = "docker.io/library/alpine:3.18 linux/amd64";
        assert_eq!(read("alpine:3.18"), alpine);
        assert_eq!(read(" alpine:3.18 \r"), alpine);
        assert_eq!(read(r#""alpine:3.18""#), alpine);
        assert_eq!(read(r#"{"reference":"alpine:3.18"}"#), alpine);
        assert_eq!(
            read(r#"{"reference":"r.test/a","platform":"all"}"#),
            "r.test/a:latest all"
        );
        assert_eq!(read(""), "nothing");
        for wrong in [
            "UPPER/case",
            "{\"reference\":",
            r#"{"reference":"a","lane":"bulk"}"#,
            r#"{"reference":"a","platform":"x"}"#,
            "oci:/etc",
            "[\"a\"]",
        ] {
            assert_eq!(read(wrong), "refused", "{wrong}");
        }
    }
}
