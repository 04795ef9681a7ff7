//! One job: live while it is written, then its text, quality report, prompt and costs.

pub(crate) mod approve;
mod current;
mod document;
mod fill;
mod quality;
pub(crate) mod request;
mod result;
pub(crate) mod show;

use serde::Serialize;

use super::{
    parts::{Fact, Moment, StatusBadge, Text, Tone},
    templates::{Fragment, Page},
};

/// The page around a job's view.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct JobPage {
    /// The job.
    pub job: JobView,
}

impl Page for JobPage {
    fn template(&self) -> &'static str {
        "pages/jobs/show.html"
    }
}

/// Everything about a job as it stands; a fragment of its own, which the live part swaps in when the job ends.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct JobView {
    /// This fragment.
    pub view_href: String,
    /// The list that it belongs to.
    pub jobs_href: String,
    /// The client's dashboard.
    pub client_href: String,
    /// The client.
    pub client_name: String,
    /// What about.
    pub topic: String,
    /// Where it stands.
    pub status: StatusBadge,
    /// What kind.
    pub type_label: Text,
    /// The kind's icon.
    pub type_icon: Text,
    /// When it was asked for.
    pub created: Moment,
    /// Who asked; none where that isn't known here.
    pub author: Option<String>,
    /// Why there is no text.
    pub error: Option<JobProblem>,
    /// What is going on; none when the job has ended.
    pub live: Option<LiveView>,
    /// The form, filled with this request; none for those who may only read.
    pub again_href: Option<String>,
    /// Where to post to stop it; none when that can't be done.
    pub cancel_href: Option<String>,
    /// What stopping it means.
    pub cancel_note: Text,
    /// The parts to look at; none while the job is under way.
    pub tabs: Vec<TabView>,
    /// The part that is shown.
    pub tab: Tab,
    /// The text.
    pub result: Option<ResultView>,
    /// Who has edited it, and what people say of it; none without a text.
    pub standing: Option<StandingView>,
    /// What the checks say.
    pub quality: Option<QualityView>,
    /// What was asked of the model.
    pub prompt: Option<PromptView>,
    /// The strategies that took part, the nearest first.
    pub sources: Vec<SourceView>,
    /// The request.
    pub request: Vec<Fact>,
    /// The provider calls.
    pub attempts: Vec<AttemptView>,
    /// Words, cost, tokens, time.
    pub facts: Vec<Fact>,
}

impl Fragment for JobView {
    const TEMPLATE: &'static str = "pages/jobs/view.html";
    const NAME: &'static str = "job";
}

/// A part of a finished job, by its name in the address (`?tab=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tab {
    /// The text.
    #[default]
    Text,
    /// The quality report.
    Quality,
    /// The prompt and its sources.
    Prompt,
    /// The request and the provider calls.
    Details,
}

/// A part to look at.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct TabView {
    /// Its name.
    pub label: Text,
    /// The icon's name.
    pub icon: Text,
    /// Where it is.
    pub href: String,
    /// Whether it is shown.
    pub current: bool,
}

/// Why there is no text.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct JobProblem {
    /// `danger` for a failure, `info` for what somebody wanted.
    pub tone: Tone,
    /// What happened, in a few words.
    pub title: Text,
    /// What was said about it.
    pub message: Text,
    /// What to do; empty for nothing.
    pub advice: Text,
    /// How the budgets stand now, where they were in the way.
    pub budgets: Vec<Fact>,
    /// The client's budgets and costs, where they were in the way.
    pub costs_href: Option<String>,
}

/// A job under way.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct LiveView {
    /// The event stream.
    pub events_href: String,
    /// What it is doing.
    pub stage_label: Text,
    /// Which attempt, from the second on; else empty.
    pub attempt_label: String,
    /// Since it was asked for, or its work began.
    pub elapsed_ms: i64,
    /// The same in words.
    pub elapsed_text: String,
    /// Tokens out so far.
    pub output_tokens: String,
    /// What it cost so far.
    pub cost: String,
    /// The steps on its way.
    pub steps: Vec<StepView>,
    /// The text so far, where it is known already; the stream brings it too.
    pub text: String,
    /// What stands there before the first word.
    pub placeholder: Text,
    /// The states that it may get into meanwhile.
    pub badges: Vec<LiveBadge>,
}

/// A state that a job under way may get into.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct LiveBadge {
    /// Its name on the wire.
    pub status: Text,
    /// How it looks.
    pub badge: StatusBadge,
}

