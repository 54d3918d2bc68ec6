//! Compiles the message contracts in `proto/` without an installed protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    println!("cargo:rerun-if-changed={root}");
    let contracts = protox::compile(["scanyard/v1/jobs.proto"], [root])?;
    prost_build::Config::new().compile_fds(contracts)?;
    Ok(())
}
