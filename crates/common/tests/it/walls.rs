//! The walls between tenants: table × verb × who, from the catalogue.
//!
//! Every table that `pg_catalog` knows must have row-level security, enabled and forced, and a row to try it with in
//! [`fixtures`]; a new table without either fails. For each the matrix proves that rows exist, that their own people
//! and the system reach them as granted, and that nobody else does. The last test drops each policy in turn and
//! demands that the matrix notices; tables that are wrong on purpose turn it red, too ([`canaries`]).
//! [`pairs`] has more who try and other ways, [`functions`] those functions that see more than their caller.

mod attacks;
mod canaries;
mod cost;
mod fixtures;
mod functions;
mod matrix;
mod pairs;

use hg_testkit::{Tenants, TestDb};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use fixtures::plant;
use matrix::{Cells, Ground};
use pairs::{Around, Attempts, Target};

/// Tables without tenants: sqlx's own list of migrations; that something has changed, which nobody but two functions reaches
/// (`look_ups.rs`).
const WITHOUT_TENANTS: [&str; 2] = ["public._sqlx_migrations", "public.look_up_marks"];

async fn tables(db: &mut PgConnection) -> Vec<(String, bool)> {
    sqlx::query_as(
        "SELECT n.nspname || '.' || c.relname, c.relrowsecurity AND c.relforcerowsecurity
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          ORDER BY 1",
    )
    .fetch_all(db)
    .await
    .unwrap()
}

/// Tables that aren't protected, or that nobody tries.
async fn problems(db: &mut PgConnection) -> Vec<String> {
    let mut problems = Vec::new();
    let mut tables = tables(db).await;
    tables.retain(|(name, _)| !WITHOUT_TENANTS.contains(&name.as_str()));
    for (name, protected) in &tables {
        if !protected {
            problems.push(format!("{name}: ENABLE and FORCE ROW LEVEL SECURITY"));
        }
        if !fixtures::ALL.iter().any(|fixture| fixture.table == name) {
            problems.push(format!("{name}: has no fixture in walls/fixtures.rs"));
        }
    }
    let is_there = |fixture: &&fixtures::Fixture| tables.iter().any(|(name, _)| name == fixture.table);
    let gone = fixtures::ALL.iter().filter(|fixture| !is_there(fixture));
    problems.extend(gone.map(|fixture| format!("{}: has a fixture, and isn't a table", fixture.table)));
    problems
}

#[tokio::test]
async fn every_table_has_rules_and_a_row_to_try_them_with() {
    let database = TestDb::new().await;
    let problems = problems(&mut database.superuser().await).await;
    assert!(problems.is_empty(), "{problems:#?}");
}

#[tokio::test]
async fn nobody_reaches_over_a_wall_through_the_pooler() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    plant(&mut database.superuser().await, &tenants).await;
    let mut app = PgConnection::connect(database.app_direct_url()).await.unwrap();
    let mut pooled = pooled(&database).await;
    let mut cells = Cells::default();
    for fixture in fixtures::ALL {
        matrix::walls(&mut pooled, fixture, &tenants, &mut cells).await;
        matrix::doors(&mut app, fixture, &tenants, &[Ground::Tenant, Ground::System], &mut cells).await;
    }
    println!("verbs: {} tables, {} cells", fixtures::ALL.len(), cells.count());
    cells.assert_green();
    assert!(cells.count() > 400, "only {} cells", cells.count());
}

/// What verbs can be bent to, by those who have something to do with the tenant, or had.
#[tokio::test]
async fn nobody_trespasses_by_other_ways_through_the_pooler() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    let around = Around::plant(&mut superuser, &tenants).await;
    let mut pooled = pooled(&database).await;
    let mut cells = Cells::default();
    for fixture in fixtures::ALL {
        for target in [Target::Tenant, Target::Parent] {
            let on = Attempts { fixture, tenants: &tenants, around: &around, target };
            pairs::trespass(&mut pooled, &mut superuser, &on, &mut cells).await;
        }
    }
    println!("other ways: {} tables, {} cells", fixtures::ALL.len(), cells.count());
    cells.assert_green();
    assert!(cells.count() > 3_000, "only {} cells", cells.count());
}

/// Through PgBouncer as the application role, with statements thrown away as its version may demand.
async fn pooled(database: &TestDb) -> PgConnection {
    use std::str::FromStr;
    let options =
        sqlx::postgres::PgConnectOptions::from_str(database.pooled_url()).unwrap().statement_cache_capacity(0);
    PgConnection::connect_with(&options).await.unwrap()
}

