//! What a publisher says of a package beyond the versions that it calls affected.

/// What a publisher says of a flaw in one of its packages beyond versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposition {
    /// The publisher looked, and the package does not have the flaw, whatever its version.
    NotAffected,
    /// The package has the flaw, and the publisher has decided not to fix it.
    WillNotFix,
    /// The package has the flaw, and its fix was put off.
    FixDeferred,
    /// The publisher does not know yet whether the package has the flaw.
    UnderInvestigation,
    /// The package has the flaw, and its release or the package itself is no longer supported.
    EndOfLife,
}

impl Disposition {
    /// Every disposition with its name.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::NotAffected, "not affected"),
        (Self::WillNotFix, "will not fix"),
        (Self::FixDeferred, "fix deferred"),
        (Self::UnderInvestigation, "under investigation"),
        (Self::EndOfLife, "end of life"),
    ];

    /// The disposition as publishers word it.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The byte that stands for it in files; 0 stands for none.
    pub(crate) const fn byte(self) -> u8 {
        self as u8 + 1
    }

    /// The disposition that a byte stands for.
    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        let index = usize::from(byte.checked_sub(1)?);
        Some(Self::ALL.get(index)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispositions_read_back_from_their_bytes() {
        for (disposition, name) in Disposition::ALL {
            assert_eq!(Disposition::of_byte(disposition.byte()), Some(disposition));
            assert_eq!(disposition.name(), name);
        }
        assert_eq!(Disposition::of_byte(0), None);
        assert_eq!(Disposition::of_byte(99), None);
    }
}
