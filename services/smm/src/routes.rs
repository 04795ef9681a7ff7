//! The table of paths, and nothing else.

use hg_common::http::{Access, Routes, routes};

use crate::{
    api::{audit, clients, data_jobs, invitations, members, people, seo_rules, strategies},
    state::AppState,
};

/// Every path of the service. Only our own services call it, with an internal token.
pub(crate) fn routes() -> Routes<AppState> {
    let internal = Access::Internal;
    Routes::new()
        .add(internal, routes!(clients::list::list_clients, clients::create::create_client))
        .add(
            internal,
            routes!(clients::fetch::get_client, clients::update::update_client, clients::delete::delete_client),
        )
        .add(internal, routes!(clients::hierarchy::get_hierarchy))
        .add(internal, routes!(clients::tree::get_client_tree))
        .add(internal, routes!(clients::relocate::move_client))
        .add(internal, routes!(clients::archive::archive_client))
        .add(internal, routes!(clients::restore::restore_client))
        .add(internal, routes!(clients::deletion::get_deletion))
        .add(internal, routes!(clients::export::export_client))
        .add(internal, routes!(clients::erasure::get_client_erasure, clients::erasure::erase_client))
        .add(internal, routes!(clients::retention::get_retention, clients::retention::put_retention))
        .add(internal, routes!(people::export::export_person))
        .add(internal, routes!(people::erasure::get_person_erasure, people::erasure::erase_person))
        .add(internal, routes!(data_jobs::list::list_data_jobs))
        .add(internal, routes!(data_jobs::fetch::get_data_job))
        .add(internal, routes!(data_jobs::cancel::cancel_data_job))
        .add(internal, routes!(data_jobs::download::download_export))
        .add(internal, routes!(members::list::list_members, members::put::put_member))
        .add(internal, routes!(members::change::change_member, members::delete::delete_member))
        .add(internal, routes!(members::leave::leave_client))
        .add(internal, routes!(invitations::list::list_invitations, invitations::create::create_invitation))
        .add(internal, routes!(invitations::resend::resend_invitation))
        .add(internal, routes!(invitations::revoke::revoke_invitation))
        .add(internal, routes!(invitations::preview::preview_invitation))
        .add(internal, routes!(invitations::accept::accept_invitation))
        .add(internal, routes!(strategies::list_strategies, strategies::create_strategy))
        .add(internal, routes!(strategies::effective::get_effective_strategy))
        .add(internal, routes!(strategies::get_strategy, strategies::update_strategy, strategies::delete_strategy))
        .add(internal, routes!(strategies::guide::get_strategy_guide))
        .add(internal, routes!(strategies::list_strategy_versions))
        .add(internal, routes!(strategies::get_strategy_version))
        .add(internal, routes!(strategies::compare_strategy))
        .add(internal, routes!(strategies::restore_strategy))
        .add(internal, routes!(seo_rules::list_seo_rules, seo_rules::create_seo_rules))
        .add(internal, routes!(seo_rules::get_seo_rules, seo_rules::update_seo_rules, seo_rules::delete_seo_rules))
        .add(internal, routes!(seo_rules::list_seo_rules_versions))
        .add(internal, routes!(seo_rules::get_seo_rules_version))
        .add(internal, routes!(seo_rules::compare_seo_rules))
        .add(internal, routes!(seo_rules::restore_seo_rules))
        .add(internal, routes!(audit::list::list_audit))
        .add(internal, routes!(audit::export::export_audit))
        .add(internal, routes!(audit::fetch::get_audit_entry))
}
