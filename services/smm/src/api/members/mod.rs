//! Members of a client: who they are, who joins, who leaves.

pub(crate) mod change;
pub(crate) mod delete;
pub(crate) mod leave;
pub(crate) mod list;
pub(crate) mod put;

use hg_common::{db::TenantTx, http::ApiError};
use hg_contracts::smm::Member;
use hg_types::{Role, UserId};

use super::database;
use crate::{
    domain::membership::{Change, check},
    store::{
        client::SeenClient,
        member::{member_list, member_put, member_roles_lock},
    },
};

/// The role of one member among all, and how many are owners.
fn standing(roles: &[(UserId, Role)], user: UserId) -> (Option<Role>, usize) {
    let before = roles.iter().find(|(id, _)| *id == user).map(|(_, role)| *role);
    (before, roles.iter().filter(|(_, role)| *role == Role::Owner).count())
}

/// Whom a role is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// Anybody with an account.
    Anybody,
    /// Somebody who is a member already.
    Members,
}

/// Gives a role on a client, as far as the caller may, and returns the membership.
async fn give_role(
    tx: &mut TenantTx,
    seen: &SeenClient,
    user: UserId,
    role: Role,
    whom: Whom,
) -> Result<Member, ApiError> {
    let roles = member_roles_lock(tx, seen.client.id).await?;
    let (before, owners) = standing(&roles, user);
    if whom == Whom::Members && before.is_none() {
        return Err(ApiError::not_found("member"));
    }
    check(Change { held: seen.held.unwrap_or(Role::Viewer), before, after: Some(role), owners })?;
    member_put(tx, seen.client.id, user, role).await.map_err(database)?;
    let members = member_list(tx, seen.client.id).await?;
    members.into_iter().find(|member| member.user_id == user).ok_or_else(|| ApiError::not_found("member"))
}
