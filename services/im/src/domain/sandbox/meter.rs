//! What a rendering has cost so far: bytes that its filters and tests looked at, and processor time.
//!
//! Fuel counts instructions, and `{{ text | upper }}` is one whatever the text's length. So each filter and test pays for
//! what it is given before it runs. Processor time, not the clock on the wall, is the last resort: on a loaded machine a
//! good template must not fail for having waited.

use std::time::Duration;

use minijinja::{Error, ErrorKind, State, Value, value::ValueKind};
use nix::time::{ClockId, clock_gettime};

/// Bytes that all filters and tests of one rendering may look at. The default templates need some kilobytes.
const WORK: usize = 8 * 1024 * 1024;
/// Processor time of one rendering.
const TIME: Duration = Duration::from_millis(500);
/// The largest list that a filter takes or makes.
pub(super) const ITEMS: usize = 1_000;
/// So many bytes may be looked at, or written, before the clock is looked at again: reading the processor time of a thread
/// is a system call, and a usual rendering would make hundreds of them.
const BETWEEN_LOOKS: usize = 64 * 1024;
/// What each write or call counts for that beside its bytes.
const LOOK: usize = 1024;
/// What a value costs beside the bytes of its text.
const VALUE: usize = 16;

/// What a filter does with its first argument, which decides the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// Looks at everything once.
    Once,
    /// Takes a list, and does something with each item and the other arguments.
    PerItem,
    /// Takes a list and compares its items.
    Sorting,
}

/// Measures the processor time of this thread, on which a rendering stays from begin to end.
#[derive(Debug)]
pub(super) struct Stopwatch {
    began: Duration,
    /// What was done since the clock was looked at.
    done: usize,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self { began: thread_time(), done: 0 }
    }

    /// Whether a rendering that began with this has had its time, now that it does something with so many bytes.
    pub(super) fn is_over(&mut self, bytes: usize) -> bool {
        self.done = self.done.saturating_add(bytes).saturating_add(LOOK);
        if self.done < BETWEEN_LOOKS {
            return false;
        }
        self.done = 0;
        thread_time().saturating_sub(self.began) > TIME
    }
}

/// The processor time that this thread has had.
pub(super) fn thread_time() -> Duration {
    // Every Linux has this clock; without it the work is bounded still.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// What is left to one rendering; kept in its state.
#[derive(Debug)]
struct Meter {
    left: usize,
    watch: Stopwatch,
}

/// Takes the price of a call from what is left to the rendering.
///
/// # Errors
/// When the call takes no list but one is needed, the list is too long, or nothing is left.
pub(super) fn charge(state: &mut State<'_, '_>, cost: Cost, arguments: &[Value]) -> Result<(), Error> {
    let meter = state.get_or_insert_extension_with(|| Meter { left: WORK, watch: Stopwatch::start() });
    let (first, others) = arguments.split_first().map_or((None, arguments), |(first, others)| (Some(first), others));
    let first_weight = first.map_or(0, |value| weight(value, meter.left));
    let other_weight = others.iter().fold(0_usize, |sum, value| sum.saturating_add(weight(value, meter.left)));
    let items = match first {
        Some(first) if cost != Cost::Once => count(first)?,
        _ => 1,
    };
    let mut price = first_weight.saturating_add(items.saturating_mul(other_weight));
    if cost == Cost::Sorting {
        let rounds = usize::try_from(items.max(1).ilog2()).unwrap_or(usize::MAX).saturating_add(1);
        price = price.saturating_mul(rounds);
    }
    match meter.left.checked_sub(price) {
        Some(left) if !meter.watch.is_over(price) => {
            meter.left = left;
            Ok(())
        }
        _ => Err(ErrorKind::OutOfFuel.into()),
    }
}

/// How many items a list has.
fn count(list: &Value) -> Result<usize, Error> {
    if list.kind() == ValueKind::String {
        return Err(Error::new(ErrorKind::InvalidOperation, "this filter takes a list, not a text"));
    }
    // What can't be iterated is for the filter itself to refuse.
    let items = list.try_iter().map_or(0, |items| items.take(ITEMS + 1).count());
    if items > ITEMS { Err(too_many()) } else { Ok(items) }
}

pub(super) fn too_many() -> Error {
    Error::new(ErrorKind::InvalidOperation, "the list has more than 1,000 items")
}

/// The bytes in a value and all that it holds; no longer exact where it passes `most`.
fn weight(value: &Value, most: usize) -> usize {
    if let Some(text) = value.as_str() {
        return text.len().saturating_add(VALUE);
    }
    let mut sum = VALUE;
    let kind = value.kind();
    if !matches!(kind, ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
        return sum;
    }
    for item in value.try_iter().into_iter().flatten() {
        sum = sum.saturating_add(weight(&item, most));
        if kind == ValueKind::Map {
            sum = sum.saturating_add(value.get_item(&item).map_or(0, |held| weight(&held, most)));
        }
        if sum > most {
            break;
        }
    }
    sum
}
