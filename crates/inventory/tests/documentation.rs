//! The page on adding a cataloger shows files as they are.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

#[test]
fn the_files_shown_are_the_real_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/extending.md")).unwrap();
    let mut shown = 0;
    for part in page.split("<!-- file: ").skip(1) {
        let (path, rest) = part.split_once(" -->\n```rust\n").unwrap();
        let (code, _) = rest.split_once("\n```\n").unwrap();
        let file = fs::read_to_string(root.join(path)).unwrap();
        assert_eq!(
            code,
            file.trim_end(),
            "docs/extending.md shows another {path}"
        );
        shown += 1;
    }
    assert_eq!(shown, 2, "a cataloger and a source");
}
