//! Somebody with a password, who owns an agency.

use anyhow::{Context as _, Result};
use hg_common::auth::password;
use hg_types::ClientId;
use sqlx::PgConnection;
use uuid::Uuid;

const EMAIL: &str = "dev@hgcontent.com";
const PASSWORD: &str = "correct horse battery staple, measured";

/// A person who can sign in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The e-mail address.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
}

pub(super) async fn owner_of(db: &mut PgConnection, client: ClientId) -> Result<Person> {
    let id: Uuid = sqlx::query_scalar("INSERT INTO auth.users (email, password_hash) VALUES ($1, $2) RETURNING id")
        .bind(EMAIL)
        .bind(password::hash(PASSWORD)?)
        .fetch_one(&mut *db)
        .await
        .context("cannot plant a person")?;
    sqlx::query("INSERT INTO profiles (user_id, display_name) VALUES ($1, 'Developer')")
        .bind(id)
        .execute(&mut *db)
        .await?;
    sqlx::query("INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, 'owner')")
        .bind(client.uuid())
        .bind(id)
        .execute(db)
        .await?;
    Ok(Person { email: EMAIL, password: PASSWORD })
}
