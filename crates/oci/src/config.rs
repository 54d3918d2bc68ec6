//! The config of an image.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::image::{ConfigTexts, ImageConfig};
use crate::{OciError, Platform, platform};

#[derive(Deserialize)]
struct ConfigDocument {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    created: Option<String>,
    config: Option<RunConfig>,
    rootfs: Option<RootFs>,
    #[serde(default, deserialize_with = "lenient")]
    history: Vec<HistoryStep>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    labels: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "lenient")]
    user: String,
    #[serde(default, deserialize_with = "lenient")]
    env: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    entrypoint: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    cmd: Vec<String>,
    #[serde(default, deserialize_with = "lenient")]
    healthcheck: Healthcheck,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Healthcheck {
    #[serde(default, deserialize_with = "lenient")]
    test: Vec<String>,
}

#[derive(Deserialize, Default)]
struct HistoryStep {
    #[serde(default, deserialize_with = "lenient")]
    created_by: String,
}

/// What does not decide which image this is may be of any form: one that we do not know counts as
/// absent and is no reason to refuse the image.
fn lenient<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

#[derive(Debug, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// What an image config says: platform, facts, and the diff IDs that it claims.
pub fn parse_config(bytes: &[u8]) -> Result<(Platform, ImageConfig, Vec<String>), OciError> {
    let document: ConfigDocument =
        serde_json::from_slice(bytes).map_err(|e| OciError::malformed("the image config", e))?;
    let or = |text: String, default: &str| {
        if text.is_empty() {
            default.to_owned()
        } else {
            text
        }
    };
    let platform = Platform {
        os: or(document.os, "linux"),
        architecture: or(document.architecture, platform::UNKNOWN),
        variant: document.variant.filter(|variant| !variant.is_empty()),
    };
    let run = document.config.unwrap_or_default();
    let test = run.healthcheck.test.first();
    let config = ImageConfig {
        created: document.created,
        has_healthcheck: test.is_some_and(|test| test != "NONE"),
        labels: run.labels.unwrap_or_default(),
        user: run.user,
        texts: ConfigTexts {
            environment: run.env,
            entrypoint: run.entrypoint,
            command: run.cmd,
            history: document
                .history
                .into_iter()
                .map(|step| step.created_by)
                .collect(),
        },
    };
    Ok((
        platform,
        config,
        document
            .rootfs
            .map(|rootfs| rootfs.diff_ids)
            .unwrap_or_default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ImageConfig {
        parse_config(text.as_bytes()).unwrap().1
    }

    #[test]
    fn a_config_says_whom_the_image_runs_as_and_how_it_was_built() {
        let config = parse(
            r#"{"config": {"User": "app", "Env": ["A=b"], "Entrypoint": ["/run"], "Cmd": null,
                "Healthcheck": {"Test": ["CMD", "true"]}},
                "history": [{"created_by": "RUN a"}, {"empty_layer": true}]}"#,
        );
        assert_eq!(config.user, "app");
        assert!(config.has_healthcheck);
        assert_eq!(config.texts.environment, ["A=b"]);
        assert_eq!(config.texts.entrypoint, ["/run"]);
        assert_eq!(config.texts.history, ["RUN a", ""]);
    }

    #[test]
    fn parts_of_an_unknown_form_count_as_absent() {
        let config = parse(
            r#"{"config": {"User": 7, "Env": {"A": "b"}, "Healthcheck": {"Test": ["NONE"]}}, "history": 1}"#,
        );
        assert_eq!(config, ImageConfig::default());
    }

    #[test]
    fn texts_that_may_hold_credentials_are_not_printed() {
        let config = parse(r#"{"config": {"Env": ["PASSWORD=kT9mQ2vL"]}}"#);
        assert!(!format!("{config:?}").contains("kT9"));
    }
}
