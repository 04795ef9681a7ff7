//! Strategy management.

use hg_types::Role::{Admin, Owner, Viewer};

use crate::authorization::probe::{
    Needs,
    Place::{Parent, Root},
    Probe,
    Strangers::Nothing,
    delete, get, post, put,
};

const SAVE_STRATEGY: &str = r#"{"name":"Saved","content_type":"blog_post","configuration":{"tone":"calm"}}"#;
const MAKE_STRATEGY: &str = r#"{"name":"Made","content_type":"press_release","configuration":{"tone":"calm"}}"#;
const SAVE_RULES: &str = r#"{"content_type":"blog_post","rules":{"text_length_min":400}}"#;
const MAKE_RULES: &str = r#"{"content_type":"press_release","rules":{"text_length_min":400}}"#;

const CONFIRMED: &str = r#"{"confirmation":"<confirmation>"}"#;
const MEMBER: &[(&str, &str)] = &[("person", "<member>")];

pub(super) const PROBES: &[Probe] = &[
    // Clients.
    get("/clients").strangers(Nothing),
    get("/clients").query("?parent_id=<agency>").strangers(Nothing),
    get("/clients").query("?q=kqzvcanary").strangers(Nothing),
    get("/clients").query("?q=<slug>").strangers(Nothing),
    post("/clients").json(r#"{"name":"Made","type":"customer","parent_id":"<agency>"}"#).role_at(Admin, Parent),
    get("/clients/{client}"),
    put("/clients/{client}").json(r#"{"name":"Renamed"}"#).role(Admin),
    delete("/clients/{client}").with(&[("client", "<empty>")]).role_at(Admin, Parent),
    get("/clients/{client}/hierarchy"),
    get("/client-tree").strangers(Nothing),
    get("/client-tree").query("?below=<client>"),
    post("/clients/{client}/move").json(r#"{"parent_id":"<root>"}"#).role_at(Admin, Root),
    post("/clients/{client}/archive").role_at(Admin, Parent),
    post("/clients/{client}/restore").with(&[("client", "<archived>")]).role_at(Admin, Parent),
    get("/clients/{client}/deletion").role_at(Admin, Parent),
    // People.
    get("/clients/{client}/members").people_only(),
    put("/clients/{client}/members").json(r#"{"email":"<newcomer_email>","role":"viewer"}"#).role(Admin),
    put("/clients/{client}/members/{user}").with(&[("user", "<member>")]).json(r#"{"role":"viewer"}"#).role(Admin),
    delete("/clients/{client}/members/{user}").with(&[("user", "<member>")]).role(Admin),
    post("/clients/{client}/leave").role(Viewer).people_only(),
    get("/clients/{client}/invitations").role(Admin),
    post("/clients/{client}/invitations").json(r#"{"email":"somebody@example.com","role":"viewer"}"#).role(Admin),
    post("/clients/{client}/invitations/{invitation}/resend").role(Admin),
    delete("/clients/{client}/invitations/{invitation}").role(Admin),
    post("/invitations/preview").json(r#"{"token":"<token>"}"#).only_looks().needs(Needs::Secret).people_only(),
    post("/invitations/accept").json(r#"{"token":"<token>"}"#).needs(Needs::Invited).people_only(),
    // Strategies.
    get("/clients/{client}/strategies"),
    get("/clients/{client}/strategies").query("?deleted=true"),
    post("/clients/{client}/strategies").json(MAKE_STRATEGY).people_only(),
    get("/clients/{client}/effective-strategy").query("?content_type=blog_post"),
    get("/clients/{client}/effective-strategy").query("?content_type=blog_post&explain=true"),
    get("/strategies/{strategy}"),
    put("/strategies/{strategy}").json(SAVE_STRATEGY).people_only(),
    delete("/strategies/{strategy}").people_only(),
    get("/strategy-guide").query("?content_type=blog_post").needs(Needs::Known),
    get("/strategies/{strategy}/versions"),
    get("/strategies/{strategy}/versions/{version}").with(&[("version", "1")]),
    get("/strategies/{strategy}/compare").query("?from=1&to=2"),
    post("/strategies/{strategy}/versions/{version}/restore").with(&[("version", "1")]).json("{}").people_only(),
    // SEO rules.
    get("/clients/{client}/seo-rules"),
    post("/clients/{client}/seo-rules").json(MAKE_RULES).people_only(),
    get("/seo-rules/{rules}"),
    put("/seo-rules/{rules}").json(SAVE_RULES).people_only(),
    delete("/seo-rules/{rules}").people_only(),
    get("/seo-rules/{rules}/versions"),
    get("/seo-rules/{rules}/versions/{version}").with(&[("version", "1")]),
    get("/seo-rules/{rules}/compare").query("?from=1&to=2"),
    post("/seo-rules/{rules}/versions/{version}/restore").with(&[("version", "1")]).json("{}").people_only(),
    // Data: export, erasure, retention.
    post("/clients/{client}/export").json("{}").role(Admin).people_only(),
    get("/clients/{client}/erasure").role_at(Owner, Parent).people_only(),
    post("/clients/{client}/erasure")
        .json(CONFIRMED)
        .confirmed_by("/clients/<client>/erasure")
        .role_at(Owner, Parent)
        .people_only(),
    get("/clients/{client}/retention"),
    put("/clients/{client}/retention").json(r#"{"jobs_days":90}"#).role(Owner),
    // Of a person: by themselves, or by an owner of the root. Nobody else learns that there is such a person.
    post("/people/{person}/export").with(MEMBER).role_at(Owner, Root).too_low_says("not_found").people_only(),
    get("/people/{person}/erasure").with(MEMBER).role_at(Owner, Root).too_low_says("not_found").people_only(),
    post("/people/{person}/erasure")
        .with(MEMBER)
        .json(CONFIRMED)
        .confirmed_by("/people/<member>/erasure")
        .role_at(Owner, Root)
        .too_low_says("not_found")
        .people_only(),
    get("/data-jobs").role(Admin).strangers(Nothing).people_only().too_low_says(r#""data":[]"#),
    get("/data-jobs").query("?client_id=<client>").strangers(Nothing).people_only(),
    get("/data-jobs/{job}").with(&[("job", "<data_job>")]).role(Admin).too_low_says("not_found").people_only(),
    post("/data-jobs/{job}/cancel").with(&[("job", "<data_job>")]).role(Admin).too_low_says("not_found").people_only(),
    get("/data-jobs/{job}/download")
        .with(&[("job", "<export_job>")])
        .role(Admin)
        .too_low_says("not_found")
        .people_only()
        .on_record(),
    // The audit log.
    get("/audit").strangers(Nothing).people_only(),
    get("/audit").query("?client_id=<client>").role(Admin).people_only(),
    get("/audit/export").strangers(Nothing).people_only(),
    get("/audit/export").query("?client_id=<client>").role(Admin).people_only(),
    get("/audit/{entry}").with(&[("entry", "<audit_entry>")]).role(Admin).too_low_says("not_found").people_only(),
];
