//! What changes an epoch, and what doesn't: the triggers of migration 0029. That each look-up reads nothing else, the services
//! test beside it.

use std::collections::BTreeSet;

use hg_testkit::{Tenants, TestDb};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const TOPICS: [&str; 3] = ["strategies", "templates", "api_keys"];
const ALL: &[&str] = &TOPICS;
const SEEN: &[&str] = &["strategies", "templates"];
const STRATEGIES: &[&str] = &["strategies"];
const TEMPLATES: &[&str] = &["templates"];
const API_KEYS: &[&str] = &["api_keys"];
const NONE: &[&str] = &[];

/// In this order: each finds what the one before has left. `{…}` is one of the tenants.
const CHANGES: &[(&str, &[&str])] = &[
    ("INSERT INTO clients (name, slug, type, parent_id) VALUES ('New', 'new', 'customer', '{agency}')", ALL),
    ("UPDATE clients SET name = 'Newer' WHERE slug = 'new'", ALL),
    ("UPDATE clients SET slug = 'newer' WHERE slug = 'new'", ALL),
    ("UPDATE clients SET parent_id = '{other_agency}' WHERE slug = 'newer'", ALL),
    ("UPDATE clients SET archived_at = now() WHERE slug = 'newer'", ALL),
    ("DELETE FROM clients WHERE slug = 'newer'", ALL),
    ("INSERT INTO client_users (client_id, user_id, role) VALUES ('{customer}', '{stranger}', 'viewer')", SEEN),
    ("UPDATE client_users SET role = 'member' WHERE user_id = '{stranger}'", SEEN),
    ("DELETE FROM client_users WHERE user_id = '{stranger}'", SEEN),
    (
        "INSERT INTO strategies (client_id, name, content_type, configuration) VALUES ('{customer}', 'S', 'blog_post', '{}')",
        STRATEGIES,
    ),
    ("UPDATE strategies SET configuration = '{\"tone\": \"dry\"}' WHERE name = 'S'", STRATEGIES),
    ("UPDATE strategies SET is_active = false WHERE name = 'S'", STRATEGIES),
    ("DELETE FROM strategies WHERE name = 'S'", STRATEGIES),
    ("INSERT INTO seo_rules (client_id, content_type, rules) VALUES ('{customer}', 'blog_post', '{}')", STRATEGIES),
    ("UPDATE seo_rules SET version = 2 WHERE client_id = '{customer}'", STRATEGIES),
    ("DELETE FROM seo_rules WHERE client_id = '{customer}'", STRATEGIES),
    (
        "INSERT INTO prompt_templates (client_id, name, content_type, template) VALUES ('{customer}', 'T', 'blog_post', 'x')",
        TEMPLATES,
    ),
    ("UPDATE prompt_templates SET version = 2 WHERE name = 'T'", TEMPLATES),
    ("DELETE FROM prompt_templates WHERE name = 'T'", TEMPLATES),
    (
        "INSERT INTO api_keys (client_id, name, prefix, key_hash) VALUES ('{customer}', 'K', 'hgc_x', sha256('the first'))",
        API_KEYS,
    ),
    // Each use notes when that was.
    ("SELECT FROM app.api_key_find(sha256('the first'))", NONE),
    ("UPDATE api_keys SET last_used_at = now() - interval '1 hour', updated_at = now() WHERE name = 'K'", NONE),
    ("UPDATE api_keys SET requests_per_minute = 7 WHERE name = 'K'", API_KEYS),
    ("UPDATE api_keys SET scopes = '{jobs:read}' WHERE name = 'K'", API_KEYS),
    ("UPDATE api_keys SET expires_at = now() + interval '1 day' WHERE name = 'K'", API_KEYS),
    (
        "UPDATE api_keys SET old_key_hash = key_hash, old_prefix = prefix, old_expires_at = now() + interval '1 day',
                key_hash = sha256('the second') WHERE name = 'K'",
        API_KEYS,
    ),
    ("SELECT FROM app.api_key_find(sha256('the first'))", NONE),
    ("UPDATE api_keys SET old_last_used_at = now() WHERE name = 'K'", NONE),
    ("UPDATE api_keys SET revoked_at = now() WHERE name = 'K'", API_KEYS),
    ("DELETE FROM api_keys WHERE name = 'K'", API_KEYS),
    // What isn't there isn't changed, and what no look-up reads doesn't count.
    ("UPDATE clients SET name = 'Nobody' WHERE slug = 'nobody'", NONE),
    ("UPDATE profiles SET display_name = 'Somebody'", NONE),
    ("INSERT INTO client_retention (client_id, jobs_days) VALUES ('{customer}', 30)", NONE),
    ("TRUNCATE seo_rules CASCADE", STRATEGIES),
    ("TRUNCATE prompt_templates CASCADE", TEMPLATES),
    ("TRUNCATE strategies CASCADE", STRATEGIES),
    ("TRUNCATE api_keys CASCADE", API_KEYS),
    ("TRUNCATE client_users", SEEN),
    ("TRUNCATE clients CASCADE", ALL),
];

