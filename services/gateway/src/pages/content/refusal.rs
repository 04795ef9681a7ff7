//! Why a job wasn't accepted, said where it can be mended: beside a field, or above the form.

use hg_common::{auth::Service, http::error_chain};
use hg_contracts::{ClientError, client::WireFieldError};
use http::StatusCode;

use crate::pages::{
    forms::sentence,
    parts::{FieldProblem, Text},
};

/// A refusal as the form shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status of the answer.
    pub(super) status: StatusCode,
    /// What is wrong as a whole.
    pub(super) alert: Option<Text>,
    /// What is wrong with single fields.
    pub(super) errors: Vec<FieldProblem>,
    /// Whether the form's key was spent on another request, so that it needs a new one.
    pub(super) key: Key,
}

/// What becomes of the form's idempotency key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Key {
    /// Nothing was accepted under it, or the same request was: sending it again is harmless.
    #[default]
    Keep,
    /// Another request was accepted under it.
    Replace,
}

impl Refusal {
    /// What the person typed can't be a request.
    pub(super) fn invalid(errors: Vec<FieldProblem>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors, ..Self::default() }
    }

    fn whole(status: StatusCode, alert: impl Into<Text>) -> Self {
        Self { status, alert: Some(alert.into()), ..Self::default() }
    }

    fn field(status: StatusCode, field: &'static str, message: impl Into<Text>) -> Self {
        Self { status, errors: vec![FieldProblem::new(field, message)], ..Self::default() }
    }

    /// What content production said, or that it said nothing.
    pub(super) fn of(error: &ClientError) -> Self {
        let ClientError::Refused { status, error: wire, retry_after, .. } = error else {
            return Self::away(error);
        };
        match (status.as_u16(), wire.code.as_str()) {
            (422, _) if !wire.details.is_empty() => Self::fields(&wire.details),
            (402, _) => Self::whole(*status, sentence(&wire.message)),
            (403, _) => Self::field(*status, "client", "You can read, but not write, for this client."),
            (404, _) => Self::field(
                StatusCode::UNPROCESSABLE_ENTITY,
                "client",
                "There is no such client, or you have no access to it.",
            ),
            (409, "idempotency_key_reused") => {
                let alert = "This form was sent before and was changed since. Send it again to start another job.";
                Self { key: Key::Replace, ..Self::whole(*status, alert) }
            }
            (409, "client_archived") => {
                Self::field(*status, "client", "This client is archived: nothing is written for it.")
            }
            (503, "provider_not_configured") => Self::field(*status, "llm_provider", sentence(&wire.message)),
            (429, _) => {
                let alert = match retry_after {
                    Some(seconds) => format!("Too many requests. Try again in {seconds} seconds."),
                    None => "Too many requests. Wait a minute and try again.".to_owned(),
                };
                Self::whole(*status, alert)
            }
            (400..=499, _) if *status != StatusCode::UNAUTHORIZED => Self::whole(*status, sentence(&wire.message)),
            _ => Self::away(error),
        }
    }

    fn away(error: &ClientError) -> Self {
        tracing::warn!(error = %error_chain(error), "a form could not be passed on");
        let who = match error {
            ClientError::Away { service: Service::Smm, .. } => "Strategy management",
            _ => "Content production",
        };
        // The key stays: should the job have been accepted after all, sending the form again finds it.
        Self::whole(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{who} doesn’t answer. What you typed is still here: send it again in a moment."),
        )
    }

    fn fields(details: &[WireFieldError]) -> Self {
        let mut refusal = Self::invalid(Vec::new());
        for WireFieldError { field, message } in details {
            let name = field.split(['[', '.']).next().unwrap_or_default();
            let Some((own, label)) = own_field(name) else {
                refusal.alert.get_or_insert_with(|| sentence(&format!("{field}: {message}")).into());
                continue;
            };
            let message = match message.strip_prefix("must ") {
                Some(rest) => format!("{label} must {rest}."),
                None => format!("{label}: {}", sentence(message)),
            };
            // The summary lists each field once.
            if !refusal.errors.iter().any(|known| known.field == own) {
                refusal.errors.push(FieldProblem::new(own, message));
            }
        }
        refusal
    }

    /// All of it in one sentence, for where there is no room for more.
    pub(super) fn in_short(&self) -> Text {
        let first = self.errors.first().map(|problem| problem.message.clone());
        self.alert.clone().or(first).unwrap_or("This can’t be sent yet.".into())
    }
}

