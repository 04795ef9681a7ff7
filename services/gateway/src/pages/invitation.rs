//! The page that an invitation's link opens.

use serde::Serialize;

use super::{
    login::Notice,
    parts::{FieldProblem, Text},
    templates::Page,
};

/// An invitation as whoever holds its link sees it.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct InvitationPage {
    /// The link's token; empty where nothing can be done with it.
    pub token: String,
    /// The page's heading.
    pub title: Text,
    /// Who invites to what as which role, or what has become of it.
    pub lead: Text,
    /// What accepting takes: `accept`, `join`, `sign_in`, `sign_out`; empty for nothing.
    pub step: Text,
    /// The address that is invited.
    pub email: String,
    /// Who is signed in; empty for nobody.
    pub signed_in_as: String,
    /// Until when it holds.
    pub until: String,
    /// Signing in, and back to here.
    pub login_href: String,
    /// Where else one can go; empty for nowhere.
    pub onward_href: Text,
    /// And what stands there.
    pub onward_label: Text,
    /// The name that was typed.
    pub name: String,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// Why the page is back.
    pub notice: Option<Notice>,
}

impl Page for InvitationPage {
    fn template(&self) -> &'static str {
        "pages/auth/invitation.html"
    }
}
