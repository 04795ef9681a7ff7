//! A finished text as a file: Markdown with front matter, or an HTML document that stands alone.

use hg_contracts::cpm::{JobDetail, JobResult};
use hg_types::ContentType;
use serde::Serialize;

use crate::pages::{content::strategy::platform, markdown, templates::Fragment};

/// The longest file name, without its ending.
const NAME_CHARS: usize = 80;

/// A finished text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// Its title, else what it is about.
    pub(super) title: String,
    description: Option<String>,
    fallback_name: String,
    body: String,
    content_type: ContentType,
}

impl Document {
    pub(super) fn of(job: &JobDetail, result: &JobResult) -> Self {
        let summary = &job.summary;
        let given =
            |text: &Option<String>| text.clone().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            title: given(&result.title).or_else(|| given(&summary.title)).unwrap_or_else(|| summary.topic.clone()),
            description: given(&result.meta_description),
            fallback_name: format!("{}-{}", summary.content_type.as_str().replace('_', "-"), summary.id),
            body: body(summary.content_type, result),
            content_type: summary.content_type,
        }
    }

    /// The text with its title, as it is copied.
    pub(super) fn plain_markdown(&self) -> String {
        if self.is_titled() {
            format!("# {}\n\n{}\n", markdown::escape_markdown(&self.title), self.body)
        } else {
            self.body.clone()
        }
    }

    /// Whether the title stands above the text; the parts of posts and e-mails name themselves.
    const fn is_titled(&self) -> bool {
        !matches!(self.content_type, ContentType::SocialMedia | ContentType::EmailCampaign)
    }

    /// The text with title and meta description in front, as static site generators read them.
    pub(super) fn markdown(&self) -> String {
        // A JSON string is a YAML string.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut front = format!("---\ntitle: {}\n", quoted(&self.title));
        if let Some(description) = &self.description {
            front.push_str(&format!("description: {}\n", quoted(description)));
        }
        format!("{front}---\n\n{}", self.plain_markdown())
    }

    /// The text as an HTML document that stands alone.
    pub(super) fn html(&self) -> HtmlDocument {
        let heading =
            if self.is_titled() { format!("<h1>{}</h1>\n", markdown::escape(&self.title)) } else { String::new() };
        HtmlDocument {
            title: self.title.clone(),
            description: self.description.clone(),
            html: format!("{heading}{}", markdown::render(&self.body)),
        }
    }

    /// The title as a part of an address or file name: lower-case letters, digits and single hyphens.
    pub(super) fn slug(&self) -> String {
        let mut slug = String::new();
        for character in self.title.to_lowercase().chars() {
            match character {
                'a'..='z' | '0'..='9' => slug.push(character),
                // Inside of a word: `what's` is `whats`.
                '\'' | '’' => {}
                _ if slug.ends_with('-') || slug.is_empty() => {}
                _ => slug.push('-'),
            }
        }
        slug.truncate(NAME_CHARS);
        let slug = slug.trim_end_matches('-');
        if slug.len() < 3 { self.fallback_name.clone() } else { slug.to_owned() }
    }
}

fn body(content_type: ContentType, result: &JobResult) -> String {
    let part = |name: &str| result.parts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    match content_type {
        ContentType::SocialMedia if !result.parts.is_empty() => {
            let heading = |name: &str| markdown::escape_markdown(&platform(name));
            let posts = result.parts.iter().map(|(name, text)| format!("## {}\n\n{}\n", heading(name), text.trim()));
            posts.collect::<Vec<_>>().join("\n")
        }
        ContentType::EmailCampaign => {
            // A mail program shows these as they are: no markup.
            let lines = [("Subject", part("subject")), ("Preheader", part("preheader"))];
            let mut text: String = lines
                .iter()
                .filter_map(|(label, value)| {
                    value.map(|value| format!("**{label}:** {}\n\n", markdown::escape_markdown(value)))
                })
                .collect();
            text.push_str(part("body").unwrap_or(result.content.trim()));
            text.push('\n');
            text
        }
        _ => result.content.trim().to_owned(),
    }
}

/// The context of the HTML file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct HtmlDocument {
    title: String,
    description: Option<String>,
    html: String,
}

impl Fragment for HtmlDocument {
    const TEMPLATE: &'static str = "documents/article.html";
    const NAME: &'static str = "document";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(title: &str) -> Document {
        Document {
            title: title.to_owned(),
            description: Some("Say \"hi\": it's\n--- free".to_owned()),
            fallback_name: "blog-post-1".to_owned(),
            body: "## One\n\nText.".to_owned(),
            content_type: ContentType::BlogPost,
        }
    }

    #[test]
    fn file_names_are_safe_everywhere() {
        for (title, name) in [
            ("7 Signs Your Home’s Panel: Needs an Upgrade!", "7-signs-your-homes-panel-needs-an-upgrade"),
            ("../../etc/passwd\"\r\nX: y", "etc-passwd-x-y"),
            ("配电箱", "blog-post-1"),
            ("", "blog-post-1"),
        ] {
            assert_eq!(document(title).slug(), name);
        }
        assert!(document(&"long title ".repeat(40)).slug().len() <= NAME_CHARS);
    }

    #[test]
    fn a_title_is_text_and_no_markup() {
        let document = document("What is `Option<T>`? *Really*, snake_case & &lt; in C#");
        let heading = "<h1>What is `Option&lt;T&gt;`? *Really*, snake_case &amp; &amp;lt; in C#</h1>\n";
        assert!(document.html().html.starts_with(heading), "{}", document.html().html);
        let again = markdown::render(&document.plain_markdown());
        assert!(again.starts_with(heading), "{again}");
    }

    #[test]
    fn subject_and_preheader_are_text_and_no_markup() {
        let result: JobResult = serde_json::from_value(serde_json::json!({
            "content": "Hello *you*",
            "parts": {
                "subject": "<b>50%</b> off *all* _tools_\n# today",
                "preheader": "[Look](https://evil.example) & `go`",
                "body": "Hello *you*",
            },
            "word_count": 2,
            "quality": null,
        }))
        .unwrap();
        let document = Document {
            body: body(ContentType::EmailCampaign, &result),
            content_type: ContentType::EmailCampaign,
            ..document("Sale")
        };
        assert_eq!(
            document.html().html,
            "<p><strong>Subject:</strong> &lt;b&gt;50%&lt;/b&gt; off *all* _tools_ # today</p>\n\
             <p><strong>Preheader:</strong> [Look](https://evil.example) &amp; `go`</p>\n\
             <p>Hello <em>you</em></p>\n"
        );
    }

    #[test]
    fn front_matter_can_not_be_broken_out_of() {
        let text = document("A: \"B\"").markdown();
        let expected = "---\ntitle: \"A: \\\"B\\\"\"\ndescription: \"Say \\\"hi\\\": it's\\n--- free\"\n---\n\n# A: \"B\"\n\n## One\n\nText.\n";
        assert_eq!(text, expected);
    }
}
