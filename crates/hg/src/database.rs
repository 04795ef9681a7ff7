//! Databases, roles and migrations, over the direct connection.

use anyhow::{Context as _, Result};
use hg_common::db;
use hg_stack::with_database;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::cli::Migrate;

/// `hg migrate`.
pub(crate) async fn migrate(options: &Migrate) -> Result<()> {
    let url = &options.direct.url()?;
    if options.bootstrap {
        let password = options.app_password.as_deref().context("--app-password is missing")?;
        db::bootstrap(url, password).await?;
        println!("roles are there");
    }
    let applied = db::migrate(url).await?;
    for name in &applied {
        println!("applied {name}");
    }
    println!("schema version {}", db::latest_version());
    Ok(())
}

/// Connects, acting as the tables' owner.
pub(crate) async fn connect_as_owner(url: &str) -> Result<PgConnection> {
    let mut connection = connect(url).await?;
    connection.execute("SET ROLE hg_owner").await.context(
        "this login may not act as hg_owner: use the one that ran the migrations (`hg migrate --bootstrap` makes the roles)",
    )?;
    // For the audit log: who had direct access, and by which program.
    connection.execute("SET app.origin = 'hg|||database|'").await?;
    Ok(connection)
}

/// Connects.
pub(crate) async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url).await.context("cannot connect to the database directly")
}

/// Makes a database unless it exists. `server_url` may name any database of the server.
pub(crate) async fn create_database(server_url: &str, name: &str) -> Result<()> {
    let mut connection = connect(&with_database(server_url, "postgres")).await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        let sql: String = sqlx::query_scalar("SELECT format('CREATE DATABASE %I', $1::text)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        connection.execute(AssertSqlSafe(sql)).await.with_context(|| format!("cannot make the database {name}"))?;
    }
    Ok(connection.close().await?)
}

/// Makes the database that tests clone: migrated, without sample data (each test plants what it needs), and closed to
/// connections, for one would block cloning.
pub(crate) async fn create_template(server_url: &str, name: &str, app_password: &str) -> Result<()> {
    create_database(server_url, name).await?;
    let url = with_database(server_url, name);
    db::bootstrap(&url, app_password).await?;
    db::migrate(&url).await?;
    let mut connection = connect(&with_database(server_url, "postgres")).await?;
    let sql: String =
        sqlx::query_scalar("SELECT format('ALTER DATABASE %I IS_TEMPLATE true ALLOW_CONNECTIONS false', $1::text)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(connection.close().await?)
}
