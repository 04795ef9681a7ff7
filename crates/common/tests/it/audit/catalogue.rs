//! From the catalogue: every table is on record or says why not, and no secret column is.

use hg_testkit::TestDb;

/// Tables without the trigger, each with its reason.
const UNRECORDED: &[(&str, &str)] = &[
    ("public._sqlx_migrations", "written by migrations alone"),
    ("public.audit_log", "the log itself"),
    ("public.audit_values", "the log itself"),
    ("public.audit_unsealed", "the log itself"),
    ("public.audit_seals", "the log itself"),
    ("public.audit_chains", "the log itself"),
    ("public.strategy_versions", "the head row in strategies says it, and versions are never changed"),
    ("public.seo_rule_versions", "the head row in seo_rules says it, and versions are never changed"),
    ("public.prompt_template_versions", "the head row in prompt_templates says it, and versions are never changed"),
    ("public.jobs", "a job's own trail: job_events, provider_calls, the ledger; and its path must stay free"),
    ("public.job_runs", "part of a job"),
    ("public.job_events", "a trail itself"),
    ("public.job_event_floors", "up to where that trail is kept"),
    ("public.job_idempotency", "part of a job"),
    ("public.provider_calls", "a trail itself: what each call cost"),
    ("public.content_versions", "a trail itself: each edit of a text, by whom and when, never changed"),
    ("public.content_approvals", "a trail itself: each verdict on a text, by whom and when, never changed"),
    ("public.job_outcomes", "figures, reckoned from the trails of jobs"),
    ("public.job_outcomes_progress", "how far those figures are reckoned"),
    ("public.charges", "the ledger, never changed"),
    ("public.budgets", "sums that functions reckon; the limits are on record"),
    ("public.budget_warnings", "reckoned from budgets; the limits are on record"),
    ("public.usage_days", "sums that a function reckons from the ledger"),
    ("public.usage_days_progress", "how far those sums are reckoned"),
    ("public.price_lists", "what a provider publishes, with its source and time"),
    ("public.reservations", "the ledger"),
    ("public.reservation_parts", "the ledger"),
    ("public.api_key_budgets", "sums that triggers reckon; the limits are on record"),
    ("public.api_key_jobs", "the ledger"),
    ("public.look_up_marks", "that something changed; what, the changed table has on record"),
    ("public.data_job_parts", "how a data job gets on; that it was asked for and how it ended is on record"),
    ("public.data_export_chunks", "bytes of an export; that it was made and taken is on record"),
];

#[tokio::test]
async fn every_table_is_on_record_or_says_why_not() {
    let database = TestDb::new().await;
    let mut db = database.superuser().await;
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "SELECT n.nspname || '.' || c.relname,
                EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'app.audit_row()'::regprocedure
                           AND t.tgenabled = 'O' AND t.tgtype & 4 > 0 AND t.tgtype & 16 > 0)
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          ORDER BY 1",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let reason = |table: &str| UNRECORDED.iter().find(|(name, _)| *name == table);
    for (table, is_recorded) in &tables {
        match (is_recorded, reason(table)) {
            (true, None) | (false, Some(_)) => {}
            (false, None) => panic!(
                "{table}: put the trigger app.audit_row on it (migrations/0012_audit.sql), or a line with a reason here"
            ),
            (true, Some((_, why))) => panic!("{table} is on record, and says here: {why}"),
        }
    }
    for (table, _) in UNRECORDED {
        assert!(tables.iter().any(|(name, _)| name == table), "{table} is no table any more");
    }
    assert!(tables.iter().filter(|(_, is_recorded)| *is_recorded).count() >= 13);
}

#[tokio::test]
async fn every_column_that_looks_like_a_secret_is_left_out_and_every_argument_names_a_column() {
    let database = TestDb::new().await;
    let mut db = database.superuser().await;
    let triggers: Vec<(String, Vec<u8>, Vec<String>)> = sqlx::query_as(
        "SELECT t.tgrelid::regclass::text, t.tgargs,
                (SELECT array_agg(a.attname::text) FROM pg_attribute a WHERE a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped)
           FROM pg_trigger t WHERE t.tgfoid = 'app.audit_row()'::regprocedure",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    let suspicious = ["hash", "secret", "token", "password", "sealed", "cipher", "nonce"];
    let mut left_out = 0;
    for (table, arguments, columns) in &triggers {
        let text = String::from_utf8(arguments.clone()).unwrap();
        let arguments: Vec<&str> = text.split_terminator('\0').collect();
        let [_, client, subject, secrets, noise, verbs] = arguments.as_slice() else {
            panic!("{table}: {arguments:?}")
        };
        let secrets: Vec<&str> = secrets.split_terminator(',').collect();
        let markers = verbs.split_terminator(',').map(|marker| marker.split(':').next().unwrap());
        let named = client
            .split_terminator('/')
            .chain([*subject])
            .chain(secrets.iter().copied())
            .chain(noise.split_terminator(','))
            .chain(markers);
        for name in named {
            assert!(
                columns.iter().any(|column| column == name),
                "{table}: the trigger names {name}, which is no column"
            );
        }
        for column in columns.iter().filter(|column| suspicious.iter().any(|word| column.contains(word))) {
            assert!(
                secrets.contains(&column.as_str()),
                "{table}.{column} looks like a secret: name it in the trigger's fourth argument"
            );
            left_out += 1;
        }
    }
    assert!(left_out >= 5, "only {left_out}");
}

#[tokio::test]
async fn nobody_but_the_owner_changes_what_is_on_record() {
    let database = TestDb::new().await;
    let mut db = database.superuser().await;
    let rights: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT role, name, verb FROM unnest(ARRAY['hg_content_app', 'hg_system', 'hg_definer']) AS role,
                unnest(ARRAY['audit_log', 'audit_seals']) AS name, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS verb
          WHERE has_table_privilege(role, name, verb)",
    )
    .fetch_all(&mut db)
    .await
    .unwrap();
    assert!(rights.is_empty(), "{rights:?}");
    let inserts: Vec<String> = sqlx::query_scalar("SELECT role FROM unnest(ARRAY['hg_content_app', 'hg_system', 'hg_definer']) AS role WHERE has_table_privilege(role, 'audit_log', 'INSERT')")
        .fetch_all(&mut db)
        .await
        .unwrap();
    assert_eq!(inserts, ["hg_definer"]);
}
