//! The program in a home directory of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home directory without anything in it, and the program that runs there.
pub struct Sandbox(TempDir);

/// How the program ended.
pub struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with the home directory and nothing else from the environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scanyard"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_DATA_HOME", self.path("data"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end. Arguments are split at spaces.
    pub fn run(&self, arguments: &str) -> Ended {
        Ended::of(self.command(arguments.split(' ')).output().unwrap())
    }

    /// The JSON report of a source, which must be scannable.
    pub fn report(&self, arguments: &str) -> Value {
        let ended = self.run(&format!("scan --format json {arguments}"));
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        ended.json()
    }
}

impl Ended {
    pub fn of(output: Output) -> Self {
        Self {
            // A signal is no exit code, and none that a test expects.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }

    /// It ended with this code, wrote nothing to standard output, and says what happened and what
    /// to do about it.
    #[track_caller]
    pub fn assert_refused(&self, code: i32, said: &str) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.contains(said), "{}", self.stderr);
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        assert!(self.stderr.contains("try: "), "{}", self.stderr);
    }
}

/// The files in a directory and below it.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}
