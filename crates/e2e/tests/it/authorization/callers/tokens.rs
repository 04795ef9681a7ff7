//! Internal tokens that nobody should believe, and workers of somebody else's jobs.

use hg_common::auth::{Principal, Service, api_key::ApiKey};
use hg_testkit::{Forgery, Signature};
use hg_types::{ClientId, Role};

use super::{Attempt, Cast, Headers, PUBLIC, Plan};
use crate::authorization::{
    ground::{Ground, Victim, VictimKey},
    judge::Expected,
    probe::{Needs, Place, Probe, Strangers},
};

fn bearer(token: &str) -> Headers {
    vec![("authorization", format!("Bearer {token}"))]
}

/// Credentials that make nobody of anybody. Each claims to be the victim's owner, who may nearly everything.
pub(super) fn refused(
    ground: &Ground,
    cast: &Cast,
    victim: &Victim,
) -> Vec<(&'static str, Result<Headers, &'static str>)> {
    let (identity, to) = (&ground.identity, ground.service);
    let owner = ground.tenants.customer_people.owner;
    let name = owner.to_string();
    let elsewhere = if to == Service::Smm { Service::Im } else { Service::Smm };
    let right = || identity.forgery(Service::Gateway, to, &name);
    let forged = |forgery: Forgery| Ok(bearer(&identity.forge(&forgery)));
    let now = chrono::Utc::now().timestamp();
    let session = &cast.session_of(owner).token;
    let other = identity.token(Service::Gateway, to, &Principal::User(ground.tenants.other_customer_people.owner));
    let half = identity.forge(&right());
    let half = &half[..half.rfind('.').unwrap_or_default()];
    let hs256 = |secret: Vec<u8>| forged(right().header("alg", "HS256").signed(Signature::Hs256(secret)));
    let entry = identity.public_keys().split(',').find(|entry| entry.starts_with("gateway:")).unwrap_or_default();
    let base64 = entry.rsplit(':').next().unwrap_or_default().as_bytes().to_vec();
    let worker = identity.forgery(Service::Gateway, to, "service").claim("client", victim.id("client").to_string());
    vec![
        ("anonymous", Ok(Headers::new())),
        ("wrong audience", forged(right().claim("aud", elsewhere.as_str()))),
        (
            "no audience",
            forged({
                let mut forgery = right();
                forgery.claims.as_object_mut().unwrap().remove("aud");
                forgery
            }),
        ),
        ("expired", forged(right().claim("iat", now - 120).claim("exp", now - 60))),
        ("lives too long", forged(right().claim("exp", now + 3600))),
        ("made in the future", forged(right().claim("iat", now + 600).claim("exp", now + 660))),
        ("session token for internal", Ok(bearer(session))),
        ("session cookie", Ok(vec![("cookie", format!("hg_session={session}; __Host-hg_session={session}"))])),
        ("bare x-user-id", Ok(vec![("x-user-id", name.clone())])),
        ("x-user-id beside another's token", Ok([bearer(&other), vec![("x-user-id", name.clone())]].concat())),
        ("wrong issuer", forged(right().claim("iss", Service::Cpm.as_str()))),
        ("another service's signature", forged(right().signed(Signature::Of(Service::Cpm)))),
        (
            "im, which calls nobody",
            match to {
                Service::Im => Err("it is im that is asked"),
                _ => forged(identity.forgery(Service::Im, to, &name)),
            },
        ),
        (
            "smm, which calls nobody",
            match to {
                Service::Smm => Err("it is smm that is asked"),
                _ => forged(identity.forgery(Service::Smm, to, &name)),
            },
        ),
        ("the service itself", forged(identity.forgery(to, to, &name))),
        ("cpm for a person", forged(identity.forgery(Service::Cpm, to, &name))),
        ("the gateway for a worker", forged(worker)),
        ("algorithm none", forged(right().header("alg", "none").signed(Signature::None))),
        ("HS256 with the public key", hs256(identity.public_key_bytes(Service::Gateway))),
        ("HS256 with the public key's text", hs256(base64)),
        ("unknown key id", forged(right().header("kid", "gateway-9"))),
        ("another's key id", forged(right().header("kid", "cpm-1"))),
        ("another type", forged(right().header("typ", "JWT"))),
        ("no signature", forged(right().signed(Signature::None))),
        ("half a token", Ok(bearer(half))),
        (
            "an API key",
            match to {
                Service::Cpm => Err("API keys have columns of their own here"),
                _ => Ok(vec![("x-api-key", victim.key(VictimKey::JobsWrite).to_owned())]),
            },
        ),
        ("an API key that isn't one", Ok(vec![("x-api-key", ApiKey::generate().reveal().to_owned())])),
    ]
}

/// Workers: content production at work for a job's client.
pub(super) fn workers(ground: &Ground, victim: &Victim, probe: &Probe) -> Vec<Plan> {
    let t = &ground.tenants;
    let ask = |client, expected| {
        let principal = Principal::Service { name: Service::Cpm, client };
        let token = ground.identity.token(Service::Cpm, ground.service, &principal);
        Attempt { uri: probe.uri(victim), headers: bearer(&token), expected }
    };
    let strangers_get = match probe.needs {
        Needs::Nobody => Err(PUBLIC),
        Needs::Known => Ok(Expected::OpenWithNothing),
        _ if probe.people_only => Ok(Expected::TooLowOrUnseen(probe.too_low_says)),
        Needs::OwnSession | Needs::Secret | Needs::Invited => Err("no worker can ask that"),
        Needs::Role(..) => Ok(match probe.strangers {
            Strangers::NotFound => Expected::NotFound,
            Strangers::Nothing => Expected::OpenWithNothing,
            Strangers::Refused => Expected::Refused,
        }),
    };
    let own_gets = match probe.needs {
        _ if probe.people_only => Ok(Expected::TooLow(probe.too_low_says)),
        Needs::Role(least, Place::Client) if least <= Role::Member && probe.is_change() => {
            Err("a worker is a member of its job's client, and would change it")
        }
        Needs::Role(least, Place::Client) if least <= Role::Member => Ok(Expected::Open),
        Needs::Role(_, Place::Client) => Ok(Expected::TooLow(probe.too_low_says)),
        Needs::Role(..) => Ok(Expected::TooLowOrUnseen(probe.too_low_says)),
        Needs::Known => Ok(Expected::Open),
        Needs::Nobody => Err(PUBLIC),
        Needs::OwnSession | Needs::Secret | Needs::Invited => Err("no worker can ask that"),
    };
    [
        ("another tenant's worker", t.other_customer, strangers_get),
        ("the sibling's worker", t.sibling, strangers_get),
        ("the client's own worker", ClientId(victim.id("client")), own_gets),
    ]
    .into_iter()
    .map(|(caller, client, expected)| Plan { caller, attempt: expected.map(|expected| ask(client, expected)) })
    .collect()
}
