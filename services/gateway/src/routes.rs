//! The table of paths, and nothing else.

use axum::routing::{get, post};
use hg_common::http::{Access, HealthChecks, Routes, routes};
use http::Method;

use crate::{
    api::{
        api_keys, auth, budgets, clients, content, hierarchy, invitations, jobs, me, members, provider_keys, providers,
        retention, seo_rules, strategies, templates, texts, versions,
    },
    openapi,
    pages::{
        assets, audit, content as form, costs, dashboard, data, directory, find, job, jobs as job_list,
        keys as key_pages, people, strategies as says,
    },
    session::forms::{invitation, login, logout, reset},
    state::AppState,
};

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const GET_POST: &[Method] = &[Method::GET, Method::POST];

/// Every path of the gateway but the standard ones.
pub(crate) fn routes(health: &HealthChecks) -> Routes<AppState> {
    let api = api().describe(openapi::complete).hidden(Access::Public, GET, "/api/health", health.handler());
    api.merge(pages()).merge(of_clients()).merge(fragments()).merge(assets())
}

fn api() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .add(Access::Public, routes!(auth::login))
        .add(Access::Public, routes!(auth::session))
        .add(session, routes!(auth::logout))
        .add(session, routes!(me::me))
        .add(session, routes!(clients::list, clients::create))
        .add(session, routes!(clients::fetch, clients::update, clients::delete))
        .add(session, routes!(clients::hierarchy))
        .add(session, routes!(hierarchy::tree))
        .add(session, routes!(hierarchy::relocate))
        .add(session, routes!(hierarchy::archive))
        .add(session, routes!(hierarchy::restore))
        .add(session, routes!(hierarchy::deletion))
        .add(session, routes!(retention::retention, retention::save))
        .add(session, routes!(members::list, members::put))
        .add(session, routes!(members::change, members::remove))
        .add(session, routes!(members::leave))
        .add(session, routes!(invitations::list, invitations::create))
        .add(session, routes!(invitations::resend))
        .add(session, routes!(invitations::revoke))
        .add(session, routes!(invitations::preview))
        .add(session, routes!(invitations::accept))
        .add(session, routes!(strategies::list, strategies::create))
        .add(session, routes!(strategies::effective))
        .add(session, routes!(strategies::fetch, strategies::update, strategies::delete))
        .add(session, routes!(versions::guide))
        .add(session, routes!(versions::list))
        .add(session, routes!(versions::fetch))
        .add(session, routes!(versions::compare))
        .add(session, routes!(versions::restore))
        .add(session, routes!(versions::analytics))
        .add(session, routes!(seo_rules::list, seo_rules::create))
        .add(session, routes!(seo_rules::fetch, seo_rules::update, seo_rules::delete))
        .add(session, routes!(seo_rules::versions))
        .add(session, routes!(seo_rules::version))
        .add(session, routes!(seo_rules::compare))
        .add(session, routes!(seo_rules::restore))
        .add(session, routes!(seo_rules::analytics))
        .add(session, routes!(jobs::list, jobs::create))
        .add(session, routes!(jobs::fetch, jobs::update, jobs::cancel))
        .add(session, routes!(jobs::status))
        .add(session, routes!(jobs::events))
        .add(session, routes!(texts::edit))
        .add(session, routes!(texts::versions))
        .add(session, routes!(texts::version))
        .add(session, routes!(texts::restore))
        .add(session, routes!(texts::verdicts, texts::judge))
        .add(session, routes!(content::generate))
        .add(session, routes!(content::estimate))
        .add(session, routes!(templates::list, templates::create))
        .add(session, routes!(templates::validate))
        .add(session, routes!(templates::fetch, templates::update))
        .add(session, routes!(providers::status))
        .merge(keys())
        .merge(money())
}

fn money() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .add(session, routes!(budgets::budget, budgets::set_limits))
        .add(session, routes!(budgets::set_cap))
        .add(session, routes!(budgets::budgets))
        .add(session, routes!(budgets::usage))
        .add(session, routes!(budgets::costs))
}

fn keys() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .add(session, routes!(api_keys::list, api_keys::create))
        .add(session, routes!(api_keys::fetch, api_keys::update, api_keys::revoke))
        .add(session, routes!(api_keys::rotate))
        .add(session, routes!(provider_keys::list, provider_keys::store))
        .add(session, routes!(provider_keys::update, provider_keys::delete))
        .add(session, routes!(provider_keys::test))
}

fn pages() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .hidden(session, GET, "/", get(dashboard::show::show))
        .hidden(session, GET, "/content/new", get(form::show::new))
        .hidden(session, POST, "/content", post(form::show::create))
        .hidden(session, GET, "/jobs", get(job_list::list::index))
        .hidden(session, GET, "/jobs/{id}", get(job::show::show))
        .hidden(session, POST, "/jobs/{id}/cancel", post(job::show::cancel))
        .hidden(session, POST, "/jobs/{id}/approval", post(job::approve::submit))
        .hidden(session, GET, "/jobs/{id}/download.md", get(job::show::markdown))
        .hidden(session, GET, "/jobs/{id}/download.html", get(job::show::html))
        .hidden(Access::Public, GET_POST, "/invitations/{token}", get(invitation::form).post(invitation::submit))
        .hidden(Access::Public, GET_POST, "/login", get(login::form).post(login::submit))
        .hidden(Access::Session, POST, "/logout", post(logout::submit))
        .hidden(Access::Public, GET_POST, "/reset/{token}", get(reset::form).post(reset::submit))
}

