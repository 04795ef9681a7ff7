//! SMM's effective strategy, as CPM asks for it before each prompt.

use std::sync::Arc;

use anyhow::Result;
use hg_common::auth::Service;
use http::StatusCode;

use super::{
    questions::{Question, ask},
    tenancy,
};
use crate::{
    bench::Bench,
    http::{Answer, Call},
    load::Work,
    measure::Measure,
    plant::Tenant,
    system::{Provider, System},
};

/// One answer in so many is read whole.
const READ_WHOLE: u64 = 20;

struct Strategies {
    tenants: Arc<[Tenant]>,
    bearers: Vec<String>,
}

impl Work for Strategies {
    fn call(&self, number: u64) -> Call {
        let index = usize::try_from(number).unwrap_or_default() % self.tenants.len();
        tenancy::strategy_call(self.tenants[index].id, &self.bearers[index])
    }

    fn check(&self, number: u64, answer: &Answer) -> Result<()> {
        answer.expect(StatusCode::OK)?;
        if number.is_multiple_of(READ_WHOLE) { tenancy::check_strategy(&answer.json()?) } else { Ok(()) }
    }
}

pub(super) async fn run(bench: &mut Bench) -> Result<Vec<Measure>> {
    let mut system = bench.system(Provider::INSTANT).await?;
    let question = Question { row: "strategy", name: "effective strategy", service: Service::Smm };
    let work = |system: &System| {
        Ok(Strategies { tenants: system.tenants(), bearers: tenancy::bearers(system, Service::Smm)? })
    };
    Ok(ask(bench, &mut system, &question, work).await?.into())
}
