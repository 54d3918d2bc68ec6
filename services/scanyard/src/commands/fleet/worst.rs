//! The images with the worst findings.

use crate::cli::ImagesArgs;
use crate::commands::ask::Question;
use crate::commands::images;
use crate::exit::Exit;

/// Asks, and prints the images.
pub async fn run(args: ImagesArgs) -> anyhow::Result<Exit> {
    let question = Question::new("v1/fleet/worst-images", &args.selection);
    images::list(question, &args).await
}
