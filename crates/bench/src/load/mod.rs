//! Load: so many callers one after the other, or calls at a fixed rate.
//!
//! | module | for |
//! |---|---|
//! | [`closed`] | throughput: each caller asks again when it has its answer |
//! | [`open`] | latency: calls begin at fixed instants, whatever became of the earlier ones |
//!
//! Every answer is checked. It must not know our paths.

mod closed;
mod open;
mod ticks;

use anyhow::Result;

pub(crate) use self::{
    closed::{callers_for, calls},
    open::at_rate,
    ticks::ticks,
};
use hg_rig::http::{Answer, Call};

/// What is asked again and again, each time with another number.
pub(crate) trait Work: Send + Sync + 'static {
    /// The call with this number.
    fn call(&self, number: u64) -> Call;

    /// Whether its answer is right.
    fn check(&self, number: u64, answer: &Answer) -> Result<()>;
}
