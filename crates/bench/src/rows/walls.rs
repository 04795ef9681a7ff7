//! What the walls between tenants cost a list: what the services ask, by the application's role in a person's scope, beside the
//! list as one would write it by hand, filtered by its clients, by a role that no policy binds. And, as a figure, the statement by
//! hand under the policies: what a list costs whose every row they look at (those with filters).
//!
//! All run on direct connections, in turns, so that neither the pooler nor a busy moment is in one of them alone.

use std::time::Instant;

use anyhow::{Context as _, Result};
use hg_common::auth::{Principal, Service};
use hg_types::{ClientId, UserId};
use http::StatusCode;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::{
    bench::Bench,
    latency::{Latency, Samples},
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::{http::Call, plant::History};

/// The agency's own jobs.
const SIZES: [i64; 2] = [10_000, 1_000_000];
const QUICK_SIZES: [i64; 2] = [1_000, 10_000];
/// How many times as long as filtered by hand a list may take.
const RATIO: f64 = 1.5;
const TURNS: (usize, usize) = (200, 30);
const PAGE: i64 = 21;
const COUNTED: i64 = 10_001;

/// `GET /jobs` reads these (`services/cpm/src/store/job_list.rs`): [`verify`] compares what both show.
const LIST: &str = "SELECT * FROM app.job_page($1, NULL, $2::int)";
const COUNT: &str = "SELECT app.job_count($1, $2)";

/// The same by hand.
const LIST_BY_HAND: &str = "SELECT j.id, j.client_id, c.name AS client_name, j.topic, j.content_type::text AS content_type,
        coalesce(r.status, j.status)::text AS status, r.stage, j.llm_provider, coalesce(j.provider_model, j.model) AS model,
        j.title, j.quality_score, j.cost, j.error_code, j.error_message, j.created_at, j.started_at, j.completed_at
   FROM (SELECT j.* FROM jobs j WHERE j.client_id = ANY ($1) ORDER BY j.id DESC LIMIT $2 OFFSET 0) j
   JOIN clients c ON c.id = j.client_id LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id DESC";
const COUNT_BY_HAND: &str =
    "SELECT count(*) FROM (SELECT FROM jobs j WHERE j.client_id = ANY ($1) LIMIT $2) AS counted";

/// The two who ask, and for which clients.
struct Askers {
    /// Under the policies, in the person's scope.
    bound: PgConnection,
    begin: String,
    /// Not bound by any.
    free: PgConnection,
    clients: Vec<Uuid>,
}

/// Whose connection.
enum Whose {
    Tenant,
    Nobody,
}

/// One list's times.
struct Compared {
    /// As the services ask.
    asked: Latency,
    /// By hand, under the policies.
    bound: Latency,
    /// By hand, without policies.
    free: Latency,
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let system = bench.system(Provider::INSTANT).await?;
    let agency = bench.planted().agency;
    let mut db = system.db().await?;
    History::partitions(&mut db).await?;
    let mut own = History::of(agency);
    let mut others = History::of(neighbour(&mut db, agency).await?);
    let person: Uuid = sqlx::query_scalar("SELECT user_id FROM client_users WHERE client_id = $1")
        .bind(agency.uuid())
        .fetch_one(&mut db)
        .await?;
    let [few, many] = *bench.pace.pick(&SIZES, &QUICK_SIZES);
    let turns = bench.pace.pick(TURNS.0, TURNS.1);

    let mut measures = Vec::new();
    let mut lists = Vec::new();
    for (of_own, of_others) in [(few, 0), (few, many), (many, many)] {
        own.grow(&mut db, of_own).await?;
        others.grow(&mut db, of_others).await?;
        let mut askers = Askers::connect(&system, agency, UserId(person)).await?;
        verify(&system, &mut askers, agency, UserId(person)).await?;
        for (what, statement, by_hand, limit) in
            [("list", LIST, LIST_BY_HAND, PAGE), ("total", COUNT, COUNT_BY_HAND, COUNTED)]
        {
            let compared = askers.compare(statement, by_hand, limit, turns).await?;
            let name = format!("{what}, {of_own} own jobs and {of_others} of others");
            lists.extend((what == "list").then_some(compared.asked));
            measures.push(Measure::new("walls", format!("{name}, as a tenant")).latency(compared.asked));
            measures.push(Measure::new("walls", format!("{name}, filtered by hand")).latency(compared.free));
            let ratio = |ours: Latency| ours.p50_ms / compared.free.p50_ms;
            let judged = Measure::new("walls", format!("{name}, tenant ÷ by hand, medians"));
            measures.push(judged.value(ratio(compared.asked), "×").target(Target::at_most(Figure::Value, RATIO)));
            let told = Measure::new("walls", format!("{name}, by hand: policies on each row ÷ none, medians"));
            measures.push(told.value(ratio(compared.bound), "×"));
        }
    }
    let growth = |from: usize, to: usize| lists[to].p50_ms / lists[from].p50_ms;
    for (name, growth) in [
        ("list, median after others grew ÷ before", growth(0, 1)),
        ("list, median after its own jobs grew ÷ before", growth(1, 2)),
    ] {
        let measure = Measure::new("walls", name).value(growth, "×");
        measures.push(measure.target(Target::at_most(Figure::Value, RATIO)));
    }
    Ok(measures)
}

/// Another agency.
async fn neighbour(db: &mut PgConnection, agency: ClientId) -> Result<ClientId> {
    let id: Uuid =
        sqlx::query_scalar("SELECT id FROM clients WHERE type = 'agency' AND id <> $1 ORDER BY slug LIMIT 1")
            .bind(agency.uuid())
            .fetch_one(db)
            .await?;
    Ok(ClientId(id))
}

impl Askers {
    async fn connect(system: &System, agency: ClientId, person: UserId) -> Result<Self> {
        let mut free = system.db().await?;
        let clients = sqlx::query_scalar("SELECT id FROM clients WHERE id = $1 OR parent_id = $1")
            .bind(agency.uuid())
            .fetch_all(&mut free)
            .await?;
        let bound = system.app_db().await?;
        // As `hg_common::db` begins a person's transaction.
        let begin = format!("BEGIN; SET LOCAL app.user_id = '{}'; SET LOCAL app.client_id = ''", person.uuid());
        Ok(Self { bound, begin, free, clients })
    }

    /// Asks in turns; what begins and ends the transactions isn't timed.
    async fn compare(
        &mut self,
        statement: &'static str,
        by_hand: &'static str,
        limit: i64,
        turns: usize,
    ) -> Result<Compared> {
        let (mut asked, mut bound, mut free) = (Samples::new(), Samples::new(), Samples::new());
        // The first few fill caches and settle the plans.
        for turn in 0..turns + 10 {
            for (whose, text, samples) in [
                (Whose::Tenant, statement, &mut asked),
                (Whose::Tenant, by_hand, &mut bound),
                (Whose::Nobody, by_hand, &mut free),
            ] {
                let (db, begin) = match whose {
                    Whose::Tenant => (&mut self.bound, self.begin.as_str()),
                    Whose::Nobody => (&mut self.free, "BEGIN"),
                };
                sqlx::raw_sql(AssertSqlSafe(begin.to_owned())).execute(&mut *db).await?;
                let began = Instant::now();
                sqlx::query(text).bind(&self.clients).bind(limit).fetch_all(&mut *db).await?;
                if turn >= 10 {
                    samples.record(began.elapsed());
                }
                sqlx::raw_sql("COMMIT").execute(&mut *db).await?;
            }
        }
        Ok(Compared { asked: asked.latency(), bound: bound.latency(), free: free.latency() })
    }
}

/// Whether the statement shows what CPM shows the person, and both askers the same.
async fn verify(system: &System, askers: &mut Askers, agency: ClientId, person: UserId) -> Result<()> {
    let token = system.token(Service::Gateway, Service::Cpm, &Principal::User(person))?;
    let call = Call::get(format!("/jobs?client_id={agency}&limit={}", PAGE - 1));
    let answer = system.server(Service::Cpm).send(&call.header("authorization", &format!("Bearer {token}"))).await?;
    answer.expect(StatusCode::OK)?;
    let shown: Vec<Uuid> = answer.json()?["data"]
        .as_array()
        .context("no list")?
        .iter()
        .filter_map(|job| job["id"].as_str()?.parse().ok())
        .collect();
    let mut tx = askers.bound.begin_with(AssertSqlSafe(askers.begin.clone())).await?;
    let bound = first_page(&mut tx, LIST, &askers.clients).await?;
    tx.commit().await?;
    let free = first_page(&mut askers.free, LIST_BY_HAND, &askers.clients).await?;
    anyhow::ensure!(shown == bound && bound == free && !free.is_empty(), "they don't see the same jobs");
    Ok(())
}

async fn first_page(db: &mut PgConnection, list: &'static str, clients: &[Uuid]) -> Result<Vec<Uuid>> {
    let rows = sqlx::query(list).bind(clients).bind(PAGE - 1).fetch_all(db).await?;
    Ok(rows.iter().map(|row| sqlx::Row::try_get(row, "id")).collect::<Result<_, _>>()?)
}
