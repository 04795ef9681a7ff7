//! Exports, erasures and retention at the boundary. Other services' parts are done by decree; `services/cpm/tests/it/data_jobs.rs`
//! and `crates/e2e/tests/it/data_jobs.rs` do them in earnest.

use std::{collections::BTreeMap, io::Read, time::Duration};

use hg_common::{
    data_jobs::{Runner, Settings},
    db::SystemDb,
};
use hg_contracts::smm::{DataJob, Erasure, Level, Retention};
use hg_smm::data_jobs::{SmmParts, retention};
use hg_testkit::{Api, TestService, until};
use hg_types::{ClientId, JobStatus};
use http::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::harness::start;

fn brisk() -> Settings {
    Settings {
        poll: Duration::from_millis(20),
        lease: Duration::from_millis(400),
        batch: 2,
        backoff_base: Duration::from_millis(10),
        ..Settings::default()
    }
}

fn runner(system: &SystemDb, settings: Settings) -> Runner<SmmParts> {
    Runner::new(SmmParts, system.clone(), settings, CancellationToken::new())
}

/// Does all parts of strategy management that there are.
async fn work_off(system: &SystemDb) {
    while runner(system, brisk()).one().await.unwrap() {}
}

/// The other services are done with their parts.
async fn others_are_done(db: &mut PgConnection) {
    sqlx::query("UPDATE data_job_parts SET status = 'completed' WHERE service <> 'smm'").execute(db).await.unwrap();
}

async fn count(db: &mut PgConnection, sql: &'static str, client: ClientId) -> i64 {
    sqlx::query_scalar(sql).bind(client.uuid()).fetch_one(db).await.unwrap()
}

/// Every row of every table that names this client, as text.
async fn rows_of(db: &mut PgConnection, client: ClientId) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns c JOIN pg_class k ON k.oid = to_regclass('public.' || quote_ident(c.table_name))
          WHERE c.table_schema = 'public' AND c.column_name = 'client_id' AND k.relkind IN ('r', 'p') AND NOT k.relispartition",
    )
    .fetch_all(&mut *db)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables.into_iter().chain(["clients".to_owned()]) {
        let column = if table == "clients" { "id" } else { "client_id" };
        let sql = format!(
            "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM {table} t WHERE {column} = $1"
        );
        let text: String =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(client.uuid()).fetch_one(&mut *db).await.unwrap();
        rows.insert(table, text);
    }
    rows
}

async fn save_strategy(api: &Api, client: ClientId, tone: &str) -> Value {
    let new = json!({"name": "Voice", "content_type": "blog_post", "configuration": {"tone": tone}});
    api.post(&format!("/clients/{client}/strategies"), &new).await.expect(201).json()
}

/// The files of an export's ZIP.
async fn download(api: &Api, job: &DataJob) -> BTreeMap<String, String> {
    let answer = api.start(Method::GET, &format!("/data-jobs/{}/download", job.id)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let bytes = answer.bytes().await.unwrap();
    let file = job.file.as_ref().unwrap();
    assert_eq!(bytes.len() as u64, file.bytes);
    assert_eq!(hg_common::crypto::sha256_hex(&bytes), file.sha256);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            (file.name().unwrap().into_owned(), text)
        })
        .collect()
}

async fn fetch(api: &Api, job: &DataJob) -> DataJob {
    api.get(&format!("/data-jobs/{}", job.id)).await.expect(200).parse()
}

async fn request_export(smm: &TestService, api: &Api) -> DataJob {
    let path = format!("/clients/{}/export", smm.tenants.customer);
    api.post(&path, &json!({"scope": "client"})).await.expect(202).parse()
}

