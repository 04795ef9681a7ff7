//! Whoever asks for a transaction may be cancelled at any moment: a browser goes away, a caller dies. The connection
//! goes back to the pool all the same, and must carry nothing of the old scope to whoever gets it next.

use std::time::{Duration, Instant};

use hg_common::db::{Db, Scope};
use hg_testkit::TestDb;
use hg_types::{ClientId, UserId};
use uuid::Uuid;

const ROUNDS: u32 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_beginning_leaves_no_scope_behind() {
    let database = TestDb::new().await;
    // One connection: the next transaction gets the very one that the cancelled one had.
    let (db, system) = Db::connect_with_system(database.pooled_url(), 1, "test").await.unwrap();
    let user = Scope::User(UserId(Uuid::from_u128(1)));
    let client = ClientId(Uuid::from_u128(2));
    let mut cancelled = 0;
    for round in 0..ROUNDS {
        // Moments spread over a beginning's whole length.
        let moment = Duration::from_micros(u64::from(round % 40) * 40);
        let in_time = match round % 2 {
            0 => ready_within(moment, db.tenant(user)).await,
            _ => ready_within(moment, system.begin()).await,
        };
        cancelled += u32::from(!in_time);
        let mut next = db.tenant(Scope::Client(client)).await.unwrap();
        let (role, user, client_setting): (String, Option<String>, Option<String>) = sqlx::query_as(
            "SELECT current_user::text, nullif(current_setting('app.user_id', true), ''), current_setting('app.client_id', true)",
        )
        .fetch_one(&mut *next)
        .await
        .unwrap();
        next.rollback().await.unwrap();
        assert_eq!(
            (role.as_str(), user, client_setting),
            ("hg_content_app", None, Some(client.to_string())),
            "round {round}"
        );
        let mut nobody = db.anonymous().await.unwrap();
        let open: Option<String> = sqlx::query_scalar(
            "SELECT coalesce(nullif(current_setting('app.user_id', true), ''), nullif(current_setting('app.client_id', true), ''))",
        )
        .fetch_one(&mut *nobody)
        .await
        .unwrap();
        assert_eq!(open, None, "round {round}");
    }
    assert!(cancelled > ROUNDS / 4, "only {cancelled} were cancelled: the moments are wrong");
    assert_eq!(idle_in_transaction(&database).await, 0);
}

/// A COMMIT whose asker goes away is answered all the same, to nobody; the ROLLBACK that sqlx sends after it finds no transaction,
/// which Postgres remarks in its log (25P01), and does nothing. The connection comes back when all of that is answered, so that
/// whoever gets it next hears its own answers only, and what was committed was committed whole or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_end_gives_nobody_anothers_answer() {
    let database = TestDb::new().await;
    let db = Db::connect(database.pooled_url(), 1, "test").await.unwrap();
    let client = Scope::Client(ClientId(Uuid::from_u128(2)));
    let mut cancelled = 0;
    for round in 0..i64::from(ROUNDS) {
        let tx = db.tenant(client).await.unwrap();
        let moment = Duration::from_micros(u64::try_from(round % 40).unwrap() * 20);
        let in_time = match round % 3 {
            0 => ready_within(moment, tx.commit()).await,
            1 => ready_within(moment, tx.rollback()).await,
            _ => {
                let mut tx = tx;
                let asked = sqlx::query_scalar::<_, i64>("SELECT -$1 FROM generate_series(1, 500)").bind(round);
                ready_within(moment, asked.fetch_all(&mut *tx)).await
            }
        };
        cancelled += u32::from(!in_time);
        let mut next = db.tenant(client).await.unwrap();
        let own: i64 = sqlx::query_scalar("SELECT $1::bigint").bind(round).fetch_one(&mut *next).await.unwrap();
        assert_eq!(own, round);
        next.commit().await.unwrap();
    }
    assert!(cancelled > ROUNDS / 4, "only {cancelled} were cancelled: the moments are wrong");
    assert_eq!(idle_in_transaction(&database).await, 0);
}

/// Polls for so long, and drops the future wherever it is then. Timers are too coarse for this.
async fn ready_within<T>(moment: Duration, future: impl Future<Output = T>) -> bool {
    let (mut future, started) = (std::pin::pin!(future), Instant::now());
    loop {
        if futures::poll!(&mut future).is_ready() {
            return true;
        }
        if started.elapsed() >= moment {
            return false;
        }
        tokio::task::yield_now().await;
    }
}

/// Transactions that somebody began and nobody ends: each would hold a server of the pooler.
async fn idle_in_transaction(database: &TestDb) -> i64 {
    hg_testkit::until_some("nothing is left open", || async {
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .fetch_one(&mut database.superuser().await)
        .await
        .unwrap();
        (open == 0).then_some(open)
    })
    .await
}
