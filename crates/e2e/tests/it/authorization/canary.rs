//! Routes that are wrong on purpose. The matrix asks them with the very code that asks the real ones, and must turn red.

use axum::{
    extract::State,
    http::HeaderName,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use hg_common::{
    auth::{Authenticator, Caller, NoApiKeys, Service},
    db::Db,
    http::{Access, ApiError, App, BuiltApp, HealthChecks, Path, Routes, ServiceInfo},
};
use hg_types::Role::Admin;
use http::{Method, StatusCode};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    callers::Cast,
    ground::Ground,
    matrix::{Matrix, UNCHANGED, fill, unmatched},
    probe::{self, Probe, Strangers::Nothing},
};

/// What the bad handlers have: the services' own way to the database, and one past every policy.
#[derive(Clone)]
struct Bad {
    db: Db,
    superuser: PgPool,
}

const NAME: &str = "SELECT name FROM clients WHERE id = $1";

async fn name_of(bad: &Bad, client: Uuid) -> Result<String, ApiError> {
    Ok(sqlx::query_scalar(NAME).bind(client).fetch_one(&bad.superuser).await?)
}

/// As it should be: in the caller's scope.
async fn right(State(bad): State<Bad>, Caller(caller): Caller, Path(client): Path<Uuid>) -> Result<String, ApiError> {
    let mut tx = bad.db.tenant(caller.scope()).await?;
    let name: Option<String> = sqlx::query_scalar(NAME).bind(client).fetch_optional(&mut *tx).await?;
    name.ok_or_else(|| ApiError::not_found("client"))
}

/// Asks nobody's scope.
async fn leak(State(bad): State<Bad>, _: Caller, Path(client): Path<Uuid>) -> Result<String, ApiError> {
    name_of(&bad, client).await
}

/// Says no, and says whom to.
async fn whisper(State(bad): State<Bad>, _: Caller, Path(client): Path<Uuid>) -> Result<Response, ApiError> {
    let hint = [(HeaderName::from_static("x-hint"), name_of(&bad, client).await?)];
    Ok((StatusCode::NOT_FOUND, hint).into_response())
}

/// Looks whether the caller sees the client, and forgets to look as what.
async fn forgotten_role(
    State(bad): State<Bad>,
    Caller(caller): Caller,
    Path(client): Path<Uuid>,
) -> Result<String, ApiError> {
    let mut tx = bad.db.tenant(caller.scope()).await?;
    let seen: Option<String> = sqlx::query_scalar(NAME).bind(client).fetch_optional(&mut *tx).await?;
    let name = seen.ok_or_else(|| ApiError::not_found("client"))?;
    sqlx::query("UPDATE clients SET name = 'taken' WHERE id = $1").bind(client).execute(&bad.superuser).await?;
    Ok(name)
}

/// Changes first and asks then.
async fn too_late(State(bad): State<Bad>, caller: Caller, Path(client): Path<Uuid>) -> Result<String, ApiError> {
    sqlx::query("UPDATE clients SET name = name || '!' WHERE id = $1").bind(client).execute(&bad.superuser).await?;
    right(State(bad), caller, Path(client)).await
}

/// Public by mistake.
async fn open(State(bad): State<Bad>, Path(client): Path<Uuid>) -> Result<String, ApiError> {
    name_of(&bad, client).await
}

/// Lists everybody's.
async fn everybody(State(bad): State<Bad>, _: Caller) -> Result<String, ApiError> {
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM clients").fetch_all(&bad.superuser).await?;
    Ok(names.join("\n"))
}

const GET: &[Method] = &[Method::GET];
const PUT: &[Method] = &[Method::PUT];

async fn bad_app(ground: &Ground) -> BuiltApp {
    let info = ServiceInfo { name: "canary", title: "Canary", version: "0" };
    let bad = Bad { db: ground.db.db().await, superuser: PgPool::connect_lazy(ground.db.direct_url()).unwrap() };
    let routes = Routes::new()
        .hidden(Access::Internal, GET, "/right/{client}", get(right))
        .hidden(Access::Internal, GET, "/leak/{client}", get(leak))
        .hidden(Access::Internal, GET, "/whisper/{client}", get(whisper))
        .hidden(Access::Internal, PUT, "/forgotten-role/{client}", put(forgotten_role))
        .hidden(Access::Internal, PUT, "/too-late/{client}", put(too_late))
        .hidden(Access::Public, GET, "/open/{client}", get(open))
        .hidden(Access::Internal, GET, "/everybody", get(everybody));
    let guard = Authenticator::new(ground.identity.verifier(Service::Smm), NoApiKeys);
    App::new(info, guard, HealthChecks::builder(info).build()).build(routes, bad).unwrap()
}

const RIGHT: Probe = probe::get("/right/{client}");

/// Each wrong route with some of the cells that must be red.
const WRONG: &[(Probe, &[&str])] = &[
    (
        probe::get("/leak/{client}"),
        &["another tenant's owner", "the sibling agency's owner", "an admin until just now", "another tenant's worker"],
    ),
    (
        probe::get("/whisper/{client}"),
        &["another tenant's owner", "the sibling customer's owner", "somebody without a client"],
    ),
    (
        probe::put("/forgotten-role/{client}").role(Admin),
        &["the parent's viewer", "the client's viewer", "the client's member", "the root's viewer", UNCHANGED],
    ),
    (probe::put("/too-late/{client}"), &[UNCHANGED]),
    (
        probe::get("/open/{client}"),
        &["anonymous", "wrong audience", "expired", "session token for internal", "another tenant's owner"],
    ),
    (probe::get("/everybody").strangers(Nothing), &["another tenant's owner", "somebody without a client"]),
];

fn is_red(matrix: &Matrix, caller: &str) -> bool {
    matrix.red().iter().any(|red| red.contains(&format!(" by {caller}: ")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_forgets_its_check_turns_red() {
    let ground = Ground::start(Service::Smm).await;
    let (app, cast) = (bad_app(&ground).await, Cast::gather(&ground).await);
    let right = fill(&ground, &cast, &app, &[RIGHT]).await;
    assert!(right.red().is_empty(), "{:#?}", right.red());
    for (probe, callers) in WRONG {
        let matrix = fill(&ground, &cast, &app, &[*probe]).await;
        for caller in *callers {
            assert!(is_red(&matrix, caller), "{}: {caller} got in, and the matrix is green", probe.route());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_nobody_has_described_turns_red() {
    let ground = Ground::start(Service::Smm).await;
    let app = bad_app(&ground).await;
    let mut probes = super::probes::of(Service::Smm);
    let unmatched = unmatched(&app, &probes);
    assert!(unmatched.iter().any(|line| line.starts_with("GET /leak/{client} has no probe")), "{unmatched:#?}");
    assert!(
        unmatched.iter().any(|line| line.starts_with("GET /clients has a probe, and isn't a route")),
        "{unmatched:#?}"
    );
    // A probe that is wrong in itself doesn't pass for a wall.
    let cast = Cast::gather(&ground).await;
    probes.retain(|probe| probe.route() == "PUT /clients/{client}");
    probes[0] = probes[0].json(r#"{"name": 7}"#);
    let matrix = fill(&ground, &cast, &ground.app, &probes).await;
    assert!(is_red(&matrix, "the least role that may"), "{:#?}", matrix.red());
}
