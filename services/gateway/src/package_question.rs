//! Which packages a question about a name and a range of versions means.
//!
//! No advisory has to exist for it: versions are compared here, in the order of their ecosystem, and
//! the store is asked for the images of those that are in the range.

use std::str::FromStr;

use scanyard_package::{InvalidPurl, Package, PackageKind};
use scanyard_store::{NamedPackage, TenantId};
use scanyard_version::VersionRange;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::problem_code::Code;
use crate::state::Gateway;

/// Names that a short name may stand for.
const MEANINGS: u32 = 50;
/// Longest name that is looked for.
const MAX_NAME: usize = 1024;

/// Which packages are meant.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PackageParameters {
    /// A purl, whose version may be left out: `pkg:maven/org.apache.logging.log4j/log4j-core`; or a
    /// name: `openssl`, which finds packages built from a source of that name too. The last part of
    /// a name is enough where no package has it as its whole name.
    #[param(example = "log4j-core")]
    pub package: String,
    /// Versions, in the order of the package's ecosystem: `>=2.0,<2.17.1`, alternatives after `||`,
    /// or `vers:maven/>=2.0|<2.17.1`. All versions unless given.
    #[param(example = ">=2.0-beta9,<2.15.0")]
    pub range: Option<String>,
}

/// What was asked for.
pub struct PackageQuestion {
    kind: Option<PackageKind>,
    name: String,
    range: Option<VersionRange>,
}

/// A package that is meant, or may be.
pub struct MeantPackage {
    /// The package.
    pub package: NamedPackage,
    /// Why its version could not be compared, where it could not.
    pub undetermined: Option<String>,
}

impl PackageQuestion {
    /// Reads a question.
    pub fn read(parameters: &PackageParameters) -> Result<Self, Problem> {
        let text = parameters.package.trim();
        if text.is_empty() || text.len() > MAX_NAME {
            return Err(invalid(format!(
                "package is a name or purl of 1 to {MAX_NAME} characters."
            )));
        }
        let (kind, name, version) = match text.strip_prefix("pkg:") {
            Some(_) => read_purl(text)?,
            None => (None, text.to_owned(), None),
        };
        let range = match (&parameters.range, version) {
            (Some(range), _) => Some(range.clone()),
            (None, version) => version.map(|version| format!("={version}")),
        };
        let range = range.map(|range| {
            VersionRange::from_str(&range).map_err(|error| invalid(format!("range: {error}.")))
        });
        Ok(Self {
            kind,
            name,
            range: range.transpose()?,
        })
    }

    /// The packages that are meant: those in the range, and those of which that cannot be told.
    pub async fn find(
        &self,
        gateway: &Gateway,
        tenant: TenantId,
    ) -> Result<Vec<MeantPackage>, Problem> {
        let store = gateway.store();
        let mut named = store.packages_named(self.kind, &self.name).await?;
        if named.is_empty() {
            for (kind, name) in self.meanings(gateway, tenant).await? {
                named.extend(store.packages_named(Some(kind), &name).await?);
            }
        }
        Ok(named
            .into_iter()
            .filter_map(|package| self.judge(package))
            .collect())
    }

    /// Whole names whose last part is the name.
    async fn meanings(
        &self,
        gateway: &Gateway,
        tenant: TenantId,
    ) -> Result<Vec<(PackageKind, String)>, Problem> {
        let names = gateway
            .store()
            .search_packages(tenant, &self.name, MEANINGS)
            .await?;
        let last_part = |name: &str| {
            name.rsplit(['/', ':'])
                .next()
                .is_some_and(|last| last.eq_ignore_ascii_case(&self.name))
        };
        let meant = names
            .into_iter()
            .filter(|name| self.kind.is_none_or(|kind| kind == name.kind) && last_part(&name.name));
        Ok(meant.map(|name| (name.kind, name.name)).collect())
    }

    fn judge(&self, package: NamedPackage) -> Option<MeantPackage> {
        let Some(range) = &self.range else {
            return Some(MeantPackage {
                package,
                undetermined: None,
            });
        };
        let Some(scheme) = package.kind.scheme() else {
            let undetermined = Some("versions of its kind have no order".to_owned());
            return Some(MeantPackage {
                package,
                undetermined,
            });
        };
        let undetermined = match range.contains(scheme, &package.version) {
            Ok(false) => return None,
            Ok(true) => None,
            Err(error) => Some(error.to_string()),
        };
        Some(MeantPackage {
            package,
            undetermined,
        })
    }
}

type NameAndVersion = (Option<PackageKind>, String, Option<String>);

/// Kind, name and version of a purl.
fn read_purl(text: &str) -> Result<NameAndVersion, Problem> {
    let refuse = |error: InvalidPurl| invalid(format!("package: {error}."));
    match Package::from_purl(text) {
        Ok((package, _)) => Ok((Some(package.kind), package.name, Some(package.version))),
        Err(InvalidPurl::NoVersion) => {
            let end = text.find(['?', '#']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let (package, _) = Package::from_purl(&format!("{name}@0{rest}")).map_err(refuse)?;
            Ok((Some(package.kind), package.name, None))
        }
        Err(error) => Err(refuse(error)),
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(Code::InvalidQuery, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(package: &str, range: Option<&str>, version: &str) -> String {
        let question = PackageQuestion::read(&PackageParameters {
            package: package.to_owned(),
            range: range.map(str::to_owned),
        });
        let question = question.unwrap();
        let judged = question.judge(NamedPackage {
            id: scanyard_store::PackageId(1),
            purl: String::new(),
            kind: question.kind.unwrap_or(PackageKind::Deb),
            version: version.to_owned(),
        });
        let verdict = judged.map_or("no", |meant| match meant.undetermined {
            Some(_) => "undetermined",
            None => "yes",
        });
        format!("{} {verdict}", question.name)
    }

    #[test]
    fn a_purl_names_a_package_and_maybe_a_version() {
        let log4j = "pkg:maven/org.apache.logging.log4j/log4j-core";
        let name = "org.apache.logging.log4j:log4j-core";
        let cases = [
            (log4j, None, "2.14.1", format!("{name} yes")),
            (log4j, Some("<2.15"), "2.14.1", format!("{name} yes")),
            (log4j, Some("<2.15"), "2.17.1", format!("{name} no")),
            ("pkg:npm/%40a/b@1.0.0", None, "1.0.0", "@a/b yes".to_owned()),
            ("pkg:npm/%40a/b@1.0.0", None, "1.0.1", "@a/b no".to_owned()),
            (
                "pkg:npm/b?x=y",
                Some(">1.0.0"),
                "latest",
                "b undetermined".to_owned(),
            ),
            (
                "openssl",
                Some("<3.0.11"),
                "3.0.9-1",
                "openssl yes".to_owned(),
            ),
        ];
        for (package, range, version, expected) in cases {
            assert_eq!(
                judge(package, range, version),
                expected,
                "{package} {range:?}"
            );
        }
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for (package, range) in [("", None), ("pkg:nothing/x", None), ("a", Some(">"))] {
            let read = PackageQuestion::read(&PackageParameters {
                package: package.to_owned(),
                range: range.map(str::to_owned),
            });
            assert_eq!(read.err().unwrap().code(), Code::InvalidQuery, "{package}");
        }
    }
}
