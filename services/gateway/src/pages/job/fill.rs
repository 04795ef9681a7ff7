//! From what content production knows of a job to its view.

use chrono::{DateTime, TimeDelta, Utc};
use hg_contracts::{
    cpm::{ClientBudget, JobCall, JobDetail},
    im::Template,
    smm::{Level, StrategySource},
};
use hg_types::{JobStatus, Provider, UserId};

use super::{
    AttemptView, JobProblem, JobView, LiveBadge, LiveView, PromptPart, PromptView, SourceView, StepState, StepView,
    Tab, TabView,
    current::{Current, current, standing},
    quality,
    request::RequestView,
    result,
};
use crate::pages::{
    clients::{Clients, is_writable},
    costs, format,
    forms::sentence,
    parts::{Fact, Moment, StatusBadge, Text, Tone, content_type_icon},
    shell::with_client,
};

/// What a view is made from, beside the job itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// The clients that the person sees.
    pub(super) clients: &'a Clients,
    /// The template that made the prompt, where it can be seen.
    pub(super) template: Option<&'a Template>,
    /// How the client's budgets stand, where they were in the way.
    pub(super) budget: Option<&'a ClientBudget>,
    /// Who looks.
    pub(super) viewer: (UserId, &'a str),
    /// The part that was asked for.
    pub(super) tab: Tab,
    /// The present moment.
    pub(super) now: DateTime<Utc>,
}

/// Whether the job failed because a budget had too little left.
pub(super) fn stopped_by_budget(job: &JobDetail) -> bool {
    job.summary.status == JobStatus::Failed && job.summary.error_code.as_deref() == Some("budget_exceeded")
}

/// A job as its page shows it.
pub(super) fn view(job: &JobDetail, around: &Around<'_>) -> JobView {
    let summary = &job.summary;
    let client = around.clients.by_id(summary.client_id);
    let slug = client.map(|client| client.slug.as_str());
    let may_write = around.clients.is_away() || client.is_some_and(is_writable);
    let href = format!("/jobs/{}", summary.id);
    let ended = summary.status.is_terminal();
    let result = result::view(job, slug);
    let approval_href = (result.is_some() && may_write).then(|| format!("{href}/approval"));
    let tabs = if ended { tabs(&href, result.is_some(), around.tab) } else { Vec::new() };
    let tab = tabs
        .iter()
        .position(|tab| tab.current)
        .and_then(|at| shown(result.is_some()).get(at).copied())
        .unwrap_or_default();
    JobView {
        view_href: format!("{href}/view"),
        jobs_href: with_client("/jobs", slug),
        client_href: with_client("/", slug),
        client_name: summary.client_name.clone(),
        topic: summary.topic.clone(),
        status: StatusBadge::of_job(summary.status),
        type_label: summary.content_type.label().into(),
        type_icon: content_type_icon(summary.content_type).into(),
        created: Moment::new(summary.created_at, around.now),
        author: job.created_by.filter(|id| *id == around.viewer.0).map(|_| around.viewer.1.to_owned()),
        error: problem(job, around, slug),
        live: (!ended).then(|| live(job, &href, around.now)),
        again_href: (ended && may_write).then(|| format!("/content/new?from={}", summary.id)),
        cancel_href: (!ended && may_write && !job.cancel_requested).then(|| format!("{href}/cancel")),
        cancel_note:
            "What was written so far is thrown away. Tokens that the provider has already used are still charged."
                .into(),
        tabs,
        tab,
        quality: current(job).and_then(|it| quality::view(&it.result.quality, format!("{href}?tab=quality"))),
        result,
        standing: standing(job, approval_href, around.now),
        prompt: prompt(job, around),
        sources: job.strategy_sources.iter().map(source).collect(),
        request: request(job),
        attempts: job.calls.iter().map(attempt).collect(),
        facts: facts(job, around.template),
    }
}

const fn shown(has_result: bool) -> &'static [Tab] {
    if has_result { &[Tab::Text, Tab::Quality, Tab::Prompt, Tab::Details] } else { &[Tab::Prompt, Tab::Details] }
}

fn tabs(href: &str, has_result: bool, asked: Tab) -> Vec<TabView> {
    let shown = shown(has_result);
    // Without a text, what was asked for and how the calls went says most.
    let fallback = if has_result { Tab::Text } else { Tab::Details };
    let current = if shown.contains(&asked) { asked } else { fallback };
    shown
        .iter()
        .map(|&tab| {
            let (label, icon, name) = match tab {
                Tab::Text => ("Text", "file-text", "text"),
                Tab::Quality => ("Quality", "gauge", "quality"),
                Tab::Prompt => ("Prompt", "code", "prompt"),
                Tab::Details => ("Details", "list", "details"),
            };
            TabView {
                label: label.into(),
                icon: icon.into(),
                href: format!("{href}?tab={name}"),
                current: tab == current,
            }
        })
        .collect()
}

