//! Functions that see more than their caller: each that the application may call, called by strangers about the tenant.
//!
//! The list comes from `pg_proc`. A function without a line here fails by its name, and so does a line without a function.

use std::collections::BTreeSet;

use hg_testkit::{Tenants, TestDb};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{
    fixtures::plant,
    matrix::{Cells, Outcome, judge},
};

/// What a stranger gets.
#[derive(Clone, Copy, Debug)]
enum Gets {
    /// No row, or null, false, zero, an empty list.
    Nothing,
    /// Whatever there is, without an id of the tenant's.
    Theirs,
    /// An error with this state.
    Refused(&'static str),
    /// An administrator of anything finds an account by its exact address, to add it; nobody else does.
    AccountForAdmins,
    /// Yes or no to whoever knows both ids: the rule of a policy, of which nothing else can be learned.
    YesOrNo,
}

use Gets::{AccountForAdmins, Nothing, Refused, Theirs, YesOrNo};

/// Name, arguments about the tenant, and what comes of it. `{…}` is one of the tenant's.
const PROBES: &[(&str, &str, Gets)] = &[
    ("app.accessible_client_ids", "", Theirs),
    ("app.ancestor_chain", "'{client}'", Nothing),
    ("app.api_key_find", "sha256('a guess')", Nothing),
    ("app.api_key_lookup", "sha256('a guess')", Nothing),
    ("app.audit_event", "'{client}', 'export.downloaded', 'b', '{client}', '[]'", Refused("HG404")),
    ("app.audit_people", "ARRAY['{person}']::uuid[]", Nothing),
    ("app.audits_all", "", Nothing),
    ("app.budgets_above", "'{client}'", Nothing),
    ("app.budgets_lock", "ARRAY['{client}']::uuid[], '{}'", Nothing),
    // Whoever has a scope is refused; who has none gets what the items' own scopes get.
    (
        "app.calls_begin",
        "'[{\"job\": \"{job}\", \"client\": \"{other}\", \"attempt\": 1, \"stage\": \"x\", \"worst_case\": 0}]'",
        Theirs,
    ),
    ("app.client_archive", "'{client}'", Refused("HG404")),
    ("app.client_decided_by", "'{client}'", Refused("HG404")),
    ("app.client_ids_with_role", "'viewer'", Theirs),
    ("app.client_leave", "'{client}'", Nothing),
    ("app.client_members", "'{client}'", Nothing),
    ("app.client_move", "'{client}', '{other}'", Refused("HG404")),
    ("app.client_page", "NULL, NULL, '{agency}', NULL, NULL, NULL, 0, 100", Theirs),
    ("app.client_page_total", "'cincinnati', NULL, NULL, NULL, 100", Nothing),
    ("app.client_release_budgets", "'{client}'", Refused("HG404")),
    ("app.client_restore", "'{client}'", Refused("HG404")),
    ("app.client_search", "'cincinnati'", Nothing),
    // That a slug is taken, everybody learns who makes a client.
    ("app.client_slug", "'cincinnati-electrician'", Theirs),
    ("app.client_tree", "'{client}'", Nothing),
    ("app.clients_check_parent", "", Refused("42804")),
    ("app.clients_visible_of", "ARRAY['{client}', '{agency}']::uuid[]", Theirs),
    ("app.content_people", "'{job}'", Nothing),
    ("app.data_job_cancel", "'{data_job}'", Refused("HG404")),
    ("app.data_job_request", "'client_export', '{client}', NULL, false, '{}', '[]'", Refused("HG404")),
    // The same for everybody who may listen at all.
    ("app.events_epoch", "", Theirs),
    ("app.inherited_client_ids", "", Theirs),
    ("app.invitation_accept", "sha256('a guess')", Refused("HG404")),
    ("app.invitation_inviters", "'{client}'", Nothing),
    ("app.invitation_make_room", "'{client}', 'somebody@example.com'", Refused("HG403")),
    ("app.invitation_states", "'{client}'", Nothing),
    ("app.invitations_sweep", "'0 days', 100", Nothing),
    ("app.job_count", "ARRAY['{client}']::uuid[], 100", Nothing),
    ("app.job_ids", "ARRAY['{client}']::uuid[], NULL, 100", Nothing),
    ("app.job_is_of", "'{job}', '{client}'", YesOrNo),
    ("app.jobs_accept", "'[{\"scope_client\": \"{other}\", \"client\": \"{client}\", \"estimate\": 0}]'", Theirs),
    (
        "app.jobs_complete",
        "'[{\"job\": \"{reserved}\", \"client\": \"{other}\", \"attempt\": 1, \"ended\": {}, \"done\": {}}]'",
        Theirs,
    ),
    ("app.ledger_reserve", "'{job}', '{client}', 1", Refused("HG404")),
    ("app.ledger_settle", "'{reserved}', 0, 0, 0, 0", Refused("HG404")),
    // The same for everybody.
    ("app.look_up_epoch", "'strategies'", Theirs),
    ("app.nearby_client_ids", "", Theirs),
    ("app.owns_root", "", Nothing),
    ("app.person_contents", "'{person}'", Refused("HG404")),
    ("app.person_decided", "'{person}'", Refused("HG404")),
    ("app.person_sole_clients", "'{person}'", Refused("HG404")),
    ("app.role_on", "'{client}'", Nothing),
    ("app.sees_all_clients", "", Nothing),
    ("app.source_figures", "'{strategy}', ARRAY['{client}']::uuid[], '2000-01-01'", Nothing),
    ("app.strategy_chain", "'{client}', NULL, 'blog_post'", Nothing),
    ("app.usage_figures", "ARRAY['{client}']::uuid[], '2000-01-01', '2100-01-01', '{client,model}', 10", Nothing),
    ("app.user_id_by_email", "'owner@electrician.example.com'", AccountForAdmins),
    ("app.version_authors", "'{client}'", Nothing),
    ("auth.expired_sweep", "'0 days', 100", Nothing),
    ("auth.invitation_accept_new", "sha256('a guess'), 'hash', 'name'", Refused("HG404")),
    ("auth.invitation_lookup", "sha256('a guess')", Nothing),
    ("auth.login_lookup", "'%@electrician.example.com'", Nothing),
    ("auth.password_reset", "sha256('a guess'), 'hash'", Nothing),
    ("auth.session_lookup", "app.uuid_v7()", Nothing),
];

#[tokio::test]
async fn functions_that_see_more_tell_strangers_nothing() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    let callable: Vec<String> = sqlx::query_scalar(
        "SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND has_function_privilege('hg_content_app', p.oid, 'EXECUTE') ORDER BY 1",
    )
    .fetch_all(&mut superuser)
    .await
    .unwrap();
    let overloaded: Vec<_> = callable.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(overloaded.is_empty(), "another of the same name that nobody calls here: {overloaded:?}");
    let probed: BTreeSet<&str> = PROBES.iter().map(|(name, ..)| *name).collect();
    let callable: BTreeSet<&str> = callable.iter().map(String::as_str).collect();
    let missing: Vec<_> = callable.difference(&probed).collect();
    let gone: Vec<_> = probed.difference(&callable).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "without a line in walls/functions.rs: {missing:?}; not there any more: {gone:?}"
    );

    let names = names(&mut superuser, &tenants).await;
    let mut app = PgConnection::connect(database.app_direct_url()).await.unwrap();
    let mut cells = Cells::default();
    let user = |id: Uuid| format!("SET LOCAL app.user_id = '{id}'");
    let strangers = [
        ("another tenant's owner", user(tenants.other_customer_people.owner.uuid())),
        ("the other agency's owner", user(tenants.other_agency_people.owner.uuid())),
        ("another tenant's key", format!("SET LOCAL app.client_id = '{}'", tenants.other_customer)),
        ("the sibling's key", format!("SET LOCAL app.client_id = '{}'", tenants.sibling)),
        ("somebody without membership", user(tenants.stranger.uuid())),
        ("nobody", "SELECT".to_owned()),
    ];
    for (name, arguments, gets) in PROBES {
        let arguments = names
            .iter()
            .fold((*arguments).to_owned(), |text, (key, id)| text.replace(&format!("{{{key}}}"), &id.to_string()));
        for (who, scope) in &strangers {
            let mut tx = app.begin().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(scope.clone())).execute(&mut *tx).await.unwrap();
            let text = format!("SELECT r::text FROM {name}({arguments}) AS r");
            let answer = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(text)).fetch_all(&mut *tx).await;
            tx.rollback().await.unwrap();
            let right = is_right(&answer, *gets, who, &names);
            let outcome = judge_text(answer);
            cells.judge(format!("{name} by {who}: {outcome}"), right);
        }
    }
    println!("functions: {} of them, {} cells", PROBES.len(), cells.count());
    cells.assert_green();
}

