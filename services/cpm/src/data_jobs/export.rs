//! What an export holds of content production: jobs whole, articles as Markdown too, what they cost; keys without secrets.

use std::collections::BTreeMap;

use hg_common::data_jobs::{By, Dump, PartError, Work, dump};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store::{self, ExportedJob};

/// A line holds prompts and a text: fewer of them per batch.
const JOBS: i64 = 50;
/// Over so many jobs of everybody is looked at once for those that a person asked for.
const WINDOW: i64 = 20_000;
const LONGEST_TITLE: usize = 60;
/// With more texts than this there is a file of them per client and month: whoever makes the ZIP has to remember each file.
const MOST_ARTICLES: i64 = 50_000;

const COSTS: &[Dump] = &[
    Dump {
        path: "provider_calls.ndjson",
        from: "FROM provider_calls p WHERE p.client_id = $1",
        key: By::Id("p.id"),
        line: "jsonb_build_object('id', p.id, 'job_id', p.job_id, 'client_id', p.client_id, 'attempt', p.attempt, 'stage', p.stage,
                 'provider', p.provider, 'model', p.model, 'status', p.status, 'input_tokens', p.input_tokens,
                 'cached_tokens', p.cached_tokens, 'cache_write_tokens', p.cache_write_tokens, 'output_tokens', p.output_tokens, 'reasoning_tokens', p.reasoning_tokens,
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
    #[serde(default)]
    articles: Articles,
}

/// How texts are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Articles {
    /// Each in a file of its own.
    #[default]
    Each,
    /// Those of a client and a month in one.
    ByMonth,
}

/// Jobs as lines of `jobs.ndjson`; texts as `articles/<client>/<date>-<title>-<id>.md`, or, where they are very many, as
/// `articles/<client>/<year>-<month>.md`.
pub(super) async fn jobs(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    if work.is_fresh() {
        let mut batch = work.begin().await?;
        let total = store::jobs_count(&mut batch, &clients).await?;
        batch.save(&Place { articles: layout(total), ..Place::default() }, 0, Some(total)).await?;
    }
    let mut place: Place = work.place();
    while let Some(client) = clients.get(place.subject).copied() {
        let most = work.batch_size().min(JOBS);
        let mut batch = work.begin().await?;
        if place.after.is_nil() && !batch.is_still_there(client).await? {
            place = Place { subject: place.subject + 1, ..place };
            batch.save(&place, 0, None).await?;
            continue;
        }
        let jobs = store::jobs_export(&mut batch, client, place.after, most).await?;
        place = match jobs.last() {
            Some(last) => Place { after: last.id, ..place },
            None => Place { subject: place.subject + 1, after: Uuid::nil(), ..place },
        };
        batch.append("jobs.ndjson", lines(jobs.iter().map(|job| job.line.as_str())).as_bytes()).await?;
        match place.articles {
            Articles::Each => {
                let articles: Vec<(String, Vec<u8>)> = jobs.iter().filter_map(article).collect();
                batch.put_files(&articles).await?;
            }
            Articles::ByMonth => {
                for (path, texts) in months(&jobs) {
                    batch.append(&path, texts.as_bytes()).await?;
                }
            }
        }
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

const fn layout(jobs: i64) -> Articles {
    if jobs > MOST_ARTICLES { Articles::ByMonth } else { Articles::Each }
}

/// The texts of jobs by the file of their month, each below a line that says which it is.
fn months(jobs: &[ExportedJob]) -> BTreeMap<String, String> {
    let mut months: BTreeMap<String, String> = BTreeMap::new();
    for job in jobs {
        let Some(markdown) = job.markdown.as_ref().filter(|text| !text.is_empty()) else { continue };
        let path = format!("articles/{}/{}.md", job.slug, job.created_at.format("%Y-%m"));
        let day = job.created_at.format("%Y-%m-%d");
        let text = months.entry(path).or_default();
        text.push_str(&format!("<!-- job {}, {day} -->\n\n{}\n\n", job.id, markdown.trim_end()));
    }
    months
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
    use chrono::{TimeZone as _, Utc};
    use uuid::Uuid;

    use super::{Articles, ExportedJob, MOST_ARTICLES, file_name, layout, months};

    #[test]
    fn very_many_texts_share_files_by_month() {
        assert_eq!((layout(MOST_ARTICLES), layout(MOST_ARTICLES + 1)), (Articles::Each, Articles::ByMonth));
        let job = |id: u128, month: u32, markdown: Option<&str>| ExportedJob {
            id: Uuid::from_u128(id),
            line: String::new(),
            slug: "ohio-paving".to_owned(),
            title: None,
            topic: "Topic".to_owned(),
            created_at: Utc.with_ymd_and_hms(2026, month, 3, 0, 0, 0).unwrap(),
            markdown: markdown.map(str::to_owned),
        };
        let files =
            months(&[job(1, 10, Some("# One\n")), job(2, 11, Some("Two")), job(3, 11, None), job(4, 11, Some("Four"))]);
        let paths: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["articles/ohio-paving/2026-10.md", "articles/ohio-paving/2026-11.md"]);
        let november = &files["articles/ohio-paving/2026-11.md"];
        assert!(
            november.contains("2026-11-03 -->\n\nTwo\n\n<!-- job ") && november.ends_with("Four\n\n"),
            "{november}"
        );
    }

    #[test]
    fn titles_become_harmless_names() {
        assert_eq!(file_name("How to: Panel Upgrades (2026)!"), "how-to-panel-upgrades-2026");
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("日本"), "untitled");
        assert_eq!(file_name(&"long ".repeat(40)).len(), 59);
    }
}
