//! What the steps of a build tell. Evidence never quotes a step: it may hold credentials.

use crate::environment;

/// Steps that are looked at.
const MOST_STEPS: usize = 10_000;

/// What a step ran, without what builders write around it.
fn command(step: &str) -> &str {
    let step = step.trim();
    let step = step.strip_suffix("# buildkit").map_or(step, str::trim_end);
    step.strip_prefix("RUN ").unwrap_or(step).trim_start()
}

/// Evidence from the steps: for each that says something, its number and what it says.
fn evidence(history: &[String], tell: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let steps = history.iter().take(MOST_STEPS).enumerate();
    steps
        .filter_map(|(index, step)| Some(format!("step {}: {}", index + 1, tell(step)?)))
        .collect()
}

/// Build arguments that look like credentials: builders note `|N NAME=value ... /bin/sh -c`.
pub fn credentials(history: &[String]) -> Vec<String> {
    evidence(history, |step| {
        let arguments = command(step).strip_prefix('|')?;
        let before_shell = arguments.split(" /bin/sh ").next()?;
        let names: Vec<_> = before_shell
            .split_whitespace()
            .filter(|argument| environment::is_credential(argument))
            .filter_map(environment::name)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    })
}

/// `ADD` of an address without a checksum.
pub fn remote_adds(history: &[String]) -> Vec<String> {
    evidence(history, |step| {
        let step = step.trim();
        let step = step
            .strip_prefix("/bin/sh -c #(nop)")
            .map_or(step, str::trim_start);
        let arguments = step.strip_prefix("ADD ")?;
        if arguments.contains("--checksum=") {
            return None;
        }
        let address = arguments
            .split_whitespace()
            .find(|argument| argument.starts_with("http://") || argument.starts_with("https://"))?;
        Some(format!("ADD from {}", host(address)))
    })
}

/// The host of an address: what stands before it or behind it may be a credential.
fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}

/// A download whose output goes to a shell.
pub fn piped_downloads(history: &[String]) -> Vec<String> {
    evidence(history, |step| {
        let mut fetched = false;
        // `||` is no pipe, and what comes after `;` or `&&` is another pipeline.
        for pipeline in step.replace("||", ";").split([';', '&', '\n']) {
            for (position, part) in pipeline.split('|').enumerate() {
                let mut words = part.split_whitespace().filter(|word| !word.contains('='));
                if position > 0
                    && fetched
                    && words
                        .clone()
                        .find(|word| !is_prefix(word))
                        .is_some_and(is_shell)
                {
                    return Some("what was downloaded is piped to a shell".to_owned());
                }
                fetched =
                    (position > 0 && fetched) || words.any(|word| matches!(word, "curl" | "wget"));
            }
            fetched = false;
        }
        None
    })
}

fn is_prefix(word: &str) -> bool {
    matches!(word, "sudo" | "env" | "-E" | "exec")
}

fn is_shell(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(
        name,
        "sh" | "bash" | "dash" | "ash" | "zsh" | "python" | "python3" | "perl" | "node"
    )
}

/// Installations that leave lists or archives of the package manager behind.
pub fn kept_caches(history: &[String]) -> Vec<String> {
    evidence(history, |step| {
        let has = |text: &str| step.contains(text);
        if has("--mount=type=cache") {
            return None;
        }
        let kept = if (has("apt-get install") || has("apt install"))
            && has("update")
            && !has("/var/lib/apt/lists")
        {
            "apt-get update without rm -rf /var/lib/apt/lists/*"
        } else if has("apk add") && has("apk update") && !has("/var/cache/apk") {
            "apk update with apk add"
        } else if (has("yum install") || has("yum -y install"))
            && !has("yum clean")
            && !has("yum -y clean")
            && !has("/var/cache/yum")
        {
            "yum install without yum clean all"
        } else if (has("dnf install") || has("dnf -y install"))
            && !has("dnf clean")
            && !has("dnf -y clean")
            && !has("/var/cache/dnf")
        {
            "dnf install without dnf clean all"
        } else {
            return None;
        };
        Some(kept.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(steps: &[&str]) -> Vec<String> {
        steps.iter().map(|step| (*step).to_owned()).collect()
    }

    #[test]
    fn build_arguments_are_named_without_their_value() {
        let history = steps(&[
            "RUN |2 NPM_TOKEN=kT9mQ2 VERSION=1 /bin/sh -c npm ci # buildkit",
            "|1 VERSION=1 /bin/sh -c SECRET=x make",
        ]);
        assert_eq!(credentials(&history), ["step 1: NPM_TOKEN"]);
    }

    #[test]
    fn a_remote_file_needs_a_checksum() {
        let history = steps(&[
            "ADD https://u:p@files.internal/a.tar.gz?sig=1 /srv/ # buildkit",
            "ADD --checksum=sha256:00 https://files.internal/a /srv/",
            "ADD file:0123 in / ",
            "/bin/sh -c #(nop) ADD http://old.internal/x in /x",
        ]);
        assert_eq!(
            remote_adds(&history),
            [
                "step 1: ADD from files.internal",
                "step 4: ADD from old.internal"
            ]
        );
    }

    #[test]
    fn downloads_may_be_piped_to_anything_but_a_shell() {
        let piped = [
            "RUN curl -fsSL https://a | sh",
            "wget -qO- a | sudo -E bash -",
            "curl a | tee x | /bin/sh",
        ];
        for step in piped {
            assert_eq!(piped_downloads(&steps(&[step])).len(), 1, "{step}");
        }
        let other = [
            "curl a | tar xz",
            "curl a || sh -c false",
            "curl a; echo b | sh",
            "echo | sh",
            "curl -o a b && sh a",
        ];
        for step in other {
            assert!(piped_downloads(&steps(&[step])).is_empty(), "{step}");
        }
    }

    #[test]
    fn caches_count_where_the_same_step_does_not_clean_them() {
        let kept = [
            "apt-get update && apt-get install -y a",
            "yum install -y a",
            "dnf install a",
        ];
        for step in kept {
            assert_eq!(kept_caches(&steps(&[step])).len(), 1, "{step}");
        }
        let clean = [
            "apt-get update && apt-get install a && rm -rf /var/lib/apt/lists/*",
            "apk add --no-cache a",
            "dnf install a && dnf clean all",
            "RUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install a",
        ];
        for step in clean {
            assert!(kept_caches(&steps(&[step])).is_empty(), "{step}");
        }
    }
}
