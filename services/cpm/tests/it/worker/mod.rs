//! Jobs from accept to their end: a real worker, Postgres through PgBouncer, Redis, the provider simulator, and stand-ins
//! for SMM and IM that can be stopped.

mod data_jobs;
mod faults;
mod housekeeping;
mod key_money;
mod leases;
mod lost_workers;
mod money;
mod refused;
pub(crate) mod shop;
mod the_path;
mod without_redis;
