//! The finished text for the page: rendered, in parts, as a search engine would show it.

use hg_contracts::cpm::{JobDetail, JobResult};
use hg_quality::Platform;
use hg_types::ContentType;

use super::{PartView, ResultView, SearchPreview, current::current, document::Document};
use crate::pages::{content::strategy::platform, format, markdown};

/// The finished text; none while there is none.
pub(super) fn view(job: &JobDetail, client_slug: Option<&str>) -> Option<ResultView> {
    let result = current(job)?.result;
    let document = Document::of(job, result);
    let id = job.summary.id;
    Some(ResultView {
        html: html(job.summary.content_type, result, &document.title),
        parts: parts(job.summary.content_type, result),
        markdown_href: format!("/jobs/{id}/download.md"),
        html_href: format!("/jobs/{id}/download.html"),
        search_preview: (job.summary.content_type == ContentType::BlogPost).then(|| SearchPreview {
            address: format!("{} › {}", client_slug.unwrap_or("example.com"), document.slug()),
            title: document.title.clone(),
            description: result.meta_description.clone().map_or_else(
                || "There is no meta description: a search engine would pick a sentence itself.".into(),
                Into::into,
            ),
        }),
        markdown: document.plain_markdown(),
    })
}

/// Posts say it all in their parts; of an e-mail the body is an article like any other.
fn html(content_type: ContentType, result: &JobResult, title: &str) -> String {
    match content_type {
        ContentType::SocialMedia if !result.parts.is_empty() => String::new(),
        ContentType::EmailCampaign => markdown::render(result.parts.get("body").unwrap_or(&result.content)),
        _ => format!("<h1>{}</h1>{}", markdown::escape(title), markdown::render(&result.content)),
    }
}

fn parts(content_type: ContentType, result: &JobResult) -> Vec<PartView> {
    match content_type {
        ContentType::EmailCampaign => [("subject", "Subject"), ("preheader", "Preheader")]
            .into_iter()
            .filter_map(|(name, label)| {
                let text = result.parts.get(name)?.clone();
                let note = characters(text.chars().count());
                Some(PartView { label: label.into(), text, note })
            })
            .collect(),
        _ => result.parts.iter().map(|(name, text)| post(name, text)).collect(),
    }
}

fn post(name: &str, text: &str) -> PartView {
    let note = match Platform::read(name) {
        Some(known) => {
            format!("{} of {} characters", format::count(known.length(text)), format::count(known.limit()))
        }
        None => characters(text.chars().count()),
    };
    PartView { label: platform(name).into(), text: text.to_owned(), note }
}

fn characters(count: usize) -> String {
    format!("{} characters", format::count(i64::try_from(count).unwrap_or(i64::MAX)))
}