#[tokio::test]
async fn dropping_any_one_policy_turns_a_cell_red() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    let policies: Vec<(String, String)> =
        sqlx::query_as("SELECT schemaname || '.' || tablename, policyname FROM pg_policies ORDER BY 1, 2")
            .fetch_all(&mut superuser)
            .await
            .unwrap();
    assert!(policies.len() > 80, "only {} policies", policies.len());
    println!("policies: {}, each dropped in turn", policies.len());
    let mut unnoticed = Vec::new();
    for (table, policy) in policies {
        let fixture = fixtures::ALL
            .iter()
            .find(|fixture| fixture.table == table)
            .unwrap_or_else(|| panic!("{table} has no fixture"));
        let mut tx = superuser.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("DROP POLICY {policy} ON {table}"))).execute(&mut *tx).await.unwrap();
        let mut cells = Cells::default();
        matrix::doors(&mut tx, fixture, &tenants, &Ground::ALL, &mut cells).await;
        if cells.red().is_empty() {
            unnoticed.push(format!("{policy} ON {table}"));
        }
        tx.rollback().await.unwrap();
    }
    assert!(unnoticed.is_empty(), "nobody would notice the loss of {unnoticed:#?}");
}

#[tokio::test]
async fn each_table_without_its_rules_lets_strangers_in_and_the_matrix_sees_it() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    for fixture in fixtures::ALL {
        let mut tx = superuser.begin().await.unwrap();
        // Where strangers hold no privilege at all, it isn't the rules that keep them out.
        let is_granted: bool =
            sqlx::query_scalar("SELECT has_table_privilege('hg_content_app', $1, 'SELECT, INSERT, UPDATE, DELETE')")
                .bind(fixture.table)
                .fetch_one(&mut *tx)
                .await
                .unwrap();
        if !is_granted {
            continue;
        }
        sqlx::raw_sql(AssertSqlSafe(format!("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", fixture.table)))
            .execute(&mut *tx)
            .await
            .unwrap();
        let mut cells = Cells::default();
        matrix::walls(&mut tx, fixture, &tenants, &mut cells).await;
        assert!(!cells.red().is_empty(), "{}: without rules and still green", fixture.table);
        tx.rollback().await.unwrap();
    }
}

/// The visibility rules themselves: down the hierarchy to see, up it to inherit.
#[tokio::test]
async fn people_see_down_and_inherit_up() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    plant(&mut database.superuser().await, &tenants).await;
    let db = database.db().await;
    let slugs = |scope| {
        let db = db.clone();
        async move {
            let mut tx = db.tenant(scope).await.unwrap();
            let clients: Vec<String> =
                sqlx::query_scalar("SELECT slug FROM clients WHERE slug !~ '^planted' ORDER BY slug")
                    .fetch_all(&mut *tx)
                    .await
                    .unwrap();
            let strategies: Vec<uuid::Uuid> =
                sqlx::query_scalar("SELECT DISTINCT client_id FROM strategies WHERE name = 'planted'")
                    .fetch_all(&mut *tx)
                    .await
                    .unwrap();
            (clients, strategies)
        }
    };
    use hg_common::db::Scope;
    let (clients, strategies) = slugs(Scope::User(tenants.agency_people.viewer)).await;
    assert_eq!(clients, ["cincinnati-electrician", "heaviside-digital", "local-business-group"]);
    assert!(strategies.contains(&tenants.customer.uuid()) && !strategies.contains(&tenants.other_customer.uuid()));
    let (clients, strategies) = slugs(Scope::Client(tenants.customer)).await;
    assert_eq!(clients, ["cincinnati-electrician"]);
    assert!(strategies.contains(&tenants.agency.uuid()), "an agency's strategies are inherited");
    assert!(!strategies.contains(&tenants.other_agency.uuid()));
    let (clients, strategies) = slugs(Scope::User(tenants.stranger)).await;
    assert!(clients.is_empty() && strategies.is_empty());
}

/// A role is enough only from its rank on.
#[tokio::test]
async fn each_role_does_what_it_may_and_nothing_more() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    plant(&mut database.superuser().await, &tenants).await;
    let mut app = PgConnection::connect(database.app_direct_url()).await.unwrap();
    let mut cells = Cells::default();
    for fixture in fixtures::ALL.iter().filter(|fixture| fixture.column == "client_id" || fixture.of_agency) {
        matrix::ranks(&mut app, fixture, &tenants, &mut cells).await;
    }
    println!("ranks: {} cells", cells.count());
    cells.assert_green();
    assert!(cells.count() > 250, "only {} cells", cells.count());
}
