//! Memberships: who belongs to a client, and as what.

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, Role, UserId};
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SmmClient;
use crate::{Page, client::ClientError};

/// A person's membership of a client.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// The person.
    pub user_id: UserId,
    /// The person's address.
    pub email: String,
    /// The person's name.
    pub display_name: String,
    /// The role, which also holds for everything below the client.
    pub role: Role,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// Which page of members to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListMembers {
    /// Only this person's membership: one entry or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Makes somebody a member, or changes the role.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutMember {
    /// The address of an existing account.
    pub email: String,
    /// The role to give; at most the caller's own.
    pub role: Role,
}

/// Another role for a member.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeMember {
    /// The role to give; at most the caller's own.
    pub role: Role,
}

impl SmmClient {
    /// The members of a client, the strongest first: the first page.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn members(&self, on_behalf: &Principal, id: ClientId) -> Result<Page<Member>, ClientError> {
        self.list_members(on_behalf, id, &ListMembers::default()).await
    }

    /// A page of the members of a client, the strongest first.
    ///
    /// # Errors
    /// When SMM is away, or the caller can't see such a client.
    pub async fn list_members(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        query: &ListMembers,
    ) -> Result<Page<Member>, ClientError> {
        self.0.get_query(on_behalf, &format!("/clients/{id}/members"), query).await
    }

    /// Makes somebody with an account a member, or changes the role.
    ///
    /// # Errors
    /// When SMM is away or refuses.
    pub async fn put_member(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        member: &PutMember,
    ) -> Result<Member, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/clients/{id}/members"), member).await
    }

    /// Changes the role of a member.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for the last owner.
    pub async fn change_member(
        &self,
        on_behalf: &Principal,
        id: ClientId,
        user: UserId,
        change: &ChangeMember,
    ) -> Result<Member, ClientError> {
        self.0.send(on_behalf, Method::PUT, &format!("/clients/{id}/members/{user}"), change).await
    }

    /// Ends a membership.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for the last owner.
    pub async fn remove_member(&self, on_behalf: &Principal, id: ClientId, user: UserId) -> Result<(), ClientError> {
        self.0.delete(on_behalf, &format!("/clients/{id}/members/{user}")).await
    }

    /// Ends the caller's own membership.
    ///
    /// # Errors
    /// When SMM is away or refuses; 409 for the last owner.
    pub async fn leave_client(&self, on_behalf: &Principal, id: ClientId) -> Result<(), ClientError> {
        self.0.post_empty(on_behalf, &format!("/clients/{id}/leave")).await
    }
}
