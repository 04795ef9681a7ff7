//! How the others ask content production: jobs and their events, providers. Keys, texts and money are asked where their types are.

use bytes::Bytes;
use futures::stream::BoxStream;
use hg_common::auth::Principal;
use hg_types::JobId;
use http::{Method, StatusCode};

use super::{
    Estimate, GenerateRequest, GenerateResponse, JobDetail, JobStatusView, JobSummary, JobsOverview, ListJobs,
    OverviewQuery, ProvidersStatus,
};
use crate::{
    Page,
    client::{ClientError, Peer},
};

/// What waiting for a job came to.
#[derive(Clone, Debug)]
pub enum Waited {
    /// It has ended.
    Ended(Box<JobDetail>),
    /// It takes longer.
    Accepted(GenerateResponse),
}

/// Talks to CPM.
#[derive(Clone, Debug)]
pub struct CpmClient(pub Peer);

fn idempotency_header(key: Option<&str>) -> Vec<(&'static str, &str)> {
    key.map(|key| ("idempotency-key", key)).into_iter().collect()
}

impl CpmClient {
    /// Asks for content. The idempotency key makes a repeat harmless.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn generate(
        &self,
        on_behalf: &Principal,
        idempotency_key: Option<&str>,
        request: &GenerateRequest,
    ) -> Result<GenerateResponse, ClientError> {
        let headers = idempotency_header(idempotency_key);
        self.0.send_with(on_behalf, Method::POST, "/generate", &headers, request).await
    }

    /// Asks for content and waits for it, as long as the request's `wait` says.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn generate_and_wait(
        &self,
        on_behalf: &Principal,
        idempotency_key: Option<&str>,
        request: &GenerateRequest,
    ) -> Result<Waited, ClientError> {
        let headers = idempotency_header(idempotency_key);
        // CPM answers in time; this is for one that doesn't.
        let patience = std::time::Duration::from_secs(u64::from(request.wait.unwrap_or_default()) + 15);
        let (status, body) = self.0.send_patiently(on_behalf, "/generate", &headers, request, patience).await?;
        if status == StatusCode::ACCEPTED {
            return Ok(Waited::Accepted(self.0.read(&body)?));
        }
        Ok(Waited::Ended(Box::new(self.0.read(&body)?)))
    }

    /// Asks for content with the request's `stream`; the job's events as the bytes of an event stream, to be passed on.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn generate_and_stream(
        &self,
        on_behalf: &Principal,
        idempotency_key: Option<&str>,
        request: &GenerateRequest,
    ) -> Result<BoxStream<'static, Result<Bytes, ClientError>>, ClientError> {
        let headers = idempotency_header(idempotency_key);
        self.0.send_and_stream(on_behalf, "/generate", &headers, request).await
    }

    /// What a request would cost.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn estimate(&self, on_behalf: &Principal, request: &GenerateRequest) -> Result<Estimate, ClientError> {
        self.0.send(on_behalf, Method::POST, "/estimate", request).await
    }

    /// A page of jobs, newest first.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn list_jobs(&self, on_behalf: &Principal, query: &ListJobs) -> Result<Page<JobSummary>, ClientError> {
        self.0.get_query(on_behalf, "/jobs", query).await
    }

    /// Counts and sums.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn overview(&self, on_behalf: &Principal, query: &OverviewQuery) -> Result<JobsOverview, ClientError> {
        self.0.get_query(on_behalf, "/jobs/overview", query).await
    }

    /// One job.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a job.
    pub async fn get_job(&self, on_behalf: &Principal, id: JobId) -> Result<JobDetail, ClientError> {
        self.0.get(on_behalf, &format!("/jobs/{id}")).await
    }

    /// Asks to stop a job.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a job; 409 for one that has ended otherwise.
    pub async fn cancel_job(&self, on_behalf: &Principal, id: JobId) -> Result<JobStatusView, ClientError> {
        self.0.send(on_behalf, Method::DELETE, &format!("/jobs/{id}"), &()).await
    }

    /// Tries a failed job again, as a new job.
    ///
    /// # Errors
    /// When CPM is away or refuses; 409 for a job that hasn't failed.
    pub async fn retry_job(&self, on_behalf: &Principal, id: JobId) -> Result<GenerateResponse, ClientError> {
        self.0.send(on_behalf, Method::POST, &format!("/jobs/{id}/retry"), &()).await
    }

    /// A job's events as the bytes of an event stream, to be passed on; none when the job has ended and everything was seen.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a job.
    pub async fn job_events(
        &self,
        on_behalf: &Principal,
        id: JobId,
        last_event_id: Option<&str>,
    ) -> Result<Option<BoxStream<'static, Result<Bytes, ClientError>>>, ClientError> {
        let headers: Vec<(&str, &str)> = last_event_id.map(|id| ("last-event-id", id)).into_iter().collect();
        self.0.stream(on_behalf, &format!("/jobs/{id}/events"), &headers).await
    }

    /// The providers, their models and prices.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn providers(&self, on_behalf: &Principal) -> Result<ProvidersStatus, ClientError> {
        self.0.get(on_behalf, "/providers/status").await
    }
}
