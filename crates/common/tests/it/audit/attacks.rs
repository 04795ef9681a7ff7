//! Somebody with all rights in the database, and without the key, does to the log what they like: each is found, by name.

use hg_common::audit::heads;
use uuid::Uuid;

use super::{found, keys, names, rename, run, seal_all, sealed};

/// What is done to a chain of nine entries (`:chain` stands for it), and what must be found.
const ATTACKS: &[(&str, &str, &[&str])] = &[
    (
        "an entry is edited",
        "UPDATE audit_log SET actor_id = gen_random_uuid() WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4)",
        &["altered"],
    ),
    (
        "an entry goes over to another client",
        "UPDATE audit_log SET client_id = gen_random_uuid() WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4)",
        &["altered"],
    ),
    ("a seal is edited", "UPDATE audit_seals SET mac = sha256('x') WHERE chain = ':chain' AND position = 4", &["altered"]),
    (
        "an entry is deleted",
        "DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4)",
        &["removed"],
    ),
    (
        "an entry is deleted with its seal",
        "DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4);
         DELETE FROM audit_seals WHERE chain = ':chain' AND position = 4",
        &["removed"],
    ),
    (
        "a seal is deleted",
        "DELETE FROM audit_seals WHERE chain = ':chain' AND position = 4",
        &["removed", "never sealed"],
    ),
    (
        "two entries are swapped by their seals",
        "UPDATE audit_seals s SET audit_id = gen_random_uuid() WHERE chain = ':chain' AND position = 3;
         UPDATE audit_seals s SET audit_id = (SELECT l.id FROM audit_log l LEFT JOIN audit_seals t ON t.audit_id = l.id WHERE l.client_id = ':chain' AND t.audit_id IS NULL),
                position = 300 WHERE chain = ':chain' AND position = 6;
         UPDATE audit_seals s SET audit_id = (SELECT l.id FROM audit_log l LEFT JOIN audit_seals t ON t.audit_id = l.id WHERE l.client_id = ':chain' AND t.audit_id IS NULL)
                WHERE chain = ':chain' AND position = 3;
         UPDATE audit_seals SET position = 6 WHERE chain = ':chain' AND position = 300",
        &["swapped"],
    ),
    (
        "the contents of two entries are swapped",
        "UPDATE audit_log l SET at = o.at, actor_kind = o.actor_kind, actor_id = o.actor_id, service = o.service, request_id = o.request_id,
                action = o.action, subject_kind = o.subject_kind, subject_id = o.subject_id, origin_hash = o.origin_hash, change_hash = o.change_hash
           FROM audit_log o, audit_seals s, audit_seals t
          WHERE s.audit_id = l.id AND t.audit_id = o.id AND s.chain = ':chain' AND t.chain = ':chain'
            AND (s.position, t.position) IN ((3, 6), (6, 3));
         CREATE TEMP TABLE moved AS SELECT o.audit_id, v.part, v.salt, v.value FROM audit_values v JOIN audit_seals s ON s.audit_id = v.audit_id
           JOIN audit_seals o ON o.chain = s.chain AND (s.position, o.position) IN ((3, 6), (6, 3)) WHERE s.chain = ':chain';
         DELETE FROM audit_values WHERE audit_id IN (SELECT audit_id FROM moved);
         INSERT INTO audit_values (audit_id, part, salt, value) SELECT * FROM moved; DROP TABLE moved",
        &["swapped"],
    ),
    (
        "the last entry is deleted",
        "DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 9)",
        &["removed"],
    ),
    (
        "the last entry is deleted with its seal",
        "DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 9);
         DELETE FROM audit_seals WHERE chain = ':chain' AND position = 9",
        &["last removed"],
    ),
    (
        "the last entry is deleted and the end is moved",
        "DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 9);
         DELETE FROM audit_seals WHERE chain = ':chain' AND position = 9;
         UPDATE audit_chains SET length = 8, mac = (SELECT mac FROM audit_seals WHERE chain = ':chain' AND position = 8) WHERE chain = ':chain'",
        &["end forged"],
    ),
    ("the end is deleted", "DELETE FROM audit_chains WHERE chain = ':chain'", &["end removed"]),
    ("the end is moved back", "UPDATE audit_chains SET length = 8 WHERE chain = ':chain'", &["end moved", "end forged"]),
    (
        "the chain is reckoned anew from an edited entry on, with plain hashes",
        "UPDATE audit_log SET action = 'client.archived' WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 5);
         UPDATE audit_seals SET mac = sha256(mac || position::text::bytea) WHERE chain = ':chain' AND position >= 5;
         UPDATE audit_chains SET mac = (SELECT mac FROM audit_seals WHERE chain = ':chain' AND position = 9), head_seal = sha256('me') WHERE chain = ':chain'",
        &["end forged", "recomputed"],
    ),
    (
        "a seal names another key",
        "UPDATE audit_seals SET key_id = 'mine' WHERE chain = ':chain' AND position = 4",
        &["unknown key"],
    ),
    (
        "a value is edited",
        "UPDATE audit_values SET value = replace(value, 'Name 3', 'Name x') WHERE value LIKE '%Name 3%'
            AND audit_id IN (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 6)",
        &["value altered"],
    ),
    (
        "a value is deleted",
        "DELETE FROM audit_values WHERE part = 'change' AND audit_id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4)",
        &["value missing"],
    ),
    (
        "a value is blanked as if it had been erased",
        "UPDATE audit_values SET salt = NULL, value = NULL, erased_by = gen_random_uuid() WHERE part = 'change'
            AND audit_id = (SELECT audit_id FROM audit_seals WHERE chain = ':chain' AND position = 4)",
        &["value missing"],
    ),
    (
        "an entry is put in behind the triggers' back",
        "INSERT INTO audit_log (client_id, actor_kind, action, subject_kind) VALUES (':chain', 'service', 'client.updated', 'client')",
        &["never sealed"],
    ),
    (
        "a whole chain is taken away, the log is left",
        "DELETE FROM audit_seals WHERE chain = ':chain' AND position > 7; DELETE FROM audit_seals WHERE chain = ':chain'; DELETE FROM audit_chains WHERE chain = ':chain';
         DELETE FROM audit_log WHERE client_id = ':chain' AND id NOT IN (SELECT id FROM audit_log WHERE client_id = ':chain' ORDER BY id LIMIT 1)",
        &["never sealed"],
    ),
];

