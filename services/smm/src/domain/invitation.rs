//! The link of an invitation, and what may have become of one.
//!
//! How long it holds and that it is spent once are the database's: `invitations_seven_days`, `app.invitation_spend`.

use hg_common::crypto::{sha256, token_256};
use hg_contracts::smm::InvitationState;

/// What a link is known by. The secret itself is stored nowhere.
pub struct Link {
    hash: [u8; 32],
}

impl Link {
    /// A new link: what it is known by, and the secret for whoever is invited.
    #[must_use]
    pub fn make() -> (Self, String) {
        let secret = token_256();
        (Self { hash: sha256(&secret) }, secret)
    }

    /// The link with this secret. Any text is one; most stand for nothing.
    #[must_use]
    pub fn of_secret(secret: &str) -> Self {
        Self { hash: sha256(secret) }
    }

    /// SHA-256 of the secret.
    #[must_use]
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }
}

/// The state's name in the database.
#[must_use]
pub const fn state_name(state: InvitationState) -> &'static str {
    match state {
        InvitationState::Open => "open",
        InvitationState::Accepted => "accepted",
        InvitationState::Revoked => "revoked",
        InvitationState::Expired => "expired",
    }
}

/// The state with this name in the database.
#[must_use]
pub fn state_named(name: &str) -> Option<InvitationState> {
    [InvitationState::Open, InvitationState::Accepted, InvitationState::Revoked, InvitationState::Expired]
        .into_iter()
        .find(|state| state_name(*state) == name)
}

/// What to say of an invitation that can't be accepted, sent again or taken back: its code and a sentence. None for one
/// that is open.
#[must_use]
pub const fn ended(state: InvitationState) -> Option<(&'static str, &'static str)> {
    match state {
        InvitationState::Open => None,
        InvitationState::Accepted => Some(("invitation_accepted", "the invitation was accepted")),
        InvitationState::Revoked => Some(("invitation_revoked", "the invitation was taken back: ask for another")),
        InvitationState::Expired => Some(("invitation_expired", "the invitation has expired: ask for another")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_known_by_its_hash_alone() {
        let (link, secret) = Link::make();
        assert_eq!(secret.len(), 43);
        assert_eq!(link.hash(), Link::of_secret(&secret).hash());
        assert_ne!(link.hash(), Link::make().0.hash());
    }

    #[test]
    fn states_have_names() {
        for name in ["open", "accepted", "revoked", "expired"] {
            let state = state_named(name).unwrap();
            assert_eq!(state_name(state), name);
            assert_eq!(
                ended(state).map(|(code, _)| code.trim_start_matches("invitation_")),
                (name != "open").then_some(name)
            );
        }
        assert_eq!(state_named("eaten"), None);
    }
}
