//! What is done now and then.

use hg_testkit::until_some;

use super::shop::{Shop, brisk};

#[tokio::test]
async fn old_idempotency_keys_go_but_not_those_of_retries() {
    let shop = Shop::open(brisk()).await;
    let mut rows = shop.rows().await;
    sqlx::query(
        "INSERT INTO job_idempotency (principal, client_id, key, request_hash, job_id, created_at)
         SELECT principal, $1, principal || days, 'hash', app.uuid_v7(), now() - make_interval(days => days)
           FROM (VALUES ('key:1', 8), ('key:1', 6), ('retry', 400)) AS old (principal, days)",
    )
    .bind(shop.tenants.customer.uuid())
    .execute(&mut rows.0)
    .await
    .unwrap();
    let worker = shop.worker();
    until_some("the oldest key goes", || async {
        let mut rows = shop.rows().await;
        let left: Vec<String> =
            sqlx::query_scalar("SELECT key FROM job_idempotency ORDER BY key").fetch_all(&mut rows.0).await.unwrap();
        (left == ["key:16", "retry400"]).then_some(())
    })
    .await;
    worker.drain().await;
}
