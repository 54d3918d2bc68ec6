//! Variables whose name says that their value is a credential.

/// The name of a `NAME=value`.
pub fn name(entry: &str) -> Option<&str> {
    let (name, _) = entry.split_once('=')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    (!name.is_empty() && name.len() <= 128 && name.chars().all(plain)).then_some(name)
}

/// Names of the variables that look like credentials.
pub fn credentials(entries: &[String]) -> Vec<String> {
    let held = entries.iter().filter(|entry| is_credential(entry));
    held.filter_map(|entry| name(entry))
        .map(str::to_owned)
        .collect()
}

/// Whether a `NAME=value` looks like a credential: by its name, and by a value that is neither a
/// place to look for it nor a switch.
pub fn is_credential(entry: &str) -> bool {
    const WORDS: [&str; 11] = [
        "PASSWORD",
        "PASSWD",
        "SECRET",
        "TOKEN",
        "API_KEY",
        "APIKEY",
        "ACCESS_KEY",
        "PRIVATE_KEY",
        "CREDENTIAL",
        "PASSPHRASE",
        "AUTH_KEY",
    ];
    const ELSEWHERE: [&str; 9] = [
        "FILE", "PATH", "DIR", "URL", "URI", "NAME", "EXPIRY", "TTL", "LENGTH",
    ];
    let Some((name, value)) = name(entry).zip(entry.split_once('=').map(|(_, value)| value)) else {
        return false;
    };
    let name = name.to_ascii_uppercase();
    let switch = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "yes" | "no" | "true" | "false" | "0" | "1" | "on" | "off" | "none" | "null"
    );
    WORDS.iter().any(|word| name.contains(word))
        && !ELSEWHERE.iter().any(|word| name.ends_with(word))
        && !switch
        && !value.starts_with(['/', '$', '<', '{'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_credentials_and_values_tell_what_is_none() {
        for entry in [
            "DB_PASSWORD=a",
            "aws_secret_access_key=x",
            "NPM_TOKEN=abc",
            "API_KEY=1f",
        ] {
            assert!(is_credential(entry), "{entry}");
        }
        for entry in [
            "PATH=/bin",
            "DB_PASSWORD=",
            "DB_PASSWORD_FILE=x",
            "TOKEN=/run/secrets/token",
            "MYSQL_ALLOW_EMPTY_PASSWORD=yes",
            "GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305",
            "TOKEN_URL=https://a",
            "no name",
        ] {
            assert!(!is_credential(entry), "{entry}");
        }
    }
}