fn of_clients() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .hidden(session, GET_POST, "/clients", get(directory::index::index).post(directory::new::create))
        .hidden(session, GET, "/new-client", get(directory::new::form))
        .hidden(session, GET_POST, "/clients/{slug}", get(directory::show::show).post(directory::change::save))
        .hidden(session, GET, "/clients/{slug}/edit", get(directory::change::form))
        .hidden(
            session,
            GET_POST,
            "/clients/{slug}/move",
            get(directory::relocate::form).post(directory::relocate::submit),
        )
        .hidden(session, POST, "/clients/{slug}/archive", post(directory::standing::archive))
        .hidden(session, POST, "/clients/{slug}/restore", post(directory::standing::restore))
        .hidden(
            session,
            GET_POST,
            "/clients/{slug}/delete",
            get(directory::deletion::form).post(directory::deletion::submit),
        )
        .hidden(session, GET, "/clients/{slug}/strategies", get(says::index::show))
        .merge(versioned("/clients/{slug}/strategies/{content_type}"))
        .merge(versioned("/clients/{slug}/seo-rules/{content_type}"))
        .hidden(session, GET, "/clients/{slug}/people", get(people::show::show))
        .hidden(session, POST, "/clients/{slug}/people/{user}/role", post(people::members::role))
        .hidden(session, POST, "/clients/{slug}/people/{user}/remove", post(people::members::remove))
        .hidden(session, POST, "/clients/{slug}/leave", post(people::members::leave))
        .hidden(session, POST, "/clients/{slug}/invitations", post(people::invite::create))
        .hidden(session, POST, "/clients/{slug}/invitations/{id}/resend", post(people::invite::resend))
        .hidden(session, POST, "/clients/{slug}/invitations/{id}/revoke", post(people::invite::revoke))
        .merge(keys_of_clients())
        .merge(records_of_clients())
}

/// What admins look after for services: API keys and provider keys. What ends a key asks first.
fn keys_of_clients() -> Routes<AppState> {
    use key_pages::{api, edit, provider, show};
    let session = Access::Session;
    let base = "/clients/{slug}/keys";
    Routes::new()
        .hidden(session, GET, base, get(show::show))
        .hidden(session, POST, &format!("{base}/api"), post(api::create))
        .hidden(session, GET_POST, &format!("{base}/api/{{key}}/edit"), get(edit::form).post(edit::save))
        .hidden(session, GET_POST, &format!("{base}/api/{{key}}/rotate"), get(api::rotate_form).post(api::rotate))
        .hidden(session, GET_POST, &format!("{base}/api/{{key}}/revoke"), get(api::revoke_form).post(api::revoke))
        .hidden(session, POST, &format!("{base}/providers"), post(provider::store))
        .hidden(session, POST, &format!("{base}/providers/{{key}}/test"), post(provider::test))
        .hidden(session, POST, &format!("{base}/providers/{{key}}/state"), post(provider::state))
        .hidden(
            session,
            GET_POST,
            &format!("{base}/providers/{{key}}/delete"),
            get(provider::delete_form).post(provider::delete),
        )
}

/// What is on record: costs, the audit log, and the data as a whole.
fn records_of_clients() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .hidden(session, GET, "/clients/{slug}/costs", get(costs::show::show))
        .hidden(session, POST, "/clients/{slug}/costs/limits", post(costs::limits::own))
        .hidden(session, POST, "/clients/{slug}/costs/cap", post(costs::limits::cap))
        .hidden(session, GET, "/clients/{slug}/audit", get(audit::list::show))
        .hidden(session, GET, "/clients/{slug}/audit/export", get(audit::list::export))
        .hidden(session, GET, "/clients/{slug}/data", get(data::show::show))
        .hidden(session, GET, "/clients/{slug}/data/jobs", get(data::jobs::list))
        .hidden(session, POST, "/clients/{slug}/data/retention", post(data::retention::save))
        .hidden(session, POST, "/clients/{slug}/data/export", post(data::jobs::export))
        .hidden(session, GET, "/clients/{slug}/data/{job}/download", get(data::jobs::download))
        .hidden(session, POST, "/clients/{slug}/data/{job}/cancel", post(data::jobs::cancel))
        .hidden(session, GET_POST, "/clients/{slug}/data/erasure", get(data::erasure::form).post(data::erasure::submit))
}

/// Strategies and SEO rules have the same pages.
fn versioned(base: &str) -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .hidden(session, GET_POST, base, get(says::form::show).post(says::form::save))
        .hidden(session, GET, &format!("{base}/history"), get(says::history::show))
        .hidden(session, GET, &format!("{base}/compare"), get(says::compare::show))
        .hidden(session, POST, &format!("{base}/restore"), post(says::history::restore))
        .hidden(session, POST, &format!("{base}/delete"), post(says::history::delete))
}

fn fragments() -> Routes<AppState> {
    let session = Access::Session;
    Routes::new()
        .hidden(session, GET, "/find-clients", get(find::find))
        .hidden(session, GET, "/recent", get(dashboard::show::recent))
        .hidden(session, GET, "/content/models", get(form::show::models))
        .hidden(session, GET, "/content/strategy", get(form::show::strategy))
        .hidden(session, POST, "/content/estimate", post(form::show::estimate))
        .hidden(session, GET, "/jobs/list", get(job_list::list::list))
        .hidden(session, GET, "/jobs/{id}/view", get(job::show::part))
        .hidden(session, GET, "/jobs/{id}/events", get(jobs::events))
}

fn assets() -> Routes<AppState> {
    Routes::new().hidden(Access::Public, GET, "/assets/{file}", get(assets::serve))
}
