//! `hg admin ledger`: proves the accounts.

use anyhow::{Result, bail};
use hg_common::ledger::{Extent, verify};

use super::users::client_id;
use crate::cli::{Ledger, LedgerSub, LedgerVerify};
use crate::database::connect_as_owner;

/// Faults that are printed one by one; the rest is counted.
const PRINTED: usize = 1_000;

/// Does one thing.
pub(super) async fn run(options: Ledger) -> Result<()> {
    match options.command {
        LedgerSub::Verify(options) => prove(options).await,
    }
}

async fn prove(options: LedgerVerify) -> Result<()> {
    let mut connection = connect_as_owner(&options.direct.url()?).await?;
    let client = match &options.client {
        Some(client) => Some(client_id(&mut connection, client).await?),
        None => None,
    };
    let mut printed = 0;
    let mut tell = |fault| {
        if printed < PRINTED {
            println!("{fault}");
        }
        printed += 1;
    };
    let outcomes = verify(&mut connection, Extent { client, since: options.since }, &mut tell).await?;
    if printed > PRINTED {
        println!("… and {} more", printed - PRINTED);
    }
    println!("{:>10}  {:>7}  proof", "rows", "differ");
    for outcome in &outcomes {
        println!("{:>10}  {:>7}  {}", outcome.rows, outcome.faults, outcome.check);
    }
    if printed > 0 {
        bail!("{printed} rows differ: the accounts aren't what they should be");
    }
    println!("no fault");
    Ok(())
}
