//! What goes of strategy management. Each statement names its client or its person.

use chrono::{DateTime, Utc};
use hg_common::{
    data_jobs::{PartError, Work},
    db::violates,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// Values of the audit log that one batch erases; each batch leaves an entry.
const VALUES: i32 = 5_000;

/// Strategies and SEO rules; their versions go with them.
pub(super) async fn strategies(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    loop {
        let most = work.batch_size();
        let mut batch = work.begin().await?;
        let strategies = sqlx::query!(
            "DELETE FROM strategies WHERE id IN (SELECT s.id FROM strategies s WHERE s.client_id = ANY ($1) LIMIT $2)",
            &clients,
            most
        )
        .execute(&mut *batch)
        .await?
        .rows_affected();
        let rules = sqlx::query!(
            "DELETE FROM seo_rules WHERE id IN (SELECT s.id FROM seo_rules s WHERE s.client_id = ANY ($1) LIMIT $2)",
            &clients,
            most
        )
        .execute(&mut *batch)
        .await?
        .rows_affected();
        batch.save(&"strategies", strategies + rules, None).await?;
        if strategies + rules == 0 {
            return Ok(());
        }
    }
}

/// Memberships, invitations, and what was said about retention.
pub(super) async fn people(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    loop {
        let most = work.batch_size();
        let mut batch = work.begin().await?;
        let members = sqlx::query!(
            "DELETE FROM client_users WHERE (client_id, user_id) IN (
               SELECT m.client_id, m.user_id FROM client_users m WHERE m.client_id = ANY ($1) LIMIT $2)",
            &clients,
            most
        )
        .execute(&mut *batch)
        .await?
        .rows_affected();
        let invitations = sqlx::query!(
            "DELETE FROM invitations WHERE id IN (SELECT i.id FROM invitations i WHERE i.client_id = ANY ($1) LIMIT $2)",
            &clients,
            most
        )
        .execute(&mut *batch)
        .await?
        .rows_affected();
        sqlx::query!("DELETE FROM client_retention WHERE client_id = ANY ($1)", &clients).execute(&mut *batch).await?;
        batch.save(&"people", members + invitations, None).await?;
        if members + invitations == 0 {
            return Ok(());
        }
    }
}

/// Exports in which an erased client or person is: those under way end, the files of the others go.
pub(super) async fn exports(work: &mut Work) -> Result<(), PartError> {
    let (clients, person) = (work.clients().to_vec(), work.person());
    loop {
        let mut batch = work.begin().await?;
        sqlx::query!(
            "UPDATE data_jobs
                SET status = CASE WHEN status IN ('pending', 'in_progress') THEN 'cancelled' ELSE status END,
                    finished_at = coalesce(finished_at, now()), expires_at = least(expires_at, now())
              WHERE (kind = 'client_export' AND clients && $1) OR (kind = 'person_export' AND user_id = $2)",
            &clients,
            person
        )
        .execute(&mut *batch)
        .await?;
        // A chunk is up to 256 KiB.
        let gone = sqlx::query!(
            "DELETE FROM data_export_chunks WHERE (job_id, path, seq) IN (
               SELECT x.job_id, x.path, x.seq FROM data_export_chunks x JOIN data_jobs j ON j.id = x.job_id
                WHERE (j.kind = 'client_export' AND j.clients && $1) OR (j.kind = 'person_export' AND j.user_id = $2)
                LIMIT 1000)",
            &clients,
            person
        )
        .execute(&mut *batch)
        .await?
        .rows_affected();
        batch.save(&"exports", gone, None).await?;
        if gone == 0 {
            return Ok(());
        }
    }
}

