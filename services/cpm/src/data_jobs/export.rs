//! What an export holds of content production: jobs whole, articles as Markdown too, what they cost; keys without secrets.

use hg_common::data_jobs::{By, Dump, PartError, Work, dump};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{self, ExportedJob};

/// A line holds prompts and a text: fewer of them per batch.
const JOBS: i64 = 50;
/// Over so many jobs of everybody is looked at once for those that a person asked for.
const WINDOW: i64 = 20_000;
const LONGEST_TITLE: usize = 60;

const COSTS: &[Dump] = &[
    Dump {
        path: "provider_calls.ndjson",
        from: "FROM provider_calls p WHERE p.client_id = $1",
        key: By::Id("p.id"),
        line: "jsonb_build_object('id', p.id, 'job_id', p.job_id, 'client_id', p.client_id, 'attempt', p.attempt, 'stage', p.stage,
                 'provider', p.provider, 'model', p.model, 'status', p.status, 'input_tokens', p.input_tokens,
                 'cached_tokens', p.cached_tokens, 'output_tokens', p.output_tokens, 'reasoning_tokens', p.reasoning_tokens,
                 'cost', p.cost, 'cost_known', p.cost_known, 'finish_reason', p.finish_reason, 'generation_id', p.generation_id,
                 'error_code', p.error_code, 'error_message', p.error_message, 'started_at', p.started_at,
                 'first_token_at', p.first_token_at, 'finished_at', p.finished_at)",
    },
    Dump {
        path: "charges.ndjson",
        from: "FROM charges h WHERE h.client_id = $1",
        key: By::Id("h.job_id"),
        line: "jsonb_build_object('job_id', h.job_id, 'client_id', h.client_id, 'amount', h.amount, 'provider', h.provider,
                 'model', h.model, 'created_at', h.created_at)",
    },
    Dump {
        path: "budgets.ndjson",
        from: "FROM budgets b WHERE b.client_id = $1",
        key: By::Id("b.id"),
        line: "jsonb_build_object('client_id', b.client_id, 'period', b.period, 'period_start', b.period_start,
                 'limit_usd', b.limit_usd, 'reserved', b.reserved, 'spent', b.spent, 'spent_charged', b.spent_charged,
                 'spent_failed', b.spent_failed, 'spent_cancelled', b.spent_cancelled, 'spent_unknown', b.spent_unknown)",
    },
    Dump {
        path: "limits.ndjson",
        from: "FROM budget_limits l WHERE l.client_id = $1",
        key: By::Id("l.id"),
        line: "jsonb_build_object('client_id', l.client_id, 'daily_limit', l.daily_limit, 'monthly_limit', l.monthly_limit,
                 'own_daily', l.own_daily, 'own_monthly', l.own_monthly, 'cap_daily', l.cap_daily, 'cap_monthly', l.cap_monthly,
                 'updated_at', l.updated_at)",
    },
    // Neither the key nor its hash; the prefix is what its holder sees, too.
    Dump {
        path: "api_keys.ndjson",
        from: "FROM api_keys k WHERE k.client_id = $1",
        key: By::Id("k.id"),
        line: "jsonb_build_object('id', k.id, 'client_id', k.client_id, 'name', k.name, 'scopes', k.scopes,
                 'created_at', k.created_at, 'created_by', k.created_by, 'last_used_at', k.last_used_at,
                 'expires_at', k.expires_at, 'revoked_at', k.revoked_at, 'revoked_by', k.revoked_by,
                 'rotated_at', k.rotated_at, 'rotated_by', k.rotated_by, 'requests_per_minute', k.requests_per_minute,
                 'jobs_per_day', k.jobs_per_day, 'daily_limit', k.daily_limit, 'monthly_limit', k.monthly_limit)",
    },
    Dump {
        path: "provider_keys.ndjson",
        from: "FROM provider_keys k WHERE k.client_id = $1",
        key: By::Id("k.id"),
        line: "jsonb_build_object('id', k.id, 'client_id', k.client_id, 'user_id', k.user_id, 'provider', k.provider, 'name', k.name,
                 'created_at', k.created_at, 'created_by', k.created_by, 'disabled_at', k.disabled_at)",
    },
];

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Place {
    subject: usize,
    after: Uuid,
}

/// Jobs as lines of `jobs.ndjson`; texts as `articles/<client>/<date>-<title>-<id>.md`.
pub(super) async fn jobs(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    if work.is_fresh() {
        let mut batch = work.begin().await?;
        let total = store::jobs_count(&mut batch, &clients).await?;
        batch.save(&Place::default(), 0, Some(total)).await?;
    }
    let mut place: Place = work.place();
    while let Some(client) = clients.get(place.subject).copied() {
        let most = work.batch_size().min(JOBS);
        let mut batch = work.begin().await?;
        let jobs = store::jobs_export(&mut batch, client, place.after, most).await?;
        place = match jobs.last() {
            Some(last) => Place { after: last.id, ..place },
            None => Place { subject: place.subject + 1, after: Uuid::nil() },
        };
        batch.append("jobs.ndjson", lines(jobs.iter().map(|job| job.line.as_str())).as_bytes()).await?;
        let articles: Vec<(String, Vec<u8>)> = jobs.iter().filter_map(article).collect();
        batch.put_files(&articles).await?;
        batch.save(&place, jobs.len() as u64, None).await?;
    }
    Ok(())
}

/// Calls, charges, budgets, limits; keys without what opens anything.
pub(super) async fn costs(work: &mut Work) -> Result<(), PartError> {
    dump(work, COSTS).await
}

/// What a person asked for: when, for whom, under which title. The texts are their clients'.
pub(super) async fn asked_for(work: &mut Work) -> Result<(), PartError> {
    let person = work.person().unwrap_or_else(Uuid::nil);
    let mut place: Place = work.place();
    // The one subject is done with the last window.
    while place.subject == 0 {
        let mut batch = work.begin().await?;
        let up_to = store::jobs_window(&mut batch, place.after, WINDOW).await?;
        let found = store::jobs_asked_for(&mut batch, person, place.after, up_to).await?;
        batch.append("asked_for.ndjson", lines(found.iter().map(String::as_str)).as_bytes()).await?;
        place = match up_to {
            Some(after) => Place { after, ..place },
            None => {
                let edits = store::edits_of_person(&mut batch, person).await?;
                batch.append("edits.ndjson", lines(edits.iter().map(String::as_str)).as_bytes()).await?;
                Place { subject: 1, ..place }
            }
        };
        batch.save(&place, found.len() as u64, None).await?;
    }
    Ok(())
}

fn lines<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// The file of a job's text. The end of the id keeps two of one day and title apart.
fn article(job: &ExportedJob) -> Option<(String, Vec<u8>)> {
    let markdown = job.markdown.as_ref().filter(|text| !text.is_empty())?;
    let title = file_name(job.title.as_deref().unwrap_or(&job.topic));
    let id = job.id.simple().to_string();
    let path = format!("articles/{}/{}-{title}-{}.md", job.slug, job.created_at.format("%Y-%m-%d"), &id[24..]);
    Some((path, markdown.clone().into_bytes()))
}

/// A title as part of a file's name: nothing that any system takes for something else.
fn file_name(title: &str) -> String {
    let mut name = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() >= LONGEST_TITLE {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() { "untitled".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn titles_become_harmless_names() {
        assert_eq!(file_name("How to: Panel Upgrades (2026)!"), "how-to-panel-upgrades-2026");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("日本"), "untitled");
        assert_eq!(file_name(&"long ".repeat(40)).len(), 59);
    }
}
