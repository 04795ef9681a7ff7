//! People: strangers of every kind, and those whose role is too low.

use hg_common::auth::{Principal, Service};
use hg_types::{Role, UserId};

use super::{Attempt, Cast, Headers, PUBLIC, Plan};
use crate::authorization::{
    ground::{Ground, Victim},
    judge::Expected,
    probe::{Needs, Place, Probe, Strangers},
};

const MAY: &str = "may, and would change the victim: the least role that may is asked last";
const LINK: &str = "whoever holds the link may, whoever that is";
const OWN_SESSION: &str = "is about the caller's own session";
const NO_CLIENT: &str = "the path names no client";
/// The slug of the victim's agency.
const AGENCY_SLUG: &str = "heaviside-digital";

/// A signed-in person's credentials at the service that is asked.
pub(super) fn headers(ground: &Ground, cast: &Cast, person: UserId) -> Headers {
    if ground.service == Service::Gateway {
        return cast.session_of(person).headers();
    }
    let token = ground.identity.token(Service::Gateway, ground.service, &Principal::User(person));
    vec![("authorization", format!("Bearer {token}")), ("x-user-id", person.to_string())]
}

pub(super) fn plans(ground: &Ground, cast: &Cast, victim: &Victim, probe: &Probe) -> Vec<Plan> {
    let t = &ground.tenants;
    let ask = |person, uri: String, expected| Attempt { uri, headers: headers(ground, cast, person), expected };
    let uri = || probe.uri(victim);
    let mut plans = Vec::new();
    let strangers = [
        ("another tenant's owner", t.other_customer_people.owner),
        ("the sibling agency's owner", t.other_agency_people.owner),
        ("the sibling customer's owner", ground.sibling_owner),
        ("somebody without a client", t.stranger),
        ("an admin until just now", ground.removed),
    ];
    for (caller, person) in strangers {
        let attempt = strangers_get(probe, caller == strangers[0].0).map(|expected| ask(person, uri(), expected));
        plans.push(Plan { caller, attempt });
    }
    let by_slug = probe.uri_by_slug(victim).ok_or(NO_CLIENT);
    let attempt =
        by_slug.and_then(|uri| strangers_get(probe, false).map(|expected| ask(strangers[0].1, uri, expected)));
    plans.push(Plan { caller: "another tenant's owner, by slug", attempt });

    // From below: whoever owns a customer has nothing to do with its agency's people, money, strategies.
    let agency = victim.with_client(t.agency.uuid(), AGENCY_SLUG);
    let attempt = if probe.names_its_client() { strangers_get(probe, false) } else { Err(NO_CLIENT) };
    let attempt = attempt.map(|expected| ask(t.customer_people.owner, probe.uri(&agency), expected));
    plans.push(Plan { caller: "the child's owner, about the parent", attempt });

    let roles = [
        ("the parent's viewer", t.agency_people.viewer, Place::Parent, Role::Viewer),
        ("the parent's member", t.agency_people.member, Place::Parent, Role::Member),
        ("the parent's admin", t.agency_people.admin, Place::Parent, Role::Admin),
        ("the parent's owner", t.agency_people.owner, Place::Parent, Role::Owner),
        ("the client's viewer", t.customer_people.viewer, Place::Client, Role::Viewer),
        ("the client's member", t.customer_people.member, Place::Client, Role::Member),
        ("the client's admin", t.customer_people.admin, Place::Client, Role::Admin),
        ("the client's owner", t.customer_people.owner, Place::Client, Role::Owner),
        ("the root's viewer", t.root_people.viewer, Place::Root, Role::Viewer),
    ];
    for (caller, person, place, role) in roles {
        let attempt = insiders_get(probe, place, role).map(|expected| ask(person, uri(), expected));
        plans.push(Plan { caller, attempt });
    }
    plans
}

/// What somebody gets who has nothing to do with the victim.
fn strangers_get(probe: &Probe, asks_public: bool) -> Result<Expected, &'static str> {
    match probe.needs {
        Needs::Nobody if asks_public => Ok(Expected::Public),
        Needs::Nobody => Err(PUBLIC),
        Needs::Known => Ok(Expected::OpenWithNothing),
        Needs::OwnSession => Err(OWN_SESSION),
        Needs::Secret => Err(LINK),
        Needs::Invited => Ok(Expected::Forbidden("invitation_for_another")),
        Needs::Role(..) => Ok(match probe.strangers {
            Strangers::NotFound => Expected::NotFound,
            Strangers::Nothing => Expected::OpenWithNothing,
            Strangers::Refused => Expected::Refused,
        }),
    }
}

/// What somebody gets who sees the victim, by a role on it or above it.
fn insiders_get(probe: &Probe, held_at: Place, held: Role) -> Result<Expected, &'static str> {
    let (least, needed_at) = match probe.needs {
        Needs::Role(least, place) => (least, place),
        Needs::Nobody => return Err(PUBLIC),
        Needs::Known => return Ok(Expected::Open),
        Needs::OwnSession => return Err(OWN_SESSION),
        Needs::Secret => return Err(LINK),
        Needs::Invited => return Ok(Expected::Forbidden("invitation_for_another")),
    };
    // A role counts on what is below it, and on nothing above.
    let counts = match needed_at {
        Place::Client => true,
        Place::Parent => held_at != Place::Client,
        Place::Root => held_at == Place::Root,
    };
    if counts && held >= least {
        return if probe.is_change() { Err(MAY) } else { Ok(Expected::Open) };
    }
    // Who is only on the victim may not see what stands above it.
    Ok(if !counts { Expected::TooLowOrUnseen(probe.too_low_says) } else { Expected::TooLow(probe.too_low_says) })
}
