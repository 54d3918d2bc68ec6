//! Policies as people write them: YAML or JSON.

use std::collections::HashSet;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::expression::{Expression, InvalidExpression};
use crate::policy::{Action, Policy, Rule};
use crate::scope::Scope;

/// Largest document, in bytes.
pub const MAX_POLICY: usize = 256 << 10;
/// Most rules.
const MAX_RULES: usize = 100;
/// Longest name.
const MAX_NAME: usize = 64;

/// Why a document is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidPolicy {
    /// Where in the document, as line and column from 1; `None` where it is about the whole.
    pub place: Option<(u32, u32)>,
    /// The rule that it is about.
    pub rule: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, "rule {rule:?}: ")?;
        }
        f.write_str(&self.message)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyDocument {
    name: Spanned<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    scope: Scope,
    rules: Vec<RuleDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleDocument {
    name: Spanned<String>,
    when: Spanned<String>,
    action: Action,
    #[serde(default)]
    message: Option<String>,
}

impl Policy {
    /// Reads a policy. Everything that could be wrong with it shows here, not when an image waits.
    pub fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        if text.len() > MAX_POLICY {
            return Err(whole(format!(
                "a policy has at most {} KiB",
                MAX_POLICY >> 10
            )));
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_aliases: 100,
                max_anchors: 100,
                max_documents: 1,
                max_depth: 16,
                max_events: 20_000,
                max_nodes: 10_000,
            },
            with_snippet: false,
        };
        let document: PolicyDocument =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| InvalidPolicy {
                place: error.location().map(place_of),
                rule: None,
                message: error.to_string(),
            })?;
        check_name(&document.name)?;
        document.scope.check().map_err(whole)?;
        if document.rules.is_empty() || document.rules.len() > MAX_RULES {
            return Err(whole(format!("a policy has 1 to {MAX_RULES} rules")));
        }
        let mut names = HashSet::new();
        let mut rules = Vec::with_capacity(document.rules.len());
        for rule in document.rules {
            check_name(&rule.name)?;
            if !names.insert(rule.name.value.clone()) {
                return Err(at(&rule.name, "another rule has this name too"));
            }
            rules.push(read_rule(rule, text)?);
        }
        Ok(Self {
            name: document.name.value,
            description: document.description,
            scope: document.scope,
            rules,
        })
    }
}

fn read_rule(rule: RuleDocument, text: &str) -> Result<Rule, InvalidPolicy> {
    let when = Expression::compile(&rule.when.value).map_err(|error| InvalidPolicy {
        place: Some(place_in_document(&rule.when, &error, text)),
        rule: Some(rule.name.value.clone()),
        message: error.message,
    })?;
    Ok(Rule {
        name: rule.name.value,
        when,
        action: rule.action,
        message: rule.message,
    })
}

/// Names stand in addresses, in sentences and on command lines.
fn check_name(name: &Spanned<String>) -> Result<(), InvalidPolicy> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let fits = (1..=MAX_NAME).contains(&name.value.len());
    match fits && name.value.chars().all(is_plain) {
        true => Ok(()),
        false => Err(at(
            name,
            "a name has 1 to 64 letters, digits and . _ - in it",
        )),
    }
}

fn whole(message: impl Into<String>) -> InvalidPolicy {
    InvalidPolicy {
        place: None,
        rule: None,
        message: message.into(),
    }
}

fn at(name: &Spanned<String>, message: &str) -> InvalidPolicy {
    InvalidPolicy {
        place: Some(place_of(name.referenced)),
        rule: None,
        message: message.to_owned(),
    }
}

fn place_of(location: serde_saphyr::Location) -> (u32, u32) {
    let number = |place: u64| u32::try_from(place).unwrap_or(u32::MAX);
    (number(location.line()), number(location.column()))
}

/// Where in the document a place in an expression is. Exact for what stands on one line and for
/// blocks that keep their lines; where lines were folded, the line that the expression begins on.
fn place_in_document(when: &Spanned<String>, error: &InvalidExpression, text: &str) -> (u32, u32) {
    let (line, column) = place_of(when.defined);
    if error.line > 1 {
        // A block: its lines are indented alike.
        return (line + error.line - 1, column + error.column - 1);
    }
    let index = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let written = text.lines().nth(index(line)).unwrap_or_default();
    let quote = match written.chars().nth(index(column)) {
        Some('"' | '\'') => 1,
        _ => 0,
    };
    let exact = column + error.column - 1 + quote;
    match index(exact) <= written.chars().count() {
        true => (line, exact),
        false => (line, column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Policy::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn yaml_and_json_are_the_same_policy() {
        let yaml = "name: a\nscope:\n  repositories: ['prod/**']\n  labels: {team: x}\nrules:\n\
                    - name: kev\n  when: finding.known_exploited\n  action: fail\n  message: no\n";
        let json = r#"{"name": "a", "scope": {"repositories": ["prod/**"], "labels": {"team": "x"}},
            "rules": [{"name": "kev", "when": "finding.known_exploited", "action": "fail", "message": "no"}]}"#;
        for text in [yaml, json] {
            let policy = Policy::parse(text).unwrap();
            assert_eq!(policy.name, "a");
            assert_eq!(policy.scope.repositories, ["prod/**"]);
            assert_eq!(policy.rules[0].action, Action::Fail);
            assert_eq!(policy.rules[0].message.as_deref(), Some("no"));
            assert_eq!(policy.rules[0].when.text(), "finding.known_exploited");
        }
    }

    #[test]
    fn an_expression_that_does_not_compile_is_told_with_line_and_column() {
        let policy =
            |when: &str| format!("name: a\nrules:\n- name: r\n  when: {when}\n  action: fail\n");
        for (when, place) in [
            ("finding.nme == 'a'", "line 4, column "),
            ("\"finding.id = 1\"", "line 4, column 21: rule \"r\": "),
            ("'finding.id = 1'", "line 4, column 21: "),
            ("finding.id = 1", "line 4, column 20: "),
            (
                "|\n    finding.fixable &&\n    finding.id = 1",
                "line 6, column 16: ",
            ),
        ] {
            let error = refused(&policy(when));
            assert!(error.starts_with(place), "{when}: {error}");
        }
    }

    #[test]
    fn what_is_no_policy_is_refused_with_its_place() {
        for (text, part) in [
            ("name: a\nrules: []\n", "1 to 100 rules"),
            ("name: a b\nrules: []\n", "line 1, column 7: a name has"),
            ("name: a\nrule: []\n", "line 2"),
            (
                "name: a\nrules:\n- name: r\n  when: 'true'\n  action: stop\n",
                "line 5",
            ),
            ("name: [\n", "line"),
            ("", ""),
            ("name: &a [*a]\nrules: *a\n", ""),
            (
                "name: a\nrules:\n- {name: r, when: 'true', action: fail}\n- {name: r, when: 'true', action: fail}\n",
                "line 4, column 10: another rule",
            ),
        ] {
            let error = refused(text);
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(refused(&" ".repeat(MAX_POLICY + 1)).contains("256 KiB"));
    }

    #[test]
    fn policies_in_the_documentation_compile() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policies");
        let mut read = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let policy =
                Policy::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(
                path.file_stem().unwrap().to_str(),
                Some(policy.name.as_str())
            );
            read += 1;
        }
        assert!(read >= 3);
    }
}
