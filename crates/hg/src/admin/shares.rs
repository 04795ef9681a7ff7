//! Clients' shares of the workers (`client_shares`). Content production heeds them within 15 seconds.

use anyhow::{Result, bail};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::users::client_id;
use crate::{cli::Share, database::connect_as_owner};

/// `admin share`.
pub(super) async fn run(options: Share) -> Result<()> {
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let Some(client) = &options.client else {
        return list(&mut connection).await;
    };
    let id = client_id(&mut connection, client).await?;
    if options.usual {
        take_back(&mut connection, id).await?;
        println!("{client} has no share of its own any more");
        return Ok(());
    }
    if options.weight.is_none() && options.concurrency.is_none() {
        bail!("say --weight, --concurrency or --usual");
    }
    let (weight, concurrency) = put(&mut connection, id, &options).await?;
    println!("{client}: weight {weight}, {} at once", at_once(concurrency));
    Ok(())
}

fn at_once(concurrency: Option<i32>) -> String {
    concurrency.map_or_else(|| "as many as anybody's jobs".to_owned(), |jobs| format!("{jobs} jobs"))
}

async fn take_back(connection: &mut PgConnection, client: Uuid) -> Result<()> {
    sqlx::query("DELETE FROM client_shares WHERE client_id = $1").bind(client).execute(connection).await?;
    Ok(())
}

/// What isn't said stays as it was.
async fn put(connection: &mut PgConnection, client: Uuid, options: &Share) -> Result<(i16, Option<i32>)> {
    let row = sqlx::query(
        "INSERT INTO client_shares AS s (client_id, weight, concurrency) VALUES ($1, coalesce($2, 1::smallint), $3)
         ON CONFLICT (client_id) DO UPDATE SET weight = coalesce($2, s.weight), concurrency = coalesce($3, s.concurrency)
         RETURNING s.weight, s.concurrency",
    )
    .bind(client)
    .bind(options.weight)
    .bind(options.concurrency)
    .fetch_one(connection)
    .await?;
    Ok((row.try_get("weight")?, row.try_get("concurrency")?))
}

async fn list(connection: &mut PgConnection) -> Result<()> {
    let rows = sqlx::query(
        "SELECT c.slug, s.weight, s.concurrency FROM client_shares s JOIN clients c ON c.id = s.client_id ORDER BY c.slug",
    )
    .fetch_all(connection)
    .await?;
    if rows.is_empty() {
        println!("every client gets the same");
    }
    for row in rows {
        let (slug, weight): (String, i16) = (row.try_get("slug")?, row.try_get("weight")?);
        println!("{slug}: weight {weight}, {} at once", at_once(row.try_get("concurrency")?));
    }
    Ok(())
}
