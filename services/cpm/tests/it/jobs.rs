//! Lists, one job, its status, the overview: who sees what, and in which order.

use serde_json::{Value, json};

use crate::support::{TestCpm, blog, blog_with, job_id};

fn ids(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let cpm = TestCpm::start().await;
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(cpm.accepted().await.to_string());
    }
    jobs.reverse();
    let first = cpm.member().get("/jobs?limit=2").await.expect(200).json();
    assert_eq!(ids(&first), jobs[..2]);
    assert_eq!(
        (first["pagination"]["total"].as_u64(), first["pagination"]["total_capped"].as_bool()),
        (Some(5), Some(false))
    );
    let cursor = first["pagination"]["next_cursor"].as_str().unwrap();
    let second = cpm.member().get(&format!("/jobs?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!(ids(&second), jobs[2..4]);
    let numbered = cpm.member().get("/jobs?page=3&pageSize=2").await.expect(200).json();
    assert_eq!((ids(&numbered), numbered["pagination"]["has_more"].as_bool()), (vec![jobs[4].clone()], Some(false)));
    assert_eq!(cpm.member().get("/jobs?cursor=nonsense").await.expect(422).fields(), ["cursor"]);
    assert_eq!(cpm.member().get("/jobs?limit=1000").await.expect(422).fields(), ["limit"]);
}

#[tokio::test]
async fn filters_choose_and_an_agency_sees_its_customers() {
    let cpm = TestCpm::start().await;
    let agency = cpm.user(cpm.tenants.agency_people.member);
    let pending = cpm.accepted().await;
    let running = cpm.accepted().await;
    cpm.claim(running).await;
    let failed = cpm.accepted().await;
    cpm.end(failed, "failed", json!({"code": "provider_error", "message": "It broke."})).await;
    let completed = cpm.accepted().await;
    cpm.end(completed, "completed", json!({})).await;
    let body = json!({"client_id": "local-business-group", "content_type": "press_release", "topic": "50% off_now", "llm_provider": "sample"});
    let sibling = job_id(&agency.post("/generate", &body).await.expect(200));

    let list = async |query: &str| ids(&agency.get(&format!("/jobs?{query}")).await.expect(200).json());
    assert_eq!(list("").await.len(), 5);
    assert_eq!(list("client_id=heaviside-digital").await.len(), 5);
    assert_eq!(list("client_id=cincinnati-electrician").await.len(), 4);
    assert_eq!(list("client_id=cincinnati-electrician&status=pending").await, [pending.to_string()]);
    assert_eq!(list("status=in_progress").await, [running.to_string()]);
    assert_eq!(list("status=failed").await, [failed.to_string()]);
    assert_eq!(list("content_type=press_release").await, [sibling.to_string()]);
    assert_eq!(list("llm_provider=sample").await, [sibling.to_string()]);
    assert_eq!(list("q=50%25%20off_").await, [sibling.to_string()]);
    assert!(list("q=50_").await.is_empty());

    let row = &agency.get("/jobs?status=completed").await.expect(200).json()["data"][0];
    assert_eq!((row["title"].as_str(), row["quality_score"].as_u64()), (Some("Fuses"), Some(88)));
    assert!(row.get("result").is_none() && row["stage"].is_null());
}

#[tokio::test]
async fn another_tenants_jobs_are_nowhere() {
    let cpm = TestCpm::start().await;
    let job = cpm.accepted().await;
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 1);
    for user in [cpm.tenants.other_agency_people.owner, cpm.tenants.other_customer_people.owner, cpm.tenants.stranger] {
        let api = cpm.user(user);
        assert!(ids(&api.get("/jobs").await.expect(200).json()).is_empty());
        for path in [format!("/jobs/{job}"), format!("/jobs/{job}/status"), format!("/jobs/{job}/events")] {
            drop(api.get(&path).await.expect(404));
        }
        drop(api.delete(&format!("/jobs/{job}")).await.expect(404));
        drop(api.post(&format!("/jobs/{job}/retry"), &()).await.expect(404));
        drop(api.get("/jobs?client_id=cincinnati-electrician").await.expect(404));
        drop(api.get("/jobs/overview?client_id=cincinnati-electrician").await.expect(404));
    }
    assert_eq!(cpm.count("SELECT count(*) FROM job_runs WHERE cancel_requested_at IS NULL").await, 1);
}

#[tokio::test]
async fn status_shows_the_result_or_the_reason() {
    let cpm = TestCpm::start().await;
    let done = cpm.accepted().await;
    cpm.end(done, "completed", json!({})).await;
    let status = cpm.member().get(&format!("/jobs/{done}/status")).await.expect(200).json();
    assert_eq!((status["status"].as_str(), status["result"]["content"].as_str()), (Some("completed"), Some("Text.")));
    let failed = cpm.accepted().await;
    cpm.end(failed, "failed", json!({})).await;
    let status = cpm.member().get(&format!("/jobs/{failed}/status")).await.expect(200).json();
    assert_eq!((status["status"].as_str(), status["error"].as_str()), (Some("failed"), Some("It broke.")));
}

#[tokio::test]
async fn the_overview_counts_this_month() {
    let cpm = TestCpm::start().await;
    let done = cpm.accepted().await;
    cpm.end(done, "completed", json!({})).await;
    let running = cpm.accepted().await;
    cpm.claim(running).await;
    sqlx::query(
        "INSERT INTO charges (job_id, client_id, amount, provider, model) VALUES ($1, $2, 0.25, 'openai', 'm')",
    )
    .bind(done.uuid())
    .bind(cpm.tenants.customer.uuid())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    let overview = cpm.member().get("/jobs/overview").await.expect(200).json();
    assert_eq!(overview["by_status"], json!({"completed": 1, "in_progress": 1}));
    assert_eq!(
        (overview["spent_today_usd"].as_str(), overview["mean_quality"].as_f64()),
        (Some("0.250000000"), Some(88.0))
    );
    let none = cpm.user(cpm.tenants.other_customer_people.member).get("/jobs/overview").await.expect(200).json();
    assert_eq!(
        (none["by_status"].as_object().map(serde_json::Map::len), none["spent_month_usd"].as_str()),
        (Some(0), Some("0.000000000"))
    );
}

#[tokio::test]
async fn providers_say_what_they_can_do() {
    let cpm = TestCpm::start().await;
    let status = cpm.member().get("/providers/status").await.expect(200).json();
    assert_eq!(status["default_provider"], "openai");
    let by_name = |name: &str| {
        status["providers"].as_array().unwrap().iter().find(|one| one["provider"] == name).unwrap().clone()
    };
    assert_eq!(
        (by_name("openai")["status"].as_str(), by_name("openrouter")["status"].as_str()),
        (Some("available"), Some("not_configured"))
    );
    assert!(by_name("openai")["models"].as_array().unwrap().iter().any(|model| model["is_default"] == true));
    drop(cpm.anonymous().get("/providers/status").await.expect(401));
    // Used above, and here to show that the default is really taken.
    drop(cpm.member().post("/generate", &blog_with(json!({"llm_provider": null}))).await.expect(200));
    drop(cpm.member().post("/generate", &blog("cincinnati-electrician")).await.expect(200));
}
