//! API keys at content production.

use hg_common::auth::ApiScope;

use super::{Attempt, Cast, Headers, PUBLIC, Plan};
use crate::authorization::{
    ground::{Victim, VictimKey},
    judge::Expected,
    probe::{Needs, Probe, Strangers},
};

fn key(key: &str) -> Headers {
    vec![("x-api-key", key.to_owned())]
}

const fn of_scope(scope: ApiScope) -> VictimKey {
    match scope {
        ApiScope::Generate => VictimKey::Generate,
        ApiScope::JobsRead => VictimKey::JobsRead,
        ApiScope::JobsWrite => VictimKey::JobsWrite,
        ApiScope::UsageRead => VictimKey::UsageRead,
    }
}

/// The victim's key that has just what the route needs.
pub(super) fn right(victim: &Victim, probe: &Probe) -> Option<Headers> {
    probe.scope.map(|scope| key(victim.key(of_scope(scope))))
}

pub(super) fn plans(cast: &Cast, victim: &Victim, probe: &Probe) -> Vec<Plan> {
    let strangers_get = match probe.needs {
        Needs::Nobody => Err(PUBLIC),
        Needs::Known => Ok(Expected::OpenWithNothing),
        Needs::Role(..) if probe.scope.is_none() => Ok(Expected::TooLowOrUnseen(probe.too_low_says)),
        Needs::Role(..) => Ok(match probe.strangers {
            Strangers::NotFound => Expected::NotFound,
            Strangers::Nothing => Expected::OpenWithNothing,
            Strangers::Refused => Expected::Refused,
        }),
        Needs::OwnSession | Needs::Secret | Needs::Invited => Err("no key can ask that"),
    };
    let scopeless_gets = match (probe.needs, probe.scope) {
        (Needs::Nobody, _) => Err(PUBLIC),
        (_, Some(_)) => Ok(Expected::Forbidden("scope_missing")),
        (Needs::Known, None) => Ok(Expected::Open),
        (_, None) => Ok(Expected::TooLow(None)),
    };
    let refused = if matches!(probe.needs, Needs::Nobody) { Err(PUBLIC) } else { Ok(Expected::Unknown) };
    // Scopes that the route doesn't ask for.
    let others = ApiScope::ALL.into_iter().filter(|scope| Some(*scope) != probe.scope);
    let mut columns = vec![
        ("another client's key", key(&cast.other_key), strangers_get),
        (
            "another client's key as a bearer",
            vec![("authorization", format!("Bearer {}", cast.other_key))],
            strangers_get,
        ),
        ("the sibling's key", key(&cast.sibling_key), strangers_get),
        ("a key without any scope", key(victim.key(VictimKey::Scopeless)), scopeless_gets),
        ("a revoked key", key(victim.key(VictimKey::Revoked)), refused),
        ("an expired key", key(victim.key(VictimKey::Expired)), refused),
        ("an archived client's key", key(&cast.archived_key), refused),
        (
            "a right key beside x-user-id",
            [key(victim.key(VictimKey::JobsWrite)), vec![("x-user-id", cast.owner.to_string())]].concat(),
            refused,
        ),
    ];
    let names = ["a key for something else", "a key for a third thing"];
    for (name, scope) in names.into_iter().zip(others) {
        columns.push((name, key(victim.key(of_scope(scope))), scopeless_gets));
    }
    columns
        .into_iter()
        .map(|(caller, headers, expected)| Plan {
            caller,
            attempt: expected
                .map(|expected| if probe.no_keys { Expected::Unknown } else { expected })
                .map(|expected| Attempt { uri: probe.uri(victim), headers, expected }),
        })
        .collect()
}
