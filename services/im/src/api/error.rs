//! Rules and constraints as answers. Each constraint of our tables that a caller can run into has its own message.

use hg_common::{
    db::sql_state,
    http::{ApiError, closed_client, constraint_name},
};
use hg_types::Role;
use http::StatusCode;

use crate::domain::engine::Unusable;

/// What a refused write means to the caller. Everything unknown stays an opaque 5xx.
pub(crate) fn database(error: sqlx::Error) -> ApiError {
    let answer = match constraint_name(&error) {
        Some("prompt_templates_one_active") => {
            ApiError::conflict("template_exists", "the client has a template for this content type: change that one")
        }
        Some("prompt_templates_name_length") => ApiError::field("name", "must have 1 to 255 characters"),
        Some("prompt_templates_system_length") => ApiError::field("system_template", "must not exceed 64 KiB"),
        Some("prompt_templates_template_length") => ApiError::field("template", "must have 1 byte to 64 KiB"),
        Some("prompt_templates_variables_object") => ApiError::field("variables", "must not exceed 64 KiB"),
        Some("prompt_template_versions_note_length") => ApiError::field("note", "must have at most 1,000 characters"),
        _ => match closed_client(&error) {
            Some(closed) => closed,
            // Row-level security: the rules of this service should have said so before.
            None if sql_state(&error).as_deref() == Some("42501") => ApiError::forbidden("you may not do this here"),
            None => return error.into(),
        },
    };
    answer.with_source(error)
}

/// The caller sees the client or template but may not do this.
pub(crate) fn role_too_low(held: Option<Role>, needed: Role, action: &str) -> Result<(), ApiError> {
    if held >= Some(needed) {
        return Ok(());
    }
    Err(ApiError::forbidden(format!("{action} needs the role {needed} on its client")))
}

/// A saved template that can't make a prompt of these values: waiting won't help, changing it will.
pub(crate) fn unusable(name: &str, unusable: &Unusable) -> ApiError {
    let line = unusable.problem.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let message =
        format!("the template \"{name}\" can't be used ({}{line}): {}", unusable.field, unusable.problem.message);
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "template_failed", message)
}