/// What the arguments name.
async fn names(db: &mut PgConnection, tenants: &Tenants) -> Vec<(&'static str, Uuid)> {
    let client = tenants.customer.uuid();
    let person = tenants.customer_people.owner.uuid();
    let mut names = vec![
        ("client", client),
        ("person", person),
        ("agency", tenants.agency.uuid()),
        ("other", tenants.other_agency.uuid()),
    ];
    for (name, text) in [
        ("job", "SELECT id FROM jobs WHERE client_id = $1 LIMIT 1"),
        ("strategy", "SELECT id FROM strategies WHERE client_id = $1 LIMIT 1"),
        ("data_job", "SELECT id FROM data_jobs WHERE client_id = $1 LIMIT 1"),
        ("reserved", "SELECT job_id FROM reservations WHERE client_id = $1 LIMIT 1"),
    ] {
        names.push((name, sqlx::query_scalar(text).bind(client).fetch_one(&mut *db).await.unwrap()));
    }
    names
}

type Answered = Result<Vec<Option<String>>, sqlx::Error>;

fn is_right(answer: &Answered, gets: Gets, who: &str, names: &[(&'static str, Uuid)]) -> bool {
    let rows = match (answer, gets) {
        // Whoever has no role at all is refused before anything else.
        (Err(error), Refused(_) | Theirs) => {
            let state = hg_common::db::sql_state(error);
            return match gets {
                Refused(wanted) => state.as_deref() == Some(wanted),
                _ => state.as_deref() == Some("HG403"),
            };
        }
        (Err(_), _) | (Ok(_), Refused(_)) => return false,
        (Ok(rows), _) => rows,
    };
    // The agency is the sibling's own, too.
    let hidden = |who: &str| {
        let shown = if who.starts_with("the sibling") { ["other", "agency"] } else { ["other", "other"] };
        names.iter().filter(move |(name, _)| !shown.contains(name)).map(|(_, id)| *id)
    };
    let is_nothing = rows.iter().flatten().all(|text| ["", "false", "0", "{}"].contains(&text.as_str()));
    match gets {
        Nothing => is_nothing,
        AccountForAdmins => is_nothing || who.ends_with("'s owner"),
        Theirs => !rows.iter().flatten().any(|text| hidden(who).any(|id| text.contains(&id.to_string()))),
        YesOrNo => rows.iter().flatten().all(|text| ["true", "false"].contains(&text.as_str())),
        Refused(_) => false,
    }
}

fn judge_text(answer: Answered) -> String {
    match answer {
        Ok(rows) => format!("{rows:?}"),
        Err(error) => match judge(Err(error)) {
            Outcome::Broken(text) => text,
            outcome => format!("{outcome:?}"),
        },
    }
}
