//! What expressions can ask about: every variable and its fields, in one table.

/// What a value has in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// Text, a number, true or false.
    Plain,
    /// These fields.
    Fields(&'static [(&'static str, Shape)]),
    /// Names that the image chooses.
    Named,
    /// Many of the same.
    List(&'static Shape),
}

use Shape::{Fields, List, Named, Plain};

const PACKAGE: Shape = Fields(&[
    ("name", Plain),
    ("version", Plain),
    ("purl", Plain),
    ("ecosystem", Plain),
    ("source", Plain),
    ("licence", Plain),
    ("licences", List(&Plain)),
]);

const FINDING: Shape = Fields(&[
    ("id", Plain),
    ("aliases", List(&Plain)),
    ("status", Plain),
    ("severity", Plain),
    ("level", Plain),
    ("score", Plain),
    ("fixable", Plain),
    ("fixed_version", Plain),
    ("fix_state", Plain),
    ("known_exploited", Plain),
    ("epss", Plain),
    ("epss_percentile", Plain),
    ("age_days", Plain),
    ("vex", Plain),
    ("path", Plain),
    ("paths", List(&Plain)),
    ("package", PACKAGE),
    (
        "layer",
        Fields(&[("digest", Plain), ("index", Plain), ("from_base", Plain)]),
    ),
]);

const IMAGE: Shape = Fields(&[
    ("reference", Plain),
    ("repository", Plain),
    ("repositories", List(&Plain)),
    ("tag", Plain),
    ("tags", List(&Plain)),
    ("digest", Plain),
    ("platform", Plain),
    ("labels", Named),
    ("age_days", Plain),
    ("size", Plain),
    ("layers", Plain),
    ("packages", Plain),
    ("user", Plain),
]);

const COVERAGE: Shape = Fields(&[
    ("complete", Plain),
    ("gaps", Plain),
    (
        "entries",
        List(&Fields(&[
            ("kind", Plain),
            ("subject", Plain),
            ("detail", Plain),
        ])),
    ),
]);

const SECRET: Shape = Fields(&[
    ("rule", Plain),
    ("severity", Plain),
    ("level", Plain),
    ("path", Plain),
    ("deleted", Plain),
    ("example", Plain),
]);

const CHECK: Shape = Fields(&[("id", Plain), ("severity", Plain), ("level", Plain)]);

/// Every variable.
pub(crate) const VARIABLES: [(&str, Shape); 14] = [
    ("finding", FINDING),
    ("image", IMAGE),
    ("coverage", COVERAGE),
    (
        "distro",
        Fields(&[("id", Plain), ("version", Plain), ("end_of_life", Plain)]),
    ),
    ("secrets", List(&SECRET)),
    ("checks", List(&CHECK)),
    (
        "summary",
        Fields(&[
            ("critical", Plain),
            ("high", Plain),
            ("medium", Plain),
            ("low", Plain),
            ("negligible", Plain),
            ("unknown", Plain),
            ("undetermined", Plain),
            ("suppressed", Plain),
        ]),
    ),
    ("advisories", Fields(&[("age_days", Plain)])),
    ("CRITICAL", Plain),
    ("HIGH", Plain),
    ("MEDIUM", Plain),
    ("LOW", Plain),
    ("NEGLIGIBLE", Plain),
    ("UNKNOWN", Plain),
];

impl Shape {
    /// The shape of a field; `Err` where there is none.
    pub(crate) fn field(self, name: &str) -> Result<Option<Shape>, ()> {
        match self {
            Fields(fields) => {
                let known = fields.iter().find(|(field, _)| *field == name);
                known.map(|(_, shape)| Some(*shape)).ok_or(())
            }
            Named => Ok(Some(Plain)),
            Plain | List(_) => Err(()),
        }
    }
}
