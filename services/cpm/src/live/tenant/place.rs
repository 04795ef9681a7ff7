//! Where a listener to all of a tenant's events is, as text and as a value.

use std::fmt;

/// A place in the order of commits: after this transaction's event of this number. Opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The transaction.
    pub xid: u64,
    /// The place in it; 0 is before all.
    pub id: i64,
}

impl Place {
    /// Before everything of this transaction and all later ones.
    #[must_use]
    pub const fn before(xid: u64) -> Self {
        Self { xid, id: 0 }
    }

    /// Reads `Last-Event-ID`; `None` for what isn't one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (xid, id) = text.trim().split_once('-')?;
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(xid) || !plain(id) {
            return None;
        }
        Some(Self { xid: xid.parse().ok()?, id: id.parse().ok()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.xid, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_wire() {
        for id in ["0-0", "748-0", "18446744073709551615-9223372036854775807"] {
            assert_eq!(Place::parse(id).unwrap().to_string(), id);
        }
        for id in ["", "7", "7.1732-0.3", "-1-2", "1--2", "+1-2", "1-99999999999999999999", "x-1"] {
            assert_eq!(Place::parse(id), None, "{id}");
        }
    }

    #[test]
    fn a_transaction_comes_after_the_whole_of_the_one_before() {
        assert!(Place { xid: 7, id: 900 } < Place::before(8));
        assert!(Place::before(8) < Place { xid: 8, id: 1 });
    }
}
