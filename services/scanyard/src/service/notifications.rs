//! How others are told of changes: the keys of their secrets, and whom we may reach.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use scanyard_egress::Egress;
use scanyard_notification::Links;
use scanyard_sealing::SealingKeys;

use crate::cli::NotificationArgs;
use crate::exit::{Failure, Usage};
use crate::first_key::write_secret;

/// The keys themselves, where no file holds them.
const KEY_VARIABLE: &str = "SCANYARD_SEALING_KEY";

/// How others are told of changes.
#[derive(Debug, Clone, Default)]
pub struct NotificationOptions {
    /// What their secrets are sealed with; without it none are taken.
    pub keys: Option<Arc<SealingKeys>>,
    /// Whom we may reach.
    pub egress: Egress,
    /// Where messages link to.
    pub links: Links,
}

impl NotificationOptions {
    /// Reads the options. `own_key_file` holds a key where none is given, and is made if it is not
    /// there: for an installation that shares its state with nobody.
    ///
    /// # Errors
    ///
    /// When there are keys that cannot be read, or the address is none.
    pub fn resolve(args: &NotificationArgs, own_key_file: Option<&Path>) -> anyhow::Result<Self> {
        let public_url = args.public_url.as_deref().map(url::Url::parse).transpose();
        let public_url = public_url
            .ok()
            .filter(|url| url.as_ref().is_none_or(|url| url.has_host()))
            .ok_or_else(|| Usage("--public-url is none: write https://HOST/".to_owned()))?;
        Ok(Self {
            keys: read_keys(args, own_key_file)?.map(Arc::new),
            egress: match args.allow_private_receivers {
                true => Egress::Anywhere,
                false => Egress::PublicOnly,
            },
            links: Links { public_url },
        })
    }
}

fn read_keys(
    args: &NotificationArgs,
    own_key_file: Option<&Path>,
) -> anyhow::Result<Option<SealingKeys>> {
    let given = std::env::var(KEY_VARIABLE)
        .ok()
        .filter(|keys| !keys.is_empty());
    let (keys, place) = match (&args.sealing_key_file, given, own_key_file) {
        (Some(_), Some(_), _) => {
            let mistake = format!("give --sealing-key-file or {KEY_VARIABLE}, not both");
            return Err(Usage(mistake).into());
        }
        (Some(file), None, _) => (read_file(file)?, file.display().to_string()),
        (None, Some(keys), _) => (keys, KEY_VARIABLE.to_owned()),
        (None, None, Some(own)) => (read_or_make(own)?, own.display().to_string()),
        (None, None, None) => return Ok(None),
    };
    let keys = SealingKeys::parse(&keys);
    keys.map(Some)
        .map_err(|error| Usage(format!("{place}: {error}")).into())
}

fn read_file(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn read_or_make(file: &Path) -> anyhow::Result<String> {
    if !file.exists() {
        if let Some(directory) = file.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        let key = SealingKeys::generate().context("cannot make a sealing key")?;
        write_secret(file, &String::from_utf8_lossy(key.expose())).map_err(|error| {
            Failure::new(
                format!("cannot write {}: {error:#}", file.display()),
                "if the disk is full, make room; let this user write there; or name another directory with --data-dir",
            )
        })?;
    }
    read_file(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        notifications: NotificationArgs,
    }

    fn resolve(options: &[&str], own: Option<&Path>) -> anyhow::Result<NotificationOptions> {
        let words = ["test"].iter().chain(options);
        let args = Command::try_parse_from(words).unwrap().notifications;
        NotificationOptions::resolve(&args, own)
    }

    #[test]
    fn an_installation_of_its_own_makes_one_key_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("new/sealing-key");
        let sealed = {
            let keys = resolve(&[], Some(&file)).unwrap().keys.unwrap();
            keys.seal(b"secret", "row").unwrap()
        };
        let keys = resolve(&[], Some(&file)).unwrap().keys.unwrap();
        assert_eq!(keys.open(&sealed, "row").unwrap().expose(), b"secret");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert!(resolve(&[], None).unwrap().keys.is_none());
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_not_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "hunter2").unwrap();
        let path = file.path().to_str().unwrap();
        let error = resolve(&["--sealing-key-file", path], None).unwrap_err();
        let told = format!("{error:#}");
        assert!(
            told.contains("no key") && !told.contains("hunter2"),
            "{told}"
        );
    }

    #[test]
    fn a_public_address_has_a_host() {
        for wrong in ["scanyard", "mailto:a@b"] {
            assert!(resolve(&["--public-url", wrong], None).is_err(), "{wrong}");
        }
        let options = resolve(&["--public-url", "https://a.example.com"], None).unwrap();
        assert_eq!(options.egress, Egress::PublicOnly);
        assert!(options.links.public_url.is_some());
    }
}
