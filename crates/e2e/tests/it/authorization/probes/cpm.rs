//! Content production.

use hg_common::auth::ApiScope::{Generate, JobsRead, JobsWrite};
use hg_types::Role::Viewer;

use crate::authorization::probe::{Needs, Probe, Strangers::Nothing, delete, get, post, put};

const ASK: &str = r#"{"client_id":"<client>","content_type":"blog_post","topic":"Bread"}"#;

const EDIT: &str = r##"{"version":1,"content":"# Bread\n\nNew text."}"##;

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
    get("/analytics/seo-rules/{rules}").strangers(Nothing).scope(JobsRead),
    get("/analytics/seo-rules/{rules}").query("?client_id=<client>").scope(JobsRead),
    get("/analytics/strategies/{strategy}").strangers(Nothing).scope(JobsRead),
    get("/analytics/strategies/{strategy}").query("?client_id=<client>").scope(JobsRead),
];
