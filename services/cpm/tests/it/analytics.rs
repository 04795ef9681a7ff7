//! What came of a strategy or of SEO rules, version by version.

use hg_contracts::cpm::{SeoRulesAnalytics, StrategyAnalytics};
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

const RULES: Uuid = Uuid::from_u128(3);

/// What a worker does when it counts.
async fn counted(cpm: &TestCpm, settled: &str) -> i32 {
    let mut db = cpm.superuser().await;
    let mut tx = sqlx::Connection::begin(&mut db).await.unwrap();
    sqlx::query("SET LOCAL ROLE hg_system").execute(&mut *tx).await.unwrap();
    let jobs = sqlx::query_scalar("SELECT app.job_outcomes_count(1000, $1::text::interval)")
        .bind(settled)
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    jobs
}

#[tokio::test]
async fn edits_and_verdicts_are_told_and_counting_changes_no_figure() {
    let cpm = TestCpm::start().await;
    let mut db = cpm.superuser().await;
    let scores = [40, 60, 62, 90, 63];
    let mut jobs = Vec::new();
    for score in scores {
        let job = cpm.accepted().await;
        made_from(&cpm, job, 1, "0.010").await;
        cpm.end(job, "completed", json!({})).await;
        sqlx::query("UPDATE jobs SET quality_score = $2, seo_sources = $3 WHERE id = $1")
            .bind(job.uuid())
            .bind(score)
            .bind(json!([{"level": "client", "client_id": null, "client_name": "C", "seo_rules_id": RULES, "version": 5}]))
            .execute(&mut db)
            .await
            .unwrap();
        jobs.push(job);
    }
    let member = cpm.member();
    // Only in words: the same text again would change nothing of it.
    let edit = |version, content: &str| json!({"version": version, "content": content, "title": "Fuses"});
    let _ = member.put(&format!("/jobs/{}/content", jobs[0]), &edit(0, "Text. More.")).await.expect(200);
    let _ = member.put(&format!("/jobs/{}/content", jobs[0]), &edit(1, "Text.")).await.expect(200);
    let _ = member.put(&format!("/jobs/{}/content", jobs[1]), &edit(0, "All other words here now.")).await.expect(200);
    for (job, verdict) in
        [(0, "approved"), (1, "rejected"), (1, "approved"), (2, "rejected"), (3, "approved"), (3, "withdrawn")]
    {
        let _ = member.post(&format!("/jobs/{}/approval", jobs[job]), &json!({"verdict": verdict})).await.expect(200);
    }

    let path = format!("/analytics/strategies/{OWN}");
    let before: StrategyAnalytics = member.get(&path).await.expect(200).parse();
    let it = &before.versions[0];
    assert_eq!((it.jobs, it.completed, it.edited, it.approved, it.rejected), (5, 5, 2, 2, 1));
    assert_eq!((it.mean_quality, it.median_quality, it.edited_share), (Some(63.0), Some(62.0), Some(0.4)));
    // The first came back to what was generated, the second shares one word of two and six: the title.
    let mean = it.mean_change.unwrap();
    assert!(mean > 0.3 && mean < 0.5, "{mean}");
    let rules: SeoRulesAnalytics = member.get(&format!("/analytics/seo-rules/{RULES}")).await.expect(200).parse();
    assert_eq!((rules.versions[0].version, rules.versions[0].jobs, rules.versions[0].edited), (5, 5, 2));
    let _ = cpm.anonymous().get(&format!("/analytics/seo-rules/{RULES}")).await.expect(401);
    let _ = member.get("/analytics/seo-rules/none").await.expect(404);
    let outsider = cpm.user(cpm.tenants.other_agency_people.owner);
    let nothing: SeoRulesAnalytics = outsider.get(&format!("/analytics/seo-rules/{RULES}")).await.expect(200).parse();
    assert!(nothing.versions.is_empty());

    // Jobs of the last minutes wait; then they are counted, up to the first that still lives.
    assert_eq!(counted(&cpm, "5 minutes").await, 0);
    assert_eq!(cpm.count("SELECT count(*) FROM job_outcomes").await, 12, "what was edited or judged is there at once");
    let living = cpm.accepted().await;
    let later = cpm.accepted().await;
    cpm.end(later, "completed", json!({})).await;
    assert_eq!(counted(&cpm, "0 seconds").await, 5);
    assert_eq!(cpm.count("SELECT count(*) FROM job_outcomes").await, 15);
    let after: StrategyAnalytics = member.get(&path).await.expect(200).parse();
    assert_eq!(after.versions, before.versions, "the same figures, counted");
    cpm.end(living, "failed", json!({})).await;
    assert_eq!(counted(&cpm, "0 seconds").await, 2);
    assert_eq!(counted(&cpm, "0 seconds").await, 0, "each once");

    // What was approved and then edited is approved no more; what was brought back as it was generated isn't edited.
    let figures = async || -> (i64, i64, i64) {
        let now: StrategyAnalytics = member.get(&path).await.expect(200).parse();
        (now.versions[0].edited, now.versions[0].approved, now.versions[0].rejected)
    };
    assert_eq!(figures().await, (2, 2, 1));
    let _ =
        member.put(&format!("/jobs/{}/content", jobs[1]), &edit(1, "Once more, and other words.")).await.expect(200);
    assert_eq!(figures().await, (2, 1, 1));
    let _ = member.post(&format!("/jobs/{}/versions/0/restore", jobs[0]), &json!({"version": 2})).await.expect(200);
    assert_eq!(figures().await, (1, 0, 1));
    let _ = member.post(&format!("/jobs/{}/approval", jobs[0]), &json!({"verdict": "approved"})).await.expect(200);
    assert_eq!(figures().await, (1, 1, 1));
}