#[tokio::test]
async fn a_client_is_exported_whole_and_nothing_else_is() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let admin = smm.person(t.customer_people.admin);
    save_strategy(&smm.person(t.customer_people.member), t.customer, "warm").await;
    save_strategy(&smm.person(t.other_customer_people.member), t.other_customer, "canary of the neighbour").await;
    let invite = json!({"email": "new@example.com", "role": "viewer"});
    let token = admin.post(&format!("/clients/{}/invitations", t.customer), &invite).await.expect(201).json();

    let path = format!("/clients/{}/export", t.customer);
    let _ = smm.person(t.customer_people.member).post(&path, &json!({})).await.expect(403);
    let _ = smm.person(t.other_agency_people.owner).post(&path, &json!({})).await.expect(404);
    assert_eq!(admin.post(&path, &json!({"scope": "all"})).await.expect(422).fields(), ["scope"]);
    let job = request_export(&smm, &admin).await;
    assert_eq!((job.status, job.clients), (JobStatus::Pending, 1));
    assert_eq!(admin.post(&path, &json!({})).await.expect(409).code(), "data_job_running");
    assert_eq!(admin.get(&format!("/data-jobs/{}/download", job.id)).await.expect(409).code(), "export_not_ready");

    work_off(&system).await;
    // The ZIP waits for the others.
    assert_eq!(fetch(&admin, &job).await.status, JobStatus::InProgress);
    sqlx::query("INSERT INTO data_export_chunks (job_id, path, seq, client_id, bytes) VALUES ($1, 'articles/x/2026-01-01-t.md', 0, $2, '# T')")
        .bind(job.id.uuid())
        .bind(t.customer.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    others_are_done(&mut db).await;
    work_off(&system).await;
    let done = fetch(&admin, &job).await;
    assert_eq!(done.status, JobStatus::Completed);
    assert!(done.parts.iter().all(|part| part.status == JobStatus::Completed), "{:?}", done.parts);

    let files = download(&admin, &done).await;
    assert_eq!(files["articles/x/2026-01-01-t.md"], "# T");
    assert_eq!(files["clients.ndjson"].lines().count(), 1);
    assert_eq!(files["members.ndjson"].lines().count(), 4);
    assert!(files["members.ndjson"].contains("viewer@electrician.example.com"));
    assert!(files["strategies.ndjson"].contains("warm") && files["strategy_versions.ndjson"].contains("warm"));
    assert!(files["invitations.ndjson"].contains("new@example.com"));
    assert!(files["audit.ndjson"].contains("strategy.created"));
    let whole: String = files.values().cloned().collect();
    for canary in ["canary of the neighbour", "token_hash", token["token"].as_str().unwrap(), "password_hash"] {
        assert!(!whole.contains(canary), "{canary}");
    }
    let manifest: Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    // All but the manifest and the README that come after it.
    assert_eq!(listed.len(), files.len() - 2);
    for file in listed {
        let text = &files[file["path"].as_str().unwrap()];
        assert_eq!(file["sha256"], hg_common::crypto::sha256_hex(text));
    }
    assert!(files["README.txt"].contains(&job.id.to_string()));
    // What the ZIP was made of has gone; that it was taken is on record.
    assert_eq!(
        count(
            &mut db,
            "SELECT count(*) FROM data_export_chunks WHERE client_id = $1 AND path <> 'export.zip'",
            t.customer
        )
        .await,
        0
    );
    assert_eq!(
        count(
            &mut db,
            "SELECT count(*) FROM audit_log WHERE client_id = $1 AND action = 'export.downloaded'",
            t.customer
        )
        .await,
        1
    );

    let stranger = smm.person(t.other_customer_people.owner);
    for path in [format!("/data-jobs/{}", job.id), format!("/data-jobs/{}/download", job.id)] {
        let _ = stranger.get(&path).await.expect(404);
    }
    let _ = stranger.post(&format!("/data-jobs/{}/cancel", job.id), &json!({})).await.expect(404);
    assert!(stranger.get("/data-jobs").await.expect(200).json()["data"].as_array().unwrap().is_empty());
    assert_eq!(admin.get("/data-jobs?limit=1").await.expect(200).json()["data"][0]["id"], job.id.to_string());

    // A week later nobody has it any more.
    let later = chrono::Utc::now() + chrono::TimeDelta::days(8);
    assert!(retention::expire(&system, later, retention::Settings::default()).await.unwrap() > 0);
    assert_eq!(count(&mut db, "SELECT count(*) FROM data_export_chunks WHERE client_id = $1", t.customer).await, 0);
    sqlx::query("UPDATE data_jobs SET expires_at = now()").execute(&mut db).await.unwrap();
    assert_eq!(admin.get(&format!("/data-jobs/{}/download", job.id)).await.expect(410).code(), "export_expired");
}

