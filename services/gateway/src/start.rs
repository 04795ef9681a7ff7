//! From a configuration to a running service: schema, database, Redis, peers, health, routes, layers, server.
//!
//! It wires; it must not decide anything about people or requests.

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware, routing::any};
use hg_common::{
    auth::Service,
    db::Db,
    http::{
        ApiError, App as Scaffold, BuiltApp, CheckError, Criticality, HealthChecks, RootPage, ServiceInfo,
        ShutdownToken,
    },
    http_client,
    redis::Redis,
    service,
    telemetry::MetricsHandle,
    time::SystemClock,
};
use hg_contracts::{CpmClient, ImClient, Peer, SmmClient};
use http::{HeaderName, Method, header};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};

use crate::{
    config::{Config, Origin},
    csrf::{self, OwnOrigins},
    data_jobs::GatewayParts,
    dress::{Wardrobe, dress, panicked},
    missing_assets::{MissingAssets, placeholders, say_so},
    pages::{Assets, RenderError, Templates, assets::AssetError},
    rate_limit::{Attempts, UserLimit},
    routes::routes,
    security_headers::{StrictTransport, security_headers},
    session::{CookiePolicy, Hashing, SessionGuard, SessionKeys, Sessions, expiry, renewal},
    state::AppState,
};

/// How the service introduces itself.
pub const INFO: ServiceInfo = ServiceInfo { name: "gateway", title: "HG Content", version: env!("CARGO_PKG_VERSION") };

/// How long browsers may remember what CORS allows.
const CORS_MAX_AGE: Duration = Duration::from_secs(600);

/// The service can't start, or stopped serving.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What may happen to any service.
    #[error(transparent)]
    Common(#[from] service::StartError),
    /// A template isn't valid.
    #[error(transparent)]
    Templates(#[from] RenderError),
    /// Scripts and styles are missing, in production.
    #[error(transparent)]
    Assets(#[from] AssetError),
}

/// The service put together, without a listener.
#[derive(Clone)]
pub struct App {
    /// Routes, their rules, their description.
    pub built: BuiltApp,
    /// What handlers are given.
    pub state: AppState,
}

/// Connects and puts the service together, without listening. The schema must be there.
///
/// # Errors
/// When the database can't be reached or its pooler is unsafe, or an address or a template can't be used.
pub async fn build(config: &Config, metrics: MetricsHandle, shutdown: ShutdownToken) -> Result<App, StartError> {
    let (db, redis) = connect(config).await?;
    let templates = Arc::new(Templates::load()?);
    let (assets, missing) = load_assets(config)?;
    let cookies = if config.is_https() { CookiePolicy::Https } else { CookiePolicy::Http };
    let sessions = Sessions::new(db.clone(), SessionKeys::new(&config.auth_secret), cookies, SystemClock::shared());
    let [cpm, im, smm] = peers(config)?;
    let state = AppState {
        db,
        cpm: CpmClient(cpm),
        im: ImClient(im),
        smm: SmmClient(smm),
        templates: Arc::clone(&templates),
        assets: assets.clone(),
        sessions: sessions.clone(),
        shutdown,
        attempts: Attempts::new(redis.clone(), config.login_per_minute),
        hashing: Hashing::default(),
        trusted_proxies: config.trusted_proxies.clone(),
        public_url: config.public_url.clone(),
    };
    let guard = SessionGuard {
        sessions,
        origins: OwnOrigins::new(&config.public_url, &config.allowed_origins),
        limit: UserLimit::new(redis.clone(), config.requests_per_minute),
        proxies: config.trusted_proxies.clone(),
    };
    // Made at the first use otherwise, and then the first unknown address would take longer than a wrong password.
    tokio::task::spawn_blocking(hg_common::auth::password::dummy);
    let health = health(&state, &redis);
    let wardrobe = Wardrobe { templates, assets, sessions: state.sessions.clone() };
    let layers = layers(config, wardrobe, missing);
    let built = Scaffold::new(INFO, guard, health.clone())
        .root(RootPage::Own)
        .metrics(metrics)
        .body_limit(config.core.max_body_bytes)
        .fallback(any(async || ApiError::not_found("page")))
        .layer(layers)
        .build(routes(&health), state.clone())
        .map_err(service::StartError::from)?;
    Ok(App { built, state })
}

/// Brings the schema up to date (or waits for it), then serves until `shutdown`.
///
/// # Errors
/// When the service can't start, or its listener fails.
pub async fn run(config: Config, metrics: MetricsHandle, shutdown: ShutdownToken) -> Result<(), StartError> {
    service::prepare_schema(INFO, &config.database).await?;
    let app = build(&config, metrics.clone(), shutdown.clone()).await?;
    tokio::spawn(expiry::sweep(app.state.db.clone(), shutdown.clone()));
    let data_jobs = service::data_jobs(INFO, &config.database, GatewayParts, shutdown.clone()).await?;
    let served = service::serve(app.built, &config.core, metrics, shutdown.clone()).await;
    shutdown.cancel();
    service::finished("data jobs", data_jobs).await;
    app.state.db.close().await;
    Ok(served?)
}

async fn connect(config: &Config) -> Result<(Db, Redis), service::StartError> {
    let (url, most) = (config.database.url.expose(), config.database.max_connections);
    Ok((Db::connect(url, most, "hg-gateway").await?, Redis::new(&config.redis)?))
}

/// Scripts and styles. Production needs them; elsewhere the API works without, and pages say what to run.
fn load_assets(config: &Config) -> Result<(Assets, Option<MissingAssets>), StartError> {
    match Assets::load() {
        Ok(assets) => Ok((assets, None)),
        Err(error) if config.core.environment.is_production() => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "pages can't be shown");
            Ok((placeholders(), Some(MissingAssets::new(&error))))
        }
    }
}

