//! The audit log, as row-level security lets the scope see it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::smm::{AuditActor, AuditActorKind, AuditEntry};
use hg_types::ClientId;
use serde::Deserialize;
use serde_json::{Map, Value};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Of which clients.
#[derive(Clone, Debug)]
pub(crate) enum AuditReach {
    /// Everything there is.
    All,
    /// Of these.
    Clients(Vec<Uuid>),
    /// Of these, and of one's own account.
    ClientsAndOneself(Vec<Uuid>),
}

/// What the log is narrowed to.
#[derive(Clone, Debug)]
pub(crate) struct AuditFilter {
    pub(crate) reach: AuditReach,
    pub(crate) actor: Option<Uuid>,
    /// What the action begins with.
    pub(crate) action: Option<String>,
    pub(crate) subject_kind: Option<String>,
    pub(crate) subject_id: Option<Uuid>,
    pub(crate) from: Option<DateTime<Utc>>,
    pub(crate) to: Option<DateTime<Utc>>,
    /// Anywhere in what changed.
    pub(crate) text: Option<String>,
}

/// A client that the scope sees, and everything below it.
pub(crate) async fn audit_clients_below(tx: &mut TenantTx, id: ClientId) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"WITH RECURSIVE below AS (
             SELECT c.id FROM clients c WHERE c.id = $1
             UNION ALL
             SELECT c.id FROM clients c JOIN below ON c.parent_id = below.id
           )
           SELECT id AS "id!" FROM below"#,
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// All that the scope may read.
pub(crate) async fn audit_reach(tx: &mut TenantTx) -> Result<AuditReach, sqlx::Error> {
    let row = sqlx::query!(r#"SELECT app.audits_all() AS "all!", app.client_ids_with_role('admin') AS "ids!""#)
        .fetch_one(&mut **tx)
        .await?;
    Ok(if row.all { AuditReach::All } else { AuditReach::ClientsAndOneself(row.ids) })
}

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    at: DateTime<Utc>,
    client_id: Option<Uuid>,
    client_name: Option<String>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    service: Option<String>,
    request_id: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: Option<Uuid>,
    origin: Option<String>,
    change: Option<String>,
    erased: bool,
    sealed: bool,
}

/// As `app.audit_append` writes it.
#[derive(Default, Deserialize)]
struct OriginValue {
    address: Option<String>,
    email: Option<String>,
    login: Option<String>,
}

/// As `app.audit_row` writes it.
#[derive(Default, Deserialize)]
struct ChangeValue {
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
    #[serde(default)]
    secret: Vec<String>,
}

/// A page, newest first, before an entry.
pub(crate) async fn audit_list(
    tx: &mut TenantTx,
    filter: &AuditFilter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let mut query = QueryBuilder::new("");
    select(&mut query, |page| {
        narrow(page, filter);
        if let Some(before) = before {
            page.push(" AND l.id < ").push_bind(before);
        }
        page.push(" ORDER BY l.id DESC LIMIT ").push_bind(limit);
    });
    entries(tx, query).await
}

/// One entry, if the scope sees it.
pub(crate) async fn audit_fetch(tx: &mut TenantTx, id: Uuid) -> Result<Option<AuditEntry>, sqlx::Error> {
    let mut query = QueryBuilder::new("");
    select(&mut query, |page| {
        page.push(" AND l.id = ").push_bind(id);
    });
    Ok(entries(tx, query).await?.pop())
}

/// The page is found before what stands beside it is read.
fn select(query: &mut QueryBuilder<Postgres>, narrow: impl FnOnce(&mut QueryBuilder<Postgres>)) {
    query.push(
        "SELECT l.id, l.at, l.client_id, k.name AS client_name, l.actor_kind::text AS actor_kind, l.actor_id, l.service, l.request_id,
                l.action, l.subject_kind, l.subject_id, o.value AS origin, c.value AS change,
                coalesce(o.erased_by, c.erased_by) IS NOT NULL AS erased,
                EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = l.id) AS sealed
           FROM (SELECT * FROM audit_log l WHERE true",
    );
    narrow(query);
    query.push(
        ") AS l
           LEFT JOIN clients k ON k.id = l.client_id
           LEFT JOIN audit_values o ON o.audit_id = l.id AND o.part = 'origin'
           LEFT JOIN audit_values c ON c.audit_id = l.id AND c.part = 'change'
          ORDER BY l.id DESC",
    );
}

