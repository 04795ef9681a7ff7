//! A pooler that is restarted under load: everybody is served again within moments.

use std::time::{Duration, Instant};

use hg_common::db::Db;
use hg_stack::{Stack, StackOptions};
use hg_testkit::PATIENCE;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

/// Askers at once: more than there are connections.
const ASKERS: usize = 64;
const CONNECTIONS: u32 = 16;
/// The longest that anybody may be without an answer once the pooler is back. Whoever has a place in the pool tries to connect once
/// a second at least.
const RECOVERY: Duration = Duration::from_secs(3);

/// One question.
struct Asked {
    asker: usize,
    ended: Instant,
    error: Option<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_poolers_restart_everybody_is_served_within_moments() {
    let mut stack = Stack::start(StackOptions::fresh_test().unwrap()).unwrap();
    hg_common::db::bootstrap(&stack.direct_url("postgres"), stack.app_password()).await.unwrap();
    let db = Db::connect(&stack.pooled_url("postgres"), CONNECTIONS, "hg-test").await.unwrap();
    let over = CancellationToken::new();
    let (tell, mut told) = mpsc::unbounded_channel();
    for asker in 0..ASKERS {
        let (db, over, tell) = (db.clone(), over.clone(), tell.clone());
        tokio::spawn(async move {
            while !over.is_cancelled() {
                let error = db.ping().await.err().map(|error| error.to_string());
                let _ = tell.send(Asked { asker, ended: Instant::now(), error });
            }
        });
    }
    for _ in 0..ASKERS * 20 {
        let asked = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        assert_eq!(asked.error, None);
    }
    tokio::task::block_in_place(|| stack.stop_pgbouncer().unwrap());
    // Until nobody has anything to wait for but the pooler.
    while timeout(Duration::from_millis(500), told.recv()).await.is_ok() {}
    tokio::task::block_in_place(|| stack.start_pgbouncer().unwrap());
    let back = Instant::now();
    let mut served = [None; ASKERS];
    let mut failures = 0;
    while served.contains(&None) {
        let asked = timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
        match asked.error {
            None => {
                served[asked.asker].get_or_insert(asked.ended.saturating_duration_since(back));
            }
            Some(_) => failures += 1,
        }
    }
    over.cancel();
    let slowest = served.iter().flatten().max().unwrap();
    assert!(*slowest < RECOVERY, "{slowest:?}, {failures} failures");
}
