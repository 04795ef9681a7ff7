//! What erasing a client or a person means: what goes, what stays and why, and the confirmation that names exactly that.

use hg_common::crypto::sha256_hex;
use hg_contracts::smm::{ClientContents, Erasure, Going, OwnedClient, Remaining};
use hg_types::{ClientId, DataJobId, UserId};

/// What there is of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonContents {
    /// Whether the account is empty already.
    pub erased: bool,
    /// Profiles.
    pub profiles: u32,
    /// Memberships.
    pub memberships: u32,
    /// Invitations to the address.
    pub invitations: u32,
    /// Provider keys of their own.
    pub provider_keys: u32,
    /// Sessions; they come and go, and are no part of the confirmation.
    pub sessions: u32,
}

/// An erasure can't be done like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErasureRefused {
    /// The confirmation is for something else.
    #[error("what would go has changed since: look again, and confirm that")]
    Stale,
    /// One runs.
    #[error("the erasure is under way: see the data job {0}")]
    Running(DataJobId),
    /// Clients would be left alone.
    #[error("{0} would be left without an owner: name another first")]
    LastOwner(String),
    /// There is nothing left.
    #[error("the account was erased before")]
    Already,
}

impl ErasureRefused {
    /// The stable code of the answer.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stale => "confirmation_stale",
            Self::Running(_) => "data_job_running",
            Self::LastOwner(_) => "last_owner",
            Self::Already => "person_erased",
        }
    }
}

fn going(kind: &str, count: impl Into<Option<u32>>, what: &str) -> Going {
    Going { kind: kind.to_owned(), count: count.into(), what: what.to_owned() }
}

fn remaining(kind: &str, count: impl Into<Option<u32>>, what: &str, why: &str) -> Remaining {
    Remaining { kind: kind.to_owned(), count: count.into(), what: what.to_owned(), why: why.to_owned() }
}

/// What erasing a client with everything below it means.
#[must_use]
pub fn of_client(client: ClientId, contents: &ClientContents, running: Option<DataJobId>) -> Erasure {
    let goes = vec![
        going(
            "jobs",
            contents.jobs,
            "jobs with their texts, prompts, quality reports, events and idempotency keys; what runs is stopped first",
        ),
        going("strategies", contents.strategies, "strategies with all their versions"),
        going("seo_rules", contents.seo_rules, "SEO rules with all their versions"),
        going("templates", contents.templates, "prompt templates with all their versions"),
        going("members", contents.members, "memberships; the people's accounts are their own"),
        going("invitations", contents.invitations, "open invitations, and those that were accepted or taken back"),
        going("api_keys", contents.api_keys, "API keys, those that were revoked included"),
        going("provider_keys", contents.provider_keys, "provider keys"),
        going("exports", None, "files of exports in which it is"),
        going("audit_values", None, "what the audit log holds of it: values before and after, and from where"),
    ];
    let remains = vec![
        remaining(
            "clients",
            contents.clients.saturating_add(1),
            "empty rows: no name, no slug, no facts; archived for good",
            "costs point to them",
        ),
        remaining(
            "costs",
            contents.costs,
            "provider calls, charges, reservations, budgets and limits: amounts, tokens, models, times; no texts",
            "the accounts' sums must stay what they are: per client, agency and day",
        ),
        remaining(
            "audit_entries",
            None,
            "that something was done, by which id, and when; not what",
            "the audit log is a chain: a missing link would look like a forgery",
        ),
    ];
    let confirmation = running.is_none().then(|| client_confirmation(client, contents));
    Erasure { goes, remains, clients_below: contents.clients, last_owner_of: Vec::new(), running, confirmation }
}

/// Whether a client may be erased with this confirmation.
///
/// # Errors
/// When something has changed since, or one runs.
pub fn check_client(
    client: ClientId,
    contents: &ClientContents,
    running: Option<DataJobId>,
    confirmed: &str,
) -> Result<(), ErasureRefused> {
    if let Some(running) = running {
        return Err(ErasureRefused::Running(running));
    }
    if confirmed == client_confirmation(client, contents) { Ok(()) } else { Err(ErasureRefused::Stale) }
}

