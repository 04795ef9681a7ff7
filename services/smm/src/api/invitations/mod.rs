//! Invitations: make, list, send again, take back; look at and accept one by its link.
//!
//! The secret of a link is answered once, to whoever invites; the gateway makes the link and sends it. It comes back in a
//! body, never in an address.

pub(crate) mod accept;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod preview;
pub(crate) mod resend;
pub(crate) mod revoke;

use hg_common::{db::TenantTx, http::ApiError};
use hg_contracts::smm::{Invitation, InvitationState};
use hg_types::{ClientId, InvitationId, Role};

use crate::{
    domain::{
        invitation::ended,
        membership::{Change, check},
    },
    store::invitation::invitation_fetch,
};

/// What an invitation has ended as, said to whoever wants something of it.
///
/// # Errors
/// 409 unless it is open.
fn open(state: InvitationState) -> Result<(), ApiError> {
    ended(state).map_or(Ok(()), |(code, message)| Err(ApiError::conflict(code, message)))
}

/// An invitation of a client that somebody with the role `held` may change, as long as it hasn't ended: the database knows. One
/// that only counts as taken back, because its inviter could not give the role any more, may be sent again.
///
/// # Errors
/// 404; 403 for one to a role above the caller's.
async fn changeable(
    tx: &mut TenantTx,
    client: ClientId,
    id: InvitationId,
    held: Option<Role>,
) -> Result<Invitation, ApiError> {
    let invitation = invitation_fetch(tx, client, id).await?.ok_or_else(|| ApiError::not_found("invitation"))?;
    check(Change { held: held.unwrap_or(Role::Viewer), before: None, after: Some(invitation.role), owners: 0 })?;
    Ok(invitation)
}

/// Why an invitation couldn't be changed: 409 for one that was accepted or taken back.
fn unchanged(invitation: &Invitation) -> ApiError {
    open(invitation.state).err().unwrap_or_else(|| ApiError::not_found("invitation"))
}