#[tokio::test]
async fn each_attack_is_found_and_named() {
    let (database, tenants, mut superuser) = sealed().await;
    let chain = tenants.sibling.uuid();
    // Its making is the first entry.
    rename(&mut superuser, chain, 8).await;
    seal_all(&database, &keys(1)).await;
    let (findings, faults) = found(&mut superuser, &keys(1), &[]).await;
    assert!(faults.is_empty(), "a clean log is clean: {faults:?}");
    assert!(findings.sealed > 40 && findings.values > 80 && findings.chains >= 8, "{findings:?}");
    for (what, sql, wanted) in ATTACKS {
        let mut tx = sqlx::Connection::begin(&mut superuser).await.unwrap();
        assert!(run(&mut tx, &sql.replace(":chain", &chain.to_string())).await > 0, "{what}: nothing was done");
        // A savepoint: the attack is seen, and undone afterwards.
        let mut faults = Vec::new();
        hg_common::audit::verify_here(&mut tx, &keys(1), None, &[], &mut |fault| faults.push(fault)).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(names(&faults), *wanted, "{what}: {faults:#?}");
    }
}

#[tokio::test]
async fn a_database_brought_back_to_an_older_state_is_found_by_heads_that_were_kept() {
    let (database, tenants, mut superuser) = sealed().await;
    let chain = tenants.sibling.uuid();
    rename(&mut superuser, chain, 2).await;
    seal_all(&database, &keys(1)).await;
    run(&mut superuser, "CREATE TABLE kept_log AS TABLE audit_log; CREATE TABLE kept_seals AS TABLE audit_seals; CREATE TABLE kept_chains AS TABLE audit_chains; CREATE TABLE kept_values AS TABLE audit_values").await;
    rename(&mut superuser, chain, 3).await;
    seal_all(&database, &keys(1)).await;
    let kept = heads(&mut superuser).await.unwrap();
    assert_eq!(kept.iter().find(|head| head.chain == chain).unwrap().length, 6);
    assert_eq!(names(&found(&mut superuser, &keys(1), &kept).await.1), [""; 0]);
    run(
        &mut superuser,
        "TRUNCATE audit_log, audit_values, audit_unsealed, audit_seals, audit_chains;
         INSERT INTO audit_log TABLE kept_log; INSERT INTO audit_values TABLE kept_values;
         INSERT INTO audit_seals TABLE kept_seals; INSERT INTO audit_chains TABLE kept_chains",
    )
    .await;
    assert_eq!(names(&found(&mut superuser, &keys(1), &[]).await.1), [""; 0], "by itself it can't be seen");
    assert_eq!(names(&found(&mut superuser, &keys(1), &kept).await.1), ["brought back"]);
    // And so is one whose chain went on differently.
    rename(&mut superuser, chain, 5).await;
    seal_all(&database, &keys(1)).await;
    assert_eq!(names(&found(&mut superuser, &keys(1), &kept).await.1), ["brought back"]);
    // A chain that is gone as a whole.
    run(&mut superuser, &format!("DELETE FROM audit_seals WHERE chain = '{chain}'; DELETE FROM audit_chains WHERE chain = '{chain}'; DELETE FROM audit_log WHERE client_id = '{chain}'")).await;
    assert_eq!(names(&found(&mut superuser, &keys(1), &kept).await.1), ["brought back"]);
}

