//! A simulator of AI providers that speaks their real wire formats over HTTP, faults included.
//!
//! It exists so that adapters, ledgers and crash tests can be measured against something that was
//! written from the providers' documentation and not from our own adapters: this crate imports
//! nothing of ours, and must never do so. What it billed is on record (`GET /_sim/calls`), so that
//! a ledger can be compared with it.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use hg_simulator::{Fault, Rule, Simulator, SimulatorConfig};
//!
//! let simulator = Simulator::start(SimulatorConfig::default())?;
//! simulator.set_behaviour(Rule::fault(Fault::rate_limited(2)).times(1));
//! let openai_base_url = simulator.openai_url();
//! # drop(openai_base_url); Ok(()) }
//! ```
//!
//! Layout: `formats/<provider>` holds what a provider says on the wire, `text` writes the article,
//! `behaviour` says how a call goes wrong, `player` plays a prepared reply, `record` keeps the
//! books, `control` is the `/_sim` API. A new format is a folder in `formats` and a line in its table.

mod behaviour;
mod config;
mod control;
mod formats;
mod listener;
mod player;
mod random;
mod record;
mod server;
mod text;
mod tokens;

pub use behaviour::{Behaviour, Fault, Rule};
pub use config::{DEFAULT_API_KEY, LongPrompt, Price, PriceList, SimulatorConfig};
pub use formats::Provider;
pub use record::{Call, HeaderFacts, Outcome, Summary};
pub use server::Simulator;
pub use text::{Kind, compose};
pub use tokens::{count_prompt_tokens, count_tokens};