#[tokio::test]
async fn a_part_that_was_killed_goes_on_where_it_was_with_somebody_else() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    sqlx::query(
        "INSERT INTO invitations (client_id, email, role, token_hash)
         SELECT $1, 'p' || n || '@example.com', 'viewer', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) FROM generate_series(1, 300) AS n",
    )
    .bind(t.customer.uuid())
    .execute(&mut db)
    .await
    .unwrap();
    let admin = smm.person(t.customer_people.admin);
    let job = request_export(&smm, &admin).await;
    others_are_done(&mut db).await;
    let settings = Settings { batch: 1, ..brisk() };
    let first = tokio::spawn({
        let runner = runner(&system, settings);
        async move { runner.one().await }
    });
    let mut watcher = smm.db.superuser().await;
    until("the first has done something", || async { done_of(&smm, job.id.uuid()).await.0 >= 20 }).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled(), "it was killed half-way");
    let (done, total) = done_of(&smm, job.id.uuid()).await;
    assert!(done < total.unwrap(), "{done} of {total:?}");
    let seen = fetch(&admin, &job).await;
    assert_eq!(seen.parts.iter().find(|part| part.step == "client").unwrap().total, total.map(i64::unsigned_abs));

    until("another has done the rest", || async {
        work_off(&system).await;
        fetch(&admin, &job).await.status == JobStatus::Completed
    })
    .await;
    let files = download(&admin, &fetch(&admin, &job).await).await;
    let mut invited: Vec<&str> = files["invitations.ndjson"].lines().collect();
    assert_eq!(invited.len(), 300);
    invited.sort_unstable();
    invited.dedup();
    assert_eq!(invited.len(), 300, "each once");
    let attempts: i32 = sqlx::query_scalar("SELECT attempt FROM data_job_parts WHERE job_id = $1 AND step = 'client'")
        .bind(job.id.uuid())
        .fetch_one(&mut watcher)
        .await
        .unwrap();
    assert_eq!(attempts, 2);
}

