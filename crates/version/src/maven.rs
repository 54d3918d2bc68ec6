//! Maven: by the "Version Order Specification" of the POM reference, as Maven 3 implements it.

use std::cmp::Ordering;

use crate::natural::{Number, take_while};

/// Qualifiers in order; the empty one is the release itself.
const QUALIFIERS: [&str; 7] = ["alpha", "beta", "milestone", "rc", "snapshot", "", "sp"];
const RELEASE: usize = 5;

/// What stands before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Dot,
    Dash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(Number),
    Known(usize),
    Word(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    separator: Separator,
    value: Value,
}

/// A Maven version.
#[derive(Debug, Clone)]
pub struct MavenVersion(Vec<Token>);

pub fn parse(text: &str) -> Result<MavenVersion, &'static str> {
    if !text.chars().all(|c| !c.is_control() && !c.is_whitespace()) {
        return Err("it holds a space or control character");
    }
    let text = text.to_lowercase();
    let mut tokens = Vec::new();
    let mut separator = Separator::Dash;
    let mut rest = text.as_str();
    loop {
        let digits = rest.starts_with(|c: char| c.is_ascii_digit());
        let stop = |c: char| matches!(c, '.' | '-');
        let (run, tail) = take_while(rest, |c| !stop(c) && c.is_ascii_digit() == digits);
        let before_digit = tail.starts_with(|c: char| c.is_ascii_digit());
        tokens.push(Token {
            separator,
            value: value(run, before_digit),
        });
        let Some(next) = tail.chars().next() else {
            break;
        };
        separator = if next == '.' {
            Separator::Dot
        } else {
            Separator::Dash
        };
        rest = if stop(next) { &tail[1..] } else { tail };
    }
    Ok(MavenVersion(trim(tokens)))
}

fn value(run: &str, before_digit: bool) -> Value {
    if run.is_empty() {
        return Value::Number(Number::default());
    }
    if let Some(number) = Number::parse(run) {
        return Value::Number(number);
    }
    let word = match (run, before_digit) {
        ("a", true) => "alpha",
        ("b", true) => "beta",
        ("m", true) => "milestone",
        ("cr", _) => "rc",
        ("ga" | "final" | "release", _) => "",
        (word, _) => word,
    };
    match QUALIFIERS.iter().position(|known| *known == word) {
        Some(place) => Value::Known(place),
        None => Value::Word(word.to_owned()),
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::Known(RELEASE)) || matches!(value, Value::Number(n) if n.is_zero())
}

/// Removes null values before each dash and at the end.
fn trim(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.separator == Separator::Dash {
            while kept.len() > 1 && kept.last().is_some_and(|last| is_null(&last.value)) {
                kept.pop();
            }
        }
        kept.push(token);
    }
    while kept.len() > 1 && kept.last().is_some_and(|last| is_null(&last.value)) {
        kept.pop();
    }
    kept
}

/// Where a token stands among others: qualifiers, numbers by the dash, numbers by the dot.
fn rank(token: &Token) -> u8 {
    match (&token.value, token.separator) {
        (Value::Number(_), Separator::Dot) => 3,
        (Value::Number(_), Separator::Dash) => 2,
        _ => 1,
    }
}

fn compare_tokens(left: &Token, right: &Token) -> Ordering {
    rank(left)
        .cmp(&rank(right))
        .then_with(|| match (&left.value, &right.value) {
            (Value::Number(l), Value::Number(r)) => l.cmp(r),
            (Value::Known(l), Value::Known(r)) => l.cmp(r),
            (Value::Known(_), Value::Word(_)) => Ordering::Less,
            (Value::Word(_), Value::Known(_)) => Ordering::Greater,
            (Value::Word(l), Value::Word(r)) => l.cmp(r),
            _ => Ordering::Equal,
        })
        .then_with(|| by_separator(left).cmp(&by_separator(right)))
}

/// The same qualifier by the dot comes before that by the dash. Only then: were the separator asked
/// first, as Maven 3 does, `10 < 10.x < 10-alpha < 10` would be a circle. The release is the same
/// however it is written.
fn by_separator(token: &Token) -> u8 {
    match (&token.value, token.separator) {
        (Value::Number(_) | Value::Known(RELEASE), _) | (_, Separator::Dot) => 0,
        (_, Separator::Dash) => 1,
    }
}

/// What an absent token stands for beside one that is there.
fn padding(token: &Token) -> Token {
    let value = match token.value {
        Value::Number(_) => Value::Number(Number::default()),
        _ => Value::Known(RELEASE),
    };
    Token {
        separator: token.separator,
        value,
    }
}

impl Ord for MavenVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        for i in 0..self.0.len().max(other.0.len()) {
            let order = match (self.0.get(i), other.0.get(i)) {
                (Some(l), Some(r)) => compare_tokens(l, r),
                (Some(l), None) => compare_tokens(l, &padding(l)),
                (None, Some(r)) => compare_tokens(&padding(r), r),
                (None, None) => Ordering::Equal,
            };
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for MavenVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MavenVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for MavenVersion {}
