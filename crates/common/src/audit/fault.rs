//! What can be wrong with the audit log, each by its name.

use std::fmt;

use uuid::Uuid;

/// Something that can't have come about in the right way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An entry, or its seal, isn't what was sealed.
    Altered {
        /// The chain.
        chain: Uuid,
        /// Its place.
        position: i64,
        /// The entry.
        entry: Uuid,
    },
    /// Two entries stand in each other's place.
    Swapped {
        /// The chain.
        chain: Uuid,
        /// One place.
        position: i64,
        /// The other.
        with: i64,
    },
    /// A seal is there, its entry is gone.
    Removed {
        /// The chain.
        chain: Uuid,
        /// Its place.
        position: i64,
        /// The entry that was there.
        entry: Uuid,
    },
    /// Seals are missing in the middle.
    SealsMissing {
        /// The chain.
        chain: Uuid,
        /// The first that is missing.
        from: i64,
        /// The last.
        to: i64,
    },
    /// The end says that the chain is longer than it is.
    LastRemoved {
        /// The chain.
        chain: Uuid,
        /// How long it is.
        length: i64,
        /// How long it says that it is.
        wanted: i64,
    },
    /// There are seals behind the end, or seals without an end.
    EndMoved {
        /// The chain.
        chain: Uuid,
        /// How long it is.
        length: i64,
        /// How long it says that it is; nothing: the end itself is gone.
        wanted: Option<i64>,
    },
    /// The end isn't sealed with a key of ours.
    EndForged {
        /// The chain.
        chain: Uuid,
    },
    /// From here to the end nothing is sealed with a key of ours: somebody reckoned the chain anew without it.
    Recomputed {
        /// The chain.
        chain: Uuid,
        /// The first of them.
        from: i64,
        /// The last.
        to: i64,
    },
    /// A seal names a key that isn't given.
    UnknownKey {
        /// The chain.
        chain: Uuid,
        /// Its place.
        position: i64,
        /// The key's id.
        key_id: String,
    },
    /// A value isn't what the entry commits to.
    ValueAltered {
        /// The entry.
        entry: Uuid,
        /// `origin` or `change`.
        part: &'static str,
    },
    /// A value is gone and no entry says that it was erased.
    ValueMissing {
        /// The entry.
        entry: Uuid,
        /// `origin` or `change`.
        part: &'static str,
    },
    /// A value stands beside an entry that had none.
    ValueAdded {
        /// The entry.
        entry: Uuid,
        /// `origin` or `change`.
        part: &'static str,
    },
    /// An entry has waited for its seal for longer than a minute.
    Unsealed {
        /// The chain.
        chain: Uuid,
        /// The entry.
        entry: Uuid,
    },
    /// An entry has no seal and doesn't wait for one: it didn't come in by the triggers, or its seal was taken away.
    NeverSealed {
        /// The chain.
        chain: Uuid,
        /// The entry.
        entry: Uuid,
    },
    /// The chain isn't the one of which this end was kept outside: the database was brought back to an older state, or
    /// the chain was made anew.
    BroughtBack {
        /// The chain.
        chain: Uuid,
        /// The length that was kept.
        length: i64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { chain, position, entry } => {
                write!(f, "altered: entry {entry}, number {position} of chain {chain}, isn't what was sealed")
            }
            Self::Swapped { chain, position, with } => {
                write!(f, "swapped: numbers {position} and {with} of chain {chain} stand in each other's place")
            }
            Self::Removed { chain, position, entry } => {
                write!(f, "removed: entry {entry}, number {position} of chain {chain}, is gone")
            }
            Self::SealsMissing { chain, from, to } => {
                write!(f, "removed: the seals {from} to {to} of chain {chain} are gone")
            }
            Self::LastRemoved { chain, length, wanted } => {
                write!(f, "last removed: chain {chain} ends at {length} and should end at {wanted}")
            }
            Self::EndMoved { chain, length, wanted: Some(wanted) } => {
                write!(f, "end moved: chain {chain} says that it ends at {wanted} and goes on to {length}")
            }
            Self::EndMoved { chain, length, wanted: None } => {
                write!(f, "end removed: chain {chain} has {length} seals and no end")
            }
            Self::EndForged { chain } => {
                write!(f, "end forged: the end of chain {chain} isn't sealed with a key of ours")
            }
            Self::Recomputed { chain, from, to } => {
                write!(f, "recomputed: numbers {from} to {to} of chain {chain} are sealed with another key than ours")
            }
            Self::UnknownKey { chain, position, key_id } => {
                write!(
                    f,
                    "unknown key: number {position} of chain {chain} names the key {key_id:?}, which AUDIT_KEYS doesn't have"
                )
            }
            Self::ValueAltered { entry, part } => {
                write!(f, "value altered: the {part} of entry {entry} isn't what the entry commits to")
            }
            Self::ValueMissing { entry, part } => {
                write!(f, "value missing: the {part} of entry {entry} is gone, and no entry says that it was erased")
            }
            Self::ValueAdded { entry, part } => {
                write!(f, "value added: entry {entry} was made without a {part}")
            }
            Self::Unsealed { chain, entry } => {
                write!(f, "unsealed: entry {entry} of chain {chain} has waited for its seal for longer than a minute")
            }
            Self::NeverSealed { chain, entry } => {
                write!(f, "never sealed: entry {entry} of chain {chain} has no seal and doesn't wait for one")
            }
            Self::BroughtBack { chain, length } => {
                write!(f, "brought back: chain {chain} doesn't hold the end that was kept, at {length}")
            }
        }
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Chains.
    pub chains: u64,
    /// Sealed entries.
    pub sealed: u64,
    /// Entries that wait for their seal, not too long.
    pub waiting: u64,
    /// Values that are there and fit.
    pub values: u64,
    /// Values that were erased, with an entry that says so.
    pub erased: u64,
    /// Faults.
    pub faults: u64,
}
