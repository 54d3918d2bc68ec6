//! Every check, one row each.

use scanyard_package::Severity;

/// A check that an image does not pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedCheck {
    /// Its id, for good: it is stored.
    pub id: String,
    /// What speaks for it, each a few words: a path, a step of the build, the name of a variable.
    pub evidence: Vec<String>,
}

impl FailedCheck {
    /// The check, if anything speaks for it.
    pub(crate) fn given(id: &str, evidence: Vec<String>) -> Option<Self> {
        (!evidence.is_empty()).then(|| Self {
            id: id.to_owned(),
            evidence,
        })
    }
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckFacts {
    /// Its id.
    pub id: &'static str,
    /// What is wrong, for people.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What to do about it.
    pub remedy: &'static str,
}

/// The checks.
pub const CHECKS: &[CheckFacts] = &[
    CheckFacts {
        id: "runs-as-root",
        title: "The image runs as root",
        severity: Severity::Medium,
        remedy: "add USER with an unprivileged user to the Dockerfile",
    },
    CheckFacts {
        id: "no-healthcheck",
        title: "The image has no health check",
        severity: Severity::Negligible,
        remedy: "add HEALTHCHECK, unless the platform has probes of its own",
    },
    CheckFacts {
        id: "credentials-in-environment",
        title: "Variables of the environment look like credentials",
        severity: Severity::High,
        remedy: "pass them when the container starts, from a secret; change those that were real",
    },
    CheckFacts {
        id: "credentials-in-build-arguments",
        title: "Arguments of the build look like credentials, and the history keeps them",
        severity: Severity::High,
        remedy: "use RUN --mount=type=secret instead of ARG; change those that were real",
    },
    CheckFacts {
        id: "remote-add",
        title: "A file from elsewhere is added without a checksum",
        severity: Severity::Medium,
        remedy: "use ADD --checksum=sha256:..., or verify the file after fetching it",
    },
    CheckFacts {
        id: "download-piped-to-shell",
        title: "The build runs what it downloads, unseen",
        severity: Severity::Medium,
        remedy: "download to a file, verify its checksum or signature, then run it",
    },
    CheckFacts {
        id: "package-cache-kept",
        title: "The package manager's cache is left in a layer",
        severity: Severity::Negligible,
        remedy: "clean it in the same RUN: rm -rf /var/lib/apt/lists/*, apk add --no-cache, dnf clean all",
    },
    CheckFacts {
        id: "base-by-latest-tag",
        title: "The base image is named by a tag that moves",
        severity: Severity::Low,
        remedy: "name the base image by version, or by digest",
    },
    CheckFacts {
        id: "setuid-files",
        title: "Programs run as their owner or group, whoever starts them",
        severity: Severity::Low,
        remedy: "remove them, or take the bits away: chmod a-s FILE",
    },
    CheckFacts {
        id: "world-writable-files",
        title: "Anybody in the container may change these files",
        severity: Severity::Medium,
        remedy: "take the permission away: chmod o-w FILE",
    },
    CheckFacts {
        id: "sudo-installed",
        title: "sudo is in the image",
        severity: Severity::Low,
        remedy: "use USER to change users, and remove sudo",
    },
];

/// The check of this id; `None` for one that this version does not have.
pub fn check(id: &str) -> Option<&'static CheckFacts> {
    CHECKS.iter().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_found_by_its_own_id() {
        for facts in CHECKS {
            assert_eq!(check(facts.id), Some(facts));
        }
        assert_eq!(check("other"), None);
    }
}
