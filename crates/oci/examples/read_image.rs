//! Reads every layer of an image and prints what was verified:
//! `cargo run -p scanyard-oci --example read_image -- SOURCE [PLATFORM]`.

use scanyard_oci::{
    HashingReader, ImageSource, LayerReader, PlatformSelect, RegistryOptions, Source,
};
use scanyard_package::Limits;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let source: Source = arguments.next().ok_or("name an image source")?.parse()?;
    let platforms = match arguments.next() {
        Some(platform) => PlatformSelect::One(platform.parse()?),
        None => PlatformSelect::All,
    };
    let limits = Limits::default();
    let opened = ImageSource::open(&source, &RegistryOptions::default(), &limits).await?;
    for image in opened.images(&platforms).await? {
        println!("{} {}", image.manifest_digest, image.platform);
        for layer in &image.layers {
            let stream = opened.open_layer(layer).await?;
            let layer = layer.clone();
            let read = move || {
                let mut tar = HashingReader::new(LayerReader::new(stream, &layer, &limits)?);
                std::io::copy(&mut tar, &mut std::io::sink())?;
                let (diff_id, bytes, reader) = tar.finish();
                println!("  {} -> {bytes} bytes, diff ID {diff_id}", layer.digest);
                reader.finish()?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            };
            let read = tokio::task::spawn_blocking(read).await?;
            read.map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
