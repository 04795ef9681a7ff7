//! What the functions for whole batches (`app.jobs_accept`, `app.calls_begin`, `app.jobs_complete`) take, what they leave out,
//! and that they answer as the policies would. They see all tenants: the walls are theirs to keep.

use futures::future::join_all;
use hg_common::db::Scope;
use hg_contracts::cpm as contracts;
use hg_cpm::ledger::{CallEnd, CallId, CallStatus, call_ended};
use hg_llm::{Cost, CostKnown, PriceTable, Usage};
use hg_types::{ClientId, JobId, Provider, Usd, UserId};
use serde_json::{Value, json};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::support::{TestCpm, text};

const KEPT: &str = "SELECT count(*) FROM jobs j JOIN job_runs r ON r.job_id = j.id AND r.client_id = j.client_id
  JOIN job_events e ON e.job_id = j.id AND e.client_id = j.client_id JOIN reservations v ON v.job_id = j.id AND v.client_id = j.client_id";
const BOOKS: &str = "SELECT count(*) FROM budgets b
  WHERE b.reserved <> (SELECT coalesce(sum(v.held), 0) FROM reservation_parts p JOIN reservations v ON v.job_id = p.job_id
                        WHERE p.budget_id = b.id AND v.settled_at IS NULL)
     OR b.spent <> b.spent_charged + b.spent_failed + b.spent_cancelled + b.spent_unknown OR b.spent + b.reserved > b.limit_usd";

fn wanted(client: ClientId, key: Option<&str>) -> Value {
    json!({
        "scope_client": text(client), "client": text(client), "principal": "test", "idempotency_key": key,
        "request_hash": "eA==", "topic": "Fuses", "content_type": "blog_post", "provider": "sample", "model": "sample-1",
        "parameters": {}, "priority": 0, "deadline_seconds": 600.0, "estimate": "0.001",
    })
}

/// Which items went through, by their places, and the job of each.
async fn accept(cpm: &TestCpm, items: &Value) -> Vec<(i32, JobId, bool)> {
    let mut tx = cpm.state.db.combined().await.unwrap();
    let rows = sqlx::query("SELECT item, job_id, is_new FROM app.jobs_accept($1::text::jsonb)")
        .bind(items.to_string())
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    rows.iter().map(|row| (row.get("item"), JobId(row.get("job_id")), row.get("is_new"))).collect()
}

