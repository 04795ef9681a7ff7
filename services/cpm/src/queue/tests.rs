//! The scripts against a real Redis.

use std::time::Duration;

use hg_common::{
    config::{RedisConfig, Secret},
    redis::driver,
};
use uuid::Uuid;

use super::*;

async fn redis() -> Redis {
    let config = RedisConfig {
        url: Secret::new(hg_testkit::redis_url().await),
        prefix: hg_testkit::redis_prefix(),
        max_connections: 4,
    };
    Redis::new(&config).unwrap()
}

fn settings() -> Settings {
    Settings { tenant_cap: 100, ..Settings::default() }
}

fn job(number: u128) -> JobId {
    JobId(Uuid::from_u128(number))
}

fn client(number: u128) -> ClientId {
    ClientId(Uuid::from_u128(1_000_000 + number))
}

fn waiting(number: u128, of: u128) -> Enqueue {
    Enqueue {
        job_id: job(number),
        client_id: client(of),
        priority: 0,
        available_at: chrono::Utc::now() - chrono::TimeDelta::seconds(10),
    }
}

async fn claim(redis: &Redis, settings: &Settings, most: usize) -> Vec<JobId> {
    index::claim(redis, settings, most).await.unwrap().jobs.into_iter().map(|(job, _)| job).collect()
}

#[tokio::test]
async fn clients_take_turns_however_much_one_of_them_brings() {
    let redis = redis().await;
    let many: Vec<Enqueue> = (0..500).map(|number| waiting(number, 1)).collect();
    index::add(&redis, &many).await.unwrap();
    index::add(&redis, &[waiting(900, 2), waiting(901, 2)]).await.unwrap();
    let first = index::claim(&redis, &settings(), 6).await.unwrap().jobs;
    let of_second = first.iter().filter(|(_, of)| *of == client(2)).count();
    assert_eq!((first.len(), of_second), (6, 2), "{first:?}");
    // Who has been away doesn't catch up: it starts at the global time.
    claim(&redis, &settings(), 50).await;
    index::add(&redis, &(910..930).map(|number| waiting(number, 2)).collect::<Vec<_>>()).await.unwrap();
    let next = index::claim(&redis, &settings(), 10).await.unwrap().jobs;
    assert_eq!(next.iter().filter(|(_, of)| *of == client(2)).count(), 5, "{next:?}");
}

#[tokio::test]
async fn coming_back_job_by_job_is_no_way_to_the_front() {
    let redis = redis().await;
    for of in 1..=4 {
        let jobs: Vec<Enqueue> = (0..20).map(|number| waiting(of * 100 + number, of)).collect();
        index::add(&redis, &jobs).await.unwrap();
    }
    let mut greedy = 0;
    for round in 0..25 {
        // One job at a time, each added as soon as the one before was taken.
        index::add(&redis, &[waiting(5_000 + round, 9)]).await.unwrap();
        let taken = index::claim(&redis, &settings(), 1).await.unwrap().jobs;
        greedy += taken.iter().filter(|(_, of)| *of == client(9)).count();
    }
    assert!((4..=7).contains(&greedy), "a fifth of 25, not {greedy}");
}

#[tokio::test]
async fn a_client_of_more_weight_gets_more_turns() {
    let redis = redis().await;
    let jobs = |of: u128| (0..200).map(|number| waiting(of * 1_000 + number, of)).collect::<Vec<_>>();
    index::add(&redis, &jobs(1)).await.unwrap();
    index::add(&redis, &jobs(2)).await.unwrap();
    let share = |of, weight| Share { client: client(of), weight, concurrency: None };
    index::set_shares(&redis, &[share(1, 3)]).await.unwrap();
    let of_first = |claim: &Claim| claim.jobs.iter().filter(|(_, of)| *of == client(1)).count();
    let taken = index::claim(&redis, &settings(), 80).await.unwrap();
    assert!((59..=61).contains(&of_first(&taken)), "three of four: {taken:?}");
    // Shares that were taken back are forgotten.
    index::set_shares(&redis, &[share(7, 9)]).await.unwrap();
    let taken = index::claim(&redis, &settings(), 40).await.unwrap();
    assert!((19..=21).contains(&of_first(&taken)), "every other: {taken:?}");
}