/// How much of the part `client` is done, of how much.
async fn done_of(smm: &TestService, job: Uuid) -> (i64, Option<i64>) {
    sqlx::query_as("SELECT done, total FROM data_job_parts WHERE job_id = $1 AND step = 'client'")
        .bind(job)
        .fetch_one(&mut smm.db.superuser().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_client_is_erased_as_it_was_confirmed() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    save_strategy(&smm.person(t.customer_people.member), t.customer, "warm").await;
    save_strategy(&smm.person(t.other_customer_people.member), t.other_customer, "cool").await;
    let owner = smm.person(t.agency_people.owner);
    let path = format!("/clients/{}/erasure", t.customer);
    // Who may, and on what.
    let _ = smm.person(t.customer_people.owner).get(&path).await.expect(403);
    let _ = smm.person(t.agency_people.admin).get(&path).await.expect(403);
    let _ = smm.person(t.other_agency_people.owner).get(&path).await.expect(404);
    let root = smm.person(t.root_people.owner);
    let refused = root.get("/clients/hg-content/erasure").await.expect(409);
    assert_eq!(refused.code(), "root_stays");
    assert!(refused.text.contains("erase the clients below it"), "{}", refused.text);

    let look: Erasure = owner.get(&path).await.expect(200).parse();
    assert!(look.goes.iter().any(|going| going.kind == "strategies" && going.count == Some(1)), "{:?}", look.goes);
    assert!(look.remains.iter().all(|stays| !stays.why.is_empty()));
    let confirmed = json!({"confirmation": look.confirmation.unwrap()});
    assert_eq!(owner.post(&path, &json!({"confirmation": "yes"})).await.expect(409).code(), "confirmation_stale");
    assert_eq!(owner.post(&path, &json!({})).await.expect(422).fields(), ["confirmation"]);
    let joins = json!({"email": "stranger@example.com", "role": "viewer"});
    let _ = owner.put(&format!("/clients/{}/members", t.customer), &joins).await.expect(200);
    assert_eq!(owner.post(&path, &confirmed).await.expect(409).code(), "confirmation_stale");

    let neighbours = [t.sibling, t.other_customer, t.other_agency];
    let mut before = Vec::new();
    for neighbour in neighbours {
        before.push(rows_of(&mut db, neighbour).await);
    }
    let entries = "SELECT count(*) FROM audit_log WHERE client_id = $1";
    let entries_before = count(&mut db, entries, t.customer).await;
    let look: Erasure = owner.get(&path).await.expect(200).parse();
    let confirmed = json!({"confirmation": look.confirmation.unwrap()});
    let job: DataJob = owner.post(&path, &confirmed).await.expect(202).parse();
    // From here on there is no way back.
    let again = owner.post(&path, &confirmed).await.expect(409);
    assert_eq!(again.code(), "data_job_running");
    assert!(again.text.contains(&job.id.to_string()), "{}", again.text);
    assert_eq!(
        owner.post(&format!("/data-jobs/{}/cancel", job.id), &json!({})).await.expect(409).code(),
        "erasure_goes_on"
    );
    assert_eq!(
        owner.post(&format!("/clients/{}/restore", t.customer), &json!({})).await.expect(409).code(),
        "client_erased"
    );
    assert_eq!(owner.get(&format!("/data-jobs/{}/download", job.id)).await.expect(409).code(), "no_export");

    others_are_done(&mut db).await;
    work_off(&system).await;
    let done = fetch(&owner, &job).await;
    assert_eq!(done.status, JobStatus::Completed, "{done:?}");

    let client = owner.get(&format!("/clients/{}", t.customer)).await.expect(200).json();
    assert_eq!(
        (client["name"].as_str(), client["metadata"].as_object().map(serde_json::Map::len)),
        (Some("Erased client"), Some(0))
    );
    assert!(client["slug"].as_str().unwrap().starts_with("erased-") && client["archived_at"].is_string());
    for gone in [
        "SELECT count(*) FROM strategies WHERE client_id = $1",
        "SELECT count(*) FROM strategy_versions WHERE client_id = $1",
        "SELECT count(*) FROM client_users WHERE client_id = $1",
        "SELECT count(*) FROM invitations WHERE client_id = $1",
        "SELECT count(*) FROM audit_log l JOIN audit_values v ON v.audit_id = l.id AND v.value IS NOT NULL
          WHERE l.client_id = $1 AND l.action NOT IN ('audit.erased', 'data_job.updated')",
    ] {
        assert_eq!(count(&mut db, gone, t.customer).await, 0, "{gone}");
    }
    assert!(count(&mut db, entries, t.customer).await > entries_before, "no entry has gone");
    let texts: String =
        sqlx::query_scalar("SELECT string_agg(value, '') FROM audit_values").fetch_one(&mut db).await.unwrap();
    assert!(!texts.contains("warm") && !texts.contains("Cincinnati"), "{texts}");
    for (neighbour, before) in neighbours.into_iter().zip(before) {
        assert_eq!(rows_of(&mut db, neighbour).await, before, "a neighbour was touched");
    }
    // Its people are out; the agency sees the empty row.
    let _ = smm.person(t.customer_people.owner).get(&format!("/clients/{}", t.customer)).await.expect(404);
}

#[tokio::test]
async fn an_agency_goes_with_its_customers_and_with_the_exports_in_which_they_are() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let root = smm.person(t.root_people.owner);
    let admin = smm.person(t.customer_people.admin);
    let export = request_export(&smm, &admin).await;
    others_are_done(&mut db).await;
    work_off(&system).await;
    assert_eq!(fetch(&admin, &export).await.status, JobStatus::Completed);

    let path = format!("/clients/{}/erasure", t.agency);
    let look: Erasure = root.get(&path).await.expect(200).parse();
    assert_eq!(look.clients_below, 2);
    let job: DataJob = root.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    assert_eq!(job.clients, 3);
    others_are_done(&mut db).await;
    work_off(&system).await;
    assert_eq!(fetch(&root, &job).await.status, JobStatus::Completed);
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM clients WHERE erased_at IS NOT NULL").fetch_all(&mut db).await.unwrap();
    assert_eq!(names, ["Erased client"; 3]);
    assert_eq!(count(&mut db, "SELECT count(*) FROM data_export_chunks WHERE client_id = $1", t.customer).await, 0);
    assert_eq!(root.get(&format!("/data-jobs/{}/download", export.id)).await.expect(410).code(), "export_expired");
}

