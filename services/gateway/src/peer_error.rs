//! What another service's refusal means to the gateway's caller.
//!
//! What is the caller's own doing (4xx) is passed on with its code and fields. What isn't becomes a 503 that says which part is away,
//! or an opaque 500.

use std::time::Duration;

use hg_common::{
    auth::Service,
    http::{ApiError, FieldError},
};
use hg_contracts::{ClientError, client::WireError};
use http::StatusCode;

/// When to try again, where the service doesn't say.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The answer to the gateway's caller. For `map_err`.
#[must_use]
pub fn peer_error(error: ClientError) -> ApiError {
    match error {
        ClientError::Away { service, .. } => away(service).with_source(error),
        ClientError::Refused { service, status, error: wire, retry_after } => {
            refused(service, status, wire, retry_after)
        }
        ClientError::Malformed { .. } | ClientError::Token(_) => ApiError::internal(error),
    }
}

fn refused(service: Service, status: StatusCode, wire: WireError, retry_after: Option<u64>) -> ApiError {
    let retry_after = retry_after.map(Duration::from_secs);
    match status {
        // The person is known to us: what wasn't accepted is our own token, so the set-up is wrong.
        StatusCode::UNAUTHORIZED => {
            away(service).with_source(format!("{service} refuses our internal token: {}", wire.message))
        }
        // It says itself what is missing, in words for everybody.
        StatusCode::SERVICE_UNAVAILABLE => {
            let error = ApiError::unavailable(wire.code, wire.message);
            error.with_retry_after(retry_after.unwrap_or(RETRY_AFTER))
        }
        status if status.is_client_error() => {
            let error = passed_on(status, wire);
            match retry_after {
                Some(after) => error.with_retry_after(after),
                None => error,
            }
        }
        status => ApiError::internal(format!("{service} answered {status}: {} {}", wire.code, wire.message)),
    }
}

fn passed_on(status: StatusCode, wire: WireError) -> ApiError {
    if wire.details.is_empty() {
        let error = ApiError::new(status, wire.code, wire.message);
        return match wire.budget {
            Some(budget) => error.with_budget(*budget),
            None => error,
        };
    }
    let details = wire.details.into_iter().map(|detail| FieldError { field: detail.field, message: detail.message });
    let error = ApiError::unprocessable(details.collect());
    // Fields come with 422 only; another status with fields would be a new kind of answer.
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        error.with_code(wire.code)
    } else {
        ApiError::new(status, wire.code, wire.message)
    }
}

fn away(service: Service) -> ApiError {
    let (code, what) = match service {
        Service::Cpm => ("cpm_unavailable", "content production"),
        Service::Im => ("im_unavailable", "the instructions service"),
        Service::Smm => ("smm_unavailable", "strategy management"),
        Service::Gateway => ("gateway_unavailable", "the gateway"),
    };
    ApiError::unavailable(code, format!("{what} is not available: try again shortly")).with_retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use hg_contracts::client::WireFieldError;

    use super::*;

    fn answer(status: u16, code: &str, fields: &[&str]) -> ApiError {
        peer_error(ClientError::Refused {
            service: Service::Cpm,
            status: StatusCode::from_u16(status).unwrap(),
            error: WireError {
                code: code.to_owned(),
                message: "why".to_owned(),
                details: fields
                    .iter()
                    .map(|field| WireFieldError { field: (*field).to_owned(), message: "bad".to_owned() })
                    .collect(),
                budget: None,
            },
            retry_after: (status == 429).then_some(7),
        })
    }

    #[test]
    fn the_callers_own_doing_is_passed_on() {
        let error = answer(422, "validation_failed", &["topic", "keywords[2]"]);
        let fields: Vec<&str> = error.details().iter().map(|detail| detail.field.as_str()).collect();
        assert_eq!(
            (error.status().as_u16(), error.code(), fields),
            (422, "validation_failed", vec!["topic", "keywords[2]"])
        );
        for (status, code) in
            [(402, "budget_exceeded"), (404, "not_found"), (409, "job_ended"), (413, "payload_too_large")]
        {
            let error = answer(status, code, &[]);
            assert_eq!((error.status().as_u16(), error.code(), error.message()), (status, code, "why"));
        }
        assert_eq!(answer(429, "rate_limited", &[]).retry_after(), Some(Duration::from_secs(7)));
    }

    #[test]
    fn what_is_missing_is_named_and_the_rest_is_opaque() {
        let error = answer(503, "provider_not_configured", &[]);
        assert_eq!((error.status().as_u16(), error.code()), (503, "provider_not_configured"));
        let error = answer(401, "unauthorized", &[]);
        assert_eq!((error.status().as_u16(), error.code()), (503, "cpm_unavailable"));
        let error = answer(500, "internal_error", &[]);
        assert_eq!((error.status().as_u16(), error.message()), (500, "something went wrong on our side"));
    }
}
