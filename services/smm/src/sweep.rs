//! Invitations that are over go away, and with them the addresses that they were sent to: a month after they were accepted,
//! taken back or expired, so that those who invited can still be told about them. In small batches, by whichever replica
//! comes first.

use std::time::Duration;

use hg_common::{
    db::Db,
    http::{ShutdownToken, error_chain},
};

use crate::store::invitation_sweep::invitations_sweep;

const EVERY: Duration = Duration::from_secs(3600);
const KEEP_DAYS: i32 = 30;
const BATCH: i32 = 1_000;

/// Sweeps now and then, until `shutdown`.
pub(crate) async fn invitations(db: Db, shutdown: ShutdownToken) {
    loop {
        match all(&db).await {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "invitations that ended over {KEEP_DAYS} days ago were deleted"),
            Err(error) => tracing::warn!(error = %error_chain(&error), "old invitations could not be deleted"),
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// How many went.
async fn all(db: &Db) -> Result<i64, sqlx::Error> {
    let mut rows = 0;
    loop {
        let mut tx = db.anonymous().await?;
        let gone = invitations_sweep(&mut tx, KEEP_DAYS, BATCH).await?;
        tx.commit().await?;
        rows += i64::from(gone);
        if gone < BATCH {
            return Ok(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use hg_testkit::{Tenants, TestDb};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_ended_long_ago_goes_with_its_address_and_the_rest_stays() {
        let test = TestDb::new().await;
        let tenants = Tenants::plant(&test).await;
        let mut superuser = test.superuser().await;
        let of = tenants.customer.uuid();
        sqlx::query(
            "INSERT INTO invitations (client_id, email, role, token_hash, sent_at, expires_at, accepted_at, revoked_at)
             SELECT $1, name || '@example.com', 'viewer'::member_role, sha256(name::bytea), now() - make_interval(days => sent), now() - make_interval(days => sent - 7),
                    now() - make_interval(days => accepted), now() - make_interval(days => revoked)
               FROM (VALUES ('open', 1, NULL, NULL), ('expired-lately', 30, NULL, NULL), ('expired-long-ago', 38, NULL, NULL),
                            ('accepted-lately', 33, 29, NULL), ('accepted-long-ago', 33, 31, NULL),
                            ('revoked-lately', 36, NULL, 29), ('revoked-long-ago', 36, NULL, 31)) AS old (name, sent, accepted, revoked)
             UNION ALL
             SELECT $1, 'bulk' || n || '@example.com', 'viewer'::member_role, sha256(n::text::bytea), now() - interval '90 days', now() - interval '83 days', NULL, NULL
               FROM generate_series(1, 1500) n",
        )
        .bind(of)
        .execute(&mut superuser)
        .await
        .unwrap();
        let db = Db::connect(test.pooled_url(), 2, "sweep").await.unwrap();
        assert_eq!(all(&db).await.unwrap(), 1_503);
        let left: Vec<String> =
            sqlx::query_scalar("SELECT email FROM invitations ORDER BY email").fetch_all(&mut superuser).await.unwrap();
        let stay = ["accepted-lately", "expired-lately", "open", "revoked-lately"];
        assert_eq!(left, stay.map(|name| format!("{name}@example.com")));
        assert_eq!(all(&db).await.unwrap(), 0);

        // Whoever calls it can't make open ones go.
        let mut tx = db.anonymous().await.unwrap();
        let gone: i32 =
            sqlx::query_scalar("SELECT app.invitations_sweep('-90 days', 1000)").fetch_one(&mut *tx).await.unwrap();
        assert_eq!(gone, 3, "those that are over, and nothing else");
    }
}
