//! Times the cataloging of an image's layers beside a bare loop that decodes, hashes and walks tar
//! headers on the same threads.
//!
//! `catalog_image SOURCE catalog|bare|purls [LAYERS AT ONCE]`; `purls` prints what was found,
//! also of `rootfs:DIR`.

use std::collections::HashMap;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use scanyard_inventory::{CatalogerSet, FoldedLayer, catalog_rootfs, fold};
use scanyard_oci::{
    HashingReader, ImageSource, Layer, LayerReader, LayerStream, PlatformSelect, RegistryOptions,
    Source,
};
use scanyard_package::{Digest, Limits};
use scanyard_worker::{CatalogedLayer, LayerBudget, LayerProgress, catalog_layers};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "catalog_image SOURCE catalog|bare|purls [LAYERS AT ONCE]";
    let source: Source = arguments.next().ok_or(usage)?.parse()?;
    let mode = arguments.next().ok_or(usage)?;
    let at_once: NonZeroUsize = arguments.next().as_deref().unwrap_or("2").parse()?;
    let limits = Limits::default();
    if let Source::Rootfs { dir } = &source {
        let inventory = catalog_rootfs(dir, CatalogerSet::STANDARD, &limits)?;
        let digest = Digest::from_bytes([0; 32]);
        print(&[FoldedLayer {
            digest,
            inventory: &inventory,
        }]);
        return Ok(());
    }
    let source = ImageSource::open(&source, &RegistryOptions::default(), &limits).await?;
    let images = source.images(&PlatformSelect::All).await?;
    let start = Instant::now();
    let mut files = 0;
    for image in &images {
        files += match mode.as_str() {
            "catalog" => catalog(&source, &image.layers, &limits, at_once)
                .await?
                .len(),
            "purls" => {
                let layers = catalog(&source, &image.layers, &limits, at_once).await?;
                print(&folded(&image.layers, &layers));
                continue;
            }
            _ => bare(&source, &image.layers, limits, at_once).await?,
        };
    }
    let seconds = start.elapsed().as_secs_f64();
    let peak = std::fs::read_to_string("/proc/self/status")?
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmHWM:")
                .map(|value| value.trim().to_owned())
        })
        .unwrap_or_default();
    println!("{mode}\t{seconds:.3} s\t{peak}\t{files}");
    Ok(())
}

async fn catalog(
    source: &ImageSource,
    layers: &[Layer],
    limits: &Limits,
    at_once: NonZeroUsize,
) -> Result<HashMap<Digest, CatalogedLayer>> {
    let budget = LayerBudget::new(at_once);
    let watch = |_: &Layer| Arc::new(LayerProgress::default());
    Ok(catalog_layers(
        source,
        layers,
        CatalogerSet::STANDARD,
        limits,
        &budget,
        watch,
    )
    .await?)
}

fn folded<'a>(
    layers: &[Layer],
    cataloged: &'a HashMap<Digest, CatalogedLayer>,
) -> Vec<FoldedLayer<'a>> {
    let layers = layers.iter().map(|layer| FoldedLayer {
        digest: layer.digest,
        inventory: &cataloged[&layer.digest].inventory,
    });
    layers.collect()
}

fn print(layers: &[FoldedLayer<'_>]) {
    let start = Instant::now();
    let image = fold(layers);
    eprintln!("folded in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    for located in &image.packages {
        println!(
            "{}\t{}\t{}",
            image.purl(located),
            located.layer,
            located.paths.join(" ")
        );
    }
    for gap in &image.coverage {
        println!("{}\t{}\t{}", gap.kind, gap.subject, gap.detail);
    }
}

async fn bare(
    source: &ImageSource,
    layers: &[Layer],
    limits: Limits,
    at_once: NonZeroUsize,
) -> Result<usize> {
    let mut queue = layers.to_vec();
    queue.sort_by_key(|layer| std::cmp::Reverse(layer.size));
    let permits = Arc::new(tokio::sync::Semaphore::new(at_once.get()));
    let mut tasks = Vec::new();
    for layer in queue {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let stream = source.open_layer(&layer).await?;
        tasks.push(tokio::task::spawn_blocking(move || {
            let count = bare_layer(stream, &layer, &limits);
            drop(permit);
            count
        }));
    }
    let mut count = 0;
    for task in tasks {
        count += task.await??;
    }
    Ok(count)
}

fn bare_layer(stream: LayerStream, layer: &Layer, limits: &Limits) -> Result<usize> {
    let (sender, chunks) = sync_channel::<Vec<u8>>(4);
    std::thread::scope(|scope| {
        let inflating = scope.spawn(move || -> Result<()> {
            let mut reader = LayerReader::new(stream, layer, limits)?;
            loop {
                let mut chunk = Vec::with_capacity(256 << 10);
                reader.by_ref().take(256 << 10).read_to_end(&mut chunk)?;
                if chunk.is_empty() || sender.send(chunk).is_err() {
                    break;
                }
            }
            reader.finish()?;
            Ok(())
        });
        let mut tar = HashingReader::new(Chunks {
            chunks,
            current: io::Cursor::new(Vec::new()),
        });
        let count = tar::Archive::new(&mut tar).entries()?.flatten().count();
        io::copy(&mut tar, &mut io::sink())?;
        drop(tar.finish());
        inflating.join().map_err(|_| io::Error::other("panic"))??;
        Ok(count)
    })
}

struct Chunks {
    chunks: Receiver<Vec<u8>>,
    current: io::Cursor<Vec<u8>>,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.current.read(buffer)? {
            0 => match self.chunks.recv() {
                Ok(chunk) => {
                    self.current = io::Cursor::new(chunk);
                    self.current.read(buffer)
                }
                Err(_) => Ok(0),
            },
            count => Ok(count),
        }
    }
}
