//! From options as they were given to a state that can be opened; every mistake is told at once.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use scanyard_queue::{Credentials, JetStreamSettings, Tls, TlsIdentity};

use crate::cli::BackendArgs;
use crate::exit::Usage;
use crate::paths;

const NO_NATS_URL: &str =
    "an address of --nats-url is none: write nats://HOST:4222 or tls://HOST:4222";

/// Where the state is.
#[derive(Clone)]
pub enum BackendOptions {
    /// In a directory of this machine, for one process.
    Embedded {
        /// The directory.
        data_dir: PathBuf,
    },
    /// In Postgres and NATS, for any number of processes.
    Cluster {
        /// May hold a password: never printed.
        database_url: String,
        /// The queue's servers.
        nats: Box<JetStreamSettings>,
        /// For copies of the advisory database.
        data_dir: PathBuf,
    },
}

impl BackendOptions {
    /// Reads the options.
    ///
    /// # Errors
    ///
    /// Tells every mistake.
    pub fn resolve(args: &BackendArgs) -> Result<Self, Usage> {
        let mut mistakes = Mistakes::default();
        let data_dir = args.data_dir.clone().unwrap_or_else(paths::default_service);
        let database_url = database_url(args, &mut mistakes);
        let nats = nats(args, &mut mistakes);
        match (&database_url, &nats) {
            (Some(_), None) if args.nats_url.is_empty() => mistakes.add(
                "a store in Postgres needs a queue that others reach too: add --nats-url, or leave --database-url out",
            ),
            (None, Some(_)) if args.database_url_file.is_none() => mistakes.add(
                "a queue in NATS needs a store that others reach too: add --database-url, or leave --nats-url out",
            ),
            _ => {}
        }
        mistakes.into_result()?;
        Ok(match (database_url, nats) {
            (Some(database_url), Some(nats)) => Self::Cluster {
                database_url,
                nats: Box::new(nats),
                data_dir,
            },
            _ => Self::Embedded { data_dir },
        })
    }

    /// As [`Self::resolve`], for a role that is one of several processes.
    ///
    /// # Errors
    ///
    /// Also when the state is not one that processes share.
    pub fn resolve_shared(args: &BackendArgs, role: &str) -> Result<Self, Usage> {
        match Self::resolve(args)? {
            Self::Embedded { .. } => Err(Usage(format!(
                "the {role} shares its state with other processes: name --database-url and --nats-url, or run everything in one process with `scanyard serve`"
            ))),
            shared => Ok(shared),
        }
    }

    /// The directory of this process.
    pub fn data_dir(&self) -> &Path {
        match self {
            Self::Embedded { data_dir } | Self::Cluster { data_dir, .. } => data_dir,
        }
    }
}

#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn add(&mut self, mistake: impl Display) {
        self.0.push(mistake.to_string());
    }

    fn into_result(self) -> Result<(), Usage> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Usage(self.0.join("; "))),
        }
    }
}

fn database_url(args: &BackendArgs, mistakes: &mut Mistakes) -> Option<String> {
    let url = match (&args.database_url, &args.database_url_file) {
        (Some(_), Some(_)) => {
            mistakes.add("give --database-url or --database-url-file, not both");
            return None;
        }
        (Some(url), None) => url.clone(),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => text.trim().to_owned(),
            Err(error) => {
                mistakes.add(format!("--database-url-file {}: {error}", file.display()));
                return None;
            }
        },
        (None, None) => return None,
    };
    let is_postgres = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    if !is_postgres || url::Url::parse(&url).is_err() {
        // What it is instead may be a password, so it is not shown.
        mistakes.add("the database's address is none: write postgres://USER:PASSWORD@HOST/DATABASE, with special characters percent-encoded");
        return None;
    }
    Some(url)
}

