//! Erasure and retention of jobs, with workers at work: what goes, what stays, and that the books say what they said.

use std::time::Duration;

use hg_common::data_jobs::{Runner, Settings};
use hg_cpm::data_jobs::CpmParts;
use hg_testkit::until;
use hg_types::{ClientId, DataJobKind, JobId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::shop::{Shop, brisk};

fn runner(shop: &Shop) -> Runner<CpmParts> {
    let settings = Settings {
        poll: Duration::from_millis(20),
        lease: Duration::from_secs(5),
        batch: 2,
        backoff_base: Duration::from_millis(10),
        ..Settings::default()
    };
    Runner::new(CpmParts, shop.queue_system(), settings, CancellationToken::new())
}

/// Asks for a data job as somebody may, and leaves only content production's parts of it to do.
async fn request(db: &mut PgConnection, shop: &Shop, kind: DataJobKind, client: ClientId, parameters: Value) -> Uuid {
    let role = if kind == DataJobKind::Retention { "hg_system" } else { "NONE" };
    let mut tx = sqlx::Connection::begin(db).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "SET LOCAL ROLE {role}; SET LOCAL app.user_id = '{}'",
        shop.tenants.agency_people.owner
    )))
    .execute(&mut *tx)
    .await
    .unwrap();
    let job: Uuid = sqlx::query_scalar("SELECT app.data_job_request($1::text::data_job_kind, $2, NULL, true, $3, $4)")
        .bind(kind.as_str())
        .bind(client.uuid())
        .bind(parameters)
        .bind(json!(hg_common::data_jobs::plan(kind)))
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    sqlx::raw_sql("RESET ROLE; UPDATE data_job_parts SET status = 'completed' WHERE service <> 'cpm'")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    job
}

/// Works until the data job has ended, and says how.
async fn worked_off(shop: &Shop, job: Uuid) -> String {
    let runner = runner(shop);
    until("the data job has ended", || async {
        while runner.one().await.unwrap() {}
        status(shop, job).await != "in_progress" && status(shop, job).await != "pending"
    })
    .await;
    status(shop, job).await
}

async fn status(shop: &Shop, job: Uuid) -> String {
    let sql = "SELECT status::text FROM data_jobs WHERE id = $1";
    sqlx::query_scalar(sql).bind(job).fetch_one(&mut shop.rows().await.0).await.unwrap()
}

/// All that says what was paid: whole rows, but for what a provider said in words.
async fn books(shop: &Shop) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT 'budget ' || to_jsonb(b)::text FROM budgets b
         UNION ALL SELECT 'charge ' || to_jsonb(h)::text FROM charges h
         UNION ALL SELECT 'reservation ' || to_jsonb(r)::text FROM reservations r
         UNION ALL SELECT 'part ' || to_jsonb(p)::text FROM reservation_parts p
         UNION ALL SELECT 'call ' || (to_jsonb(c) - 'error_message' - 'generation_id')::text FROM provider_calls c
         ORDER BY 1",
    )
    .fetch_all(&mut shop.rows().await.0)
    .await
    .unwrap()
}

async fn count(shop: &Shop, sql: &str, client: ClientId) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .bind(client.uuid())
        .fetch_one(&mut shop.rows().await.0)
        .await
        .unwrap()
}

