//! Whether a service can do its work, and how anybody asks.
//!
//! Checks run at once with a time limit each; the result is shared for a second, so that nobody can use `/health` to load what is
//! checked. Failures are described for outsiders only as far as the check allows; causes are logged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::app::ServiceInfo;
use super::error::error_chain;

const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
const CACHED_FOR: Duration = Duration::from_secs(1);

/// What a failing check means for the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criticality {
    /// Without it the service can't do its work: 503.
    Critical,
    /// The service works on, less well: 200, `degraded`.
    Helpful,
}

/// Why a check failed. Any error becomes one, and then outsiders read only "unavailable".
#[derive(Debug)]
pub struct CheckError {
    shown: Cow<'static, str>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl CheckError {
    /// A failure whose message anybody may read.
    #[must_use]
    pub fn shown(message: impl Into<Cow<'static, str>>) -> Self {
        Self { shown: message.into(), cause: None }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for CheckError {
    fn from(error: E) -> Self {
        Self { shown: "unavailable".into(), cause: Some(Box::new(error)) }
    }
}

/// The answer of `/health`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HealthReport {
    /// `ok`, `degraded` or `unavailable`.
    pub status: String,
    /// The service's name.
    pub service: String,
    /// Its version.
    pub version: String,
    /// When it was checked.
    pub timestamp: DateTime<Utc>,
    /// What it depends on.
    pub services: BTreeMap<String, ServiceHealth>,
}

impl HealthReport {
    /// 503 when the service can't do its work.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        if self.status == "unavailable" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    }
}

/// One thing that a service depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceHealth {
    /// `ok` or `unavailable`.
    pub status: String,
    /// How long the check took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), CheckError>> + Send + Sync>;

struct NamedCheck {
    name: &'static str,
    criticality: Criticality,
    check: Check,
}

/// The checks of one service. Clones share the checks and the last result.
#[derive(Clone)]
pub struct HealthChecks(Arc<Shared>);

struct Shared {
    info: ServiceInfo,
    checks: Vec<NamedCheck>,
    time_limit: Duration,
    last: Mutex<Option<(Instant, Arc<HealthReport>)>>,
}

/// Checks being gathered.
#[must_use]
pub struct HealthChecksBuilder {
    info: ServiceInfo,
    checks: Vec<NamedCheck>,
    time_limit: Duration,
}

impl HealthChecksBuilder {
    /// Adds a check. It gets 2 s; dropping it half-way must be harmless.
    pub fn check<F, Fut>(mut self, name: &'static str, criticality: Criticality, check: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), CheckError>> + Send + 'static,
    {
        self.checks.push(NamedCheck { name, criticality, check: Arc::new(move || check().boxed()) });
        self
    }

    /// Another time limit per check than 2 s.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The finished set.
    #[must_use]
    pub fn build(self) -> HealthChecks {
        let Self { info, checks, time_limit } = self;
        HealthChecks(Arc::new(Shared { info, checks, time_limit, last: Mutex::new(None) }))
    }
}

impl HealthChecks {
    /// Starts a set of checks.
    pub fn builder(info: ServiceInfo) -> HealthChecksBuilder {
        HealthChecksBuilder { info, checks: Vec::new(), time_limit: CHECK_TIMEOUT }
    }

    /// The state of the service, not older than a second. Callers at the same time share one run.
    pub async fn report(&self) -> Arc<HealthReport> {
        let mut last = self.0.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < CACHED_FOR
        {
            return Arc::clone(report);
        }
        let report = Arc::new(self.run().await);
        *last = Some((Instant::now(), Arc::clone(&report)));
        report
    }

    /// The answer to `GET /health`.
    pub async fn respond(&self) -> Response {
        let report = self.report().await;
        (report.http_status(), [(CACHE_CONTROL, "no-store")], axum::Json(&*report)).into_response()
    }

