//! Export and erasure end to end, with the parts of all four services: what is in the file, what goes, what remains, and that
//! nobody else notices. Runs in this process; [`crate::path`] has the services as processes.

use std::{collections::BTreeMap, io::Read, time::Duration};

use hg_common::{
    audit::{AuditKeys, seal_some, verify},
    auth::Service,
    data_jobs::{Parts, Runner, Settings},
};
use hg_contracts::smm::{DataJob, Erasure};
use hg_cpm::data_jobs::CpmParts;
use hg_gateway::data_jobs::GatewayParts;
use hg_im::data_jobs::ImParts;
use hg_smm::data_jobs::SmmParts;
use hg_testkit::{Api, TestService, until};
use hg_types::{ClientId, JobStatus};
use http::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use tokio_util::sync::CancellationToken;

const KEYS: &str = "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// SMM's API, and what works on data jobs in all four services.
struct Ground {
    smm: TestService,
    shutdown: CancellationToken,
}

impl Ground {
    async fn new() -> Self {
        let smm = TestService::start(Service::Smm, hg_smm::build).await;
        let ground = Self { smm, shutdown: CancellationToken::new() };
        ground.work(SmmParts).await;
        ground.work(CpmParts).await;
        ground.work(ImParts).await;
        ground.work(GatewayParts).await;
        ground
    }

    async fn work(&self, parts: impl Parts) {
        let (_, system) = self.smm.db.db_and_system().await;
        let settings = Settings { poll: Duration::from_millis(30), batch: 2, ..Settings::default() };
        drop(Runner::new(parts, system, settings, self.shutdown.clone()).spawn());
    }

    async fn done(&self, api: &Api, job: &DataJob) -> DataJob {
        let path = format!("/data-jobs/{}", job.id);
        until("the data job has ended", || async {
            let job: DataJob = api.get(&path).await.expect(200).parse();
            assert!(job.error.is_none(), "{job:?}");
            job.status == JobStatus::Completed
        })
        .await;
        api.get(&path).await.expect(200).parse()
    }

    /// Seals what is there, and finds nothing wrong.
    async fn prove_the_audit_log(&self) {
        let keys: AuditKeys = KEYS.parse().unwrap();
        let (_, system) = self.smm.db.db_and_system().await;
        while seal_some(&system, &keys, 500).await.unwrap().entries > 0 {}
        let mut faults = Vec::new();
        verify(&mut self.smm.db.superuser().await, &keys, None, &[], &mut |fault| faults.push(fault)).await.unwrap();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Something of everything, with a word by which it is found again.
async fn plant(db: &mut PgConnection, client: ClientId, canary: &str) {
    let sql = format!(
        "INSERT INTO jobs (client_id, topic, content_type, prompt, llm_provider, model, status, result, cost)
           SELECT '{client}', '{canary} topic', 'blog_post', '{canary} prompt', 'openai', 'm', 'completed',
                  jsonb_build_object('markdown', '# {canary} text ' || n, 'title', '{canary} title'), 0.25 FROM generate_series(1, 3) n;
         INSERT INTO job_events (job_id, seq, client_id, type, data) SELECT id, 1, client_id, 'status', '{{\"x\": \"{canary} event\"}}' FROM jobs WHERE client_id = '{client}';
         INSERT INTO content_versions (job_id, number, client_id, content, word_count, quality, quality_score, changed)
           SELECT id, 1, client_id, '{canary} edit', 2, '{{}}', 50, 0.5 FROM jobs WHERE client_id = '{client}' LIMIT 1;
         INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, status, cost, error_message)
           SELECT id, client_id, 1, 'write', 'openai', 'm', 'done', 0.25, '{canary} words' FROM jobs WHERE client_id = '{client}';
         INSERT INTO charges (job_id, client_id, amount, provider, model) SELECT id, client_id, 0.25, 'openai', 'm' FROM jobs WHERE client_id = '{client}';
         INSERT INTO reservations (job_id, client_id, held, settled_at) SELECT id, client_id, 0.5, now() FROM jobs WHERE client_id = '{client}';
         INSERT INTO budgets (client_id, period, period_start, spent, spent_charged) VALUES ('{client}', 'day', current_date, 0.75, 0.75);
         INSERT INTO prompt_templates (client_id, name, content_type, template) VALUES ('{client}', '{canary} template', 'blog_post', '{canary} {{{{ topic }}}}');
         INSERT INTO api_keys (client_id, name, prefix, key_hash) VALUES ('{client}', '{canary} key', 'hgc_secret', sha256('{client}'));
         INSERT INTO provider_keys (client_id, provider, sealed, hint) VALUES ('{client}', 'openai', 'sealed-secret', 'hint');"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

/// Every row of every table that names this client.
async fn rows_of(db: &mut PgConnection, client: ClientId) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT k.relname::text FROM pg_class k JOIN pg_namespace n ON n.oid = k.relnamespace AND n.nspname = 'public'
           JOIN pg_attribute a ON a.attrelid = k.oid AND a.attname = 'client_id'
          WHERE k.relkind IN ('r', 'p') AND NOT k.relispartition",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for (table, column) in tables.iter().map(|table| (table.as_str(), "client_id")).chain([("clients", "id")]) {
        let sql = format!(
            "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t WHERE {column} = $1"
        );
        let text: String =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(client.uuid()).fetch_one(&mut *db).await.unwrap();
        rows.insert(table.to_owned(), text);
    }
    rows
}

/// What says what was paid, of everybody: whole rows but for words.
async fn books(db: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT to_jsonb(b)::text FROM budgets b UNION ALL SELECT to_jsonb(h)::text FROM charges h
         UNION ALL SELECT to_jsonb(r)::text FROM reservations r
         UNION ALL SELECT (to_jsonb(c) - 'error_message' - 'generation_id')::text FROM provider_calls c ORDER BY 1",
    )
    .fetch_all(db)
    .await
    .unwrap()
}