/// What erasing a person means.
#[must_use]
pub fn of_person(
    person: UserId,
    contents: &PersonContents,
    last_owner_of: Vec<OwnedClient>,
    running: Option<DataJobId>,
) -> Erasure {
    let goes = vec![
        going("account", 1, "e-mail address and password; the account is closed at once and for good"),
        going("profile", contents.profiles, "name and settings"),
        going("sessions", contents.sessions, "sessions and password links, with addresses and browsers"),
        going("memberships", contents.memberships, "roles on clients"),
        going("invitations", contents.invitations, "invitations to the address"),
        going("provider_keys", contents.provider_keys, "provider keys that are the person's own"),
        going("exports", None, "files of exports of the person"),
        going("audit_values", None, "from where they did something, and what changed about their account"),
    ];
    let remains = vec![
        remaining(
            "pseudonym",
            1,
            "the id, wherever it says who asked for or saved something",
            "that one and the same person did two things is the clients' record; who that was can't be told any more",
        ),
        remaining(
            "texts",
            None,
            "texts, strategies and templates that they asked for or saved",
            "they are their clients'",
        ),
        remaining(
            "audit_entries",
            None,
            "that something was done, by the pseudonym, and when",
            "the audit log is a chain: a missing link would look like a forgery",
        ),
    ];
    let possible = running.is_none() && last_owner_of.is_empty() && !contents.erased;
    let confirmation = possible.then(|| person_confirmation(person, contents));
    Erasure { goes, remains, clients_below: 0, last_owner_of, running, confirmation }
}

/// Whether a person may be erased with this confirmation.
///
/// # Errors
/// When something has changed since, one runs, or a client would be left without an owner.
pub fn check_person(
    person: UserId,
    contents: &PersonContents,
    last_owner_of: &[OwnedClient],
    running: Option<DataJobId>,
    confirmed: &str,
) -> Result<(), ErasureRefused> {
    if let Some(running) = running {
        return Err(ErasureRefused::Running(running));
    }
    if contents.erased {
        return Err(ErasureRefused::Already);
    }
    if !last_owner_of.is_empty() {
        let names: Vec<&str> = last_owner_of.iter().take(10).map(|client| client.name.as_str()).collect();
        return Err(ErasureRefused::LastOwner(names.join(", ")));
    }
    if confirmed == person_confirmation(person, contents) { Ok(()) } else { Err(ErasureRefused::Stale) }
}

/// A fingerprint, not a secret: it only shows that somebody has looked at these very counts.
fn client_confirmation(client: ClientId, contents: &ClientContents) -> String {
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
        "erase {client}: {clients} {members} {invitations} {strategies} {seo_rules} {templates} {api_keys} {provider_keys} {jobs} {costs}"
    );
    sha256_hex(text)[..16].to_owned()
}

fn person_confirmation(person: UserId, contents: &PersonContents) -> String {
    let PersonContents { profiles, memberships, invitations, provider_keys, .. } = contents;
    sha256_hex(format!("erase {person}: {profiles} {memberships} {invitations} {provider_keys}"))[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const CLIENT: ClientId = ClientId(Uuid::nil());
    const PERSON: UserId = UserId(Uuid::nil());

    #[test]
    fn a_confirmation_holds_until_a_count_changes() {
        let contents = ClientContents { jobs: 3, members: 2, ..ClientContents::default() };
        let confirmed = of_client(CLIENT, &contents, None).confirmation.unwrap();
        assert_eq!(check_client(CLIENT, &contents, None, &confirmed), Ok(()));
        let more = ClientContents { jobs: 4, ..contents };
        assert_eq!(check_client(CLIENT, &more, None, &confirmed), Err(ErasureRefused::Stale));
        assert_eq!(check_client(ClientId(Uuid::max()), &contents, None, &confirmed), Err(ErasureRefused::Stale));
        let running = DataJobId(Uuid::max());
        assert!(of_client(CLIENT, &contents, Some(running)).confirmation.is_none());
        assert_eq!(check_client(CLIENT, &contents, Some(running), &confirmed), Err(ErasureRefused::Running(running)));
    }

    #[test]
    fn a_last_owner_is_told_of_what() {
        let contents = PersonContents {
            erased: false,
            profiles: 1,
            memberships: 1,
            invitations: 0,
            provider_keys: 0,
            sessions: 3,
        };
        let owned = vec![OwnedClient { id: CLIENT, name: "Ohio Paving Co.".into(), slug: "ohio-paving".into() }];
        assert!(of_person(PERSON, &contents, owned.clone(), None).confirmation.is_none());
        let refused = check_person(PERSON, &contents, &owned, None, "x").unwrap_err();
        assert!(refused.to_string().starts_with("Ohio Paving Co. would be left"), "{refused}");
        // Signing in in between changes nothing.
        let confirmed = of_person(PERSON, &contents, Vec::new(), None).confirmation.unwrap();
        let signed_in = PersonContents { sessions: 4, ..contents };
        assert_eq!(check_person(PERSON, &signed_in, &[], None, &confirmed), Ok(()));
    }
}
