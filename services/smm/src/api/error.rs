//! Rules and constraints as answers. Each constraint of our tables that a caller can run into has its own message.

use hg_common::{
    db::{detail, sql_state},
    http::{ApiError, closed_client, constraint_name},
};

use crate::domain::{
    access::RoleTooLow, deletion::DeletionRefused, erasure::ErasureRefused, membership::MembershipRefused,
};

/// What a refused write means to the caller. Everything unknown stays an opaque 5xx.
pub(crate) fn database(error: sqlx::Error) -> ApiError {
    if let Some(closed) = closed_client(&error) {
        return closed.with_source(error);
    }
    let answer = match constraint_name(&error) {
        Some("clients_slug_key") => ApiError::conflict("slug_taken", "another client has this slug: choose another"),
        Some("clients_slug_format") => {
            ApiError::field("slug", "must be lower-case letters and digits, with single hyphens between")
        }
        Some("clients_slug_no_id") => ApiError::field("slug", "must not look like an id"),
        Some("clients_name_length") => ApiError::field("name", "must have 1 to 255 characters"),
        Some("clients_metadata_object") => ApiError::field("metadata", "must be an object of at most 64 KiB"),
        Some("clients_no_cycle" | "clients_not_own_parent") => {
            ApiError::field("parent_id", "a client can't stand below itself, or below what stands below it")
        }
        Some("clients_agency_under_root") => ApiError::field("parent_id", "an agency's parent is the root"),
        Some("clients_customer_under_agency_or_root") => {
            ApiError::field("parent_id", "a customer's parent is an agency or the root")
        }
        Some("clients_parent_archived") => {
            ApiError::conflict("parent_archived", "what it would stand below is archived: restore that first")
        }
        Some("clients_erased_stay_archived") => {
            ApiError::conflict("client_erased", "it is erased, or is being erased: it can't be brought back")
        }
        Some("data_jobs_one_per_client" | "data_jobs_one_per_person") => {
            ApiError::conflict("data_job_running", "this is under way already: see its data job")
        }
        Some("clients_type_with_children") => {
            ApiError::conflict("client_has_clients", "a client with clients below it keeps its type")
        }
        Some("valid_hierarchy" | "clients_single_root") => {
            ApiError::field("type", "there is one root, and only it has no parent")
        }
        Some("strategies_one_active") => {
            ApiError::conflict("strategy_exists", "the client has a strategy for this content type: change that one")
        }
        Some("seo_rules_one_active") => {
            ApiError::conflict("seo_rules_exist", "the client has SEO rules for this content type: change those")
        }
        Some("strategies_configuration_object") => ApiError::field("configuration", "is too large"),
        // A membership of an account that has gone in the meantime.
        Some("client_users_user_id_fkey") => ApiError::field("email", "no account has this address"),
        // The client was deleted in the meantime.
        Some(
            "clients_parent_fkey"
            | "client_users_client_id_fkey"
            | "invitations_client_id_fkey"
            | "strategies_client_id_fkey"
            | "seo_rules_client_id_fkey"
            | "strategy_versions_client_id_fkey"
            | "seo_rule_versions_client_id_fkey",
        ) => ApiError::not_found("client"),
        Some("client_users_last_owner") => MembershipRefused::LastOwner.into(),
        Some("invitations_one_open") => {
            ApiError::conflict("already_invited", "there is an open invitation to this address: send that one again")
        }
        Some("invitations_email_format") => ApiError::field("email", "must be an e-mail address"),
        _ => match (sql_state(&error).as_deref(), detail(&error)) {
            (Some("HG404"), Some(what @ ("person" | "data job"))) => ApiError::not_found(what),
            (Some("HG409"), Some("last_owner")) => {
                ApiError::conflict("last_owner", "a client would be left without an owner: name another first")
            }
            (Some("HG409"), Some("erasure_goes_on")) => {
                ApiError::conflict("erasure_goes_on", "an erasure can't be stopped half-way")
            }
            // Raised by our own functions, where the rules of this service should have said so before.
            (Some("HG404"), Some("parent_id")) => ApiError::field("parent_id", "there is no such client"),
            (Some("HG404"), _) => ApiError::not_found("client"),
            (Some("HG403"), _) => ApiError::forbidden("you may not do this here"),
            (Some("HG409"), _) => ApiError::conflict("root_stays", "the root can't be moved, archived or deleted"),
            // Row-level security: the rules of this service should have said so before.
            (Some("42501"), _) => ApiError::forbidden("you may not do this here"),
            _ => return error.into(),
        },
    };
    answer.with_source(error)
}

impl From<RoleTooLow> for ApiError {
    fn from(refused: RoleTooLow) -> Self {
        Self::forbidden(refused.to_string())
    }
}

impl From<MembershipRefused> for ApiError {
    fn from(refused: MembershipRefused) -> Self {
        match refused {
            MembershipRefused::AboveOwnRole(_) | MembershipRefused::MemberIsAbove(_) => {
                Self::forbidden(refused.to_string())
            }
            MembershipRefused::LastOwner => Self::conflict("last_owner", refused.to_string()),
        }
    }
}

impl From<DeletionRefused> for ApiError {
    fn from(refused: DeletionRefused) -> Self {
        Self::conflict(refused.code(), refused.to_string())
    }
}

impl From<ErasureRefused> for ApiError {
    fn from(refused: ErasureRefused) -> Self {
        Self::conflict(refused.code(), refused.to_string())
    }
}
