//! Tags out of rows, of which there is one for each image of a tag.

use scanyard_package::Digest;

use crate::{TagDetail, TaggedImage};

/// A row: a tag, what it names in the registry, and one of its images.
pub(crate) type TagImage = (String, Option<Digest>, TaggedImage);

/// Rows that are sorted by tag, with those of a tag together.
pub(crate) fn group_tags(rows: Vec<TagImage>) -> Vec<TagDetail> {
    let mut tags: Vec<TagDetail> = Vec::new();
    for (name, digest, image) in rows {
        match tags.last_mut().filter(|tag| tag.name == name) {
            Some(tag) => {
                tag.digest = tag.digest.or(digest);
                tag.images.push(image);
            }
            None => tags.push(TagDetail {
                name,
                digest,
                images: vec![image],
            }),
        }
    }
    tags
}