#[tokio::test]
async fn a_client_runs_as_many_as_its_share_says() {
    let redis = redis().await;
    let narrow = Settings { tenant_cap: 2, ..Settings::default() };
    let jobs = |of: u128| (0..10).map(|number| waiting(of * 1_000 + number, of)).collect::<Vec<_>>();
    for of in 1..=3 {
        index::add(&redis, &jobs(of)).await.unwrap();
    }
    let share = |of, cap| Share { client: client(of), weight: 1, concurrency: Some(cap) };
    index::set_shares(&redis, &[share(1, 5), share(2, 1)]).await.unwrap();
    let taken = index::claim(&redis, &narrow, 30).await.unwrap().jobs;
    let counts = [1, 2, 3].map(|of| taken.iter().filter(|(_, whose)| *whose == client(of)).count());
    assert_eq!(counts, [5, 1, 2]);
}

#[tokio::test]
async fn priority_goes_first_within_a_client_and_age_catches_up() {
    let redis = redis().await;
    let old = Enqueue { available_at: chrono::Utc::now() - chrono::TimeDelta::minutes(30), ..waiting(1, 1) };
    let urgent = Enqueue { priority: 10, ..waiting(2, 1) };
    let idle = Enqueue { priority: -10, ..waiting(3, 1) };
    index::add(&redis, &[idle, waiting(4, 1), urgent, old]).await.unwrap();
    assert_eq!(claim(&redis, &settings(), 10).await, [job(1), job(2), job(4), job(3)]);
}

#[tokio::test]
async fn adding_twice_is_harmless_wherever_the_job_is() {
    let redis = redis().await;
    let later = Enqueue { available_at: chrono::Utc::now() + chrono::TimeDelta::hours(1), ..waiting(2, 1) };
    for _ in 0..3 {
        index::add(&redis, &[waiting(1, 1), later]).await.unwrap();
    }
    assert_eq!(index::depth(&redis).await.unwrap(), Depth { waiting: 1, delayed: 1, parked: 0 });
    assert_eq!(claim(&redis, &settings(), 10).await, [job(1)]);
    index::add(&redis, &[waiting(1, 1)]).await.unwrap();
    assert_eq!(claim(&redis, &settings(), 10).await, [], "it is taken and not confirmed yet");
    // A delayed job whose time has come by Postgres' word moves.
    index::add(&redis, &[waiting(2, 1)]).await.unwrap();
    assert_eq!(claim(&redis, &settings(), 10).await, [job(2)]);
}

#[tokio::test]
async fn delayed_jobs_come_when_their_time_has() {
    let redis = redis().await;
    let soon = Enqueue { available_at: chrono::Utc::now() + chrono::TimeDelta::milliseconds(80), ..waiting(1, 1) };
    index::add(&redis, &[soon]).await.unwrap();
    assert_eq!(claim(&redis, &settings(), 1).await, []);
    let taken = hg_testkit::until_some("the delayed job", || {
        let redis = redis.clone();
        async move { claim(&redis, &settings(), 1).await.pop() }
    })
    .await;
    assert_eq!(taken, job(1));
}

