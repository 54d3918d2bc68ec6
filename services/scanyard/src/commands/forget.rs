//! `scanyard forget`: lets go of an image.

use reqwest::Method;

use super::submit::api_key;
use crate::cli::ForgetArgs;
use crate::client::Client;
use crate::exit::Exit;

/// Lets go of it.
pub async fn run(args: ForgetArgs) -> anyhow::Result<Exit> {
    let service = &args.service;
    let client = Client::new(&service.server, api_key(service.api_key_file.as_deref())?)?;
    let path = format!("v1/images/{}", args.image);
    client
        .perform(client.request(Method::DELETE, &path)?)
        .await?;
    Ok(Exit::Done)
}
