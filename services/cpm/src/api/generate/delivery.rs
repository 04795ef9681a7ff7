//! How a caller wants the answer: at once, at the job's end, or as it is written.
//!
//! The body is asked first, then the headers (`Prefer`, RFC 7240; `Accept`). What the body says is a demand, which may be refused;
//! what a header says is a preference: where it can't be had, the job is accepted all the same, and answered at once.

use std::time::Duration;

use hg_common::http::ApiError;
use hg_contracts::cpm::GenerateRequest;
use http::{
    HeaderMap, HeaderName,
    header::{ACCEPT, AsHeaderName},
};

/// The longest wait, in seconds: proxies give up soon after.
const LONGEST: u32 = 60;
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// How firmly something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// By a field of the body.
    Demanded,
    /// By a header.
    Preferred,
}

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// As soon as the job is accepted.
    AtOnce,
    /// At the job's end, or after so long.
    Wait { patience: Duration, wish: Wish },
    /// The job's events.
    Stream(Wish),
}

impl Delivery {
    /// What the request says of it.
    ///
    /// # Errors
    /// 422 where the body asks for a wait that is too long, or for both.
    pub(super) fn asked(headers: &HeaderMap, request: &GenerateRequest) -> Result<Self, ApiError> {
        if request.wait.is_some_and(|seconds| seconds > LONGEST) {
            return Err(ApiError::field("wait", format!("must be 0 to {LONGEST} seconds")));
        }
        let wait = |seconds: u32, wish| match seconds {
            0 => Self::AtOnce,
            _ => Self::Wait { patience: Duration::from_secs(seconds.into()), wish },
        };
        Ok(match (request.stream, request.wait) {
            (Some(true), Some(1..)) => return Err(ApiError::field("stream", "can't be asked for together with wait")),
            (Some(true), _) => Self::Stream(Wish::Demanded),
            (_, Some(seconds)) => wait(seconds, Wish::Demanded),
            (None, None) if accepts_events(headers) => Self::Stream(Wish::Preferred),
            (_, None) => match preferred_wait(headers) {
                Some(seconds) => wait(seconds, Wish::Preferred),
                None => Self::AtOnce,
            },
        })
    }

    /// How firmly this is wanted; `None` where nothing but the plain answer is.
    pub(super) const fn wish(self) -> Option<Wish> {
        match self {
            Self::AtOnce => None,
            Self::Wait { wish, .. } | Self::Stream(wish) => Some(wish),
        }
    }
}

/// Whether an event stream is named among what the caller takes. `*/*` names nothing.
fn accepts_events(headers: &HeaderMap) -> bool {
    items(headers, ACCEPT).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/event-stream"));
        let refused = parts.any(|part| {
            part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")).and_then(|q| q.parse::<f32>().ok()) == Some(0.0)
        });
        named && !refused
    })
}

/// The seconds of `Prefer: wait=…`, the first one; no more than we wait. What can't be read was not said: a preference is
/// never refused.
fn preferred_wait(headers: &HeaderMap) -> Option<u32> {
    let wait = items(headers, PREFER).find_map(|item| {
        let (name, value) = item.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"').parse::<u64>().ok())
    })??;
    Some(u32::try_from(wait).unwrap_or(LONGEST).min(LONGEST))
}

/// The items of a header that is a list, however many lines it has.
fn items(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(fields: Value, headers: &[(&'static str, &str)]) -> Result<Delivery, ApiError> {
        let mut body = json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses"});
        if let (Some(body), Value::Object(fields)) = (body.as_object_mut(), fields) {
            body.extend(fields);
        }
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Delivery::asked(&headers.collect(), &serde_json::from_value(body).unwrap())
    }

    fn wait(seconds: u64, wish: Wish) -> Delivery {
        Delivery::Wait { patience: Duration::from_secs(seconds), wish }
    }

    #[test]
    fn the_body_says_how() {
        for nothing in [json!({}), json!({"wait": 0}), json!({"stream": false}), json!({"wait": 0, "stream": false})] {
            assert_eq!(asked(nothing, &[]).unwrap(), Delivery::AtOnce);
        }
        assert_eq!(asked(json!({"wait": 60}), &[]).unwrap(), wait(60, Wish::Demanded));
        assert_eq!(asked(json!({"stream": true, "wait": 0}), &[]).unwrap(), Delivery::Stream(Wish::Demanded));
        for wrong in [json!({"wait": 61}), json!({"wait": 5, "stream": true})] {
            assert_eq!(asked(wrong, &[]).unwrap_err().status(), 422);
        }
    }

    #[test]
    fn headers_say_how_where_the_body_does_not() {
        let events = ("accept", "application/json;q=0.5, text/event-stream");
        assert_eq!(asked(json!({}), &[events]).unwrap(), Delivery::Stream(Wish::Preferred));
        assert_eq!(asked(json!({"stream": false}), &[events]).unwrap(), Delivery::AtOnce);
        assert_eq!(asked(json!({"wait": 3}), &[events]).unwrap(), wait(3, Wish::Demanded));
        for other in ["*/*", "text/*", "application/json", "text/event-stream;q=0"] {
            assert_eq!(asked(json!({}), &[("accept", other)]).unwrap(), Delivery::AtOnce, "{other}");
        }
        for (prefer, seconds) in [("wait=10", 10), ("respond-async, WAIT=\"7\"; x=1", 7), ("wait=86400", 60)] {
            let delivery = asked(json!({}), &[("prefer", prefer)]).unwrap();
            assert_eq!(delivery, wait(seconds, Wish::Preferred), "{prefer}");
        }
        for nothing in ["wait=0", "wait", "wait=soon", "wait=-1", "return=minimal", ""] {
            assert_eq!(asked(json!({}), &[("prefer", nothing)]).unwrap(), Delivery::AtOnce, "{nothing}");
        }
        assert_eq!(asked(json!({"wait": 2}), &[("prefer", "wait=9")]).unwrap(), wait(2, Wish::Demanded));
    }
}
