//! The cells: who tries which verb on which table, and what must come of it.

use hg_testkit::Tenants;
use hg_types::Role;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::fixtures::Fixture;

/// On which ground somebody may pass a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// The tenant's own owner, as `hg_content_app`.
    Tenant,
    /// `hg_system`.
    System,
    /// `hg_definer`.
    Definer,
    /// `hg_owner`.
    Owner,
}

impl Ground {
    pub(crate) const ALL: [Self; 4] = [Self::Tenant, Self::System, Self::Definer, Self::Owner];

    const fn role(self) -> &'static str {
        match self {
            Self::Tenant => "hg_content_app",
            Self::System => "hg_system",
            Self::Definer => "hg_definer",
            Self::Owner => "hg_owner",
        }
    }
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// So many rows were seen or changed.
    Rows(u64),
    /// The policy let it pass and a constraint stopped it.
    Constraint,
    /// No privilege, or the policy's check refused.
    Denied,
    /// Something else went wrong.
    Broken(String),
}

impl Outcome {
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self, Self::Rows(1..) | Self::Constraint)
    }
}

/// The verdicts so far.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    green: usize,
    red: Vec<String>,
}

impl Cells {
    pub(crate) fn judge(&mut self, cell: String, right: bool) {
        if right { self.green += 1 } else { self.red.push(cell) }
    }

    pub(crate) fn red(&self) -> &[String] {
        &self.red
    }

    pub(crate) fn count(&self) -> usize {
        self.green + self.red.len()
    }

    pub(crate) fn assert_green(&self) {
        assert!(self.red.is_empty(), "{} of {} cells are red: {:#?}", self.red.len(), self.count(), self.red);
    }
}

const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Everybody who must not reach the tenant's rows.
pub(crate) async fn walls(db: &mut PgConnection, fixture: &Fixture, tenants: &Tenants, cells: &mut Cells) {
    let tenant = fixture.tenant(tenants);
    let (other_client, other_person) = fixture.other(tenants);
    let user = |id: Uuid| format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.user_id = '{id}'");
    let client = |id: Uuid| format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.client_id = '{id}'");
    let strangers = [
        ("the other tenant's owner", user(other_person)),
        ("the other tenant's key", client(other_client)),
        ("somebody without membership", user(tenants.stranger.uuid())),
        ("a sibling's key", client(tenants.sibling.uuid())),
        ("a direct client's key", client(tenants.direct.uuid())),
        ("nobody", "SET LOCAL ROLE hg_content_app".to_owned()),
    ];
    for (who, setting) in strangers {
        for verb in VERBS {
            let outcome = attempt(db, &setting, fixture, verb, tenant, Ground::Tenant).await;
            // What isn't seen isn't there. A new row, though, is written or refused: none at all means that nothing was tried.
            let right = outcome == Outcome::Denied || (verb != "INSERT" && outcome == Outcome::Rows(0));
            cells.judge(format!("{} {verb} by {who}: {outcome:?}", fixture.table), right);
        }
    }
}

/// Everybody who holds a privilege must be able to use it: a lost policy closes a door.
pub(crate) async fn doors(
    db: &mut PgConnection,
    fixture: &Fixture,
    tenants: &Tenants,
    grounds: &[Ground],
    cells: &mut Cells,
) {
    let tenant = fixture.tenant(tenants);
    for ground in grounds {
        let setting = match ground {
            Ground::Tenant => format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.user_id = '{}'", tenant.1),
            Ground::System | Ground::Definer | Ground::Owner => format!("SET LOCAL ROLE {}", ground.role()),
        };
        for verb in VERBS {
            let granted = granted(db, *ground, fixture, verb).await;
            let outcome = attempt(db, &setting, fixture, verb, tenant, *ground).await;
            let right = if granted { outcome.is_open() } else { outcome == Outcome::Denied };
            cells.judge(
                format!("{} {verb} by {}: {outcome:?}, granted: {granted}", fixture.table, ground.role()),
                right,
            );
        }
        if let (Ground::Tenant, Some(text)) = (ground, fixture.forbidden) {
            let mut tx = sqlx::Connection::begin(&mut *db).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(setting.clone())).execute(&mut *tx).await.unwrap();
            let text = fixture.insert_text(text);
            let outcome = judge(
                sqlx::query(AssertSqlSafe(text))
                    .bind(tenant.0)
                    .bind(tenant.1)
                    .execute(&mut *tx)
                    .await
                    .map(|done| done.rows_affected()),
            );
            tx.rollback().await.unwrap();
            cells.judge(
                format!("{} a forbidden row by its tenant: {outcome:?}", fixture.table),
                outcome == Outcome::Denied,
            );
        }
    }
}

