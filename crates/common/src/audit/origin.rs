//! Where the running task's changes come from. A transaction takes it along as `app.origin`, which the audit log's triggers
//! read.
//!
//! It says what is known besides the scope: a person is named by `app.user_id`, which row-level security rests on. It must
//! not decide anything.

use std::{fmt, future::Future, net::IpAddr};

use hg_types::{ApiKeyId, UserId};

use crate::http::current_request_id;

tokio::task_local! {
    static CURRENT: Origin;
}

/// Who acts where the transaction's scope doesn't say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A trusted service with an API key.
    ApiKey(ApiKeyId),
    /// A person on whose behalf background work runs.
    Person(UserId),
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address of the browser or of the trusted service.
    pub address: Option<IpAddr>,
    /// Who acts, where the scope doesn't say it.
    pub actor: Option<Actor>,
}

impl Origin {
    /// From an address, on nobody's behalf but the scope's.
    #[must_use]
    pub const fn at(address: IpAddr) -> Self {
        Self { address: Some(address), actor: None }
    }

    /// On somebody's behalf, from wherever it came.
    #[must_use]
    pub const fn by(self, actor: Actor) -> Self {
        Self { actor: Some(actor), ..self }
    }
}

/// Where the running task's changes come from; nothing is known outside of [`with_origin`]. Tasks that are spawned don't
/// inherit it: give it to them.
#[must_use]
pub fn current_origin() -> Origin {
    CURRENT.try_with(|origin| *origin).unwrap_or_default()
}

/// Runs `work` with a known origin. The guard does it for every request, background work for itself.
pub async fn with_origin<F: Future>(origin: Origin, work: F) -> F::Output {
    CURRENT.scope(origin, work).await
}

/// The value of `app.origin`: service|request id|address|kind of actor|its id. Letters, digits and `.:_-|` only, so that
/// it can stand between quotes as it is.
pub(crate) fn text(service: &str) -> String {
    let origin = current_origin();
    let or_nothing = |part: Option<&dyn fmt::Display>| part.map(ToString::to_string).unwrap_or_default();
    let request_id = current_request_id();
    let (kind, id) = match origin.actor {
        Some(Actor::ApiKey(id)) => ("api_key", id.to_string()),
        Some(Actor::Person(id)) => ("person", id.to_string()),
        None => ("service", String::new()),
    };
    let text = format!(
        "{service}|{}|{}|{kind}|{id}",
        or_nothing(request_id.as_ref().map(|id| id as &dyn fmt::Display)),
        or_nothing(origin.address.as_ref().map(|address| address as &dyn fmt::Display)),
    );
    // Each part is of such characters by its type. Should that ever end, nothing may break out of the quotes.
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".:_-|".contains(&byte);
    if text.bytes().all(harmless) { text } else { "||||".to_owned() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::http::{RequestId, with_request_id};

    #[tokio::test]
    async fn it_names_what_is_known_and_nothing_else() {
        assert_eq!(text("smm"), "smm|||service|");
        let id = Uuid::from_u128(5);
        let key = Origin::at("2001:db8::7".parse().unwrap()).by(Actor::ApiKey(ApiKeyId(id)));
        let inside = with_request_id(RequestId::parse("r-1.2_3").unwrap(), with_origin(key, async { text("cpm") }));
        assert_eq!(inside.await, format!("cpm|r-1.2_3|2001:db8::7|api_key|{id}"));
        assert_eq!(text("'; DROP"), "||||");
        // A scoped address (fe80::1%3) isn't an IpAddr, so none can bring its own characters.
        assert!("fe80::1%eth0".parse::<IpAddr>().is_err());
    }
}
