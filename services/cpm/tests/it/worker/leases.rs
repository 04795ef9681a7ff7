//! What a heartbeat promises: it waits for no lock, renews what is its own, brings back what people want, and numbers its events.

use std::time::Duration;

use hg_common::db::Scope;
use hg_types::{ClientId, JobId};
use serde_json::{Value, json};
use sqlx::{Connection, Row};
use uuid::Uuid;

use super::shop::{Rows, Shop, brisk};

/// Job, renewed, cancellation asked for, out of time, the event's number.
type Held = (Uuid, bool, bool, bool, Option<i32>);

async fn renew(shop: &Shop, beats: &[(JobId, i32, Option<Value>)]) -> Vec<Held> {
    let (jobs, attempts): (Vec<Uuid>, Vec<i32>) = beats.iter().map(|(job, attempt, _)| (job.uuid(), *attempt)).unzip();
    let stages = vec!["writing"; beats.len()];
    let progress: Vec<Option<Value>> = beats.iter().map(|(.., progress)| progress.clone()).collect();
    let mut tx = shop.queue_system().begin().await.unwrap();
    let rows = sqlx::query("SELECT * FROM app.leases_renew($1, $2, $3, $4, 60) ORDER BY job_id")
        .bind(jobs)
        .bind(attempts)
        .bind(stages)
        .bind(progress)
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let held = |row: &sqlx::postgres::PgRow| {
        (row.get("job_id"), row.get("renewed"), row.get("cancel_requested"), row.get("overdue"), row.get("seq"))
    };
    rows.iter().map(held).collect()
}

/// A job in its first attempt, with a lease that is nearly over.
async fn running(shop: &Shop, rows: &mut Rows) -> (JobId, ClientId) {
    let (job, client) = shop.accept_undispatched(shop.tenants.customer, "openrouter", "Alive").await;
    let sql = "UPDATE job_runs SET status = 'in_progress', attempt = 1, leased_by = 'me', lease_until = now() + interval '1 second' WHERE job_id = $1";
    rows.run(sql, job).await;
    (job, client)
}

#[tokio::test]
async fn one_statement_renews_what_is_ours_and_waits_for_nobody() {
    let shop = Shop::open(brisk()).await;
    let mut rows = shop.rows().await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(running(&shop, &mut rows).await.0);
    }
    let [ours, locked, taken_over, waiting] = jobs[..] else { unreachable!() };
    rows.run("UPDATE job_runs SET cancel_requested_at = now() WHERE job_id = $1", ours).await;
    rows.run("UPDATE job_runs SET deadline_at = now() WHERE job_id = $1", locked).await;
    rows.run("UPDATE job_runs SET status = 'pending' WHERE job_id = $1", waiting).await;
    let mut outsider = shop.rows().await;
    let mut lock = outsider.0.begin().await.unwrap();
    sqlx::query("SELECT FROM job_runs WHERE job_id = $1 FOR UPDATE")
        .bind(locked.uuid())
        .execute(&mut *lock)
        .await
        .unwrap();

    let progress = Some(json!({"stage": "writing", "output_tokens": 3}));
    let beats =
        [(ours, 1, progress.clone()), (locked, 1, progress.clone()), (taken_over, 2, progress), (waiting, 1, None)];
    let held = tokio::time::timeout(Duration::from_secs(5), renew(&shop, &beats)).await.expect("it waits for no lock");
    assert_eq!(held, [(ours.uuid(), true, true, false, Some(2)), (locked.uuid(), false, false, true, None)]);
    let fresh = "SELECT (lease_until > now() + interval '30 seconds')::text FROM job_runs WHERE job_id = $1";
    assert_eq!(rows.text(fresh, ours).await, "true");
    for other in [locked, taken_over] {
        assert_eq!(rows.text(fresh, other).await, "false");
        assert_eq!(rows.events(other).await, ["status"]);
    }
    assert_eq!(rows.events(ours).await, ["status", "progress"]);
    assert_eq!(rows.text("SELECT stage FROM job_runs WHERE job_id = $1", ours).await, "writing");
    lock.rollback().await.unwrap();
    let held = renew(&shop, &[(locked, 1, None)]).await;
    assert_eq!(held, [(locked.uuid(), true, false, true, None)]);
}

#[tokio::test]
async fn heartbeats_and_the_job_itself_never_take_one_number_twice() {
    const ROUNDS: usize = 60;
    let shop = Shop::open(brisk()).await;
    let mut rows = shop.rows().await;
    let (job, client) = running(&shop, &mut rows).await;
    let heart = async {
        let mut written = 0;
        for _ in 0..ROUNDS {
            let held = renew(&shop, &[(job, 1, Some(json!({})))]).await;
            assert_eq!(held.len(), 1, "it is ours all the time");
            written += usize::from(held[0].4.is_some());
        }
        written
    };
    let itself = async {
        for _ in 0..ROUNDS {
            let mut tx = shop.db.tenant(Scope::Client(client)).await.unwrap();
            sqlx::query("SELECT FROM job_runs WHERE job_id = $1 FOR UPDATE")
                .bind(job.uuid())
                .execute(&mut *tx)
                .await
                .unwrap();
            sqlx::query("SELECT app.event_append($1, $2, 'status', '{}')")
                .bind(job.uuid())
                .bind(client.uuid())
                .execute(&mut *tx)
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
    };
    let (written, ()) = tokio::join!(heart, itself);
    assert!(written > 0, "the row was never free");
    let numbers = "SELECT count(*) FROM job_events HAVING max(seq) = count(*)";
    assert_eq!(rows.count(numbers).await, i64::try_from(1 + written + ROUNDS).unwrap());
}
