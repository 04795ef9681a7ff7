//! One generation for the sample client, through CPM's public interface, as a trusted service would ask for it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hg_common::auth::Service;
use hg_common::auth::api_key::ApiKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::environment::{EMAIL, Secrets};
use super::services::Running;
use crate::admin::{api_keys, users};
use crate::database::connect_as_owner;
use crate::seed::{ROOT_SLUG, SAMPLE_CLIENT};

/// The same key each time: a second start shows the first start's article instead of paying for another.
const IDEMPOTENCY_KEY: &str = "hg-up-first-article";
const PATIENCE: Duration = Duration::from_secs(300);
/// Each look counts towards the key's allowance of requests per minute.
const ROUND: Duration = Duration::from_millis(500);

/// Makes the login and the API key, unless they are there.
pub(super) async fn prepare_access(direct_url: &str, kept: &Secrets) -> Result<()> {
    let mut connection = connect_as_owner(direct_url).await?;
    let password = kept.password().to_owned();
    let hash = tokio::task::spawn_blocking(move || hg_common::auth::password::hash(&password)).await??;
    let user = users::save(&mut connection, EMAIL, Some("HG Content"), Some(&hash)).await?;
    let root = users::client_id(&mut connection, ROOT_SLUG).await?;
    users::add_member(&mut connection, root, user, Some("owner")).await?;
    let client = users::client_id(&mut connection, SAMPLE_CLIENT).await?;
    let key = ApiKey::parse(kept.api_key()).context("the kept API key is damaged: start with --reset")?;
    let scopes = ["generate", "jobs:read", "jobs:write"].map(str::to_owned);
    api_keys::save(&mut connection, &key, client, "hg up", &scopes, None).await
}

/// What came out.
pub(super) struct Article {
    job: String,
    title: String,
    score: Option<u8>,
    words: u32,
    cost: String,
    model: String,
}

/// The fields of a job that are shown; the rest is CPM's business.
#[derive(Deserialize)]
struct Job {
    status: String,
    llm_provider: String,
    model: String,
    title: Option<String>,
    quality_score: Option<u8>,
    cost_usd: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    result: Option<Outcome>,
}

#[derive(Deserialize)]
struct Outcome {
    word_count: u32,
}

/// Asks for an article and waits for it.
pub(super) async fn write(running: &Running, kept: &Secrets) -> Result<(Article, String)> {
    let mut idempotency_key = IDEMPOTENCY_KEY.to_owned();
    // The second round is for an earlier start's article that failed: a new key asks anew.
    for _ in 0..2 {
        let id = ask(running, kept, &idempotency_key).await?;
        let job = follow(running, kept, &id).await?;
        if job.status == "completed" {
            let article = Article {
                job: id,
                title: job.title.unwrap_or_else(|| "(no title)".to_owned()),
                score: job.quality_score,
                words: job.result.map_or(0, |result| result.word_count),
                cost: job.cost_usd.unwrap_or_else(|| "0".to_owned()),
                model: format!("{} {}", job.llm_provider, job.model),
            };
            let said = format!("{:?}", article.title);
            return Ok((article, said));
        }
        let problem = format!(
            "the article ended as {}: {} {}",
            job.status,
            job.error_code.unwrap_or_default(),
            job.error_message.unwrap_or_default()
        );
        anyhow::ensure!(idempotency_key == IDEMPOTENCY_KEY, "{problem}; {}", running.log_end(Service::Cpm));
        idempotency_key = format!("{IDEMPOTENCY_KEY}-{}", &hg_stack::random_password()[..8]);
    }
    anyhow::bail!("the article failed twice; {}", running.log_end(Service::Cpm))
}

fn request() -> Value {
    json!({
        "client_id": SAMPLE_CLIENT,
        "content_type": "blog_post",
        "topic": "When to replace an electrical panel",
        "keywords": ["electrical panel replacement", "Cincinnati electrician"],
    })
}

async fn ask(running: &Running, kept: &Secrets, idempotency_key: &str) -> Result<String> {
    let answer = running
        .http()
        .post(format!("{}/generate", running.url(Service::Cpm)))
        .header("X-API-Key", kept.api_key())
        .header("Idempotency-Key", idempotency_key)
        .json(&request())
        .send()
        .await
        .context("CPM does not answer")?;
    let (status, body) = (answer.status(), answer.text().await?);
    anyhow::ensure!(status.is_success(), "POST /generate answers {status}: {body}\n{}", running.log_end(Service::Cpm));
    let body: Value = serde_json::from_str(&body).with_context(|| format!("POST /generate answers no JSON: {body}"))?;
    Ok(body["job_id"].as_str().with_context(|| format!("POST /generate names no job: {body}"))?.to_owned())
}

async fn follow(running: &Running, kept: &Secrets, id: &str) -> Result<Job> {
    let url = format!("{}/jobs/{id}", running.url(Service::Cpm));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer =
            running.http().get(&url).header("X-API-Key", kept.api_key()).send().await.context("CPM does not answer")?;
        let (status, body) = (answer.status(), answer.text().await?);
        anyhow::ensure!(
            status.is_success(),
            "GET /jobs/{id} answers {status}: {body}\n{}",
            running.log_end(Service::Cpm)
        );
        let job: Job =
            serde_json::from_str(&body).with_context(|| format!("GET /jobs/{id} is not understood: {body}"))?;
        if !matches!(job.status.as_str(), "pending" | "in_progress") {
            return Ok(job);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "job {id} is still {} after {} s; {}",
            job.status,
            PATIENCE.as_secs(),
            running.log_end(Service::Cpm)
        );
        tokio::time::sleep(ROUND).await;
    }
}

impl Article {
    /// What the user came for: the article, where to read it, how to get in, how to ask for more.
    pub(super) fn summary(&self, running: &Running, kept: &Secrets) -> String {
        let Self { job, title, words, cost, model, .. } = self;
        let score = self.score.map_or_else(|| "none".to_owned(), |score| format!("{score}/100"));
        let (gateway, cpm) = (running.url(Service::Gateway), running.url(Service::Cpm));
        let (password, key) = (kept.password(), kept.api_key());
        let request = request();
        format!(
            "\n  {title}\n  {words} words, quality {score}, cost ${cost}, by {model}\n\n\
             \x20 Read it:  {gateway}/jobs/{job}\n\
             \x20 Log in:   {EMAIL}\n\
             \x20 Password: {password}\n\n\
             \x20 Ask for another:\n\n\
             curl -sS {cpm}/generate \\\n  -H 'X-API-Key: {key}' \\\n  -H 'Content-Type: application/json' \\\n  -d '{request}'\n"
        )
    }
}
