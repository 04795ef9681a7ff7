//! The hierarchy as its operator sees it: 10,000 customers under 200 agencies.

use std::sync::{Arc, atomic::AtomicU64};

use anyhow::{Context as _, Result};
use hg_common::auth::{Principal, Service};
use hg_types::UserId;
use http::StatusCode;
use serde_json::Value;

use crate::{
    bench::Bench,
    latency::{Latency, median},
    load::{self, Work},
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::{
    http::{Answer, Call},
    plant,
};

/// Agencies, and customers of each.
const SHAPE: (i32, i32) = (200, 50);
const MEDIAN_MS: f64 = 50.0;

/// A question about the hierarchy, and how many clients its answer shows.
struct Question {
    name: &'static str,
    path: &'static str,
    shows: usize,
    target: Option<f64>,
}

const QUESTIONS: [Question; 4] = [
    Question { name: "tree of 10,201 clients", path: "/client-tree", shows: 10_201, target: Some(MEDIAN_MS) },
    Question { name: "tree of 201 clients, to the agencies", path: "/client-tree?depth=2", shows: 201, target: None },
    Question { name: "list of clients, first page", path: "/clients?limit=50", shows: 50, target: None },
    Question { name: "clients by name", path: "/clients?limit=50&q=wide-117", shows: 50, target: None },
];

struct Asked {
    question: &'static Question,
    bearer: String,
}

impl Work for Asked {
    fn call(&self, _: u64) -> Call {
        Call::get(self.question.path).header("authorization", &self.bearer)
    }

    fn check(&self, number: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        // Reading ten thousand nodes takes longer than the answer.
        if !number.is_multiple_of(10) {
            return Ok(());
        }
        let shown = clients_in(&answer.json()?);
        let Question { path, shows, .. } = self.question;
        anyhow::ensure!(shown == *shows, "{path} shows {shown} clients, not {shows}");
        Ok(())
    }
}

/// Clients in an answer, however it nests or lists them.
fn clients_in(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            usize::from(fields.contains_key("slug")) + fields.values().map(clients_in).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(clients_in).sum(),
        _ => 0,
    }
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let operator = plant::many_clients(&mut system.db().await?, SHAPE).await?;
    let mut measures = Vec::new();
    for question in &QUESTIONS {
        measures.push(measure(bench, &system, question, operator).await.context(question.path)?);
    }
    system.check_alive()?;
    Ok(measures)
}

async fn measure(bench: &Bench, system: &System, question: &'static Question, operator: UserId) -> Result<Measure> {
    let server = system.server(Service::Smm);
    let numbers = Arc::new(AtomicU64::new(0));
    // A token lives for a minute: each round gets its own.
    let asked = || {
        let bearer = format!("Bearer {}", system.token(Service::Gateway, Service::Smm, &Principal::User(operator))?);
        anyhow::Ok(Arc::new(Asked { question, bearer }))
    };
    load::callers_for(&server, 4, bench.pace.warm_up(), &asked()?, &numbers).await?;
    bench.forget_statements(system).await?;
    let meter = system.meter()?;
    let (mut latencies, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..bench.pace.rounds() {
        let round = load::callers_for(&server, 1, bench.pace.seconds(5, 2), &asked()?, &numbers).await?;
        latencies.push(round.samples.latency());
        rates.push(round.per_second());
    }
    let usage = meter.stop()?;
    let measure = Measure::new("tree", question.name)
        .latency(Latency::median_of(&latencies))
        .per_second(median(rates))
        .usage(usage, Service::Smm.as_str())
        .notes(bench.statements(system).await?);
    Ok(match question.target {
        Some(ms) => measure.target(Target::at_most(Figure::Median, ms)),
        None => measure,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn clients_are_counted_wherever_they_stand() {
        let tree = json!({"nodes": [{"slug": "a", "children": [{"slug": "b"}, {"slug": "c", "children": []}]}]});
        assert_eq!(clients_in(&tree), 3);
        assert_eq!(clients_in(&json!({"data": [], "pagination": {"total": 5}})), 0);
    }
}
