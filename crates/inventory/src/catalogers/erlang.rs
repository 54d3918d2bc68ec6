//! Erlang and Elixir applications: `NAME-VERSION/ebin/NAME.app` in releases and libraries.

use scanyard_package::{CoverageKind, PackageKind};

use super::declared::Declared;
use super::{Cataloger, Names};
use crate::layer::FileEvidence;

pub struct Application;

/// Parts of the languages themselves, which Hex does not have. Some names mean another package
/// there.
const OF_THE_LANGUAGE: [&str; 45] = [
    "asn1",
    "common_test",
    "compiler",
    "crypto",
    "debugger",
    "dialyzer",
    "diameter",
    "edoc",
    "eex",
    "eldap",
    "elixir",
    "erl_docgen",
    "erl_interface",
    "erts",
    "et",
    "eunit",
    "ex_unit",
    "ftp",
    "hipe",
    "iex",
    "inets",
    "jinterface",
    "kernel",
    "logger",
    "megaco",
    "mix",
    "mnesia",
    "observer",
    "odbc",
    "os_mon",
    "otp_mibs",
    "parsetools",
    "public_key",
    "reltool",
    "runtime_tools",
    "sasl",
    "snmp",
    "ssh",
    "ssl",
    "stdlib",
    "syntax_tools",
    "tftp",
    "tools",
    "wx",
    "xmerl",
];

impl Cataloger for Application {
    fn names(&self) -> Names {
        Names {
            extensions: &["app"],
            ..Names::NONE
        }
    }

    fn wants(&self, path: &str) -> bool {
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let name = file.strip_suffix(".app").unwrap_or_default();
        parts.next() == Some("ebin") && !OF_THE_LANGUAGE.contains(&name)
    }

    /// Reads the term `{application, name, [..., {vsn, "1.0.0"}, ...]}`.
    fn catalog(&self, _path: &str, content: &[u8]) -> FileEvidence {
        let text = String::from_utf8_lossy(content);
        let (Some(name), Some(version)) = (name(&text), version(&text)) else {
            let detail = "the Erlang application names no version as plain text";
            return FileEvidence::unreadable(CoverageKind::UnreadableFile, detail);
        };
        let mut declared = Declared::new(PackageKind::Hex);
        declared.add(name, version);
        declared.into()
    }
}

fn name(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("{application")?;
    let (name, _) = rest.trim_start().strip_prefix(',')?.split_once(',')?;
    Some(name.trim().trim_matches('\''))
}

fn version(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("{vsn")?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start();
    let (version, _) = rest.strip_prefix('"')?.split_once('"')?;
    Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_of_a_release_are_packages() {
        let path = "app/lib/phoenix-1.7.10/ebin/phoenix.app";
        assert!(Application.wants(path));
        assert!(!Application.wants("app/lib/ssl-11.0/ebin/ssl.app"));
        assert!(!Application.wants("Applications/Notes.app"));
        let text = b"%% the application\n{application,phoenix,\n    [{applications,[kernel]},\n     {description,\"Peace\"},\n     {vsn,\"1.7.10\"}]}.\n";
        let evidence = Application.catalog(path, text);
        assert_eq!(
            evidence.packages[0].package.purl(None),
            "pkg:hex/phoenix@1.7.10"
        );
        assert_eq!(
            Application
                .catalog(path, b"{application,a,[]}.")
                .unknowns
                .len(),
            1
        );
    }
}
