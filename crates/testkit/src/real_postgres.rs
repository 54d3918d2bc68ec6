//! PostgreSQL, where the machine has it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::port::reserve_port;

/// `SCANYARD_TEST_POSTGRES_BIN` names another version's programs.
const BIN_VARIABLE: &str = "SCANYARD_TEST_POSTGRES_BIN";
/// Where Debian keeps them, by version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Longest wait for the server to start or stop, in seconds.
const PATIENCE: &str = "60";

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Everything: for tests that crash nothing.
    None,
    /// Nothing that was committed, as installed.
    Full,
}

/// A server on a free port of this machine, its files in a directory of its own. It ends when it is
/// dropped, or when the process ends.
pub struct RealPostgres {
    bin: PathBuf,
    dir: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl Drop for RealPostgres {
    fn drop(&mut self) {
        self.stop("immediate");
    }
}

impl RealPostgres {
    /// Starts one. `None`, and a word on standard error, where it is not installed:
    /// `scripts/test-tools` does that.
    pub fn start(durability: Durability) -> Option<Self> {
        let bin = find_programs()?;
        let dir = tempfile::Builder::new()
            .prefix("scanyard-postgres-")
            .tempdir()
            .unwrap();
        if is_root() {
            // initdb refuses root.
            run(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let server = Self {
            bin,
            dir,
            port: reserve_port(),
            databases: AtomicU32::new(0),
        };
        server.initialize(durability);
        server.start_server();
        Some(server)
    }

    /// One for every test of this process that crashes nothing.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<(RealPostgres, Child)>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let server = Self::start(Durability::None)?;
            let keeper = server.stop_with_this_process();
            Some((server, keeper))
        });
        shared.as_ref().map(|(server, _)| server)
    }

    /// A URL of a new, empty database.
    pub fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.create_database_from(&name, "template1");
        self.url(&name)
    }

    /// A URL of a new database that is like this one, which nobody uses at the moment.
    pub fn copy_database(&self, template_url: &str) -> String {
        let template = template_url.rsplit('/').next().unwrap();
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.create_database_from(&name, template);
        self.url(&name)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    fn create_database_from(&self, name: &str, template: &str) {
        self.sql(&format!(
            "CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log"
        ));
    }

    /// Ends every connection, as a failover does.
    pub fn cut_connections(&self) {
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
             AND backend_type = 'client backend'",
        );
    }

    /// Stops it, as an upgrade does, and starts it again.
    pub fn restart(&self) {
        self.stop("fast");
        self.start_server();
    }

    /// Stops it as a crash does: nothing is written any more, nobody is told.
    pub fn kill(&self) {
        self.stop("immediate");
    }

    /// Starts it after [`kill`](Self::kill).
    pub fn start_again(&self) {
        self.start_server();
    }

    fn initialize(&self, durability: Durability) {
        run(self.program("initdb").arg("-D").arg(self.data()).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]));
        let mut settings = format!(
            "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\n\
             max_connections = 200\nshared_buffers = 64MB\n",
            self.port,
            self.dir.path().display()
        );
        if durability == Durability::None {
            settings += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n";
        }
        let file = self.data().join("postgresql.conf");
        let old = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, old + &settings).unwrap();
    }

    fn start_server(&self) {
        let log = self.dir.path().join("log");
        let started = self
            .program("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .arg("-l")
            .arg(&log)
            .args(["-w", "-t", PATIENCE, "start"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(
            started.unwrap().success(),
            "{}",
            std::fs::read_to_string(log).unwrap_or_default()
        );
    }

    fn stop(&self, mode: &str) {
        // It may have ended by itself.
        let _ = self
            .program("pg_ctl")
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-t", PATIENCE, "-m", mode, "stop"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }

    /// What is kept for the whole process is never dropped, so a child that outlives this process
    /// stops the server when its standard input ends.
    fn stop_with_this_process(&self) -> Child {
        let script = format!(
            "cat >/dev/null; {} -D {} -m immediate stop >/dev/null 2>&1; rm -rf {}",
            self.bin.join("pg_ctl").display(),
            self.data().display(),
            self.dir.path().display(),
        );
        as_owner(Path::new("sh"))
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Runs SQL through a single connection of `psql`.
    fn sql(&self, sql: &str) {
        run(Command::new("psql")
            .args([
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-U",
                "postgres",
            ])
            .args(["-p", &self.port.to_string(), "-d", "postgres", "-c", sql]));
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        as_owner(&self.bin.join(name))
    }
}

/// A program as the user whom the server's files belong to.
fn as_owner(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // runuser leaves the directory as it is, which the user may not be let into.
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    std::env::var("USER").is_ok_and(|user| user == "root") || {
        let id = Command::new("id").arg("-u").output().unwrap();
        id.stdout.trim_ascii() == b"0"
    }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The directory of the programs: as the variable says, on the path, or the newest of Debian's.
fn find_programs() -> Option<PathBuf> {
    let named = std::env::var_os(BIN_VARIABLE).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<PathBuf> = std::fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    debian.sort();
    debian.reverse();
    let found = named
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(debian)
        .find(|dir| dir.join("initdb").exists() && dir.join("pg_ctl").exists());
    if found.is_none() {
        eprintln!("SKIPPED: PostgreSQL is not installed; scripts/test-tools installs it");
    }
    found
}
