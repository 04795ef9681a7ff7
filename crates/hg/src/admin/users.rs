//! Users and the ways in for them.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hg_common::auth::password;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::cli::{CreateUser, ResetLink, RoleName};
use crate::database::connect_as_owner;

/// `admin create-user`.
pub(super) async fn create(options: CreateUser) -> Result<()> {
    let hash = if options.password_stdin { Some(read_password().await?) } else { None };
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let client = client_id(&mut connection, &options.client).await?;
    let email = options.email.to_lowercase();
    let user = save(&mut connection, &email, options.name.as_deref(), hash.as_deref()).await?;
    let role = add_member(&mut connection, client, user, options.role.map(RoleName::as_str)).await?;
    println!("{email} is {role} of {}", options.client);
    if hash.is_none() {
        println!("{}", make_link(&mut connection, user, &options.public_url).await?);
    }
    Ok(())
}

/// `admin reset-link`.
pub(super) async fn reset_link(options: ResetLink) -> Result<()> {
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let email = options.email.to_lowercase();
    let user: Option<Uuid> = sqlx::query_scalar("SELECT id FROM auth.users WHERE email = $1")
        .bind(&email)
        .fetch_optional(&mut connection)
        .await?;
    let user = user.with_context(|| format!("--email: there is no user {email}"))?;
    println!("{}", make_link(&mut connection, user, &options.public_url).await?);
    Ok(())
}

async fn read_password() -> Result<String> {
    tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
        let text = text.trim_end_matches(['\r', '\n']);
        password::check(text)?;
        Ok(password::hash(text)?)
    })
    .await?
}

/// A link that sets a new password, once, within an hour. Only the token's hash is stored.
async fn make_link(connection: &mut PgConnection, user: Uuid, public_url: &str) -> Result<String> {
    let token: [u8; 32] = rand::random();
    let token = BASE64_URL_SAFE_NO_PAD.encode(token);
    let hash = Sha256::digest(token.as_bytes());
    sqlx::query(
        "INSERT INTO auth.reset_tokens (token_hash, user_id, expires_at) VALUES ($1, $2, now() + interval '1 hour')",
    )
    .bind(hash.as_slice())
    .bind(user)
    .execute(connection)
    .await
    .context("cannot store the reset token")?;
    Ok(format!("{}/reset/{token}", public_url.trim_end_matches('/')))
}

/// Makes a user, or gives an existing one another name and password, each where one is given. Whoever is new has the address as
/// their name until they have another.
pub(crate) async fn save(
    connection: &mut PgConnection,
    email: &str,
    name: Option<&str>,
    hash: Option<&str>,
) -> Result<Uuid> {
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO auth.users (email, password_hash) VALUES ($1, $2)
         ON CONFLICT ON CONSTRAINT users_email_key
         DO UPDATE SET password_hash = coalesce(excluded.password_hash, users.password_hash)
         RETURNING id",
    )
    .bind(email)
    .bind(hash)
    .fetch_one(&mut *connection)
    .await
    .with_context(|| format!("cannot make the user {email}"))?;
    sqlx::query(
        "INSERT INTO profiles (user_id, display_name) VALUES ($1, coalesce($2, $3))
         ON CONFLICT (user_id) DO UPDATE SET display_name = coalesce($2, profiles.display_name)",
    )
    .bind(id)
    .bind(name)
    .bind(email)
    .execute(connection)
    .await
    .context("cannot write the user's profile")?;
    Ok(id)
}

/// Gives a user a role on a client, or another one than before; says which they have. Without one whoever is new is a member,
/// and whoever is there stays what they are.
pub(crate) async fn add_member(
    connection: &mut PgConnection,
    client: Uuid,
    user: Uuid,
    role: Option<&str>,
) -> Result<String> {
    sqlx::query_scalar(
        "INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, coalesce($3::member_role, 'member'))
         ON CONFLICT (client_id, user_id) DO UPDATE SET role = coalesce($3::member_role, client_users.role)
         RETURNING role::text",
    )
    .bind(client)
    .bind(user)
    .bind(role)
    .fetch_one(connection)
    .await
    .context("cannot write the membership")
}

/// A client by slug or id.
pub(crate) async fn client_id(connection: &mut PgConnection, slug_or_id: &str) -> Result<Uuid> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM clients WHERE slug = $1 OR id::text = lower($1)")
        .bind(slug_or_id)
        .fetch_optional(connection)
        .await?;
    id.with_context(|| format!("there is no client {slug_or_id}"))
}

#[cfg(test)]
mod tests {
    use hg_testkit::TestDb;

    use super::*;

    #[tokio::test]
    async fn who_is_there_keeps_what_nothing_is_said_about() {
        let db = TestDb::new().await;
        let mut connection = connect_as_owner(db.direct_url()).await.unwrap();
        let client: Uuid =
            sqlx::query_scalar("INSERT INTO clients (name, slug, type) VALUES ('Root', 'root', 'root') RETURNING id")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        let mut seen = Vec::new();
        for (name, role) in [(None, None), (Some("Ann"), Some("admin")), (None, None), (None, Some("viewer"))] {
            let user = save(&mut connection, "ann@example.com", name, None).await.unwrap();
            let role = add_member(&mut connection, client, user, role).await.unwrap();
            let name: String = sqlx::query_scalar("SELECT display_name FROM profiles WHERE user_id = $1")
                .bind(user)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            seen.push(format!("{name}: {role}"));
        }
        assert_eq!(seen, ["ann@example.com: member", "Ann: admin", "Ann: admin", "Ann: viewer"]);
    }
}
