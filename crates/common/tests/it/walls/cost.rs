//! What the walls cost at 500,000 jobs: what the services ask in a scope, and the same by hand as superuser. Takes minutes:
//!
//! ```sh
//! cargo hg test -p hg-common -- walls::cost --ignored --nocapture
//! ```

use std::time::{Duration, Instant};

use hg_testkit::{Tenants, TestDb};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// How many clients somebody sees, and how many jobs there are at first and in the end.
const CLIENTS: [i64; 3] = [1, 200, 10_000];
const JOBS: [i64; 2] = [50_000, 500_000];
/// Of which these belong to the agency of 200, in both cases.
const AGENCYS: i64 = 10_000;
const RUNS: usize = 50;

/// What is asked, by hand, and as content production asks (`services/cpm/src/store/job_list.rs`). `$1`: the clients, which each
/// statement names itself; `$2`: one of their jobs.
const STATEMENTS: [(&str, &str, &str); 5] = [
    (
        "list",
        "SELECT j.id, j.topic, c.name, j.title, r.stage
           FROM (SELECT j.* FROM jobs j WHERE j.client_id = ANY ($1) AND $2::uuid IS NOT NULL ORDER BY j.id DESC LIMIT 21) j
           JOIN clients c ON c.id = j.client_id LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id DESC",
        "SELECT * FROM app.job_page($1, NULL, 21) WHERE $2::uuid IS NOT NULL",
    ),
    (
        "next page",
        "SELECT j.id, j.topic, c.name, j.title, r.stage
           FROM (SELECT j.* FROM jobs j
                  WHERE j.client_id = ANY ($1) AND $2::uuid IS NOT NULL AND j.id < app.uuid_v7_floor(now() - interval '1 minute')
                  ORDER BY j.id DESC LIMIT 21) j
           JOIN clients c ON c.id = j.client_id LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id DESC",
        "SELECT * FROM app.job_page($1, app.uuid_v7_floor(now() - interval '1 minute'), 21) WHERE $2::uuid IS NOT NULL",
    ),
    (
        "total",
        "SELECT count(*) FROM (SELECT FROM jobs j WHERE j.client_id = ANY ($1) AND $2::uuid IS NOT NULL LIMIT 10001) AS counted",
        "SELECT app.job_count($1, 10001) WHERE $2::uuid IS NOT NULL",
    ),
    (
        "failed ones",
        "SELECT j.id, j.topic, c.name, j.title, r.stage
           FROM (SELECT j.* FROM jobs j
                  WHERE j.client_id = ANY ($1) AND $2::uuid IS NOT NULL AND j.status = 'failed' ORDER BY j.id DESC LIMIT 21) j
           JOIN clients c ON c.id = j.client_id LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id DESC",
        "SELECT * FROM app.job_page($1, NULL, 21, 'failed') WHERE $2::uuid IS NOT NULL",
    ),
    ("by id", BY_ID, BY_ID),
];
const BY_ID: &str = "SELECT id, topic, result FROM jobs WHERE id = $2 AND $1::uuid[] IS NOT NULL";

struct Asker {
    who: String,
    scope: String,
    clients: Vec<Uuid>,
}

#[tokio::test]
#[ignore = "takes minutes: prints what the walls cost"]
async fn what_the_walls_cost() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    let askers = grow_clients(&mut superuser, &tenants).await;
    let mut app = PgConnection::connect(database.app_direct_url()).await.unwrap();
    println!("| jobs | who | statement | by hand, ms | in the scope, ms | ratio |\n|---|---|---|---|---|---|");
    for (round, jobs) in JOBS.into_iter().enumerate() {
        grow_jobs(&mut superuser, &askers[1].clients, if round == 0 { AGENCYS } else { 0 }).await;
        let others = jobs - if round == 0 { AGENCYS } else { JOBS[0] };
        grow_jobs(&mut superuser, &askers[2].clients[askers[1].clients.len()..], others).await;
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut superuser).await.unwrap();
        for asker in &askers {
            let job: Uuid = sqlx::query_scalar("SELECT id FROM jobs WHERE client_id = ANY ($1) LIMIT 1")
                .bind(&asker.clients)
                .fetch_one(&mut superuser)
                .await
                .unwrap();
            for (what, by_hand, text) in STATEMENTS {
                let (free, bound) = compare(&mut superuser, &mut app, asker, (by_hand, text), job).await;
                let ratio = bound.as_secs_f64() / free.as_secs_f64();
                println!(
                    "| {jobs} | {} | {what} | {:.2} | {:.2} | {ratio:.2} |",
                    asker.who,
                    millis(free),
                    millis(bound)
                );
                if ratio > 1.5 && bound > Duration::from_millis(3) {
                    println!("{}", explained(&mut app, asker, text, job).await);
                }
            }
        }
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Both in turns, so that a busy moment is in neither alone. Medians.
async fn compare(
    free: &mut PgConnection,
    app: &mut PgConnection,
    asker: &Asker,
    (hand, asked): (&'static str, &'static str),
    job: Uuid,
) -> (Duration, Duration) {
    let (mut by_hand, mut bound) = (Vec::new(), Vec::new());
    for run in 0..RUNS + 5 {
        for (db, scope, text, times) in
            [(&mut *free, "SELECT", hand, &mut by_hand), (&mut *app, asker.scope.as_str(), asked, &mut bound)]
        {
            let mut tx = db.begin().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(scope.to_owned())).execute(&mut *tx).await.unwrap();
            let began = Instant::now();
            sqlx::query(text).bind(&asker.clients).bind(job).fetch_all(&mut *tx).await.unwrap();
            // The first fill caches.
            if run >= 5 {
                times.push(began.elapsed());
            }
            tx.rollback().await.unwrap();
        }
    }
    by_hand.sort_unstable();
    bound.sort_unstable();
    (by_hand[RUNS / 2], bound[RUNS / 2])
}

