//! Ubuntu Pro: which of its services the image is attached to.

use scanyard_package::CoverageKind;
use serde::Deserialize;

use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Status;

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    name: String,
    #[serde(default)]
    status: String,
}

impl Cataloger for Status {
    fn names(&self) -> Names {
        Names {
            files: &["status.json"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        path == "var/lib/ubuntu-advantage/status.json"
    }

    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let state: State = match serde_json::from_slice(content) {
            Ok(state) => state,
            Err(error) => {
                let detail = format!("the state of Ubuntu Pro is not what it should be: {error}");
                return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
            }
        };
        let enabled = state
            .services
            .into_iter()
            .filter(|service| service.status == "enabled");
        FileEvidence::of_channels(enabled.map(|service| service.name).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_are_enabled_are_channels() {
        let text = br#"{"attached":true,"services":[{"name":"esm-infra","status":"enabled"},
            {"name":"esm-apps","status":"disabled"},{"name":"fips","available":"yes"}]}"#;
        let path = "var/lib/ubuntu-advantage/status.json";
        assert_eq!(Status.catalog(path, text).channels, ["esm-infra"]);
        assert_eq!(Status.catalog(path, b"[").unknowns.len(), 1);
    }
}