fn peers(config: &Config) -> Result<[Peer; 3], service::StartError> {
    let http = http_client::internal(INFO.name)?;
    let peer = |service, url: &str| Peer::new(http.clone(), config.issuer.clone(), service, url);
    Ok([
        peer(Service::Cpm, config.peers.cpm.as_str()),
        peer(Service::Im, config.peers.im.as_str()),
        peer(Service::Smm, config.peers.smm.as_str()),
    ])
}

/// From the inside out: panics, the form's token and the session's cookie, errors in the caller's dress, CORS, headers.
fn layers(
    config: &Config,
    wardrobe: Wardrobe,
    missing: Option<MissingAssets>,
) -> impl FnOnce(Router) -> Router + Send + 'static {
    let transport = if config.core.environment.is_production() && config.is_https() {
        StrictTransport::On
    } else {
        StrictTransport::Off
    };
    let body_limit = config.core.max_body_bytes;
    let cors = cors(&config.allowed_origins);
    move |router| {
        let mut router = router
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn(renewal))
            .layer(middleware::from_fn_with_state(body_limit, csrf::form_token))
            .layer(middleware::from_fn_with_state(wardrobe, dress));
        if let Some(missing) = missing {
            router = router.layer(middleware::from_fn_with_state(missing, say_so));
        }
        if let Some(cors) = cors {
            router = router.layer(cors);
        }
        router.layer(middleware::from_fn_with_state(transport, security_headers))
    }
}

/// Which origins' scripts may call `/api`; none by default.
fn cors(allowed: &[Origin]) -> Option<CorsLayer> {
    if allowed.is_empty() {
        return None;
    }
    let allowed: Vec<String> = allowed.iter().map(|origin| origin.as_str().to_owned()).collect();
    let origins = AllowOrigin::predicate(move |origin, parts| {
        parts.uri.path().starts_with("/api/") && allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    });
    let named = HeaderName::from_static;
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers([
                header::CONTENT_TYPE,
                named(csrf::HEADER),
                named("idempotency-key"),
                named("last-event-id"),
                named("x-request-id"),
            ])
            .expose_headers([header::RETRY_AFTER, named("x-request-id")])
            .max_age(CORS_MAX_AGE),
    )
}

fn health(state: &AppState, redis: &Redis) -> HealthChecks {
    // Without Redis nobody can log in, but whoever is signed in works on.
    let mut checks = service::health(INFO, &state.db, redis);
    for (name, peer) in [("cpm", state.cpm.0.clone()), ("im", state.im.0.clone()), ("smm", state.smm.0.clone())] {
        checks = checks.check(name, Criticality::Helpful, move || {
            let peer = peer.clone();
            async move { peer.ping().await.map_err(CheckError::from) }
        });
    }
    checks.build()
}
