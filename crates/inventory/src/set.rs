//! Which catalogers run.

/// Which catalogers run: a part of every inventory's key, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogerSet {
    /// Lock files: what an application would install, whether or not it did.
    pub lockfiles: bool,
    /// Credentials in text.
    pub secrets: bool,
}

impl CatalogerSet {
    /// The catalogers of what is installed.
    pub const STANDARD: Self = Self {
        lockfiles: false,
        secrets: false,
    };
    /// Every cataloger, and secrets.
    pub const WHOLE: Self = Self {
        lockfiles: true,
        secrets: true,
    };

    /// Its name in keys. The number changes whenever the same catalogers would read the same bytes
    /// differently.
    pub const fn name(self) -> &'static str {
        match (self.lockfiles, self.secrets) {
            (false, false) => "15",
            (true, false) => "15+lockfiles",
            (false, true) => "15+secrets",
            (true, true) => "15+lockfiles+secrets",
        }
    }
}
