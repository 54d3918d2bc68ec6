//! The bounds on what one hostile image may cost.

/// Bounds enforced while streaming. Every refusal names the bound that it ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one layer blob as stored.
    pub compressed_bytes: u64,
    /// Bytes of one layer after decompression.
    pub decompressed_bytes: u64,
    /// Decompressed bytes per compressed byte, looked at after the first 64 MiB.
    pub compression_ratio: u64,
    /// Entries in one layer.
    pub entries: u64,
    /// Bytes of one path or link target, long-name extensions included.
    pub path_bytes: usize,
    /// Bytes kept in memory of one captured file.
    pub file_bytes: u64,
    /// Bytes kept in memory of one captured package database that holds every package's metadata.
    pub database_bytes: u64,
    /// Archives within archives.
    pub archive_depth: u32,
    /// Packages in one layer.
    pub packages: usize,
    /// Bytes of one manifest, index or image config.
    pub manifest_bytes: u64,
    /// Layers in one image.
    pub layers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            compressed_bytes: 16 << 30,
            decompressed_bytes: 64 << 30,
            compression_ratio: 500,
            entries: 2_000_000,
            path_bytes: 16 << 10,
            file_bytes: 64 * MIB,
            database_bytes: 512 * MIB,
            archive_depth: 8,
            packages: 250_000,
            manifest_bytes: 8 * MIB,
            layers: 1_000,
        }
    }
}
