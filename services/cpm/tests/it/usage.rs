//! What ended jobs used and cost: the same figures live and counted, and those of the accounts.

use hg_contracts::cpm::{Costs, Usage};
use hg_cpm::ledger::usage_count;
use hg_types::{JobId, Usd};
use serde_json::json;
use sqlx::Connection as _;

use crate::{
    budgets::settled,
    support::{TestCpm, blog_with, job_id},
};

/// What the watch does, without waiting for jobs to be five minutes old.
async fn counted(cpm: &TestCpm) -> i32 {
    let mut db = cpm.superuser().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query("SET LOCAL ROLE hg_system").execute(&mut *tx).await.unwrap();
    let jobs = sqlx::query_scalar("SELECT app.usage_count(3, '0 seconds')").fetch_one(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    jobs
}

async fn job(cpm: &TestCpm, client: &str, content_type: &str, model: &str) -> JobId {
    let body =
        blog_with(json!({"client_id": client, "content_type": content_type, "llm_provider": "openai", "model": model}));
    job_id(&cpm.user(cpm.tenants.agency_people.member).post("/generate", &body).await.expect(200))
}

#[tokio::test]
async fn costs_are_those_of_the_accounts_before_and_after_counting() {
    let cpm = TestCpm::start().await;
    let agency = cpm.user(cpm.tenants.agency_people.viewer);
    let mine = "cincinnati-electrician";
    for (client, content_type, model, status, cost) in [
        (mine, "blog_post", "gpt-4o-mini", "done", "0.010"),
        (mine, "blog_post", "gpt-4o-mini", "failed", "0.002"),
        (mine, "social_media", "gpt-4o", "done", "0.030"),
        (mine, "blog_post", "gpt-4o", "unknown", "0.005"),
        ("local-business-group", "press_release", "gpt-4o", "done", "0.100"),
    ] {
        settled(&cpm, job(&cpm, client, content_type, model).await, status, cost).await;
    }
    let living = job(&cpm, mine, "blog_post", "gpt-4o-mini").await;
    let path = "/costs?group_by=client,model,content_type,day";
    let live: Costs = agency.get(path).await.expect(200).parse();
    assert_eq!(live.totals.total_usd, "0.147".parse::<Usd>().unwrap());
    assert_eq!(live.totals.by_heading.failed_usd.to_string(), "0.002000000");
    assert_eq!(live.totals.by_heading.unknown_usd.to_string(), "0.005000000");
    assert_eq!(live.totals.by_knowledge.computed_usd.to_string(), "0.142000000");
    // The dearest first; a row per group, the failed call with the charged one.
    let rows: Vec<_> = live
        .data
        .iter()
        .map(|row| {
            (
                row.group.model.as_deref().unwrap(),
                row.group.content_type.as_deref().unwrap(),
                row.figures.total_usd.to_string(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("gpt-4o", "press_release", "0.100000000".to_owned()),
            ("gpt-4o", "social_media", "0.030000000".to_owned()),
            ("gpt-4o-mini", "blog_post", "0.012000000".to_owned()),
            ("gpt-4o", "blog_post", "0.005000000".to_owned()),
        ]
    );
    assert_eq!(live.data[0].group.client_name.as_deref(), Some("Local Business Group"));

    // A client's sums are those of its budgets.
    let own: Costs = agency.get(&format!("/costs?client_id={mine}")).await.expect(200).parse();
    let spent = cpm.amount("SELECT spent::text FROM budgets b JOIN clients c ON c.id = b.client_id WHERE c.slug = 'cincinnati-electrician' AND period = 'month'").await;
    assert_eq!((own.totals.total_usd.to_string(), own.data.len()), (spent, 1));
    let used: Usage = agency.get(&format!("/usage?client_id={mine}&group_by=provider")).await.expect(200).parse();
    assert_eq!(
        (used.totals.results, used.totals.calls, used.totals.input_tokens, used.totals.output_tokens),
        (2, 4, 4_000, 800)
    );
    assert_eq!(used.data[0].group.provider.as_deref(), Some("openai"));

    // Counted in two steps, up to the job that still lives: no figure changes.
    assert_eq!((counted(&cpm).await, counted(&cpm).await, counted(&cpm).await), (3, 2, 0));
    assert_eq!(cpm.amount("SELECT sum(cost)::numeric(18, 9)::text FROM usage_days").await, "0.147000000");
    assert_eq!(agency.get(path).await.expect(200).parse::<Costs>(), live);
    settled(&cpm, living, "done", "0.001").await;
    let more: Costs = agency.get(path).await.expect(200).parse();
    assert_eq!(more.totals.total_usd, "0.148".parse::<Usd>().unwrap());
    assert_eq!((counted(&cpm).await, counted(&cpm).await), (1, 0));
    assert_eq!(agency.get(path).await.expect(200).parse::<Costs>(), more);

    // What is left off is summed up.
    let top: Costs = agency.get(&format!("{path}&limit=1")).await.expect(200).parse();
    let others = top.others.unwrap();
    assert_eq!((top.data.len(), others.rows, others.figures.total_usd.to_string()), (1, 3, "0.048000000".to_owned()));
    assert_eq!(top.totals, more.totals);
}

#[tokio::test]
async fn everybody_is_told_of_their_own_alone() {
    let cpm = TestCpm::start().await;
    settled(&cpm, job(&cpm, "cincinnati-electrician", "blog_post", "gpt-4o").await, "done", "0.01").await;
    let total = async |user| {
        let costs: Costs = cpm.user(user).get("/costs?group_by=client,model").await.expect(200).parse();
        (costs.totals.total_usd.to_string(), costs.data.len())
    };
    let (told, nothing) = (("0.010000000".to_owned(), 1), ("0.000000000".to_owned(), 0));
    assert_eq!(total(cpm.tenants.customer_people.viewer).await, told);
    assert_eq!(total(cpm.tenants.root_people.viewer).await, told);
    assert_eq!(total(cpm.tenants.other_agency_people.owner).await, nothing);
    assert_eq!(total(cpm.tenants.stranger).await, nothing);
    while counted(&cpm).await > 0 {}
    assert_eq!(total(cpm.tenants.agency_people.viewer).await, told);
    assert_eq!(total(cpm.tenants.other_customer_people.owner).await, nothing);
    let stranger = cpm.user(cpm.tenants.other_agency_people.owner);
    let _ = stranger.get("/usage?client_id=cincinnati-electrician").await.expect(404);
    let _ = cpm.anonymous().get("/costs").await.expect(401);
    for (query, field) in [
        ("from=2026-13-01", "from"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("group_by=job", "group_by"),
        ("limit=1001", "limit"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(cpm.member().get(&format!("/usage?{query}")).await.expect(422).fields(), [field], "{query}");
    }
    let (_, system) = cpm.db.db_and_system().await;
    assert_eq!(usage_count(&system).await.unwrap(), 0, "jobs of the last minutes wait");
}