/// A step on a job's way.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StepView {
    /// Its name.
    pub label: Text,
    /// The stages that belong to it, separated by spaces.
    pub stages: Text,
    /// Whether it is behind, under way or ahead.
    pub state: StepState,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Behind.
    Done,
    /// Under way.
    Now,
    /// Ahead.
    Next,
}

/// The finished text.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct ResultView {
    /// The source, for copying.
    pub markdown: String,
    /// The text as sanitised HTML: the one value that templates print as it is. Empty where the parts say it all.
    pub html: String,
    /// Its parts, for posts and e-mails.
    pub parts: Vec<PartView>,
    /// The source as a file.
    pub markdown_href: String,
    /// The text as an HTML file.
    pub html_href: String,
    /// How a search engine would show it; blog posts only.
    pub search_preview: Option<SearchPreview>,
}

/// What people have made of a text.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct StandingView {
    /// The version that is shown; 0 is what was generated.
    pub version: i32,
    /// `Version 2, edited by Ada`, or that nobody has edited it.
    pub title: String,
    /// When it was edited, if it was.
    pub edited: Option<Moment>,
    /// Why it was edited; empty where nobody said.
    pub note: String,
    /// The verdict that holds.
    pub verdict: Option<VerdictView>,
    /// Where a verdict is sent; none for those who may give none.
    pub approval_href: Option<String>,
    /// Why a verdict wasn't taken.
    pub alert: Option<Text>,
    /// What was typed beside it.
    pub typed: String,
}

/// A verdict.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct VerdictView {
    /// What it is.
    pub badge: StatusBadge,
    /// Who gave it, and of which version.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Why; empty where nobody said.
    pub note: String,
    /// Whether it is of the version that is shown.
    pub is_current: bool,
}

/// A part of a text that stands alone: a post, a subject line.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct PartView {
    /// Its platform or name.
    pub label: Text,
    /// Its text.
    pub text: String,
    /// Its length.
    pub note: String,
}

/// How a search engine would show the text.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct SearchPreview {
    /// The address.
    pub address: String,
    /// The title.
    pub title: String,
    /// The meta description.
    pub description: Text,
}

/// The quality report.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct QualityView {
    /// 0–100.
    pub score: u8,
    /// Its colour.
    pub tone: Tone,
    /// It in a word.
    pub headline: Text,
    /// Counts.
    pub short: String,
    /// A sentence.
    pub summary: String,
    /// The report's own page.
    pub href: String,
    /// The checks.
    pub groups: Vec<CheckGroup>,
}

/// Checks that belong together.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CheckGroup {
    /// Their name.
    pub label: Text,
    /// `8 of 10 good`.
    pub summary: String,
    /// The checks.
    pub checks: Vec<CheckView>,
}

/// A check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct CheckView {
    /// How it came out.
    pub verdict: CheckVerdict,
    /// The same in words.
    pub verdict_label: Text,
    /// What was checked.
    pub label: String,
    /// What was found.
    pub value: String,
    /// What would be good; empty where that goes without saying.
    pub threshold: String,
    /// What to do; empty for nothing.
    pub advice: String,
}

/// How a check came out, as the page marks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it should be.
    Good,
    /// Could be better.
    Ok,
    /// A problem.
    Poor,
}

/// The prompt that was sent.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct PromptView {
    /// The template's name.
    pub template_name: String,
    /// Its version, owner, variant.
    pub template_note: String,
    /// System and user prompt.
    pub parts: Vec<PromptPart>,
}

/// One of the prompts.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct PromptPart {
    /// For element ids.
    pub key: Text,
    /// Its name.
    pub label: Text,
    /// Its text.
    pub text: String,
}

/// A strategy that took part.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct SourceView {
    /// Its level in the hierarchy.
    pub level: Text,
    /// Whose it is.
    pub owner: Text,
    /// Its version.
    pub version: String,
}

/// A provider call.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize), serde(deny_unknown_fields))]
pub struct AttemptView {
    /// Which attempt.
    pub number: String,
    /// Provider and model.
    pub model: String,
    /// What went wrong, or what it was for.
    pub note: String,
    /// How it ended.
    pub outcome: StatusBadge,
    /// In / out.
    pub tokens: String,
    /// What it cost.
    pub cost: String,
    /// How that is known.
    pub cost_kind: Text,
    /// How long it took.
    pub took: String,
}
