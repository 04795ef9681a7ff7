//! `POST /generate-prompt`.

use std::sync::Arc;

use axum::extract::State;
use hg_common::{
    auth::Caller,
    db::Scope,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::{
    im::{GeneratePrompt, GeneratedPrompt},
    smm::ClientFacts,
};
use hg_types::{ClientId, ContentType};
use serde_json::Map;

use crate::{
    api::unusable,
    domain::{context::context, engine::Pair, inputs::check, tokens},
    state::AppState,
    store::choice::{Choice, Chosen, choice_fetch, choice_texts},
};

/// Makes a prompt from the client's own template, else its nearest ancestor's, else the default.
#[utoipa::path(
    post, path = "/generate-prompt", tag = "prompts", request_body = GeneratePrompt,
    responses(
        (status = 200, body = GeneratedPrompt),
        (status = 404, description = "The caller sees no such client", body = ErrorBody),
        (status = 422, description = "A field, or `template_failed`: the template can't be used with these values", body = ErrorBody),
        (status = 503, description = "`template_missing`: there is not even a default", body = ErrorBody),
    )
)]
pub(crate) async fn generate_prompt(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Json(request): Json<GeneratePrompt>,
) -> Result<Json<GeneratedPrompt>, ApiError> {
    let inputs = check(request)?;
    let (client_id, content_type) = (inputs.request().client_id, inputs.request().content_type);
    let scope = principal.scope();
    let chosen = chosen(&state, scope, client_id, content_type).await?.ok_or_else(|| ApiError::not_found("client"))?;
    let choice = chosen.template.clone().ok_or_else(|| {
        let message = format!("there is no template for {content_type}, not even a default: run `hg seed`");
        ApiError::unavailable("template_missing", message)
    })?;
    let known = state.engine.get(choice.id, choice.version);
    let is_new = known.is_none();
    let texts = if is_new { Some(texts(&state, scope, &choice).await?) } else { None };

    let known_here = ClientFacts {
        id: client_id,
        name: chosen.client_name.clone(),
        slug: chosen.client_slug.clone(),
        metadata: Map::new(),
    };
    let name = choice.name.clone();
    let work = move || {
        let pair = match (known, texts) {
            (Some(pair), _) => pair,
            (None, Some((system, user))) => Arc::new(compiled(&name, &system, &user)?),
            (None, None) => return Err(ApiError::internal("a template has neither texts nor a compiled form")),
        };
        let client = inputs.request().strategy.as_ref().map_or(&known_here, |strategy| &strategy.client);
        let prompts = pair.render(&context(&inputs, client)).map_err(|problem| unusable(&name, &problem))?;
        Ok((pair, prompts))
    };
    let (pair, prompts) = state.engine.run(work).await??;
    if is_new {
        state.engine.put(choice.id, choice.version, pair);
    }
    metrics::counter!("prompts_generated_total", "content_type" => content_type.as_str()).increment(1);
    Ok(Json(GeneratedPrompt {
        estimated_tokens: tokens::bound(&prompts.system, &prompts.user),
        system_prompt: prompts.system,
        prompt: prompts.user,
        template_id: choice.id,
        template_version: choice.version,
        template_name: choice.name,
        template_client_id: choice.client_id,
        variant: None,
    }))
}

/// A version, compiled for the first time.
fn compiled(name: &str, system: &str, user: &str) -> Result<Pair, ApiError> {
    Pair::compile(system, user).map_err(|problems| {
        problems.first().map_or_else(|| ApiError::internal("no problem"), |problem| unusable(name, problem))
    })
}

/// The template that holds for a client, now or less than a second ago.
async fn chosen(
    state: &AppState,
    scope: Scope,
    client: ClientId,
    content_type: ContentType,
) -> Result<Option<Arc<Chosen>>, sqlx::Error> {
    let look_up = || async {
        let mut tx = state.db.tenant(scope).await?;
        let found = choice_fetch(&mut tx, client, content_type).await?;
        tx.commit().await?;
        Ok(found)
    };
    state.chosen.get((scope, client, content_type), look_up).await
}

/// The texts of a version that isn't compiled yet.
async fn texts(state: &AppState, scope: Scope, choice: &Choice) -> Result<(String, String), ApiError> {
    let mut tx = state.db.tenant(scope).await?;
    let found = choice_texts(&mut tx, choice.id, choice.version).await?;
    tx.commit().await?;
    found.ok_or_else(|| {
        // Every save writes its version in the same transaction. So the template, its client or the caller's right to see
        // it went since it was picked: nobody may believe that choice any longer.
        state.chosen.forget();
        ApiError::not_found("client")
    })
}
