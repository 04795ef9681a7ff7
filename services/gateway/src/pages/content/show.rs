//! `GET /content/new`, `POST /content` and the form's fragments.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Query};
use hg_contracts::cpm::{Estimate, JobDetail, ProvidersStatus};
use hg_types::{ContentType, JobId};
use serde::Deserialize;

use super::{
    ContentValues, EstimateView,
    form::{Filled, Origin, model_field, new_key, render},
    input::ContentInput,
    refusal::Refusal,
    strategy::view as strategy_view,
};
use crate::{
    pages::{
        clients::{Clients, Slug},
        format,
        forms::read,
        job::request::RequestView,
        parts::Fact,
        visit::{Visit, unless_away},
    },
    peer_error::peer_error,
};

/// What the form's address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    client: Option<String>,
    #[serde(rename = "type")]
    content_type: Option<String>,
    /// A job to write again.
    from: Option<String>,
}

/// The form: empty, or filled with an earlier request.
pub(crate) async fn new(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let slug = Slug::parse(params.client.as_deref())?;
    let from: Option<JobId> = params.from.as_deref().and_then(|id| id.parse().ok());
    let principal = visit.principal();
    let (clients, providers, earlier) = tokio::join!(
        Clients::fetch(visit.smm(), &principal),
        visit.cpm().providers(&principal),
        earlier_job(&visit, from),
    );
    let (clients, providers, earlier) = (clients?, unless_away(providers)?, earlier?);
    let wanted = match (&slug, &earlier) {
        (Some(slug), _) => Some(slug.as_str().to_owned()),
        (None, Some(job)) => Some(job.summary.client_id.to_string()),
        (None, None) => None,
    };
    let clients = clients.with(visit.smm(), &principal, wanted.as_deref()).await?;
    let client = match (&slug, &earlier) {
        _ if clients.is_away() => None,
        (Some(slug), _) => Some(clients.by_slug(slug.as_str()).ok_or_else(|| ApiError::not_found("client"))?),
        (None, Some(job)) => clients.by_id(job.summary.client_id),
        (None, None) => clients.first_to_write_for().or_else(|| clients.all().first()),
    };
    let filled = match &earlier {
        Some(job) => Filled { values: values_of(job, providers.as_ref()), origin: Origin::Given, ..Filled::default() },
        None => {
            let content_type = params.content_type.and_then(|text| text.parse().ok()).unwrap_or(ContentType::BlogPost);
            let values = ContentValues { content_type: content_type.as_str().to_owned(), ..ContentValues::default() };
            Filled { values, ..Filled::default() }
        }
    };
    render(&visit, &clients, client, providers.as_ref(), filled).await
}

async fn earlier_job(visit: &Visit, id: Option<JobId>) -> Result<Option<JobDetail>, ApiError> {
    match id {
        Some(id) => unless_away(visit.cpm().get_job(&visit.principal(), id).await),
        None => Ok(None),
    }
}

/// An earlier request as values of the form. Provider and model only where they differ from what is used anyway: they
/// were chosen then, or are not the default any more.
fn values_of(job: &JobDetail, providers: Option<&ProvidersStatus>) -> ContentValues {
    let request = RequestView::read(&job.parameters);
    let default = providers.map(|status| status.default_provider);
    let is_default = default.is_some_and(|default| default.as_str() == job.summary.llm_provider);
    let is_usable = providers.is_some_and(|status| {
        status.providers.iter().any(|it| it.configured && it.provider.as_str() == job.summary.llm_provider)
    });
    let default_model = model_field(providers, &job.summary.llm_provider).placeholder;
    let chosen = |text: &str, keep: bool| if keep { text.to_owned() } else { String::new() };
    ContentValues {
        content_type: job.summary.content_type.as_str().to_owned(),
        topic: job.summary.topic.clone(),
        keywords: request.keywords.join(", "),
        focus_keyphrase: request.focus_keyphrase,
        target_audience: request.target_audience,
        tone: request.tone,
        length: request.length.map(|it| it.as_str().to_owned()).unwrap_or_default(),
        llm_provider: chosen(&job.summary.llm_provider, is_usable && !is_default),
        model: chosen(&job.summary.model, is_usable && job.summary.model != default_model),
        max_tokens: request.max_tokens.map(|tokens| tokens.to_string()).unwrap_or_default(),
        extra_instructions: request.prompt,
    }
}

