//! Sockets.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::exit::Failure;

/// Listens on an address, which an option named.
pub async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(
            format!("cannot listen on {address}: {error}"),
            format!("choose another address with {option}"),
        )
    })
}
