//! Modes of files, as far as they say something about the image.

const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const WORLD_WRITABLE: u32 = 0o002;
const EXECUTABLE: u32 = 0o111;

/// What a file's mode lets others than its owner do. Nothing, for most files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mode {
    bits: u32,
}

impl Mode {
    /// What matters of a regular file's mode.
    pub const fn of_file(mode: u32) -> Self {
        let executable = mode & EXECUTABLE != 0;
        let kept = if executable {
            SETUID | SETGID | WORLD_WRITABLE
        } else {
            // Without a program to run, the two bits mean other things or nothing.
            WORLD_WRITABLE
        };
        Self { bits: mode & kept }
    }

    /// Whether it runs as its owner, whoever starts it.
    pub const fn is_setuid(self) -> bool {
        self.bits & SETUID != 0
    }

    /// Whether it runs as its group, whoever starts it.
    pub const fn is_setgid(self) -> bool {
        self.bits & SETGID != 0
    }

    /// Whether anybody may change it.
    pub const fn is_world_writable(self) -> bool {
        self.bits & WORLD_WRITABLE != 0
    }

    /// Whether it lets nobody do anything unusual.
    pub const fn is_ordinary(self) -> bool {
        self.bits == 0
    }

    pub(crate) const fn bits(self) -> u32 {
        self.bits
    }

    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self {
            bits: bits & (SETUID | SETGID | WORLD_WRITABLE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_says_what_others_may_do() {
        assert!(Mode::of_file(0o4755).is_setuid());
        assert!(Mode::of_file(0o2755).is_setgid());
        assert!(Mode::of_file(0o666).is_world_writable());
        assert!(Mode::of_file(0o755).is_ordinary());
        assert!(Mode::of_file(0o6644).is_ordinary());
        let mode = Mode::of_file(0o6777);
        assert_eq!(Mode::from_bits(mode.bits()), mode);
    }
}
