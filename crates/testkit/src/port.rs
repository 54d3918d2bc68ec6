//! TCP ports that stay a test's own, also while its server is down.

use std::fs::File;
use std::net::TcpListener;
use std::sync::Mutex;

/// Below the ports that systems give to outgoing connections (32768 and up on Linux, 49152 on
/// others): there, any client of another test could take a server's port while it restarts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Locks of the ports that this process has; they end with it.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 at which nobody listens, and which no other test is given until this process
/// ends.
pub fn reserve_port() -> u16 {
    let locks = std::env::temp_dir().join("scanyard-test-ports");
    std::fs::create_dir_all(&locks).unwrap();
    for port in PORTS {
        // Another user's is that user's port.
        let Ok(lock) = File::create(locks.join(port.to_string())) else {
            continue;
        };
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            HELD.lock().unwrap().push(lock);
            return port;
        }
    }
    panic!(
        "every port of {PORTS:?} is taken, by the locks in {}",
        locks.display()
    );
}
