//! Compiles the message contracts in `proto/` without an installed protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Asked when this runs: one target directory may serve several checkouts.
    let root = format!("{}/../../proto", std::env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo:rerun-if-changed={root}");
    let contracts = protox::compile(["scanyard/v1/jobs.proto"], [&root])?;
    prost_build::Config::new().compile_fds(contracts)?;
    Ok(())
}
