//! The database behind PgBouncer: walls between tenants, the pooler's table, migrations.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod audit;
mod cancelled;
mod look_ups;
mod migrations;
mod pooler;
mod restart;
mod walls;
