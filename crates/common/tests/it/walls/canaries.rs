//! Tables that are wrong on purpose: the matrix must turn red.

use hg_testkit::{Tenants, TestDb};
use sqlx::{Connection, PgConnection};

use super::{
    fixtures::{Fixture, of_client, plant},
    matrix::{self, Cells},
    pairs::{self, Around, Attempts, Target},
};

const OWN: &str = "client_id = ANY ((SELECT app.client_ids_with_role('member'))::uuid[])";

const CANARY: Fixture = Fixture {
    changes: "note",
    ..of_client(
        "public.canary",
        hg_types::Role::Viewer,
        hg_types::Role::Member,
        "INSERT INTO canary (client_id, note) VALUES ($1, 'planted')",
    )
};

/// The table with these rules, and a row for each tenant. Everything in the caller's transaction.
async fn hatch(db: &mut PgConnection, tenants: &Tenants, rules: &str) {
    let rules = rules.replace("<own>", OWN);
    let text = format!(
        "CREATE TABLE public.canary (id uuid PRIMARY KEY DEFAULT app.uuid_v7(), client_id uuid NOT NULL, note text NOT NULL);
         GRANT SELECT, INSERT, UPDATE, DELETE ON public.canary TO hg_content_app;
         {rules}
         INSERT INTO public.canary (client_id, note) SELECT id, 'planted' FROM clients WHERE id IN ('{}', '{}', '{}', '{}');",
        tenants.customer, tenants.other_customer, tenants.agency, tenants.sibling
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(db).await.unwrap();
}

const PROTECTED: &str =
    "ALTER TABLE public.canary ENABLE ROW LEVEL SECURITY; ALTER TABLE public.canary FORCE ROW LEVEL SECURITY;";

async fn red(db: &mut PgConnection, tenants: &Tenants, around: &Around, superuser: &mut PgConnection) -> Vec<String> {
    let mut cells = Cells::default();
    matrix::walls(db, &CANARY, tenants, &mut cells).await;
    let on = Attempts { fixture: &CANARY, tenants, around, target: Target::Tenant };
    pairs::trespass(db, superuser, &on, &mut cells).await;
    cells.red().to_vec()
}

#[tokio::test]
async fn a_table_with_a_wrong_rule_turns_cells_red() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    let around = Around::plant(&mut superuser, &tenants).await;
    let wrong = [
        ("no rules at all", "", "public.canary SELECT by the other tenant's owner"),
        (
            "everybody reads",
            "{} CREATE POLICY a ON public.canary USING (true) WITH CHECK (<own>);",
            "public.canary SELECT by nobody",
        ),
        (
            "whoever reads writes",
            "{} CREATE POLICY a ON public.canary USING (client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]));",
            "public.canary updates returning by the parent's viewer",
        ),
        (
            "anything may be inserted",
            "{} CREATE POLICY a ON public.canary USING (<own>); CREATE POLICY b ON public.canary FOR INSERT WITH CHECK (true);",
            "public.canary INSERT by the other tenant's key",
        ),
        (
            "an update checks nothing",
            // What one sees is checked of the new row, too: only with both wrong is a row moved.
            "{} CREATE POLICY a ON public.canary FOR SELECT USING (true); CREATE POLICY b ON public.canary FOR UPDATE USING (<own>) WITH CHECK (true);",
            "public.canary moves a row of its own in by the other tenant's owner",
        ),
        (
            "whoever has a name may delete",
            "{} CREATE POLICY a ON public.canary FOR SELECT USING (true); CREATE POLICY b ON public.canary FOR DELETE USING (app.user_id() IS NOT NULL);",
            "public.canary deletes returning by somebody without membership",
        ),
    ];
    let right = "{} CREATE POLICY a ON public.canary FOR SELECT USING (client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]));
                 CREATE POLICY b ON public.canary FOR INSERT WITH CHECK (<own>);
                 CREATE POLICY c ON public.canary FOR UPDATE USING (<own>) WITH CHECK (<own>);
                 CREATE POLICY d ON public.canary FOR DELETE USING (<own>);";
    let mut other = database.superuser().await;
    for (what, rules, cell) in wrong.into_iter().chain([("all is right", right, "")]) {
        // Committed, so that the connection that looks past the policies sees it too.
        hatch(&mut superuser, &tenants, &rules.replace("{}", PROTECTED)).await;
        let mut tx = superuser.begin().await.unwrap();
        let red = red(&mut tx, &tenants, &around, &mut other).await;
        tx.rollback().await.unwrap();
        sqlx::raw_sql("DROP TABLE public.canary").execute(&mut superuser).await.unwrap();
        if cell.is_empty() {
            assert!(red.is_empty(), "{what}: {red:#?}");
        } else {
            assert!(red.iter().any(|red| red.starts_with(cell)), "{what}: not red: {cell}; red: {red:#?}");
        }
    }
}

/// Whoever is a member of anything may add a version to anything: the rule that asks of whom is gone.
#[tokio::test]
async fn versions_that_ask_for_a_role_and_not_where_turn_cells_red() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    plant(&mut superuser, &tenants).await;
    let around = Around::plant(&mut superuser, &tenants).await;
    let mut other = database.superuser().await;
    for table in ["public.strategy_versions", "public.seo_rule_versions", "public.prompt_template_versions"] {
        let fixture = super::fixtures::ALL.iter().find(|fixture| fixture.table == table).unwrap();
        let name: String = sqlx::query_scalar(
            "SELECT policyname FROM pg_policies WHERE schemaname || '.' || tablename = $1 AND policyname LIKE '%member_insert'",
        )
        .bind(table)
        .fetch_one(&mut superuser)
        .await
        .unwrap();
        // Committed, so that the connection that looks past the policies isn't kept waiting.
        let wrong =
            format!("ALTER POLICY {name} ON {table} WITH CHECK (cardinality(app.client_ids_with_role('member')) > 0)");
        sqlx::raw_sql(sqlx::AssertSqlSafe(wrong)).execute(&mut superuser).await.unwrap();
        let (mut walls, mut ways) = (Cells::default(), Cells::default());
        matrix::walls(&mut superuser, fixture, &tenants, &mut walls).await;
        let on = Attempts { fixture, tenants: &tenants, around: &around, target: Target::Tenant };
        pairs::trespass(&mut superuser, &mut other, &on, &mut ways).await;
        let is_red = |cells: &Cells, what: &str| {
            let cell = format!("{table} {what} by the other tenant's owner");
            assert!(cells.red().iter().any(|red| red.starts_with(&cell)), "not red: {cell}; red: {:#?}", cells.red());
        };
        is_red(&walls, "INSERT");
        is_red(&ways, "inserts a row that is there");
        is_red(&ways, "inserts and does nothing on conflict");
    }
}

#[tokio::test]
async fn a_table_without_rules_or_a_fixture_is_named() {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    let mut superuser = database.superuser().await;
    hatch(&mut superuser, &tenants, "").await;
    let problems = super::problems(&mut superuser).await;
    assert_eq!(
        problems,
        ["public.canary: ENABLE and FORCE ROW LEVEL SECURITY", "public.canary: has no fixture in walls/fixtures.rs"]
    );
}
