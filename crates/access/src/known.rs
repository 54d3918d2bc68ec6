//! Registries that everybody knows.

/// Public registries that a service may ask unless it is told otherwise, as patterns of hosts.
pub const WELL_KNOWN: [&str; 26] = [
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "*.gcr.io",
    "*.pkg.dev",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "*.azurecr.io",
    "public.ecr.aws",
    "*.dkr.ecr.*.amazonaws.com",
    "registry.gitlab.com",
    "registry.access.redhat.com",
    "registry.redhat.io",
    "registry.connect.redhat.com",
    "registry.suse.com",
    "registry.opensuse.org",
    "registry.fedoraproject.org",
    "container-registry.oracle.com",
    "nvcr.io",
    "cgr.dev",
    "docker.elastic.co",
    "registry.hub.docker.com",
    "lscr.io",
    "*.jfrog.io",
    "codeberg.org",
];

/// Who sells the tokens of registries that have them sold elsewhere.
const TOKEN_HOSTS: [(&str, &[&str]); 7] = [
    ("docker.io", &["auth.docker.io"]),
    ("registry.hub.docker.com", &["auth.docker.io"]),
    ("registry.gitlab.com", &["gitlab.com"]),
    // It redirects to these, whose tokens cost nothing.
    ("registry.k8s.io", &["*.pkg.dev"]),
    (
        "registry.access.redhat.com",
        &["registry.redhat.io", "sso.redhat.com"],
    ),
    ("registry.redhat.io", &["sso.redhat.com"]),
    ("nvcr.io", &["authn.nvidia.com"]),
];

/// Hosts beside a registry's own that are known to sell its tokens.
pub fn token_hosts(host: &str) -> impl Iterator<Item = &'static str> {
    let known = TOKEN_HOSTS.iter().find(|(known, _)| *known == host);
    known
        .into_iter()
        .flat_map(|(_, hosts)| hosts.iter().copied())
}
