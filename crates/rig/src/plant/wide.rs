//! Many clients: a hierarchy as a large operator has it.

use anyhow::{Context as _, Result};
use hg_types::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Adds to what was planted until there are so many agencies with so many customers each. Returns somebody who owns the root.
///
/// # Errors
/// The database refuses.
pub async fn many_clients(db: &mut PgConnection, (agencies, customers): (i32, i32)) -> Result<UserId> {
    sqlx::query(
        "WITH root AS (SELECT id FROM clients WHERE type = 'root'),
              wanted AS (SELECT $1 - count(*)::int AS more FROM clients WHERE type = 'agency')
         INSERT INTO clients (slug, name, type, parent_id)
         SELECT 'wide-' || n, 'Wide-' || n || ' Marketing', 'agency', root.id FROM root, wanted, generate_series(1, wanted.more) n",
    )
    .bind(agencies)
    .execute(&mut *db)
    .await
    .context("cannot plant agencies")?;
    sqlx::query(
        r#"INSERT INTO clients (slug, name, type, parent_id, metadata)
           SELECT a.slug || '-firm-' || n, 'Firm ' || n || ' of ' || a.slug, 'customer', a.id, '{"industry": "Paving"}'::jsonb
             FROM clients a
             CROSS JOIN LATERAL (SELECT count(*)::int AS there FROM clients c WHERE c.parent_id = a.id) AS has
             CROSS JOIN LATERAL generate_series(1, $1 - has.there) n
            WHERE a.type = 'agency'"#,
    )
    .bind(customers)
    .execute(&mut *db)
    .await
    .context("cannot plant customers")?;
    let person: Uuid = sqlx::query_scalar(
        "WITH person AS (INSERT INTO auth.users (email) VALUES ('operator@hgcontent.com') RETURNING id),
              membership AS (INSERT INTO client_users (client_id, user_id, role)
                             SELECT c.id, person.id, 'owner' FROM clients c, person WHERE c.type = 'root')
         SELECT id FROM person",
    )
    .fetch_one(&mut *db)
    .await
    .context("cannot plant an operator")?;
    sqlx::raw_sql("VACUUM ANALYZE clients").execute(&mut *db).await?;
    Ok(UserId(person))
}
