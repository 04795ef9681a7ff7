//! Transactions that carry their scope. Their first act sets it; COMMIT or ROLLBACK ends it.

use std::ops::{Deref, DerefMut};

use hg_types::{ClientId, UserId};
use sqlx::{PgConnection, Postgres, Transaction};

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

macro_rules! transaction {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub(super) Transaction<'static, Postgres>);

        impl $name {
            /// Makes the changes last.
            ///
            /// # Errors
            /// When the database refuses or can't be reached; then nothing is known to have been kept.
            pub async fn commit(self) -> Result<(), sqlx::Error> {
                self.0.commit().await
            }

            /// Undoes everything. Dropping does the same, but later, when the connection is used next.
            ///
            /// # Errors
            /// When the database can't be reached.
            pub async fn rollback(self) -> Result<(), sqlx::Error> {
                self.0.rollback().await
            }
        }

        impl Deref for $name {
            type Target = PgConnection;
            fn deref(&self) -> &PgConnection {
                &self.0
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut PgConnection {
                &mut self.0
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
