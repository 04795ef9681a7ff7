//! Proving the audit log: walks each chain once, a row at a time, and names every fault.
//!
//! It needs to read all of the log (`hg_owner`, or a superuser) and runs in a snapshot of its own, so that the sealing
//! which goes on meanwhile doesn't look like a fault.

use std::collections::HashMap;

use futures::TryStreamExt as _;
use sqlx::{Connection as _, FromRow as _, PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::{
    entry::{Entry, entry_columns},
    fault::{Fault, Findings},
    heads::Head,
    keys::AuditKeys,
};
use crate::crypto::{constant_time_eq, sha256};

/// How many seals that don't fit are compared with each other, to tell swapped entries from altered ones.
const COMPARED: usize = 64;

/// Looks at every chain (or one), and at every entry without a seal. Each fault is handed to `tell` as it is found.
///
/// `kept` are ends that were kept outside of the database.
///
/// # Errors
/// When the database can't be reached.
pub async fn verify(
    db: &mut PgConnection,
    keys: &AuditKeys,
    only: Option<Uuid>,
    kept: &[Head],
    tell: &mut (dyn FnMut(Fault) + Send),
) -> Result<Findings, sqlx::Error> {
    let mut tx = db.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let findings = verify_here(&mut tx, keys, only, kept, tell).await?;
    tx.rollback().await?;
    Ok(findings)
}

/// As [`verify`], in the caller's transaction: as of its snapshot, where it has one.
///
/// # Errors
/// When the database can't be reached.
pub async fn verify_here(
    tx: &mut PgConnection,
    keys: &AuditKeys,
    only: Option<Uuid>,
    kept: &[Head],
    tell: &mut (dyn FnMut(Fault) + Send),
) -> Result<Findings, sqlx::Error> {
    let mut findings = Findings::default();
    let mut faults = 0;
    let mut report = |fault| {
        faults += 1;
        tell(fault);
    };
    let chains: Vec<Uuid> = sqlx::query_scalar(
        "SELECT chain FROM audit_chains WHERE $1::uuid IS NULL OR chain = $1
         UNION SELECT chain FROM audit_seals WHERE $1::uuid IS NULL OR chain = $1 ORDER BY 1",
    )
    .bind(only)
    .fetch_all(&mut *tx)
    .await?;
    let mut wanted: HashMap<Uuid, Vec<&Head>> = HashMap::new();
    for head in kept.iter().filter(|head| only.is_none_or(|only| only == head.chain)) {
        wanted.entry(head.chain).or_default().push(head);
    }
    for chain in &chains {
        let kept = wanted.remove(chain).unwrap_or_default();
        walk(&mut *tx, keys, *chain, kept, &mut findings, &mut report).await?;
    }
    for (chain, heads) in wanted {
        heads.iter().for_each(|head| report(Fault::BroughtBack { chain, length: head.length }));
    }
    without_seal(&mut *tx, only, &mut findings, &mut report).await?;
    Ok(Findings { faults, ..findings })
}

/// A seal that doesn't fit its entry.
struct Misfit {
    position: i64,
    key_id: String,
    mac: Vec<u8>,
    before: Vec<u8>,
    entry: Entry,
}

/// What a walk along a chain has found so far.
#[derive(Default)]
struct Walk {
    /// The last position seen, and its seal.
    position: i64,
    mac: Vec<u8>,
    /// The seal that the last one should have, where it has another: if the next stands on it, only that seal was changed.
    right_mac: Option<Vec<u8>>,
    /// Whether the seal before the next one is known.
    gap: bool,
    /// The first of those that don't fit, without one between that does; 0: the last one fits.
    misfits_from: i64,
    misfits: Vec<Misfit>,
    uncompared: Vec<(i64, Uuid)>,
}

async fn walk(
    db: &mut PgConnection,
    keys: &AuditKeys,
    chain: Uuid,
    mut kept: Vec<&Head>,
    findings: &mut Findings,
    report: &mut (dyn FnMut(Fault) + Send),
) -> Result<(), sqlx::Error> {
    findings.chains += 1;
    let mut walk = Walk::default();
    let mut rows = sqlx::query(concat!(
        "SELECT s.position, s.audit_id, s.key_id, s.mac, ",
        entry_columns!(),
        ", o.audit_id IS NOT NULL AS origin_there, o.salt AS origin_salt, o.value AS origin_value, oe.action AS origin_erased,
           c.audit_id IS NOT NULL AS change_there, c.salt AS change_salt, c.value AS change_value, ce.action AS change_erased
          FROM audit_seals s
          LEFT JOIN audit_log l ON l.id = s.audit_id
          LEFT JOIN audit_values o ON o.audit_id = l.id AND o.part = 'origin'
          LEFT JOIN audit_log oe ON oe.id = o.erased_by AND (oe.client_id IS NOT DISTINCT FROM l.client_id OR oe.subject_kind = 'person')
          LEFT JOIN audit_values c ON c.audit_id = l.id AND c.part = 'change'
          LEFT JOIN audit_log ce ON ce.id = c.erased_by AND (ce.client_id IS NOT DISTINCT FROM l.client_id OR ce.subject_kind = 'person')
         WHERE s.chain = $1 ORDER BY s.position"
    ))
    .bind(chain)
    .fetch(&mut *db);
    while let Some(row) = rows.try_next().await? {
        step(&row, keys, chain, &mut walk, findings, report)?;
        let (position, mac) = (walk.position, &walk.mac);
        kept.retain(|head| {
            let is_here = head.length == position;
            if is_here && head.mac != *mac {
                report(Fault::BroughtBack { chain, length: head.length });
            }
            !is_here
        });
    }
    drop(rows);
    kept.iter().for_each(|head| report(Fault::BroughtBack { chain, length: head.length }));
    let is_ours = the_end(db, keys, chain, &walk, report).await?;
    settle(keys, chain, walk, is_ours, report);
    Ok(())
}

fn step(
    row: &PgRow,
    keys: &AuditKeys,
    chain: Uuid,
    walk: &mut Walk,
    findings: &mut Findings,
    report: &mut (dyn FnMut(Fault) + Send),
) -> Result<(), sqlx::Error> {
    let position: i64 = row.try_get("position")?;
    let audit_id: Uuid = row.try_get("audit_id")?;
    let key_id: String = row.try_get("key_id")?;
    let mac: Vec<u8> = row.try_get("mac")?;
    if position > walk.position + 1 {
        report(Fault::SealsMissing { chain, from: walk.position + 1, to: position - 1 });
        walk.gap = true;
    }
    let before = std::mem::replace(&mut walk.mac, mac.clone());
    let has_gap = std::mem::take(&mut walk.gap);
    walk.position = position;
    if row.try_get::<Option<Uuid>, _>("id")?.is_none() {
        report(Fault::Removed { chain, position, entry: audit_id });
        walk.misfits_from = 0;
        return Ok(());
    }
    let entry = Entry::from_row(row)?;
    findings.sealed += 1;
    values(row, &entry, findings, report)?;
    let stood_on = walk.right_mac.take();
    let fits_on = |before: &[u8]| {
        keys.seal(&key_id, chain, position, before, &entry).is_some_and(|wanted| constant_time_eq(wanted, &mac))
    };
    match keys.seal(&key_id, chain, position, &before, &entry) {
        None => report(Fault::UnknownKey { chain, position, key_id }),
        Some(wanted) if constant_time_eq(&wanted, &mac) => walk.misfits_from = 0,
        Some(_) if stood_on.is_some_and(|before| fits_on(&before)) => walk.misfits_from = 0,
        // What it stood on is gone: there is nothing to compare with.
        Some(_) if has_gap => {}
        Some(wanted) => {
            walk.right_mac = Some(wanted);
            if walk.misfits_from == 0 {
                walk.misfits_from = position;
            }
            if walk.misfits.len() < COMPARED {
                walk.misfits.push(Misfit { position, key_id, mac, before, entry });
            } else {
                walk.uncompared.push((position, entry.id));
            }
        }
    }
    Ok(())
}

/// Whether the values beside an entry are what it commits to. An erasure explains what is missing only in its own client's chain,
/// or where it was a person's.
fn values(
    row: &PgRow,
    entry: &Entry,
    findings: &mut Findings,
    report: &mut (dyn FnMut(Fault) + Send),
) -> Result<(), sqlx::Error> {
    for (part, commitment) in [("origin", &entry.origin_hash), ("change", &entry.change_hash)] {
        let is_there: bool = row.try_get(&*format!("{part}_there"))?;
        let salt: Option<Vec<u8>> = row.try_get(&*format!("{part}_salt"))?;
        let value: Option<String> = row.try_get(&*format!("{part}_value"))?;
        let erased: Option<String> = row.try_get(&*format!("{part}_erased"))?;
        let entry = entry.id;
        match (commitment, salt, value) {
            (None, ..) if is_there => report(Fault::ValueAdded { entry, part }),
            (None, ..) => {}
            (Some(commitment), Some(salt), Some(value)) => {
                if constant_time_eq(sha256([&salt, value.as_bytes()].concat()), commitment) {
                    findings.values += 1;
                } else {
                    report(Fault::ValueAltered { entry, part });
                }
            }
            (Some(_), ..) if erased.as_deref() == Some("audit.erased") => findings.erased += 1,
            (Some(_), ..) => report(Fault::ValueMissing { entry, part }),
        }
    }
    Ok(())
}

/// Whether the chain's end is where it says it is, sealed by us.
async fn the_end(
    db: &mut PgConnection,
    keys: &AuditKeys,
    chain: Uuid,
    walk: &Walk,
    report: &mut (dyn FnMut(Fault) + Send),
) -> Result<bool, sqlx::Error> {
    type End = (i64, Vec<u8>, Option<String>, Option<Vec<u8>>);
    let end: Option<End> = sqlx::query_as("SELECT length, mac, key_id, head_seal FROM audit_chains WHERE chain = $1")
        .bind(chain)
        .fetch_optional(db)
        .await?;
    let length = walk.position;
    let Some((wanted, mac, key_id, seal)) = end else {
        report(Fault::EndMoved { chain, length, wanted: None });
        return Ok(false);
    };
    if wanted > length {
        report(Fault::LastRemoved { chain, length, wanted });
    } else if wanted < length {
        report(Fault::EndMoved { chain, length, wanted: Some(wanted) });
    }
    let is_ours = match (key_id, seal) {
        (Some(key_id), Some(seal)) => keys.head_fits(&key_id, chain, wanted, &mac, &seal),
        // Nobody has sealed anything of it yet.
        _ => wanted == 0 && length == 0,
    };
    if !is_ours || (wanted == length && mac != walk.mac) {
        report(Fault::EndForged { chain });
    }
    Ok(is_ours)
}

/// Gives what doesn't fit its name: reckoned anew, swapped, or altered.
fn settle(keys: &AuditKeys, chain: Uuid, walk: Walk, end_is_ours: bool, report: &mut (dyn FnMut(Fault) + Send)) {
    let anew_from = if end_is_ours || walk.misfits_from == 0 { i64::MAX } else { walk.misfits_from };
    if anew_from != i64::MAX {
        report(Fault::Recomputed { chain, from: anew_from, to: walk.position });
    }
    let misfits: Vec<Misfit> = walk.misfits.into_iter().filter(|misfit| misfit.position < anew_from).collect();
    let fits = |seal_of: &Misfit, entry: &Entry| {
        let id_there = Entry { id: seal_of.entry.id, ..entry.clone() };
        [entry, &id_there].into_iter().any(|entry| {
            keys.seal(&seal_of.key_id, chain, seal_of.position, &seal_of.before, entry)
                .is_some_and(|wanted| constant_time_eq(wanted, &seal_of.mac))
        })
    };
    let mut named = vec![false; misfits.len()];
    for one in 0..misfits.len() {
        for other in one + 1..misfits.len() {
            let (left, right) = (&misfits[one], &misfits[other]);
            if !named[one] && !named[other] && fits(left, &right.entry) && fits(right, &left.entry) {
                report(Fault::Swapped { chain, position: left.position, with: right.position });
                named[one] = true;
                named[other] = true;
            }
        }
    }
    let altered =
        misfits.iter().zip(named).filter(|(_, named)| !named).map(|(misfit, _)| (misfit.position, misfit.entry.id));
    let uncompared = walk.uncompared.into_iter().filter(|(position, _)| *position < anew_from);
    for (position, entry) in altered.chain(uncompared) {
        report(Fault::Altered { chain, position, entry });
    }
}

/// Entries that have no seal: waiting, for too long, or behind the triggers' back.
async fn without_seal(
    db: &mut PgConnection,
    only: Option<Uuid>,
    findings: &mut Findings,
    report: &mut (dyn FnMut(Fault) + Send),
) -> Result<(), sqlx::Error> {
    let mut rows = sqlx::query_as::<_, (Uuid, Uuid, Option<bool>)>(
        "SELECT l.id, coalesce(l.client_id, '00000000-0000-0000-0000-000000000000'),
                CASE WHEN u.audit_id IS NOT NULL THEN least(l.at, u.queued_at) < clock_timestamp() - interval '1 minute' END
           FROM audit_log l
           LEFT JOIN audit_seals s ON s.audit_id = l.id
           LEFT JOIN audit_unsealed u ON u.audit_id = l.id
          WHERE s.audit_id IS NULL
            AND ($1::uuid IS NULL OR coalesce(l.client_id, '00000000-0000-0000-0000-000000000000') = $1)
          ORDER BY l.id",
    )
    .bind(only)
    .fetch(db);
    while let Some((entry, chain, is_late)) = rows.try_next().await? {
        match is_late {
            Some(false) => findings.waiting += 1,
            Some(true) => report(Fault::Unsealed { chain, entry }),
            None => report(Fault::NeverSealed { chain, entry }),
        }
    }
    Ok(())
}
