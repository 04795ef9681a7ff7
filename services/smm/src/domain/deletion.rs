//! What deleting a client means: whether it is empty, what stands in its way, and the confirmation that names exactly
//! what would go.

use hg_common::crypto::sha256_hex;
use hg_contracts::smm::{ClientContents, Deletion};
use hg_types::ClientId;

/// A client can't be deleted like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeletionRefused {
    /// What was paid for stays on record.
    #[error("it has costs on record, which stay: archive it instead")]
    HasCosts,
    /// Jobs go with an erasure.
    #[error("it has jobs, which stay with their client: archive it instead")]
    HasJobs,
    /// Somebody works with it, and nobody confirmed that they may not go on.
    #[error("it still has {0}: see what would go with it, and confirm that")]
    NotEmpty(String),
    /// The confirmation is for other contents.
    #[error("what would go has changed since: look again, and confirm that")]
    Stale,
}

impl DeletionRefused {
    /// The stable code of the answer.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::HasCosts => "client_has_costs",
            Self::HasJobs => "client_has_jobs",
            Self::NotEmpty(_) => "client_not_empty",
            Self::Stale => "confirmation_stale",
        }
    }
}

/// What deleting the client would take along.
#[must_use]
pub fn deletion_of(client: ClientId, contents: ClientContents) -> Deletion {
    let blocked_by = blocked(&contents);
    Deletion {
        contents,
        empty: is_empty(&contents),
        confirmation: blocked_by.is_none().then(|| confirmation(client, &contents)),
        blocked_by: blocked_by.map(|blocked| blocked.code().to_owned()),
    }
}

/// Whether the client may go, with these contents and this confirmation.
///
/// # Errors
/// When something stays on record, or the confirmation is missing or names something else.
pub fn check(client: ClientId, contents: &ClientContents, confirmed: Option<&str>) -> Result<(), DeletionRefused> {
    if let Some(blocked) = blocked(contents) {
        return Err(blocked);
    }
    match confirmed {
        Some(confirmed) if confirmed == confirmation(client, contents) => Ok(()),
        Some(_) => Err(DeletionRefused::Stale),
        None if is_empty(contents) => Ok(()),
        None => Err(DeletionRefused::NotEmpty(listed(contents))),
    }
}

fn blocked(contents: &ClientContents) -> Option<DeletionRefused> {
    if contents.costs > 0 {
        return Some(DeletionRefused::HasCosts);
    }
    (contents.jobs > 0).then_some(DeletionRefused::HasJobs)
}

/// Nothing but the strategies, with which every client begins.
fn is_empty(contents: &ClientContents) -> bool {
    ClientContents { strategies: 0, ..*contents } == ClientContents::default()
}

/// A fingerprint, not a secret: it only shows that somebody has looked at these very contents.
fn confirmation(client: ClientId, contents: &ClientContents) -> String {
    let ClientContents {
        clients,
        members,
        invitations,
        strategies,
        seo_rules,
        templates,
        api_keys,
        provider_keys,
        jobs,
        costs,
    } = contents;
    let text = format!(
        "delete {client}: {clients} {members} {invitations} {strategies} {seo_rules} {templates} {api_keys} {provider_keys} {jobs} {costs}"
    );
    sha256_hex(text)[..16].to_owned()
}

fn listed(contents: &ClientContents) -> String {
    let kinds = [
        (contents.clients, "clients below it"),
        (contents.members, "members"),
        (contents.invitations, "open invitations"),
        (contents.seo_rules, "SEO rules"),
        (contents.templates, "templates"),
        (contents.api_keys, "API keys"),
        (contents.provider_keys, "provider keys"),
    ];
    let there: Vec<String> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {kind}")).collect();
    there.join(", ")
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const CLIENT: ClientId = ClientId(Uuid::nil());

    #[test]
    fn a_new_client_goes_without_asking() {
        let new = ClientContents { strategies: 2, ..ClientContents::default() };
        assert!(deletion_of(CLIENT, new).empty);
        assert_eq!(check(CLIENT, &new, None), Ok(()));
    }

    #[test]
    fn what_is_in_use_goes_when_exactly_that_was_confirmed() {
        let contents = ClientContents { clients: 3, members: 12, strategies: 8, ..ClientContents::default() };
        let refused = check(CLIENT, &contents, None).unwrap_err();
        assert!(refused.to_string().contains("3 clients below it, 12 members:"), "{refused}");
        let deletion = deletion_of(CLIENT, contents);
        let confirmed = deletion.confirmation.unwrap();
        assert_eq!(check(CLIENT, &contents, Some(&confirmed)), Ok(()));
        let more = ClientContents { members: 13, ..contents };
        assert_eq!(check(CLIENT, &more, Some(&confirmed)), Err(DeletionRefused::Stale));
        assert_eq!(check(ClientId(Uuid::max()), &contents, Some(&confirmed)), Err(DeletionRefused::Stale));
    }

    #[test]
    fn what_has_cost_money_stays() {
        let contents = ClientContents { jobs: 1, costs: 1, ..ClientContents::default() };
        let deletion = deletion_of(CLIENT, contents);
        assert_eq!((deletion.confirmation, deletion.blocked_by.as_deref()), (None, Some("client_has_costs")));
        assert_eq!(check(CLIENT, &contents, Some("x")), Err(DeletionRefused::HasCosts));
        let jobs = ClientContents { jobs: 1, ..ClientContents::default() };
        assert_eq!(check(CLIENT, &jobs, None), Err(DeletionRefused::HasJobs));
    }
}
