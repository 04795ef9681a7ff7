//! What is published on a job's channel: that there is text, or an event. Words, not the things themselves.
//!
//! A version before this one wrote `d` and `e<number>` alone, and took everything but `d` for an event.

use std::fmt;

use hg_types::ClientId;
use uuid::Uuid;

use crate::worker::events::Appended;

/// The process that writes text: its own watchers are told without Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Writer(Uuid);

impl Writer {
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

/// A word on a job's channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// There is more text; by whom, where its watchers were told already.
    Text(Option<Writer>),
    /// There is an event.
    Event {
        /// Its number.
        seq: i32,
        /// Whether it may be the job's last.
        may_be_last: bool,
        /// Whose job it is, where that was said.
        client: Option<ClientId>,
    },
}

impl Signal {
    pub(crate) fn of(event: Appended) -> Self {
        Self::Event { seq: event.seq, may_be_last: event.ends_the_job(), client: Some(event.client) }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let first = words.next()?;
        if first == "d" {
            return Some(Self::Text(words.next().and_then(|id| id.parse().ok()).map(Writer)));
        }
        let seq = first.strip_prefix('e')?.parse().ok()?;
        let may_be_last = words.next().is_none_or(|word| word == "end");
        let client = words.next().and_then(|id| id.parse().ok());
        Some(Self::Event { seq, may_be_last, client })
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(None) => f.write_str("d"),
            Self::Text(Some(Writer(id))) => write!(f, "d {id}"),
            Self::Event { seq, may_be_last, client } => {
                write!(f, "e{seq} {}", if *may_be_last { "end" } else { "on" })?;
                client.map_or(Ok(()), |client| write!(f, " {client}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_wire() {
        let client = Some(ClientId(Uuid::from_u128(7)));
        for signal in [
            Signal::Text(None),
            Signal::Text(Some(Writer::new())),
            Signal::Event { seq: 4, may_be_last: false, client },
            Signal::Event { seq: 5, may_be_last: true, client },
        ] {
            assert_eq!(Signal::parse(&signal.to_string()), Some(signal));
        }
    }

    #[test]
    fn the_version_before_is_understood() {
        assert_eq!(Signal::parse("d"), Some(Signal::Text(None)));
        assert_eq!(Signal::parse("e7"), Some(Signal::Event { seq: 7, may_be_last: true, client: None }));
        assert_eq!((Signal::parse(""), Signal::parse("x"), Signal::parse("e")), (None, None, None));
    }
}