    async fn run(&self) -> HealthReport {
        let results = join_all(self.0.checks.iter().map(|check| run_one(check, self.0.time_limit))).await;
        let mut status = "ok";
        let mut services = BTreeMap::new();
        for (check, health) in self.0.checks.iter().zip(results) {
            if health.error.is_some() {
                match check.criticality {
                    Criticality::Critical => status = "unavailable",
                    Criticality::Helpful if status == "ok" => status = "degraded",
                    Criticality::Helpful => {}
                }
            }
            services.insert(check.name.to_owned(), health);
        }
        let ServiceInfo { name, version, .. } = self.0.info;
        HealthReport {
            status: status.into(),
            service: name.into(),
            version: version.into(),
            timestamp: Utc::now(),
            services,
        }
    }
}

impl std::fmt::Debug for HealthChecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.checks.iter().map(|check| check.name)).finish()
    }
}

async fn run_one(check: &NamedCheck, limit: Duration) -> ServiceHealth {
    let started = Instant::now();
    let result = tokio::time::timeout(limit, (check.check)()).await;
    let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let failure = match result {
        Ok(Ok(())) => return ServiceHealth { status: "ok".into(), latency_ms: Some(latency_ms), error: None },
        Ok(Err(failure)) => failure,
        Err(_) => CheckError::shown("no answer in time"),
    };
    let cause = failure.cause.as_ref().map(|cause| error_chain(cause.as_ref()));
    tracing::warn!(check = check.name, error = cause.as_deref().unwrap_or(&failure.shown), "a health check failed");
    ServiceHealth {
        status: "unavailable".into(),
        latency_ms: Some(latency_ms),
        error: Some(failure.shown.into_owned()),
    }
}

/// Why a `healthcheck` subcommand says no.
#[derive(Debug, thiserror::Error)]
pub enum HealthcheckError {
    /// Nobody answers.
    #[error("the service does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// The service says that it can't do its work.
    #[error("the service answers {status}: {body}")]
    Unhealthy {
        /// Its status.
        status: StatusCode,
        /// The first characters of what it said.
        body: String,
    },
}

/// Asks `url` (`http://127.0.0.1:8000/health`): for a container's health check. The binary turns the result into its exit code.
///
/// # Errors
/// When the service doesn't answer, or says that it can't do its work.
pub async fn healthcheck(url: &str) -> Result<(), HealthcheckError> {
    // Nothing is encrypted here: reading the machine's certificates would take time, and fail where there are none.
    let client = crate::http_client::builder("healthcheck").no_proxy().tls_certs_only([]).build()?;
    let response = client.get(url).timeout(Duration::from_secs(5)).send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = response.text().await.unwrap_or_default().chars().take(500).collect();
    Err(HealthcheckError::Unhealthy { status, body })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const INFO: ServiceInfo = ServiceInfo { name: "cpm", title: "Content production", version: "1.2.3" };

    #[tokio::test]
    async fn a_critical_failure_is_503_and_its_cause_stays_inside() {
        let checks = HealthChecks::builder(INFO)
            .check("database", Criticality::Critical, async || Err(std::io::Error::other("10.0.0.3 refused").into()))
            .check("redis", Criticality::Critical, async || Ok(()))
            .build();
        let report = checks.report().await;
        assert_eq!((report.http_status().as_u16(), report.status.as_str()), (503, "unavailable"));
        assert_eq!(report.services["database"].error.as_deref(), Some("unavailable"));
        assert_eq!(report.services["redis"].status, "ok");
    }

    #[tokio::test]
    async fn a_helpful_failure_degrades() {
        let checks = HealthChecks::builder(INFO)
            .check("ollama", Criticality::Helpful, async || Err(CheckError::shown("not configured")))
            .build();
        let report = checks.report().await;
        assert_eq!((report.http_status().as_u16(), report.status.as_str()), (200, "degraded"));
        assert_eq!(report.services["ollama"].error.as_deref(), Some("not configured"));
    }

    #[tokio::test]
    async fn a_check_that_hangs_is_cut_off() {
        let checks = HealthChecks::builder(INFO)
            .check("slow", Criticality::Critical, std::future::pending)
            .time_limit(Duration::from_millis(10))
            .build();
        let report = checks.report().await;
        assert_eq!(report.services["slow"].error.as_deref(), Some("no answer in time"));
    }

    #[tokio::test]
    async fn the_result_is_shared() {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let checks = HealthChecks::builder(INFO)
            .check("counted", Criticality::Critical, async || {
                RUNS.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .build();
        join_all((0..20).map(|_| checks.report())).await;
        assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    }
}
