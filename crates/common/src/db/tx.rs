//! Transactions that carry their scope. Their first act sets it; COMMIT or ROLLBACK ends it.

use std::ops::{Deref, DerefMut};

use hg_types::{ClientId, UserId};
use sqlx::{PgConnection, Postgres, SqlStr, pool::PoolConnection, postgres::PgTransactionManager};
use sqlx_core::transaction::TransactionManager as _;

/// For whom a transaction runs: what row-level security lets it see and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A person: everything that the person's memberships reach.
    User(UserId),
    /// An API key or a worker: this client and what is below it.
    Client(ClientId),
}

impl Scope {
    /// The statement that begins a transaction in this scope: one round trip, and nothing in it but a UUID and where it
    /// comes from. It also says what the scope is not: were the connection ever to come with somebody's leftovers, they
    /// would end here.
    pub(super) fn begin_statement(self, origin: &str) -> String {
        let (user, client) = match self {
            Self::User(id) => (id.to_string(), String::new()),
            Self::Client(id) => (String::new(), id.to_string()),
        };
        format!(
            "BEGIN; SET LOCAL ROLE NONE; SET LOCAL app.user_id = '{user}'; SET LOCAL app.client_id = '{client}'; SET LOCAL app.actor = ''; SET LOCAL app.origin = '{origin}'"
        )
    }
}

/// A connection of the pool with a transaction on it. What sqlx has for that (`Transaction`) gives a connection back on which the
/// beginning failed half-way: BEGIN went through, what came after it didn't, and nobody would ever end that transaction.
#[derive(Debug)]
pub(super) struct Open(PoolConnection<Postgres>);

impl Open {
    /// Begins with a statement that leaves a transaction open.
    pub(super) async fn begin(connection: PoolConnection<Postgres>, statement: SqlStr) -> Result<Self, sqlx::Error> {
        let mut open = Self(connection);
        let begun = PgTransactionManager::begin(&mut open.0, Some(statement)).await;
        if begun.is_err() {
            open.0.close_on_drop();
        }
        begun.map(|()| open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Sent when the connection is used next, which is on its way back to the pool; nothing where it has ended.
        PgTransactionManager::start_rollback(&mut self.0);
    }
}

macro_rules! transaction {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub(super) Open);

        impl $name {
            /// Makes the changes last.
            ///
            /// # Errors
            /// When the database refuses or can't be reached; then nothing is known to have been kept.
            pub async fn commit(mut self) -> Result<(), sqlx::Error> {
                PgTransactionManager::commit(&mut self.0.0).await
            }

            /// Undoes everything. Dropping does the same, but later, when the connection is used next.
            ///
            /// # Errors
            /// When the database can't be reached.
            pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
                PgTransactionManager::rollback(&mut self.0.0).await
            }
        }

        impl Deref for $name {
            type Target = PgConnection;
            fn deref(&self) -> &PgConnection {
                &self.0.0
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut PgConnection {
                &mut self.0.0
            }
        }
    };
}

transaction!(
    /// A transaction in the scope of a person or a client. Use it as `&mut *tx` in queries.
    TenantTx
);
transaction!(
    /// A transaction for work of several tenants at once, which a database function does, each item by its own scope
    /// (`app.jobs_accept` and its kin). It sees no tenant outside of such a function.
    CombinedTx
);
transaction!(
    /// A transaction as `hg_system`, for what crosses tenants: claim, heartbeat, reaper, reconciler,
    /// partition maker. A request handler has no business with it.
    SystemTx
);
transaction!(
    /// A transaction without a scope: it sees no tenant's row and can only call the look-up functions
    /// that return one row for one exact key.
    AnonymousTx
);

#[cfg(test)]
mod tests {
    use sqlx::{SqlSafeStr as _, postgres::PgPoolOptions};

    use super::*;

    #[tokio::test]
    async fn a_beginning_that_fails_half_way_leaves_no_transaction_behind() {
        let database = hg_testkit::TestDb::new().await;
        // One connection: the next transaction would get the very same.
        let pool = PgPoolOptions::new().max_connections(1).connect(database.pooled_url()).await.unwrap();
        let begin = async |statement: &'static str| Open::begin(pool.acquire().await?, statement.into_sql_str()).await;
        for _ in 0..3 {
            begin("BEGIN; SELECT 1 / 0").await.unwrap_err();
            let mut next = begin("BEGIN; SET LOCAL app.user_id = ''").await.unwrap();
            sqlx::query("SELECT 1").execute(&mut *next.0).await.unwrap();
            PgTransactionManager::commit(&mut next.0).await.unwrap();
        }
    }
}
