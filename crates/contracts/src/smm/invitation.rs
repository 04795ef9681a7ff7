//! Invitations: a one-use link by which somebody becomes a member.

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, InvitationId, Role};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SmmClient;
use crate::{Page, client::ClientError};

/// What has become of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can be accepted.
    Open,
    /// Somebody became a member by it.
    Accepted,
    /// It was taken back.
    Revoked,
    /// Nobody accepted it in time.
    Expired,
}

/// An invitation to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To which client.
    pub client_id: ClientId,
    /// Who is invited.
    pub email: String,
    /// The role that accepting gives.
    pub role: Role,
    /// What has become of it.
    pub state: InvitationState,
    /// Name of the person who invited, where the account is still there.
    pub invited_by: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted, if it was.
    pub accepted_at: Option<DateTime<Utc>>,
}

/// An invitation with the secret of its link, which is shown this once and stored nowhere.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SentInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// 256 bit in base64url: what the link carries.
    pub token: String,
}

impl std::fmt::Debug for SentInvitation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SentInvitation").field("invitation", &self.invitation).finish_non_exhaustive()
    }
}

/// Invites somebody to a client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Whom; an account isn't needed.
    pub email: String,
    /// The role to give; at most the caller's own.
    pub role: Role,
}

/// Which invitations of a client to list, the latest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListInvitations {
    /// Only those in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub state: Option<InvitationState>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The secret of an invitation's link. Sent in a body, never in an address: those are logged.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    /// What the link carries.
    pub token: String,
}

impl std::fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvitationToken").finish_non_exhaustive()
    }
}

/// What somebody is told who holds an invitation's link, before accepting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationPreview {
    /// Name of the client.
    pub client_name: String,
    /// Whom it invites.
    pub email: String,
    /// The role that accepting gives.
    pub role: Role,
    /// Name of the person who invited, where the account is still there.
    pub invited_by: Option<String>,
    /// What has become of it.
    pub state: InvitationState,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
    /// Whether the address has an account: whoever it belongs to signs in and accepts; nobody else makes one.
    pub has_account: bool,
}

/// What accepting an invitation has given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AcceptedInvitation {
    /// On which client.
    pub client_id: ClientId,
    /// The role held now: the invitation's, or a stronger one that was there.
    pub role: Role,
}

impl SmmClient {
    /// Invites somebody; the answer carries the secret of the link.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for somebody who is invited or a member already.
    pub async fn invite(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        invite: &Invite,
    ) -> Result<SentInvitation, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/clients/{id}/invitations"), invite).await
    }

    /// A page of a client's invitations, the latest first.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn list_invitations(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        query: &ListInvitations,
    ) -> Result<Page<Invitation>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{id}/invitations"), query).await
    }

    /// Makes a new link for an invitation and ends the old one; seven days begin anew.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for one that was accepted or taken back.
    pub async fn resend_invitation(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        invitation: InvitationId,
    ) -> Result<SentInvitation, ClientError> {
        self.0.post(on_behalf, &format!("/clients/{id}/invitations/{invitation}/resend")).await
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for one that was accepted.
    pub async fn revoke_invitation(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        invitation: InvitationId,
    ) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}/invitations/{invitation}")).await
    }

    /// What an invitation's link offers; spends nothing.
    ///
    /// # Errors
    /// When SMM is away; 404 for a link that stands for nothing.
    pub async fn invitation_preview(
        &self,
        on_behalf: &Principal,
        token: &InvitationToken,
    ) -> Result<InvitationPreview, ClientError> {
        self.0.send(on_behalf, Method::POST, "/invitations/preview", token).await
    }

    /// Accepts an invitation as the signed-in person, whose address it must name.
    ///
    /// # Errors
    /// When SMM is away or refuses: 404, 403 for another person's, 409 for one that is used, revoked or expired.
    pub async fn accept_invitation(
        &self,
        on_behalf: &Principal,
        token: &InvitationToken,
    ) -> Result<AcceptedInvitation, ClientError> {
        self.0.send(on_behalf, Method::POST, "/invitations/accept", token).await
    }
}
