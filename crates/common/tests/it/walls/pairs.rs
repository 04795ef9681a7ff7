//! More who try, and more ways to: moving rows over a wall, conflicts, locks, RETURNING, COPY.
//!
//! [`matrix`](super::matrix) tries the four verbs as everybody. This tries what those verbs can be bent to, as those who have
//! something to do with the tenant, or had: parents' viewers, children, siblings, the archived, the removed.

use futures::TryStreamExt;
use hg_testkit::Tenants;
use hg_types::Role;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{
    fixtures::Fixture,
    matrix::{Cells, Outcome, judge},
};

/// Somebody who must not change the tenant's rows.
struct Trespasser {
    who: &'static str,
    /// Their scope, as statements.
    scope: String,
    /// A client of their own, to move rows from and to.
    own: Uuid,
    /// Whether they may read what the tenant's heirs inherit, or what is below them.
    may_read: MayRead,
}

/// What somebody may read of the target's rows, though not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MayRead {
    Nothing,
    /// From above: everything that a viewer reads.
    AsViewer,
    /// From below: what is inherited.
    Inherited,
}

/// Whose rows are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The tenant's, by everybody around.
    Tenant,
    /// Its parent's, by what is below.
    Parent,
}

/// Those around the tenants who are planted for this alone.
pub(crate) struct Around {
    archived: Uuid,
    removed: Uuid,
}

impl Around {
    /// An archived customer beside the tenant, and somebody who was the tenant's owner until just now.
    pub(crate) async fn plant(db: &mut PgConnection, tenants: &Tenants) -> Self {
        let archived = sqlx::query_scalar(
            "INSERT INTO clients (slug, name, type, parent_id, archived_at) VALUES ('planted-archived', 'planted', 'customer', $1, now()) RETURNING id",
        )
        .bind(tenants.agency.uuid())
        .fetch_one(&mut *db)
        .await
        .unwrap();
        let removed: Uuid =
            sqlx::query_scalar("INSERT INTO auth.users (email) VALUES ('removed@example.com') RETURNING id")
                .fetch_one(&mut *db)
                .await
                .unwrap();
        for client in [tenants.customer, tenants.agency] {
            let mut tx = db.begin().await.unwrap();
            let statements = [
                "INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, 'admin')",
                "DELETE FROM client_users WHERE client_id = $1 AND user_id = $2",
            ];
            for statement in statements {
                sqlx::query(statement).bind(client.uuid()).bind(removed).execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        }
        Self { archived, removed }
    }
}

fn trespassers(fixture: &Fixture, tenants: &Tenants, around: &Around, target: Target) -> Vec<Trespasser> {
    use MayRead::{AsViewer, Inherited, Nothing};
    let user = |id: Uuid| format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.user_id = '{id}'");
    let key = |id: Uuid| format!("SET LOCAL ROLE hg_content_app; SET LOCAL app.client_id = '{id}'");
    let of = |who, scope, own, may_read| Trespasser { who, scope, own, may_read };
    let (agency, customer) = (&tenants.agency_people, &tenants.customer_people);
    if target == Target::Parent {
        let own = tenants.customer.uuid();
        return vec![
            of("the child's owner", user(customer.owner.uuid()), own, Inherited),
            of("the child's key", key(own), own, Inherited),
            of("another child's key", key(tenants.sibling.uuid()), own, Inherited),
        ];
    }
    let (tenant, other) = (fixture.tenant(tenants), fixture.other(tenants));
    let other_agency = tenants.other_agency.uuid();
    let both = format!("{}; SET LOCAL app.client_id = '{}'", user(tenants.stranger.uuid()), tenant.0);
    let mut all = vec![
        of("the other tenant's owner", user(other.1), other.0, Nothing),
        of("the other tenant's key", key(other.0), other.0, Nothing),
        of("the sibling agency's owner", user(tenants.other_agency_people.owner.uuid()), other_agency, Nothing),
        of("the sibling's key", key(tenants.sibling.uuid()), tenants.sibling.uuid(), Nothing),
        of("an archived sibling's key", key(around.archived), around.archived, Nothing),
        of("a direct client's key", key(tenants.direct.uuid()), tenants.direct.uuid(), Nothing),
        of("somebody without membership", user(tenants.stranger.uuid()), other.0, Nothing),
        of("an admin until just now", user(around.removed), other.0, Nothing),
        of("nobody", "SET LOCAL ROLE hg_content_app".to_owned(), other.0, Nothing),
        of("a person and a client at once", both, other.0, Nothing),
    ];
    if !fixture.of_agency && fixture.column == "client_id" && fixture.writer > Role::Viewer {
        let own = tenants.sibling.uuid();
        all.push(of("the parent's viewer", user(agency.viewer.uuid()), own, AsViewer));
        all.push(of("the tenant's viewer", user(customer.viewer.uuid()), own, AsViewer));
        all.push(of("the root's viewer", user(tenants.root_people.viewer.uuid()), own, AsViewer));
    }
    all
}

/// The ways.
const WAYS: [&str; 11] = [
    "moves a row of its own in",
    "takes a row out",
    "inserts a row that is there",
    "inserts and does nothing on conflict",
    "overwrites on conflict",
    "overwrites on conflict under its own name",
    "locks",
    "updates returning",
    "deletes returning",
    "copies out",
    "copies in",
];

/// What is tried on one table.
pub(crate) struct Attempts<'a> {
    pub(crate) fixture: &'a Fixture,
    pub(crate) tenants: &'a Tenants,
    pub(crate) around: &'a Around,
    pub(crate) target: Target,
}

