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
    // In no order: what is broken keeps waiting, and must not stand in the way of the others, however much of it there is.
    let waiting: Vec<Uuid> = sqlx::query_scalar(
        "SELECT chain FROM (SELECT DISTINCT chain FROM audit_unsealed) AS waiting ORDER BY random() LIMIT $1",
    )
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
    let (length, mac) = match the_end(&mut tx, keys, chain).await? {
        End::Sound { length, mac } => (length, mac),
        End::Busy => return Ok(Step::Busy),
        End::Broken => return Ok(Step::Broken),
    };
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

/// Gives chains that rest a new head, with the key that seals now: a head with an older key would need that key here for
/// ever. At most a hundred chains at a time; how many got one.
///
/// # Errors
/// When the database can't be reached.
pub async fn renew_heads(db: &SystemDb, keys: &AuditKeys) -> Result<u64, sqlx::Error> {
    let mut tx = db.begin().await?;
    let old: Vec<Uuid> =
        sqlx::query_scalar("SELECT chain FROM audit_chains WHERE key_id <> $1 ORDER BY random() LIMIT $2")
            .bind(keys.sealing())
            .bind(CHAINS)
            .fetch_all(&mut *tx)
            .await?;
    tx.rollback().await?;
    let mut renewed = 0;
    for chain in old {
        let mut tx = db.begin().await?;
        match the_end(&mut tx, keys, chain).await? {
            End::Sound { length, mac } => {
                let head = keys.seal_head(keys.sealing(), chain, length, &mac);
                sqlx::query("UPDATE audit_chains SET key_id = $2, head_seal = $3 WHERE chain = $1")
                    .bind(chain)
                    .bind(keys.sealing())
                    .bind(head)
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                renewed += 1;
            }
            End::Busy => {}
            End::Broken => {
                tracing::error!(%chain, "the head of an audit chain can't be renewed: run `hg admin audit verify`");
            }
        }
    }
    Ok(renewed)
}

/// A chain's end, held until the transaction ends.
enum End {
    Sound { length: i64, mac: Vec<u8> },
    Busy,
    Broken,
}

async fn the_end(tx: &mut SystemTx, keys: &AuditKeys, chain: Uuid) -> Result<End, sqlx::Error> {
    let end =
        sqlx::query("SELECT length, mac, key_id, head_seal FROM audit_chains WHERE chain = $1 FOR UPDATE SKIP LOCKED")
            .bind(chain)
            .fetch_optional(&mut **tx)
            .await?;
    let Some(end) = end else { return Ok(End::Busy) };
    let (length, mac): (i64, Vec<u8>) = (end.try_get("length")?, end.try_get("mac")?);
    let seal: (Option<String>, Option<Vec<u8>>) = (end.try_get("key_id")?, end.try_get("head_seal")?);
    // What the seals themselves say about the end; it must agree.
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT position, mac FROM audit_seals WHERE chain = $1 ORDER BY position DESC LIMIT 1")
            .bind(chain)
            .fetch_optional(&mut **tx)
            .await?;
    let sound = match (seal, last) {
        ((None, None), None) => length == 0 && mac.is_empty(),
        ((Some(key_id), Some(seal)), Some((position, last))) => {
            position == length && last == mac && keys.head_fits(&key_id, chain, length, &mac, &seal)
        }
        _ => false,
    };
    Ok(if sound { End::Sound { length, mac } } else { End::Broken })
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