/// Asks for the text, and leads to its page; or shows the form again with what was typed and what is wrong.
pub(crate) async fn create(
    visit: Visit,
    form: Result<Form<ContentInput>, FormRejection>,
) -> Result<Response, ApiError> {
    let input = read(form)?;
    let key = input.idempotency_key().map_or_else(new_key, str::to_owned);
    let refusal = match input.request() {
        Ok(request) => match visit.cpm().generate(&visit.principal(), Some(&key), &request).await {
            Ok(job) => return Ok(Redirect::to(&format!("/jobs/{}?notice=sent", job.job_id)).into_response()),
            Err(error) => Refusal::of(&error),
        },
        Err(problems) => Refusal::invalid(problems),
    };
    let principal = visit.principal();
    let (clients, providers) = tokio::join!(Clients::fetch(visit.smm(), &principal), visit.cpm().providers(&principal));
    let (clients, providers) = (clients?, unless_away(providers)?);
    // What stands in the form's address of a client can be anything.
    let wanted = Slug::parse(Some(&input.client)).ok().flatten();
    let clients = clients.with(visit.smm(), &principal, wanted.as_ref().map(Slug::as_str)).await?;
    let client = clients.by_slug(input.client.trim()).or_else(|| clients.first_to_write_for());
    let filled = Filled { values: input.values(), key: Some(key), refusal, origin: Origin::Given };
    render(&visit, &clients, client, providers.as_ref(), filled).await
}

/// What the text would cost.
pub(crate) async fn estimate(
    visit: Visit,
    form: Result<Form<ContentInput>, FormRejection>,
) -> Result<Response, ApiError> {
    let input = read(form)?;
    let view = match input.request() {
        _ if input.is_blank() => EstimateView::waiting(),
        Ok(request) => match visit.cpm().estimate(&visit.principal(), &request).await {
            Ok(estimate) => EstimateView::of(&estimate),
            Err(error) => EstimateView::refused(&Refusal::of(&error)),
        },
        Err(problems) => EstimateView::refused(&Refusal::invalid(problems)),
    };
    visit.fragment(&view)
}

/// Which provider's models are asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ModelParams {
    #[serde(default)]
    llm_provider: String,
}

/// The model field with a provider's models.
pub(crate) async fn models(visit: Visit, Query(params): Query<ModelParams>) -> Result<Response, ApiError> {
    let providers = visit.cpm().providers(&visit.principal()).await.map_err(peer_error)?;
    visit.fragment(&model_field(Some(&providers), &params.llm_provider))
}

/// Whose strategy is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct StrategyParams {
    client: Option<String>,
    content_type: Option<String>,
}

/// What the client's strategy says for another content type.
pub(crate) async fn strategy(visit: Visit, Query(params): Query<StrategyParams>) -> Result<Response, ApiError> {
    let slug = Slug::parse(params.client.as_deref())?.ok_or_else(|| ApiError::not_found("client"))?;
    let content_type = params.content_type.and_then(|text| text.parse().ok()).unwrap_or(ContentType::BlogPost);
    let principal = visit.principal();
    let client = visit.smm().get_client(&principal, slug.as_str()).await.map_err(peer_error)?;
    let strategy = visit.smm().effective_strategy(&principal, client.id, content_type).await;
    visit.fragment(&strategy_view(content_type, unless_away(strategy)?.as_ref()))
}

impl EstimateView {
    /// Nothing to say yet.
    #[must_use]
    pub fn waiting() -> Self {
        Self { message: Some("Give it a topic to see what it costs.".into()), ..Self::default() }
    }

    fn refused(refusal: &Refusal) -> Self {
        Self { message: Some(refusal.in_short()), is_problem: true, ..Self::default() }
    }

    fn of(estimate: &Estimate) -> Self {
        let tokens = |count: u32| format!("{} tokens", format::count(count));
        Self {
            message: None,
            is_problem: false,
            amount: format::money(estimate.worst_case_usd),
            facts: vec![
                Fact::new("Expected", format::money(estimate.expected_usd)),
                Fact::new("Provider", estimate.provider.label()),
                Fact::new("Model", estimate.model.clone()),
                Fact::new("Prompt, at most", tokens(estimate.input_tokens)),
                Fact::new("Text, at most", tokens(estimate.max_tokens)),
            ],
        }
    }
}
