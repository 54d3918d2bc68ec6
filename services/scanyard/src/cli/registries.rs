//! `scanyard registry`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ServiceArgs;

/// What to do with registries.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Add a registry: how the service reaches it, and with which credentials.
    #[command(after_help = super::examples::REGISTRY_ADD)]
    Add(RegistrySetArgs),
    /// Change a registry; what is not given stays.
    Set(RegistrySetArgs),
    /// List registries.
    List(ServiceArgs),
    /// Show a registry; its secrets are never shown.
    Show(RegistryHostArgs),
    /// Remove a registry with its credentials; its images stay known.
    Remove(RegistryHostArgs),
    /// Add every registry that a config.json of Docker holds credentials of.
    Import(RegistryImportArgs),
}

/// `scanyard registry add` and `set`.
#[derive(Debug, Args)]
pub struct RegistrySetArgs {
    /// Its host, as references have it: docker.io, registry.example.com:5000.
    #[arg(value_name = "HOST")]
    pub host: String,

    /// The user's name. The password is read from standard input, or from
    /// SCANYARD_REGISTRY_PASSWORD.
    #[arg(long, value_name = "NAME", conflicts_with = "token")]
    pub username: Option<String>,

    /// Read an identity token from standard input, or from SCANYARD_REGISTRY_PASSWORD.
    #[arg(long)]
    pub token: bool,

    /// A registry that has the same repositories and is asked first. May be given more than once.
    #[arg(long, value_name = "HOST")]
    pub mirror: Vec<String>,

    /// Only repositories of such names, without the host; `*` is anything up to a slash, `**`
    /// anything. May be given more than once.
    #[arg(long, value_name = "PATTERN")]
    pub repository: Vec<String>,

    /// A host beside its own that may sell its tokens. May be given more than once.
    #[arg(long, value_name = "HOST")]
    pub token_host: Vec<String>,

    /// Reach it without TLS.
    #[arg(long, conflicts_with_all = ["authority", "client_certificate"])]
    pub plain_http: bool,

    /// Trust the certificates in this PEM file too.
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,

    /// Show it the certificate in this PEM file.
    #[arg(long, value_name = "FILE", requires = "client_key")]
    pub client_certificate: Option<PathBuf>,

    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    pub client_key: Option<PathBuf>,

    /// It may have a private, loopback or link-local address, where the service was started with
    /// --allow-private-registries.
    #[arg(long)]
    pub private: bool,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// One registry.
#[derive(Debug, Args)]
pub struct RegistryHostArgs {
    /// Its host.
    #[arg(value_name = "HOST")]
    pub host: String,

    #[command(flatten)]
    pub service: ServiceArgs,
}

/// `scanyard registry import`.
#[derive(Debug, Args)]
pub struct RegistryImportArgs {
    /// The file; credentials that a helper keeps are not in it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub service: ServiceArgs,
}
