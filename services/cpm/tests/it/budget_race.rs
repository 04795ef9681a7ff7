//! Sixty-four callers race for budgets that suffice for ten jobs, whose reservation is some ten times what they cost. Through
//! HTTP, PgBouncer, combined accepts and a real worker; a third asks and goes, a third waits for the text, a third has it streamed;
//! with retries, repairs and top-ups among them. A watcher looks all the time.
//!
//! Fallbacks are not among them because there are none: a job stays with the provider and model that it was given. Whoever adds
//! them adds them here.

mod ways;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hg_common::{
    http::ShutdownToken,
    ledger::{Extent, verify},
};
use hg_cpm::worker::Worker;
use hg_simulator::{DEFAULT_API_KEY, Fault, Rule, Simulator, SimulatorConfig};
use hg_testkit::{Api, Identity, Tenants, TestDb, TestServer, redis_url};
use hg_types::{Usd, UserId};
use serde_json::{Value, json};
use sqlx::PgConnection;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::ways::{Counts, Heard, Readers, Way};
use crate::{
    support::{blog_with, config},
    worker::shop::{Rows, loop_until, prompts, strategies},
};

const CALLERS: usize = 64;
const ENOUGH_FOR: i64 = 10;

struct Track {
    db: TestDb,
    tenants: Tenants,
    identity: Identity,
    simulator: Simulator,
    url: String,
    deps: hg_cpm::worker::WorkerDeps,
    shutdown: ShutdownToken,
    _servers: [TestServer; 3],
}

impl Track {
    async fn lay() -> Self {
        let db = TestDb::new().await;
        let tenants = Tenants::plant(&db).await;
        let identity = Identity::new();
        let simulator = Simulator::start(SimulatorConfig::default()).unwrap();
        let (smm, im) = (TestServer::start(strategies()).await, TestServer::start(prompts()).await);
        let variables = [
            ("OPENROUTER_API_KEY", DEFAULT_API_KEY),
            ("OPENROUTER_BASE_URL", &simulator.openrouter_url()),
            ("SMM_SERVICE_URL", &smm.url()),
            ("IM_SERVICE_URL", &im.url()),
            ("RATE_LIMIT_PER_MINUTE", "1000000"),
            // Less than some prompts have: those calls need a top-up.
            ("INPUT_TOKEN_BOUND", "40"),
            ("WORKER_LEASE_SECONDS", "10"),
        ];
        let shutdown = ShutdownToken::new();
        let metrics = hg_common::telemetry::init_for_tests();
        let cpm =
            hg_cpm::build(&config(&db, &identity, &redis_url().await, &variables), metrics, &shutdown).await.unwrap();
        let server = TestServer::start(cpm.app.router).await;
        Self {
            url: server.url(),
            db,
            tenants,
            identity,
            simulator,
            deps: cpm.worker,
            shutdown,
            _servers: [server, smm, im],
        }
    }

    fn user(&self, user: UserId) -> Api {
        use hg_common::auth::{Principal, Service};
        Api::anonymous(&self.url).as_principal(&self.identity, Service::Cpm, &Principal::User(user))
    }

    fn body(number: usize) -> Value {
        // Long texts are allowed for, short ones come back: the reservation is many times the cost.
        blog_with(
            json!({"topic": format!("Race {number}"), "llm_provider": "openrouter", "word_count_range": [50, 5000]}),
        )
    }

    /// Everybody asks once, at the same moment, by turns in each way. Who waits does so for `patience` seconds.
    async fn everybody_asks(&self, round: usize, patience: u32) -> Asked {
        let mut racing = JoinSet::new();
        for number in 0..CALLERS {
            let (caller, way) = (self.user(self.tenants.customer_people.member), Way::by_turns(number, patience));
            racing.spawn(async move { (way, way.ask(&caller, Self::body(round * 1_000 + number)).await) });
        }
        let mut asked = Asked::default();
        // Streams are read while others still wait.
        while let Some(answer) = racing.join_next().await {
            let (way, heard) = answer.unwrap();
            match heard {
                Heard::Refused(error) => {
                    asked.refused.add(way);
                    assert!(error["code"] == "budget_exceeded" && error["budget"]["resets_at"].is_string(), "{error}");
                    continue;
                }
                Heard::Accepted => {}
                Heard::Ended => asked.waited += 1,
                Heard::Follows(watching) => asked.readers.follow(watching),
            }
            asked.accepted.add(way);
        }
        asked
    }
}

/// What came of everybody's asking.
#[derive(Default)]
struct Asked {
    accepted: Counts,
    refused: Counts,
    /// Whose answer was the job at its end.
    waited: usize,
    readers: Readers,
}

/// The largest part of its limit that any budget ever had spent and reserved, in thousandths; and how often it was looked.
#[derive(Default)]
struct Watched {
    looks: AtomicUsize,
    largest: AtomicUsize,
    over: AtomicBool,
    done: AtomicBool,
}