async fn run(db: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(db).await.unwrap_or_else(|error| {
        panic!("{statement}: {error}");
    });
}

async fn epoch(db: &mut PgConnection, topic: &str) -> i64 {
    sqlx::query_scalar("SELECT app.look_up_epoch($1)").bind(topic).fetch_one(db).await.unwrap()
}

async fn epochs(db: &mut PgConnection) -> Vec<i64> {
    let mut all = Vec::new();
    for topic in TOPICS {
        all.push(epoch(db, topic).await);
    }
    all
}

async fn marks(db: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM look_up_marks").fetch_one(db).await.unwrap()
}

#[tokio::test]
async fn every_change_of_what_is_looked_up_changes_the_epoch_and_no_use_does() {
    let database = TestDb::new().await;
    let t = Tenants::plant(&database).await;
    let mut db = database.superuser().await;
    let names = [
        ("{agency}", t.agency.to_string()),
        ("{other_agency}", t.other_agency.to_string()),
        ("{customer}", t.customer.to_string()),
        ("{stranger}", t.stranger.to_string()),
    ];
    let mut before = epochs(&mut db).await;
    let mut met = vec![before.clone()];
    for (statement, topics) in CHANGES {
        let statement = names.iter().fold((*statement).to_owned(), |text, (name, id)| text.replace(name, id));
        run(&mut db, &statement).await;
        let after = epochs(&mut db).await;
        let changed: Vec<&str> =
            (0..TOPICS.len()).filter(|place| before[*place] != after[*place]).map(|place| TOPICS[place]).collect();
        assert_eq!(changed, *topics, "{statement}");
        before.clone_from(&after);
        met.push(after);
    }
    for place in 0..TOPICS.len() {
        let different: BTreeSet<i64> = met.iter().map(|epochs| epochs[place]).collect();
        let changes = CHANGES.iter().filter(|(_, topics)| topics.contains(&TOPICS[place])).count();
        assert_eq!(different.len(), changes + 1, "{}: no epoch comes again", TOPICS[place]);
    }
    // Each table with the trigger is tried above, in each way.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger t WHERE t.tgfoid = 'app.look_ups_change()'::regprocedure",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert_eq!(tables.len(), 6);
    for (verb, table) in ["INSERT INTO", "UPDATE", "DELETE FROM", "TRUNCATE"]
        .iter()
        .flat_map(|verb| tables.iter().map(move |table| (verb, table)))
    {
        let way = format!("{verb} {table}");
        assert!(CHANGES.iter().any(|(statement, topics)| statement.starts_with(&way) && !topics.is_empty()), "{way}");
    }
}

#[tokio::test]
async fn what_is_undone_changes_nothing_and_one_transaction_leaves_one_mark() {
    let database = TestDb::new().await;
    let t = Tenants::plant(&database).await;
    let mut db = database.superuser().await;
    let rename = |name: &str| format!("UPDATE clients SET name = '{name}' WHERE id = '{}'", t.customer);
    let before = epochs(&mut db).await;
    run(&mut db, &format!("BEGIN; {}; ROLLBACK", rename("A"))).await;
    run(&mut db, &format!("BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; COMMIT", rename("B"))).await;
    assert_eq!(epochs(&mut db).await, before);
    // What follows an undone part counts.
    run(&mut db, &format!("BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; {}; COMMIT", rename("C"), rename("D"))).await;
    let after = epochs(&mut db).await;
    assert!(before.iter().zip(&after).all(|(before, after)| before != after));
    // An import, and then many changes by themselves: as many marks as topics.
    let import = "INSERT INTO clients (name, slug, type, parent_id)
                  SELECT 'Imported', 'imported-' || n, 'customer', (SELECT id FROM clients WHERE type = 'root') FROM generate_series(1, 1000) AS n";
    run(&mut db, import).await;
    assert_eq!(marks(&mut db).await, 3);
    for number in 0..20 {
        run(&mut db, &rename(&number.to_string())).await;
    }
    assert_eq!(marks(&mut db).await, 3);
}

