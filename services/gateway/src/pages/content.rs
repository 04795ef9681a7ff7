//! New content: the form, its cost estimate, its model field.

mod form;
pub(crate) mod input;
mod refusal;
pub(crate) mod show;
pub(crate) mod strategy;

use serde::Serialize;

use super::{
    parts::{Choice, Fact, FieldProblem, Text, TypeChoice},
    templates::{Fragment, Page},
};

/// The page: the form, or why there is none.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct NewContentPage {
    /// The form; none where the person may write for nobody.
    pub form: Option<ContentForm>,
    /// What stands in its place, in a few words.
    pub blocked_title: Text,
    /// And what can be done.
    pub blocked_text: Text,
}

impl Page for NewContentPage {
    fn template(&self) -> &'static str {
        "pages/content/new.html"
    }
}

/// The form.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ContentForm {
    /// For whom.
    pub client_slug: String,
    /// Makes sending the same form twice one job.
    pub idempotency_key: String,
    /// Whether it holds what was just sent and refused; a stored draft must not replace that.
    pub refilled: bool,
    /// What is wrong as a whole.
    pub alert: Option<Text>,
    /// The budgets that stand in the way; none where something else does.
    pub costs_href: Option<String>,
    /// What is wrong with single fields.
    pub errors: Vec<FieldProblem>,
    /// What stands in the fields.
    pub values: ContentValues,
    /// The content types.
    pub types: Vec<TypeChoice>,
    /// An example of a topic.
    pub topic_example: Text,
    /// How much fits into the fields.
    pub limits: FormLimits,
    /// Suggestions for the tone.
    pub tones: Vec<Text>,
    /// Whether the advanced part is open.
    pub advanced_open: bool,
    /// The providers.
    pub providers: Vec<ProviderChoice>,
    /// The model field.
    pub model_field: ModelField,
    /// The estimate.
    pub estimate: EstimateView,
    /// What the client's strategy says.
    pub strategy: StrategyView,
}

/// What stands in the fields, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ContentValues {
    /// The content type's name on the wire.
    pub content_type: String,
    /// What about.
    pub topic: String,
    /// Separated by commas.
    pub keywords: String,
    /// What the text shall be found by.
    pub focus_keyphrase: String,
    /// For whom it is written.
    pub target_audience: String,
    /// How it sounds.
    pub tone: String,
    /// `short`, `medium`, `long`.
    pub length: String,
    /// A provider's name on the wire; empty for the default.
    pub llm_provider: String,
    /// A model's id; empty for the default.
    pub model: String,
    /// A number; empty for enough.
    pub max_tokens: String,
    /// What the prompt shall say as well.
    pub extra_instructions: String,
}

/// How much fits into the fields; the same bounds that CPM has.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FormLimits {
    /// Characters of the topic.
    pub topic: usize,
    /// Number of keywords.
    pub keywords: usize,
    /// Characters of the focus keyphrase.
    pub keyphrase: usize,
    /// Characters of the audience.
    pub audience: usize,
    /// Characters of the tone.
    pub tone: usize,
    /// The highest token limit.
    pub max_tokens: u32,
    /// Characters of the extra instructions.
    pub instructions: usize,
}

impl FormLimits {
    /// The bounds of [`hg_contracts::cpm::GenerateRequest`].
    pub const ALL: Self = Self {
        topic: 500,
        keywords: 10,
        keyphrase: 200,
        audience: 500,
        tone: 100,
        max_tokens: 16_000,
        instructions: 20_000,
    };
}

/// What the client's strategy says where a field is left empty; shown as placeholders.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct FormDefaults {
    /// Its audience.
    pub audience: String,
    /// Its tone.
    pub tone: String,
}

/// A length to choose.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct LengthChoice {
    /// Its name on the wire.
    pub value: Text,
    /// Its name.
    pub label: Text,
    /// What that means for this client, in words; empty where that isn't known.
    pub hint: String,
}

/// A provider to choose.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ProviderChoice {
    /// Its name on the wire.
    pub value: Text,
    /// Its name.
    pub label: String,
    /// Whether it can be used.
    pub available: bool,
}

/// The model field; a fragment of its own, because its suggestions depend on the provider.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ModelField {
    /// What stands in it.
    pub value: String,
    /// What holds where it is left empty.
    pub placeholder: String,
    /// The suggestions.
    pub options: Vec<Choice>,
    /// What is wrong with it.
    pub errors: Vec<FieldProblem>,
}

impl Fragment for ModelField {
    const TEMPLATE: &'static str = "pages/content/model_field.html";
    const NAME: &'static str = "model";
}

/// What the text will cost; a fragment of its own.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct EstimateView {
    /// Why there is no figure.
    pub message: Option<Text>,
    /// Whether that is something to be put right.
    pub is_problem: bool,
    /// The most that it can cost.
    pub amount: String,
    /// What the figure is made of.
    pub facts: Vec<Fact>,
}

impl Fragment for EstimateView {
    const TEMPLATE: &'static str = "pages/content/estimate.html";
    const NAME: &'static str = "estimate";
}

/// What the client's strategy says for a content type, and so what empty fields mean; a fragment of its own, because
/// each type has its strategy.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StrategyView {
    /// The content type's name on the wire.
    pub content_type: Text,
    /// What holds where a field is left empty.
    pub defaults: FormDefaults,
    /// The lengths.
    pub lengths: Vec<LengthChoice>,
    /// The card; none where the strategy can't be read.
    pub card: Option<StrategyCard>,
}

impl Fragment for StrategyView {
    const TEMPLATE: &'static str = "pages/content/strategy.html";
    const NAME: &'static str = "strategy";
}

/// A strategy in short.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StrategyCard {
    /// Whose it is, and for what.
    pub name: String,
    /// Its values.
    pub facts: Vec<StrategyFact>,
}

/// A value of the strategy.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StrategyFact {
    /// Which.
    pub label: Text,
    /// What it says.
    pub value: String,
    /// Where it comes from, unless it is the client's own.
    pub source: String,
}