/// Each row of a neighbour's, whatever table it is in.
async fn neighbours_rows(shop: &Shop, client: ClientId) -> Vec<String> {
    let mut rows = Vec::new();
    for table in ["jobs", "job_events", "provider_calls", "charges", "budgets", "reservations", "job_idempotency"] {
        let sql = format!("SELECT t::text FROM {table} t WHERE client_id = $1 ORDER BY 1");
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(client.uuid())
            .fetch_all(&mut shop.rows().await.0)
            .await
            .unwrap();
        rows.extend(found);
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_clients_texts_go_and_the_accounts_stay_what_they_were() {
    let shop = Shop::open(brisk()).await;
    let (client, neighbour) = (shop.tenants.customer, shop.tenants.sibling);
    let mut db = shop.rows().await.0;
    // The agency and everybody have limits: their sums are in rows of their own.
    sqlx::query("INSERT INTO budget_limits (client_id, daily_limit) VALUES ($1, 50), (NULL, 500)")
        .bind(shop.tenants.agency.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let worker = shop.worker();
    let mut ended = Vec::new();
    for n in 0..5 {
        ended.push(shop.accept(client, "openrouter", &format!("Panel upgrade {n}")).await);
    }
    let canary = shop.accept(neighbour, "openrouter", "The neighbour's").await;
    for job in ended.iter().copied().chain([canary]) {
        assert_eq!(shop.ended(job).await, "completed");
    }
    worker.drain().await;
    // What waits when the erasure begins: nobody runs it, and the reaper ends it.
    let waiting = shop.accept(client, "openrouter", "Never written").await;
    let before = neighbours_rows(&shop, neighbour).await;
    assert!(before.len() > 5);

    let data_job = request(&mut db, &shop, DataJobKind::ClientErasure, client, json!({})).await;
    let one = runner(&shop);
    assert!(one.one().await.unwrap());
    assert_eq!(status(&shop, data_job).await, "in_progress", "it waits for what was accepted");
    assert_eq!(count(&shop, "SELECT count(*) FROM jobs WHERE client_id = $1", client).await, 6);
    let worker = shop.worker();
    assert_eq!(shop.ended(waiting).await, "cancelled");
    let sums = books(&shop).await;
    assert!(sums.iter().filter(|row| row.starts_with("budget")).count() >= 4, "{sums:#?}");
    assert_eq!(worked_off(&shop, data_job).await, "completed");
    worker.drain().await;

    for table in ["jobs", "job_runs", "job_events", "job_idempotency", "content_versions", "job_outcomes", "api_keys"] {
        assert_eq!(
            count(&shop, &format!("SELECT count(*) FROM {table} WHERE client_id = $1"), client).await,
            0,
            "{table}"
        );
    }
    let words = "SELECT count(*) FROM provider_calls WHERE client_id = $1 AND (error_message IS NOT NULL OR generation_id IS NOT NULL)";
    assert_eq!(count(&shop, words, client).await, 0);
    assert_eq!(books(&shop).await, sums, "the accounts are what they were");
    assert_eq!(neighbours_rows(&shop, neighbour).await, before, "the neighbour was touched");
    assert!(hg_cpm::ledger::drift(&shop.queue_system()).await.unwrap().is_empty());
    // What comes too late is refused.
    let refused = sqlx::query_scalar::<_, bool>("SELECT archived_at IS NOT NULL FROM clients WHERE id = $1")
        .bind(client.uuid())
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(refused);
    let (done, total): (i64, i64) =
        sqlx::query_as("SELECT done, total FROM data_job_parts WHERE job_id = $1 AND step = 'jobs'")
            .bind(data_job)
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!((done, total), (6, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_go_young_ones_and_costs_stay() {
    let shop = Shop::open(brisk()).await;
    let (client, neighbour) = (shop.tenants.customer, shop.tenants.sibling);
    let mut db = shop.rows().await.0;
    let mut old = Vec::new();
    for (of, days, status) in [
        (client, 100, "completed"),
        (client, 90, "failed"),
        (client, 80, "pending"),
        (client, 10, "completed"),
        (neighbour, 100, "completed"),
    ] {
        let id: Uuid = sqlx::query_scalar(
            "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
             VALUES (app.uuid_v7(now() - make_interval(days => $2)), $1, 't', 'blog_post', 'x', 'y', $3::text::job_status) RETURNING id",
        )
        .bind(of.uuid())
        .bind(days)
        .bind(status)
        .fetch_one(&mut db)
        .await
        .unwrap();
        sqlx::query("INSERT INTO job_events (job_id, seq, client_id, type, data) VALUES ($1, 1, $2, 'status', '{}')")
            .bind(id)
            .bind(of.uuid())
            .execute(&mut db)
            .await
            .unwrap();
        sqlx::query("INSERT INTO charges (job_id, client_id, amount, provider, model) VALUES ($1, $2, 1, 'x', 'y')")
            .bind(id)
            .bind(of.uuid())
            .execute(&mut db)
            .await
            .unwrap();
        old.push(JobId(id));
    }
    let now = chrono::Utc::now();
    let limits =
        json!({"jobs_before": now - chrono::TimeDelta::days(30), "logs_before": now - chrono::TimeDelta::days(5)});
    let data_job = request(&mut db, &shop, DataJobKind::Retention, client, limits).await;
    assert_eq!(worked_off(&shop, data_job).await, "completed");
    let left: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM jobs ORDER BY id").fetch_all(&mut db).await.unwrap();
    assert_eq!(left, [old[4], old[2], old[3]].map(JobId::uuid), "too old and ended: gone");
    assert_eq!(count(&shop, "SELECT count(*) FROM job_events WHERE client_id = $1", client).await, 0);
    assert_eq!(count(&shop, "SELECT count(*) FROM job_events WHERE client_id = $1", neighbour).await, 1);
    assert_eq!(count(&shop, "SELECT count(*) FROM charges WHERE client_id = $1", client).await, 4, "costs stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_without_jobs_is_dropped_and_one_with_jobs_is_not() {
    let shop = Shop::open(brisk()).await;
    let mut db = shop.rows().await.0;
    for month in ["2020-01-01", "2020-02-01"] {
        let name = month[..7].replace('-', "_");
        let sql = format!(
            "SET ROLE hg_owner;
             DO $$ BEGIN EXECUTE format('CREATE TABLE jobs_{name} PARTITION OF jobs FOR VALUES FROM (%L) TO (%L)',
               app.uuid_v7_floor('{month} 00:00Z'), app.uuid_v7_floor('{month} 00:00Z'::timestamptz + interval '27 days')); END $$;
             RESET ROLE"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    }
    sqlx::query(
        "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
         VALUES (app.uuid_v7('2020-02-10'), $1, 't', 'blog_post', 'x', 'y', 'completed')",
    )
    .bind(shop.tenants.customer.uuid())
    .execute(&mut db)
    .await
    .unwrap();
    let mut tx = shop.queue_system().begin().await.unwrap();
    let dropped: Vec<String> =
        sqlx::query_scalar("SELECT app.drop_empty_job_partitions()").fetch_all(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(dropped, ["jobs_2020_01"]);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs").fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_under_way_goes_with_its_job() {
    let shop = Shop::open(brisk()).await;
    let client = shop.tenants.customer;
    let mut db = shop.rows().await.0;
    let job: Uuid = sqlx::query_scalar(
        "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
         VALUES (app.uuid_v7(now() - interval '100 days'), $1, 't', 'blog_post', 'x', 'y', 'completed') RETURNING id",
    )
    .bind(client.uuid())
    .fetch_one(&mut db)
    .await
    .unwrap();
    // As the service does it: it holds the job, and then adds to it.
    let mut editor = shop.rows().await.0;
    let mut edit = sqlx::Connection::begin(&mut editor).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "SET LOCAL ROLE hg_content_app; SET LOCAL app.user_id = '{}'",
        shop.tenants.customer_people.member
    )))
    .execute(&mut *edit)
    .await
    .unwrap();
    let held: Option<Uuid> = sqlx::query_scalar("SELECT id FROM jobs WHERE id = $1 AND client_id = $2 FOR KEY SHARE")
        .bind(job)
        .bind(client.uuid())
        .fetch_optional(&mut *edit)
        .await
        .unwrap();
    assert_eq!(held, Some(job));
    sqlx::query("INSERT INTO content_approvals (job_id, client_id, version, verdict, note) VALUES ($1, $2, 0, 'rejected', 'personal')")
        .bind(job)
        .bind(client.uuid())
        .execute(&mut *edit)
        .await
        .unwrap();
    let limits = json!({"jobs_before": chrono::Utc::now() - chrono::TimeDelta::days(30)});
    let data_job = request(&mut db, &shop, DataJobKind::Retention, client, limits).await;
    let (ended, ()) = tokio::join!(worked_off(&shop, data_job), async {
        until("retention waits for the edit", || async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'DELETE FROM jobs%' AND $1::uuid IS NOT NULL";
            count(&shop, waiting, client).await > 0
        })
        .await;
        edit.commit().await.unwrap();
    });
    assert_eq!(ended, "completed");
    for table in ["jobs", "content_approvals"] {
        assert_eq!(
            count(&shop, &format!("SELECT count(*) FROM {table} WHERE client_id = $1"), client).await,
            0,
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_finds_what_is_left_of_jobs_that_are_gone() {
    let shop = Shop::open(brisk()).await;
    let client = shop.tenants.customer;
    let mut db = shop.rows().await.0;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "INSERT INTO content_approvals (job_id, client_id, version, verdict, note) VALUES (app.uuid_v7(), '{client}', 0, 'rejected', 'personal');
         INSERT INTO job_outcomes (source_id, job_id, client_id, source_version, status, accepted_at) VALUES (app.uuid_v7(), app.uuid_v7(), '{client}', 1, 'completed', now());
         INSERT INTO content_versions (job_id, number, client_id, content, parts, word_count, quality, quality_score, changed)
           VALUES (app.uuid_v7(), 1, '{client}', 'personal', '{{}}', 1, '{{}}', 1, 0)"
    )))
    .execute(&mut db)
    .await
    .unwrap();
    let data_job = request(&mut db, &shop, DataJobKind::ClientErasure, client, json!({})).await;
    assert_eq!(worked_off(&shop, data_job).await, "completed");
    for table in ["content_versions", "content_approvals", "job_outcomes"] {
        assert_eq!(
            count(&shop, &format!("SELECT count(*) FROM {table} WHERE client_id = $1"), client).await,
            0,
            "{table}"
        );
    }
}