async fn places(cpm: &TestCpm, sql: &'static str, items: &Value) -> Vec<i32> {
    let mut tx = cpm.state.db.combined().await.unwrap();
    let mut places: Vec<i32> = sqlx::query_scalar(sql).bind(items.to_string()).fetch_all(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    places.sort_unstable();
    places
}

async fn begin(cpm: &TestCpm, items: &Value) -> Vec<i32> {
    places(cpm, "SELECT item FROM app.calls_begin($1::text::jsonb)", items).await
}

async fn complete(cpm: &TestCpm, items: &Value) -> Vec<i32> {
    places(cpm, "SELECT item FROM app.jobs_complete($1::text::jsonb)", items).await
}

fn beginning(job: JobId, client: ClientId, attempt: i32, worst_case: &str) -> Value {
    json!({
        "job": job, "client": text(client), "attempt": attempt, "stage": "write", "doing": "writing", "provider": "sample",
        "model": "sample-1", "worst_case": worst_case,
        "prompt": {"prompt": "Write.", "system_prompt": "You write.", "template_id": null, "template_version": 1,
                   "template_variant": null, "strategy_sources": [], "seo_sources": null, "quality_rules": null},
        "before": null, "before_ended": null, "reset": null,
    })
}

fn completion(job: JobId, client: ClientId, attempt: i32, call: Uuid) -> Value {
    json!({
        "job": job, "client": text(client), "attempt": attempt, "call": call,
        "ended": {"status": "done", "input_tokens": 10, "cached_tokens": 0, "output_tokens": 20, "reasoning_tokens": 0,
                  "cost": "0.0004", "cost_known": "reported", "finish_reason": "stop", "generation_id": null,
                  "error_code": null, "error_message": null, "first_text_seconds": 0.1},
        "done": {"result": {"content": "Text.", "title": "Fuses"}, "quality_score": 90, "provider": "sample", "model": "sample-1",
                 "input_tokens": 10, "output_tokens": 20, "title": "Fuses", "score": 90},
    })
}

/// Jobs of these clients, which a worker has claimed.
async fn claimed(cpm: &TestCpm, clients: &[ClientId]) -> Vec<JobId> {
    let items: Vec<Value> = clients.iter().map(|client| wanted(*client, None)).collect();
    let jobs: Vec<JobId> = accept(cpm, &json!(items)).await.into_iter().map(|(_, job, _)| job).collect();
    assert_eq!(jobs.len(), clients.len());
    for job in &jobs {
        cpm.claim(*job).await;
    }
    jobs
}

async fn call_of(db: &mut PgConnection, job: JobId) -> Uuid {
    sqlx::query_scalar("SELECT id FROM provider_calls WHERE job_id = $1").bind(job.uuid()).fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn a_scope_writes_where_the_policies_let_it_write() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    let mut superuser = cpm.superuser().await;
    sqlx::query("UPDATE clients SET archived_at = now() WHERE id = $1")
        .bind(tenants.sibling.uuid())
        .execute(&mut superuser)
        .await
        .unwrap();
    let clients: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT id, slug::text FROM clients").fetch_all(&mut superuser).await.unwrap();
    let people: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM auth.users").fetch_all(&mut superuser).await.unwrap();
    assert!(clients.len() > 5 && people.len() > 15);
    let scopes = (people.iter().map(|id| (Some(*id), None)))
        .chain(clients.iter().map(|(id, _)| (None, Some(*id))))
        .chain([(None, None), (Some(people[0]), Some(clients[0].0))]);
    for (user, client) in scopes {
        let scope = match (user, client) {
            (Some(id), None) => Some(Scope::User(UserId(id))),
            (None, Some(id)) => Some(Scope::Client(ClientId(id))),
            _ => None,
        };
        let mut seen: Vec<Uuid> = match scope {
            None => Vec::new(),
            Some(scope) => {
                let mut tx = cpm.state.db.tenant(scope).await.unwrap();
                let rule = "SELECT id FROM clients WHERE archived_at IS NULL
                             AND (id = app.own_client_id() OR id = ANY (app.client_ids_with_role('member')))";
                sqlx::query_scalar(rule).fetch_all(&mut *tx).await.unwrap()
            }
        };
        seen.sort_unstable();
        let ids: Vec<Uuid> = clients.iter().map(|(id, _)| *id).collect();
        let slugs: Vec<String> = clients.iter().map(|(_, slug)| slug.clone()).collect();
        let none: Vec<Option<Uuid>> = vec![None; ids.len()];
        for (ids, slugs) in [
            (ids.iter().copied().map(Some).collect(), vec![None; slugs.len()]),
            (none, slugs.iter().cloned().map(Some).collect::<Vec<_>>()),
        ] {
            let answer: Vec<Option<Uuid>> = sqlx::query_scalar("SELECT app.clients_writable($1, $2, $3, $4)")
                .bind::<Vec<Option<Uuid>>>(ids)
                .bind(slugs)
                .bind(vec![user; clients.len()])
                .bind(vec![client; clients.len()])
                .fetch_one(&mut superuser)
                .await
                .unwrap();
            assert_eq!(answer.len(), clients.len());
            let mut writable: Vec<Uuid> = answer.into_iter().flatten().collect();
            writable.sort_unstable();
            assert_eq!(writable, seen, "{user:?} {client:?}");
        }
    }
}

#[tokio::test]
async fn a_batch_runs_in_no_scope_but_those_of_its_items() {
    let cpm = TestCpm::start().await;
    let ours = cpm.tenants.customer;
    let mut tx = cpm.state.db.tenant(Scope::Client(cpm.tenants.other_customer)).await.unwrap();
    for function in ["jobs_accept", "calls_begin", "jobs_complete"] {
        let sql = sqlx::AssertSqlSafe(format!("SAVEPOINT s; SELECT app.{function}('{}')", json!([wanted(ours, None)])));
        let error = sqlx::raw_sql(sql).execute(&mut *tx).await.unwrap_err();
        assert_eq!(hg_common::db::sql_state(&error).as_deref(), Some("HG403"), "{error}");
        sqlx::raw_sql("ROLLBACK TO s").execute(&mut *tx).await.unwrap();
    }
}

/// Its tokens by kind, and the cost that was computed from them.
async fn row_of(db: &mut PgConnection, call: Uuid) -> (Usage, Usd) {
    let row = sqlx::query(
        "SELECT input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost::text FROM provider_calls
          WHERE id = $1 AND cost_known = 'computed'",
    )
    .bind(call)
    .fetch_one(db)
    .await
    .unwrap();
    let tokens = |column: &str| u64::try_from(row.get::<i32, _>(column)).unwrap();
    let usage = Usage {
        input_tokens: tokens("input_tokens"),
        cached_input_tokens: tokens("cached_tokens"),
        cache_write_tokens: tokens("cache_write_tokens"),
        output_tokens: tokens("output_tokens"),
        reasoning_tokens: tokens("reasoning_tokens"),
    };
    (usage, row.get::<String, _>("cost").parse().unwrap())
}

#[tokio::test]
async fn a_computed_cost_can_be_derived_again_from_its_row() {
    let cpm = TestCpm::start().await;
    let ours = cpm.tenants.customer;
    let price = PriceTable::builtin().lookup(Provider::OpenAi, "gpt-6-luna").unwrap().clone();
    let usage = Usage {
        input_tokens: 9_000,
        cached_input_tokens: 1_000,
        cache_write_tokens: 4_000,
        output_tokens: 700,
        reasoning_tokens: 200,
    };
    let cost = Cost { amount: price.cost(&usage), known: CostKnown::Computed };
    assert_ne!(cost.amount, price.cost(&Usage { cache_write_tokens: 0, ..usage }), "writes have a price of their own");
    let jobs = claimed(&cpm, &[ours, ours]).await;
    let beginnings: Vec<Value> = jobs.iter().map(|job| beginning(*job, ours, 1, "0.001")).collect();
    assert_eq!(begin(&cpm, &json!(beginnings)).await, [1, 2]);
    let mut superuser = cpm.superuser().await;
    let (batched, alone) = (call_of(&mut superuser, jobs[0]).await, call_of(&mut superuser, jobs[1]).await);

    // As a batch ends a call, and as one ends that is ended alone.
    let mut item = completion(jobs[0], ours, 1, batched);
    for (field, value) in [
        ("input_tokens", json!(usage.input_tokens)),
        ("cached_tokens", json!(usage.cached_input_tokens)),
        ("cache_write_tokens", json!(usage.cache_write_tokens)),
        ("output_tokens", json!(usage.output_tokens)),
        ("reasoning_tokens", json!(usage.reasoning_tokens)),
        ("cost", json!(cost.amount)),
        ("cost_known", json!("computed")),
    ] {
        item["ended"][field] = value;
    }
    assert_eq!(complete(&cpm, &json!([item])).await, [1]);
    let end = CallEnd {
        status: CallStatus::Failed,
        usage,
        cost,
        finish_reason: None,
        generation_id: None,
        model: None,
        error_code: None,
        error_message: None,
        first_text: None,
    };
    let mut tx = cpm.state.db.tenant(Scope::Client(ours)).await.unwrap();
    call_ended(&mut tx, CallId(alone), &end).await.unwrap();
    tx.commit().await.unwrap();
    for call in [batched, alone] {
        let (kept, amount) = row_of(&mut superuser, call).await;
        assert_eq!((kept, amount, price.cost(&kept)), (usage, cost.amount, cost.amount));
    }

    // In figures, before a day is counted and after.
    let figures = async || {
        let used: contracts::Usage = cpm.member().get("/usage").await.expect(200).parse();
        (used.totals.calls, used.totals.cache_write_tokens)
    };
    assert_eq!(figures().await, (1, 4_000));
    sqlx::query("DELETE FROM job_runs WHERE job_id = $1").bind(jobs[1].uuid()).execute(&mut superuser).await.unwrap();
    let counted: i32 =
        sqlx::query_scalar("SELECT app.usage_count(10, '0 seconds')").fetch_one(&mut superuser).await.unwrap();
    assert_eq!((counted, figures().await), (2, (1, 4_000)));
    let kept: i64 = sqlx::query_scalar("SELECT sum(cache_write_tokens)::bigint FROM usage_days")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    assert_eq!(kept, 4_000);
}

#[tokio::test]
async fn what_is_not_plainly_good_is_left_out() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    let (ours, theirs) = (tenants.customer, tenants.other_customer);
    let known = accept(&cpm, &json!([wanted(ours, Some("known"))])).await;
    assert_eq!(known.len(), 1);
    // A key that may only look, whoever still remembers that it might ask.
    let looks: Uuid = sqlx::query_scalar(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'Looks', 'hgc_looks0', sha256('looks'), '{jobs:read}') RETURNING id",
    )
    .bind(ours.uuid())
    .fetch_one(&mut cpm.superuser().await)
    .await
    .unwrap();
    // Room for two more, and not for three.
    sqlx::query("INSERT INTO budget_limits (client_id, daily_limit) VALUES ($1, 0.0025)")
        .bind(tenants.direct.uuid())
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    let with = |client, field: &str, value: Value| {
        let mut item = wanted(client, None);
        item[field] = value;
        item
    };
    let items = json!([
        wanted(ours, Some("new")),
        wanted(ours, Some("known")),
        wanted(ours, Some("new")),
        with(theirs, "client", json!(text(ours))),
        with(ours, "scope_user", json!(tenants.customer_people.owner)),
        with(ours, "provider_key", json!(Uuid::now_v7())),
        with(ours, "estimate", json!("-1")),
        with(ours, "api_key", json!(looks)),
        wanted(tenants.direct, None),
        wanted(tenants.direct, None),
        wanted(tenants.direct, None),
        wanted(theirs, None),
    ]);
    let accepted = accept(&cpm, &items).await;
    let places: Vec<i32> = accepted.iter().map(|(place, ..)| *place).collect();
    assert_eq!(places, [1, 12]);
    assert!(accepted.iter().all(|(_, _, is_new)| *is_new));
    assert_eq!(cpm.count(KEPT).await, 3);
    assert_eq!(cpm.count("SELECT count(*) FROM job_idempotency").await, 2);
    assert_eq!(accept(&cpm, &json!([items[8], items[9]])).await.len(), 2, "what fits together goes together");
    assert_eq!(cpm.count(BOOKS).await, 0);
}

