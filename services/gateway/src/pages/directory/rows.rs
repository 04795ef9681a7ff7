//! Rows of clients, in lists and in the tree.

use chrono::{DateTime, Utc};
use hg_contracts::{
    Page,
    smm::{Client, TreeNode},
};
use hg_types::{ClientType, Role};

use super::{ClientRow, TreeRow};
use crate::pages::{
    format,
    parts::{Moment, Text},
    place::{kind_icon, kind_label},
};

/// The deepest level that is indented: root, agency, customer.
const MAX_DEPTH: usize = 2;

/// A client in a list.
pub(super) fn row(client: &Client, now: DateTime<Utc>) -> ClientRow {
    ClientRow {
        name: client.name.clone(),
        href: format!("/clients/{}", client.slug),
        slug: client.slug.clone(),
        kind: kind_label(client.client_type).into(),
        icon: kind_icon(client.client_type).into(),
        role: role_text(client.role),
        archived: client.archived_at.map(|at| Moment::new(at, now)),
        changed: Moment::new(client.updated_at, now),
    }
}

/// A client in the tree. `direct` says whether it is a customer right below the root.
pub(super) fn tree_row(node: &TreeNode, kind: Text) -> TreeRow {
    let counted = |count: u32, one: &str, many: &str| match count {
        0 => String::new(),
        1 => format!("1 {one}"),
        count => format!("{} {many}", format::count(count)),
    };
    let below = match node.client_type {
        ClientType::Root => counted(node.children, "client below", "clients below"),
        ClientType::Agency => counted(node.children, "customer", "customers"),
        ClientType::Customer => String::new(),
    };
    TreeRow {
        name: node.name.clone(),
        href: format!("/clients/{}", node.slug),
        kind,
        icon: kind_icon(node.client_type).into(),
        depth: usize::try_from(node.depth).unwrap_or(MAX_DEPTH).min(MAX_DEPTH),
        below,
        people: counted(node.members, "person", "people"),
        role: role_text(node.role),
    }
}

fn role_text(role: Option<Role>) -> Text {
    role.map_or("", Role::as_str).into()
}

/// `50 of 312 clients`.
pub(super) fn summary<T>(page: &Page<T>) -> String {
    let counted = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let shown = page.data.len() as u64;
    match page.pagination.total {
        Some(total) if page.pagination.total_capped => {
            format!("{} of more than {} clients", counted(shown), counted(total))
        }
        Some(1) => "1 client".to_owned(),
        Some(total) if total == shown => format!("{} clients", counted(shown)),
        Some(total) => format!("{} of {} clients", counted(shown), counted(total)),
        None if shown == 1 => "1 client".to_owned(),
        None => format!("{} clients", counted(shown)),
    }
}
