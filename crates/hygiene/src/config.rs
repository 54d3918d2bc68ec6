//! What an image's config gives away.

use scanyard_oci::ImageConfig;
use scanyard_secrets::{Detector, IMAGE_CONFIG, Secret};

use crate::check::FailedCheck;
use crate::{environment, history};

/// The label in which builders name the base image.
const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// Texts of one config that are looked at: environment, labels and steps of the build.
const MOST_TEXTS: usize = 10_000;
/// Secrets of one config that are kept.
const MOST_SECRETS: usize = 200;

/// What was found in a config. It holds no value of the config itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigFindings {
    /// Credentials, masked.
    pub secrets: Vec<ConfigSecret>,
    /// Checks that the image does not pass, as far as its config decides.
    pub failed: Vec<FailedCheck>,
}

/// A credential in an image's config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigSecret {
    /// Where: `env NAME`, `label NAME`, `entrypoint`, `command` or `history STEP`.
    pub place: String,
    /// What.
    pub secret: Secret,
}

/// Looks through an image's config.
pub fn examine_config(config: &ImageConfig) -> ConfigFindings {
    ConfigFindings {
        secrets: secrets(config),
        failed: failed(config),
    }
}

fn secrets(config: &ImageConfig) -> Vec<ConfigSecret> {
    let mut detector = Detector::new();
    let mut secrets: Vec<_> = texts(config)
        .take(MOST_TEXTS)
        .flat_map(|(place, text)| {
            let found = detector.detect(IMAGE_CONFIG, text.as_bytes()).secrets;
            found.into_iter().map(move |secret| ConfigSecret {
                place: place.clone(),
                secret,
            })
        })
        .take(MOST_SECRETS)
        .collect();
    secrets.sort();
    secrets.dedup();
    secrets
}

/// Every text with its place.
fn texts(config: &ImageConfig) -> impl Iterator<Item = (String, String)> {
    let texts = &config.texts;
    let environment = texts.environment.iter().map(|entry| {
        let name = environment::name(entry).unwrap_or_default();
        (format!("env {name}").trim_end().to_owned(), entry.clone())
    });
    let labels = config.labels.iter();
    let labels = labels.map(|(name, value)| (format!("label {name}"), format!("{name}={value}")));
    let run = [
        ("entrypoint", &texts.entrypoint),
        ("command", &texts.command),
    ];
    let run = run.map(|(place, arguments)| (place.to_owned(), arguments.join(" ")));
    let steps = texts.history.iter().enumerate();
    let steps = steps.map(|(index, step)| (format!("history {}", index + 1), step.clone()));
    environment.chain(labels).chain(run).chain(steps)
}

fn failed(config: &ImageConfig) -> Vec<FailedCheck> {
    let texts = &config.texts;
    let checks = [
        ("runs-as-root", root(&config.user)),
        (
            "no-healthcheck",
            absent(config.has_healthcheck, "no HEALTHCHECK in the config"),
        ),
        (
            "credentials-in-environment",
            environment::credentials(&texts.environment),
        ),
        (
            "credentials-in-build-arguments",
            history::credentials(&texts.history),
        ),
        ("remote-add", history::remote_adds(&texts.history)),
        (
            "download-piped-to-shell",
            history::piped_downloads(&texts.history),
        ),
        ("package-cache-kept", history::kept_caches(&texts.history)),
        ("base-by-latest-tag", latest_base(config)),
    ];
    let checks = checks.into_iter();
    checks
        .filter_map(|(id, evidence)| FailedCheck::given(id, evidence))
        .collect()
}

fn absent(there: bool, evidence: &str) -> Vec<String> {
    if there {
        Vec::new()
    } else {
        vec![evidence.to_owned()]
    }
}

fn root(user: &str) -> Vec<String> {
    match user.split(':').next().unwrap_or_default() {
        "" => vec!["no USER in the config".to_owned()],
        "root" | "0" => vec![format!("USER {user}")],
        _ => Vec::new(),
    }
}

fn latest_base(config: &ImageConfig) -> Vec<String> {
    let Some(base) = config.labels.get(BASE_NAME) else {
        return Vec::new();
    };
    let name = base.rsplit('/').next().unwrap_or(base);
    let moves = !name.contains('@') && name.rsplit_once(':').is_none_or(|(_, tag)| tag == "latest");
    if moves && base != "scratch" {
        vec![base.clone()]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(config: &ImageConfig) -> Vec<String> {
        let failed = examine_config(config).failed.into_iter();
        failed.map(|check| check.id).collect()
    }

    #[test]
    fn an_image_that_says_nothing_runs_as_root_without_health_check() {
        assert_eq!(
            ids(&ImageConfig::default()),
            ["runs-as-root", "no-healthcheck"]
        );
    }

    #[test]
    fn a_user_by_name_or_number_is_not_root() {
        for (user, is_root) in [
            ("app", false),
            ("1000:0", false),
            ("0:0", true),
            ("root", true),
        ] {
            let config = ImageConfig {
                user: user.into(),
                has_healthcheck: true,
                ..ImageConfig::default()
            };
            assert_eq!(!ids(&config).is_empty(), is_root, "{user}");
        }
    }

    #[test]
    fn a_base_without_a_version_is_named() {
        for (base, moves) in [
            ("debian", true),
            ("r:5000/a:latest", true),
            ("a:1", false),
            ("a@sha256:0", false),
        ] {
            let config = ImageConfig {
                labels: [(BASE_NAME.to_owned(), base.to_owned())].into(),
                ..ImageConfig::default()
            };
            assert_eq!(
                ids(&config).contains(&"base-by-latest-tag".to_owned()),
                moves,
                "{base}"
            );
        }
    }

    #[test]
    fn secrets_are_found_wherever_a_config_has_text_and_no_value_is_kept() {
        let key = concat!("AKIA", "Q3EGRZTVCX2LNW5D");
        let mut config = ImageConfig::default();
        config.labels.insert("build".into(), key.into());
        config.texts.environment = vec![format!("KEY={key}")];
        config.texts.command = vec!["serve".into(), key.into()];
        config.texts.entrypoint = vec![key.into()];
        config.texts.history = vec!["RUN true".into(), format!("RUN use {key}")];
        let findings = examine_config(&config);
        let places: Vec<_> = findings
            .secrets
            .iter()
            .map(|found| found.place.as_str())
            .collect();
        assert_eq!(
            places,
            [
                "command",
                "entrypoint",
                "env KEY",
                "history 2",
                "label build"
            ]
        );
        assert!(!format!("{findings:?}").contains(key));
    }
}
