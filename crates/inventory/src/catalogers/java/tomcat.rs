//! Apache Tomcat as it is installed, whose archives have other names than in Maven's repositories.

use scanyard_package::{Package, PackageKind};

/// What its archives call themselves.
pub const TITLE: &str = "Apache Tomcat";

/// What else the archive at this path stands for. An installed Tomcat, and no library, has its main
/// archive under this name, and advisories name the installation or a part of it.
pub fn installation(path: &str, package: &Package) -> Option<Package> {
    let is_main = package.name == "org.apache.tomcat:tomcat-catalina"
        && crate::path::split_name(path).1 == "catalina.jar";
    is_main.then(|| self::package("tomcat", &package.version))
}

/// The package of an archive of this name, which the installation shortens.
pub fn package_of(name: &str, version: &str) -> Option<Package> {
    Some(package(&artifact_of(name)?, version))
}

fn package(artifact: &str, version: &str) -> Package {
    Package::new(
        PackageKind::Maven,
        format!("org.apache.tomcat:{artifact}"),
        version,
    )
}

fn artifact_of(name: &str) -> Option<String> {
    let renamed = match name {
        "bootstrap" | "tomcat-juli" => "tomcat-juli",
        "catalina-tribes" => "tomcat-tribes",
        "catalina-ssi" => "tomcat-ssi",
        "catalina-storeconfig" => "tomcat-storeconfig",
        name if name.starts_with("tomcat-embed-") => return None,
        name if name.starts_with("tomcat-") => name,
        "annotations-api"
        | "catalina"
        | "catalina-ant"
        | "catalina-ha"
        | "el-api"
        | "jasper"
        | "jasper-el"
        | "jaspic-api"
        | "jsp-api"
        | "servlet-api"
        | "websocket-api"
        | "websocket-client-api" => return Some(format!("tomcat-{name}")),
        _ => return None,
    };
    Some(renamed.to_owned())
}