#[tokio::test]
async fn a_batch_counts_against_the_same_budgets_as_one_alone() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    for (client, daily, monthly) in
        [(None, Some("5"), Some("50")), (Some(tenants.agency), None, Some("20")), (Some(tenants.root), Some("9"), None)]
    {
        sqlx::query(
            "INSERT INTO budget_limits (client_id, daily_limit, monthly_limit) VALUES ($1, $2::numeric, $3::numeric)
             ON CONFLICT (client_id) DO UPDATE SET daily_limit = excluded.daily_limit, monthly_limit = excluded.monthly_limit",
        )
        .bind(client.map(ClientId::uuid))
        .bind(daily)
        .bind(monthly)
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    }
    let clients = [tenants.customer, tenants.agency, tenants.sibling, tenants.direct, tenants.other_customer];
    let items: Vec<Value> = clients.iter().map(|client| wanted(*client, None)).collect();
    let accepted = accept(&cpm, &json!(items)).await;
    assert_eq!(accepted.len(), clients.len());
    let mut superuser = cpm.superuser().await;
    for ((_, job, _), client) in accepted.iter().zip(clients) {
        let parts: Vec<Uuid> =
            sqlx::query_scalar("SELECT budget_id FROM reservation_parts WHERE job_id = $1 ORDER BY 1")
                .bind(job.uuid())
                .fetch_all(&mut superuser)
                .await
                .unwrap();
        let alone: Vec<Uuid> = sqlx::query_scalar("SELECT unnest(app.budget_rows($1)) ORDER BY 1")
            .bind(client.uuid())
            .fetch_all(&mut superuser)
            .await
            .unwrap();
        assert_eq!(parts, alone);
    }
    assert_eq!(
        cpm.amount("SELECT reserved::text FROM budgets WHERE client_id IS NULL AND period = 'month'").await,
        "0.005000000"
    );
    assert_eq!(cpm.count(BOOKS).await, 0);
}