#[tokio::test]
async fn a_person_goes_but_never_as_a_clients_last_owner() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let owner = smm.person(t.customer_people.owner);
    let look: Erasure = owner.get("/people/me/erasure").await.expect(200).parse();
    assert_eq!(look.confirmation, None);
    assert_eq!(look.last_owner_of[0].name, "Cincinnati Electrician Co.");
    let refused = owner.post("/people/me/erasure", &json!({"confirmation": "x"})).await.expect(409);
    assert_eq!(refused.code(), "last_owner");
    assert!(refused.text.contains("Cincinnati Electrician Co."), "{}", refused.text);

    let viewer = t.customer_people.viewer;
    let path = format!("/people/{viewer}/erasure");
    // Nobody else decides about them, their client's owner neither.
    let _ = owner.get(&path).await.expect(404);
    let _ = smm.person(t.agency_people.owner).post(&format!("/people/{viewer}/export"), &json!({})).await.expect(404);
    let _ = owner.get("/people/nobody/erasure").await.expect(404);
    let root = smm.person(t.root_people.owner);
    let invite = json!({"email": "viewer@electrician.example.com", "role": "viewer"});
    let _ = smm
        .person(t.other_customer_people.admin)
        .post(&format!("/clients/{}/invitations", t.other_customer), &invite)
        .await
        .expect(201);
    let look: Erasure = root.get(&path).await.expect(200).parse();
    let job: DataJob = root.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    others_are_done(&mut db).await;
    work_off(&system).await;
    assert_eq!(fetch(&root, &job).await.status, JobStatus::Completed);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM client_users WHERE user_id = $1")
        .bind(viewer.uuid())
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(left, 0);
    let invited: i64 = sqlx::query_scalar("SELECT count(*) FROM invitations WHERE email LIKE 'viewer@electrician%'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(invited, 0);
}

#[tokio::test]
async fn retention_is_inherited_and_what_is_older_is_due() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let (agency, customer) = (format!("/clients/{}/retention", t.agency), format!("/clients/{}/retention", t.customer));
    let owner = smm.person(t.agency_people.owner);
    for (bad, field) in [
        (json!({"jobs_days": 0}), "jobs_days"),
        (json!({"logs_days": 3651}), "logs_days"),
        (json!({"days": 1}), "days"),
    ] {
        assert_eq!(owner.put(&agency, &bad).await.expect(422).fields(), [field]);
    }
    let _ = smm.person(t.agency_people.admin).put(&agency, &json!({})).await.expect(403);
    let _ = smm.person(t.other_agency_people.owner).put(&agency, &json!({})).await.expect(404);
    let _ = owner.put(&agency, &json!({"jobs_days": 30, "logs_days": 10})).await.expect(200);
    let holds: Retention = smm.person(t.customer_people.viewer).get(&customer).await.expect(200).parse();
    assert_eq!((holds.jobs.days, holds.jobs.level, holds.jobs.client_id), (Some(30), Level::Agency, Some(t.agency)));
    let holds: Retention =
        smm.person(t.customer_people.owner).put(&customer, &json!({"jobs_days": null})).await.expect(200).parse();
    assert_eq!((holds.jobs.days, holds.jobs.level), (None, Level::Client));
    assert_eq!((holds.logs.days, holds.logs.level), (Some(10), Level::Agency));
    // What stands above is the least: whoever owns the customer alone can't have the evidence gone tomorrow.
    let owns = smm.person(t.customer_people.owner);
    let refused = owns.put(&customer, &json!({"jobs_days": 29, "logs_days": 1})).await.expect(422);
    assert_eq!(refused.fields(), ["jobs_days", "logs_days"]);
    assert!(refused.text.contains("must be at least 10 days, as Heaviside Digital says"), "{}", refused.text);
    // Said before the agency said anything, it holds no longer.
    sqlx::query("UPDATE client_retention SET jobs_days = 1, logs_days = 1 WHERE client_id = $1")
        .bind(t.customer.uuid())
        .execute(&mut db)
        .await
        .unwrap();
    let holds: Retention = owns.get(&customer).await.expect(200).parse();
    assert_eq!((holds.jobs.days, holds.logs.days, holds.logs.level), (Some(30), Some(10), Level::Agency));
    let due = |at: chrono::DateTime<chrono::Utc>| {
        let system = system.clone();
        async move {
            let mut tx = system.begin().await.unwrap();
            let due: Vec<(uuid::Uuid, Option<chrono::DateTime<chrono::Utc>>)> =
                sqlx::query_as("SELECT client_id, logs_before FROM app.retention_due($1, 100)")
                    .bind(at)
                    .fetch_all(&mut *tx)
                    .await
                    .unwrap();
            due
        }
    };
    let soon = due(chrono::Utc::now() + chrono::TimeDelta::days(5)).await;
    assert!(!soon.iter().any(|(client, _)| *client == t.customer.uuid()), "a day has passed, not ten");
    let _ = owns.put(&customer, &json!({"jobs_days": null})).await.expect(200);

    assert_eq!(retention::start_due(&system, chrono::Utc::now(), 100).await.unwrap(), 0, "nothing is old");
    let later = chrono::Utc::now() + chrono::TimeDelta::days(20);
    let started = retention::start_due(&system, later, 100).await.unwrap();
    assert!(started >= 1, "values in the audit log are due");
    assert_eq!(retention::start_due(&system, later, 100).await.unwrap(), 0, "one run at a time");
    others_are_done(&mut db).await;
    work_off(&system).await;
    let left = "SELECT count(*) FROM audit_log l JOIN audit_values v ON v.audit_id = l.id AND v.value IS NOT NULL
                 WHERE l.client_id = $1 AND l.action <> 'audit.erased'";
    assert_eq!(count(&mut db, left, t.agency).await, 0);
    assert!(count(&mut db, left, t.other_agency).await > 0, "others keep theirs");
    assert_eq!(retention::start_due(&system, later, 100).await.unwrap(), 0, "all is done");
}

