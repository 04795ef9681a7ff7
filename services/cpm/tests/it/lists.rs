//! Lists of jobs over years: the same rows as by hand, whoever asks, however many clients and months that are.

use std::fmt::Write as _;

use hg_testkit::Api;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::TestCpm;

/// Plants jobs of the customer, its sibling and somebody else's, over forty months, more of somebody else's than are looked through at once.
async fn plant_years(cpm: &TestCpm, db: &mut PgConnection, customers_more: i32) {
    // Some months have partitions, with gaps between them; what is in none goes to the catch-all.
    sqlx::raw_sql(
        "DO $$ DECLARE month timestamptz; BEGIN
           FOR n IN 1..40 LOOP
             CONTINUE WHEN n % 3 = 0;
             month := (date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => n)) AT TIME ZONE 'UTC';
             EXECUTE format('CREATE TABLE jobs_past_%s PARTITION OF jobs FOR VALUES FROM (%L) TO (%L)', n, app.uuid_v7_floor(month),
               app.uuid_v7_floor(((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'));
           END LOOP;
         END $$",
    )
    .execute(&mut *db)
    .await
    .unwrap();
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
    // Others' jobs, and some of the very first moment of a month.
    sqlx::query(
        "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model, status)
         SELECT app.uuid_v7(now() - make_interval(mins => n)), $1, 'Other ' || n, 'blog_post'::content_type, 'sample', 'sample-1', 'completed'::job_status
           FROM generate_series(1, 2500) AS n
          UNION ALL
         SELECT app.uuid_v7_floor((date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => n)) AT TIME ZONE 'UTC'), $2,
                'First ' || n, 'blog_post', 'sample', 'sample-1', 'completed' FROM generate_series(0, 35) AS n",
    )
    .bind(cpm.tenants.other_customer.uuid())
    .bind(cpm.tenants.customer.uuid())
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
    .execute(&mut *db)
    .await
    .unwrap();
    // Some that failed, some of another kind, some both.
    sqlx::raw_sql(
        "UPDATE jobs SET status = 'failed' WHERE topic LIKE '%1';
         UPDATE jobs SET content_type = 'press_release' WHERE topic LIKE '%1' OR topic LIKE '%5'",
    )
    .execute(db)
    .await
    .unwrap();
}

/// Every id that the list shows, page by page, and the total of the first page.
async fn walked(asker: &Api, query: &str, limit: u8) -> (Vec<Uuid>, u64) {
    let (mut ids, mut total, mut next) = (Vec::new(), None, String::new());
    loop {
        let page = asker.get(&format!("/jobs?limit={limit}{query}{next}")).await.expect(200).json();
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
        ("somebody of no client", tenants.stranger, String::new(), "false".to_owned()),
    ] {
        let wanted = by_hand(&mut db, &clients).await;
        let (shown, total) = walked(&cpm.user(person), &query, 7).await;
        assert_eq!(shown, wanted, "{who}");
        assert_eq!(usize::try_from(total).unwrap(), wanted.len(), "{who}");
    }
    for (query, which) in [
        ("&status=failed", "j.status = 'failed'"),
        ("&content_type=press_release", "j.content_type = 'press_release'"),
        ("&status=failed&content_type=press_release", "j.status = 'failed' AND j.content_type = 'press_release'"),
        ("&status=completed&llm_provider=sample", "j.status = 'completed' AND j.llm_provider = 'sample'"),
    ] {
        let wanted = by_hand(&mut db, &format!("'{agency}' IN (c.id, c.parent_id) AND {which}")).await;
        assert!(!wanted.is_empty(), "{query}");
        let (shown, total) = walked(&cpm.user(tenants.agency_people.viewer), query, 7).await;
        assert_eq!((shown.len(), total as usize), (wanted.len(), wanted.len()), "{query}");
        assert_eq!(shown, wanted, "{query}");
    }
    let all = by_hand(&mut db, "true").await;
    assert_eq!(
        walked(&cpm.user(tenants.root_people.member), "", 100).await,
        (all.clone(), all.len() as u64),
        "the root's"
    );
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
