//! Decides whether an image may pass, from its report alone, and which findings count.
//!
//! A [`Policy`] is a document of rules in the expression language CEL, a [`Decision`] what policies
//! say about an image and which rule decided; a [`Gate`] is what a pipeline asks for on the command
//! line. [`Waiver`]s say which findings do not count. Nothing here reads an image or matches a package.

mod decision;
mod document;
mod evaluate;
mod expression;
mod facts;
mod gate;
mod outcome;
mod policy;
mod purl;
mod scope;
mod shape;
mod suppress;
mod text;
mod vex;
mod waiver;

pub use decision::{DecidedFinding, Decision, PolicyDecision, RuleDecision, Undecided};
pub use document::{InvalidPolicy, MAX_POLICY};
pub use evaluate::{EVALUATION_TIME, EvaluationStopped, decide_within};
pub use expression::{Expression, InvalidExpression};
pub use facts::{Facts, ImageContext};
pub use gate::{Gate, Verdict};
pub use outcome::Outcome;
pub use policy::{Action, Policy, Rule};
pub use purl::PurlPattern;
pub use scope::Scope;
pub use suppress::Suppressions;
pub use vex::{
    InvalidVex, MAX_VEX, OpenVexOptions, VexDocument, VexFormat, VexIndex, openvex_of_waivers,
};
pub use waiver::{
    InvalidWaiver, MAX_WAIVER_FILE, MAX_WAIVERS, PackagePattern, Waiver, WaiverDocument,
};
