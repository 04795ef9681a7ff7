//! What an API key's jobs cost is booked on the key, whatever becomes of them.

use hg_simulator::{Fault, Rule};
use hg_types::{ApiKeyId, JobId};
use uuid::Uuid;

use super::shop::{Rows, Shop, brisk};

async fn limited_key(shop: &Shop, daily: &'static str) -> ApiKeyId {
    let id: Uuid = sqlx::query_scalar(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, daily_limit, monthly_limit)
         VALUES ($1, 'Shop', 'hgc_test', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), $2::text::numeric, 1000)
         RETURNING id",
    )
    .bind(shop.tenants.customer.uuid())
    .bind(daily)
    .fetch_one(&mut shop.rows().await.0)
    .await
    .unwrap();
    id.into()
}

/// Nothing is held, and what the key's rows say is what the ledger says.
async fn prove(rows: &mut Rows, jobs: &[JobId]) {
    rows.prove_the_books().await;
    assert_eq!(rows.count("SELECT count(*) FROM api_key_jobs").await, 0, "jobs still count");
    assert_eq!(rows.count("SELECT count(*) FROM api_key_budgets WHERE reserved <> 0").await, 0, "something is held");
    assert_eq!(rows.count("SELECT count(*) FROM app.api_key_budgets_drift()").await, 0);
    let astray = "SELECT count(*) FROM api_key_budgets b WHERE b.spent <> (
        SELECT coalesce(sum(c.cost), 0) FROM provider_calls c JOIN jobs j ON j.id = c.job_id WHERE j.api_key_id = b.api_key_id)";
    assert_eq!(rows.count(astray).await, 0, "spent isn't the sum of the ledger");
    assert_eq!(rows.count("SELECT count(*) FROM api_key_budgets").await, 2, "a day and a month");
    let counted = "SELECT max(jobs)::bigint FROM api_key_budgets";
    assert_eq!(rows.count(counted).await, i64::try_from(jobs.len()).unwrap());
}

#[tokio::test]
async fn completed_failed_and_repaired_jobs_are_booked_on_their_key() {
    let shop = Shop::open(brisk()).await;
    let key = limited_key(&shop, "100").await;
    shop.simulator.set_behaviour(Rule::fault(Fault::finish("length")).times(1));
    let repaired = shop.accept_for_key(key, "Cut").await.unwrap();
    let worker = shop.worker();
    assert_eq!(shop.ended(repaired).await, "completed");
    let plain = shop.accept_for_key(key, "Plain").await.unwrap();
    assert_eq!(shop.ended(plain).await, "completed");
    shop.simulator.set_behaviour(Rule::fault(Fault::status(400)));
    let failed = shop.accept_for_key(key, "Refused").await.unwrap();
    assert_eq!(shop.ended(failed).await, "failed");
    worker.drain().await;
    let mut rows = shop.rows().await;
    assert!(rows.count("SELECT count(*) FROM api_key_budgets WHERE spent > 0").await == 2);
    prove(&mut rows, &[repaired, plain, failed]).await;
}

#[tokio::test]
async fn a_call_that_needs_more_than_the_key_has_left_is_not_made() {
    let shop = Shop::open(brisk()).await;
    let key = limited_key(&shop, "100").await;
    let job = shop.accept_for_key(key, "Poor").await.unwrap();
    let mut rows = shop.rows().await;
    // As if the prompt turned out longer than was thought at accept, and the key's limit stands right there.
    rows.run("UPDATE reservations SET held = 0.000001 WHERE job_id = $1", job).await;
    rows.run("UPDATE budgets SET reserved = 0.000001 WHERE $1::uuid IS NOT NULL", job).await;
    rows.run("UPDATE api_key_budgets SET limit_usd = spent + reserved + 0.000001 WHERE period = 'day' AND $1::uuid IS NOT NULL", job)
        .await;
    let worker = shop.worker();
    assert_eq!(shop.ended(job).await, "failed");
    worker.drain().await;
    assert_eq!(rows.text("SELECT error_code FROM jobs WHERE id = $1", job).await, "budget_exceeded");
    let said = rows.text("SELECT error_message FROM jobs WHERE id = $1", job).await;
    assert!(said.starts_with("The API key's daily budget has"), "{said}");
    assert_eq!(shop.simulator.calls().len(), 0);
    prove(&mut rows, &[job]).await;
    // Nothing was spent: the next job gets in.
    let mut rows = shop.rows().await;
    rows.run("UPDATE api_key_budgets SET limit_usd = 100 WHERE $1::uuid IS NOT NULL", job).await;
    shop.accept_for_key(key, "Richer").await.unwrap();
}

#[tokio::test]
async fn a_first_limit_counts_jobs_that_live_since_an_earlier_day_and_stays_what_was_set() {
    let shop = Shop::open(brisk()).await;
    let key = limited_key(&shop, "100").await;
    let mut rows = shop.rows().await;
    let nobody = JobId(Uuid::nil());
    rows.run("UPDATE api_keys SET daily_limit = NULL, monthly_limit = NULL WHERE $1::uuid IS NOT NULL", nobody).await;
    let job = shop.accept_for_key(key, "Since yesterday").await.unwrap();
    rows.run(
        "UPDATE reservations SET created_at = greatest(now() - interval '1 day', date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC')
          WHERE job_id = $1",
        job,
    )
    .await;
    // Far below what the job holds.
    rows.run(
        "UPDATE api_keys SET daily_limit = 0.0000001, monthly_limit = 0.0000001 WHERE $1::uuid IS NOT NULL",
        nobody,
    )
    .await;
    assert!(rows.count("SELECT count(*) FROM api_key_budgets WHERE over_usd > 0").await >= 2);
    let worker = shop.worker();
    assert_eq!(shop.ended(job).await, "completed");
    worker.drain().await;
    rows.prove_the_books().await;
    assert_eq!(rows.count("SELECT count(*) FROM api_key_budgets WHERE reserved <> 0").await, 0);
    assert_eq!(rows.count("SELECT count(*) FROM app.api_key_budgets_drift()").await, 0);
    // What came back when the job ended is no room above the limit.
    assert_eq!(rows.count("SELECT count(*) FROM api_key_budgets WHERE limit_usd <> 0.0000001").await, 0);
    assert!(shop.accept_for_key(key, "More").await.is_err());
}
