//! A writer that takes so much and no more, and not for ever.

use std::io;

use super::meter::Stopwatch;

/// Why a writer takes no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There is no room.
    Room,
    /// There is no time.
    Time,
}

/// Collects text up to a limit and for a time; beyond either, every write fails.
#[derive(Debug)]
pub(super) struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    watch: Stopwatch,
    full: Option<Full>,
}

impl Bounded {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, watch: Stopwatch::start(), full: None }
    }

    /// Why a write failed, if one did.
    pub(super) fn full(&self) -> Option<Full> {
        self.full
    }

    /// What was written.
    pub(super) fn into_text(self) -> String {
        // minijinja writes whole strings, so that this never replaces anything.
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl io::Write for &mut Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.full = if self.bytes.len() + bytes.len() > self.limit {
            Some(Full::Room)
        } else if self.watch.is_over(bytes.len()) {
            Some(Full::Time)
        } else {
            None
        };
        if self.full.is_some() {
            return Err(io::Error::other("the text is too long, or took too long"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
