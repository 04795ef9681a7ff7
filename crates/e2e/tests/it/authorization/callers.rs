//! Who asks, and what must come of it: the columns of the matrix.
//!
//! A column that can't be filled for a route says why; nothing is left out in silence.

mod keys;
mod people;
mod sessions;
mod tokens;

use hg_common::auth::Service;

use super::{
    ground::{Ground, Victim},
    judge::Expected,
    probe::{Needs, Place, Probe},
};
pub(crate) use sessions::Cast;

/// One cell to be filled.
pub(crate) struct Plan {
    /// The column.
    pub(crate) caller: &'static str,
    /// What is asked, or why nothing can be.
    pub(crate) attempt: Result<Attempt, &'static str>,
}

/// A question.
pub(crate) struct Attempt {
    pub(crate) uri: String,
    pub(crate) headers: Headers,
    pub(crate) expected: Expected,
}

/// What a caller sends besides.
pub(crate) type Headers = Vec<(&'static str, String)>;

/// Why a cell of a public route is empty.
const PUBLIC: &str = "the route is public: who asks makes no difference";

/// Everybody who is going to ask, with what must come of it.
pub(crate) fn plans(ground: &Ground, cast: &Cast, victim: &Victim, probe: &Probe) -> Vec<Plan> {
    let mut plans = people::plans(ground, cast, victim, probe);
    let uri = probe.uri(victim);
    let unknown: Vec<(&'static str, Result<Headers, &'static str>)> = match ground.service {
        Service::Gateway => sessions::refused(ground, cast),
        Service::Smm | Service::Im | Service::Cpm => tokens::refused(ground, cast, victim),
    };
    for (caller, headers) in unknown {
        let attempt = headers.and_then(|headers| match probe.needs {
            Needs::Nobody if caller != "anonymous" => Err(PUBLIC),
            Needs::Nobody => Ok(Attempt { uri: uri.clone(), headers, expected: Expected::Public }),
            _ => Ok(Attempt { uri: uri.clone(), headers, expected: Expected::Unknown }),
        });
        plans.push(Plan { caller, attempt });
    }
    plans.extend(match ground.service {
        Service::Gateway => sessions::forged(ground, cast, victim, probe),
        Service::Cpm => keys::plans(cast, victim, probe),
        Service::Smm | Service::Im => tokens::workers(ground, victim, probe),
    });
    plans
}

/// The least of those who may, with each way there is to come in. Nobody where the route is public.
pub(crate) async fn right_callers(
    ground: &Ground,
    cast: &Cast,
    victim: &Victim,
    probe: &Probe,
) -> Vec<(&'static str, Headers)> {
    let tenants = &ground.tenants;
    let person = match probe.needs {
        Needs::Nobody => return Vec::new(),
        Needs::Known | Needs::OwnSession => tenants.customer_people.viewer,
        Needs::Role(role, Place::Client) => tenants.customer_people.with(role),
        Needs::Role(role, Place::Parent) => tenants.agency_people.with(role),
        Needs::Role(role, Place::Root) => tenants.root_people.with(role),
        Needs::Invited | Needs::Secret => hg_types::UserId(victim.id("invited")),
    };
    let headers = match (ground.service, probe.needs) {
        (Service::Gateway, Needs::OwnSession | Needs::Invited | Needs::Secret) => {
            sessions::of_new_session(ground, person).await
        }
        _ => people::headers(ground, cast, person),
    };
    let mut callers = vec![("the least role that may", headers)];
    if ground.service == Service::Cpm {
        callers.extend(keys::right(victim, probe).map(|headers| ("an API key with just this scope", headers)));
    }
    callers
}
