//! `hg admin audit`: proves the audit log, with the key that the database doesn't have.

use anyhow::{Context as _, Result, bail};
use hg_common::{
    audit::{AuditKeys, Head, heads, parse_heads, verify},
    config::Env,
};
use sqlx::PgConnection;
use uuid::Uuid;

use super::users::client_id;
use crate::cli::{Audit, AuditSub, AuditVerify};
use crate::database::connect_as_owner;

/// Faults that are printed one by one; the rest is counted.
const PRINTED: usize = 1_000;

/// Does one thing.
pub(super) async fn run(options: Audit) -> Result<()> {
    match options.command {
        AuditSub::Verify(options) => prove(options).await,
        AuditSub::Heads(options) => {
            let mut connection = connect_as_owner(&options.direct.url()?).await?;
            for head in heads(&mut connection).await? {
                println!("{head}");
            }
            Ok(())
        }
    }
}

async fn prove(options: AuditVerify) -> Result<()> {
    let keys = keys()?;
    let kept = match &options.heads {
        Some(path) => read_heads(path)?,
        None => Vec::new(),
    };
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let only = match &options.client {
        Some(client) => Some(chain_of(&mut connection, client).await?),
        None => None,
    };
    let mut printed = 0;
    let mut tell = |fault| {
        if printed < PRINTED {
            println!("{fault}");
        }
        printed += 1;
    };
    let found = verify(&mut connection, &keys, only, &kept, &mut tell).await?;
    if printed > PRINTED {
        println!("… and {} more", printed - PRINTED);
    }
    println!(
        "{} chains, {} sealed entries, {} waiting for their seal; {} values fit, {} were erased on record",
        found.chains, found.sealed, found.waiting, found.values, found.erased
    );
    if found.faults > 0 {
        bail!("{} faults: the audit log isn't what was written", found.faults);
    }
    println!("no fault");
    Ok(())
}

fn keys() -> Result<AuditKeys> {
    let mut env = Env::from_process("hg");
    let keys = env.optional::<AuditKeys>("AUDIT_KEYS").secret().read();
    env.finish()?;
    keys.context("set AUDIT_KEYS, or AUDIT_KEYS_FILE, to what the strategy service seals with")
}

fn read_heads(path: &std::path::Path) -> Result<Vec<Head>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_heads(&text)
        .map_err(|(line, error)| anyhow::Error::new(error).context(format!("{}, line {line}", path.display())))
}

/// A client's chain; also of one that is gone, by its id.
async fn chain_of(connection: &mut PgConnection, client: &str) -> Result<Uuid> {
    match client.parse() {
        Ok(id) => Ok(id),
        Err(_) => client_id(connection, client).await,
    }
}