/// The form's field for one of the request's, and its label.
fn own_field(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "client_id" => ("client", "The client"),
        "content_type" => ("content_type", "The type"),
        "topic" => ("topic", "The topic"),
        "keywords" => ("keywords", "Keywords"),
        "focus_keyphrase" => ("focus_keyphrase", "The focus keyphrase"),
        "target_audience" => ("target_audience", "The audience"),
        "tone" => ("tone", "The tone"),
        "length" | "word_count_range" => ("length", "The length"),
        "llm_provider" | "provider_key_id" => ("llm_provider", "The provider"),
        "model" => ("model", "The model"),
        "max_tokens" => ("max_tokens", "The token limit"),
        "prompt" => ("extra_instructions", "The extra instructions"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use hg_contracts::client::WireError;

    use super::*;

    fn refused(status: u16, code: &str, message: &str, details: &[(&str, &str)]) -> Refusal {
        let details = details
            .iter()
            .map(|(field, message)| WireFieldError { field: (*field).to_owned(), message: (*message).to_owned() })
            .collect();
        Refusal::of(&ClientError::Refused {
            service: Service::Cpm,
            status: StatusCode::from_u16(status).unwrap(),
            error: WireError { code: code.to_owned(), message: message.to_owned(), details, budget: None },
            retry_after: None,
        })
    }

    #[test]
    fn fields_are_named_as_the_form_names_them() {
        let details = [
            ("client_id", "must not be empty"),
            ("keywords[2]", "must have at most 100 characters"),
            ("keywords[3]", "must not be empty"),
            ("prompt", "must have at most 20000 characters"),
            ("model", "\"gpt-9\" has no known price at OpenAI"),
            ("temperature", "must be 0.0 to 2.0"),
        ];
        let refusal = refused(422, "validation_failed", "", &details);
        let shown: Vec<_> = refusal.errors.iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
        assert_eq!(
            shown,
            [
                "client: The client must not be empty.",
                "keywords: Keywords must have at most 100 characters.",
                "extra_instructions: The extra instructions must have at most 20000 characters.",
                "model: The model: \"gpt-9\" has no known price at OpenAI.",
            ]
        );
        assert_eq!(
            (refusal.status.as_u16(), refusal.alert.as_deref()),
            (422, Some("Temperature: must be 0.0 to 2.0."))
        );
    }

    #[test]
    fn a_budget_says_what_is_left_and_a_provider_what_it_lacks() {
        let budget = "the client's daily budget has 0.01 USD left and 0.05 USD are needed; it starts anew at 2026-11-22 00:00 UTC";
        let refusal = refused(402, "budget_exceeded", budget, &[]);
        assert!(refusal.alert.unwrap().starts_with("The client's daily budget has 0.01 USD left"));
        let refusal = refused(503, "provider_not_configured", "OpenRouter API key is not configured", &[]);
        assert_eq!(refusal.errors, [FieldProblem::new("llm_provider", "OpenRouter API key is not configured.")]);
    }

    #[test]
    fn a_spent_key_is_replaced_and_silence_keeps_it() {
        assert_eq!(refused(409, "idempotency_key_reused", "", &[]).key, Key::Replace);
        let away = refused(500, "internal_error", "", &[]);
        assert_eq!((away.status.as_u16(), away.key), (503, Key::Keep));
    }
}
