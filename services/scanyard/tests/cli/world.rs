//! An image with a package of every kind, and advisories about them.

use scanyard_testkit::{Image, Layer, Tar};

use crate::advisories;
use crate::sandbox::Sandbox;

pub const DEBIAN: &str =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";
pub const STATUS: &str = "\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.11-1
";

/// Three layers: Debian, then npm and PyPI, then a Go program.
pub fn image() -> Image {
    let base = Layer::gzip(&[
        ("etc/", ""),
        ("etc/os-release", DEBIAN),
        ("var/lib/dpkg/status", STATUS),
    ]);
    let app = Layer::zstd(&[
        (
            "app/node_modules/@scope/left/package.json",
            r#"{"name": "@scope/left", "version": "1.2.0"}"#,
        ),
        (
            "usr/lib/python3/dist-packages/Left_Pad-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Left_Pad\nVersion: 1.0\n",
        ),
    ]);
    let program = Tar::new().file("app/server", go_program()).finish();
    Image::new(vec![base, app, Layer::gzip_tar(&program)])
}

/// What the Go linker leaves of a program's origin, in an otherwise empty executable.
fn go_program() -> Vec<u8> {
    let modules = "mod\texample.com/app\tv1.0.0\t\ndep\tgolang.org/x/net\tv0.7.0\th1:a\n";
    let frame = "x".repeat(16);
    let framed = format!("{frame}{modules}{frame}");
    let mut bytes = b"\x7fELF".to_vec();
    bytes.resize(4096, 0);
    bytes.extend(b"\xff Go buildinf:\x08\x02");
    bytes.resize(4096 + 32, 0);
    for text in ["go1.21.3", &framed] {
        bytes.extend([(text.len() & 0x7f) as u8 | 0x80, (text.len() >> 7) as u8]);
        bytes.extend(text.as_bytes());
    }
    bytes.resize(8192, 0);
    bytes
}

/// A home with the image in a layout and the advisories in a database of the default place.
pub fn sandbox() -> Sandbox {
    let sandbox = bare_sandbox();
    advisories::write(&sandbox.path("records"));
    std::fs::create_dir_all(sandbox.path("data/scanyard/db")).unwrap();
    let built = sandbox.run(&format!(
        "db build --from {} --output {}",
        sandbox.path("records").display(),
        sandbox.path("data/scanyard/db").display()
    ));
    assert_eq!(built.code, 0, "{}", built.stderr);
    sandbox
}

/// The same without advisories.
pub fn bare_sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    image().write_oci_layout(&sandbox.path("layout"), "app");
    sandbox
}

/// The image as a source.
pub fn source(sandbox: &Sandbox) -> String {
    format!("oci:{}:app", sandbox.path("layout").display())
}
