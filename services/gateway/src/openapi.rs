//! What the description of `/api/*` says of every route alike: how one shows who one is, and what may always be answered.
//!
//! Credentials and refusals are the guard's and the layers' doing, so handlers don't repeat them; this follows the table
//! of rules, as the guard does. It must not describe a resource.

use hg_common::http::{Access, RouteTable};
use http::Method;
use utoipa::openapi::{
    Components, Content, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
    path::Operation,
    security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
};

use crate::{csrf, session::CookiePolicy};

const SESSION: &str = "session";
const CSRF: &str = "csrf";

const BAD_REQUEST: Answer = Answer("400", "BadRequest", "The body is no JSON object.");
const UNAUTHORIZED: Answer = Answer("401", "Unauthorized", "Nobody is signed in, or the session is over.");
const FORBIDDEN: Answer = Answer(
    "403",
    "Forbidden",
    "The request comes from another site or without the session's token (`csrf_failed`), or the role is too low.",
);
const TOO_LARGE: Answer = Answer("413", "TooLarge", "The body is too large.");
const TOO_MANY: Answer = Answer("429", "TooManyRequests", "Too many requests; see `Retry-After`.");
const INTERNAL: Answer = Answer("500", "Internal", "Our fault; the log has the cause under the `request_id`.");
const AWAY: Answer = Answer("503", "Away", "A part of the system is away.");

/// An answer that many routes may give: its status, its name among the components, and when.
#[derive(Clone, Copy)]
struct Answer(&'static str, &'static str, &'static str);

/// Adds to the description what the rules say.
pub(crate) fn complete(openapi: &mut OpenApi, table: &RouteTable) {
    let components = openapi.components.get_or_insert_default();
    add_schemes(components);
    for Answer(_, name, description) in [BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, TOO_LARGE, TOO_MANY, INTERNAL, AWAY] {
        let content = Content::new(Some(Ref::from_schema_name("Failure")));
        let response = ResponseBuilder::new().description(description).content("application/json", content).build();
        components.responses.insert(name.to_owned(), response.into());
    }
    for (path, item) in &mut openapi.paths.paths {
        for (method, operation) in operations(item) {
            complete_one(operation, &method, table.access(&method, path));
        }
    }
}

fn add_schemes(components: &mut Components) {
    let cookie = ApiKeyValue::with_description(
        CookiePolicy::Https.name(),
        "Set by `POST /api/auth/login`. Where PUBLIC_URL is http its name is `hg_session`.",
    );
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let token = ApiKeyValue::with_description(
        csrf::HEADER,
        "The session's token, which every change needs beside the cookie: `csrf_token` of `GET /api/auth/session`.",
    );
    components.add_security_scheme(CSRF, SecurityScheme::ApiKey(ApiKey::Header(token)));
}

fn complete_one(operation: &mut Operation, method: &Method, access: Option<Access>) {
    let changes = csrf::is_change(method);
    let mut answers = vec![INTERNAL, AWAY];
    if access == Some(Access::Public) {
        operation.security = Some(Vec::new());
    } else {
        let session = SecurityRequirement::new(SESSION, Vec::<String>::new());
        let needed = if changes { session.add(CSRF, Vec::<String>::new()) } else { session };
        operation.security = Some(vec![needed]);
        answers.extend([UNAUTHORIZED, TOO_MANY]);
    }
    if changes {
        answers.push(FORBIDDEN);
    }
    if operation.request_body.is_some() {
        answers.extend([BAD_REQUEST, TOO_LARGE]);
    }
    for Answer(status, name, _) in answers {
        // What a handler says of itself is more precise.
        let answer = || RefOr::Ref(Ref::from_response_name(name));
        operation.responses.responses.entry(status.to_owned()).or_insert_with(answer);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let all = [
        (Method::GET, get),
        (Method::PUT, put),
        (Method::POST, post),
        (Method::DELETE, delete),
        (Method::PATCH, patch),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
