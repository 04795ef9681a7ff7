//! What an export holds of strategy management. Neither tokens nor hashes.

use hg_common::data_jobs::{By, Dump};

pub(super) const OF_CLIENT: &[Dump] = &[
    Dump {
        path: "clients.ndjson",
        from: "FROM clients c WHERE c.id = $1",
        key: By::Id("c.id"),
        line: "jsonb_build_object('id', c.id, 'name', c.name, 'slug', c.slug, 'type', c.type, 'parent_id', c.parent_id,
                 'metadata', c.metadata, 'archived_at', c.archived_at, 'created_at', c.created_at, 'updated_at', c.updated_at)",
    },
    Dump {
        path: "members.ndjson",
        from: "FROM app.members_for_export($1) m WHERE true",
        key: By::Id("m.user_id"),
        line: "jsonb_build_object('client_id', $1, 'user_id', m.user_id, 'email', m.email, 'display_name', m.display_name,
                 'role', m.role, 'since', m.since)",
    },
    Dump {
        path: "invitations.ndjson",
        from: "FROM invitations i WHERE i.client_id = $1",
        key: By::Id("i.id"),
        line: "jsonb_build_object('id', i.id, 'client_id', i.client_id, 'email', i.email, 'role', i.role, 'invited_by', i.invited_by,
                 'created_at', i.created_at, 'sent_at', i.sent_at, 'expires_at', i.expires_at, 'accepted_at', i.accepted_at,
                 'accepted_by', i.accepted_by, 'revoked_at', i.revoked_at)",
    },
    Dump {
        path: "strategies.ndjson",
        from: "FROM strategies s WHERE s.client_id = $1",
        key: By::Id("s.id"),
        line: "jsonb_build_object('id', s.id, 'client_id', s.client_id, 'name', s.name, 'content_type', s.content_type,
                 'configuration', s.configuration, 'is_active', s.is_active, 'version', s.version, 'created_at', s.created_at,
                 'updated_at', s.updated_at, 'created_by', s.created_by)",
    },
    Dump {
        path: "strategy_versions.ndjson",
        from: "FROM strategy_versions v WHERE v.client_id = $1",
        key: By::Text("v.strategy_id || '/' || lpad(v.version::text, 10, '0')"),
        line: "jsonb_build_object('strategy_id', v.strategy_id, 'version', v.version, 'client_id', v.client_id, 'name', v.name,
                 'configuration', v.configuration, 'note', v.note, 'restored_from', v.restored_from,
                 'created_at', v.created_at, 'created_by', v.created_by)",
    },
    Dump {
        path: "seo_rules.ndjson",
        from: "FROM seo_rules s WHERE s.client_id = $1",
        key: By::Id("s.id"),
        line: "jsonb_build_object('id', s.id, 'client_id', s.client_id, 'content_type', s.content_type, 'rules', s.rules,
                 'is_active', s.is_active, 'version', s.version, 'created_at', s.created_at, 'updated_at', s.updated_at,
                 'created_by', s.created_by)",
    },
    Dump {
        path: "seo_rule_versions.ndjson",
        from: "FROM seo_rule_versions v WHERE v.client_id = $1",
        key: By::Text("v.seo_rules_id || '/' || lpad(v.version::text, 10, '0')"),
        line: "jsonb_build_object('seo_rules_id', v.seo_rules_id, 'version', v.version, 'client_id', v.client_id,
                 'rules', v.rules, 'note', v.note, 'restored_from', v.restored_from, 'created_at', v.created_at,
                 'created_by', v.created_by)",
    },
    Dump {
        path: "retention.ndjson",
        from: "FROM client_retention r WHERE r.client_id = $1",
        key: By::Id("r.client_id"),
        line: "jsonb_build_object('client_id', r.client_id, 'jobs_days', r.jobs_days, 'logs_days', r.logs_days,
                 'updated_at', r.updated_at, 'updated_by', r.updated_by)",
    },
    Dump {
        path: "audit.ndjson",
        from: "FROM audit_log l WHERE l.client_id = $1",
        key: By::Id("l.id"),
        line: "jsonb_build_object('id', l.id, 'at', l.at, 'client_id', l.client_id, 'actor_kind', l.actor_kind, 'actor_id', l.actor_id,
                 'service', l.service, 'request_id', l.request_id, 'action', l.action, 'subject_kind', l.subject_kind,
                 'subject_id', l.subject_id,
                 'origin', (SELECT v.value::jsonb FROM audit_values v WHERE v.audit_id = l.id AND v.part = 'origin'),
                 'change', (SELECT v.value::jsonb FROM audit_values v WHERE v.audit_id = l.id AND v.part = 'change'))",
    },
];

/// A person's own; what they saved for clients with its id, date and title. What changed at a client is the client's.
pub(super) const OF_PERSON: &[Dump] = &[
    Dump {
        path: "memberships.ndjson",
        from: "FROM client_users m JOIN clients c ON c.id = m.client_id WHERE m.user_id = $1",
        key: By::Id("m.client_id"),
        line: "jsonb_build_object('client_id', m.client_id, 'client_name', c.name, 'role', m.role, 'since', m.created_at)",
    },
    Dump {
        path: "invitations.ndjson",
        from: "FROM app.invitations_of_person($1) AS found (id) JOIN invitations i ON i.id = found.id WHERE true",
        key: By::Id("i.id"),
        line: "jsonb_build_object('id', i.id, 'client_id', i.client_id, 'role', i.role, 'created_at', i.created_at,
                 'expires_at', i.expires_at, 'accepted_at', i.accepted_at, 'revoked_at', i.revoked_at)",
    },
    Dump {
        path: "strategies_saved.ndjson",
        from: "FROM strategy_versions v WHERE v.created_by = $1",
        key: By::Text("v.strategy_id || '/' || lpad(v.version::text, 10, '0')"),
        line: "jsonb_build_object('strategy_id', v.strategy_id, 'version', v.version, 'client_id', v.client_id, 'name', v.name,
                 'created_at', v.created_at)",
    },
    Dump {
        path: "seo_rules_saved.ndjson",
        from: "FROM seo_rule_versions v WHERE v.created_by = $1",
        key: By::Text("v.seo_rules_id || '/' || lpad(v.version::text, 10, '0')"),
        line: "jsonb_build_object('seo_rules_id', v.seo_rules_id, 'version', v.version, 'client_id', v.client_id,
                 'created_at', v.created_at)",
    },
    Dump {
        path: "audit.ndjson",
        from: "FROM audit_log l WHERE (l.actor_id = $1 OR (l.client_id IS NULL AND l.subject_id = $1))",
        key: By::Id("l.id"),
        line: "jsonb_build_object('id', l.id, 'at', l.at, 'client_id', l.client_id, 'actor_id', l.actor_id, 'service', l.service,
                 'action', l.action, 'subject_kind', l.subject_kind, 'subject_id', l.subject_id,
                 'origin', CASE WHEN l.actor_id = $1 THEN (SELECT v.value::jsonb FROM audit_values v WHERE v.audit_id = l.id AND v.part = 'origin') END,
                 'change', CASE WHEN l.client_id IS NULL AND l.subject_id = $1 THEN (SELECT v.value::jsonb FROM audit_values v WHERE v.audit_id = l.id AND v.part = 'change') END)",
    },
];