/// Every trespasser, every way, on one table. `db` is the application's connection; `superuser` tells what a row looks like.
pub(crate) async fn trespass(
    db: &mut PgConnection,
    superuser: &mut PgConnection,
    on: &Attempts<'_>,
    cells: &mut Cells,
) {
    let Attempts { fixture, tenants, around, target } = *on;
    if target == Target::Parent && (fixture.of_agency || fixture.column != "client_id") {
        return;
    }
    let value = match target {
        Target::Tenant => fixture.value(fixture.tenant(tenants)),
        Target::Parent => tenants.agency.uuid(),
    };
    let row = Row::of(superuser, fixture, value).await;
    for trespasser in trespassers(fixture, tenants, around, target) {
        for way in WAYS {
            let mut tx = db.begin().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(trespasser.scope.clone())).execute(&mut *tx).await.unwrap();
            let outcome = attempt(&mut tx, fixture, &row, &trespasser, way).await;
            tx.rollback().await.unwrap();
            let reads = match trespasser.may_read {
                MayRead::Nothing => false,
                MayRead::AsViewer => fixture.reader <= Role::Viewer,
                MayRead::Inherited => row.is_inherited,
            };
            let own_name = way == "overwrites on conflict under its own name";
            let right = match (&outcome, way) {
                (Outcome::Denied, _) => true,
                // The policy is asked before any key is: a row that is there already means that it has let the stranger in.
                (Outcome::Rows(0), way) => own_name || !(way.starts_with("inserts") || way.starts_with("overwrites")),
                (Outcome::Rows(_), "copies out") => reads,
                // Where the tenant is part of the key, that is a row of one's own and no conflict at all.
                (Outcome::Rows(_), _) if own_name => row.has_tenant_in_key(fixture.column) || !row.writes_its_key(),
                // A row of one's own, stopped by a key before anything was written.
                (Outcome::Constraint, _) => own_name,
                _ => false,
            };
            cells.judge(format!("{} {way} by {}: {outcome:?}", fixture.table, trespasser.who), right);
        }
    }
}

/// The tenant's row, and what is needed to write one like it.
struct Row {
    value: Uuid,
    json: serde_json::Value,
    /// All that the application may write.
    columns: String,
    primary_key: String,
    /// Whether heirs read it.
    is_inherited: bool,
}

impl Row {
    async fn of(db: &mut PgConnection, fixture: &Fixture, value: Uuid) -> Self {
        let table = fixture.table;
        let text = format!("SELECT to_jsonb(t) FROM {table} t WHERE {} = $1 LIMIT 1", fixture.column);
        let json = sqlx::query_scalar(AssertSqlSafe(text)).bind(value).fetch_one(&mut *db).await;
        let json = json.unwrap_or_else(|error| panic!("{table}: there is no row to trespass on: {error}"));
        let columns = granted(db, table, "INSERT").await;
        let primary_key = sqlx::query_scalar(
            "SELECT string_agg(quote_ident(a.attname), ', ') FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
              WHERE i.indexrelid = (SELECT u.indexrelid FROM pg_index u WHERE u.indrelid = $1::text::regclass AND u.indisunique
                                     ORDER BY u.indisprimary DESC LIMIT 1)",
        );
        let primary_key = primary_key.bind(table).fetch_one(&mut *db).await.unwrap();
        let is_inherited = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_policies WHERE schemaname || '.' || tablename = $1 AND policyname LIKE '%inherited_select')",
        );
        let is_inherited = is_inherited.bind(table).fetch_one(db).await.unwrap();
        Self { value, json, columns, primary_key, is_inherited }
    }

    fn has_tenant_in_key(&self, column: &str) -> bool {
        self.primary_key.split(", ").any(|key| key == column)
    }

    /// Whether the key can be given: where the database makes it, there is nothing to hit.
    fn writes_its_key(&self) -> bool {
        self.primary_key.split(", ").all(|key| self.columns.split(", ").any(|column| column == key))
    }

    /// The insert of a row like this one, under whoever's name.
    fn insert(&self, fixture: &Fixture, ending: &str) -> String {
        let (table, columns) = (fixture.table, &self.columns);
        format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, $1) {ending}"
        )
    }
}

