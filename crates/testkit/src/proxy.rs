//! A wire that can be cut.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes connections on to a server of this machine, and cuts all of them at once when it is told to.
/// The server lives on; whoever connects again gets through. Ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    cut: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts one in front of `HOST:PORT`, which need not be there yet.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = watch::Sender::new(());
        let heard = cut.subscribe();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, server.clone(), heard.clone()));
            }
        });
        Self { address, cut, task }
    }

    /// Where to connect: `127.0.0.1:PORT`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection that there is, in the middle of whatever it carries.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}

/// Until either side ends, or the wire is cut.
async fn pass_on(mut client: TcpStream, server: String, mut cut: watch::Receiver<()>) {
    cut.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(&server).await else {
        // Whoever came is told as by a server that is away.
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn a_cut_ends_connections_and_lets_new_ones_through() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(server.local_addr().unwrap().to_string()).await;
        for _ in 0..2 {
            let mut client = TcpStream::connect(proxy.address()).await.unwrap();
            client.write_all(b"a").await.unwrap();
            let (mut served, _) = server.accept().await.unwrap();
            let mut byte = [0; 1];
            served.read_exact(&mut byte).await.unwrap();
            served.write_all(b"b").await.unwrap();
            client.read_exact(&mut byte).await.unwrap();
            assert_eq!(&byte, b"b");
            proxy.cut();
            // Its end, or that it was reset.
            assert_eq!(client.read(&mut byte).await.unwrap_or(0), 0);
        }
    }
}
