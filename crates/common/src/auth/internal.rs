//! Internal tokens: short-lived Ed25519 JWTs by which one service speaks to another on somebody's behalf.
//!
//! Each service signs with its own key and holds the others' public keys, so one stolen service can't mint the
//! rest; who may call whom, and for whom, is one table ([`service`]). The algorithm is pinned, never read from the token, and the
//! header's `typ` is our own, so a session's JWT can't stand in for one of these or the other way round.
//!
//! A token isn't for one call: it is good for a minute, at one service, for one subject. So who signs keeps what it signed
//! (`kept`) for half of that time, and who checks remembers what it found to be right (`known`) for as long as that is good.

mod issuer;
mod kept;
mod keys;
mod known;
mod service;
mod verifier;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::{
    issuer::InternalIssuer,
    keys::{KeyError, generate_key, key_from_seed},
    service::Service,
    verifier::InternalVerifier,
};

const TYP: &str = "hg-internal+jwt";
/// How long a token lives, in seconds. The clocks of our hosts may differ by [`LEEWAY`].
const LIFETIME: i64 = 60;
const LEEWAY: u32 = 5;
/// The subject of a service that works on a job.
const SERVICE: &str = "service";
/// What an entry of a cache costs beside its token, about, in bytes.
const ENTRY: usize = 256;
/// What each of the two caches of a process may take, in bytes: some 1,700 tokens.
const ROOM: u64 = 1024 * 1024;

/// The token wasn't accepted. Callers learn no more than that.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Malformed, expired, wrongly signed, of another type, or for somebody else.
    #[error("the internal token was refused")]
    Refused(#[from] jsonwebtoken::errors::Error),
    /// Its key id is unknown.
    #[error("the internal token names an unknown key")]
    UnknownKey,
    /// Its issuer may not call this service, or not for this subject.
    #[error("the internal token's issuer may not call this service for this subject")]
    NotAllowed,
    /// Its subject can't be read.
    #[error("the internal token's subject is malformed")]
    Subject,
    /// It lives longer than an internal token may, or begins in the future.
    #[error("the internal token lives too long, or was made in the future")]
    TooLong,
    /// The principal is an API key: it ends at the service that it was made for.
    #[error("an API key's principal isn't passed on")]
    Key,
    /// It can't be sent: never so with what base64 gives.
    #[error("the internal token can't be sent")]
    Header(#[from] http::header::InvalidHeaderValue),
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: Service,
    aud: Service,
    sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<Uuid>,
    /// The browser's address, as the gateway saw it. Services of before 0.4 neither give nor read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    addr: Option<IpAddr>,
    iat: i64,
    exp: i64,
}

#[cfg(test)]
mod tests;
