//! Error pages: what happened, in words, and a way on. Never the cause: that is in the log, under the request id.

use http::StatusCode;
use serde::Serialize;

use super::{parts::Text, templates::Page};

/// An error as a page.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ErrorPage {
    /// The status code.
    pub status: u16,
    /// The error's stable code, for whoever reads the page by program. What may not be seen is `not_found`, whatever it was.
    pub code: Text,
    /// What happened, in a few words.
    pub title: Text,
    /// What it means, and what can be done.
    pub message: Text,
    /// The icon's name.
    pub icon: Text,
    /// Where the button leads.
    pub action_href: Text,
    /// What the button says.
    pub action_label: Text,
    /// The address to try again, where that may help.
    pub retry_href: Option<String>,
    /// What to mention when asking for help.
    pub request_id: Option<String>,
    /// Whether the frame for signed-in people stands around it.
    #[serde(skip)]
    pub framed: bool,
}

impl Page for ErrorPage {
    fn template(&self) -> &'static str {
        if self.framed { "pages/errors/signed_in.html" } else { "pages/errors/bare.html" }
    }
}

impl ErrorPage {
    /// The page for a status. What somebody may not see doesn't exist: 403 looks like 404.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, retry_href: Option<String>, request_id: Option<String>) -> Self {
        let code = match status {
            StatusCode::FORBIDDEN | StatusCode::GONE => "not_found",
            _ => code,
        };
        let (status, title, message, icon, retry) = match status {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The page doesn’t exist, or you have no access to it.",
                "search",
                false,
            ),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => (
                status,
                "That address or form can’t be read",
                "Go back and try again. If a link led here, the link is wrong.",
                "circle-alert",
                false,
            ),
            StatusCode::PAYLOAD_TOO_LARGE => {
                (status, "That is too large", "Go back and send less at once.", "circle-alert", false)
            }
            StatusCode::TOO_MANY_REQUESTS => {
                (status, "Too many requests", "Wait a minute and try again.", "timer", true)
            }
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => (
                StatusCode::SERVICE_UNAVAILABLE,
                "A service is away",
                "A part of the system doesn’t answer right now. Accepted jobs are safe and go on when it is back.",
                "plug-zap",
                true,
            ),
            _ if status.is_client_error() => {
                (status, "That can’t be done", "Go back and try again.", "circle-alert", false)
            }
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something went wrong on our side",
                "It has been written down. Trying again may help.",
                "circle-alert",
                true,
            ),
        };
        Self {
            status: status.as_u16(),
            code: code.to_owned().into(),
            title: title.into(),
            message: message.into(),
            icon: icon.into(),
            action_href: "/".into(),
            action_label: "Go to the dashboard".into(),
            retry_href: retry_href.filter(|_| retry),
            request_id: request_id.filter(|_| status.is_server_error()),
            framed: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_seen_does_not_exist() {
        let page = ErrorPage::new(StatusCode::FORBIDDEN, "forbidden", Some("/jobs/1".to_owned()), Some("r".to_owned()));
        assert_eq!((page.status, page.retry_href, page.request_id), (404, None, None));
        assert_eq!(page.code, "not_found");
    }

    #[test]
    fn our_own_faults_name_the_request() {
        let page =
            ErrorPage::new(StatusCode::BAD_GATEWAY, "bad_gateway", Some("/jobs".to_owned()), Some("r1".to_owned()));
        assert_eq!(
            (page.status, page.retry_href.as_deref(), page.request_id.as_deref()),
            (503, Some("/jobs"), Some("r1"))
        );
    }
}
