//! The audit log: that nothing is left out of it but secrets, that its seals find what was done to it, and that what is
//! erased is gone while the chain holds.

mod attacks;
mod catalogue;
mod entries;
mod erasure;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hg_common::audit::{AuditKeys, Fault, Findings, Head, seal_some, verify};
use hg_testkit::{Tenants, TestDb};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

/// A ring with one key.
fn keys(byte: u8) -> AuditKeys {
    format!("k{byte}:{}", BASE64_STANDARD.encode([byte; 32])).parse().unwrap()
}

/// A database with tenants, all of whose entries are sealed.
async fn sealed() -> (TestDb, Tenants, PgConnection) {
    let database = TestDb::new().await;
    let tenants = Tenants::plant(&database).await;
    seal_all(&database, &keys(1)).await;
    let superuser = database.superuser().await;
    (database, tenants, superuser)
}

/// Seals until nothing waits.
async fn seal_all(database: &TestDb, keys: &AuditKeys) -> u64 {
    let (_, system) = database.db_and_system().await;
    let mut entries = 0;
    loop {
        let sealed = seal_some(&system, keys, 3).await.unwrap();
        entries += sealed.entries;
        if sealed.entries == 0 {
            return entries;
        }
    }
}

async fn found(db: &mut PgConnection, keys: &AuditKeys, kept: &[Head]) -> (Findings, Vec<Fault>) {
    let mut faults = Vec::new();
    let findings = verify(db, keys, None, kept, &mut |fault| faults.push(fault)).await.unwrap();
    assert_eq!(findings.faults, faults.len() as u64);
    (findings, faults)
}

/// What the text of each fault begins with.
fn names(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| fault.to_string().split(':').next().unwrap().to_owned()).collect()
}

async fn run(db: &mut PgConnection, sql: &str) -> u64 {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await.unwrap().rows_affected()
}

/// A client's agency changes its name so often.
async fn rename(db: &mut PgConnection, client: Uuid, times: usize) {
    for time in 0..times {
        assert_eq!(run(db, &format!("UPDATE clients SET name = 'Name {time}' WHERE id = '{client}'")).await, 1);
    }
}
