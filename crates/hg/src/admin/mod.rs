//! `hg admin`: what an operator does beside the services, straight in the database, as the tables' owner.

pub(crate) mod api_keys;
mod audit;
mod keys;
mod ledger;
mod shares;
pub(crate) mod users;

use anyhow::Result;

use crate::cli::{Admin, AdminSub};

/// Does one thing.
pub(crate) async fn run(options: Admin) -> Result<()> {
    match options.command {
        AdminSub::CreateUser(options) => users::create(options).await,
        AdminSub::ResetLink(options) => users::reset_link(options).await,
        AdminSub::ApiKey(options) => api_keys::create(options).await,
        AdminSub::Share(options) => shares::run(options).await,
        AdminSub::Keys(options) => keys::print(&options),
        AdminSub::Audit(options) => audit::run(options).await,
        AdminSub::Ledger(options) => ledger::run(options).await,
    }
}
