//! IM's `POST /generate-prompt`, as CPM asks it: on a tenant's behalf, with the tenant's effective strategy in the body.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use hg_common::auth::Service;
use http::StatusCode;
use serde_json::json;

use super::{
    questions::{Question, ask},
    tenancy,
};
use crate::{
    bench::Bench,
    load::Work,
    measure::{Figure, Measure, Target},
    system::{Provider, System},
};
use hg_rig::http::{Answer, Call};

const PER_SECOND: f64 = 3_000.0;
/// One answer in so many is read whole; of the others, status and length are looked at.
const READ_WHOLE: u64 = 20;

struct Prompts {
    bodies: Arc<[Bytes]>,
    bearers: Vec<String>,
}

impl Prompts {
    fn index(&self, number: u64) -> usize {
        usize::try_from(number).unwrap_or_default() % self.bodies.len()
    }
}

impl Work for Prompts {
    fn call(&self, number: u64) -> Call {
        let index = self.index(number);
        Call::post("/generate-prompt", self.bodies[index].clone()).header("authorization", &self.bearers[index])
    }

    fn check(&self, number: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        anyhow::ensure!(answer.body.len() > 500, "a short prompt: {}", answer.text());
        if number.is_multiple_of(READ_WHOLE) {
            let json = answer.json()?;
            let prompt = json["prompt"].as_str().unwrap_or_default();
            let topic = topic(self.index(number));
            anyhow::ensure!(prompt.contains(&topic), "the prompt is not about {topic}: {}", answer.text());
            anyhow::ensure!(json["template_version"] == 1, "the prompt names no version: {}", answer.text());
        }
        Ok(())
    }
}

fn topic(index: usize) -> String {
    format!("Panel upgrades, part {index}")
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let bodies = bodies(&system).await?;
    let question = Question { row: "prompt", name: "generate-prompt", service: Service::Im };
    let work =
        |system: &System| Ok(Prompts { bodies: Arc::clone(&bodies), bearers: tenancy::bearers(system, Service::Im)? });
    let [closed, open] = ask(bench, &mut system, &question, work).await?;
    Ok(vec![closed.target(Target::at_least(Figure::PerSecond, PER_SECOND)), open])
}

/// A request per tenant, with its strategy as SMM gives it.
async fn bodies(system: &System) -> Result<Arc<[Bytes]>> {
    let smm = system.server(Service::Smm);
    let bearers = tenancy::bearers(system, Service::Smm)?;
    let mut bodies = Vec::new();
    for (index, (tenant, bearer)) in system.tenants().iter().zip(&bearers).enumerate() {
        let answer = smm.send(&tenancy::strategy_call(tenant.id, bearer)).await?;
        answer.expect(StatusCode::OK)?;
        let body = json!({
            "client_id": tenant.id, "content_type": "blog_post", "topic": topic(index),
            "keywords": ["panel upgrade", "commercial wiring"], "strategy": answer.json()?,
        });
        bodies.push(Bytes::from(body.to_string()));
    }
    Ok(bodies.into())
}
