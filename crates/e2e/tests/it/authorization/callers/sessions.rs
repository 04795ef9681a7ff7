//! Sessions at the gateway, and those who come in without a good one.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hg_common::{
    auth::{Principal, Service},
    config::Secret,
};
use hg_gateway::session::SessionKeys;
use hg_types::UserId;
use serde_json::json;

use super::{Attempt, Headers, PUBLIC, Plan};
use crate::authorization::{
    ground::{Ground, Session, SessionKind, Victim},
    judge::Expected,
    probe::{Needs, Place, Probe},
};

/// What callers hold, made once: sessions of all people, and keys of clients that aren't the victim.
pub(crate) struct Cast {
    sessions: HashMap<UserId, Session>,
    revoked: Session,
    ended: Session,
    disabled: Session,
    /// The victim's owner.
    pub(super) owner: UserId,
    pub(super) other_key: String,
    pub(super) sibling_key: String,
    pub(super) archived_key: String,
}

impl Session {
    /// As a browser sends it from our own page.
    pub(super) fn headers(&self) -> Headers {
        [cookie(&self.token), vec![("x-csrf-token", self.csrf.clone()), ("sec-fetch-site", "same-origin".to_owned())]]
            .concat()
    }
}

fn cookie(token: &str) -> Headers {
    vec![("cookie", format!("hg_session={token}"))]
}

impl Cast {
    pub(crate) async fn gather(ground: &Ground) -> Self {
        let t = &ground.tenants;
        let owner = t.customer_people.owner;
        let all =
            [&t.root_people, &t.agency_people, &t.customer_people, &t.other_agency_people, &t.other_customer_people];
        let people = all.into_iter().flat_map(|people| [people.viewer, people.member, people.admin, people.owner]);
        let mut sessions = HashMap::new();
        for person in people.chain([t.stranger, ground.sibling_owner, ground.removed]) {
            sessions.insert(person, ground.session(person, SessionKind::Live).await);
        }
        let disabled = ground.disabled_person().await;
        // Any victim's archived client will do.
        let archived = ground.plant().await.id("archived");
        Self {
            revoked: ground.session(owner, SessionKind::Revoked).await,
            ended: ground.session(owner, SessionKind::Expired).await,
            disabled: ground.session(disabled, SessionKind::Live).await,
            owner,
            other_key: ground.api_key(t.other_customer.uuid()).await,
            sibling_key: ground.api_key(t.sibling.uuid()).await,
            archived_key: ground.api_key(archived).await,
            sessions,
        }
    }

    pub(super) fn session_of(&self, person: UserId) -> &Session {
        self.sessions.get(&person).expect("a person of the cast")
    }
}

/// A session that may be ended.
pub(super) async fn of_new_session(ground: &Ground, person: UserId) -> Headers {
    ground.session(person, SessionKind::Live).await.headers()
}

/// Who isn't signed in, whatever they show. All that can claims to be the victim's owner.
pub(super) fn refused(ground: &Ground, cast: &Cast) -> Vec<(&'static str, Result<Headers, &'static str>)> {
    let (owner, live) = (cast.owner, cast.session_of(cast.owner));
    let now = chrono::Utc::now();
    let week = now + chrono::TimeDelta::days(7);
    let sign = |keys: &SessionKeys, from, to| keys.sign(owner, live.id, from, to).expect("it can be signed");
    let others = SessionKeys::new(&Secret::new("another secret that has more than thirty-two characters"));
    let stolen = cast.session_of(ground.tenants.stranger);
    let swapped = ground.sessions.sign(owner, stolen.id, now, week).expect("it can be signed");
    let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let claims =
        json!({"sub": owner, "sid": live.id, "typ": "hg-session", "iat": now.timestamp(), "exp": week.timestamp()});
    let unsigned = format!("{}.{}.", part(json!({"alg": "none", "typ": "JWT"})), part(claims));
    let internal = ground.identity.token(Service::Gateway, Service::Cpm, &Principal::User(owner));
    let with = |token: &str, csrf: &str| {
        Ok([cookie(token), vec![("x-csrf-token", csrf.to_owned()), ("sec-fetch-site", "same-origin".to_owned())]]
            .concat())
    };
    vec![
        ("anonymous", Ok(Headers::new())),
        ("a session that was ended", Ok(cast.revoked.headers())),
        ("a session that has run out", Ok(cast.ended.headers())),
        (
            "a cookie that has run out",
            with(
                &sign(&ground.sessions, now - chrono::TimeDelta::days(8), now - chrono::TimeDelta::days(1)),
                &live.csrf,
            ),
        ),
        ("a disabled account", Ok(cast.disabled.headers())),
        ("signed with another secret", with(&sign(&others, now, week), &live.csrf)),
        ("algorithm none", with(&unsigned, &live.csrf)),
        ("another's session under one's name", with(&swapped, &stolen.csrf)),
        ("internal token for session", with(&internal, &live.csrf)),
        ("internal token as a bearer", Ok(vec![("authorization", format!("Bearer {internal}"))])),
        ("session token as a bearer", Ok(vec![("authorization", format!("Bearer {}", live.token))])),
        ("an API key", Ok(vec![("x-api-key", cast.sibling_key.clone())])),
        ("bare x-user-id", Ok(vec![("x-user-id", owner.to_string())])),
    ]
}

/// Changes in the name of somebody who may, but didn't mean to.
pub(super) fn forged(ground: &Ground, cast: &Cast, victim: &Victim, probe: &Probe) -> Vec<Plan> {
    let t = &ground.tenants;
    let person = match probe.needs {
        Needs::Role(role, Place::Client) => t.customer_people.with(role),
        Needs::Role(role, Place::Parent) => t.agency_people.with(role),
        Needs::Role(role, Place::Root) => t.root_people.with(role),
        _ => t.customer_people.viewer,
    };
    let right = cast.session_of(person);
    let own = ("sec-fetch-site", "same-origin".to_owned());
    let columns = [
        ("without the form's token", [cookie(&right.token), vec![own.clone()]].concat()),
        (
            "with another session's form token",
            [cookie(&right.token), vec![own, ("x-csrf-token", cast.session_of(t.stranger).csrf.clone())]].concat(),
        ),
        (
            "from another site",
            [
                cookie(&right.token),
                vec![("sec-fetch-site", "cross-site".to_owned()), ("x-csrf-token", right.csrf.clone())],
            ]
            .concat(),
        ),
        (
            "from a sibling domain",
            [
                cookie(&right.token),
                vec![("sec-fetch-site", "same-site".to_owned()), ("x-csrf-token", right.csrf.clone())],
            ]
            .concat(),
        ),
    ];
    columns
        .into_iter()
        .map(|(caller, headers)| {
            let attempt = match probe.needs {
                _ if !probe.is_change() || probe.method == "GET" => Err("it changes nothing"),
                // Who has no session has no token; but nobody is to be signed in, or anything else, from another's page.
                Needs::Nobody if !caller.starts_with("from ") => Err(PUBLIC),
                _ => Ok(Attempt { uri: probe.uri(victim), headers, expected: Expected::Forbidden("csrf_failed") }),
            };
            Plan { caller, attempt }
        })
        .collect()
}
