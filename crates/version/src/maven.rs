//! Maven: by the "Version Order Specification" of the POM reference, as Maven implements it since 3.9:
//! `1.0.rc`, `1-rc` and `1.rc` are the same. Its order has circles, as `1.alpha.1 < 1 < 1-5 < 1.0.alpha.1`;
//! ours has none, because zeros before a qualifier never count ([`trim`]).

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
    let stop = |c: char| matches!(c, '.' | '-');
    let mut tokens = Vec::new();
    let mut separator = Separator::Dash;
    let mut rest = text.as_str();
    loop {
        let digits = rest.starts_with(|c: char| c.is_ascii_digit());
        let (run, tail) = take_while(rest, |c| !stop(c) && c.is_ascii_digit() == digits);
        let before_digit = tail.starts_with(|c: char| c.is_ascii_digit());
        let value = value(run, before_digit);
        if is_qualifier(&value) && !tail.starts_with(stop) {
            separator = Separator::Dash;
        }
        tokens.push(Token { separator, value });
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

fn is_qualifier(value: &Value) -> bool {
    !matches!(value, Value::Number(_)) && !is_null(value)
}

/// Removes null values before each dash, before each qualifier, and at the end: so `1.0.rc` is `1-rc`,
/// as it has been since Maven 3.9. It also makes the order total. A null that stays is followed by a
/// number greater than zero, so whoever has it is greater than whoever ends there; where `1.0.rc` kept
/// its zero, `1.0.rc < 1 < 1-0.0.9 < 1.0.rc` was a circle.
fn trim(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        if token.separator == Separator::Dash || is_qualifier(&token.value) {
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

/// Where a token stands among others: qualifiers by whatever separator, numbers by the dash, numbers
/// by the dot.
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

/// The same qualifier between dots comes before that by the dash. Only then: were the separator asked
/// first, as Maven does, `10.x.1 < 10-alpha < 10-x` would be one of its circles. The release is the same
/// however it is written.
fn by_separator(token: &Token) -> u8 {
    u8::from(is_qualifier(&token.value) && token.separator == Separator::Dash)
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
