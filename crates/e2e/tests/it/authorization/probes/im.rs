//! Instructions.

use hg_types::Role::Viewer;

use crate::authorization::probe::{Needs, Probe, Strangers::Nothing, get, post, put};

const ASK: &str = r#"{"client_id":"<client>","content_type":"blog_post","topic":"Bread"}"#;
const MAKE: &str = r#"{"client_id":"<client>","name":"Made","content_type":"press_release","template":"{{ topic }}"}"#;
const SAVE: &str = r#"{"client_id":"<client>","name":"Saved","content_type":"blog_post","template":"{{ topic }}"}"#;

pub(super) const PROBES: &[Probe] = &[
    post("/generate-prompt").json(ASK).only_looks().role(Viewer),
    get("/templates").strangers(Nothing),
    get("/templates").query("?client_id=<client>"),
    post("/templates").json(MAKE),
    post("/templates/validate")
        .json(r#"{"content_type":"blog_post","template":"{{ topic }}"}"#)
        .only_looks()
        .needs(Needs::Known),
    get("/templates/{template}"),
    put("/templates/{template}").json(SAVE),
    get("/templates/{template}/versions"),
];