async fn explained(app: &mut PgConnection, asker: &Asker, text: &str, job: Uuid) -> String {
    let mut tx = app.begin().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(asker.scope.clone())).execute(&mut *tx).await.unwrap();
    let text = format!("EXPLAIN (ANALYZE, COSTS OFF) {text}");
    let lines: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(text)).bind(&asker.clients).bind(job).fetch_all(&mut *tx).await.unwrap();
    lines.iter().map(|line| line.chars().take(160).collect::<String>()).collect::<Vec<_>>().join("\n")
}

/// 10,000 clients below 50 agencies, and who sees one, 200 and all of them; and a worker for one.
async fn grow_clients(db: &mut PgConnection, tenants: &Tenants) -> Vec<Asker> {
    sqlx::raw_sql(AssertSqlSafe(format!(
        "INSERT INTO clients (slug, name, type, parent_id) SELECT 'a' || n, 'Agency ' || n, 'agency', '{}' FROM generate_series(1, 50) n;
         INSERT INTO clients (slug, name, type, parent_id)
         SELECT 'c' || n, 'Customer ' || n, 'customer', a.id FROM generate_series(1, 9950) n JOIN clients a ON a.slug = 'a' || (1 + (n - 1) / 199);
         ANALYZE clients",
        tenants.root
    )))
    .execute(&mut *db)
    .await
    .unwrap();
    let mut askers = Vec::new();
    for (count, top) in CLIENTS.into_iter().zip(["c1", "a1", "hg-content"]) {
        let user: Uuid =
            sqlx::query_scalar("INSERT INTO auth.users (email) VALUES ($1 || '@cost.example.com') RETURNING id")
                .bind(top)
                .fetch_one(&mut *db)
                .await
                .unwrap();
        sqlx::query(
            "INSERT INTO client_users (client_id, user_id, role) SELECT id, $2, 'member' FROM clients WHERE slug = $1",
        )
        .bind(top)
        .bind(user)
        .execute(&mut *db)
        .await
        .unwrap();
        // Its own first; the agency's before all others, so that the rest of all are the others.
        let clients: Vec<Uuid> = sqlx::query_scalar(
            "WITH RECURSIVE tree AS (SELECT id, slug FROM clients WHERE slug = $1 UNION ALL SELECT c.id, c.slug FROM clients c JOIN tree ON c.parent_id = tree.id)
             SELECT t.id FROM tree t JOIN clients c ON c.id = t.id LEFT JOIN clients p ON p.id = c.parent_id
              ORDER BY (c.slug = 'c1') DESC, (c.slug = 'a1' OR p.slug = 'a1') DESC, t.id",
        )
        .bind(top)
        .fetch_all(&mut *db)
        .await
        .unwrap();
        let who = format!("a person with {count} clients ({})", clients.len());
        askers.push(Asker { who, scope: format!("SET LOCAL app.user_id = '{user}'"), clients });
    }
    let worker = Asker {
        who: "a worker".to_owned(),
        scope: format!("SET LOCAL app.client_id = '{}'", askers[0].clients[0]),
        clients: askers[0].clients.clone(),
    };
    askers.push(worker);
    askers
}

/// So many jobs more, dealt out among the clients; the first gets a tenth.
async fn grow_jobs(db: &mut PgConnection, clients: &[Uuid], jobs: i64) {
    sqlx::query(
        "INSERT INTO jobs (client_id, topic, content_type, llm_provider, model, status, quality_score, result)
         SELECT ($1::uuid[])[(CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % cardinality($1::uuid[]) END)::integer], 'topic ' || n, 'blog_post', 'sample', 'sample-1', 'completed', 80,
                jsonb_build_object('title', 'Title ' || n, 'content', repeat('word ', 40))
           FROM generate_series(1, $2) n",
    )
    .bind(clients)
    .bind(jobs)
    .execute(db)
    .await
    .unwrap();
}