fn problem(job: &JobDetail, around: &Around<'_>, slug: Option<&str>) -> Option<JobProblem> {
    let summary = &job.summary;
    match summary.status {
        JobStatus::Failed => {
            let (title, advice) = match summary.error_code.as_deref().unwrap_or_default() {
                "budget_exceeded" => {
                    ("The budget is used up", "Raise the budget, or wait for the next period, then write it again.")
                }
                "provider_not_configured" | "provider_key_unusable" => (
                    "The provider can’t be used",
                    "Set the provider’s key or choose another provider, then write it again.",
                ),
                "model_without_price" | "unknown_provider" => {
                    ("The model can’t be used", "Choose another model, then write it again.")
                }
                "prompt_refused" => {
                    ("The prompt could not be made", "Check the client’s template, then write it again.")
                }
                "strategy_refused" => {
                    ("The strategy could not be read", "Check the client’s strategy, then write it again.")
                }
                "deadline_exceeded" => {
                    ("It took too long", "Write it again; if it happens again, choose another model.")
                }
                "unknown_outcome" => (
                    "Nobody knows how the call ended",
                    "The provider may have charged for it. Write it again if you need the text.",
                ),
                _ => {
                    ("The text could not be written", "Write it again. If it fails again, the provider calls say more.")
                }
            };
            let message =
                summary.error_message.as_deref().map_or_else(|| "No reason was recorded.".to_owned(), sentence);
            let is_budget = stopped_by_budget(job);
            Some(JobProblem {
                tone: Tone::Danger,
                title: title.into(),
                message: message.into(),
                advice: advice.into(),
                budgets: around.budget.filter(|_| is_budget).map(costs::standing).unwrap_or_default(),
                costs_href: slug.filter(|_| is_budget).map(|slug| format!("/clients/{slug}/costs")),
            })
        }
        JobStatus::Cancelled => Some(JobProblem {
            tone: Tone::Info,
            title: "This job was cancelled".into(),
            message: "It was stopped before its text was finished.".into(),
            advice: Text::Borrowed(""),
            budgets: Vec::new(),
            costs_href: None,
        }),
        _ => None,
    }
}

fn live(job: &JobDetail, href: &str, now: DateTime<Utc>) -> LiveView {
    let summary = &job.summary;
    let stage =
        summary.stage.as_deref().unwrap_or(if summary.status == JobStatus::Pending { "queued" } else { "writing" });
    let label = if job.cancel_requested { "Stopping" } else { stage_label(stage) };
    let elapsed = (now - summary.started_at.unwrap_or(summary.created_at)).max(TimeDelta::zero());
    let steps = [
        ("Queued", "queued pending waiting"),
        ("Strategy", "strategy"),
        ("Prompt", "prompt"),
        ("Writing", "writing"),
        ("Checks", "checking repairing"),
    ];
    let at = steps.iter().position(|(_, stages)| stages.split(' ').any(|it| it == stage)).unwrap_or(0);
    LiveView {
        events_href: format!("{href}/events"),
        stage_label: label.into(),
        attempt_label: if job.attempts > 1 { format!("attempt {}", job.attempts) } else { String::new() },
        elapsed_ms: elapsed.num_milliseconds(),
        elapsed_text: format!("{} s", elapsed.num_seconds()),
        output_tokens: "–".to_owned(),
        cost: "–".to_owned(),
        steps: steps
            .into_iter()
            .enumerate()
            .map(|(index, (label, stages))| StepView {
                label: label.into(),
                stages: stages.into(),
                state: match index.cmp(&at) {
                    std::cmp::Ordering::Less => StepState::Done,
                    std::cmp::Ordering::Equal => StepState::Now,
                    std::cmp::Ordering::Greater => StepState::Next,
                },
            })
            .collect(),
        // The stream brings it from its beginning.
        text: String::new(),
        placeholder: "The text appears here as it is written.".into(),
        badges: [JobStatus::Pending, JobStatus::InProgress]
            .into_iter()
            .map(|status| LiveBadge { status: status.as_str().into(), badge: StatusBadge::of_job(status) })
            .collect(),
    }
}

/// The same words as in `web/src/ui/live-job.ts`.
fn stage_label(stage: &str) -> &'static str {
    match stage {
        "strategy" => "Reading the client’s strategy",
        "prompt" => "Building the prompt",
        "checking" => "Checking quality",
        "repairing" => "Repairing what the checks found",
        "waiting" => "Waiting before the next attempt",
        "queued" | "pending" => "Waiting for a free worker",
        _ => "Writing",
    }
}