#[tokio::test]
async fn what_was_taken_and_not_confirmed_comes_back() {
    let redis = redis().await;
    let hasty = Settings { provisional_lease: Duration::from_millis(50), ..settings() };
    index::add(&redis, &[waiting(1, 1), waiting(2, 1)]).await.unwrap();
    let taken = index::claim(&redis, &hasty, 2).await.unwrap().jobs;
    index::confirm(&redis, &hasty, &taken[..1]).await.unwrap();
    let again = hg_testkit::until_some("the lost job", || {
        let (redis, hasty) = (redis.clone(), hasty.clone());
        async move { claim(&redis, &hasty, 5).await.pop() }
    })
    .await;
    assert_eq!(again, taken[1].0);
    // A stale one is gone, and its slot with it.
    index::stale(&redis, &[taken[1]]).await.unwrap();
    index::finish(&redis, &taken[..1]).await.unwrap();
    let mut conn = redis.conn().await.unwrap();
    let left: Vec<String> = driver::cmd("KEYS").arg(redis.key("q:*")).query_async(&mut conn).await.unwrap();
    let known = ["vt", "last"].map(|name| redis.key(format_args!("q:{name}")));
    assert!(left.iter().all(|key| known.contains(key)), "{left:?}");
}

#[tokio::test]
async fn a_client_at_its_cap_is_parked_and_never_in_the_way() {
    let redis = redis().await;
    let narrow = Settings { tenant_cap: 2, ..settings() };
    index::add(&redis, &(0..300).map(|number| waiting(number, 1)).collect::<Vec<_>>()).await.unwrap();
    let first = index::claim(&redis, &narrow, 10).await.unwrap().jobs;
    assert_eq!(first.len(), 2);
    index::confirm(&redis, &narrow, &first).await.unwrap();
    assert_eq!(index::depth(&redis).await.unwrap(), Depth { waiting: 298, delayed: 0, parked: 1 });
    index::add(&redis, &[waiting(900, 2)]).await.unwrap();
    assert_eq!(claim(&redis, &narrow, 10).await, [job(900)]);
    index::finish(&redis, &first[..1]).await.unwrap();
    assert_eq!(claim(&redis, &narrow, 10).await.len(), 1);
    // A worker that died gives its slots back by time alone.
    let brief = Settings { lease: Duration::from_millis(40), provisional_lease: Duration::from_millis(40), ..narrow };
    index::confirm(&redis, &brief, &first[1..]).await.unwrap();
    hg_testkit::until("the slot to fall free", || {
        let (redis, brief) = (redis.clone(), brief.clone());
        async move { !claim(&redis, &brief, 1).await.is_empty() }
    })
    .await;
}

#[tokio::test]
async fn slots_of_a_provider_are_held_and_given_back() {
    let redis = redis().await;
    let narrow = Settings { provider_cap: 2, ..settings() };
    let take = |number| {
        let (redis, narrow) = (&redis, &narrow);
        async move { index::provider_acquire(redis, narrow, Provider::Groq, job(number)).await.unwrap() }
    };
    assert!(take(1).await && take(2).await && take(2).await);
    assert!(!take(3).await);
    index::provider_release(&redis, Provider::Groq, job(1)).await.unwrap();
    assert!(take(3).await);
}

#[tokio::test]
async fn a_large_backlog_goes_through_in_bounded_batches_and_a_wipe_is_noticed() {
    let redis = redis().await;
    assert!(!index::maintain(&redis).await.unwrap().built);
    index::mark_built(&redis).await.unwrap();
    let many: Vec<Enqueue> = (0..20_500).map(|number| waiting(number, number % 7)).collect();
    index::add(&redis, &many).await.unwrap();
    assert_eq!(index::maintain(&redis).await.unwrap().depth.waiting, 20_500);
    let mut taken = 0;
    loop {
        let claim = index::claim(&redis, &Settings { tenant_cap: 100_000, ..settings() }, 200).await.unwrap();
        assert!(claim.built);
        if claim.jobs.is_empty() {
            break;
        }
        taken += claim.jobs.len();
        index::confirm(&redis, &settings(), &claim.jobs).await.unwrap();
    }
    assert_eq!(taken, 20_500);
    let mut conn = redis.conn().await.unwrap();
    driver::cmd("DEL").arg(redis.key("q:epoch")).query_async::<()>(&mut conn).await.unwrap();
    assert!(!index::claim(&redis, &settings(), 1).await.unwrap().built);
}
