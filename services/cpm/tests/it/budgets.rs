//! Budgets from outside: how they stand, who sets which limit, what a refusal tells, and warnings.

use hg_common::auth::api_key::ApiKey;
use hg_contracts::cpm::ClientBudget;
use hg_cpm::ledger;
use hg_testkit::Api;
use hg_types::{JobId, Usd};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::support::{TestCpm, blog, text};

const CLIENT: &str = "cincinnati-electrician";

fn limits(daily: Option<&str>, monthly: Option<&str>) -> Value {
    json!({"daily_usd": daily, "monthly_usd": monthly})
}

fn usd(text: &str) -> Usd {
    text.parse().unwrap()
}

async fn shown(api: &Api, client: &str) -> ClientBudget {
    api.get(&format!("/clients/{client}/budget")).await.expect(200).parse()
}

async fn set(api: &Api, client: &str, daily: Option<&str>, monthly: Option<&str>) -> ClientBudget {
    api.put(&format!("/clients/{client}/budget"), &limits(daily, monthly)).await.expect(200).parse()
}

/// What a worker does at a job's end: one call, of this cost, and the account settled.
pub(crate) async fn settled(cpm: &TestCpm, job: JobId, status: &str, cost: &str) {
    let mut db = cpm.superuser().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, cost, cost_known, status, input_tokens, output_tokens)
         SELECT id, client_id, 1, 'write', llm_provider, model, $3::text::numeric, CASE WHEN $2 = 'unknown' THEN 'unknown' ELSE 'computed' END::cost_known,
                $2::text::call_status, 1000, 200 FROM jobs WHERE id = $1",
    )
    .bind(job.uuid())
    .bind(status)
    .bind(cost)
    .execute(&mut *tx)
    .await
    .unwrap();
    if status == "done" {
        sqlx::query("INSERT INTO charges (job_id, client_id, amount, provider, model) SELECT id, client_id, $2::text::numeric, llm_provider, model FROM jobs WHERE id = $1")
            .bind(job.uuid())
            .bind(cost)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    sqlx::query("UPDATE jobs SET status = CASE WHEN $2 = 'done' THEN 'completed' ELSE 'failed' END::job_status, cost = $3::text::numeric WHERE id = $1")
        .bind(job.uuid())
        .bind(status)
        .bind(cost)
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("DELETE FROM job_runs WHERE job_id = $1").bind(job.uuid()).execute(&mut *tx).await.unwrap();
    sqlx::query("SET LOCAL ROLE hg_system").execute(&mut *tx).await.unwrap();
    let part = |heading: &str| if heading == status { cost } else { "0" }.to_owned();
    let once: bool = sqlx::query_scalar(
        "SELECT app.ledger_settle($1, $2::text::numeric, $3::text::numeric, $4::text::numeric, $5::text::numeric)",
    )
    .bind(job.uuid())
    .bind(part("done"))
    .bind(part("failed"))
    .bind(part("cancelled"))
    .bind(part("unknown"))
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    assert!(once);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn limits_come_from_both_sides_and_the_smaller_is_in_force() {
    let cpm = TestCpm::start().await;
    let people = &cpm.tenants.customer_people;
    let (owner, admin) = (cpm.user(people.owner), cpm.user(people.admin));
    let agency = cpm.user(cpm.tenants.agency_people.admin);
    assert_eq!(shown(&admin, CLIENT).await.day.limit_usd, None);

    let own = set(&admin, CLIENT, Some("5"), Some("100.5")).await;
    assert_eq!((own.day.limit_usd, own.month.limit_usd), (Some(usd("5")), Some(usd("100.5"))));
    assert_eq!((own.day.left_usd, own.day.cap_usd, own.client_slug.as_str()), (Some(usd("5")), None, CLIENT));
    let cap = format!("/clients/{CLIENT}/budget/cap");
    let capped: ClientBudget = agency.put(&cap, &limits(Some("3"), None)).await.expect(200).parse();
    assert_eq!((capped.day.limit_usd, capped.day.own_limit_usd), (Some(usd("3")), Some(usd("5"))));
    // Its own people lower it, and raise it up to there.
    assert_eq!(set(&owner, CLIENT, Some("2"), None).await.day.limit_usd, Some(usd("2")));
    let raised = set(&owner, CLIENT, Some("1000"), None).await;
    assert_eq!((raised.day.limit_usd, raised.month.limit_usd), (Some(usd("3")), None));
    assert_eq!(set(&owner, CLIENT, None, None).await.day.limit_usd, Some(usd("3")));
    for own in [&owner, &admin] {
        let refused = own.put(&cap, &limits(None, None)).await.expect(403).json();
        assert_eq!(refused["error"]["message"], "capping a client's limits needs the role admin on its parent");
    }
    let refused = cpm.member().put(&format!("/clients/{CLIENT}/budget"), &limits(None, None)).await.expect(403).json();
    assert_eq!(refused["error"]["message"], "setting a client's own limits needs the role admin on the client");

    // In the database, too, whatever the service forgets.
    let mut db = cpm.superuser().await;
    let mut tx = db.begin().await.unwrap();
    sqlx::query("SET LOCAL ROLE hg_content_app").execute(&mut *tx).await.unwrap();
    sqlx::query("SELECT set_config('app.user_id', $1, true)")
        .bind(people.owner.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
    let raised = sqlx::query("UPDATE budget_limits SET cap_daily = 99").execute(&mut *tx).await.unwrap_err();
    assert_eq!(raised.as_database_error().unwrap().code().as_deref(), Some("HG403"));
    tx.rollback().await.unwrap();

    // Who changed which half, is on record.
    assert_eq!(
        cpm.count("SELECT count(*) FROM audit_log WHERE action LIKE 'limit.%' AND client_id IS NOT NULL").await,
        5
    );

    let stranger = cpm.user(cpm.tenants.other_agency_people.owner);
    for path in [format!("/clients/{CLIENT}/budget"), cap] {
        let _ = stranger.put(&path, &limits(None, None)).await.expect(404);
        let _ = cpm.anonymous().put(&path, &limits(None, None)).await.expect(401);
    }
    let _ = stranger.get(&format!("/clients/{CLIENT}/budget")).await.expect(404);
}

#[tokio::test]
async fn a_limit_is_an_amount_and_both_are_named() {
    let cpm = TestCpm::start().await;
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let path = format!("/clients/{CLIENT}/budget");
    for (body, field) in [
        (json!({"daily_usd": "1"}), "monthly_usd"),
        (json!({"daily_usd": "-1", "monthly_usd": null}), "daily_usd"),
        (json!({"daily_usd": null, "monthly_usd": "1000000000"}), "monthly_usd"),
        (json!({"daily_usd": 1.5, "monthly_usd": null}), "daily_usd"),
        (json!({"daily_usd": null, "monthly_usd": null, "cap": "1"}), "cap"),
    ] {
        assert_eq!(admin.put(&path, &body).await.expect(422).fields(), [field], "{body}");
    }
    assert_eq!(cpm.count("SELECT count(*) FROM budget_limits WHERE client_id IS NOT NULL").await, 0);
    let zero = set(&admin, CLIENT, Some("0"), None).await;
    assert_eq!((zero.day.limit_usd, zero.day.left_usd), (Some(Usd::ZERO), Some(Usd::ZERO)));
    let _ = cpm.member().post("/generate", &blog(CLIENT)).await.expect(402);
}

#[tokio::test]
async fn a_limit_below_what_is_spent_lets_nothing_in_until_there_is_room() {
    let cpm = TestCpm::start().await;
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let (first, second) = (cpm.accepted().await, cpm.accepted().await);
    settled(&cpm, first, "done", "0.002").await;
    let held = shown(&admin, CLIENT).await.day.reserved_usd;
    assert!(held > usd("0.001"), "{held}");

    let lowered = set(&admin, CLIENT, Some("0.001"), None).await;
    assert_eq!((lowered.day.limit_usd, lowered.day.left_usd), (Some(usd("0.001")), Some(Usd::ZERO)));
    assert_eq!(lowered.day.over_usd, held + usd("0.001"));
    let _ = cpm.member().post("/generate", &blog(CLIENT)).await.expect(402);
    // What was held and not used makes no room above the limit.
    settled(&cpm, second, "done", "0.0001").await;
    let after = shown(&admin, CLIENT).await.day;
    assert_eq!((after.reserved_usd, after.spent_usd, after.over_usd), (Usd::ZERO, usd("0.0021"), usd("0.0011")));
    let _ = cpm.member().post("/generate", &blog(CLIENT)).await.expect(402);
    // Raised again, there is room at once.
    let raised = set(&admin, CLIENT, Some("1"), None).await.day;
    assert_eq!((raised.over_usd, raised.left_usd), (Usd::ZERO, Some(usd("0.9979"))));
    let _ = cpm.member().post("/generate", &blog(CLIENT)).await.expect(200);
}

#[tokio::test]
async fn a_refusal_says_which_budget_what_is_left_and_when_it_starts_anew() {
    let cpm = TestCpm::with(&[("MONTHLY_COST_LIMIT", "0.5")]).await;
    let refusal = async || cpm.member().post("/generate", &blog(CLIENT)).await.expect(402).json()["error"].clone();
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let agency = cpm.user(cpm.tenants.agency_people.admin);
    let needed = cpm.member().post("/estimate", &blog(CLIENT)).await.expect(200).json()["worst_case_usd"].clone();
    let _ = set(&admin, CLIENT, Some("0.0001"), None).await;
    let own = refusal().await;
    let tomorrow = shown(&admin, CLIENT).await.day.resets_at;
    assert_eq!(own["code"], "budget_exceeded");
    assert_eq!(
        own["budget"],
        json!({"scope": "client", "period": "day", "needed_usd": needed, "left_usd": "0.000100000", "resets_at": tomorrow})
    );
    let _ = set(&admin, CLIENT, None, None).await;

    // Others' limits: that they are there and when they start anew, and no sum and no name.
    let _ = set(&agency, "heaviside-digital", None, Some("0.0003")).await;
    let above = refusal().await;
    assert_eq!((&above["budget"]["scope"], &above["budget"]["period"]), (&json!("agency"), &json!("month")));
    assert_eq!(above["budget"]["left_usd"], Value::Null);
    assert!(
        !above.to_string().contains("0.0003") && !above.to_string().to_lowercase().contains("heaviside"),
        "{above}"
    );
    let seen = shown(&admin, CLIENT).await.above;
    let told: Vec<_> =
        seen.iter().map(|it| (it.scope.as_str(), it.period.as_str(), it.is_used_up, it.limit_usd)).collect();
    assert_eq!(told, [("agency", "month", false, None), ("global", "month", false, None)]);
    let seen = shown(&agency, CLIENT).await.above;
    assert_eq!(
        (seen[0].limit_usd, seen[0].left_usd, seen[1].limit_usd),
        (Some(usd("0.0003")), Some(usd("0.0003")), None)
    );
    let root = shown(&cpm.user(cpm.tenants.root_people.viewer), CLIENT).await.above;
    assert_eq!(root[1].limit_usd, Some(usd("0.5")));

    let _ = set(&agency, "heaviside-digital", None, None).await;
    sqlx::query("UPDATE budget_limits SET own_daily = 0.0002 WHERE client_id IS NULL")
        .execute(&mut cpm.superuser().await)
        .await
        .unwrap();
    let global = refusal().await;
    assert_eq!((&global["budget"]["scope"], &global["budget"]["left_usd"]), (&json!("global"), &Value::Null));
    assert_eq!(cpm.count("SELECT count(*) FROM jobs").await, 0);
}

#[tokio::test]
async fn a_budget_warns_once_at_80_and_once_at_100_percent() {
    let cpm = TestCpm::start().await;
    let (_, system) = cpm.db.db_and_system().await;
    let warn = async || {
        let told = ledger::warn(&system, &cpm.state.refusals).await.unwrap();
        told.into_iter().map(|it| (it.client, it.period, it.percent, it.is_refusing)).collect::<Vec<_>>()
    };
    let client = |period: &str, percent, refusing| (Some(CLIENT.to_owned()), period.to_owned(), percent, refusing);
    let admin = cpm.user(cpm.tenants.customer_people.admin);
    let agency = cpm.user(cpm.tenants.agency_people.viewer);
    let jobs = [cpm.accepted().await, cpm.accepted().await];
    let _ = set(&admin, CLIENT, Some("0.01"), Some("0.012")).await;
    settled(&cpm, jobs[0], "done", "0.0079").await;
    assert_eq!(warn().await, []);
    settled(&cpm, jobs[1], "failed", "0.0011").await;
    assert_eq!(warn().await, [client("day", 80, false)]);
    assert_eq!(warn().await, [], "once");
    let budget = shown(&admin, CLIENT).await;
    assert_eq!((budget.day.warning_percent, budget.month.warning_percent), (Some(80), None));
    assert_eq!((budget.day.warnings.len(), budget.day.warnings[0].spent_usd), (1, usd("0.009")));

    // What is left is less than a job reserves: the budget is used up, though its limit isn't reached.
    let _ = cpm.member().post("/generate", &blog(CLIENT)).await.expect(402);
    assert_eq!(warn().await, [client("day", 100, true)]);
    assert_eq!(shown(&admin, CLIENT).await.day.warning_percent, Some(100));

    let warned =
        async |api: &Api| api.get("/budgets?warned=true").await.expect(200).json()["data"].as_array().unwrap().len();
    assert_eq!((warned(&agency).await, warned(&cpm.user(cpm.tenants.other_agency_people.owner)).await), (1, 0));
    // A raised limit takes the warning back, and what is reached under it is told again, once.
    let _ = set(&admin, CLIENT, Some("0.1"), None).await;
    assert_eq!((warned(&agency).await, shown(&admin, CLIENT).await.day.warning_percent), (0, None));
    assert_eq!(warn().await, []);
    let more = cpm.accepted().await;
    settled(&cpm, more, "done", "0.072").await;
    assert_eq!(shown(&admin, CLIENT).await.day.warning_percent, Some(80), "what 100 percent of less was says nothing");
    assert_eq!(warn().await, [client("day", 80, false)]);
    assert_eq!(warn().await, []);
    let of_now = shown(&admin, CLIENT).await.day.warnings;
    assert_eq!(
        of_now.iter().map(|it| (it.percent, it.limit_usd)).collect::<Vec<_>>(),
        [(80, usd("0.1")), (100, usd("0.01"))]
    );
    let all: Value = agency.get("/budgets").await.expect(200).json();
    assert_eq!(all["data"].as_array().unwrap().len(), 3, "the agency and its two customers: {all}");
    let page: Value = agency.get("/budgets?limit=2").await.expect(200).json();
    let cursor = page["pagination"]["next_cursor"].as_str().unwrap();
    let rest: Value = agency.get(&format!("/budgets?limit=2&cursor={cursor}")).await.expect(200).json();
    assert_eq!((page["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (2, 1));
}

#[tokio::test]
async fn a_key_reads_its_own_clients_budgets_and_sets_none() {
    let cpm = TestCpm::start().await;
    let key = ApiKey::generate();
    sqlx::query(
        "INSERT INTO api_keys (client_id, name, prefix, key_hash, scopes) VALUES ($1, 'k', $2, $3, '{usage:read}')",
    )
    .bind(cpm.tenants.customer.uuid())
    .bind(key.prefix())
    .bind(key.hash().as_slice())
    .execute(&mut cpm.superuser().await)
    .await
    .unwrap();
    let api = cpm.anonymous().with_key(key.reveal());
    assert_eq!(shown(&api, CLIENT).await.client_id.to_string(), text(cpm.tenants.customer));
    let listed: Value = api.get("/budgets").await.expect(200).json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let _ = api.put(&format!("/clients/{CLIENT}/budget"), &limits(None, None)).await.expect(403);
    let _ = api.get("/clients/heaviside-digital/budget").await.expect(404);
    let _ = api.get("/usage").await.expect(200);
}