async fn watch(mut db: PgConnection, watched: Arc<Watched>) {
    while !watched.done.load(Relaxed) {
        let (largest, over): (i64, bool) = sqlx::query_as(
            "SELECT coalesce(max(ceil((spent + reserved) * 1000 / limit_usd)), 0)::bigint, coalesce(bool_or(spent + reserved > limit_usd OR over_usd > 0), false)
               FROM budgets WHERE limit_usd > 0",
        )
        .fetch_one(&mut db)
        .await
        .unwrap();
        watched.largest.fetch_max(usize::try_from(largest).unwrap(), Relaxed);
        watched.over.fetch_or(over, Relaxed);
        watched.looks.fetch_add(1, Relaxed);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_callers_race_for_ten_jobs_and_no_budget_is_ever_passed() {
    let track = Track::lay().await;
    let mut rows = Rows(track.db.superuser().await);
    let worst = track.user(track.tenants.customer_people.member).post("/estimate", &Track::body(0)).await.expect(200);
    let worst: Usd = worst.json()["worst_case_usd"].as_str().unwrap().parse().unwrap();
    // On three levels at once. Topics differ by some letters, hence by some nano-dollars: half a job more.
    let limit = Usd::from_nanos(worst.nanos() * ENOUGH_FOR + worst.nanos() / 2);
    sqlx::query("INSERT INTO budget_limits (client_id, own_daily, own_monthly) VALUES ($1, $3, $3 * 2), ($2, $3 * 1.5, $3), (NULL, $3, NULL)
                 ON CONFLICT ON CONSTRAINT budget_limits_client_key DO UPDATE SET own_daily = excluded.own_daily")
        .bind(track.tenants.customer.uuid())
        .bind(track.tenants.agency.uuid())
        .bind(limit.to_decimal())
        .execute(&mut rows.0)
        .await
        .unwrap();
    let watched = Arc::new(Watched::default());
    let watcher = tokio::spawn(watch(track.db.superuser().await, Arc::clone(&watched)));

    // Nobody works yet: ten get in, and everybody else is told why not.
    let first = track.everybody_asks(1, 1).await;
    assert_eq!((first.accepted.all(), first.refused.all()), (10, CALLERS - 10));
    assert!(first.refused.of_each() && first.waited == 0, "{:?} {}", first.refused, first.waited);

    // Retries, repairs, broken streams and unknown outcomes among what follows.
    track.simulator.set_behaviour(Rule::fault(Fault::status(500)).times(3));
    track.simulator.set_behaviour(Rule::fault(Fault::finish("length")).times(4));
    track.simulator.set_behaviour(Rule::fault(Fault::ResetMidStream).times(2));
    track.simulator.set_behaviour(Rule::fault(Fault::MissingUsage).times(2));
    let draining = CancellationToken::new();
    let worker = Worker::spawn(track.deps.clone(), draining.clone());
    let (mut accepted, mut waited, mut streamed) = (first.accepted, 0, first.readers.finish().await);
    for round in 2..6 {
        loop_until(async || (rows.count("SELECT count(*) FROM job_runs").await == 0).then_some(())).await;
        let more = track.everybody_asks(round, 60).await;
        // More than ten: some end while others still ask.
        assert!(more.accepted.all() > 0, "round {round}: what was held and not used is room again");
        accepted.merge(&more.accepted);
        waited += more.waited;
        streamed += more.readers.finish().await;
    }
    assert!(accepted.of_each(), "{accepted:?}");
    let all = accepted.all();
    loop_until(async || (rows.count("SELECT count(*) FROM job_runs").await == 0).then_some(())).await;
    draining.cancel();
    tokio::time::timeout(hg_testkit::PATIENCE, worker.drained()).await.unwrap();
    watched.done.store(true, Relaxed);
    watcher.await.unwrap();

    assert!(!watched.over.load(Relaxed), "a budget was passed");
    let (largest, looks) = (watched.largest.load(Relaxed), watched.looks.load(Relaxed));
    assert!(largest <= 1_000 && looks > 20, "{largest} {looks}");
    let mut faults = Vec::new();
    let proofs = verify(&mut rows.0, Extent::default(), &mut |fault| faults.push(fault)).await.unwrap();
    assert!(faults.is_empty() && proofs.len() >= 10, "{faults:#?}");
    assert_eq!(rows.count("SELECT count(*) FROM budgets WHERE reserved <> 0").await, 0);
    let ended = rows.count("SELECT count(*) FROM jobs WHERE status IN ('completed', 'failed')").await;
    assert_eq!(ended, i64::try_from(all).unwrap());
    let failed = rows.count("SELECT count(*) FROM jobs WHERE status = 'failed' AND error_code <> 'budget_exceeded' AND error_code NOT LIKE 'provider_%'").await;
    assert_eq!(failed, 0);
    // Each kind did happen, else this proves nothing.
    assert!(waited > 0 && streamed > 0, "{waited} waited for their text, {streamed} read it as it came");
    for (what, sql) in [
        ("repairs", "SELECT count(*) FROM provider_calls WHERE stage = 'repair'"),
        ("retries", "SELECT count(*) FROM provider_calls WHERE attempt > 1"),
        (
            "top-ups",
            "SELECT count(*) FROM reservations r JOIN jobs j ON j.id = r.job_id WHERE r.held > j.estimated_cost",
        ),
    ] {
        assert!(rows.count(sql).await > 0, "no {what}");
    }
    let ratio = rows
        .count("SELECT (sum(j.estimated_cost) / sum(c.amount))::bigint FROM charges c JOIN jobs j ON j.id = c.job_id")
        .await;
    assert!(ratio >= 5, "a reservation is only {ratio} times the cost");
    // Everything that was refused is in no book.
    assert_eq!(rows.count("SELECT count(*) FROM reservations").await, i64::try_from(all).unwrap());
    println!(
        "{all} of {} got in, {waited} waited for their text and {streamed} read it as it came; at most {largest} ‰ of a limit, seen {looks} times; a reservation is {ratio} times the cost",
        CALLERS * 5
    );
    track.shutdown.cancel();
}
