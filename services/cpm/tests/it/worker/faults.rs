//! What goes wrong around a job: services that are away, providers that fail, people who change their minds.

use std::time::Duration;

use hg_common::db::Scope;
use hg_cpm::{
    queue::Settings,
    store::cancel::{Cancelled, job_cancel},
};
use hg_simulator::{Behaviour, Fault, Outcome, Rule};
use hg_types::JobId;

use super::shop::{Shop, brisk, loop_until};

async fn stage(shop: &Shop, job: JobId, wanted: &str) {
    let mut rows = shop.rows().await;
    loop_until(async || (rows.text("SELECT stage FROM job_runs WHERE job_id = $1", job).await == wanted).then_some(()))
        .await;
}

#[tokio::test]
async fn a_service_that_is_away_stalls_a_job_and_fails_none() {
    let mut shop = Shop::open(brisk()).await;
    shop.im.stop().await;
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Patience").await;
    stage(&shop, job, "waiting").await;
    assert_eq!(shop.simulator.calls().len(), 0);
    shop.im.start_again().await;
    assert_eq!(shop.ended(job).await, "completed");
    let other = {
        shop.smm.stop().await;
        shop.accept(shop.tenants.customer, "openrouter", "More patience").await
    };
    stage(&shop, other, "waiting").await;
    shop.smm.start_again().await;
    assert_eq!(shop.ended(other).await, "completed");
    worker.drain().await;
    shop.rows().await.prove_the_books().await;
}

#[tokio::test]
async fn what_waits_for_a_service_says_so_once() {
    let mut shop = Shop::open(brisk()).await;
    shop.im.stop().await;
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Patience").await;
    let mut rows = shop.rows().await;
    let tries = "SELECT attempt::text FROM job_runs WHERE job_id = $1 AND attempt > 5";
    loop_until(async || (!rows.text(tries, job).await.is_empty()).then_some(())).await;
    let told: Vec<(i32, String, Option<String>)> = sqlx::query_as(
        "SELECT seq, data ->> 'stage', data ->> 'reason' FROM job_events WHERE job_id = $1 ORDER BY seq",
    )
    .bind(job.uuid())
    .fetch_all(&mut rows.0)
    .await
    .unwrap();
    let away = Some("service_away".to_owned());
    assert_eq!(told, [(1, "queued".into(), None), (2, "strategy".into(), None), (3, "waiting".into(), away)]);
    // When the next try is stands in the job's row.
    stage(&shop, job, "waiting").await;
    let next =
        "SELECT (available_at > accepted_at AND dispatched_at IS NOT NULL)::text FROM job_runs WHERE job_id = $1";
    loop_until(async || (rows.text(next, job).await == "true").then_some(())).await;
    shop.im.start_again().await;
    assert_eq!(shop.ended(job).await, "completed");
    worker.drain().await;
    let stages: Vec<Option<String>> = sqlx::query_scalar(
        "SELECT data ->> 'stage' FROM job_events WHERE job_id = $1 AND type = 'status' ORDER BY seq",
    )
    .bind(job.uuid())
    .fetch_all(&mut rows.0)
    .await
    .unwrap();
    assert_eq!(stages[3].as_deref(), Some("writing"), "the try that gets further is told: {stages:?}");
    assert_eq!(rows.count("SELECT max(seq)::bigint - count(*) FROM job_events").await, 0, "a number is missing");
    rows.prove_the_books().await;
}