#[tokio::test]
async fn a_zip_that_is_whole_is_not_made_again() {
    let smm = start().await;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let admin = smm.person(smm.tenants.customer_people.admin);
    let job = request_export(&smm, &admin).await;
    others_are_done(&mut db).await;
    work_off(&system).await;
    let before = download(&admin, &fetch(&admin, &job).await).await;
    assert!(before.contains_key("clients.ndjson"));
    // Killed after the ZIP was stored, and before anybody heard of it.
    sqlx::raw_sql(
        "UPDATE data_jobs SET status = 'in_progress', finished_at = NULL, expires_at = NULL;
         UPDATE data_job_parts SET status = 'in_progress', finished_at = NULL, place = '\"finished\"', lease_until = now() - interval '1 second' WHERE step = 'archive'",
    )
    .execute(&mut db)
    .await
    .unwrap();
    work_off(&system).await;
    let done = fetch(&admin, &job).await;
    assert_eq!(done.status, JobStatus::Completed);
    assert_eq!(download(&admin, &done).await, before);
}

#[tokio::test]
async fn an_erased_client_takes_nothing_in_any_more() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let owner = smm.person(t.agency_people.owner);
    save_strategy(&owner, t.sibling, "the neighbour's").await;
    let path = format!("/clients/{}/erasure", t.customer);
    let look: Erasure = owner.get(&path).await.expect(200).parse();
    let job: DataJob =
        owner.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    // While it goes, and when it is done.
    for done in [false, true] {
        if done {
            others_are_done(&mut db).await;
            work_off(&system).await;
            assert_eq!(fetch(&owner, &job).await.status, JobStatus::Completed);
        }
        let client = format!("/clients/{}", t.customer);
        let strategy = json!({"name": "Voice", "content_type": "blog_post", "configuration": {"tone": "late"}});
        let refused = owner.post(&format!("{client}/strategies"), &strategy).await.expect(409);
        assert_eq!(refused.code(), "client_erased");
        let invite = json!({"email": "late@example.com", "role": "viewer"});
        assert_eq!(owner.post(&format!("{client}/invitations"), &invite).await.expect(409).code(), "client_erased");
        let member = json!({"email": "viewer@electrician.example.com", "role": "admin"});
        if done {
            assert_eq!(owner.put(&format!("{client}/members"), &member).await.expect(409).code(), "client_erased");
        }
        // Beside the services.
        for sql in [
            "UPDATE clients SET name = 'Late' WHERE id = $1",
            "INSERT INTO seo_rules (client_id, content_type, rules) VALUES ($1, 'blog_post', '{}')",
            "INSERT INTO prompt_templates (client_id, name, content_type, template) VALUES ($1, 'Late', 'blog_post', 'x')",
            "INSERT INTO provider_keys (client_id, provider, sealed, hint) VALUES ($1, 'openai', 'x', 'x')",
            "INSERT INTO client_retention (client_id, jobs_days) VALUES ($1, 1)",
        ] {
            let error = sqlx::query(sql).bind(t.customer.uuid()).execute(&mut db).await.unwrap_err();
            assert_eq!(hg_common::db::sql_state(&error).as_deref(), Some("HG409"), "{sql}: {error}");
        }
    }
    let late: i64 = sqlx::query_scalar("SELECT count(*) FROM audit_values WHERE value ILIKE '%late@%'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(late, 0);
}

