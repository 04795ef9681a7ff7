//! Who may do what: the one table, from an action to the least role that may take it and where that role is needed.
//!
//! Every handler asks [`permit`]; `docs/tenancy.md` shows the same table, and a test compares the two. Seeing is
//! row-level security's business: whoever gets as far as this sees the client. A role that is too low is therefore
//! said aloud (403), and never used to hide that something exists. A role is inherited from everything above a client.

use std::fmt;

use hg_types::Role;

/// On which client a role is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the client itself.
    Client,
    /// On what the client stands below: whoever was put in charge of a client can't take it away from its agency.
    Parent,
    /// On what the client stands below, and on what it shall stand below.
    BothParents,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "on the client",
            Self::Parent => "on its parent",
            Self::BothParents => "on its parent and on the new one",
        })
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $least:ident, $place:ident, $text:literal;)*) => {
        /// Something that needs a role on a client.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All of them, as `docs/tenancy.md` lists them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The least role that may do it.
            #[must_use]
            pub const fn least(self) -> Role {
                match self { $(Self::$name => Role::$least,)* }
            }

            /// Where the role is needed.
            #[must_use]
            pub const fn place(self) -> Place {
                match self { $(Self::$name => Place::$place,)* }
            }

            /// What it is, as in `… needs the role admin`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

actions! {
    /// Client, hierarchy, tree, lists.
    SeeClient: Viewer, Client, "seeing a client";
    /// Names, addresses and roles of the members.
    SeeMembers: Viewer, Client, "seeing members";
    /// One's own membership only.
    Leave: Viewer, Client, "leaving a client";
    /// Its own, inherited and effective ones, versions and explanations.
    SeeStrategies: Viewer, Client, "seeing strategies and SEO rules";
    /// Jobs, success, quality and cost per version.
    SeeAnalytics: Viewer, Client, "seeing analytics";
    /// A new version, or the first.
    SaveStrategy: Member, Client, "saving a strategy";
    /// From then on everything is inherited.
    DeleteStrategy: Member, Client, "deleting a strategy";
    /// A new version, or the first.
    SaveSeoRules: Member, Client, "saving SEO rules";
    /// From then on everything is inherited.
    DeleteSeoRules: Member, Client, "deleting SEO rules";
    /// Name, slug, facts.
    ChangeClient: Admin, Client, "changing a client";
    /// The role is needed on what the new one shall stand below.
    CreateClient: Admin, Parent, "making a client";
    /// With everything below it.
    MoveClient: Admin, BothParents, "moving a client";
    /// With everything below it; no new jobs.
    ArchiveClient: Admin, Parent, "archiving a client";
    /// With what was archived along with it.
    RestoreClient: Admin, Parent, "restoring a client";
    /// And seeing what would go.
    DeleteClient: Admin, Parent, "deleting a client";
    /// Give, change and end roles up to one's own.
    ChangeMembers: Admin, Client, "changing memberships";
    /// Up to one's own role; see, send again, take back.
    Invite: Admin, Client, "inviting people";
    /// All of it, as a file; and seeing what becomes of exports, erasures and retention.
    ExportClient: Admin, Client, "exporting a client";
    /// How long jobs and logs are kept.
    ChangeRetention: Owner, Client, "changing retention";
    /// Texts, people and keys go; what was paid for stays.
    EraseClient: Owner, Parent, "erasing a client";
    /// Of the client and of everything below it.
    SeeAudit: Admin, Client, "seeing the audit log";
}

/// The caller sees the client but may not do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} needs the role {needed} {place}")]
pub struct RoleTooLow {
    /// What was asked for: `changing a client`.
    pub action: &'static str,
    /// The least role that may do it.
    pub needed: Role,
    /// Where the role is needed: `on the client`, `on its parent`.
    pub place: Place,
}

/// Refuses an action to somebody who holds less than it needs, or nothing, where it needs it.
///
/// # Errors
/// When the role is too low.
pub fn permit(action: Action, held: Option<Role>) -> Result<(), RoleTooLow> {
    if held >= Some(action.least()) {
        return Ok(());
    }
    Err(RoleTooLow { action: action.text(), needed: action.least(), place: action.place() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_role_includes_the_earlier() {
        assert!(permit(Action::ChangeClient, Some(Role::Owner)).is_ok());
        assert!(permit(Action::ChangeClient, Some(Role::Admin)).is_ok());
        assert!(permit(Action::SeeClient, None).is_err());
        let refused = permit(Action::SaveStrategy, Some(Role::Viewer)).unwrap_err();
        assert_eq!(refused.to_string(), "saving a strategy needs the role member on the client");
    }

    /// The rows of the table in `docs/tenancy.md`: what, from which role on, where.
    #[test]
    fn the_documentation_shows_this_very_table() {
        let document = include_str!("../../../../docs/tenancy.md");
        let start = "<!-- actions: services/smm/src/domain/access.rs -->";
        let table = document.split_once(start).and_then(|(_, rest)| rest.split_once("<!-- /actions -->")).unwrap().0;
        let documented: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
        let coded: Vec<String> = Action::ALL
            .iter()
            .map(|action| {
                let marks = Role::ALL.iter().map(|role| if *role >= action.least() { " ✓ |" } else { " |" });
                format!("| {} | {} |{}", action.text(), action.place(), marks.collect::<String>())
            })
            .collect();
        assert_eq!(documented, coded);
    }
}
