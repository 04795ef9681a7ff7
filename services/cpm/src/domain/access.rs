//! Who may do what with money: the one table of this service, in the form of strategy management's (`docs/tenancy.md` shows both).
//!
//! Seeing is row-level security's business: whoever gets as far as this sees the client. A role that is too low is
//! therefore said aloud (403). API keys and workers hold no role that sets limits.

use std::fmt;

use hg_types::Role;

/// On which client a role is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the client itself.
    Client,
    /// On what the client stands below.
    Parent,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "on the client",
            Self::Parent => "on its parent",
        })
    }
}

/// Something that needs a role on a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The client's own limit, which holds beside those from above.
    SetLimits,
    /// The limit from above, which the client's own people can't raise.
    CapLimits,
}

impl Action {
    /// All of them, as `docs/tenancy.md` lists them.
    pub const ALL: &[Self] = &[Self::SetLimits, Self::CapLimits];

    /// The least role that may do it.
    #[must_use]
    pub const fn least(self) -> Role {
        match self {
            Self::SetLimits | Self::CapLimits => Role::Admin,
        }
    }

    /// Where the role is needed.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::SetLimits => Place::Client,
            Self::CapLimits => Place::Parent,
        }
    }

    /// What it is, as in `… needs the role admin`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SetLimits => "setting a client's own limits",
            Self::CapLimits => "capping a client's limits",
        }
    }
}

/// The caller sees the client but may not do this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} needs the role {} {}", action.text(), action.least(), action.place())]
pub struct RoleTooLow {
    /// What was asked for.
    pub action: Action,
}

/// Refuses an action to somebody who holds less than it needs, or nothing, where it needs it.
///
/// # Errors
/// When the role is too low.
pub fn permit(action: Action, held: Option<Role>) -> Result<(), RoleTooLow> {
    if held >= Some(action.least()) { Ok(()) } else { Err(RoleTooLow { action }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_role_includes_the_earlier() {
        assert!(permit(Action::SetLimits, Some(Role::Owner)).is_ok());
        assert!(permit(Action::SetLimits, None).is_err());
        let refused = permit(Action::CapLimits, Some(Role::Member)).unwrap_err();
        assert_eq!(refused.to_string(), "capping a client's limits needs the role admin on its parent");
    }

    /// The rows of the table in `docs/tenancy.md`: what, from which role on, where.
    #[test]
    fn the_documentation_shows_this_very_table() {
        let document = include_str!("../../../../docs/tenancy.md");
        let start = "<!-- actions: services/cpm/src/domain/access.rs -->";
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
