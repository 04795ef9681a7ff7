//! `GET /clients/{slug}/people`, and the page again after something was refused or a link was made.

use std::collections::HashMap;

use axum::response::Response;
use hg_common::http::{ApiError, Path, Query};
use hg_contracts::{
    ClientError, Page,
    smm::{Invitation, InvitationState, ListInvitations, ListMembers, Member, SentInvitation},
};
use hg_types::{Role, UserId};
use http::StatusCode;
use serde::Deserialize;

use super::{FreshLink, InheritedRow, InvitationRow, InviteForm, MemberRow, PeoplePage};
use crate::{
    pages::{
        forms::Problems,
        parts::{Choice, Moment, StatusBadge, Tone},
        place::{Part, Place},
        shell::UserView,
        visit::{Visit, is_out_of_order, unless_away},
    },
    peer_error::peer_error,
};

/// Members per page.
const MEMBERS: u32 = 50;
/// Members of a client above that are looked at.
const MEMBERS_ABOVE: u32 = 100;
/// Invitations per page.
const INVITATIONS: u32 = 20;

/// What stands in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    members: String,
    invitations: String,
    notice: Option<String>,
}

/// What the page says beside what is there.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What was wrong.
    pub(super) problems: Problems,
    /// What was typed into the invitation's form.
    pub(super) typed: (String, String),
    /// The link that was just made.
    pub(super) fresh: Option<SentInvitation>,
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    render(&visit, &place, params, Said::default()).await
}

/// The page, with an answer to what was asked for.
pub(super) async fn render(visit: &Visit, place: &Place, at: Params, said: Said) -> Result<Response, ApiError> {
    let principal = visit.principal();
    let cursor = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let manages = place.may(Role::Admin);
    let members = ListMembers { cursor: cursor(&at.members), limit: Some(MEMBERS), ..ListMembers::default() };
    let (members, above, invitations) = tokio::join!(
        visit.smm().list_members(&principal, place.client.id, &members),
        above(visit, place),
        invitations(visit, place, cursor(&at.invitations)),
    );
    let (members, above, invitations) = (members.map_err(peer_error)?, above?, invitations?);
    let is_member = is_member(visit, place, &members).await?;
    let now = visit.now();
    let stronger = strongest_above(&above);
    let page = PeoplePage {
        head: place.head(visit, Part::People),
        alert: said.problems.alert,
        errors: said.problems.errors,
        more_members_href: members.pagination.next_cursor.as_deref().map(|it| href(place, "members", it)),
        first_members_href: (!at.members.is_empty()).then(|| place.href("/people")),
        leave_href: is_member.then(|| place.href("/leave")),
        members: members.data.iter().map(|member| member_row(visit, place, member, &stronger)).collect(),
        inherited: above.iter().flat_map(inherited_rows).collect(),
        cut_above: above.iter().filter(|it| it.are_more).map(|it| it.name.clone()).collect(),
        // An owner of the root sees everybody; whoever holds a role further down sees none of those above.
        hidden_above: place.ancestors.first().map_or(place.client.parent_id, |top| top.parent_id).is_some(),
        invite: manages.then(|| invite_form(place, said.typed)),
        fresh: said.fresh.map(|sent| fresh_link(visit, &sent)),
        more_invitations_href: invitations
            .as_ref()
            .and_then(|page| page.pagination.next_cursor.as_deref())
            .map(|it| href(place, "invitations", it)),
        invitations: invitations
            .iter()
            .flat_map(|page| &page.data)
            .map(|it| invitation_row(place, it, Moment::new(it.created_at, now)))
            .collect(),
    };
    let shell = place.shell(visit, Part::People, format!("People of {}", place.client.name), at.notice.as_deref());
    visit.page(said.problems.status, &shell, &page)
}

fn href(place: &Place, name: &str, cursor: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, cursor).finish();
    place.href(&format!("/people?{query}"))
}

/// The members of a client above.
struct Above {
    name: String,
    slug: String,
    members: Vec<Member>,
    /// Whether there are others.
    are_more: bool,
}

/// Whether the person is a member of this very client: as the page of members says, or asked for where it needn't be the one
/// on which they stand.
async fn is_member(visit: &Visit, place: &Place, shown: &Page<Member>) -> Result<bool, ApiError> {
    let own = |members: &[Member]| members.iter().any(|it| it.user_id == visit.user.id);
    if own(&shown.data) {
        return Ok(true);
    }
    let query = ListMembers { user_id: Some(visit.user.id), ..ListMembers::default() };
    let answer = unless_away(visit.smm().list_members(&visit.principal(), place.client.id, &query).await)?;
    Ok(answer.is_some_and(|page| own(&page.data)))
}

/// The members of the clients above, as far as the person sees those.
async fn above(visit: &Visit, place: &Place) -> Result<Vec<Above>, ApiError> {
    let (principal, query) = (visit.principal(), ListMembers { limit: Some(MEMBERS_ABOVE), ..ListMembers::default() });
    let asked = place.ancestors.iter().rev().map(|client| visit.smm().list_members(&principal, client.id, &query));
    let answers = futures::future::join_all(asked).await;
    let mut above = Vec::new();
    for (client, answer) in place.ancestors.iter().rev().zip(answers) {
        let page = match answer {
            Ok(page) => page,
            // Seen a moment ago, gone now; or strategy management stumbles: the page stands without.
            Err(ClientError::Refused { status: StatusCode::NOT_FOUND | StatusCode::FORBIDDEN, .. }) => continue,
            Err(error) if is_out_of_order(&error) => continue,
            Err(error) => return Err(peer_error(error)),
        };
        let (name, slug) = (client.name.clone(), client.slug.clone());
        above.push(Above { name, slug, members: page.data, are_more: page.pagination.has_more });
    }
    Ok(above)
}

