//! Content production: jobs, their events, providers.

mod analytics;
mod api_keys;
mod client;
mod content;
mod money;
mod patience;
mod provider_keys;
mod providers;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hg_types::{ClientId, ContentType, JobId, JobStatus, Length, Provider, TemplateId, Usd, UserId, id::ClientRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use self::{
    analytics::{SeoRulesAnalytics, StrategyAnalytics, StrategyFigures, StrategyFiguresQuery},
    api_keys::{
        ApiKeyInfo, ApiKeyOrigin, ApiKeyState, ApiKeyUse, CreateApiKey, ListApiKeys, NewApiKey, OldSecret,
        RotateApiKey, UpdateApiKey,
    },
    client::{CpmClient, Waited},
    content::{
        Approval, ContentVersion, ContentVersionInfo, EditContent, GiveVerdict, ListVerdicts, RestoreContent, Verdict,
    },
    money::{
        BudgetAbove, BudgetState, BudgetWarning, ClientBudget, CostFigures, CostRow, Costs, CostsByKnowledge,
        ListBudgets, OtherCosts, OtherUsage, SetLimits, SpentByHeading, Usage, UsageFigures, UsageGroup, UsageQuery,
        UsageRow,
    },
    provider_keys::{
        ListProviderKeys, ProviderKeyInfo, ProviderKeyState, ProviderKeyVerdict, StoreProviderKey, UpdateProviderKey,
    },
    providers::{ModelStatus, ProviderStatus, ProvidersStatus},
};
use crate::smm::{SeoSource, StrategySource, WordRange};

/// Asks for content. `topic` or `prompt` is needed; both of the reference's payloads are understood.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateRequest {
    /// A client's id or slug.
    #[schema(value_type = String, example = "cincinnati-electrician")]
    pub client_id: ClientRef,
    /// What to make; `blog` means `blog_post`.
    pub content_type: ContentType,
    /// What about; 1–500 characters. Left out, it is taken from the beginning of `prompt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What the caller asks for in words of their own; at most 20,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// 0–10 of at most 100 characters; the first is the focus keyphrase unless `focus_keyphrase` is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The phrase that the text shall be found by; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub focus_keyphrase: Option<String>,
    /// Overrides the strategy's; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_audience: Option<String>,
    /// Overrides the strategy's; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// Relative to the strategy's word range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// `[min, max]` words, 20–5,000; overrides `length` and the strategy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<u32>>)]
    pub word_count_range: Option<WordRange>,
    /// Left out: the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm_provider: Option<String>,
    /// A model of the provider; left out: the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// 100–16,000; left out: enough for the word range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0.0–2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// On whose behalf a trusted service asks; recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// A stored provider key of this client to use instead of the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_key_id: Option<Uuid>,
    /// −10 (last) to 10 (first); 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i16>,
    /// 0–60: the answer of `/generate` waits so many seconds for the finished job. `Prefer: wait=…` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<u32>,
    /// Whether the answer of `/generate` is the job's event stream. `Accept: text/event-stream` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
}

/// The accepted job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GenerateResponse {
    /// Where to look for it.
    pub job_id: JobId,
    /// `pending` for a new job; where it stands now for a repeated idempotency key.
    pub status: JobStatus,
    /// A guess from recent jobs.
    pub estimated_completion: Option<DateTime<Utc>>,
}

/// What a job would cost at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Estimate {
    /// The provider that would be used.
    pub provider: Provider,
    /// The model that would be used.
    pub model: String,
    /// A bound of the prompt's tokens.
    pub input_tokens: u32,
    /// The `max_tokens` that would be sent.
    pub max_tokens: u32,
    /// What would be reserved: the worst case at list price.
    pub worst_case_usd: Usd,
    /// What to expect, from the middle of the word range.
    pub expected_usd: Usd,
}

/// Which jobs to list, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListJobs {
    /// Only of this client (id or slug) and what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Only in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<JobStatus>,
    /// Only of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<ContentType>,
    /// Only by this provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub llm_provider: Option<String>,
    /// Part of the topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The reference's paging, from 1; at most the first 10,000 rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// The reference's page size, 1–100.
    #[serde(default, alias = "pageSize", skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
}

/// A job in a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobSummary {
    /// Its id.
    pub id: JobId,
    /// For whom.
    pub client_id: ClientId,
    /// The client's name.
    pub client_name: String,
    /// What about.
    pub topic: String,
    /// What kind.
    pub content_type: ContentType,
    /// Where it stands.
    pub status: JobStatus,
    /// What it is doing: `queued`, `strategy`, `prompt`, `writing`, `checking`, `repairing`, `waiting`; none at its end.
    pub stage: Option<String>,
    /// By which provider.
    pub llm_provider: String,
    /// By which model: the one that answered, else the one asked for.
    pub model: String,
    /// The result's title.
    pub title: Option<String>,
    /// The result's score, 0–100.
    pub quality_score: Option<u8>,
    /// What was charged.
    pub cost_usd: Option<Usd>,
    /// Why it failed, as a stable code.
    pub error_code: Option<String>,
    /// Why it failed, in a sentence.
    pub error_message: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When its first attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
}