fn narrow(page: &mut QueryBuilder<Postgres>, filter: &AuditFilter) {
    match &filter.reach {
        AuditReach::All => {}
        AuditReach::Clients(ids) => {
            page.push(" AND l.client_id = ANY (").push_bind(ids.clone()).push(")");
        }
        AuditReach::ClientsAndOneself(ids) => {
            page.push(" AND (l.client_id = ANY (").push_bind(ids.clone());
            page.push(") OR l.client_id IS NULL AND l.subject_id = (SELECT app.user_id()))");
        }
    }
    if let Some(actor) = filter.actor {
        page.push(" AND l.actor_id = ").push_bind(actor);
    }
    if let Some(action) = &filter.action {
        page.push(" AND starts_with(l.action, ").push_bind(action.clone()).push(")");
    }
    if let Some(kind) = &filter.subject_kind {
        page.push(" AND l.subject_kind = ").push_bind(kind.clone());
    }
    if let Some(subject) = filter.subject_id {
        page.push(" AND l.subject_id = ").push_bind(subject);
    }
    // The time is in the id, which the indexes end with.
    if let Some(from) = filter.from {
        page.push(" AND l.id >= app.uuid_v7_floor(").push_bind(from).push(")");
    }
    if let Some(to) = filter.to {
        page.push(" AND l.id < app.uuid_v7_floor(").push_bind(to).push(")");
    }
    if let Some(text) = &filter.text {
        page.push(" AND EXISTS (SELECT FROM audit_values v WHERE v.audit_id = l.id AND v.part = 'change' AND strpos(lower(v.value), lower(");
        page.push_bind(text.clone()).push(")) > 0)");
    }
}

async fn entries(tx: &mut TenantTx, mut query: QueryBuilder<Postgres>) -> Result<Vec<AuditEntry>, sqlx::Error> {
    let rows: Vec<AuditRow> = query.build_query_as().fetch_all(&mut **tx).await?;
    let people: Vec<Uuid> =
        rows.iter().filter(|row| row.actor_kind == "person").filter_map(|row| row.actor_id).collect();
    let names: HashMap<Uuid, (String, String)> = if people.is_empty() {
        HashMap::new()
    } else {
        let people = sqlx::query!(
            r#"SELECT user_id AS "user_id!", email AS "email!", display_name AS "display_name!" FROM app.audit_people($1)"#,
            &people
        )
        .fetch_all(&mut **tx)
        .await?;
        people.into_iter().map(|person| (person.user_id, (person.email, person.display_name))).collect()
    };
    rows.into_iter().map(|row| entry(row, &names)).collect()
}

fn entry(row: AuditRow, people: &HashMap<Uuid, (String, String)>) -> Result<AuditEntry, sqlx::Error> {
    let origin: OriginValue = from_json(row.origin.as_deref())?;
    let change: ChangeValue = from_json(row.change.as_deref())?;
    let kind = match row.actor_kind.as_str() {
        "person" => AuditActorKind::Person,
        "api_key" => AuditActorKind::ApiKey,
        "service" => AuditActorKind::Service,
        _ => AuditActorKind::Database,
    };
    let (email, name) = row.actor_id.and_then(|id| people.get(&id).cloned()).unzip();
    Ok(AuditEntry {
        id: row.id,
        at: row.at,
        client_id: row.client_id.map(ClientId),
        client_name: row.client_name,
        actor: AuditActor { kind, id: row.actor_id, email: origin.email.or(email), name, login: origin.login },
        address: origin.address,
        service: row.service,
        request_id: row.request_id,
        action: row.action,
        subject_kind: row.subject_kind,
        subject_id: row.subject_id,
        before: change.before,
        after: change.after,
        secret: change.secret,
        erased: row.erased,
        sealed: row.sealed,
    })
}

fn from_json<T: Default + for<'a> Deserialize<'a>>(text: Option<&str>) -> Result<T, sqlx::Error> {
    text.map_or_else(
        || Ok(T::default()),
        |text| serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into())),
    )
}