/// Values of the log that belong to a client, whether it is still there or not.
const VALUES_OF: &str =
    "SELECT count(*) FROM audit_log l JOIN audit_values v ON v.audit_id = l.id AND v.value IS NOT NULL
                          WHERE l.client_id = $1 AND l.action <> 'audit.erased'";

/// Makes a client below another and deletes it: the log knows it still.
async fn made_and_deleted(db: &mut PgConnection, below: ClientId) -> ClientId {
    let client: Uuid = sqlx::query_scalar(
        "INSERT INTO clients (name, slug, type, parent_id, metadata)
         VALUES ('Mr Smith GmbH', 'smith-' || left(gen_random_uuid()::text, 8), 'customer', $1, '{\"phone\": \"555\"}') RETURNING id",
    )
    .bind(below.uuid())
    .fetch_one(&mut *db)
    .await
    .unwrap();
    sqlx::query("DELETE FROM clients WHERE id = $1").bind(client).execute(&mut *db).await.unwrap();
    client.into()
}

#[tokio::test]
async fn what_the_log_holds_of_a_deleted_client_goes_with_whom_it_stood_below() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let (ours, theirs) = (made_and_deleted(&mut db, t.agency).await, made_and_deleted(&mut db, t.other_agency).await);
    assert!(count(&mut db, VALUES_OF, ours).await > 0);
    let before = count(&mut db, VALUES_OF, theirs).await;
    let root = smm.person(t.root_people.owner);
    let path = format!("/clients/{}/erasure", t.agency);
    let look: Erasure = root.get(&path).await.expect(200).parse();
    let job: DataJob = root.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202).parse();
    others_are_done(&mut db).await;
    work_off(&system).await;
    assert_eq!(fetch(&root, &job).await.status, JobStatus::Completed);
    assert_eq!(count(&mut db, VALUES_OF, ours).await, 0);
    assert_eq!(count(&mut db, VALUES_OF, theirs).await, before, "the other agency's stays");
}

#[tokio::test]
async fn what_belongs_to_nobody_is_kept_as_long_as_the_roots_logs() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let gone = made_and_deleted(&mut db, t.agency).await;
    let of_none = "SELECT count(*) FROM audit_log l JOIN audit_values v ON v.audit_id = l.id AND v.value IS NOT NULL
                    WHERE l.client_id IS NULL AND l.action <> 'audit.erased' AND $1::uuid IS NOT NULL";
    assert!(count(&mut db, of_none, gone).await > 0);
    let _ = smm
        .person(t.root_people.owner)
        .put("/clients/hg-content/retention", &json!({"logs_days": 30}))
        .await
        .expect(200);
    assert_eq!(retention::start_due(&system, chrono::Utc::now(), 100).await.unwrap(), 0, "nothing is old");
    let later = chrono::Utc::now() + chrono::TimeDelta::days(40);
    assert!(retention::start_due(&system, later, 100).await.unwrap() >= 1);
    others_are_done(&mut db).await;
    work_off(&system).await;
    assert_eq!(count(&mut db, VALUES_OF, gone).await, 0);
    assert_eq!(count(&mut db, of_none, gone).await, 0);
    assert_eq!(retention::start_due(&system, later, 100).await.unwrap(), 0, "all is done");
}

/// An invitation that is made while the person goes, after those to their address went, goes with the address.
#[tokio::test]
async fn what_comes_to_an_address_late_goes_with_it() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let (root, viewer) = (smm.person(t.root_people.owner), t.customer_people.viewer);
    let path = format!("/people/{viewer}/erasure");
    let look: Erasure = root.get(&path).await.expect(200).parse();
    let _ = root.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202);
    work_off(&system).await;
    sqlx::query("UPDATE data_jobs SET status = 'in_progress' WHERE kind = 'person_erasure'")
        .execute(&mut db)
        .await
        .unwrap();
    let late = smm.person(t.other_customer_people.admin);
    let invite = json!({"email": "viewer@electrician.example.com", "role": "viewer"});
    let _ = late.post(&format!("/clients/{}/invitations", t.other_customer), &invite).await.expect(201);
    let said = "SELECT count(*) FROM audit_values WHERE part = 'change' AND value LIKE '%viewer@electrician%'
                   AND (SELECT client_id FROM audit_log WHERE id = audit_id) = $1";
    assert_eq!(count(&mut db, said, t.other_customer).await, 1);
    let mut tx = system.begin().await.unwrap();
    let emptied: i32 =
        sqlx::query_scalar("SELECT auth.person_empty($1)").bind(viewer.uuid()).fetch_one(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(emptied, 1);
    let left = "SELECT count(*) FROM invitations WHERE email LIKE 'viewer@electrician%' AND client_id = $1";
    assert_eq!(count(&mut db, left, t.other_customer).await, 0);
    assert_eq!(count(&mut db, said, t.other_customer).await, 0);
}

