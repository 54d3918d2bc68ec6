//! Which catalogers run.

/// Which catalogers run: a part of every inventory's key, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogerSet {
    /// Lock files: what an application would install, whether or not it did.
    pub lockfiles: bool,
}

impl CatalogerSet {
    /// The catalogers of what is installed.
    pub const STANDARD: Self = Self { lockfiles: false };
    /// Every cataloger.
    pub const WHOLE: Self = Self { lockfiles: true };

    /// Its name in keys. The number changes whenever the same catalogers would read the same bytes
    /// differently.
    pub const fn name(self) -> &'static str {
        match self.lockfiles {
            false => "4",
            true => "4+lockfiles",
        }
    }
}