#[tokio::test]
async fn changers_wait_for_nobody_whatever_their_order_and_nothing_of_it_is_lost() {
    let database = TestDb::new().await;
    let t = Tenants::plant(&database).await;
    let mut reader = database.superuser().await;
    let strategy = |client| {
        format!(
            "INSERT INTO strategies (client_id, name, content_type, configuration) VALUES ('{client}', 'S', 'blog_post', '{{}}')"
        )
    };
    let template = |client| {
        format!(
            "INSERT INTO prompt_templates (client_id, name, content_type, template) VALUES ('{client}', 'T', 'blog_post', 'x')"
        )
    };
    let member =
        |client| format!("UPDATE client_users SET role = 'viewer' WHERE client_id = '{client}' AND role = 'member'");
    let (mut one, mut other) = (database.superuser().await, database.superuser().await);
    for db in [&mut one, &mut other] {
        run(db, "SET lock_timeout = '1s'; BEGIN").await;
    }
    let before = epochs(&mut reader).await;
    run(&mut one, &strategy(t.customer)).await;
    run(&mut other, &template(t.sibling)).await;
    run(&mut one, &template(t.customer)).await;
    run(&mut other, &strategy(t.sibling)).await;
    run(&mut one, &member(t.customer)).await;
    run(&mut other, &member(t.other_customer)).await;
    assert_eq!(epochs(&mut reader).await, before, "nothing is committed");
    run(&mut other, "COMMIT").await;
    let between = epochs(&mut reader).await;
    run(&mut one, "COMMIT").await;
    let after = epochs(&mut reader).await;
    for place in 0..2 {
        assert_eq!([before[place], between[place], after[place]].iter().collect::<BTreeSet<_>>().len(), 3);
    }

    // Whoever took the others' marks along and gives up leaves them where they were.
    run(&mut one, &format!("BEGIN; {}", strategy(t.agency))).await;
    run(&mut other, &strategy(t.other_customer)).await;
    let meanwhile = epochs(&mut reader).await;
    assert_ne!(meanwhile[0], after[0]);
    run(&mut one, "ROLLBACK").await;
    assert_eq!(epochs(&mut reader).await, meanwhile);

    // Whoever sees one instant only, and a mark that was taken along since.
    run(&mut one, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM clients").await;
    run(&mut other, &strategy(t.direct)).await;
    let meanwhile = epochs(&mut reader).await;
    run(&mut one, &format!("{}; COMMIT", strategy(t.root))).await;
    assert_ne!(epochs(&mut reader).await[0], meanwhile[0]);
}

#[tokio::test]
async fn it_holds_where_triggers_are_switched_off_by_role_and_after_a_restore() {
    let database = TestDb::new().await;
    let t = Tenants::plant(&database).await;
    let mut db = database.superuser().await;
    let rename = |name: &str| format!("UPDATE clients SET name = '{name}' WHERE id = '{}'", t.customer);
    let before = epochs(&mut db).await;
    run(&mut db, &format!("SET session_replication_role = replica; {}; RESET session_replication_role", rename("A")))
        .await;
    let after = epochs(&mut db).await;
    assert_ne!(after, before);
    // As it was before three changes, and three changes again.
    run(&mut db, "CREATE TABLE saved AS SELECT * FROM look_up_marks").await;
    let mut met = Vec::new();
    for _ in 0..2 {
        for name in ["B", "C", "D"] {
            run(&mut db, &rename(name)).await;
            met.push(epoch(&mut db, "strategies").await);
        }
        run(&mut db, "BEGIN; TRUNCATE look_up_marks; INSERT INTO look_up_marks SELECT * FROM saved; COMMIT").await;
        assert_eq!(epochs(&mut db).await, after);
    }
    assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), 6);
    // Numbers of transactions of another cluster, one of which comes again here.
    let mut tx = db.begin().await.unwrap();
    run(&mut tx, "UPDATE look_up_marks SET xid = pg_current_xact_id()").await;
    run(&mut tx, &rename("E")).await;
    assert_ne!(epochs(&mut tx).await, after);
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn nobody_reaches_the_marks_themselves() {
    let database = TestDb::new().await;
    let mut db = database.superuser().await;
    let rights: Vec<(String, String)> = sqlx::query_as(
        "SELECT role, verb FROM unnest(ARRAY['hg_content_app', 'hg_system', 'public']) AS role,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS verb
          WHERE has_table_privilege(role, 'look_up_marks', verb)",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert!(rights.is_empty(), "{rights:?}");
    let mut app = PgConnection::connect(database.app_direct_url()).await.unwrap();
    assert_eq!(
        sqlx::query_scalar::<_, Option<i64>>("SELECT app.look_up_epoch('no such')").fetch_one(&mut app).await.unwrap(),
        None
    );
    assert!(
        sqlx::query_scalar::<_, Option<i64>>("SELECT app.look_up_epoch('api_keys')")
            .fetch_one(&mut app)
            .await
            .unwrap()
            .is_some()
    );
}
