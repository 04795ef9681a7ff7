//! The scripts of the index and their calls: each one atomic, bounded, and on Redis's own clock.
//!
//! Keys are made inside the scripts from one prefix, so this needs one Redis, not a cluster.

use std::{collections::HashMap, sync::LazyLock};

use hg_common::redis::{
    Redis, RedisError,
    driver::{self, Script},
};
use hg_types::{ClientId, JobId, Provider};

use super::{
    Depth, Enqueue, Share,
    settings::{Settings, millis},
};

/// So many jobs go into one script call at most.
const BATCH: usize = 200;
/// So many fields of a hash are written with one command.
const FIELDS: usize = 1_000;
/// How far one step of priority moves a job ahead: a job that waits longer than that overtakes.
const BOOST_MS: i64 = 60_000;

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/prelude.lua"), include_str!(concat!("lua/", $file))))
        });
    };
}
script!(ADD, "add.lua");
script!(CLAIM, "claim.lua");
script!(CONFIRM, "confirm.lua");
script!(STALE, "stale.lua");
script!(FINISH, "finish.lua");
script!(HOLD, "hold.lua");
script!(SLOT, "slot.lua");
script!(MAINTAIN, "maintain.lua");

/// What a claim took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Whether the index was built since Redis was last wiped; where not, it is to be rebuilt.
    pub built: bool,
    /// Jobs with a provisional lease: to be confirmed, or given back.
    pub jobs: Vec<(JobId, ClientId)>,
}

/// What the upkeep of the index found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Whether the index was built since Redis was last wiped; where not, it is to be rebuilt.
    pub built: bool,
    /// How many jobs were moved back to their queues.
    pub moved: u64,
    /// How much is in the index.
    pub depth: Depth,
}

fn prefix(redis: &Redis) -> String {
    redis.key("q:")
}

pub(super) async fn add(redis: &Redis, jobs: &[Enqueue]) -> Result<(), RedisError> {
    for batch in jobs.chunks(BATCH) {
        let mut call = ADD.key(prefix(redis));
        for job in batch {
            call.arg(job.job_id.to_string())
                .arg(job.client_id.to_string())
                .arg(job.priority)
                .arg(job.available_at.timestamp_millis())
                .arg(i64::from(job.priority) * BOOST_MS);
        }
        call.invoke_async::<i64>(&mut *redis.conn().await?).await?;
    }
    Ok(())
}

pub(super) async fn claim(redis: &Redis, settings: &Settings, most: usize) -> Result<Claim, RedisError> {
    let reply: Vec<String> = CLAIM
        .key(prefix(redis))
        .arg(most.min(BATCH))
        .arg(millis(settings.provisional_lease))
        .arg(settings.tenant_cap)
        .invoke_async(&mut *redis.conn().await?)
        .await?;
    let mut reply = reply.into_iter();
    let built = reply.next().as_deref() == Some("1");
    let mut jobs = Vec::new();
    while let (Some(job), Some(client)) = (reply.next(), reply.next()) {
        if let (Ok(job), Ok(client)) = (job.parse(), client.parse()) {
            jobs.push((job, client));
        }
    }
    Ok(Claim { built, jobs })
}

pub(super) async fn confirm(redis: &Redis, settings: &Settings, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
    for batch in jobs.chunks(BATCH) {
        let mut call = CONFIRM.key(prefix(redis));
        call.arg(millis(settings.lease));
        for (job, client) in batch {
            call.arg(job.to_string()).arg(client.to_string());
        }
        call.invoke_async::<i64>(&mut *redis.conn().await?).await?;
    }
    Ok(())
}

pub(super) async fn stale(redis: &Redis, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
    for_pairs(&STALE, redis, jobs).await
}

pub(super) async fn finish(redis: &Redis, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
    for_pairs(&FINISH, redis, jobs).await
}

async fn for_pairs(script: &Script, redis: &Redis, jobs: &[(JobId, ClientId)]) -> Result<(), RedisError> {
    for batch in jobs.chunks(BATCH) {
        let mut call = script.key(prefix(redis));
        for (job, client) in batch {
            call.arg(job.to_string()).arg(client.to_string());
        }
        call.invoke_async::<i64>(&mut *redis.conn().await?).await?;
    }
    Ok(())
}

pub(super) async fn hold(
    redis: &Redis,
    settings: &Settings,
    jobs: &HashMap<JobId, (ClientId, Option<Provider>)>,
) -> Result<(), RedisError> {
    let all: Vec<_> = jobs.iter().collect();
    for batch in all.chunks(BATCH) {
        let mut call = HOLD.key(prefix(redis));
        call.arg(millis(settings.lease));
        for (job, (client, provider)) in batch {
            call.arg(job.to_string()).arg(client.to_string()).arg(provider.map_or("", Provider::as_str));
        }
        call.invoke_async::<i64>(&mut *redis.conn().await?).await?;
    }
    Ok(())
}

pub(super) async fn maintain(redis: &Redis) -> Result<Maintained, RedisError> {
    let (built, moved, waiting, delayed, parked): (u8, u64, u64, u64, u64) =
        MAINTAIN.key(prefix(redis)).invoke_async(&mut *redis.conn().await?).await?;
    Ok(Maintained { built: built == 1, moved, depth: Depth { waiting, delayed, parked } })
}

pub(super) async fn depth(redis: &Redis) -> Result<Depth, RedisError> {
    maintain(redis).await.map(|maintained| maintained.depth)
}

/// These are all shares that there are: others are forgotten.
pub(super) async fn set_shares(redis: &Redis, shares: &[Share]) -> Result<(), RedisError> {
    let key = format!("{}share", prefix(redis));
    let mut call = driver::pipe();
    call.atomic().del(&key).ignore();
    for some in shares.chunks(FIELDS) {
        let fields: Vec<(String, String)> = some
            .iter()
            .map(|share| {
                let cap = share.concurrency.map(|cap| cap.to_string()).unwrap_or_default();
                (share.client.to_string(), format!("{}:{cap}", share.weight))
            })
            .collect();
        call.hset_multiple(&key, &fields).ignore();
    }
    Ok(call.query_async(&mut *redis.conn().await?).await?)
}

pub(super) async fn mark_built(redis: &Redis) -> Result<(), RedisError> {
    let key = format!("{}epoch", prefix(redis));
    Ok(driver::cmd("SET").arg(key).arg(1).query_async(&mut *redis.conn().await?).await?)
}

pub(super) async fn provider_acquire(
    redis: &Redis,
    settings: &Settings,
    provider: Provider,
    job: JobId,
) -> Result<bool, RedisError> {
    let got: u8 = SLOT
        .key(prefix(redis))
        .arg(format!("p:{provider}"))
        .arg(job.to_string())
        .arg(settings.provider_cap_of(provider))
        .arg(millis(settings.lease))
        .invoke_async(&mut *redis.conn().await?)
        .await?;
    Ok(got == 1)
}

pub(super) async fn provider_release(redis: &Redis, provider: Provider, job: JobId) -> Result<(), RedisError> {
    let key = format!("{}run:p:{provider}", prefix(redis));
    Ok(driver::cmd("ZREM").arg(key).arg(job.to_string()).query_async(&mut *redis.conn().await?).await?)
}
