//! The gateway: the public API, pages and fragments.

use hg_types::Role::{Admin, Member, Owner, Viewer};

use crate::authorization::probe::{
    Needs::{Invited, Known, Nobody, OwnSession, Secret},
    Place::{Parent, Root},
    Probe,
    Strangers::{Nothing, Refused},
    delete, get, patch, post, put,
};

const CLIENT: &[(&str, &str)] = &[("id", "<client>")];
const EMPTY: &[(&str, &str)] = &[("id", "<empty>")];
const STRATEGY: &[(&str, &str)] = &[("id", "<strategy>")];
const TEMPLATE: &[(&str, &str)] = &[("id", "<template>")];
const ARCHIVED: &[(&str, &str)] = &[("id", "<archived>")];
const MEMBER: &[(&str, &str)] = &[("id", "<client>"), ("user", "<member>")];
const VERSION: &[(&str, &str)] = &[("id", "<strategy>"), ("version", "1")];
const RULES: &[(&str, &str)] = &[("id", "<rules>")];
const RULES_VERSION: &[(&str, &str)] = &[("id", "<rules>"), ("version", "1")];
const DONE: &[(&str, &str)] = &[("id", "<done_job>")];
const DONE_VERSION: &[(&str, &str)] = &[("id", "<done_job>"), ("version", "1")];
const DONE_FIRST: &[(&str, &str)] = &[("id", "<done_job>"), ("version", "0")];
const EDIT: &str = r##"{"version":1,"content":"# Bread\n\nNew text."}"##;
const PENDING: &[(&str, &str)] = &[("id", "<pending_job>")];
const NO_LINK: &[(&str, &str)] = &[("token", "no-such-link")];
const BLOG: &[(&str, &str)] = &[("content_type", "blog_post")];
const INVITATION: &[(&str, &str)] = &[("id", "<invitation>")];
const DATA_JOB: &[(&str, &str)] = &[("job", "<data_job>")];
const EXPORT_JOB: &[(&str, &str)] = &[("job", "<export_job>")];

const ASK: &str = r#"{"client_id":"<client>","content_type":"blog_post","topic":"Bread"}"#;
const ASK_FORM: &str = "client=<slug>&content_type=blog_post&topic=Bread&idempotency_key=0123456789abcdef0123";
const SAVE_STRATEGY: &str = r#"{"name":"Saved","content_type":"blog_post","configuration":{"tone":"calm"}}"#;
const MAKE_STRATEGY: &str = r#"{"name":"Made","content_type":"press_release","configuration":{"tone":"calm"}}"#;
const SAVE_RULES: &str = r#"{"content_type":"blog_post","rules":{"text_length_min":400}}"#;
const MAKE_RULES: &str = r#"{"content_type":"press_release","rules":{"text_length_min":400}}"#;
const MAKE_TEMPLATE: &str =
    r#"{"client_id":"<client>","name":"Made","content_type":"press_release","template":"{{ topic }}"}"#;
const SAVE_TEMPLATE: &str =
    r#"{"client_id":"<client>","name":"Saved","content_type":"blog_post","template":"{{ topic }}"}"#;

const API_KEY: &[(&str, &str)] = &[("id", "<client>"), ("api_key", "<api_key>")];
const PROVIDER_KEY: &[(&str, &str)] = &[("id", "<client>"), ("provider_key", "<provider_key>")];
const KEY_PAGE: &[(&str, &str)] = &[("key", "<api_key>")];
const PROVIDER_KEY_PAGE: &[(&str, &str)] = &[("key", "<provider_key>")];
const MAKE_KEY: &str = r#"{"name":"Shop","scopes":["generate"]}"#;
const LIMITS: &str = r#"{"daily_usd":"7","monthly_usd":null}"#;
const STORE_KEY: &str = r#"{"provider":"openai","key":"sk-0123456789abcdef"}"#;