#[tokio::test]
async fn the_deadline_ends_what_waits() {
    let mut shop = Shop::open(Settings { deadline: std::time::Duration::from_secs(1), ..brisk() }).await;
    shop.im.stop().await;
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Too late").await;
    assert_eq!(shop.ended(job).await, "failed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    assert_eq!(rows.text("SELECT error_code FROM jobs WHERE id = $1", job).await, "deadline_exceeded");
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_provider_that_recovers_is_asked_again_and_one_that_does_not_is_given_up() {
    let shop = Shop::open(brisk()).await;
    shop.simulator.set_behaviour(Rule::fault(Fault::status(503)).prompt_contains("Recovers").times(2));
    shop.simulator.set_behaviour(Rule::fault(Fault::status(500)).prompt_contains("Hopeless"));
    shop.simulator.set_behaviour(Rule::fault(Fault::status(401)).prompt_contains("Locked"));
    let worker = shop.worker();
    let recovers = shop.accept(shop.tenants.customer, "openrouter", "Recovers").await;
    let hopeless = shop.accept(shop.tenants.customer, "openrouter", "Hopeless").await;
    let locked = shop.accept(shop.tenants.sibling, "openrouter", "Locked").await;
    assert_eq!(shop.ended(recovers).await, "completed");
    assert_eq!(shop.ended(hopeless).await, "failed");
    assert_eq!(shop.ended(locked).await, "failed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    let statuses =
        |calls: Vec<(String, hg_types::Usd, String)>| calls.into_iter().map(|(status, ..)| status).collect::<Vec<_>>();
    assert_eq!(statuses(rows.calls(recovers).await)[..3], ["failed", "failed", "done"]);
    assert_eq!(statuses(rows.calls(hopeless).await), ["failed", "failed", "failed"]);
    assert_eq!(statuses(rows.calls(locked).await), ["failed"], "a wrong key is no better the second time");
    let message = rows.text("SELECT error_message FROM jobs WHERE id = $1", locked).await;
    assert_eq!(message, "OpenRouter refused the API key.");
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_stream_that_breaks_is_charged_by_what_arrived_and_written_again() {
    let shop = Shop::open(brisk()).await;
    shop.simulator.set_behaviour(Rule::fault(Fault::ResetMidStream).times(1));
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Broken once").await;
    assert_eq!(shop.ended(job).await, "completed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    let calls = rows.calls(job).await;
    assert_eq!((calls[0].0.as_str(), calls[0].2.as_str()), ("failed", "estimated"), "{calls:?}");
    assert!(calls[0].1.is_positive());
    assert!(rows.events(job).await.contains(&"reset".to_owned()));
    rows.prove_the_books().await;
    assert_eq!(rows.count("SELECT count(*) FROM budgets WHERE period = 'day' AND spent_failed > 0").await, 1);
}

#[tokio::test]
async fn a_call_of_unknown_outcome_is_made_again_at_most_once() {
    let shop = Shop::open(brisk()).await;
    shop.simulator.set_behaviour(Rule::fault(Fault::HangBeforeFirstByte).prompt_contains("Silence"));
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Silence").await;
    assert_eq!(shop.ended(job).await, "failed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    let calls = rows.calls(job).await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls.iter().all(|(status, cost, known)| status == "unknown" && cost.is_positive() && known == "unknown"),
        "{calls:?}"
    );
    assert_eq!(rows.text("SELECT error_code FROM jobs WHERE id = $1", job).await, "unknown_outcome");
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_running_job_is_stopped_and_settled() {
    let shop = Shop::open(brisk()).await;
    shop.simulator.set_behaviour(Rule::fault(Fault::Slow { total_ms: 60_000 }));
    let worker = shop.worker();
    for fast in [true, false] {
        let job = shop.accept(shop.tenants.customer, "openrouter", "Never mind").await;
        stage(&shop, job, "writing").await;
        let mut tx = shop.db.tenant(Scope::Client(shop.tenants.customer)).await.unwrap();
        assert!(matches!(job_cancel(&mut tx, job).await.unwrap(), Some(Cancelled::Asked)));
        tx.commit().await.unwrap();
        if fast {
            shop.queue.notify_cancel(job).await;
        }
        // Otherwise the heartbeat brings it.
        assert_eq!(shop.ended(job).await, "cancelled");
        let mut rows = shop.rows().await;
        assert_eq!(rows.calls(job).await[0].0, "cancelled");
        assert_eq!(rows.events(job).await.last().map(String::as_str), Some("cancelled"));
    }
    let stopped = shop
        .simulator
        .wait_until(hg_testkit::PATIENCE, |calls| calls.iter().all(|call| call.outcome == Outcome::AbortedByClient))
        .await;
    assert!(stopped, "the upstream calls are stopped");
    worker.drain().await;
    shop.rows().await.prove_the_books().await;
}

#[tokio::test]
async fn a_text_that_comes_after_the_job_was_stopped_is_not_taken() {
    // Neither word nor heartbeat comes in time: whoever asked was told that the job stops, nevertheless.
    let settings = Settings { heartbeat: Duration::from_secs(60), lease: Duration::from_secs(210), ..brisk() };
    let shop = Shop::open(settings).await;
    shop.simulator.set_behaviour(Rule::always(Behaviour::latency(700, 700)));
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Never mind").await;
    stage(&shop, job, "writing").await;
    let stop = async || {
        let mut tx = shop.db.tenant(Scope::Client(shop.tenants.customer)).await.unwrap();
        let came = job_cancel(&mut tx, job).await.unwrap();
        tx.commit().await.unwrap();
        came
    };
    assert!(matches!(stop().await, Some(Cancelled::Asked)));
    assert_eq!(shop.ended(job).await, "cancelled");
    worker.drain().await;
    assert!(matches!(stop().await, Some(Cancelled::Already)), "the same answer again");
    let mut rows = shop.rows().await;
    let calls = rows.calls(job).await;
    assert!(matches!(&calls[..], [(status, cost, _)] if status == "cancelled" && cost.is_positive()), "{calls:?}");
    assert_eq!(shop.simulator.calls().len(), 1);
    assert_eq!(rows.count("SELECT count(*) FROM charges").await, 0);
    assert_eq!(rows.count("SELECT count(*) FROM jobs WHERE result IS NOT NULL").await, 0);
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_job_that_was_stopped_asks_its_provider_nothing() {
    let settings = Settings { heartbeat: Duration::from_secs(60), lease: Duration::from_secs(210), ..brisk() };
    let shop = Shop::open(settings).await;
    let mut rows = shop.rows().await;
    // Somebody stops it as soon as it runs, and the word is lost.
    sqlx::raw_sql(
        "CREATE FUNCTION public.stops() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.cancel_requested_at := now(); RETURN NEW; END $$;
         CREATE TRIGGER stops BEFORE UPDATE ON public.job_runs FOR EACH ROW
           WHEN (OLD.status = 'pending' AND NEW.status = 'in_progress') EXECUTE FUNCTION public.stops()",
    )
    .execute(&mut rows.0)
    .await
    .unwrap();
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Never mind").await;
    assert_eq!(shop.ended(job).await, "cancelled");
    worker.drain().await;
    assert_eq!(shop.simulator.calls().len(), 0);
    assert!(rows.calls(job).await.is_empty());
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_drain_does_not_have_a_dear_call_repeated() {
    let settings = Settings { unknown_retry_limit: Some("0.000000001".parse().unwrap()), ..brisk() };
    let shop = Shop::open(settings).await;
    shop.simulator.set_behaviour(Rule::fault(Fault::HangBeforeFirstByte));
    let worker = shop.worker();
    let job = shop.accept(shop.tenants.customer, "openrouter", "Too dear").await;
    let begun = shop.simulator.wait_until(hg_testkit::PATIENCE, |calls| calls.len() == 1).await;
    assert!(begun, "the provider is asked");
    worker.drain().await;
    let mut rows = shop.rows().await;
    assert_eq!(rows.text("SELECT status::text FROM jobs WHERE id = $1", job).await, "failed");
    assert_eq!(rows.text("SELECT error_code FROM jobs WHERE id = $1", job).await, "unknown_outcome");
    assert_eq!(shop.simulator.calls().len(), 1);
    rows.prove_the_books().await;
}

#[tokio::test]
async fn a_drain_finishes_what_it_can_and_hands_back_the_rest() {
    let mut shop = Shop::open(brisk()).await;
    shop.simulator.set_behaviour(Rule::always(Behaviour::latency(700, 700)).prompt_contains("Short"));
    shop.simulator.set_behaviour(Rule::fault(Fault::Slow { total_ms: 60_000 }).prompt_contains("Endless").times(1));
    let worker = shop.worker();
    let short = shop.accept(shop.tenants.customer, "openrouter", "Short").await;
    let endless = shop.accept(shop.tenants.sibling, "openrouter", "Endless").await;
    stage(&shop, short, "writing").await;
    stage(&shop, endless, "writing").await;
    shop.im.stop().await;
    let unborn = shop.accept(shop.tenants.other_customer, "openrouter", "Unborn").await;
    stage(&shop, unborn, "waiting").await;
    worker.drain().await;

    let mut rows = shop.rows().await;
    assert_eq!(rows.text("SELECT status::text FROM jobs WHERE id = $1", short).await, "completed");
    for waits in [endless, unborn] {
        assert_eq!(rows.text("SELECT status::text FROM job_runs WHERE job_id = $1", waits).await, "pending");
    }
    shop.im.start_again().await;
    let next = shop.worker();
    assert_eq!(shop.ended(endless).await, "completed");
    assert_eq!(shop.ended(unborn).await, "completed");
    next.drain().await;
    rows.prove_the_books().await;
    assert_eq!(rows.count("SELECT count(*) FROM charges").await, 3);
}

#[tokio::test]
async fn a_drain_waits_for_a_claim_in_flight() {
    let shop = Shop::open(brisk()).await;
    let (job, _) = shop.accept_undispatched(shop.tenants.customer, "openrouter", "Half claimed").await;
    let mut rows = shop.rows().await;
    // The claim waits for this lock.
    let mut outsider = shop.rows().await;
    let mut tx = sqlx::Connection::begin(&mut outsider.0).await.unwrap();
    sqlx::query("SELECT FROM job_runs WHERE job_id = $1 FOR UPDATE").bind(job.uuid()).execute(&mut *tx).await.unwrap();
    shop.queue
        .enqueue(hg_cpm::queue::Enqueue {
            job_id: job,
            client_id: shop.tenants.customer,
            priority: 0,
            available_at: chrono::Utc::now(),
        })
        .await;
    let worker = shop.worker();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
                    AND query LIKE '%app.jobs_claim(%'";
    loop_until(async || (rows.count(waiting).await > 0).then_some(())).await;
    tokio::join!(worker.drain(), async {
        // The drain has begun by now.
        tokio::task::yield_now().await;
        tx.commit().await.unwrap();
    });
    assert_eq!(rows.text("SELECT status::text FROM job_runs WHERE job_id = $1", job).await, "pending");
    assert_eq!(rows.text("SELECT attempt::text FROM job_runs WHERE job_id = $1", job).await, "1");
    assert_eq!(shop.simulator.calls().len(), 0);
}
