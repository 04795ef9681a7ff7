//! Who may give which role to whom, and what an e-mail address is.

use hg_common::http::ApiError;
use hg_types::Role;

/// The address as accounts have it: trimmed, in lower case. Whether somebody reads it, only a message shows.
///
/// # Errors
/// 422 naming the field `email`.
pub fn check_email(text: &str) -> Result<String, ApiError> {
    let email = text.trim().to_lowercase();
    let parts = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.') && !host.ends_with('.')
    });
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'));
    if email.len() > 254 || !parts || !plain {
        return Err(ApiError::field("email", "must be an e-mail address"));
    }
    Ok(email)
}

/// A membership can't become what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MembershipRefused {
    /// Nobody gives more than they have.
    #[error("you can give at most your own role ({0})")]
    AboveOwnRole(Role),
    /// Nobody takes from somebody above them.
    #[error("only somebody with the role {0} can change this membership")]
    MemberIsAbove(Role),
    /// A client that has an owner keeps one.
    #[error("this is the client's last owner: make somebody else owner first")]
    LastOwner,
}

/// What is known when a membership is about to change.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    /// The caller's role on the client.
    pub held: Role,
    /// The member's role now; none for a new member.
    pub before: Option<Role>,
    /// The role afterwards; none when the membership ends.
    pub after: Option<Role>,
    /// How many members of this very client are owners now.
    pub owners: usize,
}

/// Whether the change may happen.
///
/// # Errors
/// When the caller would give or take more than they have, or the last owner would be gone.
pub fn check(change: Change) -> Result<(), MembershipRefused> {
    if let Some(after) = change.after
        && after > change.held
    {
        return Err(MembershipRefused::AboveOwnRole(change.held));
    }
    if let Some(before) = change.before
        && before > change.held
    {
        return Err(MembershipRefused::MemberIsAbove(before));
    }
    if change.before == Some(Role::Owner) && change.after != Some(Role::Owner) && change.owners <= 1 {
        return Err(MembershipRefused::LastOwner);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(held: Role, before: Option<Role>, after: Option<Role>, owners: usize) -> Result<(), MembershipRefused> {
        check(Change { held, before, after, owners })
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        assert_eq!(change(Role::Admin, None, Some(Role::Admin), 1), Ok(()));
        assert_eq!(change(Role::Admin, None, Some(Role::Owner), 1), Err(MembershipRefused::AboveOwnRole(Role::Admin)));
        assert_eq!(
            change(Role::Admin, Some(Role::Owner), Some(Role::Viewer), 2),
            Err(MembershipRefused::MemberIsAbove(Role::Owner))
        );
        assert_eq!(change(Role::Admin, Some(Role::Owner), None, 2), Err(MembershipRefused::MemberIsAbove(Role::Owner)));
    }

    #[test]
    fn addresses() {
        assert_eq!(check_email(" Jane@Example.com ").unwrap(), "jane@example.com");
        for bad in [
            "",
            "jane",
            "@",
            "jane@",
            "@example.com",
            "a@b@c",
            "a b@c",
            "a@b,c@d",
            "Jane <a@b>",
            "a\0@b",
            "a@.b",
            "a@b.",
        ] {
            assert!(check_email(bad).is_err(), "{bad}");
        }
        assert!(check_email(&format!("{}@example.com", "x".repeat(254))).is_err());
    }

    #[test]
    fn the_last_owner_stays() {
        assert_eq!(change(Role::Owner, Some(Role::Owner), None, 1), Err(MembershipRefused::LastOwner));
        assert_eq!(change(Role::Owner, Some(Role::Owner), Some(Role::Admin), 1), Err(MembershipRefused::LastOwner));
        assert_eq!(change(Role::Owner, Some(Role::Owner), Some(Role::Owner), 1), Ok(()));
        assert_eq!(change(Role::Owner, Some(Role::Owner), None, 2), Ok(()));
    }
}
