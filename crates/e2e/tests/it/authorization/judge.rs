//! What must come of a question, and whether it did.

use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use http_body_util::BodyExt;

/// More than any page; a stream that goes on is cut there, or after [`PATIENCE`].
const MOST: usize = 4 * 1024 * 1024;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
/// An event stream may go on for ever; what it has to say to a newcomer, it says at once.
const OF_A_STREAM: std::time::Duration = std::time::Duration::from_secs(1);

/// What must come of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// 2xx or 3xx.
    Open,
    /// The same, and be it to the login: one's own session has ended.
    Done,
    /// 2xx or 3xx, with nothing of the victim's.
    OpenWithNothing,
    /// Whatever isn't our own fault, with nothing of the victim's.
    Public,
    /// 401; a page leads to the login.
    Unknown,
    /// 404.
    NotFound,
    /// 404, or the form once more, or a fragment that says no: with nothing of the victim's.
    Refused,
    /// 403 for a role that is too low, or the route's own way of saying so.
    TooLow(Option<&'static str>),
    /// 403, or 404 where the caller doesn't see what the role would be needed on.
    TooLowOrUnseen(Option<&'static str>),
    /// 403 with this code.
    Forbidden(&'static str),
}

/// An answer, with as much of its body as came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response<axum::body::Body>) -> Self {
        let (parts, mut body) = response.into_parts();
        let endless = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let patience = if endless { OF_A_STREAM } else { PATIENCE };
        let (mut bytes, until) = (Vec::new(), tokio::time::Instant::now() + patience);
        while bytes.len() < MOST {
            // What came before it broke off, or went on for too long, is an answer all the same.
            let Ok(Some(Ok(frame))) = tokio::time::timeout_at(until, body.frame()).await else { break };
            bytes.extend(frame.into_data().unwrap_or_default());
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// Headers and body as one text: nothing of the victim's may be in either.
    pub(crate) fn text(&self) -> String {
        let headers =
            self.headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        headers.collect::<String>() + &self.body
    }

    /// The confirmation that it gives; empty where there is none.
    pub(crate) fn confirmation(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let in_form = || Some(self.body.split_once(r#"name="confirmation" value=""#)?.1.split_once('"')?.0);
        body["confirmation"].as_str().or_else(in_form).unwrap_or_default().to_owned()
    }

    fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn has_code(&self, code: &str) -> bool {
        [format!("\"code\":\"{code}\""), format!("data-code=\"{code}\"")].iter().any(|said| self.body.contains(said))
    }

    /// Nothing where it is as expected; otherwise what isn't.
    pub(crate) fn judge(&self, expected: Expected, traces: &[String]) -> Option<String> {
        let status = self.status.as_u16();
        let (is_open, to_login) = (
            self.status.is_success() || self.status.is_redirection(),
            status == 303 && self.location().starts_with("/login"),
        );
        let right = match expected {
            Expected::Open | Expected::OpenWithNothing => is_open && !to_login,
            Expected::Done => is_open,
            Expected::Public => !self.status.is_server_error(),
            Expected::Unknown => status == 401 || to_login,
            Expected::NotFound => status == 404,
            Expected::Refused => [200, 403, 404, 422].contains(&status),
            Expected::TooLow(None) => status == 403,
            Expected::TooLow(Some(part)) => status == 403 || (status < 500 && self.text().contains(part)),
            Expected::TooLowOrUnseen(None) => status == 403 || status == 404,
            Expected::TooLowOrUnseen(Some(part)) => {
                [403, 404].contains(&status) || (status < 500 && self.text().contains(part))
            }
            Expected::Forbidden(code) => status == 403 && self.has_code(code),
        };
        if !right {
            let body: String = self.body.chars().take(300).collect();
            return Some(format!("expected {expected:?}, got {status} {} {body}", self.location()));
        }
        let is_secret = !matches!(
            expected,
            Expected::Open
                | Expected::Done
                | Expected::TooLow(_)
                | Expected::TooLowOrUnseen(_)
                | Expected::Forbidden(_)
        );
        (is_secret && !traces.is_empty()).then(|| format!("{status} with the victim's {}", traces.join(", ")))
    }
}