#[tokio::test]
async fn batches_that_cross_make_each_job_once() {
    let cpm = TestCpm::start().await;
    let tenants = &cpm.tenants;
    sqlx::query("UPDATE budget_limits SET daily_limit = 100 WHERE client_id IS NULL")
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    let clients = [tenants.customer, tenants.sibling, tenants.direct, tenants.agency, tenants.other_customer];
    let items: Vec<Value> = (0..20).map(|number| wanted(clients[number % 5], Some(&format!("key {number}")))).collect();
    let reversed: Vec<Value> = items.iter().rev().cloned().collect();
    // Of two with the same key one is left out, whichever came first; nobody waits in a circle.
    let batches = [items.clone(), reversed, items[5..].to_vec(), items[..15].to_vec()].map(|items| json!(items));
    let accepted: usize = join_all(batches.iter().map(|items| accept(&cpm, items))).await.iter().map(Vec::len).sum();
    assert_eq!(accepted, 20);
    assert_eq!(cpm.count(KEPT).await, 20);
    assert_eq!(cpm.count(BOOKS).await, 0);
    assert_eq!(cpm.amount("SELECT reserved::text FROM budgets WHERE client_id IS NULL").await, "0.020000000");
}

#[tokio::test]
async fn calls_begin_behind_the_fence_and_within_what_is_held() {
    let cpm = TestCpm::start().await;
    let (ours, theirs) = (cpm.tenants.customer, cpm.tenants.other_customer);
    let jobs = claimed(&cpm, &[ours, ours, ours, ours, theirs, ours]).await;
    let mut outsider = cpm.superuser().await;
    sqlx::raw_sql("BEGIN").execute(&mut outsider).await.unwrap();
    let locked = "SELECT FROM job_runs WHERE job_id = $1 FOR UPDATE";
    sqlx::query(locked).bind(jobs[5].uuid()).execute(&mut outsider).await.unwrap();
    let mut repair = beginning(jobs[3], ours, 1, "0.0001");
    repair["reset"] = json!("The text failed a check.");
    let items = json!([
        beginning(jobs[0], ours, 1, "0.001"),
        beginning(jobs[1], ours, 2, "0.0001"),
        beginning(jobs[2], ours, 1, "0.0011"),
        repair,
        beginning(jobs[4], ours, 1, "0.0001"),
        beginning(jobs[4], theirs, 1, "0.0001"),
        beginning(jobs[5], ours, 1, "0.0001"),
        beginning(JobId(Uuid::now_v7()), ours, 1, "0.0001"),
        beginning(jobs[0], ours, 1, "0.001"),
    ]);
    assert_eq!(
        begin(&cpm, &items).await,
        [1, 6],
        "not: fenced, a top-up, after another call, another's, locked, none, twice"
    );
    sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap();
    assert_eq!(
        cpm.count("SELECT count(*) FROM provider_calls p JOIN jobs j ON j.id = p.job_id AND j.client_id = p.client_id")
            .await,
        2
    );
    assert_eq!(cpm.count("SELECT count(*) FROM jobs WHERE prompt = 'Write.' AND started_at IS NOT NULL").await, 2);
    assert_eq!(cpm.count("SELECT count(*) FROM job_events WHERE seq = 2 AND data ->> 'stage' = 'writing'").await, 2);
    // What was begun isn't begun again.
    assert_eq!(
        begin(&cpm, &json!([beginning(jobs[0], ours, 1, "0.001"), beginning(jobs[1], ours, 1, "0.001")])).await,
        [2]
    );
}

