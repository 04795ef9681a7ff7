//! The tree of clients: flat rows put in the order in which a person reads them, with roles inherited on the way down.
//!
//! It doesn't decide who sees what: the rows are what the caller sees.

use std::collections::HashMap;

use hg_contracts::smm::{ClientTree, TreeNode};
use hg_types::{ClientId, Role};

/// The most clients that one answer holds.
pub const MOST_NODES: usize = 20_000;

/// What a tree leaves out.
#[derive(Debug, Clone, Copy)]
pub struct TreeShape {
    /// How many levels are shown.
    pub levels: u32,
    /// Whether archived clients are, with what is below them.
    pub archived: ShowArchived,
}

/// What becomes of archived clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShowArchived {
    /// They are shown among the others.
    Yes,
    /// They are left out, and not counted.
    No,
}

/// Puts rows in order: each client is followed by what stands below it, by name. `rows` have depth 0, no children
/// counted, and the role that the caller holds on the very client. Each id comes once.
#[must_use]
pub fn tree_of(mut rows: Vec<TreeNode>, shape: TreeShape) -> ClientTree {
    if shape.archived == ShowArchived::No {
        rows.retain(|row| row.archived_at.is_none());
    }
    let places: HashMap<ClientId, usize> = rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut tops = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        match row.parent_id.and_then(|parent| places.get(&parent)) {
            Some(parent) => below[*parent].push(place),
            None => tops.push(place),
        }
    }
    // Only those that stand beside each other are compared, and only where they are shown.
    let by_name = |rows: &[Option<TreeNode>], siblings: &mut [usize]| {
        siblings.sort_by_cached_key(|place| rows[*place].as_ref().map(|row| (row.name.to_lowercase(), row.id)));
    };

    let mut tree = ClientTree { data: Vec::new(), total: 0, has_more: false };
    let mut rows: Vec<Option<TreeNode>> = rows.into_iter().map(Some).collect();
    by_name(&rows, &mut tops);
    // The next one on top; each with what it inherits: its depth and the role from above.
    let mut waiting: Vec<(usize, u32, Option<Role>)> = tops.into_iter().rev().map(|top| (top, 0, None)).collect();
    while let Some((place, depth, inherited)) = waiting.pop() {
        // Taken once: whatever the rows say of their parents, this ends.
        let Some(mut node) = rows[place].take() else { continue };
        node.role = node.role.max(inherited);
        node.depth = depth;
        node.children = counted(below[place].len());
        tree.total = tree.total.saturating_add(1);
        if depth + 1 < shape.levels {
            by_name(&rows, &mut below[place]);
        }
        waiting.extend(below[place].iter().rev().map(|child| (*child, depth + 1, node.role)));
        if depth == 0 {
            node.parent_id = None;
        }
        if depth >= shape.levels {
            continue;
        }
        if tree.data.len() < MOST_NODES {
            tree.data.push(node);
        } else {
            tree.has_more = true;
        }
    }
    tree
}

fn counted(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use hg_types::ClientType;
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> ClientId {
        ClientId(Uuid::from_u128(n))
    }

    fn row(n: u128, name: &str, parent: Option<u128>, role: Option<Role>) -> TreeNode {
        TreeNode {
            id: id(n),
            name: name.to_owned(),
            slug: name.to_lowercase(),
            client_type: ClientType::Customer,
            parent_id: parent.map(id),
            depth: 0,
            archived_at: None,
            role,
            children: 0,
            members: 0,
        }
    }

    fn rows() -> Vec<TreeNode> {
        vec![
            row(4, "beta", Some(2), Some(Role::Owner)),
            row(3, "Alpha", Some(2), None),
            row(2, "Agency", Some(1), Some(Role::Member)),
            row(5, "other Agency", Some(9), Some(Role::Viewer)),
            row(6, "Zeta", Some(5), None),
        ]
    }

    fn shown(tree: &ClientTree) -> Vec<(&str, u32, Option<Role>, u32)> {
        tree.data.iter().map(|node| (node.name.as_str(), node.depth, node.role, node.children)).collect()
    }

    #[test]
    fn rows_are_put_in_order_and_roles_run_down() {
        let tree = tree_of(rows(), TreeShape { levels: 10, archived: ShowArchived::Yes });
        assert_eq!(
            shown(&tree),
            [
                ("Agency", 0, Some(Role::Member), 2),
                ("Alpha", 1, Some(Role::Member), 0),
                ("beta", 1, Some(Role::Owner), 0),
                ("other Agency", 0, Some(Role::Viewer), 1),
                ("Zeta", 1, Some(Role::Viewer), 0),
            ]
        );
        assert_eq!((tree.total, tree.has_more, tree.data[0].parent_id), (5, false, None));
    }

    #[test]
    fn what_is_too_deep_is_counted() {
        let tree = tree_of(rows(), TreeShape { levels: 1, archived: ShowArchived::Yes });
        assert_eq!(shown(&tree), [("Agency", 0, Some(Role::Member), 2), ("other Agency", 0, Some(Role::Viewer), 1)]);
        assert_eq!(tree.total, 5);
    }

    #[test]
    fn archived_ones_are_left_out_and_not_counted() {
        let mut rows = rows();
        rows[0].archived_at = Some(DateTime::UNIX_EPOCH);
        let tree = tree_of(rows, TreeShape { levels: 10, archived: ShowArchived::No });
        assert_eq!((tree.total, tree.data[0].children), (4, 1));
    }

    #[test]
    fn rows_in_a_circle_come_to_an_end() {
        let circle = vec![row(1, "a", Some(2), None), row(2, "b", Some(1), None), row(3, "c", None, None)];
        assert_eq!(tree_of(circle, TreeShape { levels: 10, archived: ShowArchived::Yes }).total, 1);
    }
}
