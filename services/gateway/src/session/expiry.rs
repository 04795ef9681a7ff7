//! What has expired goes away: sessions and reset links, a month after their end, so that their owners can still be told
//! about them. In small batches, by whichever replica comes first.

use std::time::Duration;

use hg_common::{
    db::Db,
    http::{ShutdownToken, error_chain},
};

use crate::store::session::expired_sweep;

const EVERY: Duration = Duration::from_secs(3600);
const KEEP_DAYS: i32 = 30;
const BATCH: i32 = 1_000;

/// Sweeps now and then, until `shutdown`.
pub(crate) async fn sweep(db: Db, shutdown: ShutdownToken) {
    loop {
        match all(&db).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "expired sessions and links were deleted"),
            Err(error) => {
                tracing::warn!(error = %error_chain(&error), "expired sessions and links could not be deleted");
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// How many rows went.
async fn all(db: &Db) -> Result<i64, sqlx::Error> {
    let mut rows = 0;
    loop {
        let mut tx = db.anonymous().await?;
        let gone = expired_sweep(&mut tx, KEEP_DAYS, BATCH).await?;
        tx.commit().await?;
        rows += i64::from(gone);
        if gone < BATCH {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use hg_testkit::TestDb;
    use sqlx::{Connection as _, PgConnection};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_expired_long_ago_goes_and_the_rest_stays() {
        let test = TestDb::new().await;
        let mut owner = PgConnection::connect(test.direct_url()).await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO auth.users (id, email) VALUES ('00000000-0000-7000-8000-000000000001', 'ann@example.com');
             INSERT INTO auth.sessions (user_id, expires_at)
             SELECT '00000000-0000-7000-8000-000000000001'::uuid, now() - interval '31 days' FROM generate_series(1, 1500)
             UNION ALL SELECT '00000000-0000-7000-8000-000000000001'::uuid, now() - make_interval(days => d) FROM unnest(ARRAY[29, -1]) d;
             INSERT INTO auth.reset_tokens (token_hash, user_id, expires_at)
             SELECT sha256(d::text::bytea), '00000000-0000-7000-8000-000000000001'::uuid, now() - make_interval(days => d) FROM unnest(ARRAY[40, 29]) d",
        )
        .execute(&mut owner)
        .await
        .unwrap();
        let db = Db::connect(test.pooled_url(), 2, "sweep").await.unwrap();
        assert_eq!(all(&db).await.unwrap(), 1501);
        let left: (i64, i64) =
            sqlx::query_as("SELECT (SELECT count(*) FROM auth.sessions), (SELECT count(*) FROM auth.reset_tokens)")
                .fetch_one(&mut owner)
                .await
                .unwrap();
        assert_eq!(left, (2, 1));
        assert_eq!(all(&db).await.unwrap(), 0);
    }
}
