//! What came of a strategy, version by version.

use hg_contracts::cpm::StrategyAnalytics;
use hg_types::JobId;
use serde_json::json;
use uuid::Uuid;

use crate::support::TestCpm;

const OWN: Uuid = Uuid::from_u128(1);
const AGENCYS: Uuid = Uuid::from_u128(2);

/// What a worker notes about a job: from which strategies it was made, and what it cost.
async fn made_from(cpm: &TestCpm, job: JobId, own_version: i32, cost: &str) {
    let sources = json!([
        {"level": "client", "client_id": null, "client_name": "C", "strategy_id": OWN, "version": own_version},
        {"level": "agency", "client_id": null, "client_name": "A", "strategy_id": AGENCYS, "version": 7},
        {"level": "default", "client_id": null, "client_name": null, "strategy_id": null, "version": null},
    ]);
    sqlx::query("UPDATE jobs SET strategy_sources = $2, cost = $3::numeric WHERE id = $1")
        .bind(job.uuid())
        .bind(sources)
        .bind(cost)
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
}

#[tokio::test]
async fn jobs_success_quality_and_cost_are_told_per_version() {
    let cpm = TestCpm::start().await;
    for (version, status, cost) in
        [(1, "completed", "0.010"), (1, "failed", "0.002"), (2, "completed", "0.020"), (2, "pending", "0")]
    {
        let job = cpm.accepted().await;
        made_from(&cpm, job, version, cost).await;
        if status != "pending" {
            cpm.end(job, status, json!({})).await;
        }
    }
    let _without = cpm.accepted().await;
    let path = format!("/analytics/strategies/{OWN}");
    let told: StrategyAnalytics = cpm.member().get(&path).await.expect(200).parse();
    let figures: Vec<_> = told
        .versions
        .iter()
        .map(|it| {
            (it.version, it.jobs, it.completed, it.failed, it.success_rate, it.mean_quality, it.cost_usd.to_string())
        })
        .collect();
    assert_eq!(
        figures,
        [
            (2, 2, 1, 0, Some(1.0), Some(88.0), "0.020000000".to_owned()),
            (1, 2, 1, 1, Some(0.5), Some(88.0), "0.012000000".to_owned()),
        ]
    );
    // A job counts for each strategy that it was made from, and the agency sees its customers' jobs.
    let agency = cpm.user(cpm.tenants.agency_people.viewer);
    let agencys: StrategyAnalytics =
        agency.get(&format!("/analytics/strategies/{AGENCYS}?days=30")).await.expect(200).parse();
    assert_eq!((agencys.versions.len(), agencys.versions[0].version, agencys.versions[0].jobs), (1, 7, 4));
    let narrowed = format!("{path}?client_id=local-business-group");
    let nobodys: StrategyAnalytics = agency.get(&narrowed).await.expect(200).parse();
    assert!(nobodys.versions.is_empty());

    // Others have no figures of it, and learn nothing of clients that they don't see.
    let outsider = cpm.user(cpm.tenants.other_agency_people.owner);
    let nothing: StrategyAnalytics = outsider.get(&path).await.expect(200).parse();
    assert!(nothing.versions.is_empty());
    let _ = outsider.get(&format!("{path}?client_id=cincinnati-electrician")).await.expect(404);
    let _ = cpm.anonymous().get(&path).await.expect(401);
    let _ = cpm.member().get("/analytics/strategies/none").await.expect(404);
    for days in ["0", "367", "many"] {
        assert_eq!(cpm.member().get(&format!("{path}?days={days}")).await.expect(422).fields(), ["days"], "{days}");
    }
}
