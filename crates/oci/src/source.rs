//! Where an image is, named as in containers-transports(5).

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use scanyard_package::Digest;

use crate::{InvalidReference, Reference};

/// Which of several images in a layout or archive is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// The only one there is.
    Only,
    /// The one with this tag or name.
    Tag(String),
    /// The one with this digest.
    Digest(Digest),
}

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a registry.
    Registry(Reference),
    /// `oci:DIR[:TAG or @DIGEST]`.
    OciLayout {
        /// The layout's directory.
        dir: PathBuf,
        /// Which image.
        select: Select,
    },
    /// `oci-archive:FILE[:TAG or @DIGEST]`.
    OciArchive {
        /// The tar.
        file: PathBuf,
        /// Which image.
        select: Select,
    },
    /// `docker-archive:FILE[:TAG]`.
    DockerArchive {
        /// The tar.
        file: PathBuf,
        /// Which image.
        select: Select,
    },
    /// `rootfs:DIR`.
    Rootfs {
        /// The root directory.
        dir: PathBuf,
    },
    /// `sbom:FILE`.
    Sbom {
        /// The bill of materials.
        file: PathBuf,
    },
}

/// Why a text names no image source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// Neither a known prefix nor a reference.
    #[error(transparent)]
    Reference(#[from] InvalidReference),
    /// A prefix without a path.
    #[error("{0}: needs a path after the colon")]
    NoPath(&'static str),
    /// Something that other tools know and we do not.
    #[error("{transport}: is not supported; {instead}")]
    Transport {
        /// The prefix.
        transport: &'static str,
        /// What to do.
        instead: &'static str,
    },
}

/// Transports of containers-transports(5) that need another program's storage or daemon.
const OTHERS: [(&str, &str); 5] = [
    (
        "docker-daemon",
        "write an archive with `docker save` and name it docker-archive:FILE",
    ),
    (
        "containers-storage",
        "write an archive with `podman save` and name it docker-archive:FILE",
    ),
    ("dir", "copy the image to an OCI layout and name it oci:DIR"),
    (
        "ostree",
        "copy the image to an OCI layout and name it oci:DIR",
    ),
    ("sif", "copy the image to an OCI layout and name it oci:DIR"),
];

impl Source {
    /// The reference of an image in a registry.
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Source::Registry(reference) => Some(reference),
            _ => None,
        }
    }

    /// The repository within the registry, for an image in a registry.
    pub fn repository(&self) -> Option<&str> {
        self.reference().map(Reference::repository)
    }

    /// The tag that names the image, in a registry, layout or archive.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Source::Registry(reference) => reference.tag(),
            Source::OciLayout { select, .. }
            | Source::OciArchive { select, .. }
            | Source::DockerArchive { select, .. } => match select {
                Select::Tag(tag) => Some(tag),
                Select::Only | Select::Digest(_) => None,
            },
            Source::Rootfs { .. } | Source::Sbom { .. } => None,
        }
    }

    /// Whether the source is a path on this machine.
    pub fn is_local(&self) -> bool {
        !matches!(self, Source::Registry(_))
    }
}

impl FromStr for Source {
    type Err = InvalidSource;

    fn from_str(text: &str) -> Result<Self, InvalidSource> {
        let local = |prefix: &'static str| {
            let rest = text.strip_prefix(prefix)?.strip_prefix(':')?;
            Some(if rest.is_empty() {
                Err(InvalidSource::NoPath(prefix))
            } else {
                Ok(rest)
            })
        };
        if let Some(rest) = local("oci") {
            let (dir, select) = split_select(rest?);
            return Ok(Source::OciLayout { dir, select });
        }
        if let Some(rest) = local("oci-archive") {
            let (file, select) = split_select(rest?);
            return Ok(Source::OciArchive { file, select });
        }
        if let Some(rest) = local("docker-archive") {
            let (file, select) = split_select(rest?);
            return Ok(Source::DockerArchive { file, select });
        }
        if let Some(rest) = local("rootfs") {
            return Ok(Source::Rootfs { dir: rest?.into() });
        }
        if let Some(rest) = local("sbom") {
            return Ok(Source::Sbom { file: rest?.into() });
        }
        for (transport, instead) in OTHERS {
            if local(transport).is_some() {
                return Err(InvalidSource::Transport { transport, instead });
            }
        }
        Ok(Source::Registry(
            text.strip_prefix("docker://").unwrap_or(text).parse()?,
        ))
    }
}

/// `PATH`, `PATH:TAG` or `PATH@DIGEST`; a path that exists with its colon is taken whole.
fn split_select(text: &str) -> (PathBuf, Select) {
    let whole = PathBuf::from(text);
    if whole.exists() {
        return (whole, Select::Only);
    }
    if let Some((path, digest)) = text.rsplit_once('@')
        && let Ok(digest) = digest.parse()
    {
        return (path.into(), Select::Digest(digest));
    }
    // The path ends at the first colon whose left side exists: tags may be whole references.
    let cut = text
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| PathBuf::from(&text[..*at]).exists());
    match cut.or_else(|| text.find(':')) {
        Some(at) => (text[..at].into(), Select::Tag(text[at + 1..].to_owned())),
        None => (whole, Select::Only),
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Select::Only => Ok(()),
            Select::Tag(tag) => write!(f, ":{tag}"),
            Select::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Registry(reference) => write!(f, "{reference}"),
            Source::OciLayout { dir, select } => write!(f, "oci:{}{select}", dir.display()),
            Source::OciArchive { file, select } => {
                write!(f, "oci-archive:{}{select}", file.display())
            }
            Source::DockerArchive { file, select } => {
                write!(f, "docker-archive:{}{select}", file.display())
            }
            Source::Rootfs { dir } => write!(f, "rootfs:{}", dir.display()),
            Source::Sbom { file } => write!(f, "sbom:{}", file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_read_back_as_written() {
        let digest = format!("oci:no/such/dir@sha256:{}", "b".repeat(64));
        let texts = [
            "oci:no/such:dir",
            "oci-archive:x.tar",
            "docker-archive:x.tar:a:1",
            "rootfs:no/such",
            &digest,
        ];
        for text in texts {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
        assert_eq!(
            "docker://alpine".parse::<Source>().unwrap().to_string(),
            "docker.io/library/alpine:latest"
        );
        let hub: Source = "alpine:3".parse().unwrap();
        assert_eq!(hub.repository(), Some("library/alpine"));
        assert_eq!(hub.tag(), Some("3"));
        let layout: Source = "oci:no/such:v1".parse().unwrap();
        assert_eq!((layout.repository(), layout.tag()), (None, Some("v1")));
        assert_eq!(
            "rootfs:".parse::<Source>(),
            Err(InvalidSource::NoPath("rootfs"))
        );
    }

    #[test]
    fn a_path_with_a_colon_is_taken_whole_if_it_exists() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a:b");
        std::fs::write(&path, "").unwrap();
        let text = format!("oci-archive:{}:v1", path.display());
        let source: Source = text.parse().unwrap();
        let expected = Source::OciArchive {
            file: path,
            select: Select::Tag("v1".into()),
        };
        assert_eq!(source, expected);
        assert_eq!(source.to_string(), text);
    }

    #[test]
    fn transports_of_other_tools_are_refused_with_a_way_out() {
        for text in ["docker-daemon:alpine:3", "dir:/x", "containers-storage:a"] {
            let error = text.parse::<Source>().unwrap_err();
            assert!(matches!(error, InvalidSource::Transport { .. }), "{error}");
        }
        // Short names that are spelled like a transport are still names.
        assert!("dir/app".parse::<Source>().is_ok());
    }
}
