//! Sealing: what the triggers appended becomes a chain per client.
//!
//! Each seal covers its entry, its place and the seal before it, with a key that the database doesn't have. A chain is
//! extended by one process at a time (its row is locked), and only while its end is what the key says it is: sealing on
//! top of a chain that was cut would make the cut look right.

use sqlx::Row as _;
use uuid::Uuid;

use super::{
    entry::{Entry, entry_columns},
    keys::AuditKeys,
};
use crate::db::{SystemDb, SystemTx};

/// How many chains one round looks after.
const CHAINS: i64 = 100;

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Entries that have a seal now.
    pub entries: u64,
    /// Chains whose end isn't what the key says it is: nothing is sealed on top of it.
    pub broken: u64,
    /// Whether a chain has more than was taken.
    pub more: bool,
}

/// Seals what waits: at most `most` entries of each of a hundred chains. Safe with any number of replicas: a chain that
/// somebody else works on is left to them.
///
/// # Errors
/// When the database can't be reached.
pub async fn seal_some(db: &SystemDb, keys: &AuditKeys, most: i64) -> Result<Sealed, sqlx::Error> {
    let mut tx = db.begin().await?;
    let waiting: Vec<Uuid> = sqlx::query_scalar("SELECT DISTINCT chain FROM audit_unsealed LIMIT $1")
        .bind(CHAINS)
        .fetch_all(&mut *tx)
        .await?;
    tx.rollback().await?;
    let mut sealed = Sealed { more: waiting.len() as i64 == CHAINS, ..Sealed::default() };
    for chain in waiting {
        match seal_chain(db.begin().await?, keys, chain, most).await? {
            Step::Sealed(entries) => {
                sealed.entries += entries;
                sealed.more |= entries == most.unsigned_abs();
            }
            Step::Busy => {}
            Step::Broken => {
                tracing::error!(%chain, "the end of an audit chain isn't what its seal says: run `hg admin audit verify`");
                sealed.broken += 1;
            }
        }
    }
    Ok(sealed)
}

enum Step {
    Sealed(u64),
    Busy,
    Broken,
}

async fn seal_chain(mut tx: SystemTx, keys: &AuditKeys, chain: Uuid, most: i64) -> Result<Step, sqlx::Error> {
    sqlx::query("INSERT INTO audit_chains (chain, length, mac) VALUES ($1, 0, '') ON CONFLICT DO NOTHING")
        .bind(chain)
        .execute(&mut *tx)
        .await?;
    let end =
        sqlx::query("SELECT length, mac, key_id, head_seal FROM audit_chains WHERE chain = $1 FOR UPDATE SKIP LOCKED")
            .bind(chain)
            .fetch_optional(&mut *tx)
            .await?;
    let Some(end) = end else { return Ok(Step::Busy) };
    let (length, mac): (i64, Vec<u8>) = (end.try_get("length")?, end.try_get("mac")?);
    let seal: (Option<String>, Option<Vec<u8>>) = (end.try_get("key_id")?, end.try_get("head_seal")?);
    // What the seals themselves say about the end; it must agree.
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT position, mac FROM audit_seals WHERE chain = $1 ORDER BY position DESC LIMIT 1")
            .bind(chain)
            .fetch_optional(&mut *tx)
            .await?;
    let sound = match (seal, last) {
        ((None, None), None) => length == 0 && mac.is_empty(),
        ((Some(key_id), Some(seal)), Some((position, last))) => {
            position == length && last == mac && keys.head_fits(&key_id, chain, length, &mac, &seal)
        }
        _ => false,
    };
    if !sound {
        return Ok(Step::Broken);
    }
    let entries: Vec<Entry> = sqlx::query_as(concat!(
        "SELECT ",
        entry_columns!(),
        " FROM audit_unsealed u JOIN audit_log l ON l.id = u.audit_id WHERE u.chain = $1 ORDER BY u.audit_id LIMIT $2"
    ))
    .bind(chain)
    .bind(most)
    .fetch_all(&mut *tx)
    .await?;
    if entries.is_empty() {
        return Ok(Step::Sealed(0));
    }
    append(tx, keys, chain, (length, mac), &entries).await
}

async fn append(
    mut tx: SystemTx,
    keys: &AuditKeys,
    chain: Uuid,
    (length, mut mac): (i64, Vec<u8>),
    entries: &[Entry],
) -> Result<Step, sqlx::Error> {
    let key_id = keys.sealing();
    let mut position = length;
    let (mut positions, mut ids, mut macs) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        position += 1;
        // The sealing key is in the ring by its making.
        let Some(seal) = keys.seal(key_id, chain, position, &mac, entry) else { return Ok(Step::Broken) };
        positions.push(position);
        ids.push(entry.id);
        macs.push(seal.clone());
        mac = seal;
    }
    let Some(head) = keys.seal_head(key_id, chain, position, &mac) else { return Ok(Step::Broken) };
    sqlx::query(
        "INSERT INTO audit_seals (chain, position, audit_id, key_id, mac)
         SELECT $1, given.position, given.audit_id, $2, given.mac
           FROM unnest($3::bigint[], $4::uuid[], $5::bytea[]) AS given (position, audit_id, mac)",
    )
    .bind(chain)
    .bind(key_id)
    .bind(&positions)
    .bind(&ids)
    .bind(&macs)
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE audit_chains SET length = $2, mac = $3, key_id = $4, head_seal = $5 WHERE chain = $1")
        .bind(chain)
        .bind(position)
        .bind(&mac)
        .bind(key_id)
        .bind(&head)
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM audit_unsealed WHERE audit_id = ANY ($1)").bind(&ids).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Step::Sealed(entries.len() as u64))
}