/// The clients' rows: no name, no slug, no facts.
pub(super) async fn close(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    let mut batch = work.begin().await?;
    let emptied =
        sqlx::query_scalar!(r#"SELECT app.clients_empty($1) AS "emptied!""#, &clients).fetch_one(&mut *batch).await?;
    let total = i64::try_from(clients.len()).ok();
    batch.save(&"close", emptied.unsigned_abs().into(), total).await
}

/// What the audit log holds of the clients, and of those that were deleted below them earlier: last of all, for it has
/// recorded everything before.
pub(super) async fn clients_audit(work: &mut Work) -> Result<(), PartError> {
    let details = json!({"data_job": work.job()});
    let mut place: usize = work.place();
    let mut clients = work.clients().to_vec();
    let mut batch = work.begin().await?;
    let former =
        sqlx::query_scalar!(r#"SELECT app.audit_former_clients($1) AS "id!""#, &clients).fetch_all(&mut *batch).await?;
    drop(batch);
    clients.extend(former);
    while let Some(client) = clients.get(place).copied() {
        let mut batch = work.begin().await?;
        let gone =
            sqlx::query_scalar!(r#"SELECT app.audit_erase_client($1, $2, $3) AS "gone!""#, client, details, VALUES)
                .fetch_one(&mut *batch)
                .await?;
        if gone == 0 {
            place += 1;
        }
        batch.save(&place, gone.unsigned_abs().into(), None).await?;
    }
    Ok(())
}

/// Where the search for a person's address in the audit log goes on.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Searched {
    after: Uuid,
    to_the_end: bool,
}

/// Invitations to a person's address, while it is known, and what the audit log holds of them: so many entries about
/// invitations at a time, whoever's they are, for the address may stand in any.
pub(super) async fn invitations(work: &mut Work) -> Result<(), PartError> {
    let person = work.person().unwrap_or_else(Uuid::nil);
    let details = json!({"data_job": work.job()});
    let mut searched: Searched = work.place();
    loop {
        let most = i32::try_from(work.batch_size()).unwrap_or(i32::MAX);
        let mut batch = work.begin().await?;
        let gone = sqlx::query_scalar!(r#"SELECT app.person_invitations_delete($1, $2) AS "gone!""#, person, most)
            .fetch_one(&mut *batch)
            .await?;
        batch.save(&searched, gone.unsigned_abs().into(), None).await?;
        if gone == 0 {
            break;
        }
    }
    while !searched.to_the_end {
        let mut batch = work.begin().await?;
        let found = sqlx::query!(
            r#"SELECT gone AS "gone!", up_to FROM app.audit_erase_invited($1, $2, $3, $4)"#,
            person,
            searched.after,
            VALUES,
            details
        )
        .fetch_one(&mut *batch)
        .await?;
        searched = match found.up_to {
            Some(after) => Searched { after, ..searched },
            None => Searched { to_the_end: true, ..searched },
        };
        batch.save(&searched, found.gone.unsigned_abs().into(), None).await?;
    }
    Ok(())
}

/// A person's roles.
pub(super) async fn memberships(work: &mut Work) -> Result<(), PartError> {
    let person = work.person().unwrap_or_else(Uuid::nil);
    let mut batch = work.begin().await?;
    let gone =
        sqlx::query!("DELETE FROM client_users WHERE user_id = $1", person).execute(&mut *batch).await?.rows_affected();
    match batch.save(&"memberships", gone, None).await {
        // Checked at the end of the transaction: the others have gone since it was looked.
        Err(PartError::Database(error)) if violates(&error, "client_users_last_owner") => Err(PartError::Refused(
            "the person has become a client's last owner: name another, and ask for the erasure again".to_owned(),
        )),
        saved => saved,
    }
}

/// What the audit log holds of a person.
pub(super) async fn persons_audit(work: &mut Work) -> Result<(), PartError> {
    let person = work.person().unwrap_or_else(Uuid::nil);
    let details = json!({"data_job": work.job()});
    loop {
        let mut batch = work.begin().await?;
        // The address went with the invitations to it, and is in no value any more.
        let gone =
            sqlx::query_scalar!(r#"SELECT app.audit_erase_person($1, '', $2, $3) AS "gone!""#, person, details, VALUES)
                .fetch_one(&mut *batch)
                .await?;
        batch.save(&"audit", gone.unsigned_abs().into(), None).await?;
        if gone == 0 {
            return Ok(());
        }
    }
}

/// Retention: values of entries from before the limit. With the root goes what belongs to no client, or to one that is gone.
pub(super) async fn old_audit(work: &mut Work) -> Result<(), PartError> {
    let Some(before) = work.parameter::<DateTime<Utc>>("logs_before") else { return Ok(()) };
    let subjects = work.clients().to_vec();
    let mut clients: Vec<Option<Uuid>> = subjects.iter().copied().map(Some).collect();
    let mut batch = work.begin().await?;
    let is_root = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM clients c WHERE c.id = ANY ($1) AND c.type = 'root') AS "is_root!""#,
        &subjects
    )
    .fetch_one(&mut *batch)
    .await?;
    if is_root {
        let gone = sqlx::query_scalar!(r#"SELECT app.audit_gone_clients() AS "id!""#).fetch_all(&mut *batch).await?;
        clients.extend(gone.into_iter().map(Some).chain([None]));
    }
    drop(batch);
    for client in clients {
        while values_before(work, client, before).await? > 0 {}
    }
    Ok(())
}

/// Erases a batch of values from before a time: a client's, or nobody's; how many.
async fn values_before(work: &mut Work, client: Option<Uuid>, before: DateTime<Utc>) -> Result<i32, PartError> {
    let details = json!({"data_job": work.job()});
    let mut batch = work.begin().await?;
    let gone = match client {
        Some(client) => {
            sqlx::query_scalar!(
                r#"SELECT app.audit_erase_older($1, $2, $3, $4) AS "gone!""#,
                client,
                before,
                details,
                VALUES
            )
            .fetch_one(&mut *batch)
            .await?
        }
        None => {
            sqlx::query_scalar!(
                r#"SELECT app.audit_erase_older_of_none($1, $2, $3) AS "gone!""#,
                before,
                details,
                VALUES
            )
            .fetch_one(&mut *batch)
            .await?
        }
    };
    batch.save(&"audit", gone.unsigned_abs().into(), None).await?;
    Ok(gone)
}