fn prompt(job: &JobDetail, around: &Around<'_>) -> Option<PromptView> {
    if job.prompt.is_empty() && job.system_prompt.is_empty() {
        return None;
    }
    let mut note: Vec<String> = job.template_version.map(|version| format!("Version {version}")).into_iter().collect();
    if let Some(owner) = around.template.and_then(|template| around.clients.by_id(template.client_id)) {
        note.push(format!("of {}", owner.name));
    }
    if let Some(variant) = &job.template_variant {
        note.push(format!("variant {variant}"));
    }
    let parts = [("system", "System prompt", &job.system_prompt), ("user", "User prompt", &job.prompt)];
    Some(PromptView {
        template_name: around.template.map_or_else(|| "The prompt".to_owned(), |template| template.name.clone()),
        template_note: note.join(", "),
        parts: parts
            .into_iter()
            .filter(|(.., text)| !text.is_empty())
            .map(|(key, label, text)| PromptPart { key: key.into(), label: label.into(), text: text.clone() })
            .collect(),
    })
}

fn source(source: &StrategySource) -> SourceView {
    let level = match source.level {
        Level::Client => "Client",
        Level::Agency => "Agency",
        Level::Root => "Root",
        Level::Default => "Default",
    };
    SourceView {
        level: level.into(),
        owner: source.client_name.clone().map_or("Built in".into(), Into::into),
        version: source.version.map_or_else(|| "–".to_owned(), |version| format!("Version {version}")),
    }
}

fn provider_label(name: &str) -> String {
    name.parse::<Provider>().map_or_else(|_| name.to_owned(), |provider| provider.label().to_owned())
}

fn request(job: &JobDetail) -> Vec<Fact> {
    let summary = &job.summary;
    let mut facts = vec![
        Fact::new("Topic", summary.topic.clone()),
        Fact::new("Client", summary.client_name.clone()),
        Fact::new("Type", summary.content_type.label()),
    ];
    facts.extend(RequestView::read(&job.parameters).facts());
    facts.push(Fact::new("Provider", provider_label(&summary.llm_provider)));
    facts.push(Fact::new("Model", summary.model.clone()));
    facts.push(Fact::new("Reserved at most", format::money(job.estimated_cost_usd)));
    facts.push(Fact::new("Job", summary.id.to_string()));
    facts
}

fn attempt(call: &JobCall) -> AttemptView {
    let outcome = match call.status.as_str() {
        "done" => StatusBadge::new("Completed", Tone::Success, "circle-check"),
        "failed" => StatusBadge::new("Failed", Tone::Danger, "circle-x"),
        "cancelled" => StatusBadge::new("Cancelled", Tone::Warning, "ban"),
        "started" => StatusBadge { spins: true, ..StatusBadge::new("Writing", Tone::Info, "loader-circle") },
        _ => StatusBadge::new("Unknown", Tone::Warning, "circle-alert"),
    };
    let note = match (&call.error_message, call.stage.as_str()) {
        (Some(message), _) => message.clone(),
        (None, "repair") => "Repairs what the checks found.".to_owned(),
        (None, _) => String::new(),
    };
    let tokens = match (call.input_tokens, call.output_tokens) {
        (None, None) => "–".to_owned(),
        (input, output) => format!("{} / {}", tokens(input), tokens(output)),
    };
    AttemptView {
        number: call.attempt.to_string(),
        model: format!("{} · {}", provider_label(&call.provider), call.model),
        note,
        outcome,
        tokens,
        cost: format::money(call.cost_usd),
        cost_kind: call.cost_known.clone().into(),
        took: call.finished_at.map_or_else(|| "–".to_owned(), |end| format::duration(end - call.started_at)),
    }
}

fn tokens(count: Option<i32>) -> String {
    count.map_or_else(|| "–".to_owned(), format::count)
}

fn facts(job: &JobDetail, template: Option<&Template>) -> Vec<Fact> {
    let summary = &job.summary;
    let mut facts = Vec::new();
    if let Some(Current { result, .. }) = current(job) {
        facts.push(Fact::new("Words", format::count(result.word_count)));
        if let Some(time) = quality::reading_time(&result.quality) {
            facts.push(Fact::new("Reading time", time));
        }
    }
    facts.push(Fact::new("Provider", provider_label(&summary.llm_provider)));
    facts.push(Fact::new("Model", summary.model.clone()));
    facts.push(Fact::new("Tokens in", tokens(job.input_tokens)));
    facts.push(Fact::new("Tokens out", tokens(job.output_tokens)));
    facts.push(Fact::new("Cost", summary.cost_usd.map_or_else(|| "–".to_owned(), format::money)));
    if let (Some(start), Some(end)) = (summary.started_at, summary.completed_at) {
        facts.push(Fact::new("Took", format::duration(end - start)));
    }
    match (template, job.template_version) {
        (Some(template), Some(version)) => facts.push(Fact::new("Template", format!("{}, v{version}", template.name))),
        (None, Some(version)) => facts.push(Fact::new("Template", format!("v{version}"))),
        _ => {}
    }
    facts
}
