//! Invitations as whoever holds a link meets them, before anybody is known. The table is strategy management's: only the
//! two functions for the gateway are used.

use chrono::{DateTime, Utc};
use hg_common::db::AnonymousTx;
use hg_types::{Role, UserId};

/// What a link offers.
#[derive(Clone, Debug)]
pub(crate) struct OfferedInvitation {
    pub(crate) client_name: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) invited_by: Option<String>,
    /// `open`, `accepted`, `revoked`, `expired`.
    pub(crate) state: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) has_account: bool,
}

/// The invitation of this exact link.
pub(crate) async fn invitation_lookup(
    tx: &mut AnonymousTx,
    token_hash: &[u8],
) -> Result<Option<OfferedInvitation>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT client_name AS "client_name!", email AS "email!", role::text AS "role!", invited_by,
                  state AS "state!", expires_at AS "expires_at!", has_account AS "has_account!"
             FROM auth.invitation_lookup($1)"#,
        token_hash
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        let role = row.role.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(OfferedInvitation {
            client_name: row.client_name,
            email: row.email,
            role,
            invited_by: row.invited_by,
            state: row.state,
            expires_at: row.expires_at,
            has_account: row.has_account,
        })
    })
    .transpose()
}

/// Spends the link, once: makes account, profile and membership, or nothing.
pub(crate) async fn invitation_accept_new(
    tx: &mut AnonymousTx,
    token_hash: &[u8],
    password_hash: &str,
    display_name: &str,
) -> Result<UserId, sqlx::Error> {
    let user = sqlx::query_scalar!(
        r#"SELECT auth.invitation_accept_new($1, $2, $3) AS "user!""#,
        token_hash,
        password_hash,
        display_name
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(UserId(user))
}
