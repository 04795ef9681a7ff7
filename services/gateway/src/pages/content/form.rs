//! From what is known to the page with the form.

use axum::response::Response;
use hg_common::http::ApiError;
use hg_contracts::{
    cpm::ProvidersStatus,
    smm::{Client, EffectiveStrategy},
};
use hg_types::{ContentType, Length, Provider};
use http::StatusCode;

use super::{
    ContentForm, ContentValues, EstimateView, FormLimits, ModelField, NewContentPage, ProviderChoice,
    refusal::{Key, Refusal},
    strategy,
};
use crate::pages::{
    clients::{Clients, is_writable},
    format,
    parts::{Choice, FieldProblem, Text, TypeChoice},
    shell::{CurrentClient, Frame, Scope, Section, Switch},
    visit::{Visit, unless_away},
};

/// The fields of the advanced part.
const ADVANCED: [&str; 4] = ["llm_provider", "model", "max_tokens", "extra_instructions"];
/// Suggestions for the tone; any other is welcome.
const TONES: [&str; 8] = [
    "professional",
    "friendly",
    "authoritative",
    "conversational",
    "educational",
    "technical",
    "engaging",
    "confident",
];

/// What stands in the form when it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    /// The fields.
    pub(super) values: ContentValues,
    /// The key under which they were sent; none for a new form.
    pub(super) key: Option<String>,
    /// What was wrong with them.
    pub(super) refusal: Refusal,
    /// Whether they must not be replaced by a stored draft.
    pub(super) origin: Origin,
}

/// Where the values come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody has typed anything yet: a stored draft may come back.
    #[default]
    Fresh,
    /// Somebody has sent them, or chose a job to write again.
    Given,
}

/// A new key for a form.
pub(super) fn new_key() -> String {
    hg_common::crypto::base62(32)
}

/// Answers with the form for this client; or with why there is none.
pub(super) async fn render(
    visit: &Visit,
    clients: &Clients,
    client: Option<&Client>,
    providers: Option<&ProvidersStatus>,
    filled: Filled,
) -> Result<Response, ApiError> {
    let Some(client) = client.filter(|_| clients.may_write(None)) else { return blocked(visit, clients) };
    let content_type = filled.values.content_type.parse().unwrap_or(ContentType::BlogPost);
    let strategy = visit.smm().effective_strategy(&visit.principal(), client.id, content_type).await;
    let strategy = unless_away(strategy)?;
    let status = filled.refusal.status;
    let form = form(client, providers, strategy.as_ref(), filled);
    let page = NewContentPage { form: Some(form), blocked_title: "".into(), blocked_text: "".into() };
    visit.page(status, &visit.shell(frame(Some(client)), clients), &page)
}

fn blocked(visit: &Visit, clients: &Clients) -> Result<Response, ApiError> {
    let (status, title, text): (_, Text, Text) = if clients.is_away() {
        let text = "Nobody can say for whom you may write. What you typed is kept in this tab: try again in a moment.";
        (StatusCode::SERVICE_UNAVAILABLE, "Strategy management doesn’t answer".into(), text.into())
    } else if clients.all().is_empty() {
        (
            StatusCode::OK,
            "No client yet".into(),
            "You belong to no client. An administrator can invite you to one.".into(),
        )
    } else {
        let text = "You can read, but not write, for every client you see. An administrator can change that.";
        (StatusCode::OK, "No client to write for".into(), text.into())
    };
    let page = NewContentPage { form: None, blocked_title: title, blocked_text: text };
    visit.page(status, &visit.shell(frame(None), clients), &page)
}

fn frame(client: Option<&Client>) -> Frame {
    Frame {
        title: "New content".into(),
        section: Section::Content,
        switch: Switch::Query("/content/new"),
        scope: Scope::OneClient,
        client: client.map(CurrentClient::new),
    }
}

fn form(
    client: &Client,
    providers: Option<&ProvidersStatus>,
    strategy: Option<&EffectiveStrategy>,
    filled: Filled,
) -> ContentForm {
    let Filled { mut values, key, refusal, origin } = filled;
    let Refusal { status, alert, mut errors, key: fate } = refusal;
    if !is_writable(client) && errors.is_empty() {
        errors.push(FieldProblem::new("client", "You can read, but not write, for this client. Choose another one."));
    }
    if values.length.is_empty() {
        values.length = Length::Medium.as_str().to_owned();
    }
    let advanced = [&values.llm_provider, &values.model, &values.max_tokens, &values.extra_instructions];
    let advanced_open =
        advanced.iter().any(|value| !value.is_empty()) || errors.iter().any(|error| ADVANCED.contains(&&*error.field));
    let model_field = ModelField {
        value: values.model.clone(),
        errors: errors.iter().filter(|error| error.field == "model").cloned().collect(),
        ..model_field(providers, &values.llm_provider)
    };
    let content_type = values.content_type.parse().unwrap_or(ContentType::BlogPost);
    values.content_type = content_type.as_str().to_owned();
    ContentForm {
        client_slug: client.slug.clone(),
        idempotency_key: key.filter(|_| fate == Key::Keep).unwrap_or_else(new_key),
        refilled: origin == Origin::Given,
        alert,
        costs_href: (status == StatusCode::PAYMENT_REQUIRED).then(|| format!("/clients/{}/costs", client.slug)),
        errors,
        types: TypeChoice::all(),
        topic_example: topic_example(content_type).into(),
        limits: FormLimits::ALL,
        tones: TONES.iter().map(|tone| Text::Borrowed(tone)).collect(),
        advanced_open,
        providers: provider_choices(providers),
        model_field,
        estimate: EstimateView::waiting(),
        strategy: strategy::view(content_type, strategy),
        values,
    }
}

const fn topic_example(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::BlogPost => "Five questions to ask before you sign a quote",
        ContentType::SocialMedia => "What customers ask us most before winter",
        ContentType::EmailCampaign => "Book the spring inspection before the calendar fills up",
        ContentType::PressRelease => "We open a second workshop",
        ContentType::ProductDescription => "The product’s name, and what sets it apart",
    }
}

fn provider_choices(providers: Option<&ProvidersStatus>) -> Vec<ProviderChoice> {
    let providers = providers.into_iter().flat_map(|status| &status.providers);
    providers
        .map(|it| ProviderChoice {
            value: it.provider.as_str().into(),
            label: it.label.clone(),
            available: it.configured,
        })
        .collect()
}

/// The model field for a provider by its name on the wire; empty for whichever is used by default.
pub(super) fn model_field(providers: Option<&ProvidersStatus>, provider: &str) -> ModelField {
    let fallback = "The provider’s default".to_owned();
    let Some(status) = providers else { return ModelField { placeholder: fallback, ..ModelField::default() } };
    let provider = provider.parse::<Provider>().unwrap_or(status.default_provider);
    let models =
        status.providers.iter().find(|it| it.provider == provider).map(|it| it.models.as_slice()).unwrap_or_default();
    let price = |input, output| match (format::price(input), format::price(output)) {
        (input, output) if input == "$0.00" && output == input => "free".to_owned(),
        (input, output) => format!("{input} / {output} per million tokens"),
    };
    ModelField {
        value: String::new(),
        placeholder: models.iter().find(|it| it.is_default).map_or(fallback, |it| it.id.clone()),
        options: models
            .iter()
            .map(|it| {
                Choice::new(
                    it.id.clone(),
                    format!("{}, {}", it.label, price(it.input_usd_per_million, it.output_usd_per_million)),
                )
            })
            .collect(),
        errors: Vec::new(),
    }
}
