//! The fault suite: three CPM replicas under load, one fault after the other, and after each the books are proved.
//!
//! | module | owns | must not |
//! |---|---|---|
//! | [`suite`] | which faults, in which order, and how long each lasts | judge |
//! | `faults` | what is broken: one function per fault | look at the books |
//! | `scene` | the seeded moments at which a fault strikes | know which fault |
//! | `system` | replicas, services, provider; everything that can be broken | choose when |
//! | `load` | callers that do what `docs/integrators.md` says, and watchers that count events | know which fault |
//! | `observer` | budgets and living jobs, looked at all the time | change anything |
//! | `books` | everything that is on record afterwards: database, provider, callers | judge |
//! | `check` | what must be true of the books; pure, so that a test can plant a lie and see it named | read anything |
//! | `report` | figures, the table, the JSON file | hide a finding |
//!
//! `docs/chaos.md` defines every figure. [`hg_rig`] has what this shares with the benchmark.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod books;
mod check;
mod faults;
mod load;
mod observer;
mod report;
mod sabotage;
mod scene;
mod suite;
mod system;

pub use check::Finding;
pub use faults::list;
pub use report::{FaultReport, Report};
pub use sabotage::Sabotage;
pub use suite::{Options, Size, run};
