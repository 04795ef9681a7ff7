//! Content production.

use hg_common::auth::ApiScope::{Generate, JobsRead, JobsWrite, UsageRead};
use hg_types::Role::{Admin, Member, Viewer};

use crate::authorization::probe::{Needs, Place::Parent, Probe, Strangers::Nothing, delete, get, patch, post, put};

const ASK: &str = r#"{"client_id":"<client>","content_type":"blog_post","topic":"Bread"}"#;

const LIMITS: &str = r#"{"daily_usd":"50","monthly_usd":null}"#;

const EDIT: &str = r##"{"version":1,"content":"# Bread\n\nNew text."}"##;

const MAKE_KEY: &str = r#"{"name":"Shop","scopes":["generate"]}"#;

const STORE_KEY: &str = r#"{"provider":"openai","key":"sk-0123456789abcdef"}"#;

pub(super) const PROBES: &[Probe] = &[
    post("/generate").json(ASK).scope(Generate),
    post("/estimate").json(ASK).only_looks().role(Viewer).scope(Generate),
    get("/providers/status").needs(Needs::Known),
    get("/jobs").strangers(Nothing).scope(JobsRead),
    get("/jobs").query("?client_id=<client>").scope(JobsRead),
    get("/jobs").query("?client_id=<slug>").scope(JobsRead),
    get("/jobs").query("?client_id=<client>&status=pending").scope(JobsRead),
    get("/jobs").query("?q=kqzvcanary").strangers(Nothing).scope(JobsRead),
    get("/jobs/overview").strangers(Nothing).scope(JobsRead),
    get("/jobs/overview").query("?client_id=<client>").scope(JobsRead),
    // Each job is judged by itself: one may be allowed where another isn't.
    post("/jobs/retry-failed").query("?client_id=<client>").scope(JobsWrite).too_low_says(r#""retried":[]"#),
    get("/jobs/{id}").with(&[("id", "<done_job>")]).scope(JobsRead),
    delete("/jobs/{id}").with(&[("id", "<pending_job>")]).scope(JobsWrite),
    get("/jobs/{id}/status").with(&[("id", "<done_job>")]).scope(JobsRead),
    post("/jobs/{id}/retry").with(&[("id", "<failed_job>")]).scope(JobsWrite),
    get("/jobs/{id}/events").with(&[("id", "<done_job>")]).scope(JobsRead),
    get("/events").strangers(Nothing).scope(JobsRead),
    get("/events").query("?client_id=<client>").scope(JobsRead),
    get("/events").query("?client_id=<slug>&types=completed").scope(JobsRead),
    put("/jobs/{id}/content").with(&[("id", "<done_job>")]).json(EDIT).scope(JobsWrite),
    get("/jobs/{id}/versions").with(&[("id", "<done_job>")]).scope(JobsRead),
    get("/jobs/{id}/versions/{version}").with(&[("id", "<done_job>"), ("version", "1")]).scope(JobsRead),
    post("/jobs/{id}/versions/{version}/restore")
        .with(&[("id", "<done_job>"), ("version", "0")])
        .json(r#"{"version":1}"#)
        .scope(JobsWrite),
    post("/jobs/{id}/approval").with(&[("id", "<done_job>")]).json(r#"{"verdict":"rejected"}"#).scope(JobsWrite),
    get("/jobs/{id}/approval").with(&[("id", "<done_job>")]).scope(JobsRead),
    // Keys: for people alone, and no key looks after keys.
    get("/clients/{client}/api-keys").role(Admin).no_keys(),
    post("/clients/{client}/api-keys").json(MAKE_KEY).role(Admin).people_only().no_keys(),
    get("/clients/{client}/api-keys/{api_key}").role(Admin).no_keys(),
    patch("/clients/{client}/api-keys/{api_key}").json(r#"{"name":"Renamed"}"#).role(Admin).people_only().no_keys(),
    delete("/clients/{client}/api-keys/{api_key}").role(Admin).people_only().no_keys(),
    post("/clients/{client}/api-keys/{api_key}/rotate")
        .json(r#"{"overlap_seconds":0}"#)
        .role(Admin)
        .people_only()
        .no_keys(),
    get("/clients/{client}/provider-keys").role(Member).no_keys(),
    post("/clients/{client}/provider-keys").json(STORE_KEY).role(Admin).people_only().no_keys(),
    patch("/clients/{client}/provider-keys/{provider_key}")
        .json(r#"{"state":"disabled"}"#)
        .role(Admin)
        .people_only()
        .no_keys(),
    delete("/clients/{client}/provider-keys/{provider_key}").role(Admin).people_only().no_keys(),
    post("/clients/{client}/provider-keys/{provider_key}/test").role(Admin).people_only().no_keys(),
    get("/analytics/seo-rules/{rules}").strangers(Nothing).scope(JobsRead),
    get("/analytics/seo-rules/{rules}").query("?client_id=<client>").scope(JobsRead),
    get("/analytics/strategies/{strategy}").strangers(Nothing).scope(JobsRead),
    get("/analytics/strategies/{strategy}").query("?client_id=<client>").scope(JobsRead),
    get("/budgets").strangers(Nothing).scope(UsageRead),
    get("/budgets").query("?client_id=<client>").scope(UsageRead),
    get("/clients/{client}/budget").scope(UsageRead),
    get("/clients/{client}/budget").with(&[("client", "<slug>")]).scope(UsageRead),
    put("/clients/{client}/budget").json(LIMITS).role(Admin),
    put("/clients/{client}/budget/cap").json(LIMITS).role_at(Admin, Parent),
    get("/usage").strangers(Nothing).scope(UsageRead),
    get("/usage").query("?client_id=<client>&group_by=client,model").scope(UsageRead),
    get("/costs").query("?group_by=client").strangers(Nothing).scope(UsageRead),
    get("/costs").query("?client_id=<client>").scope(UsageRead),
];
