//! The ways to ask for a job, and what the caller of each hears.
//!
//! A provider or model to fall back on is none of them: a job stays with the provider that it was given.

use std::time::Duration;

use hg_testkit::Api;
use http::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::sse::Watching;

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As soon as the job is accepted.
    AtOnce,
    /// When the job has ended, or after so many seconds.
    Wait(u32),
    /// The job's events.
    Stream,
}

/// What came of asking.
pub(super) enum Heard {
    /// A job was accepted.
    Accepted,
    /// A job was accepted, and has ended.
    Ended,
    /// A job was accepted, and its events are the answer.
    Follows(Watching),
    /// Refused, with this error.
    Refused(Value),
}

/// How often each came, by way: at once, waiting, streaming.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([usize; 3]);

impl Counts {
    pub(super) fn add(&mut self, way: Way) {
        self.0[way.index()] += 1;
    }

    pub(super) fn merge(&mut self, others: &Self) {
        self.0.iter_mut().zip(others.0).for_each(|(count, other)| *count += other);
    }

    pub(super) fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// Whether none of the ways is missing.
    pub(super) fn of_each(&self) -> bool {
        self.0.iter().all(|count| *count > 0)
    }
}

impl Way {
    /// The ways by turns.
    pub(super) fn by_turns(number: usize, patience: u32) -> Self {
        [Self::AtOnce, Self::Wait(patience), Self::Stream][number % 3]
    }

    const fn index(self) -> usize {
        match self {
            Self::AtOnce => 0,
            Self::Wait(_) => 1,
            Self::Stream => 2,
        }
    }

    /// Asks for one job.
    pub(super) async fn ask(self, caller: &Api, mut body: Value) -> Heard {
        match self {
            Self::AtOnce => {}
            Self::Wait(seconds) => body["wait"] = json!(seconds),
            Self::Stream => body["stream"] = json!(true),
        }
        let call = caller.start(Method::POST, "/generate").json(&body).timeout(Duration::from_secs(120));
        let answer = call.send().await.unwrap();
        match (answer.status().as_u16(), self) {
            (200, Self::AtOnce) => Heard::Accepted,
            (200, Self::Wait(_)) => {
                let job: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                assert!(["completed", "failed"].contains(&job["status"].as_str().unwrap()), "{job}");
                Heard::Ended
            }
            (202, Self::Wait(_)) => Heard::Accepted,
            (200, Self::Stream) => {
                let mut watching = Watching::of(answer);
                let accepted = watching.expect("accepted").await;
                assert_eq!(accepted.data["status"], "pending", "{accepted:?}");
                Heard::Follows(watching)
            }
            (402, _) => {
                let refused: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                Heard::Refused(refused["error"].clone())
            }
            (other, way) => panic!("{other} for {way:?}: {}", answer.text().await.unwrap()),
        }
    }
}

/// Those who asked for a stream, and read on.
#[derive(Default)]
pub(super) struct Readers(JoinSet<String>);

impl Readers {
    pub(super) fn follow(&mut self, watching: Watching) {
        self.0.spawn(async move {
            let seen = watching.rest().await;
            seen.last().map(|last| last.event.clone()).unwrap_or_default()
        });
    }

    /// How many texts were read to their end. A stream that ends with neither a text nor a failure is a defect.
    pub(super) async fn finish(self) -> usize {
        let ends = self.0.join_all().await;
        assert!(ends.iter().all(|end| ["completed", "failed"].contains(&end.as_str())), "{ends:?}");
        ends.iter().filter(|end| *end == "completed").count()
    }
}