/// The columns of a table for which the application has a right; all of them where it has none, so that it is refused.
async fn granted(db: &mut PgConnection, table: &str, right: &str) -> String {
    sqlx::query_scalar(
        "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE has_column_privilege('hg_content_app', attrelid, attnum, $2)),
                         string_agg(quote_ident(attname), ', ' ORDER BY attnum))
           FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
    )
    .bind(table)
    .bind(right)
    .fetch_one(db)
    .await
    .unwrap()
}

async fn attempt(db: &mut PgConnection, fixture: &Fixture, row: &Row, trespasser: &Trespasser, way: &str) -> Outcome {
    let (table, column, changes) = (fixture.table, fixture.column, fixture.changed_column());
    let assignment = fixture.assignment();
    let mut own = row.json.clone();
    own[column] = trespasser.own.to_string().into();
    let update = format!("ON CONFLICT ({}) DO UPDATE SET {changes} = excluded.{changes}", row.primary_key);
    let by_value = |text: String| sqlx::query(AssertSqlSafe(text)).bind(row.value);
    let by_row = |text: String, json: &serde_json::Value| sqlx::query(AssertSqlSafe(text)).bind(json.clone());
    let statement = match way {
        "moves a row of its own in" => {
            by_value(format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2")).bind(trespasser.own)
        }
        "takes a row out" => {
            by_value(format!("UPDATE {table} SET {column} = $2 WHERE {column} = $1")).bind(trespasser.own)
        }
        "inserts a row that is there" => by_row(row.insert(fixture, ""), &row.json),
        "inserts and does nothing on conflict" => by_row(row.insert(fixture, "ON CONFLICT DO NOTHING"), &row.json),
        "overwrites on conflict" => by_row(row.insert(fixture, &update), &row.json),
        "overwrites on conflict under its own name" => by_row(row.insert(fixture, &update), &own),
        "locks" => by_value(format!("SELECT {column} FROM {table} WHERE {column} = $1 FOR UPDATE")),
        "updates returning" => {
            by_value(format!("UPDATE {table} SET {assignment} WHERE {column} = $1 RETURNING {column}"))
        }
        "deletes returning" => by_value(format!("DELETE FROM {table} WHERE {column} = $1 RETURNING {column}")),
        "copies out" => return copied_out(db, fixture, row.value).await,
        _ => return copied_in(db, table).await,
    };
    judge(statement.execute(db).await.map(|done| done.rows_affected()))
}

/// How many of the lines that COPY gives name the tenant.
async fn copied_out(db: &mut PgConnection, fixture: &Fixture, value: Uuid) -> Outcome {
    let table = fixture.table;
    // What is granted column by column is copied so: of a whole table that may not be read, nothing would be learned.
    let columns = granted(db, table, "SELECT").await;
    // Without the right to read, sqlx loses its place in the answer to COPY: asked like this first, it doesn't.
    let all = format!("SELECT {columns} FROM {table} LIMIT 0");
    if let Err(error) = sqlx::query(AssertSqlSafe(all)).execute(&mut *db).await {
        return judge(Err(error));
    }
    let copied = async {
        let text: Vec<bytes::Bytes> =
            db.copy_out_raw(&format!("COPY {table} ({columns}) TO STDOUT")).await?.try_collect().await?;
        Ok::<_, sqlx::Error>(text.concat())
    };
    let value = value.to_string();
    judge(copied.await.map(|bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes);
        // A row of one's own may name the tenant as its parent: the id comes first.
        let named = |line: &&str| {
            let mut fields = line.split('\t');
            if fixture.column == "id" {
                fields.next() == Some(value.as_str())
            } else {
                fields.any(|field| field == value)
            }
        };
        let lines = text.lines().filter(named);
        u64::try_from(lines.count()).unwrap()
    }))
}

/// Row-level security has no COPY FROM at all.
async fn copied_in(db: &mut PgConnection, table: &str) -> Outcome {
    match db.copy_in_raw(&format!("COPY {table} FROM STDIN")).await {
        Ok(copy) => {
            drop(copy.abort("only a try").await);
            Outcome::Rows(1)
        }
        Err(error) if hg_common::db::sql_state(&error).as_deref() == Some("0A000") => Outcome::Denied,
        Err(error) => judge(Err(error)),
    }
}
