//! An entry as its seal covers it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The chain of what belongs to no client.
pub const NO_CLIENT: Uuid = Uuid::nil();

/// The columns of `audit_log` for [`Entry`], of a table `l`.
macro_rules! entry_columns {
    () => {
        "l.id, l.at, l.client_id, l.actor_kind::text AS actor_kind, l.actor_id, l.service, l.request_id, l.action, \
         l.subject_kind, l.subject_id, l.origin_hash, l.change_hash"
    };
}
pub(super) use entry_columns;

/// One row of `audit_log`, whole.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) client_id: Option<Uuid>,
    pub(super) actor_kind: String,
    pub(super) actor_id: Option<Uuid>,
    pub(super) service: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) action: String,
    pub(super) subject_kind: String,
    pub(super) subject_id: Option<Uuid>,
    pub(super) origin_hash: Option<Vec<u8>>,
    pub(super) change_hash: Option<Vec<u8>>,
}

impl Entry {
    /// All of it as bytes: no two different entries give the same. Times have the database's precision, microseconds.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        let mut part = |value: Option<&[u8]>| match value {
            Some(value) => {
                bytes.push(1);
                bytes.extend_from_slice(&(value.len() as u64).to_be_bytes());
                bytes.extend_from_slice(value);
            }
            None => bytes.push(0),
        };
        let of_id = |id: &'_ Option<Uuid>| id.map(|id| id.as_bytes().to_vec());
        part(Some(self.id.as_bytes()));
        part(Some(&self.at.timestamp_micros().to_be_bytes()));
        part(of_id(&self.client_id).as_deref());
        part(Some(self.actor_kind.as_bytes()));
        part(of_id(&self.actor_id).as_deref());
        part(self.service.as_deref().map(str::as_bytes));
        part(self.request_id.as_deref().map(str::as_bytes));
        part(Some(self.action.as_bytes()));
        part(Some(self.subject_kind.as_bytes()));
        part(of_id(&self.subject_id).as_deref());
        part(self.origin_hash.as_deref());
        part(self.change_hash.as_deref());
        bytes
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::audit) fn entry() -> Entry {
        Entry {
            id: Uuid::from_u128(1),
            at: DateTime::from_timestamp_micros(1_700_000_000_000_001).unwrap(),
            client_id: Some(Uuid::from_u128(2)),
            actor_kind: "person".to_owned(),
            actor_id: Some(Uuid::from_u128(3)),
            service: Some("smm".to_owned()),
            request_id: None,
            action: "strategy.updated".to_owned(),
            subject_kind: "strategy".to_owned(),
            subject_id: Some(Uuid::from_u128(4)),
            origin_hash: Some(vec![5; 32]),
            change_hash: None,
        }
    }

    #[test]
    fn each_column_counts_and_none_flows_into_the_next() {
        let whole = entry();
        let others = [
            Entry { id: Uuid::from_u128(9), ..entry() },
            Entry { at: DateTime::from_timestamp_micros(1_700_000_000_000_002).unwrap(), ..entry() },
            Entry { client_id: None, ..entry() },
            Entry { actor_kind: "database".to_owned(), ..entry() },
            Entry { actor_id: None, ..entry() },
            Entry { service: None, ..entry() },
            Entry { request_id: Some(String::new()), ..entry() },
            Entry { service: None, request_id: Some("smm".to_owned()), ..entry() },
            Entry { action: "strategy.updatedstrategy".to_owned(), subject_kind: String::new(), ..entry() },
            Entry { subject_id: None, ..entry() },
            Entry { origin_hash: None, change_hash: Some(vec![5; 32]), ..entry() },
        ];
        for other in others {
            assert_ne!(other.canonical(), whole.canonical(), "{other:?}");
        }
    }
}
