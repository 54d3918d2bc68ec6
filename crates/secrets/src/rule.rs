//! What a rule is, and how one looks at text.

use std::ops::{Range, RangeInclusive};

use regex::bytes::{Regex, RegexBuilder};
use scanyard_package::Severity;

use crate::check;
use crate::rules::RULES;

/// Bytes before a keyword that a rule may look at, and bytes after it.
pub const BEFORE: usize = 256;
pub const AFTER: usize = 1 << 10;

/// One kind of secret.
pub struct Rule {
    /// Its name, for good: it is stored.
    pub id: &'static str,
    /// What was found, for people.
    pub title: &'static str,
    /// How bad it is that somebody else has it.
    pub severity: Severity,
    /// Literals of which each match has one. Case counts.
    pub keywords: &'static [&'static str],
    /// What a match looks like.
    pub shape: Shape,
    /// Whether the value is a real one.
    pub check: fn(&[u8]) -> bool,
    /// Where it is looked for.
    pub files: Files,
}

/// What a match looks like.
pub enum Shape {
    /// The keyword, then so many characters of an alphabet.
    Token(Alphabet, RangeInclusive<usize>),
    /// An expression whose group `secret` is the value; it matches around the keyword.
    Pattern(&'static str),
    /// What stands in an address after `://`.
    AddressPassword,
}

/// The characters of tokens.
#[derive(Clone, Copy)]
pub enum Alphabet {
    /// `0-9a-f`.
    Hex,
    /// `0-9A-Za-z`.
    Alphanumeric,
    /// `0-9A-Z`.
    Upper,
    /// `0-9A-Za-z_-`: base 64 for addresses.
    Base64Url,
    /// `A-Z2-7`: base 32.
    Base32,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Alphabet::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Alphabet::Alphanumeric => byte.is_ascii_alphanumeric(),
            Alphabet::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Alphabet::Base64Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Alphabet::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
        }
    }
}

/// The files that a rule is for.
#[derive(Clone, Copy)]
pub enum Files {
    /// Any text.
    Any,
    /// Settings, by name: elsewhere the words stand in code and prose.
    Settings,
    /// Files of one of these names.
    Named(&'static [&'static str]),
}

impl Files {
    pub fn hold(self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        match self {
            Files::Any => true,
            Files::Settings => is_settings(name),
            Files::Named(names) => names.contains(&name),
        }
    }
}

fn is_settings(name: &str) -> bool {
    const EXTENSIONS: [&str; 10] = [
        "env",
        "properties",
        "ini",
        "cfg",
        "conf",
        "cnf",
        "yml",
        "yaml",
        "toml",
        "config",
    ];
    const NAMES: [&str; 7] = [
        "credentials",
        "secrets.json",
        "settings.json",
        "wp-config.php",
        "settings.py",
        "config.json",
        crate::IMAGE_CONFIG,
    ];
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    name.starts_with(".env")
        || NAMES.contains(&name)
        || name.starts_with("appsettings.")
        || EXTENSIONS.contains(&extension)
}

/// A match: where it stands and where its value does.
pub struct Found {
    pub matched: Range<usize>,
    pub value: Range<usize>,
}

impl Rule {
    /// The expression of the rule, if it has one.
    pub fn regex(&self) -> Option<Regex> {
        let Shape::Pattern(pattern) = &self.shape else {
            return None;
        };
        let built = RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(1 << 20)
            .build();
        // A test builds all of them.
        built.ok()
    }

    /// The match around a keyword, in text that may go on before and behind what the rule sees.
    pub fn examine(
        &self,
        regex: Option<&Regex>,
        text: &[u8],
        keyword: Range<usize>,
    ) -> Option<Found> {
        let found = match &self.shape {
            Shape::Token(alphabet, length) => token(text, keyword, *alphabet, length),
            Shape::Pattern(_) => pattern(regex?, text, keyword),
            Shape::AddressPassword => address(text, keyword),
        }?;
        (self.check)(text.get(found.value.clone())?).then_some(found)
    }
}

fn token(
    text: &[u8],
    keyword: Range<usize>,
    alphabet: Alphabet,
    length: &RangeInclusive<usize>,
) -> Option<Found> {
    if !begins_word(text, keyword.start) {
        return None;
    }
    let rest = text.get(keyword.end..)?;
    let most = length.end().saturating_add(1);
    let run = rest
        .iter()
        .take(most)
        .take_while(|byte| alphabet.has(**byte))
        .count();
    let value = keyword.end..keyword.end + run;
    length.contains(&run).then_some(Found {
        matched: keyword.start..value.end,
        value,
    })
}

/// Whether no word goes on into this place; an escape such as `\n` is no word.
fn begins_word(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| text.get(at)).copied();
    match before(1) {
        Some(b'n' | b't' | b'r') if before(2) == Some(b'\\') => true,
        Some(byte) => !byte.is_ascii_alphanumeric() && byte != b'_',
        None => true,
    }
}

fn pattern(regex: &Regex, text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let start = keyword.start.saturating_sub(BEFORE);
    let window = text.get(start..text.len().min(keyword.end + AFTER))?;
    let mut from = 0;
    while let Some(captures) = regex.captures_at(window, from) {
        let (whole, value) = (captures.get(0)?, captures.name("secret")?);
        if start + whole.start() > keyword.start {
            return None;
        }
        if start + whole.end() >= keyword.end {
            return Some(Found {
                matched: start + whole.start()..start + whole.end(),
                value: start + value.start()..start + value.end(),
            });
        }
        from = whole.end().max(from + 1);
    }
    None
}

fn address(text: &[u8], keyword: Range<usize>) -> Option<Found> {
    let scheme = text.get(keyword.start.saturating_sub(16)..keyword.start)?;
    let scheme_bytes =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let scheme = scheme.iter().rev().take_while(scheme_bytes).count();
    let (value, end) = check::address_password(text.get(keyword.end..)?)?;
    (scheme > 0).then_some(Found {
        matched: keyword.start - scheme..keyword.end + end,
        value: keyword.end + value.start..keyword.end + value.end,
    })
}

/// What a rule says about what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleFacts {
    /// What was found, for people.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
}

/// The rule of this id; `None` for one that this version does not have.
pub fn rule(id: &str) -> Option<RuleFacts> {
    let rule = RULES.iter().find(|rule| rule.id == id)?;
    Some(RuleFacts {
        title: rule.title,
        severity: rule.severity,
    })
}
