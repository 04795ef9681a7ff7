//! What is in the database before anything begins: one root, ten agencies with twenty customers each (200 tenants that
//! ask for content), strategies on all levels, the default template of each content type, an API key per tenant, and a person.
//!
//! It writes past every policy, as superuser; the services then see it through theirs.

mod history;
mod people;
mod strategies;
mod templates;
mod tenants;
mod wide;

use anyhow::Result;
use hg_types::ClientId;
use sqlx::PgConnection;

pub use self::{history::History, people::Person, tenants::Tenant, wide::many_clients};

/// How many agencies there are.
pub const AGENCIES: i32 = 10;
/// How many customers each has.
pub const CUSTOMERS: i32 = 20;

/// What was planted.
#[derive(Clone, Debug)]
pub struct Planted {
    /// The customers, one agency after the other in turn, each with its API key.
    pub tenants: Vec<Tenant>,
    /// The first agency, whose jobs the person sees.
    pub agency: ClientId,
    /// Somebody who owns that agency.
    pub person: Person,
}

/// Plants it all.
///
/// # Errors
/// The database refuses.
pub async fn plant(db: &mut PgConnection) -> Result<Planted> {
    let root = tenants::root(db).await?;
    let agencies = tenants::agencies(db, root).await?;
    let tenants = tenants::customers(db).await?;
    strategies::write(db).await?;
    templates::write(db, root).await?;
    let agency = agencies[0];
    let person = people::owner_of(db, agency).await?;
    Ok(Planted { tenants, agency, person })
}
