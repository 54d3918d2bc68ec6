//! What a request says of a registry, checked and sealed.

use scanyard_access::{RegistrySecret, seal_secret};
use scanyard_oci::{Certificates, RegistryHost};
use scanyard_store::{
    ClientCertificate, RegistryChange, RegistryCredentials, RegistryId, RegistrySettings,
    RegistryTransport, SealedSecret,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::events::check_pattern;
use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

/// Mirrors, patterns or hosts of one registry.
const MOST: usize = 100;

/// A registry to be added. It holds secrets, so it has no debug form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryRequest {
    /// Its host, as references have it: `docker.io`, `registry.example.com:5000`.
    #[schema(example = "registry.example.com:5000")]
    pub host: String,
    #[serde(flatten)]
    pub settings: RegistryChangeRequest,
}

/// How a registry is reached; what is not given stays, or is as usual. It holds secrets, so it has no
/// debug form.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistryChangeRequest {
    /// Registries that have the same repositories and are asked first, in this order.
    mirrors: Option<Vec<String>>,
    /// How connections are made; by TLS, if not given.
    transport: Option<TransportRequest>,
    /// What it is shown.
    credentials: Option<CredentialsRequest>,
    /// Patterns of the repositories that may be pulled, without the host; empty for all.
    #[schema(example = json!(["shop/**"]))]
    repositories: Option<Vec<String>>,
    /// Whether it may have a private, loopback or link-local address. Only where the service was
    /// started with --allow-private-registries.
    private_addresses: Option<bool>,
    /// Hosts beside its own that may sell its tokens.
    token_hosts: Option<Vec<String>>,
}

/// How connections to a registry are made.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum TransportRequest {
    /// Without TLS.
    PlainHttp,
    /// With TLS.
    Tls {
        /// Certificates, as PEM, of authorities that are trusted beside the machine's.
        authority: Option<String>,
        /// The certificate that the registry is shown, as PEM.
        client_certificate: Option<String>,
        /// Its private key, as PEM.
        client_key: Option<String>,
    },
}

/// What a registry is shown.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum CredentialsRequest {
    /// Nothing.
    None,
    /// A user's name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// An identity token.
    Token {
        /// The token.
        token: String,
    },
}

/// Reads a host as references have it.
pub fn read_host(host: &str) -> Result<String, Problem> {
    let host: Result<RegistryHost, _> = host.to_ascii_lowercase().parse();
    host.map(|host| host.to_string())
        .map_err(|error| Problem::new(Code::InvalidReference, format!("{error}.")))
}

/// The settings of a new registry.
pub fn read_settings(
    gateway: &Gateway,
    id: RegistryId,
    request: RegistryRequest,
) -> Result<RegistrySettings, Problem> {
    let change = read_change(gateway, id, request.settings)?;
    Ok(change.of_new())
}

/// What changes about a registry.
pub fn read_change(
    gateway: &Gateway,
    id: RegistryId,
    request: RegistryChangeRequest,
) -> Result<RegistryChange, Problem> {
    if request.private_addresses == Some(true) && !gateway.registry_rules().private_addresses {
        return Err(Problem::new(
            Code::RegistryNotAllowed,
            "This service asks no private addresses, whoever wants it.",
        ));
    }
    let transport = request.transport;
    let credentials = request.credentials;
    Ok(RegistryChange {
        mirrors: request.mirrors.map(read_hosts).transpose()?,
        transport: transport
            .map(|transport| read_transport(gateway, id, transport))
            .transpose()?,
        credentials: credentials
            .map(|credentials| read_credentials(gateway, id, credentials))
            .transpose()?,
        repositories: request.repositories.map(read_patterns).transpose()?,
        private_addresses: request.private_addresses,
        token_hosts: request.token_hosts.map(read_hosts).transpose()?,
        discovery: None,
    })
}

fn read_hosts(hosts: Vec<String>) -> Result<Vec<String>, Problem> {
    check_count(&hosts)?;
    hosts.iter().map(|host| read_host(host)).collect()
}

fn read_patterns(patterns: Vec<String>) -> Result<Vec<String>, Problem> {
    check_count(&patterns)?;
    patterns.into_iter().map(check_pattern).collect()
}

fn check_count(items: &[String]) -> Result<(), Problem> {
    match items.len() <= MOST {
        true => Ok(()),
        false => Err(Problem::new(
            Code::InvalidQuery,
            format!("A registry has at most {MOST} mirrors, patterns or hosts."),
        )),
    }
}

fn read_transport(
    gateway: &Gateway,
    id: RegistryId,
    transport: TransportRequest,
) -> Result<RegistryTransport, Problem> {
    let TransportRequest::Tls {
        authority,
        client_certificate,
        client_key,
    } = transport
    else {
        return Ok(RegistryTransport::PlainHttp);
    };
    let certificate = match (client_certificate, client_key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            return Err(Problem::new(
                Code::InvalidBody,
                "client_certificate and client_key belong together.",
            ));
        }
    };
    let client = certificate.as_ref();
    let certificates = Certificates {
        authority: authority.clone(),
        client: client.map(|(certificate, key)| format!("{certificate}\n{key}")),
    };
    certificates
        .check()
        .map_err(|reason| Problem::new(Code::InvalidBody, format!("{reason}.")))?;
    let certificate = match certificate {
        Some((certificate, key)) => Some(ClientCertificate {
            certificate,
            key: seal(gateway, RegistrySecret::Key(id), &key)?,
        }),
        None => None,
    };
    Ok(RegistryTransport::Tls {
        authority,
        certificate,
    })
}

fn read_credentials(
    gateway: &Gateway,
    id: RegistryId,
    credentials: CredentialsRequest,
) -> Result<RegistryCredentials, Problem> {
    let what = RegistrySecret::Password(id);
    Ok(match credentials {
        CredentialsRequest::None => RegistryCredentials::None,
        CredentialsRequest::Basic { username, password } => RegistryCredentials::Basic {
            username,
            password: seal(gateway, what, &password)?,
        },
        CredentialsRequest::Token { token } => {
            RegistryCredentials::Token(seal(gateway, what, &token)?)
        }
    })
}

fn seal(gateway: &Gateway, what: RegistrySecret, secret: &str) -> Result<SealedSecret, Problem> {
    if secret.is_empty() {
        return Err(Problem::new(
            Code::InvalidBody,
            "A password, token or key is empty.",
        ));
    }
    let keys = gateway.sealing().ok_or_else(|| {
        Problem::new(
            Code::SealingNotConfigured,
            "This installation has no key to encrypt credentials with.",
        )
    })?;
    seal_secret(keys, what, secret.as_bytes()).map_err(Problem::internal)
}
