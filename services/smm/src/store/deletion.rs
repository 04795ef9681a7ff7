//! What belongs to a client, and how it goes.
//!
//! Counting reaches into other services' tables, by a function of the schema that runs with the caller's rights.

use hg_common::db::TenantTx;
use hg_contracts::smm::ClientContents;
use hg_types::ClientId;

/// What belongs to a client and to everything below it, each kind counted up to `most`.
pub(crate) async fn client_contents(tx: &mut TenantTx, id: ClientId, most: i32) -> Result<ClientContents, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT clients AS "clients!", members AS "members!", invitations AS "invitations!",
                  strategies AS "strategies!", seo_rules AS "seo_rules!", templates AS "templates!",
                  api_keys AS "api_keys!", provider_keys AS "provider_keys!", jobs AS "jobs!", costs AS "costs!"
             FROM app.client_contents($1, $2)"#,
        id.uuid(),
        most,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(ClientContents {
        clients: row.clients.unsigned_abs(),
        members: row.members.unsigned_abs(),
        invitations: row.invitations.unsigned_abs(),
        strategies: row.strategies.unsigned_abs(),
        seo_rules: row.seo_rules.unsigned_abs(),
        templates: row.templates.unsigned_abs(),
        api_keys: row.api_keys.unsigned_abs(),
        provider_keys: row.provider_keys.unsigned_abs(),
        jobs: row.jobs.unsigned_abs(),
        costs: row.costs.unsigned_abs(),
    })
}

/// Locks a client and everything below it until the transaction ends: nothing is added to what was counted.
pub(crate) async fn client_lock_tree(tx: &mut TenantTx, id: ClientId) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT id FROM clients WHERE id = $1 FOR UPDATE", id.uuid()).fetch_optional(&mut **tx).await?;
    sqlx::query!(
        "SELECT id FROM clients WHERE id IN (
           WITH RECURSIVE tree AS (
             SELECT c.id FROM clients c WHERE c.parent_id = $1
             UNION ALL
             SELECT c.id FROM clients c JOIN tree ON c.parent_id = tree.id
           )
           SELECT tree.id FROM tree
         ) ORDER BY id FOR UPDATE",
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a client with everything below it; says whether the scope may. What still refers to one of them makes the
/// database refuse.
pub(crate) async fn client_delete_tree(tx: &mut TenantTx, id: ClientId) -> Result<bool, sqlx::Error> {
    sqlx::query!("SELECT app.client_release_budgets($1)", id.uuid()).execute(&mut **tx).await?;
    let done = sqlx::query!(
        "DELETE FROM clients WHERE id IN (
           WITH RECURSIVE tree AS (
             SELECT c.id FROM clients c WHERE c.id = $1
             UNION ALL
             SELECT c.id FROM clients c JOIN tree ON c.parent_id = tree.id
           )
           SELECT tree.id FROM tree
         )",
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
