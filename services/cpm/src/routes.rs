//! The table of paths, and nothing else.

use hg_common::http::{Access, Routes, routes};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{
    api::{analytics, api_keys, budgets, estimate, events, generate, jobs, provider_keys, providers, usage},
    state::AppState,
};

/// Every path of the service. Trusted services call it with an API key, our own with an internal token.
pub(crate) fn routes() -> Routes<AppState> {
    let known = Access::ApiKeyOrInternal;
    Routes::with_openapi(Description::openapi())
        .add(known, routes!(generate::generate))
        .add(known, routes!(estimate::estimate))
        .add(known, routes!(providers::providers_status))
        .add(known, routes!(jobs::list::jobs_list))
        .add(known, routes!(jobs::overview::jobs_overview_show))
        .add(known, routes!(jobs::retry::jobs_retry_failed))
        .add(known, routes!(jobs::show::job_show, jobs::cancel::job_cancel_asked))
        .add(known, routes!(jobs::show::job_status))
        .add(known, routes!(jobs::retry::job_retry))
        .add(known, routes!(jobs::events::job_events))
        .add(known, routes!(events::tenant_events))
        .add(known, routes!(jobs::content::job_content_edit))
        .add(known, routes!(jobs::content::job_content_versions))
        .add(known, routes!(jobs::content::job_content_version))
        .add(known, routes!(jobs::content::job_content_restore))
        .add(known, routes!(jobs::approval::job_approval_give, jobs::approval::job_approvals))
        .add(known, routes!(analytics::strategy_analytics_show))
        .add(known, routes!(analytics::seo_rules_analytics_show))
        .add(known, routes!(budgets::budgets_list))
        .add(known, routes!(budgets::client_budget_show, budgets::client_limits_set))
        .add(known, routes!(budgets::client_cap_set))
        .add(known, routes!(usage::usage_show))
        .add(known, routes!(usage::costs_show))
        .merge(keys())
}

/// What people alone look after: no key makes a key.
fn keys() -> Routes<AppState> {
    let people = Access::Internal;
    Routes::new()
        .add(people, routes!(api_keys::list::api_keys_list, api_keys::create::api_key_make))
        .add(
            people,
            routes!(api_keys::show::api_key_show, api_keys::update::api_key_change, api_keys::revoke::api_key_end),
        )
        .add(people, routes!(api_keys::rotate::api_key_renew))
        .add(people, routes!(provider_keys::list::provider_keys_list, provider_keys::store::provider_key_put))
        .add(people, routes!(provider_keys::change::provider_key_change, provider_keys::delete::provider_key_remove))
        .add(people, routes!(provider_keys::test::provider_key_try))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Content production", version = env!("CARGO_PKG_VERSION")),
    security(("api_key" = []), ("bearer" = [])),
    tags(
        (name = "content", description = "Asking for content."),
        (name = "jobs", description = "Following, stopping and retrying jobs."),
        (name = "money", description = "Budgets, usage and costs."),
        (name = "providers", description = "Providers, models and prices."),
        (name = "api keys", description = "Keys of trusted services. For people alone, through the gateway."),
        (name = "provider keys", description = "Clients' own keys at providers. For people alone, through the gateway."),
    ),
    modifiers(&Credentials)
)]
struct Description;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        components
            .add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key"))));
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    }
}