#[tokio::test]
async fn jobs_complete_behind_the_fence_and_are_charged_once() {
    let cpm = TestCpm::start().await;
    let (ours, theirs) = (cpm.tenants.customer, cpm.tenants.other_customer);
    let jobs = claimed(&cpm, &[ours, ours, theirs, ours, ours]).await;
    let clients = [ours, ours, theirs, ours, ours];
    let begins: Vec<Value> =
        jobs.iter().zip(clients).map(|(job, client)| beginning(*job, client, 1, "0.0005")).collect();
    assert_eq!(begin(&cpm, &json!(begins)).await.len(), 5);
    let mut superuser = cpm.superuser().await;
    let mut calls = Vec::new();
    for job in &jobs {
        calls.push(call_of(&mut superuser, *job).await);
    }
    // Another call of the second one was begun and never ended: it keeps its suspected cost.
    sqlx::query("INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, cost) VALUES ($1, $2, 0, 'write', 'sample', 'x', 0.0003)")
        .bind(jobs[1].uuid())
        .bind(ours.uuid())
        .execute(&mut superuser)
        .await
        .unwrap();
    let mut outsider = cpm.superuser().await;
    sqlx::raw_sql("BEGIN").execute(&mut outsider).await.unwrap();
    let locked = "SELECT FROM job_runs WHERE job_id = $1 FOR UPDATE";
    sqlx::query(locked).bind(jobs[4].uuid()).execute(&mut outsider).await.unwrap();
    let items = json!([
        completion(jobs[0], ours, 1, calls[0]),
        completion(jobs[1], ours, 1, calls[1]),
        completion(jobs[2], ours, 1, calls[2]),
        completion(jobs[3], ours, 2, calls[3]),
        completion(jobs[4], ours, 1, calls[4]),
        completion(jobs[0], ours, 1, calls[0]),
    ]);
    assert_eq!(complete(&cpm, &items).await, [1, 2], "not: another's, fenced, locked, twice");
    sqlx::raw_sql("ROLLBACK").execute(&mut outsider).await.unwrap();
    assert_eq!(complete(&cpm, &json!([items[0], items[1]])).await, [0; 0], "once");
    assert_eq!(
        cpm.count("SELECT count(*) FROM jobs WHERE status = 'completed' AND cost = 0.0004 AND total_tokens = 30").await,
        2
    );
    assert_eq!(cpm.count("SELECT count(*) FROM job_events WHERE type = 'completed' AND seq = 3").await, 2);
    assert_eq!(cpm.count("SELECT count(*) FROM job_runs").await, 3);
    assert_eq!(cpm.amount("SELECT string_agg(amount::text, ' ') FROM charges").await, "0.000400000 0.000400000");
    let lost =
        "SELECT string_agg(concat_ws(' ', status, error_code, cost), ', ') FROM provider_calls WHERE attempt = 0";
    assert_eq!(cpm.amount(lost).await, "unknown job_ended 0.000300000");
    let spent = "SELECT concat_ws(' ', spent, spent_charged, spent_unknown, reserved) FROM budgets b JOIN clients c ON c.id = b.client_id
                  WHERE c.slug = 'cincinnati-electrician' AND period = 'day'";
    assert_eq!(cpm.amount(spent).await, "0.001100000 0.000800000 0.000300000 0.002000000");
    let all = join_all([&[2, 3][..], &[4, 3], &[3, 4, 2]].map(|which| {
        let again: Vec<Value> = which.iter().map(|n| completion(jobs[*n], clients[*n], 1, calls[*n])).collect();
        let cpm = &cpm;
        async move { complete(cpm, &json!(again)).await.len() }
    }));
    let done: usize = all.await.into_iter().sum();
    assert!((1..=3).contains(&done), "each at most once, whoever was first: {done}");
    let left: Vec<Value> = (2..5).map(|n| completion(jobs[n], clients[n], 1, calls[n])).collect();
    assert_eq!(complete(&cpm, &json!(left)).await.len() + done, 3);
    assert_eq!(cpm.count("SELECT count(*) FROM charges").await, 5);
    assert_eq!(cpm.count("SELECT count(*) FROM reservation_parts").await, 0);
    assert_eq!(cpm.count("SELECT count(*) FROM budgets WHERE reserved <> 0").await, 0);
    assert_eq!(cpm.count(BOOKS).await, 0);
}

