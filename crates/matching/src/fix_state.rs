//! Whether something can be done about a finding.

use scanyard_advisory::Disposition;

/// What a publisher does, or has decided not to do, about a flaw in its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum FixState {
    /// A version without the flaw exists.
    Fixed,
    /// There is none yet, and nothing is said of one.
    #[default]
    NotFixed,
    /// The publisher has decided not to fix it.
    WillNotFix,
    /// The publisher has put it off.
    Deferred,
    /// The package or its release is no longer supported.
    EndOfLife,
}

impl FixState {
    /// Every state with its name in reports, API and SQL.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Fixed, "fixed"),
        (Self::NotFixed, "not_fixed"),
        (Self::WillNotFix, "will_not_fix"),
        (Self::Deferred, "deferred"),
        (Self::EndOfLife, "end_of_life"),
    ];

    /// The state's name in reports, API and SQL.
    pub const fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|(_, known)| *known == name);
        known.map(|(state, _)| state)
    }

    /// The state as people say it.
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::NotFixed => "not fixed yet",
            Self::WillNotFix => "will not be fixed",
            Self::Deferred => "fix deferred",
            Self::EndOfLife => "end of life",
        }
    }

    /// Any fixed version is a fix, whatever was decided before it came.
    pub(crate) fn of(has_fix: bool, disposition: Option<Disposition>) -> Self {
        match disposition {
            _ if has_fix => Self::Fixed,
            Some(Disposition::WillNotFix) => Self::WillNotFix,
            Some(Disposition::FixDeferred) => Self::Deferred,
            Some(Disposition::EndOfLife) => Self::EndOfLife,
            Some(Disposition::NotAffected | Disposition::UnderInvestigation) | None => {
                Self::NotFixed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_back_from_their_names() {
        for (state, name) in FixState::ALL {
            assert_eq!(
                (state.name(), FixState::from_name(name)),
                (name, Some(state))
            );
        }
        assert_eq!(FixState::from_name("mended"), None);
    }
}
