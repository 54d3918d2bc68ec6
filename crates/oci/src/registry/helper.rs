//! Docker's credential helpers: programs that are asked for one registry's credentials.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Credentials;

/// A helper may ask the user to unlock a key chain, but not keep us for ever.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

/// Asks `docker-credential-NAME`. A helper that fails is reported: the image may be public.
pub async fn ask(name: &str, registry: &str) -> Option<Credentials> {
    if name.contains('/') {
        tracing::warn!(helper = %name, "a credential helper is named without a path");
        return None;
    }
    let program = format!("docker-credential-{name}");
    let server = match registry {
        "docker.io" => "https://index.docker.io/v1/",
        other => other,
    };
    match tokio::time::timeout(PATIENCE, run(program.as_ref(), server)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            tracing::warn!(%program, %error, "a credential helper failed; going on without");
            None
        }
        Err(_) => {
            tracing::warn!(%program, "a credential helper did not answer; going on without");
            None
        }
    }
}

/// Runs a helper: the server on standard input, JSON on standard output. One that knows no
/// credentials says so and fails.
async fn run(program: &OsStr, server: &str) -> std::io::Result<Option<Credentials>> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(server.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout).to_lowercase();
        if said.contains("not found") {
            return Ok(None);
        }
        return Err(std::io::Error::other(output.status.to_string()));
    }
    // The answer holds a secret, so the error must not quote it.
    let answer: Answer = serde_json::from_slice(&output.stdout)
        .map_err(|_| std::io::Error::other("its answer is not what helpers answer"))?;
    Ok(Some(Credentials {
        username: answer.username,
        password: answer.secret,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    async fn ask_script(script: &str) -> std::io::Result<Option<Credentials>> {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("helper");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        run(program.as_ref(), "r.example.com").await
    }

    #[tokio::test]
    async fn a_helper_is_asked_for_the_server_on_its_standard_input() {
        let script = r#"read server; printf '{"Username":"ann@%s","Secret":"s"}' "$server""#;
        let found = ask_script(script).await.unwrap().unwrap();
        assert_eq!(
            (found.username.as_str(), found.password.as_str()),
            ("ann@r.example.com", "s")
        );
    }

    #[tokio::test]
    async fn no_credentials_is_no_failure_and_failure_quotes_nothing() {
        let unknown =
            ask_script("cat >/dev/null; echo 'credentials not found in native keychain'; exit 1");
        assert_eq!(unknown.await.unwrap(), None);
        let broken = ask_script("cat >/dev/null; echo secret").await.unwrap_err();
        assert!(!broken.to_string().contains("secret"));
    }
}