async fn invitations(
    visit: &Visit,
    place: &Place,
    cursor: Option<String>,
) -> Result<Option<Page<Invitation>>, ApiError> {
    if !place.may(Role::Admin) {
        return Ok(None);
    }
    let query = ListInvitations { state: None, cursor, limit: Some(INVITATIONS) };
    unless_away(visit.smm().list_invitations(&visit.principal(), place.client.id, &query).await)
}

fn strongest_above(above: &[Above]) -> HashMap<UserId, (Role, &str)> {
    let mut strongest: HashMap<UserId, (Role, &str)> = HashMap::new();
    for Above { name, members, .. } in above {
        for member in members {
            let known = strongest.entry(member.user_id).or_insert((member.role, name));
            if member.role > known.0 {
                *known = (member.role, name);
            }
        }
    }
    strongest
}

fn member_row(visit: &Visit, place: &Place, member: &Member, stronger: &HashMap<UserId, (Role, &str)>) -> MemberRow {
    let person = UserView::new(&member.display_name, &member.email);
    let is_self = member.user_id == visit.user.id;
    // Nobody changes somebody above them; one's own membership one leaves.
    let manages = place.may(Role::Admin) && place.client.role >= Some(member.role);
    let stronger = stronger.get(&member.user_id).filter(|(role, _)| *role > member.role);
    let stays = match stronger {
        Some((role, name)) => format!("The role {role} through {name} stays."),
        None => "The account stays, and so does what this person has made.".to_owned(),
    };
    MemberRow {
        id: member.user_id.to_string(),
        name: person.name.clone(),
        email: person.email,
        initials: person.initials,
        is_self,
        role: member.role.as_str().into(),
        stronger: stronger.map(|(role, name)| format!("{role} through {name}")).unwrap_or_default(),
        since: Moment::new(member.created_at, visit.now()),
        role_href: manages.then(|| place.href(&format!("/people/{}/role", member.user_id))),
        removing: format!("{} loses the role {} here and everywhere below. {stays}", person.name, member.role).into(),
        remove_href: (manages && !is_self).then(|| place.href(&format!("/people/{}/remove", member.user_id))),
    }
}

fn inherited_rows(above: &Above) -> impl Iterator<Item = InheritedRow> {
    above.members.iter().map(|member| {
        let person = UserView::new(&member.display_name, &member.email);
        InheritedRow {
            name: person.name,
            email: person.email,
            initials: person.initials,
            role: member.role.as_str().into(),
            from: above.name.clone(),
            href: format!("/clients/{}/people", above.slug),
        }
    })
}

fn invite_form(place: &Place, (email, role): (String, String)) -> InviteForm {
    let role = if role.is_empty() { Role::Member.as_str().to_owned() } else { role };
    InviteForm { action: place.href("/invitations"), email, role, roles: roles_to_give(place) }
}

/// The roles that the person may give here, each with what it means.
fn roles_to_give(place: &Place) -> Vec<Choice> {
    let meaning = |role: Role| match role {
        Role::Viewer => "viewer: reads",
        Role::Member => "member: writes, edits strategies",
        Role::Admin => "admin: also manages people",
        Role::Owner => "owner: everything",
    };
    let mut roles: Vec<Role> = Role::ALL.iter().copied().filter(|role| Some(*role) <= place.client.role).collect();
    roles.sort();
    roles.into_iter().map(|role| Choice::new(role.as_str(), meaning(role))).collect()
}

fn fresh_link(visit: &Visit, sent: &SentInvitation) -> FreshLink {
    FreshLink {
        email: sent.invitation.email.clone(),
        role: sent.invitation.role.as_str().into(),
        link: visit.link(&format!("/invitations/{}", sent.token)),
        until: sent.invitation.expires_at.format("%-d %B %Y").to_string(),
    }
}

fn invitation_row(place: &Place, it: &Invitation, sent: Moment) -> InvitationRow {
    let href = |what: &str| place.href(&format!("/invitations/{}/{what}", it.id));
    let (status, again, back) = match it.state {
        InvitationState::Open => (StatusBadge::new("Open", Tone::Info, "mail"), true, true),
        InvitationState::Accepted => (StatusBadge::new("Accepted", Tone::Success, "circle-check"), false, false),
        InvitationState::Revoked => (StatusBadge::new("Taken back", Tone::Neutral, "ban"), false, false),
        InvitationState::Expired => (StatusBadge::new("Expired", Tone::Warning, "clock"), true, true),
    };
    InvitationRow {
        email: it.email.clone(),
        role: it.role.as_str().into(),
        status,
        invited_by: it.invited_by.clone().unwrap_or_default(),
        sent,
        until: match it.state {
            InvitationState::Open => it.expires_at.format("until %-d %B").to_string(),
            _ => String::new(),
        },
        resend_href: again.then(|| href("resend")),
        revoke_href: back.then(|| href("revoke")),
    }
}
