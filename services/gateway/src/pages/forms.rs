//! What forms send, and how a service's refusal gets back to them: beside a field, or above the form.
//!
//! It knows no form: which field of a form stands for one of a request is told by whoever has it.

use axum::{Form, extract::rejection::FormRejection};
use hg_common::{
    auth::Service,
    http::{ApiError, error_chain},
};
use hg_contracts::{ClientError, client::WireFieldError};
use http::StatusCode;

use super::parts::{FieldProblem, Text};
use crate::peer_error::peer_error;

/// A form as it was sent.
///
/// # Errors
/// When it can't be read at all, as nobody's browser sends it.
pub(crate) fn read<T>(form: Result<Form<T>, FormRejection>) -> Result<T, ApiError> {
    form.map(|Form(form)| form).map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::payload_too_large(),
        _ => ApiError::bad_request("the form can't be read").with_source(rejection),
    })
}

/// A message of ours as a sentence: they begin in lower case, without a full stop.
#[must_use]
pub fn sentence(message: &str) -> String {
    let message = message.trim();
    let mut characters = message.chars();
    let Some(first) = characters.next() else { return String::new() };
    let stop = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), characters.as_str())
}

/// A form's field for one of a request's: its element's id, and its label as a sentence begins with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnField {
    /// The element's id.
    pub id: Text,
    /// `The name`.
    pub label: Text,
}

impl OwnField {
    /// A field.
    pub fn new(id: impl Into<Text>, label: impl Into<Text>) -> Self {
        Self { id: id.into(), label: label.into() }
    }
}

/// Why something wasn't done, as a page shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// The status of the answer.
    pub status: StatusCode,
    /// The refusal's code; empty for what we found ourselves.
    pub code: String,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
}

impl Problems {
    /// Nothing is wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// What was typed can't be a request.
    #[must_use]
    pub fn fields(errors: Vec<FieldProblem>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors, ..Self::default() }
    }

    /// Something is wrong as a whole.
    pub fn whole(status: StatusCode, code: &str, alert: impl Into<Text>) -> Self {
        Self { status, code: code.to_owned(), alert: Some(alert.into()), errors: Vec::new() }
    }

    /// What a service said, or that it said nothing.
    ///
    /// # Errors
    /// Where no form can help: what it is about doesn't exist for this person, or it is our own mistake.
    pub fn of(error: ClientError, own_field: impl Fn(&str) -> Option<OwnField>) -> Result<Self, ApiError> {
        let (status, wire, retry_after) = match error {
            ClientError::Away { service, .. } => {
                tracing::warn!(error = %error_chain(&error), "a form could not be passed on");
                return Ok(Self::away(service));
            }
            // It has answered: nothing was done, because others do the same.
            ClientError::Refused { status: status @ StatusCode::SERVICE_UNAVAILABLE, error: wire, .. }
                if wire.code == "busy" =>
            {
                return Ok(Self::whole(status, &wire.code, sentence(&wire.message)));
            }
            ClientError::Refused { service, status, .. } if status.is_server_error() || status == 401 => {
                tracing::warn!(error = %error_chain(&error), "a form could not be passed on");
                return Ok(Self::away(service));
            }
            ClientError::Refused { status: StatusCode::NOT_FOUND, .. }
            | ClientError::Malformed { .. }
            | ClientError::Token(_) => return Err(peer_error(error)),
            ClientError::Refused { status, error, retry_after, .. } => (status, error, retry_after),
        };
        if status == StatusCode::UNPROCESSABLE_ENTITY && !wire.details.is_empty() {
            return Ok(Self { code: wire.code, ..Self::of_details(&wire.details, own_field) });
        }
        let alert = match (status, retry_after) {
            (StatusCode::TOO_MANY_REQUESTS, Some(seconds)) => {
                format!("Too many requests. Try again in {seconds} seconds.")
            }
            _ => sentence(&wire.message),
        };
        Ok(Self::whole(status, &wire.code, alert))
    }

    fn away(service: Service) -> Self {
        let who = match service {
            Service::Cpm => "Content production",
            Service::Im => "The instructions service",
            Service::Smm | Service::Gateway => "Strategy management",
        };
        let alert = format!("{who} doesn’t answer. What you typed is still here: send it again in a moment.");
        Self::whole(StatusCode::SERVICE_UNAVAILABLE, "", alert)
    }

    fn of_details(details: &[WireFieldError], own_field: impl Fn(&str) -> Option<OwnField>) -> Self {
        let mut problems = Self::fields(Vec::new());
        for WireFieldError { field, message } in details {
            let Some(OwnField { id, label }) = own_field(field) else {
                problems.alert.get_or_insert_with(|| sentence(&format!("{field}: {message}")).into());
                continue;
            };
            let message = match message.strip_prefix("must ") {
                Some(rest) => format!("{label} must {rest}."),
                None => format!("{label}: {}", sentence(message)),
            };
            // The summary lists each field once.
            if !problems.errors.iter().any(|known| known.field == id) {
                problems.errors.push(FieldProblem::new(id, message));
            }
        }
        problems
    }

    /// Moves what is wrong as a whole to a field, where the refusal has one of these codes.
    #[must_use]
    pub fn at_field(mut self, codes: &[&str], id: &'static str) -> Self {
        if codes.contains(&self.code.as_str())
            && let Some(alert) = self.alert.take()
        {
            self.errors.push(FieldProblem::new(id, alert));
        }
        self
    }
}

