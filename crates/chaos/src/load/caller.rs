//! One caller and one request, as `docs/integrators.md` says: the same request with the same key, until there is an answer.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use hg_rig::http::{Answer, Call};
use hg_types::JobId;
use serde_json::json;

use super::{Accepted, Asked, Shared, watcher};

/// No answer after so long is none.
const TIMEOUT: Duration = Duration::from_secs(5);
/// After so long a caller gives up: that is a failed request.
const PATIENCE: Duration = Duration::from_secs(120);
/// The first pause; each is half as long again as the last, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What came of a request in the end.
enum End {
    Answered(Answer),
    GivenUp(String),
}

/// Somebody who asks for one job.
pub(super) struct Caller<'a> {
    shared: &'a Arc<Shared>,
    asked: Asked,
}

impl<'a> Caller<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, number: u64) -> Self {
        Self { shared, asked: Asked::of(shared.plan.seed, number) }
    }

    /// Asks for a job, and sets off what is to be done with it.
    pub(super) async fn ask(self) {
        let Self { shared, asked } = self;
        let tenant = &shared.tenants[asked.tenant];
        let body = json!({"client_id": tenant.slug, "content_type": asked.content_type, "topic": asked.topic(),
            "keywords": ["panel upgrade"]});
        let call = Call::post("/generate", body.to_string())
            .header("x-api-key", &tenant.key)
            .header("idempotency-key", &asked.key());
        let answer = match until_answered(shared, &call, asked.replica).await {
            End::Answered(answer) => answer,
            End::GivenUp(why) => {
                shared.telling.write(|told| told.failed.push(format!("request {}: {why}", asked.number)));
                return;
            }
        };
        if answer.status.as_u16() == 402 {
            shared.telling.write(|told| told.refused += 1);
            return;
        }
        let job: Option<JobId> =
            answer.status.is_success().then(|| answer.json().ok()?["job_id"].as_str()?.parse().ok()).flatten();
        let Some(job) = job else {
            let what = format!("request {}: {} {}", asked.number, answer.status, answer.text());
            shared.telling.write(|told| told.failed.push(what));
            return;
        };
        shared.telling.write(|told| told.accepted.push(Accepted { number: asked.number, job }));
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        if asked.watched {
            shared.telling.write(|told| told.watchers += 1);
            shared.followers.spawn(watcher::watch(Arc::clone(shared), tenant.key.clone(), job, asked.replica));
        }
        if let Some(pause) = asked.cancel_after {
            shared.telling.write(|told| told.cancellations += 1);
            shared.followers.spawn(cancel(Arc::clone(shared), tenant.key.clone(), job, asked.replica, pause));
        }
    }
}

async fn cancel(shared: Arc<Shared>, key: String, job: JobId, replica: usize, pause: Duration) {
    tokio::time::sleep(pause).await;
    let call = Call::delete(format!("/jobs/{job}")).header("x-api-key", &key);
    let what = match until_answered(&shared, &call, replica).await {
        // 409: it has ended already.
        End::Answered(answer) if answer.status.is_success() || answer.status.as_u16() == 409 => return,
        End::Answered(answer) => format!("cancelling job {job}: {} {}", answer.status, answer.text()),
        End::GivenUp(why) => format!("cancelling job {job}: {why}"),
    };
    shared.telling.write(|told| told.failed.push(what));
}

/// Sends it until there is an answer that isn't "later": at one replica after the other, ever more slowly.
async fn until_answered(shared: &Shared, call: &Call, first: usize) -> End {
    let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
    for replica in first.. {
        let server = &shared.servers[replica % shared.servers.len()];
        let why = match tokio::time::timeout(TIMEOUT, server.send(call)).await {
            Ok(Ok(answer)) if answer.status.is_server_error() || answer.status.as_u16() == 429 => {
                let code = answer.json().ok().and_then(|body| body["error"]["code"].as_str().map(str::to_owned));
                format!("{} {}", answer.status.as_u16(), code.unwrap_or_default())
            }
            Ok(Ok(answer)) => return End::Answered(answer),
            Ok(Err(_)) => "no connection".to_owned(),
            Err(_) => format!("no answer in {} s", TIMEOUT.as_secs()),
        };
        if began.elapsed() > PATIENCE {
            return End::GivenUp(format!("given up after {} s; the last time: {why}", PATIENCE.as_secs()));
        }
        shared.telling.write(|told| *told.again.entry(why).or_default() += 1);
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
    End::GivenUp("there are no more replicas".to_owned())
}
