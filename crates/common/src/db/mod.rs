//! The only way to the database: transactions that know their scope.
//!
//! The pool is private to this module. [`Db::tenant`] opens a [`TenantTx`] for a person or a client,
//! [`SystemDb::begin`] a [`SystemTx`] for what crosses tenants, [`Db::anonymous`] one that sees nothing and
//! can only call the look-up functions (login, session, API key). There is no fourth way, so no
//! statement can run without a scope. SQL lives in the services' `store` modules, not here.

mod migrate;
mod pool;
mod probe;
mod tx;

pub use migrate::{MigrationFailed, bootstrap, latest_version, migrate, wait_for_schema};
pub use pool::{ConnectError, Db, SystemDb};
pub use probe::{PoolerMode, UnsafePooler};
pub use tx::{AnonymousTx, CombinedTx, Scope, SystemTx, TenantTx};

/// Whether an error is a violation of the constraint with this name.
#[must_use]
pub fn violates(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint) == Some(constraint)
}

/// The SQLSTATE of a database error, for the codes that our own functions raise (`HG402`, `HG404`, `HG409`).
#[must_use]
pub fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}

/// The DETAIL of a Postgres error.
#[must_use]
pub fn detail(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?.detail()
}

/// A text of the database as one of our enums. The database's own enums have the same values, so a failure means that the
/// schema is newer than this code.
///
/// # Errors
/// When it is none of them.
pub fn parsed<T>(text: &str) -> Result<T, sqlx::Error>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
