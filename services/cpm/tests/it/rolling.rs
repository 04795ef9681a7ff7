//! A replica ends while somebody watches: whoever was watching goes on at another, without a gap and without a repeat.

use std::collections::BTreeMap;

use hg_types::{JobId, UserId};
use serde_json::json;

use crate::{
    replicas::{House, Replica},
    sse::{Seen, Watching},
    support::{blog_with, job_id},
};

const JOBS: usize = 12;

/// Watches a path until `enough`, at the first replica for as long as that lives, then at the second.
async fn watch_on(
    first: Watching,
    second: &Replica,
    user: UserId,
    path: &str,
    enough: impl Fn(&Seen) -> bool,
) -> Vec<Seen> {
    let (mut watching, mut seen): (_, Vec<Seen>) = (first, Vec::new());
    loop {
        match watching.frame().await {
            Some(one) => {
                let over = enough(&one);
                seen.push(one);
                if over {
                    return seen;
                }
            }
            None => {
                let last = seen.iter().rev().find_map(|one| one.id.clone());
                watching = Watching::at(&second.user(user), path, last.as_deref()).await;
            }
        }
    }
}

#[tokio::test]
async fn watchers_move_to_another_replica() {
    let house = House::open().await;
    let (first, second) = (house.replica(2).await, house.replica(2).await);
    let user = house.tenants.customer_people.member;
    let all = Watching::at(&first.user(user), "/events", None).await;

    let mut jobs: Vec<JobId> = Vec::new();
    let mut watchers = Vec::new();
    for _ in 0..JOBS {
        let body = blog_with(json!({"word_count_range": [50, 100]}));
        let job = job_id(&first.user(user).post("/generate", &body).await.expect(200));
        let path = format!("/jobs/{job}/events");
        watchers.push((path.clone(), Watching::at(&first.user(user), &path, None).await));
        jobs.push(job);
    }
    let ended = |one: &Seen| matches!(one.event.as_str(), "completed" | "failed" | "cancelled");
    let left = std::sync::atomic::AtomicUsize::new(JOBS);
    let every = watch_on(all, &second, user, "/events", |one| {
        ended(one) && left.fetch_sub(1, std::sync::atomic::Ordering::Relaxed) == 1
    });
    let each = watchers.into_iter().map(|(path, watching)| {
        let second = &second;
        async move { watch_on(watching, second, user, &path, ended).await }
    });
    let ((), every, each) = tokio::join!(first.end(), every, futures::future::join_all(each));

    // What there is, by the books.
    let rows: Vec<(uuid::Uuid, i32, String)> =
        sqlx::query_as("SELECT job_id, seq, type FROM job_events ORDER BY job_id, seq")
            .fetch_all(&mut house.db.superuser().await)
            .await
            .unwrap();
    let mut expected: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for (job, seq, kind) in rows {
        expected.entry(job.to_string()).or_default().push((seq.into(), kind));
    }
    let goodbyes = |seen: &[Seen]| seen.iter().filter(|one| one.retry.is_some()).count();
    let mut moved = 0;
    for (job, seen) in jobs.iter().zip(&each) {
        let durable: Vec<(i64, String)> = seen
            .iter()
            .filter_map(|one| Some((one.id.as_deref()?.parse().ok()?, one.event.clone())))
            .filter(|(_, event)| !event.is_empty())
            .collect();
        assert_eq!(durable, expected[&job.to_string()], "job {job}");
        moved += goodbyes(seen);
    }
    assert!(moved > 0, "nobody had to move");
    assert_eq!(goodbyes(&every), 1);
    let mut seen: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for one in every.iter().filter(|one| one.data["job_id"].is_string()) {
        let seq = one.data["seq"].as_i64().unwrap();
        seen.entry(one.data["job_id"].as_str().unwrap().to_owned()).or_default().push((seq, one.event.clone()));
    }
    for events in expected.values_mut() {
        events.retain(|(_, kind)| kind != "reset");
    }
    assert_eq!(seen, expected, "all events of all jobs, each once, in order");
    second.end().await;
}