/// The summary lists each field once: what can't be sent at all comes first.
pub(crate) fn each_field_once(mut errors: Vec<FieldProblem>, more: Vec<FieldProblem>) -> Vec<FieldProblem> {
    for problem in more {
        if !errors.iter().any(|known| known.field == problem.field) {
            errors.push(problem);
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use hg_contracts::client::WireError;

    use super::*;

    fn refused(status: u16, code: &str, message: &str, details: &[(&str, &str)]) -> Result<Problems, ApiError> {
        let details = details
            .iter()
            .map(|(field, message)| WireFieldError { field: (*field).to_owned(), message: (*message).to_owned() })
            .collect();
        let error = ClientError::Refused {
            service: Service::Smm,
            status: StatusCode::from_u16(status).unwrap(),
            error: WireError { code: code.to_owned(), message: message.to_owned(), details, budget: None },
            retry_after: None,
        };
        Problems::of(error, |field| (field == "name").then(|| OwnField::new("name", "The name")))
    }

    #[test]
    fn refusals_are_said_where_they_can_be_mended() {
        let problems =
            refused(422, "validation_failed", "", &[("name", "must be one line"), ("colour", "is unknown")]).unwrap();
        assert_eq!(problems.errors, [FieldProblem::new("name", "The name must be one line.")]);
        assert_eq!(problems.alert.as_deref(), Some("Colour: is unknown."));
        let taken = refused(409, "slug_taken", "another client has this slug: choose another", &[]).unwrap();
        assert_eq!((taken.status.as_u16(), taken.alert.is_some()), (409, true));
        let taken = taken.at_field(&["slug_taken"], "slug");
        assert_eq!(taken.errors, [FieldProblem::new("slug", "Another client has this slug: choose another.")]);
        assert_eq!(taken.alert, None);
    }

    #[test]
    fn whoever_is_busy_has_answered() {
        let busy = refused(503, "busy", "others are changing the same thing just now: try again", &[]).unwrap();
        assert_eq!((busy.status.as_u16(), busy.code.as_str()), (503, "busy"));
        assert_eq!(busy.alert.as_deref(), Some("Others are changing the same thing just now: try again."));
    }

    #[test]
    fn silence_keeps_the_form_and_what_does_not_exist_has_none() {
        assert_eq!(refused(500, "internal_error", "", &[]).unwrap().status, 503);
        assert_eq!(refused(503, "database_unavailable", "", &[]).unwrap().code, "");
        assert_eq!(refused(404, "not_found", "client not found", &[]).unwrap_err().status(), 404);
    }
}
