//! Lies that are planted in the books of a real run, to see that a run finds them: `--plant lost-job`. Nothing else may use it.

use std::str::FromStr;

use anyhow::{Context as _, Result};
use hg_rig::http::{Call, Server};

use crate::system::System;

/// What is planted, once nothing runs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// An accepted job disappears.
    LostJob,
    /// A job is charged a second time.
    SecondCharge,
    /// The provider is called for a job, and no ledger knows.
    UnknownCall,
}

impl FromStr for Sabotage {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lost-job" => Ok(Self::LostJob),
            "second-charge" => Ok(Self::SecondCharge),
            "unknown-call" => Ok(Self::UnknownCall),
            _ => anyhow::bail!("expected lost-job, second-charge or unknown-call"),
        }
    }
}

impl Sabotage {
    /// Plants it; the number chooses the job.
    pub(crate) async fn plant(self, system: &System, number: i64) -> Result<()> {
        let mut db = system.db().await?;
        let (id, topic): (uuid::Uuid, String) = sqlx::query_as(
            "SELECT id, topic FROM jobs WHERE status = 'completed' ORDER BY id
             OFFSET $1 % (SELECT count(*) FROM jobs WHERE status = 'completed') LIMIT 1",
        )
        .bind(number)
        .fetch_one(&mut db)
        .await
        .context("no job to lie about")?;
        match self {
            Self::LostJob => {
                sqlx::query("DELETE FROM jobs WHERE id = $1").bind(id).execute(&mut db).await?;
            }
            Self::SecondCharge => {
                sqlx::raw_sql("ALTER TABLE charges DROP CONSTRAINT charges_pkey").execute(&mut db).await?;
                sqlx::query("INSERT INTO charges SELECT * FROM charges WHERE job_id = $1")
                    .bind(id)
                    .execute(&mut db)
                    .await?;
            }
            Self::UnknownCall => {
                let address = system.simulator.base_url.trim_start_matches("http://").parse()?;
                let body =
                    serde_json::json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": topic}]});
                let call = Call::post("/openai/v1/chat/completions", body.to_string())
                    .header("authorization", "Bearer sim-key");
                let answer = Server::new(address).send(&call).await?;
                answer.expect(http::StatusCode::OK)?;
            }
        }
        Ok(())
    }
}
