//! One watcher: a job's events from one replica, and from the next where that one breaks off; every number is checked.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use hg_rig::{
    http::{Call, Connection},
    sse::{Event, Events},
};
use hg_types::JobId;

use super::{Shared, Watched};

/// A stream that says nothing for so long, not even that it lives, is dead. (A job may wait for minutes, and the keep-alives
/// are comments, which aren't seen here: then it is watched anew, which must be harmless.)
const SILENCE: Duration = Duration::from_secs(20);
/// How soon a broken stream is taken up again.
const PAUSE: Duration = Duration::from_millis(100);
/// A watcher that hasn't seen the end by then never will.
const PATIENCE: Duration = Duration::from_secs(600);

/// How a stream ended.
enum End {
    /// With the job's last event.
    Job,
    /// 204: there is nothing more to tell.
    NothingMore,
    /// It broke off, or said that it can't tell now.
    BrokenOff,
}

/// Watches until the job's end.
pub(super) async fn watch(shared: Arc<Shared>, key: String, job: JobId, first: usize) {
    let mut watching = Watching {
        seen: Watched { job, last: 0, ended: false, resumed: 0, complaints: Vec::new() },
        last_id: String::new(),
    };
    let began = Instant::now();
    let mut before = None;
    for replica in first.. {
        let replica = replica % shared.servers.len();
        // Only a stream that told something can be gone on with.
        if before.replace(replica).is_some_and(|before| before != replica) && !watching.last_id.is_empty() {
            watching.seen.resumed += 1;
        }
        match watching.stream(&shared, replica, &key).await {
            Ok(End::Job) => break,
            Ok(End::NothingMore) => {
                watching.seen.complaints.push("204, and the end was never told".to_owned());
                break;
            }
            Ok(End::BrokenOff) | Err(_) if began.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            Ok(End::BrokenOff) | Err(_) => break,
        }
    }
    shared.telling.write(|told| told.watched.push(watching.seen));
}

struct Watching {
    seen: Watched,
    last_id: String,
}

impl Watching {
    async fn stream(&mut self, shared: &Shared, replica: usize, key: &str) -> Result<End> {
        let mut call = Call::get(format!("/jobs/{}/events", self.seen.job)).header("x-api-key", key);
        if !self.last_id.is_empty() {
            call = call.header("last-event-id", &self.last_id);
        }
        let mut connection = Connection::open(shared.servers[replica].address()).await?;
        let answer = tokio::time::timeout(SILENCE, connection.start(&call)).await??;
        match answer.status().as_u16() {
            200 => {}
            204 => return Ok(End::NothingMore),
            500.. | 429 => return Ok(End::BrokenOff),
            status => {
                self.seen.complaints.push(format!("the stream was answered with {status}"));
                return Ok(End::BrokenOff);
            }
        }
        let mut events = Events::new(answer.into_body());
        while let Some(event) = tokio::time::timeout(SILENCE, events.next()).await?? {
            self.take(&event);
            if self.seen.ended {
                return Ok(End::Job);
            }
        }
        Ok(End::BrokenOff)
    }

    /// Stored events are numbered without gap or repeat; live text belongs to the one before it.
    fn take(&mut self, event: &Event) {
        if event.id.is_empty() {
            return;
        }
        let mut parts = event.id.splitn(2, '.');
        let number: Option<i32> = parts.next().and_then(|number| number.parse().ok());
        let is_text = parts.next().is_some();
        let last = self.seen.last;
        match number {
            None => self.seen.complaints.push(format!("{:?} is no event's id", event.id)),
            Some(number) if is_text && number != last => {
                self.seen.complaints.push(format!("text after event {number}, but {last} was the last"));
            }
            Some(_) if is_text => {}
            Some(number) if number <= last => self.seen.complaints.push(format!("event {number} again, after {last}")),
            Some(number) => {
                if number != last + 1 {
                    self.seen.complaints.push(format!("event {number} after {last}"));
                }
                self.seen.last = number;
            }
        }
        self.last_id.clone_from(&event.id);
        self.seen.ended = matches!(event.kind.as_str(), "completed" | "failed" | "cancelled");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(ids: &[&str]) -> Vec<String> {
        let seen = Watched { job: JobId(uuid::Uuid::nil()), last: 0, ended: false, resumed: 0, complaints: Vec::new() };
        let mut watching = Watching { seen, last_id: String::new() };
        for id in ids {
            watching.take(&Event { id: (*id).to_owned(), kind: "status".to_owned(), data: String::new() });
        }
        watching.seen.complaints
    }

    #[test]
    fn gaps_and_repeats_are_noticed() {
        assert!(complaints(&["1", "2", "2.17-0.5", "2.17-1.9", "3"]).is_empty());
        assert_eq!(complaints(&["1", "3"]), ["event 3 after 1"]);
        assert_eq!(complaints(&["1", "2", "2"]), ["event 2 again, after 2"]);
        assert_eq!(complaints(&["1", "2.17-0.5"]), ["text after event 2, but 1 was the last"]);
    }
}