async fn files_of(api: &Api, job: &DataJob) -> BTreeMap<String, String> {
    let answer = api.start(Method::GET, &format!("/data-jobs/{}/download", job.id)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes().await.unwrap())).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_exported_and_erased_and_nobody_else_notices() {
    let ground = Ground::new().await;
    let (smm, t) = (&ground.smm, ground.smm.tenants);
    let mut db = smm.db.superuser().await;
    for (client, canary) in [(t.customer, "heron"), (t.sibling, "magpie"), (t.other_customer, "osprey")] {
        plant(&mut db, client, canary).await;
    }
    let strategy =
        json!({"name": "heron strategy", "content_type": "blog_post", "configuration": {"tone": "heron tone"}});
    let member = smm.person(t.customer_people.member);
    let _ = member.post(&format!("/clients/{}/strategies", t.customer), &strategy).await.expect(201);
    ground.prove_the_audit_log().await;

    // Export.
    let admin = smm.person(t.customer_people.admin);
    let job: DataJob = admin.post(&format!("/clients/{}/export", t.customer), &json!({})).await.expect(202).parse();
    let files = files_of(&admin, &ground.done(&admin, &job).await).await;
    let articles = files.iter().filter(|(path, _)| path.starts_with("articles/cincinnati-electrician/"));
    assert_eq!(
        articles.filter(|(path, text)| path.contains("heron-title") && text.starts_with("# heron text")).count(),
        3
    );
    for (file, word) in [
        ("jobs.ndjson", "heron prompt"),
        ("jobs.ndjson", "heron event"),
        ("jobs.ndjson", "heron edit"),
        ("templates.ndjson", "heron template"),
        ("strategy_versions.ndjson", "heron tone"),
        ("api_keys.ndjson", "heron key"),
        ("provider_calls.ndjson", "heron words"),
        ("budgets.ndjson", "0.75"),
        ("charges.ndjson", "0.25"),
        ("provider_keys.ndjson", "openai"),
        ("audit.ndjson", "template.created"),
        ("README.txt", "jobs.ndjson"),
    ] {
        assert!(files[file].contains(word), "{file}: {word} is missing");
    }
    let whole: String = files.values().cloned().collect();
    for secret in ["magpie", "osprey", "sealed-secret", "7365616c6564", "password_hash"] {
        assert!(!whole.contains(secret), "{secret} is in the export");
    }

    // Erasure.
    let owner = smm.person(t.agency_people.owner);
    let path = format!("/clients/{}/erasure", t.customer);
    let look: Erasure = owner.get(&path).await.expect(200).parse();
    for (kind, count) in [("jobs", 3), ("templates", 1), ("strategies", 1), ("members", 4), ("api_keys", 1)] {
        assert!(
            look.goes.iter().any(|going| going.kind == kind && going.count == Some(count)),
            "{kind} {:?}",
            look.goes
        );
    }
    let (sums, neighbours) = (books(&mut db).await, [t.sibling, t.other_customer, t.other_agency]);
    let mut before = Vec::new();
    for neighbour in neighbours {
        before.push(rows_of(&mut db, neighbour).await);
    }
    let entries: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log").fetch_one(&mut db).await.unwrap();
    let job: DataJob =
        owner.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    let done = ground.done(&owner, &job).await;
    assert!(
        done.parts.iter().all(|part| part.status == JobStatus::Completed && part.total >= Some(part.done)),
        "{done:?}"
    );
    let jobs = done.parts.iter().find(|part| part.step == "jobs").unwrap();
    assert_eq!((jobs.done, jobs.total), (3, Some(3)));

    let left: String = rows_of(&mut db, t.customer).await.into_values().collect();
    for word in ["heron", "Cincinnati", "electrician.example.com", "sealed", "hgc_secret"] {
        assert!(!left.contains(word), "{word} is left: {left}");
    }
    let values: String =
        sqlx::query_scalar("SELECT string_agg(value, ' ') FROM audit_values").fetch_one(&mut db).await.unwrap();
    assert!(!values.contains("heron") && values.contains("magpie"), "{values}");
    assert_eq!(books(&mut db).await, sums, "the accounts are what they were");
    for (neighbour, before) in neighbours.into_iter().zip(before) {
        assert_eq!(rows_of(&mut db, neighbour).await, before, "a neighbour was touched");
    }
    let now: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_log").fetch_one(&mut db).await.unwrap();
    assert!(now > entries, "entries stay, and say what was done");
    ground.prove_the_audit_log().await;
    let _ = admin.get(&format!("/clients/{}", t.customer)).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_exported_and_erased_and_stays_a_pseudonym() {
    let ground = Ground::new().await;
    let (smm, t) = (&ground.smm, ground.smm.tenants);
    let mut db = smm.db.superuser().await;
    plant(&mut db, t.customer, "heron").await;
    let person = t.customer_people.member;
    let sql = format!(
        "INSERT INTO auth.sessions (user_id, expires_at, ip, user_agent) VALUES ('{person}', now() + interval '1 day', '192.0.2.7', 'canary browser');
         UPDATE auth.users SET password_hash = 'canary-hash' WHERE id = '{person}';
         UPDATE profiles SET display_name = 'Canary Name' WHERE user_id = '{person}';
         UPDATE jobs SET created_by = '{person}' WHERE client_id = '{}'",
        t.customer
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.unwrap();
    let api = smm.person(person);
    let strategy =
        json!({"name": "saved by them", "content_type": "blog_post", "configuration": {"tone": "the client's"}});
    let _ = api.post(&format!("/clients/{}/strategies", t.customer), &strategy).await.expect(201);

    let job: DataJob = api.post("/people/me/export", &json!({})).await.expect(202).parse();
    let files = files_of(&api, &ground.done(&api, &job).await).await;
    for (file, word) in [
        ("account.ndjson", "member@electrician.example.com"),
        ("profile.ndjson", "Canary Name"),
        ("sessions.ndjson", "canary browser"),
        ("memberships.ndjson", "Cincinnati Electrician Co."),
        ("asked_for.ndjson", "heron title"),
        ("strategies_saved.ndjson", "saved by them"),
        ("audit.ndjson", "strategy.created"),
    ] {
        assert!(files[file].contains(word), "{file}: {word} is missing");
    }
    let whole: String = files.values().cloned().collect();
    // Neither a hash, nor what is their client's.
    for other in ["canary-hash", "heron text", "the client's"] {
        assert!(!whole.contains(other), "{other} is in the export");
    }

    let look: Erasure = api.get("/people/me/erasure").await.expect(200).parse();
    let job: DataJob =
        api.post("/people/me/erasure", &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    let root = smm.person(t.root_people.owner);
    let done = ground.done(&root, &job).await;
    assert_eq!(done.user_id, Some(person));
    let (email, password, disabled): (String, Option<String>, bool) =
        sqlx::query_as("SELECT email, password_hash, disabled_at IS NOT NULL FROM auth.users WHERE id = $1")
            .bind(person.uuid())
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!((email, password, disabled), (format!("erased-{person}@invalid"), None, true));
    for gone in [
        "SELECT count(*) FROM auth.sessions WHERE user_id = $1",
        "SELECT count(*) FROM profiles WHERE user_id = $1",
        "SELECT count(*) FROM client_users WHERE user_id = $1",
        "SELECT count(*) FROM data_export_chunks WHERE user_id = $1",
    ] {
        let left: i64 = sqlx::query_scalar(gone).bind(person.uuid()).fetch_one(&mut db).await.unwrap();
        assert_eq!(left, 0, "{gone}");
    }
    let asked: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE created_by = $1")
        .bind(person.uuid())
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(asked, 3, "the id stays as a pseudonym");
    let values: String =
        sqlx::query_scalar("SELECT string_agg(value, ' ') FROM audit_values").fetch_one(&mut db).await.unwrap();
    for word in ["member@electrician.example.com", "Canary Name", "canary browser"] {
        assert!(!values.contains(word), "{word} is left in the audit log");
    }
    assert_eq!(
        root.post(&format!("/people/{person}/erasure"), &json!({"confirmation": "x"})).await.expect(409).code(),
        "person_erased"
    );
    ground.prove_the_audit_log().await;
}