/// The search for a person's address goes on where it was, a few entries at a time.
#[tokio::test]
async fn a_persons_address_is_looked_for_in_bounded_steps() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let (root, viewer) = (smm.person(t.root_people.owner), t.customer_people.viewer);
    for (admin, client) in [
        (t.other_customer_people.admin, t.other_customer),
        (t.agency_people.admin, t.sibling),
        (t.root_people.admin, t.direct),
    ] {
        for email in ["viewer@electrician.example.com", "other@example.com"] {
            let invite = json!({"email": email, "role": "viewer"});
            let _ = smm.person(admin).post(&format!("/clients/{client}/invitations"), &invite).await.expect(201);
        }
    }
    let path = format!("/people/{viewer}/erasure");
    let look: Erasure = root.get(&path).await.expect(200).parse();
    let _ = root.post(&path, &json!({"confirmation": look.confirmation.unwrap()})).await.expect(202);
    sqlx::query("UPDATE data_jobs SET status = 'in_progress' WHERE kind = 'person_erasure'")
        .execute(&mut db)
        .await
        .unwrap();
    let (mut after, mut steps, mut gone) = (uuid::Uuid::nil(), 0, 0);
    let mut tx = system.begin().await.unwrap();
    loop {
        let (erased, up_to): (i32, Option<uuid::Uuid>) =
            sqlx::query_as("SELECT gone, up_to FROM app.audit_erase_invited($1, $2, 2, '{}')")
                .bind(viewer.uuid())
                .bind(after)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
        assert!(erased <= 2, "{erased} at once");
        (steps, gone) = (steps + 1, gone + erased);
        match up_to {
            Some(last) => after = last,
            None => break,
        }
    }
    tx.commit().await.unwrap();
    assert!(steps >= 3 && gone == 3, "{steps} steps, {gone} values");
    let told: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit_values WHERE part = 'change' AND value LIKE '%other@example.com%'",
    )
    .fetch_one(&mut db)
    .await
    .unwrap();
    assert_eq!(told, 3, "others' addresses stay");
}

/// An export holds the clients that stand there when it begins, and nothing of one that is moved away while it runs.
#[tokio::test]
async fn an_export_is_of_those_who_are_there() {
    let smm = start().await;
    let t = &smm.tenants;
    let (_, system) = smm.db.db_and_system().await;
    let mut db = smm.db.superuser().await;
    let (root, owner) = (smm.person(t.root_people.owner), smm.person(t.agency_people.owner));
    let export: DataJob =
        owner.post(&format!("/clients/{}/export", t.agency), &json!({"scope": "tree"})).await.expect(202).parse();
    assert_eq!(export.clients, 3);
    // It waits; meanwhile one goes and another is made.
    let away = json!({"parent_id": t.other_agency});
    let _ = root.post(&format!("/clients/{}/move", t.sibling), &away).await.expect(200);
    let new = json!({"name": "Just In Time", "type": "customer", "parent_id": t.agency});
    let made = owner.post("/clients", &new).await.expect(201).json()["id"].as_str().unwrap().to_owned();
    others_are_done(&mut db).await;
    work_off(&system).await;
    let done = fetch(&owner, &export).await;
    assert_eq!((done.status, done.clients), (JobStatus::Completed, 3));
    let files = download(&owner, &done).await;
    let manifest: serde_json::Value = serde_json::from_str(&files["manifest.json"]).unwrap();
    assert!(manifest["subject"]["clients_as_of"].is_string(), "{manifest}");
    assert_eq!(manifest["subject"]["moved_away"], json!([]));
    let clients = &files["clients.ndjson"];
    assert!(clients.contains(&made) && clients.contains(&t.customer.to_string()), "{clients}");
    assert!(!clients.contains(&t.sibling.to_string()), "what went away before is not in it");
}
