//! The keys that others' secrets are kept with.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use scanyard_sealing::SealingKeys;

use crate::cli::SealingArgs;
use crate::exit::{Failure, Usage};
use crate::first_key::write_secret;

/// The keys themselves, where no file holds them.
const KEY_VARIABLE: &str = "SCANYARD_SEALING_KEY";

/// Reads the keys. `own_key_file` holds one where none is given, and is made if it is not there: for
/// an installation that shares its state with nobody.
///
/// # Errors
///
/// When there are keys that cannot be read.
pub fn sealing_keys(
    args: &SealingArgs,
    own_key_file: Option<&Path>,
) -> anyhow::Result<Option<Arc<SealingKeys>>> {
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
    keys.map(|keys| Some(Arc::new(keys)))
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
        sealing: SealingArgs,
    }

    fn resolve(options: &[&str], own: Option<&Path>) -> anyhow::Result<Option<Arc<SealingKeys>>> {
        let words = ["test"].iter().chain(options);
        let args = Command::try_parse_from(words).unwrap().sealing;
        sealing_keys(&args, own)
    }

    #[test]
    fn an_installation_of_its_own_makes_one_key_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("new/sealing-key");
        let sealed = {
            let keys = resolve(&[], Some(&file)).unwrap().unwrap();
            keys.seal(b"secret", "row").unwrap()
        };
        let keys = resolve(&[], Some(&file)).unwrap().unwrap();
        assert_eq!(keys.open(&sealed, "row").unwrap().expose(), b"secret");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert!(resolve(&[], None).unwrap().is_none());
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
}