fn nats(args: &BackendArgs, mistakes: &mut Mistakes) -> Option<JetStreamSettings> {
    if args.nats_url.is_empty() {
        return None;
    }
    for url in &args.nats_url {
        match url::Url::parse(url) {
            Ok(url) if !matches!(url.scheme(), "nats" | "tls") => mistakes.add(NO_NATS_URL),
            Ok(url) if !url.username().is_empty() || url.password().is_some() => mistakes.add(
                "--nats-url holds a user or password, which process lists and logs show: use --nats-user and --nats-password-file",
            ),
            Ok(_) => {}
            Err(_) => mistakes.add(NO_NATS_URL),
        }
    }
    let prefix = args
        .nats_prefix
        .parse()
        .map_err(|error| mistakes.add(format!("--nats-prefix: {error}")));
    let identity = match (&args.nats_certificate, &args.nats_key) {
        (Some(certificate), Some(key)) => Some(TlsIdentity {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        (None, None) => None,
        _ => {
            mistakes.add("--nats-certificate and --nats-key belong together");
            None
        }
    };
    Some(JetStreamSettings {
        credentials: nats_credentials(args, mistakes),
        tls: Tls {
            ca: args.nats_ca.clone(),
            identity,
            ..Tls::default()
        },
        prefix: prefix.unwrap_or_default(),
        replicas: usize::from(args.nats_replicas),
        ..JetStreamSettings::new(args.nats_url.clone())
    })
}

fn nats_credentials(args: &BackendArgs, mistakes: &mut Mistakes) -> Credentials {
    let user = match (&args.nats_user, &args.nats_password_file) {
        (Some(name), Some(file)) => Some(Credentials::User {
            name: name.clone(),
            password_file: file.clone(),
        }),
        (None, None) => None,
        _ => {
            mistakes.add("--nats-user and --nats-password-file belong together");
            None
        }
    };
    let file = args.nats_credentials.clone().map(Credentials::File);
    let token = args.nats_token_file.clone().map(Credentials::TokenFile);
    let mut given = [user, file, token].into_iter().flatten();
    let first = given.next();
    if given.next().is_some() {
        mistakes.add("give one of --nats-credentials, --nats-user and --nats-token-file");
    }
    first.unwrap_or(Credentials::Anonymous)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        backend: BackendArgs,
    }

    fn resolve(options: &[&str]) -> Result<BackendOptions, String> {
        let words = ["test"].iter().chain(options);
        let args = Command::try_parse_from(words).unwrap().backend;
        BackendOptions::resolve(&args).map_err(|usage| usage.0)
    }

    #[test]
    fn without_addresses_the_state_is_in_the_directory() {
        let options = resolve(&["--data-dir", "/d"]).unwrap();
        assert!(matches!(options, BackendOptions::Embedded { .. }));
        assert_eq!(options.data_dir(), Path::new("/d"));
    }

    #[test]
    fn both_addresses_make_a_cluster() {
        let options = resolve(&[
            "--database-url",
            "postgres://u:p@h/d",
            "--nats-url",
            "nats://a:1,nats://b:2",
        ]);
        let Ok(BackendOptions::Cluster { nats, .. }) = options else {
            panic!("no cluster");
        };
        assert_eq!(nats.urls.len(), 2);
    }

    #[test]
    fn one_address_alone_is_refused() {
        for (one, other) in [
            (["--database-url", "postgres://h/d"], "--nats-url"),
            (["--nats-url", "nats://h:1"], "--database-url"),
        ] {
            let mistake = resolve(&one).err().unwrap();
            assert!(mistake.contains(other), "{mistake}");
        }
    }

    #[test]
    fn every_mistake_is_told_and_no_password() {
        let told = resolve(&[
            "--database-url",
            "mysql://u:hunter2@h/d",
            "--nats-url",
            "http://u:hunter2@h",
            "--nats-user",
            "u",
            "--nats-prefix",
            "A.b",
        ]);
        let told = told.err().unwrap();
        for part in ["database", "--nats-url", "--nats-user", "--nats-prefix"] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn the_address_can_come_from_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "postgres://h/d\n").unwrap();
        let path = file.path().to_str().unwrap();
        let options = resolve(&["--database-url-file", path, "--nats-url", "nats://h:1"]);
        let Ok(BackendOptions::Cluster { database_url, .. }) = options else {
            panic!("no cluster");
        };
        assert_eq!(database_url, "postgres://h/d");
    }
}
