//! A client's people: members with their roles and where those come from, and invitations.

pub(crate) mod invite;
pub(crate) mod members;
pub(crate) mod show;

use serde::Serialize;

use super::{
    parts::{Choice, FieldProblem, Moment, StatusBadge, Text},
    place::ClientHead,
    templates::Page,
};

/// The page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct PeoplePage {
    /// The head.
    pub head: ClientHead,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// What is wrong with single fields of the invitation's form.
    pub errors: Vec<FieldProblem>,
    /// The members of this very client, the strongest first.
    pub members: Vec<MemberRow>,
    /// Members after these.
    pub more_members_href: Option<String>,
    /// The first page of members, from a later one.
    pub first_members_href: Option<String>,
    /// Who has a role here through a client above.
    pub inherited: Vec<InheritedRow>,
    /// The clients above that have more members than are listed.
    pub cut_above: Vec<String>,
    /// Whether there is somebody above whom this person doesn't see.
    pub hidden_above: bool,
    /// Ends the person's own membership; none where there is none here.
    pub leave_href: Option<String>,
    /// Inviting; none for who may not.
    pub invite: Option<InviteForm>,
    /// The link of the invitation that was just made.
    pub fresh: Option<FreshLink>,
    /// The invitations, the latest first; empty for who may not see them.
    pub invitations: Vec<InvitationRow>,
    /// Invitations after these.
    pub more_invitations_href: Option<String>,
}

impl Page for PeoplePage {
    fn template(&self) -> &'static str {
        "pages/people/show.html"
    }
}

/// A member of this very client.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct MemberRow {
    /// The person's id, which tells fields apart.
    pub id: String,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Two letters.
    pub initials: String,
    /// Whether that is who looks.
    pub is_self: bool,
    /// The role here.
    pub role: Text,
    /// A stronger role from above: `admin through Heaviside Digital`.
    pub stronger: String,
    /// Since when.
    pub since: Moment,
    /// Changes the role; none for who may not.
    pub role_href: Option<String>,
    /// What ending the membership takes away, and what stays.
    pub removing: Text,
    /// Ends the membership; none for who may not.
    pub remove_href: Option<String>,
}

/// Somebody whose role comes from above.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct InheritedRow {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// Two letters.
    pub initials: String,
    /// The role.
    pub role: Text,
    /// The client that it is held on.
    pub from: String,
    /// That client's people.
    pub href: String,
}

/// The form of an invitation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct InviteForm {
    /// Where it is sent.
    pub action: String,
    /// The address.
    pub email: String,
    /// The role.
    pub role: String,
    /// The roles that the person may give, the weakest first.
    pub roles: Vec<Choice>,
}

/// A link, shown this once.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FreshLink {
    /// Whom it is for.
    pub email: String,
    /// The role that it gives.
    pub role: Text,
    /// The link.
    pub link: String,
    /// Until when it holds: `28 November 2026`.
    pub until: String,
}

/// An invitation.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct InvitationRow {
    /// Whom it is for.
    pub email: String,
    /// The role that it gives.
    pub role: Text,
    /// What has become of it.
    pub status: StatusBadge,
    /// By whom.
    pub invited_by: String,
    /// When it was made.
    pub sent: Moment,
    /// Until when it holds: `until 28 November`; empty for what has ended.
    pub until: String,
    /// Makes a new link; none for what has ended for good.
    pub resend_href: Option<String>,
    /// Takes it back; none for what has ended.
    pub revoke_href: Option<String>,
}
