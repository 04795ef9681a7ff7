//! Where a listener to all of a tenant's events is, as text and as a value.

use std::fmt;

/// A [`Place`], and in which life of the database: its text is the id of an event. Opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Where.
    pub place: Place,
    /// Transactions are numbered anew in a database that was restored. `None` for an id from before there were epochs.
    pub epoch: Option<u32>,
}

impl Cursor {
    /// Reads `Last-Event-ID`; `None` for what isn't one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((place, epoch)) = text.rsplit_once('-').filter(|(place, _)| place.contains('-')) else {
            return Some(Self { place: Place::parse(text)?, epoch: None });
        };
        let is_epoch = epoch.len() == 8 && epoch.bytes().all(|byte| byte.is_ascii_hexdigit());
        let epoch = u32::from_str_radix(epoch, 16).ok().filter(|_| is_epoch)?;
        Some(Self { place: Place::parse(place)?, epoch: Some(epoch) })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)?;
        self.epoch.map_or(Ok(()), |epoch| write!(f, "-{epoch:08x}"))
    }
}

/// A place in the order of commits: after this transaction's event of this number.
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

    fn parse(text: &str) -> Option<Self> {
        let (xid, id) = text.split_once('-')?;
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
        for id in ["0-0", "748-0", "18446744073709551615-9223372036854775807", "748-0-00c0ffee", "748-12-ffffffff"] {
            assert_eq!(Cursor::parse(id).unwrap().to_string(), id);
        }
        assert_eq!(Cursor::parse("748-0").unwrap().epoch, None);
        assert_eq!(Cursor::parse("748-0-00c0ffee").unwrap().epoch, Some(0x00c0_ffee));
        for id in [
            "",
            "7",
            "7.1732-0.3",
            "-1-2",
            "1--2",
            "+1-2",
            "1-99999999999999999999",
            "x-1",
            "1-2-",
            "1-2-3",
            "1-2-+0c0ffee",
            "1-2-00c0ffeg",
            "1-2-3-00c0ffee",
        ] {
            assert_eq!(Cursor::parse(id), None, "{id}");
        }
    }

    #[test]
    fn a_transaction_comes_after_the_whole_of_the_one_before() {
        assert!(Place { xid: 7, id: 900 } < Place::before(8));
        assert!(Place::before(8) < Place { xid: 8, id: 1 });
    }
}
