//! What differs between the providers that speak this format.

use hg_types::Provider;

use crate::request::MaxTokensField;

/// One provider's habits.
#[derive(Debug)]
pub struct Profile {
    /// Which provider.
    pub provider: Provider,
    /// Where it is, without a trailing slash.
    pub base_url: &'static str,
    /// What to GET, below the address, to learn whether a key is taken: free, and refused without a key.
    pub key_check: &'static str,
    /// The model used where nobody names one.
    pub default_model: &'static str,
    /// Where the output limit goes unless the price table knows better for a model.
    pub max_tokens_field: MaxTokensField,
    /// The name of the field for an opaque tag of the end user.
    pub user_field: UserField,
    /// Whether `usage` carries the amount that was charged.
    pub reports_cost: bool,
    /// Whether it wants to know which application calls (`HTTP-Referer`, `X-Title`).
    pub names_the_app: bool,
}

/// The field for an opaque tag of the end user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserField {
    /// The older name.
    User,
    /// OpenAI's newer name.
    SafetyIdentifier,
}

/// OpenAI itself. `max_tokens` is deprecated there and refused by models that reason.
pub static OPENAI: Profile = Profile {
    provider: Provider::OpenAi,
    base_url: "https://api.openai.com/v1",
    key_check: "models",
    // Of the models that OpenAI recommends for high volume; gpt-4o-mini leaves on 2027-01-14.
    default_model: "gpt-6-luna",
    max_tokens_field: MaxTokensField::MaxCompletionTokens,
    user_field: UserField::SafetyIdentifier,
    reports_cost: false,
    names_the_app: false,
};

/// Groq: streamed usage may come in `x_groq.usage`.
pub static GROQ: Profile = Profile {
    provider: Provider::Groq,
    base_url: "https://api.groq.com/openai/v1",
    key_check: "models",
    default_model: "openai/gpt-oss-120b",
    max_tokens_field: MaxTokensField::MaxCompletionTokens,
    user_field: UserField::User,
    reports_cost: false,
    names_the_app: false,
};

/// OpenRouter: cost in `usage`, comments as keep-alives, errors inside a 200.
pub static OPENROUTER: Profile = Profile {
    provider: Provider::OpenRouter,
    base_url: "https://openrouter.ai/api/v1",
    // Its list of models is public: <https://openrouter.ai/docs/api-reference/api-keys/get-current-api-key>.
    key_check: "key",
    default_model: "openai/gpt-4o-mini",
    max_tokens_field: MaxTokensField::MaxTokens,
    user_field: UserField::User,
    reports_cost: true,
    names_the_app: true,
};
