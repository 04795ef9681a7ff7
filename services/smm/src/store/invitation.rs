//! Invitations: those of a client for its administrators, and what their links can do.

use chrono::{DateTime, Utc};
use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::{AcceptedInvitation, Invitation, InvitationPreview, InvitationState};
use hg_types::{ClientId, InvitationId, Role, UserId};
use uuid::Uuid;

use crate::domain::invitation::{Link, state_name, state_named};

struct InvitationRow {
    id: Uuid,
    client_id: Uuid,
    email: String,
    role: String,
    state: String,
    invited_by: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
}

impl InvitationRow {
    fn into_invitation(self) -> Result<Invitation, sqlx::Error> {
        Ok(Invitation {
            id: self.id.into(),
            client_id: self.client_id.into(),
            email: self.email,
            role: parsed(&self.role)?,
            state: state_of(&self.state)?,
            invited_by: self.invited_by,
            created_at: self.created_at,
            expires_at: self.expires_at,
            accepted_at: self.accepted_at,
        })
    }
}

fn state_of(name: &str) -> Result<InvitationState, sqlx::Error> {
    state_named(name).ok_or_else(|| sqlx::Error::Decode(format!("no invitation is {name}").into()))
}

/// Which invitations of a client.
#[derive(Debug, Default)]
pub(crate) struct InvitationFilter<'a> {
    /// Only this one.
    pub(crate) id: Option<InvitationId>,
    /// Only those to this address.
    pub(crate) email: Option<&'a str>,
    /// Only those in this state.
    pub(crate) state: Option<InvitationState>,
    /// The last one of the page before.
    pub(crate) before: Option<Uuid>,
}

/// Invitations of a client, the latest first.
pub(crate) async fn invitation_list(
    tx: &mut TenantTx,
    client: ClientId,
    filter: &InvitationFilter<'_>,
    limit: i64,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let rows = sqlx::query_as!(
        InvitationRow,
        r#"SELECT i.id AS "id!", i.client_id AS "client_id!", i.email AS "email!", i.role AS "role!",
                  i.state AS "state!", inviter.display_name AS "invited_by?", i.created_at AS "created_at!",
                  i.expires_at AS "expires_at!", i.accepted_at
             FROM (
               SELECT made.id, made.client_id, made.email, made.role::text AS role, made.invited_by, made.created_at,
                      made.expires_at, made.accepted_at, judged.state
                 FROM invitations made JOIN app.invitation_states($1) AS judged ON judged.id = made.id
                WHERE made.client_id = $1
             ) AS i
             LEFT JOIN app.invitation_inviters($1) AS inviter ON inviter.user_id = i.invited_by
            WHERE ($2::uuid IS NULL OR i.id = $2) AND ($3::text IS NULL OR i.email = $3)
              AND ($4::text IS NULL OR i.state = $4) AND ($5::uuid IS NULL OR i.id < $5)
            ORDER BY i.id DESC
            LIMIT $6"#,
        client.uuid(),
        filter.id.map(InvitationId::uuid),
        filter.email,
        filter.state.map(state_name),
        filter.before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(InvitationRow::into_invitation).collect()
}

/// One invitation of a client.
pub(crate) async fn invitation_fetch(
    tx: &mut TenantTx,
    client: ClientId,
    id: InvitationId,
) -> Result<Option<Invitation>, sqlx::Error> {
    let filter = InvitationFilter { id: Some(id), ..InvitationFilter::default() };
    Ok(invitation_list(tx, client, &filter, 1).await?.pop())
}

/// Makes an invitation in the caller's name. One to the same address that can't be accepted any more makes room.
pub(crate) async fn invitation_create(
    tx: &mut TenantTx,
    client: ClientId,
    email: &str,
    role: Role,
    by: UserId,
    link: &Link,
) -> Result<InvitationId, sqlx::Error> {
    sqlx::query_scalar!("SELECT app.invitation_make_room($1, $2)", client.uuid(), email).fetch_one(&mut **tx).await?;
    let id = sqlx::query_scalar!(
        "INSERT INTO invitations (client_id, email, role, invited_by, token_hash)
         VALUES ($1, $2, $3::text::member_role, $4, $5) RETURNING id",
        client.uuid(),
        email,
        role.as_str(),
        by.uuid(),
        link.hash(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(id.into())
}

/// Gives an invitation that is still to be accepted another link, in the caller's name; says whether there is one.
pub(crate) async fn invitation_renew(
    tx: &mut TenantTx,
    client: ClientId,
    id: InvitationId,
    by: UserId,
    link: &Link,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE invitations SET token_hash = $3, invited_by = $4, sent_at = now(), expires_at = now() + interval '7 days'
          WHERE client_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL",
        client.uuid(),
        id.uuid(),
        link.hash(),
        by.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes an invitation back that is still to be accepted; says whether there is one.
pub(crate) async fn invitation_revoke(
    tx: &mut TenantTx,
    client: ClientId,
    id: InvitationId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE invitations SET revoked_at = now()
          WHERE client_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL",
        client.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a link offers to whoever holds it.
pub(crate) async fn invitation_preview(
    tx: &mut TenantTx,
    link: &Link,
) -> Result<Option<InvitationPreview>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT client_name AS "client_name!", email AS "email!", role::text AS "role!", invited_by,
                  state AS "state!", expires_at AS "expires_at!", has_account AS "has_account!"
             FROM auth.invitation_lookup($1)"#,
        link.hash(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(InvitationPreview {
            client_name: row.client_name,
            email: row.email,
            role: parsed(&row.role)?,
            invited_by: row.invited_by,
            state: state_of(&row.state)?,
            expires_at: row.expires_at,
            has_account: row.has_account,
        })
    })
    .transpose()
}

/// Spends a link as the signed-in person. The function raises `HG404`, `HG403` or `HG409` with the state.
pub(crate) async fn invitation_accept(tx: &mut TenantTx, link: &Link) -> Result<AcceptedInvitation, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT client_id AS "client_id!", role::text AS "role!" FROM app.invitation_accept($1)"#,
        link.hash(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(AcceptedInvitation { client_id: row.client_id.into(), role: parsed(&row.role)? })
}