/// What was made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobResult {
    /// The text, Markdown.
    pub content: String,
    /// Its title.
    pub title: Option<String>,
    /// Its meta description.
    pub meta_description: Option<String>,
    /// Its words.
    pub word_count: u32,
    /// Its parts, where it has some: a post per platform; an e-mail's `subject`, `preheader`, `body`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
    /// The quality report (`hg_quality::Report`).
    #[schema(value_type = Object)]
    pub quality: Value,
}

/// A provider call that was made for a job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobCall {
    /// Which attempt.
    pub attempt: i32,
    /// `write` or `repair`.
    pub stage: String,
    /// By which provider.
    pub provider: String,
    /// By which model.
    pub model: String,
    /// `started`, `done`, `failed`, `cancelled` or `unknown`.
    pub status: String,
    /// Tokens in, as far as they are known.
    pub input_tokens: Option<i32>,
    /// Tokens out, as far as they are known.
    pub output_tokens: Option<i32>,
    /// What it cost.
    pub cost_usd: Usd,
    /// How that is known: `reported`, `computed`, `estimated`, `unknown`.
    pub cost_known: String,
    /// Why it failed.
    pub error_message: Option<String>,
    /// When it was made.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A job with everything that is known about it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobDetail {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: JobSummary,
    /// The request as it was understood.
    #[schema(value_type = Object)]
    pub parameters: Value,
    /// The prompt that was sent; empty until it is rendered.
    pub prompt: String,
    /// The system prompt that was sent.
    pub system_prompt: String,
    /// The template that made it,
    pub template_id: Option<TemplateId>,
    /// in this version,
    pub template_version: Option<i32>,
    /// as this variant.
    pub template_variant: Option<String>,
    /// The strategies that took part, nearest first.
    pub strategy_sources: Vec<StrategySource>,
    /// The SEO rules that took part, nearest first; none for jobs from before they were kept.
    #[serde(default)]
    pub seo_sources: Vec<SeoSource>,
    /// What was made. It stays as it is, whoever edits it.
    pub result: Option<JobResult>,
    /// What it has been made into by the newest edit; none where nobody has edited it.
    #[serde(default)]
    pub edited: Option<ContentVersion>,
    /// The verdict that holds; none where nobody has given one, or it was taken back.
    #[serde(default)]
    pub approval: Option<Approval>,
    /// Tokens in.
    pub input_tokens: Option<i32>,
    /// Tokens out.
    pub output_tokens: Option<i32>,
    /// The sum.
    pub total_tokens: Option<i32>,
    /// What was reserved at accept: the worst case.
    pub estimated_cost_usd: Usd,
    /// How many attempts there were.
    pub attempts: i32,
    /// The provider calls, in order.
    pub calls: Vec<JobCall>,
    /// Who asked.
    pub created_by: Option<UserId>,
    /// The request that asked, for the logs.
    pub request_id: Option<String>,
    /// Whether somebody has asked to stop it.
    pub cancel_requested: bool,
}

/// Where a job stands, in short; the reference's shape.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobStatusView {
    /// Its id.
    pub job_id: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// What it is doing.
    pub stage: Option<String>,
    /// What was made.
    pub result: Option<JobResult>,
    /// Why it failed.
    pub error: Option<String>,
}

/// How many jobs a scope has in each state, and what was spent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct JobsOverview {
    /// Jobs of the running month by state.
    pub by_status: BTreeMap<String, i64>,
    /// Charged today (UTC).
    pub spent_today_usd: Usd,
    /// Charged this month (UTC).
    pub spent_month_usd: Usd,
    /// The mean score of this month's results.
    pub mean_quality: Option<f64>,
}

/// For which client an overview is asked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// Only this client (id or slug) and what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// Whose failed jobs to try again.
#[derive(Clone, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RetryFailedQuery {
    /// This client (id or slug) and what is below it.
    pub client_id: String,
    /// 1–100, 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What became of failed jobs that were to be tried again.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RetriedJobs {
    /// The new jobs.
    pub retried: Vec<GenerateResponse>,
    /// Those that were not accepted again.
    pub not_retried: Vec<NotRetried>,
}

/// A failed job that was not accepted again, and why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotRetried {
    /// The failed job.
    pub job_id: JobId,
    /// A stable code.
    pub code: String,
    /// A sentence.
    pub message: String,
}
