//! What the form sends: read, kept to show again, and turned into the request that it means.
//!
//! Only what the request's types can't hold is judged here; the rest is content production's to judge.

use hg_contracts::cpm::GenerateRequest;
use hg_types::{ContentType, Length, id::ClientRef};
use serde::Deserialize;

use super::ContentValues;
use crate::pages::parts::FieldProblem;

/// The form as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ContentInput {
    _csrf: String,
    pub(crate) idempotency_key: String,
    pub(crate) client: String,
    content_type: String,
    topic: String,
    keywords: String,
    focus_keyphrase: String,
    target_audience: String,
    tone: String,
    length: String,
    llm_provider: String,
    model: String,
    max_tokens: String,
    extra_instructions: String,
}

impl ContentInput {
    /// The key that makes sending the same form twice one job; none where the form has none that can be used.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        let key = self.idempotency_key.as_str();
        let fits = (16..=100).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then_some(key)
    }

    /// Whether there is anything yet to ask for.
    pub(crate) fn is_blank(&self) -> bool {
        self.topic.trim().is_empty()
    }

    /// The content type that was chosen, else a blog post.
    pub(crate) fn content_type(&self) -> ContentType {
        self.content_type.parse().unwrap_or(ContentType::BlogPost)
    }

    /// What was typed, to stand in the fields again.
    pub(crate) fn values(&self) -> ContentValues {
        ContentValues {
            content_type: self.content_type().as_str().to_owned(),
            topic: self.topic.clone(),
            keywords: self.keywords.clone(),
            focus_keyphrase: self.focus_keyphrase.clone(),
            target_audience: self.target_audience.clone(),
            tone: self.tone.clone(),
            length: self.length().unwrap_or(Length::Medium).as_str().to_owned(),
            llm_provider: self.llm_provider.clone(),
            model: self.model.clone(),
            max_tokens: self.max_tokens.clone(),
            extra_instructions: self.extra_instructions.clone(),
        }
    }

    fn length(&self) -> Option<Length> {
        self.length.parse().ok()
    }

    /// The request that this means.
    ///
    /// # Errors
    /// With one entry per field that no request can hold.
    pub(crate) fn request(&self) -> Result<GenerateRequest, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let client = self.client.trim();
        if client.is_empty() {
            problems.push(FieldProblem::new("client", "Choose a client."));
        }
        let content_type = self.content_type.parse();
        if content_type.is_err() {
            problems.push(FieldProblem::new("content_type", "Choose a type."));
        }
        let topic = one_line(&self.topic);
        if topic.is_none() {
            problems.push(FieldProblem::new("topic", "Say what the text is about."));
        }
        let max_tokens = match self.max_tokens.trim() {
            "" => None,
            text => match text.parse::<u32>() {
                Ok(tokens) => Some(tokens),
                Err(_) => {
                    problems.push(FieldProblem::new("max_tokens", "The token limit must be a whole number."));
                    None
                }
            },
        };
        match content_type {
            Ok(content_type) if problems.is_empty() => Ok(GenerateRequest {
                client_id: ClientRef::parse(client),
                content_type,
                topic,
                prompt: Some(self.extra_instructions.trim().to_owned()).filter(|text| !text.is_empty()),
                keywords: keywords(&self.keywords),
                focus_keyphrase: one_line(&self.focus_keyphrase),
                target_audience: one_line(&self.target_audience),
                tone: one_line(&self.tone),
                length: self.length(),
                word_count_range: None,
                llm_provider: one_line(&self.llm_provider),
                model: one_line(&self.model),
                max_tokens,
                temperature: None,
                user_id: None,
                provider_key_id: None,
                priority: None,
                wait: None,
                stream: None,
            }),
            _ => Err(problems),
        }
    }
}

/// Line breaks and runs of blanks as one blank; nothing for nothing.
fn one_line(text: &str) -> Option<String> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(line).filter(|line| !line.is_empty())
}

/// The keywords of a comma list; the same separators as in `web/src/ui/chips.ts`.
fn keywords(text: &str) -> Vec<String> {
    text.split([',', ';', '\n']).filter_map(one_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> ContentInput {
        ContentInput {
            client: "ohio-paving".to_owned(),
            content_type: "blog_post".to_owned(),
            topic: "Sealcoating\r\nor  repaving".to_owned(),
            length: "long".to_owned(),
            ..ContentInput::default()
        }
    }

    #[test]
    fn a_form_becomes_a_request() {
        let request = ContentInput {
            keywords: "asphalt, parking lot ;; \n sealcoating".to_owned(),
            max_tokens: " 4000 ".to_owned(),
            extra_instructions: "Mention\r\nthe inspection. ".to_owned(),
            tone: "  ".to_owned(),
            ..input()
        };
        let request = request.request().unwrap();
        assert_eq!(request.topic.as_deref(), Some("Sealcoating or repaving"));
        assert_eq!(request.keywords, ["asphalt", "parking lot", "sealcoating"]);
        assert_eq!((request.max_tokens, request.length, request.tone), (Some(4_000), Some(Length::Long), None));
        assert_eq!(request.prompt.as_deref(), Some("Mention\r\nthe inspection."));
    }

    #[test]
    fn what_no_request_can_hold_is_named() {
        let bad = ContentInput {
            topic: "\n ".to_owned(),
            content_type: "poem".to_owned(),
            max_tokens: "many".to_owned(),
            client: String::new(),
            ..input()
        };
        let fields: Vec<_> = bad.request().unwrap_err().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["client", "content_type", "topic", "max_tokens"]);
        assert_eq!(bad.values().content_type, "blog_post");
        assert_eq!(bad.values().max_tokens, "many");
    }

    #[test]
    fn only_keys_of_ours_are_passed_on() {
        let with = |key: &str| ContentInput { idempotency_key: key.to_owned(), ..input() };
        assert_eq!(
            with("9d1c1a52f0a94d41b3d0d31c9a3fd7a1").idempotency_key(),
            Some("9d1c1a52f0a94d41b3d0d31c9a3fd7a1")
        );
        for bad in ["", "short", "9d1c1a52f0a94d41\r\nx: y0000000"] {
            assert_eq!(with(bad).idempotency_key(), None, "{bad:?}");
        }
    }
}