#[tokio::test]
async fn nothing_is_sealed_on_top_of_a_chain_that_was_cut() {
    let (database, tenants, mut superuser) = sealed().await;
    let chain = tenants.sibling.uuid();
    rename(&mut superuser, chain, 3).await;
    seal_all(&database, &keys(1)).await;
    run(&mut superuser, &format!("DELETE FROM audit_log WHERE id = (SELECT audit_id FROM audit_seals WHERE chain = '{chain}' AND position = 4);
        DELETE FROM audit_seals WHERE chain = '{chain}' AND position = 4;
        UPDATE audit_chains SET length = 3, mac = (SELECT mac FROM audit_seals WHERE chain = '{chain}' AND position = 3) WHERE chain = '{chain}'")).await;
    rename(&mut superuser, chain, 1).await;
    rename(&mut superuser, tenants.direct.uuid(), 1).await;
    let (_, system) = database.db_and_system().await;
    let sealed = hg_common::audit::seal_some(&system, &keys(1), 100).await.unwrap();
    assert_eq!((sealed.entries, sealed.broken), (1, 1), "the other chain goes on");
    assert_eq!(names(&found(&mut superuser, &keys(1), &[]).await.1), ["end forged"], "and the cut still shows");
    run(&mut superuser, "UPDATE audit_unsealed SET queued_at = queued_at - interval '2 minutes'").await;
    assert_eq!(names(&found(&mut superuser, &keys(1), &[]).await.1), ["end forged", "unsealed"]);
    // Nor where the end was taken away as a whole.
    run(&mut superuser, &format!("DELETE FROM audit_chains WHERE chain = '{chain}'")).await;
    assert_eq!(hg_common::audit::seal_some(&system, &keys(1), 100).await.unwrap().broken, 1);
}

/// A ring of these keys; the first seals.
fn ring(bytes: &[u8]) -> hg_common::audit::AuditKeys {
    use base64::Engine as _;
    let texts: Vec<String> =
        bytes.iter().map(|byte| format!("k{byte}:{}", base64::prelude::BASE64_STANDARD.encode([*byte; 32]))).collect();
    texts.join(",").parse().unwrap()
}

#[tokio::test]
async fn keys_rotate_and_the_old_ones_still_verify() {
    let (database, tenants, mut superuser) = sealed().await;
    let both = ring(&[2, 1]);
    rename(&mut superuser, tenants.sibling.uuid(), 2).await;
    seal_all(&database, &both).await;
    assert_eq!(names(&found(&mut superuser, &both, &[]).await.1), [""; 0]);
    let (_, faults) = found(&mut superuser, &keys(2), &[]).await;
    assert!(names(&faults).iter().all(|name| ["unknown key", "end forged"].contains(&name.as_str())), "{faults:?}");
}

/// Chains that rest get a head with the new key, so that whoever seals needs the old one no longer; a cut one gets none.
#[tokio::test]
async fn an_old_key_leaves_once_the_heads_are_renewed() {
    let (database, tenants, mut superuser) = sealed().await;
    let both = ring(&[2, 1]);
    let (_, system) = database.db_and_system().await;
    // Without it, and before: nothing goes on.
    rename(&mut superuser, tenants.sibling.uuid(), 1).await;
    assert_eq!(hg_common::audit::seal_some(&system, &keys(2), 100).await.unwrap().broken, 1);
    let cut = tenants.direct.uuid();
    run(&mut superuser, &format!("UPDATE audit_chains SET length = length + 1 WHERE chain = '{cut}'")).await;
    let mut renewed = 0;
    loop {
        match hg_common::audit::renew_heads(&system, &both).await.unwrap() {
            0 => break,
            some => renewed += some,
        }
    }
    let heads: Vec<(Uuid, String)> = sqlx::query_as("SELECT chain, key_id FROM audit_chains WHERE length > 0")
        .fetch_all(&mut superuser)
        .await
        .unwrap();
    assert!(renewed > 2 && heads.len() as u64 == renewed + 1, "{renewed} of {}", heads.len());
    assert!(heads.iter().all(|(chain, key)| (key == "k2") == (*chain != cut)), "{heads:?}");
    // From now on without the old key; who proves the log has both.
    let sealed = hg_common::audit::seal_some(&system, &keys(2), 100).await.unwrap();
    assert_eq!((sealed.entries, sealed.broken), (1, 0));
    run(&mut superuser, &format!("UPDATE audit_chains SET length = length - 1 WHERE chain = '{cut}'")).await;
    assert_eq!(names(&found(&mut superuser, &both, &[]).await.1), [""; 0]);
}

/// However many chains are broken: the others are sealed all the same.
#[tokio::test]
async fn broken_chains_do_not_stand_in_the_way() {
    let (database, tenants, mut superuser) = sealed().await;
    let (_, system) = database.db_and_system().await;
    // 150 chains whose entries wait and whose end nobody has sealed.
    run(
        &mut superuser,
        "SET session_replication_role = replica;
         INSERT INTO audit_chains (chain, length, mac) SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 7, 'x' FROM generate_series(1, 150) n;
         INSERT INTO audit_unsealed (audit_id, chain) SELECT app.uuid_v7(), ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid FROM generate_series(1, 150) n;
         RESET session_replication_role",
    )
    .await;
    rename(&mut superuser, tenants.sibling.uuid(), 1).await;
    let mut sealed = 0;
    for _ in 0..100 {
        sealed += hg_common::audit::seal_some(&system, &keys(1), 100).await.unwrap().entries;
        if sealed > 0 {
            break;
        }
    }
    assert_eq!(sealed, 1);
}

#[tokio::test]
async fn many_replicas_make_one_chain() {
    let (database, tenants, mut superuser) = sealed().await;
    let chain = tenants.sibling.uuid();
    rename(&mut superuser, chain, 60).await;
    let (_, system) = database.db_and_system().await;
    let replicas = (0..4).map(|_| {
        let system = system.clone();
        tokio::spawn(async move {
            let ring = keys(1);
            let mut entries = 0;
            for _ in 0..20 {
                entries += hg_common::audit::seal_some(&system, &ring, 7).await.unwrap().entries;
            }
            entries
        })
    });
    let mut entries = 0;
    for replica in replicas.collect::<Vec<_>>() {
        entries += replica.await.unwrap();
    }
    entries += seal_all(&database, &keys(1)).await;
    assert_eq!(entries, 60);
    assert_eq!(names(&found(&mut superuser, &keys(1), &[]).await.1), [""; 0]);
    let only = found_one(&mut superuser, chain).await;
    assert_eq!((only.chains, only.sealed), (1, 61));
}

async fn found_one(db: &mut sqlx::PgConnection, chain: Uuid) -> hg_common::audit::Findings {
    hg_common::audit::verify(db, &keys(1), Some(chain), &[], &mut |fault| panic!("{fault}")).await.unwrap()
}