pub(super) const PROBES: &[Probe] = &[
    // Accounts.
    post("/api/auth/login").json(r#"{"email":"nobody@example.com","password":"no such password"}"#).needs(Nobody),
    get("/api/auth/session").needs(Nobody),
    post("/api/auth/logout").needs(OwnSession),
    get("/api/me").needs(Known),
    get("/api/health").needs(Nobody),
    // Keys.
    get("/api/clients/{id}/api-keys").with(CLIENT).role(Admin),
    post("/api/clients/{id}/api-keys").with(CLIENT).json(MAKE_KEY).role(Admin),
    get("/api/clients/{id}/api-keys/{api_key}").with(API_KEY).role(Admin),
    patch("/api/clients/{id}/api-keys/{api_key}").with(API_KEY).json(r#"{"name":"Renamed"}"#).role(Admin),
    delete("/api/clients/{id}/api-keys/{api_key}").with(API_KEY).role(Admin),
    post("/api/clients/{id}/api-keys/{api_key}/rotate").with(API_KEY).json(r#"{"overlap_seconds":0}"#).role(Admin),
    get("/api/clients/{id}/provider-keys").with(CLIENT).role(Member),
    post("/api/clients/{id}/provider-keys").with(CLIENT).json(STORE_KEY).role(Admin),
    patch("/api/clients/{id}/provider-keys/{provider_key}")
        .with(PROVIDER_KEY)
        .json(r#"{"state":"disabled"}"#)
        .role(Admin),
    delete("/api/clients/{id}/provider-keys/{provider_key}").with(PROVIDER_KEY).role(Admin),
    post("/api/clients/{id}/provider-keys/{provider_key}/test").with(PROVIDER_KEY).role(Admin),
    // Money.
    get("/api/clients/{id}/budget").with(CLIENT),
    put("/api/clients/{id}/budget").with(CLIENT).json(LIMITS).role(Admin),
    put("/api/clients/{id}/budget/cap").with(CLIENT).json(LIMITS).role_at(Admin, Parent),
    get("/api/clients/{id}/budgets").with(CLIENT),
    get("/api/clients/{id}/usage").with(CLIENT),
    get("/api/clients/{id}/costs").with(CLIENT).query("?group_by=client"),
    get("/api/clients/{id}/retention").with(CLIENT),
    put("/api/clients/{id}/retention").with(CLIENT).json(r#"{"jobs_days":90}"#).role(Owner),
    // Clients.
    get("/api/clients").strangers(Nothing),
    get("/api/clients").query("?q=kqzvcanary").strangers(Nothing),
    get("/api/clients").query("?parent_id=<agency>").strangers(Nothing),
    post("/api/clients").json(r#"{"name":"Made","type":"customer","parent_id":"<agency>"}"#).role_at(Admin, Parent),
    get("/api/clients/{id}").with(CLIENT),
    put("/api/clients/{id}").with(CLIENT).json(r#"{"name":"Renamed"}"#).role(Admin),
    delete("/api/clients/{id}").with(EMPTY).role_at(Admin, Parent),
    get("/api/clients/{id}/hierarchy").with(CLIENT),
    get("/api/client-tree").strangers(Nothing),
    get("/api/client-tree").query("?below=<client>"),
    post("/api/clients/{id}/move").with(CLIENT).json(r#"{"parent_id":"<root>"}"#).role_at(Admin, Root),
    post("/api/clients/{id}/archive").with(CLIENT).role_at(Admin, Parent),
    post("/api/clients/{id}/restore").with(ARCHIVED).role_at(Admin, Parent),
    get("/api/clients/{id}/deletion").with(CLIENT).role_at(Admin, Parent),
    // People.
    get("/api/clients/{id}/members").with(CLIENT),
    put("/api/clients/{id}/members").with(CLIENT).json(r#"{"email":"<newcomer_email>","role":"viewer"}"#).role(Admin),
    put("/api/clients/{id}/members/{user}").with(MEMBER).json(r#"{"role":"viewer"}"#).role(Admin),
    delete("/api/clients/{id}/members/{user}").with(MEMBER).role(Admin),
    post("/api/clients/{id}/leave").with(CLIENT).role(Viewer),
    get("/api/clients/{id}/invitations").with(CLIENT).role(Admin),
    post("/api/clients/{id}/invitations")
        .with(CLIENT)
        .json(r#"{"email":"somebody@example.com","role":"viewer"}"#)
        .role(Admin),
    post("/api/clients/{id}/invitations/{invitation}/resend").with(CLIENT).role(Admin),
    delete("/api/clients/{id}/invitations/{invitation}").with(CLIENT).role(Admin),
    post("/api/invitations/preview").json(r#"{"token":"<token>"}"#).only_looks().needs(Secret),
    post("/api/invitations/accept").json(r#"{"token":"<token>"}"#).needs(Invited),
    // Strategies.
    get("/api/clients/{id}/strategies").with(CLIENT),
    post("/api/clients/{id}/strategies").with(CLIENT).json(MAKE_STRATEGY),
    get("/api/clients/{id}/effective-strategy").with(CLIENT).query("?content_type=blog_post"),
    get("/api/strategies/{id}").with(STRATEGY),
    put("/api/strategies/{id}").with(STRATEGY).json(SAVE_STRATEGY),
    delete("/api/strategies/{id}").with(STRATEGY),
    get("/api/strategy-guide").query("?content_type=blog_post").needs(Known),
    get("/api/strategies/{id}/versions").with(STRATEGY),
    get("/api/strategies/{id}/versions/{version}").with(VERSION),
    get("/api/strategies/{id}/compare").with(STRATEGY).query("?from=1&to=2"),
    post("/api/strategies/{id}/versions/{version}/restore").with(VERSION).json("{}"),
    get("/api/analytics/strategies/{id}").with(STRATEGY).strangers(Nothing),
    get("/api/analytics/strategies/{id}").with(STRATEGY).query("?client_id=<slug>"),
    get("/api/analytics/seo-rules/{id}").with(RULES).strangers(Nothing),
    get("/api/analytics/seo-rules/{id}").with(RULES).query("?client_id=<slug>"),
    // SEO rules.
    get("/api/clients/{id}/seo-rules").with(CLIENT),
    post("/api/clients/{id}/seo-rules").with(CLIENT).json(MAKE_RULES),
    get("/api/seo-rules/{id}").with(RULES),
    put("/api/seo-rules/{id}").with(RULES).json(SAVE_RULES),
    delete("/api/seo-rules/{id}").with(RULES),
    get("/api/seo-rules/{id}/versions").with(RULES),
    get("/api/seo-rules/{id}/versions/{version}").with(RULES_VERSION),
    get("/api/seo-rules/{id}/compare").with(RULES).query("?from=1&to=2"),
    post("/api/seo-rules/{id}/versions/{version}/restore").with(RULES_VERSION).json("{}"),
    // Jobs and content.
    get("/api/jobs").strangers(Nothing),
    get("/api/jobs").query("?client_id=<slug>"),
    post("/api/jobs").json(ASK),
    get("/api/jobs/{id}").with(DONE),
    put("/api/jobs/{id}").with(PENDING).json(r#"{"status":"cancelled"}"#),
    delete("/api/jobs/{id}").with(PENDING),
    get("/api/jobs/{id}/status").with(DONE),
    get("/api/jobs/{id}/events").with(DONE),
    put("/api/jobs/{id}/content").with(DONE).json(EDIT),
    get("/api/jobs/{id}/versions").with(DONE),
    get("/api/jobs/{id}/versions/{version}").with(DONE_VERSION),
    post("/api/jobs/{id}/versions/{version}/restore").with(DONE_FIRST).json(r#"{"version":1}"#),
    post("/api/jobs/{id}/approval").with(DONE).json(r#"{"verdict":"rejected"}"#),
    get("/api/jobs/{id}/approval").with(DONE),
    post("/api/content/generate").json(ASK),
    post("/api/content/estimate").json(ASK).only_looks().role(Viewer),
    get("/api/content/templates").strangers(Nothing),
    get("/api/content/templates").query("?client_id=<slug>"),
    post("/api/content/templates").json(MAKE_TEMPLATE),
    post("/api/content/templates/validate")
        .json(r#"{"content_type":"blog_post","template":"{{ topic }}"}"#)
        .only_looks()
        .needs(Known),
    get("/api/content/templates/{id}").with(TEMPLATE),
    put("/api/content/templates/{id}").with(TEMPLATE).json(SAVE_TEMPLATE),
    get("/api/providers/status").needs(Known),
    // Pages.
    get("/").strangers(Nothing),
    get("/").query("?client=<slug>"),
    get("/content/new").strangers(Nothing),
    get("/content/new").query("?client=<slug>"),
    get("/content/new").query("?from=<done_job>"),
    post("/content").form(ASK_FORM).strangers(Refused).too_low_says("You can read, but not write"),
    get("/jobs").strangers(Nothing),
    get("/jobs").query("?client=<slug>"),
    get("/jobs/{id}").with(DONE),
    post("/jobs/{id}/cancel").with(PENDING).too_low_says("notice=forbidden"),
    post("/jobs/{id}/approval").with(DONE).form("verdict=rejected&version=1"),
    get("/jobs/{id}/download.md").with(DONE),
    get("/jobs/{id}/download.html").with(DONE),
    get("/login").needs(Nobody),
    post("/login").form("email=nobody@example.com&password=no+such+password").needs(Nobody),
    post("/logout").needs(OwnSession),
    get("/reset/{token}").with(&[("token", "no-such-link")]).needs(Nobody),
    post("/reset/{token}").with(&[("token", "no-such-link")]).form("password=a+password+long+enough").needs(Nobody),
    get("/invitations/{token}").with(NO_LINK).needs(Nobody),
    post("/invitations/{token}").with(NO_LINK).form("").needs(Nobody),
    // Pages of clients.
    get("/clients").strangers(Nothing),
    get("/clients").query("?q=<slug>").strangers(Nothing),
    post("/clients")
        .form("name=Made&place=customer:heaviside-digital")
        .role_at(Admin, Parent)
        .strangers(Refused)
        .too_low_says("on which you are admin"),
    get("/new-client").needs(Known),
    get("/clients/{slug}"),
    post("/clients/{slug}").form("name=Renamed&slug=<slug>").role(Admin),
    get("/clients/{slug}/edit"),
    get("/clients/{slug}/move"),
    post("/clients/{slug}/move").form("place=<root>").role_at(Admin, Root).too_low_says("The new place"),
    post("/clients/{slug}/archive").form("").role_at(Admin, Parent),
    post("/clients/{slug}/restore").with(&[("slug", "<archived_slug>")]).form("").role_at(Admin, Parent),
    get("/clients/{slug}/delete").role_at(Admin, Parent),
    post("/clients/{slug}/delete").with(&[("slug", "<empty_slug>")]).form("sure=yes").role_at(Admin, Parent),
    get("/clients/{slug}/people"),
    post("/clients/{slug}/people/{user}/role").with(&[("user", "<member>")]).form("role=viewer").role(Admin),
    post("/clients/{slug}/people/{user}/remove").with(&[("user", "<member>")]).form("").role(Admin),
    post("/clients/{slug}/leave").form("").role(Viewer),
    post("/clients/{slug}/invitations").form("email=somebody@example.com&role=viewer").role(Admin),
    post("/clients/{slug}/invitations/{id}/resend").with(INVITATION).form("").role(Admin),
    post("/clients/{slug}/invitations/{id}/revoke").with(INVITATION).form("").role(Admin),
    get("/clients/{slug}/costs"),
    post("/clients/{slug}/costs/limits").form("daily=7&monthly=").role(Admin),
    post("/clients/{slug}/costs/cap").form("daily=7&monthly=").role_at(Admin, Parent),
    get("/clients/{slug}/audit").role(Admin),
    get("/clients/{slug}/audit/export").query("?format=csv").role(Admin),
    get("/clients/{slug}/data"),
    get("/clients/{slug}/data/jobs"),
    post("/clients/{slug}/data/retention").form("jobs_keep=days&jobs_days=90&logs_keep=inherit&logs_days=").role(Owner),
    post("/clients/{slug}/data/export").form("").role(Admin),
    // Whoever isn't admin sees no data job, so there is none.
    get("/clients/{slug}/data/{job}/download")
        .with(EXPORT_JOB)
        .role(Admin)
        .too_low_says("There is nothing here")
        .on_record(),
    post("/clients/{slug}/data/{job}/cancel").with(DATA_JOB).form("").role(Admin).too_low_says("There is nothing here"),
    get("/clients/{slug}/data/erasure").role_at(Owner, Parent),
    post("/clients/{slug}/data/erasure")
        .form("confirmation=<confirmation>&sure=yes")
        .confirmed_by("/clients/<slug>/data/erasure")
        .role_at(Owner, Parent),
    get("/clients/{slug}/strategies"),
    get("/clients/{slug}/strategies/{content_type}").with(BLOG),
    post("/clients/{slug}/strategies/{content_type}").with(BLOG).form("_name=Saved&_version=2&tone=calm"),
    get("/clients/{slug}/strategies/{content_type}/history").with(BLOG),
    get("/clients/{slug}/strategies/{content_type}/compare").with(BLOG).query("?from=1&to=2"),
    post("/clients/{slug}/strategies/{content_type}/restore").with(BLOG).form("id=<strategy>&version=1&newest=2"),
    post("/clients/{slug}/strategies/{content_type}/delete").with(BLOG).form("id=<strategy>&newest=2"),
    get("/clients/{slug}/seo-rules/{content_type}").with(BLOG),
    post("/clients/{slug}/seo-rules/{content_type}").with(BLOG).form("_version=2&text_length_min=400"),
    get("/clients/{slug}/seo-rules/{content_type}/history").with(BLOG),
    get("/clients/{slug}/seo-rules/{content_type}/compare").with(BLOG).query("?from=1&to=2"),
    post("/clients/{slug}/seo-rules/{content_type}/restore").with(BLOG).form("id=<rules>&version=1&newest=2"),
    post("/clients/{slug}/seo-rules/{content_type}/delete").with(BLOG).form("id=<rules>&newest=2"),
    get("/clients/{slug}/keys").role(Admin).too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/api").form("name=Shop&scope=generate").role(Admin).too_low_says("There is nothing here"),
    get("/clients/{slug}/keys/api/{key}/edit").with(KEY_PAGE).role(Admin).too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/api/{key}/edit")
        .with(KEY_PAGE)
        .form("name=Renamed&scope=generate")
        .role(Admin)
        .too_low_says("There is nothing here"),
    get("/clients/{slug}/keys/api/{key}/rotate").with(KEY_PAGE).role(Admin).too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/api/{key}/rotate")
        .with(KEY_PAGE)
        .form("overlap=0")
        .role(Admin)
        .too_low_says("There is nothing here"),
    get("/clients/{slug}/keys/api/{key}/revoke").with(KEY_PAGE).role(Admin).too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/api/{key}/revoke")
        .with(KEY_PAGE)
        .form("")
        .role(Admin)
        .too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/providers")
        .form("provider=openai&key=sk-0123456789abcdef")
        .role(Admin)
        .too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/providers/{key}/test")
        .with(PROVIDER_KEY_PAGE)
        .form("")
        .role(Admin)
        .too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/providers/{key}/state")
        .with(PROVIDER_KEY_PAGE)
        .form("state=disabled")
        .role(Admin)
        .too_low_says("There is nothing here"),
    get("/clients/{slug}/keys/providers/{key}/delete")
        .with(PROVIDER_KEY_PAGE)
        .role(Admin)
        .too_low_says("There is nothing here"),
    post("/clients/{slug}/keys/providers/{key}/delete")
        .with(PROVIDER_KEY_PAGE)
        .form("")
        .role(Admin)
        .too_low_says("There is nothing here"),
    // Fragments.
    get("/find-clients").query("?q=<slug>&to=/jobs").strangers(Nothing),
    get("/recent").strangers(Nothing),
    get("/recent").query("?client=<slug>"),
    get("/content/models").query("?llm_provider=sample").needs(Known),
    get("/content/strategy").query("?client=<slug>&content_type=blog_post"),
    post("/content/estimate").form(ASK_FORM).only_looks().role(Viewer).strangers(Refused),
    get("/jobs/list").strangers(Nothing),
    get("/jobs/list").query("?client=<slug>"),
    get("/jobs/{id}/view").with(DONE),
    get("/jobs/{id}/events").with(DONE),
    get("/assets/{file}").with(&[("file", "no-such-file.css")]).needs(Nobody),
];
