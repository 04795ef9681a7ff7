//! What there is of a person: for that person, and for who decides about people. Accounts are the gateway's; functions of the
//! schema count and name them.

use hg_common::db::TenantTx;
use hg_contracts::smm::OwnedClient;
use hg_types::{ClientId, UserId};

use crate::domain::erasure::PersonContents;

/// How much there is of a person. HG404 for whoever may not decide about them.
pub(crate) async fn person_contents(tx: &mut TenantTx, person: UserId) -> Result<PersonContents, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT erased AS "erased!", profiles AS "profiles!", memberships AS "memberships!",
                  invitations AS "invitations!", provider_keys AS "provider_keys!", sessions AS "sessions!"
             FROM app.person_contents($1)"#,
        person.uuid()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(PersonContents {
        erased: row.erased,
        profiles: row.profiles.unsigned_abs(),
        memberships: row.memberships.unsigned_abs(),
        invitations: row.invitations.unsigned_abs(),
        provider_keys: row.provider_keys.unsigned_abs(),
        sessions: row.sessions.unsigned_abs(),
    })
}

/// The clients that would be left without an owner if this person went.
pub(crate) async fn person_sole_clients(tx: &mut TenantTx, person: UserId) -> Result<Vec<OwnedClient>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id!", name AS "name!", slug AS "slug!" FROM app.person_sole_clients($1)"#,
        person.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| OwnedClient { id: ClientId(row.id), name: row.name, slug: row.slug }).collect())
}