#[tokio::test]
async fn whoever_accepts_alone_holds_the_budgets_before_the_idempotency_key_even_the_first_time() {
    let cpm = TestCpm::start().await;
    let client = cpm.tenants.customer.uuid();
    let rows = async |user| {
        let mut tx = cpm.state.db.tenant(hg_common::db::Scope::User(user)).await.unwrap();
        sqlx::query("SELECT app.budgets_lock(ARRAY[$1], '{}')").bind(client).execute(&mut *tx).await.unwrap();
        let mut other = cpm.superuser().await;
        let mut beside = sqlx::Connection::begin(&mut other).await.unwrap();
        sqlx::query("SET LOCAL lock_timeout = '100ms'").execute(&mut *beside).await.unwrap();
        // Whoever wants the same rows, as a batch does, waits here, and has no idempotency key by then.
        let made = sqlx::query("SELECT app.budget_rows($1)").bind(client).execute(&mut *beside).await;
        made.is_err_and(|error| hg_common::db::sql_state(&error).as_deref() == Some("55P03"))
    };
    assert!(rows(cpm.tenants.customer_people.member).await);
    for stranger in [cpm.tenants.customer_people.viewer, cpm.tenants.other_agency_people.owner] {
        assert!(!rows(stranger).await, "nobody opens budgets for whom they may not ask");
    }
    assert_eq!(cpm.count("SELECT count(*) FROM budgets").await, 0);
}
