//! Lists of jobs over years: the same rows as by hand, whoever asks, however many clients and months that are.

use std::fmt::Write as _;

use hg_types::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::TestCpm;

/// Plants jobs of the customer, its sibling and somebody else's, over forty months that have partitions and that have none.
async fn plant_years(cpm: &TestCpm, db: &mut PgConnection, customers_more: i32) {
    sqlx::query(
        "INSERT INTO clients (name, slug, type, parent_id)
         SELECT 'More ' || n, 'more-' || n, 'customer', $1 FROM generate_series(1, $2) AS n",
    )
    .bind(cpm.tenants.agency.uuid())
    .bind(customers_more)
    .execute(&mut *db)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
         SELECT app.uuid_v7(now() - make_interval(months => n % 41, hours => n)), c.id, 'Job ' || n, 'blog_post', 'sample', 'sample-1', 'completed'
           FROM generate_series(1, 120) AS n
           JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS all FROM clients) AS c
             ON c.place = 1 + n % c.all",
    )
    .execute(&mut *db)
    .await
    .unwrap();
    // Dense in this month and far away, with nothing between.
    sqlx::query(
        "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
         SELECT app.uuid_v7(now() - make_interval(months => 38 * (n % 2), mins => n)), $1, 'Own ' || n, 'blog_post', 'sample', 'sample-1', 'completed'
           FROM generate_series(1, 30) AS n",
    )
    .bind(cpm.tenants.customer.uuid())
    .execute(db)
    .await
    .unwrap();
}

/// Every id that the list shows, page by page, and the total of the first page.
async fn walked(cpm: &TestCpm, person: UserId, query: &str) -> (Vec<Uuid>, u64) {
    let (mut ids, mut total, mut next) = (Vec::new(), None, String::new());
    loop {
        let page = cpm.user(person).get(&format!("/jobs?limit=7{query}{next}")).await.expect(200).json();
        ids.extend(
            page["data"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().parse::<Uuid>().unwrap()),
        );
        total = total.or(page["pagination"]["total"].as_u64());
        let Some(cursor) = page["pagination"]["next_cursor"].as_str() else { break };
        next.clear();
        write!(next, "&cursor={cursor}").unwrap();
    }
    (ids, total.unwrap())
}

async fn by_hand(db: &mut PgConnection, clients: &str) -> Vec<Uuid> {
    let text =
        format!("SELECT j.id FROM jobs j JOIN clients c ON c.id = j.client_id WHERE {clients} ORDER BY j.id DESC");
    sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_all(db).await.unwrap()
}

async fn everybody_sees_their_years(customers_more: i32) {
    let cpm = TestCpm::start().await;
    let mut db = cpm.db.superuser().await;
    plant_years(&cpm, &mut db, customers_more).await;
    let tenants = &cpm.tenants;
    let (customer, agency) = (tenants.customer.uuid(), tenants.agency.uuid());
    for (who, person, query, clients) in [
        ("the customer's owner", tenants.customer_people.owner, String::new(), format!("c.id = '{customer}'")),
        (
            "the agency's viewer",
            tenants.agency_people.viewer,
            String::new(),
            format!("'{agency}' IN (c.id, c.parent_id)"),
        ),
        (
            "the agency's, of one",
            tenants.agency_people.viewer,
            format!("&client_id={customer}"),
            format!("c.id = '{customer}'"),
        ),
        ("the root's", tenants.root_people.member, String::new(), "true".to_owned()),
        ("somebody of no client", tenants.stranger, String::new(), "false".to_owned()),
    ] {
        let wanted = by_hand(&mut db, &clients).await;
        let (shown, total) = walked(&cpm, person, &query).await;
        assert_eq!(shown, wanted, "{who}");
        assert_eq!(usize::try_from(total).unwrap(), wanted.len(), "{who}");
    }
    let strange = cpm.user(tenants.other_agency_people.owner).get(&format!("/jobs?client_id={customer}")).await;
    assert_eq!(strange.expect(404).code(), "not_found");
}

#[tokio::test]
async fn few_clients_over_years() {
    everybody_sees_their_years(3).await;
}

#[tokio::test]
async fn many_clients_over_years() {
    everybody_sees_their_years(70).await;
}
