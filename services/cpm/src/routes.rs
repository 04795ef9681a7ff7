//! The table of paths, and nothing else.

use hg_common::http::{Access, Routes, routes};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::{
    api::{analytics, estimate, events, generate, jobs, providers},
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
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Content production", version = env!("CARGO_PKG_VERSION")),
    security(("api_key" = []), ("bearer" = [])),
    tags(
        (name = "content", description = "Asking for content."),
        (name = "jobs", description = "Following, stopping and retrying jobs."),
        (name = "providers", description = "Providers, models and prices."),
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
