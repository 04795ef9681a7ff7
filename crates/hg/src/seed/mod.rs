//! `hg seed`: the clients and strategies of the reference documents, and a default template per content type.
//!
//! Safe to repeat: what is there by its slug, or for its content type, is left as people have changed it since.

mod clients;
mod strategies;
mod templates;

use std::fmt;

use anyhow::{Context as _, Result};
use sqlx::Connection as _;

use crate::cli::Direct;
use crate::database::connect_as_owner;

/// The client above all others.
pub(crate) const ROOT_SLUG: &str = "hg-content";

/// The client for which `hg up` writes its first article.
pub(crate) const SAMPLE_CLIENT: &str = "cincinnati-electrician";

/// How much was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SeedReport {
    pub(crate) clients: usize,
    pub(crate) strategies: usize,
    pub(crate) templates: usize,
}

impl fmt::Display for SeedReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clients, strategies, templates } = self;
        if clients + strategies + templates == 0 {
            return f.write_str("there already");
        }
        write!(f, "{clients} clients, {strategies} strategies, {templates} templates")
    }
}

/// The command: says what it did.
pub(crate) async fn command(options: &Direct) -> Result<()> {
    println!("{}", run(&options.url()?, What::SampleData).await?);
    Ok(())
}

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// What nothing works without: the root client and a default template per content type.
    Needed,
    /// That, and the clients and strategies of the reference documents.
    SampleData,
}

/// Writes what is missing, all or nothing.
pub(crate) async fn run(direct_url: &str, what: What) -> Result<SeedReport> {
    let mut connection = connect_as_owner(direct_url).await?;
    let mut transaction = connection.begin().await?;
    // Two at once would both find the same things missing.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('hg seed'))").execute(&mut *transaction).await?;
    let clients = clients::write(&mut transaction, what).await.context("seed clients")?;
    let strategies = match what {
        What::Needed => 0,
        What::SampleData => strategies::write(&mut transaction).await.context("seed strategies")?,
    };
    let templates = templates::write(&mut transaction).await.context("seed templates")?;
    transaction.commit().await?;
    Ok(SeedReport { clients, strategies, templates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hg_testkit::TestDb;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_run_changes_nothing() {
        let db = TestDb::new().await;
        let needed = run(db.direct_url(), What::Needed).await.unwrap();
        assert_eq!(needed, SeedReport { clients: 1, strategies: 0, templates: 5 });
        let first = run(db.direct_url(), What::SampleData).await.unwrap();
        assert_eq!(first, SeedReport { clients: 7, strategies: 8, templates: 0 });
        let second = run(db.direct_url(), What::SampleData).await.unwrap();
        assert_eq!(second, SeedReport { clients: 0, strategies: 0, templates: 0 });

        let mut connection = connect_as_owner(db.direct_url()).await.unwrap();
        let (location, call): (String, String) = sqlx::query_as(
            "SELECT configuration ->> 'location_focus', configuration ->> 'call_to_action'
               FROM strategies JOIN clients ON clients.id = client_id WHERE slug = $1",
        )
        .bind(SAMPLE_CLIENT)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!((location.as_str(), call.as_str()), ("Cincinnati, Ohio", "contact for quote"));
    }
}