/// Each role does what it may from its rank on, and nothing below.
pub(crate) async fn ranks(db: &mut PgConnection, fixture: &Fixture, tenants: &Tenants, cells: &mut Cells) {
    let (client, _) = fixture.tenant(tenants);
    let people = if fixture.of_agency { tenants.agency_people } else { tenants.customer_people };
    for role in Role::ALL {
        let setting = format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.user_id = '{}'", people.with(*role));
        for verb in VERBS {
            let least = if verb == "SELECT" { fixture.reader } else { fixture.writer };
            let may = *role >= least && granted(db, Ground::Tenant, fixture, verb).await;
            // A new row names a person who isn't a member yet; everything else is found by the client.
            let outcome = attempt(db, &setting, fixture, verb, (client, tenants.stranger.uuid()), Ground::Tenant).await;
            let closed = outcome == Outcome::Denied || (verb != "INSERT" && outcome == Outcome::Rows(0));
            let right = if may { outcome.is_open() } else { closed };
            cells.judge(format!("{} {verb} by a {role}: {outcome:?}, from {least} on", fixture.table), right);
        }
    }
}

async fn granted(db: &mut PgConnection, ground: Ground, fixture: &Fixture, verb: &str) -> bool {
    let text = if verb == "UPDATE" {
        "SELECT has_column_privilege($1, $2, $4, $3)"
    } else {
        "SELECT (has_table_privilege($1, $2, $3) OR ($3 <> 'DELETE' AND has_any_column_privilege($1, $2, $3))) AND $4 <> ''"
    };
    sqlx::query_scalar(text)
        .bind(ground.role())
        .bind(fixture.table)
        .bind(verb)
        .bind(fixture.changed_column())
        .fetch_one(db)
        .await
        .unwrap()
}

/// Tries one verb in a scope and undoes it.
async fn attempt(
    db: &mut PgConnection,
    setting: &str,
    fixture: &Fixture,
    verb: &str,
    tenant: (Uuid, Uuid),
    ground: Ground,
) -> Outcome {
    // Inside a caller's transaction a savepoint; otherwise a transaction: both end with everything undone.
    let mut tx = sqlx::Connection::begin(&mut *db).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(setting.to_owned())).execute(&mut *tx).await.unwrap();
    let value = fixture.value(tenant);
    let (table, column, assignment) = (fixture.table, fixture.column, fixture.assignment());
    let outcome = match verb {
        "SELECT" => {
            let text = format!("SELECT count(*) FROM {table} WHERE {column} = $1");
            let counted = sqlx::query_scalar::<_, i64>(AssertSqlSafe(text)).bind(value).fetch_one(&mut *tx).await;
            counted.map(i64::unsigned_abs)
        }
        "INSERT" => {
            let text = match (ground, fixture.system_insert) {
                (Ground::System, Some(text)) => text,
                _ => fixture.insert,
            };
            let text = fixture.insert_text(text);
            let done = sqlx::query(AssertSqlSafe(text)).bind(tenant.0).bind(tenant.1).execute(&mut *tx).await;
            done.map(|done| done.rows_affected())
        }
        "UPDATE" => {
            let condition = if ground == Ground::System && fixture.system_insert.is_some() {
                "client_id IS NULL AND $1::uuid IS NOT NULL".to_owned()
            } else {
                format!("{column} = $1")
            };
            let text = format!("UPDATE {table} SET {assignment} WHERE {condition}");
            let done = sqlx::query(AssertSqlSafe(text)).bind(value).execute(&mut *tx).await;
            done.map(|done| done.rows_affected())
        }
        _ => {
            let text = format!("DELETE FROM {table} WHERE {} = $1", fixture.delete_by.unwrap_or(column));
            let done = sqlx::query(AssertSqlSafe(text)).bind(value).execute(&mut *tx).await;
            done.map(|done| done.rows_affected())
        }
    };
    tx.rollback().await.unwrap();
    judge(outcome)
}

pub(crate) fn judge(outcome: Result<u64, sqlx::Error>) -> Outcome {
    match outcome {
        Ok(rows) => Outcome::Rows(rows),
        Err(error) => match hg_common::db::sql_state(&error).as_deref() {
            Some("42501") => Outcome::Denied,
            // Checked after the policy: a unique or a foreign key. Or a rule for one's own rows, such as that a client which is
            // archived takes no changes: for another's it would tell something, and is as wrong.
            Some("23505" | "23503" | "HG409") => Outcome::Constraint,
            _ => Outcome::Broken(error.to_string()),
        },
    }
}
