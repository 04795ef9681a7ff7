//! `POST /generate` as a trusted service sends it: with the tenant's API key and an idempotency key, for a blog post.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use hg_types::JobId;
use http::StatusCode;
use serde::Deserialize;

use crate::load::Work;
use hg_rig::{
    http::{Answer, Call},
    plant::Tenant,
};

/// Asks for the tenants in turn.
pub(super) struct Generate {
    tenants: Arc<[Tenant]>,
}

#[derive(Deserialize)]
struct Accepted<'a> {
    job_id: JobId,
    status: &'a str,
}

impl Generate {
    pub(super) const fn new(tenants: Arc<[Tenant]>) -> Self {
        Self { tenants }
    }

    /// Whose request has this number.
    pub(super) fn tenant(&self, number: u64) -> &Tenant {
        &self.tenants[usize::try_from(number).unwrap_or_default() % self.tenants.len()]
    }

    /// The job that was accepted.
    pub(super) fn job(answer: &Answer) -> Result<JobId> {
        answer.expect(StatusCode::OK)?;
        let accepted: Accepted<'_> =
            serde_json::from_slice(&answer.body).with_context(|| format!("no job: {}", answer.text()))?;
        anyhow::ensure!(accepted.status == "pending", "a new job is {}, not pending", accepted.status);
        Ok(accepted.job_id)
    }

    /// The same request, answered by the job's events.
    pub(super) fn streamed(&self, number: u64) -> Call {
        self.request(number, r#","stream":true"#)
    }

    fn request(&self, number: u64, more: &str) -> Call {
        let tenant = self.tenant(number);
        let body = format!(
            r#"{{"client_id":"{}","content_type":"blog_post","topic":"{TOPIC}{number} about panel upgrades, answered","keywords":["panel upgrade","commercial wiring"]{more}}}"#,
            tenant.slug
        );
        Call::post("/generate", body)
            .header("x-api-key", &tenant.key)
            .header("idempotency-key", &format!("bench-{number}"))
    }

    /// The number of the request that a prompt came from.
    pub(super) fn number_in(prompt: &str) -> Option<u64> {
        let (_, rest) = prompt.split_once(TOPIC)?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse().ok()
    }
}

/// What all topics begin with.
const TOPIC: &str = "Measured question ";

impl Work for Generate {
    fn call(&self, number: u64) -> Call {
        self.request(number, "")
    }

    fn check(&self, _: u64, answer: &Answer) -> Result<()> {
        Self::job(answer).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_tells_its_request() {
        assert_eq!(Generate::number_in("Topic: Measured question 42 about panel upgrades"), Some(42));
        assert_eq!(Generate::number_in("Measured question 7"), Some(7));
        assert_eq!(Generate::number_in("another"), None);
    }
}
