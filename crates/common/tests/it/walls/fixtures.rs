//! A row for each table: how to make one that belongs to a tenant.

use hg_testkit::Tenants;
use hg_types::Role;
use sqlx::PgConnection;
use uuid::Uuid;

use Role::{Admin, Member, Owner, Viewer};

/// How to try a table's rules.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The table with its schema.
    pub(crate) table: &'static str,
    /// The column that names the tenant: a client, or a person.
    pub(crate) column: &'static str,
    /// A column that may be changed, where not every column may; to what, where it may not become just anything.
    pub(crate) changes: &'static str,
    /// By which column the tenant's rows are deleted, where that differs.
    pub(crate) delete_by: Option<&'static str>,
    /// The lowest role that reads.
    pub(crate) reader: Role,
    /// The lowest role that writes.
    pub(crate) writer: Role,
    /// Makes one row for client `$1` and person `$2`.
    pub(crate) insert: &'static str,
    /// Makes the row that only the system may make, where that differs.
    pub(crate) system_insert: Option<&'static str>,
    /// A row that even the tenant must not make, where a rule says more than whose it is.
    pub(crate) forbidden: Option<&'static str>,
    /// Whether the tenant is the agency and not its customer (for rows that have children).
    pub(crate) of_agency: bool,
}

pub(crate) const fn of_client(table: &'static str, reader: Role, writer: Role, insert: &'static str) -> Fixture {
    Fixture {
        table,
        column: "client_id",
        changes: "client_id",
        delete_by: None,
        reader,
        writer,
        insert,
        system_insert: None,
        forbidden: None,
        of_agency: false,
    }
}

/// People's own rows: the role on a client says nothing.
const fn of_person(table: &'static str, column: &'static str, changes: &'static str, insert: &'static str) -> Fixture {
    Fixture {
        table,
        column,
        changes,
        delete_by: None,
        reader: Viewer,
        writer: Viewer,
        insert,
        system_insert: None,
        forbidden: None,
        of_agency: false,
    }
}

/// In an order in which each finds what it refers to.
pub(crate) const ALL: &[Fixture] = &[
    of_person("auth.users", "id", "last_login_at", "INSERT INTO auth.users (id, email) VALUES ($2, 'planted@example.com') -- $1"),
    of_person("public.profiles", "user_id", "display_name", "INSERT INTO profiles (user_id, display_name) VALUES ($2, 'planted')"),
    of_person("auth.sessions", "user_id", "last_seen_at", "INSERT INTO auth.sessions (user_id, expires_at) VALUES ($2, now() + interval '1 day')"),
    of_person(
        "auth.reset_tokens",
        "user_id",
        "used_at",
        "INSERT INTO auth.reset_tokens (token_hash, user_id, expires_at) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), $2, now() + interval '1 hour')",
    ),
    Fixture {
        table: "public.clients",
        column: "id",
        changes: "name",
        delete_by: Some("parent_id"),
        reader: Viewer,
        writer: Admin,
        insert: "INSERT INTO clients (name, slug, type, parent_id) VALUES ('planted', 'planted-' || replace(gen_random_uuid()::text, '-', ''), 'customer', $1)",
        system_insert: None,
        forbidden: None,
        of_agency: true,
    },
    Fixture { changes: "role", ..of_client("public.client_users", Viewer, Admin, "INSERT INTO client_users (client_id, user_id, role) VALUES ($1, $2, 'viewer')") },
    Fixture {
        changes: "revoked_at = now()",
        // Nobody invites in somebody else's name.
        forbidden: Some("INSERT INTO invitations (client_id, email, role, token_hash) VALUES ($1, 'planted@example.com', 'viewer', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"),
        ..of_client(
            "public.invitations", Admin, Admin,
            "INSERT INTO invitations (client_id, email, role, token_hash, invited_by)
             VALUES ($1, gen_random_uuid()::text || '@example.com', 'viewer', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), app.user_id())",
        )
    },
    of_client(
        "public.strategies", Viewer, Member,
        "INSERT INTO strategies (client_id, name, content_type, configuration, is_active) VALUES ($1, 'planted', 'blog_post', '{}', false)",
    ),
    // Versions, and what is about a job, name that by its client's id: to look for it is to be kept out by another table's rules.
    of_client(
        "public.strategy_versions", Viewer, Member,
        "INSERT INTO strategy_versions (strategy_id, version, client_id, name, configuration)
         VALUES ($1, (random() * 1e9)::int, $1, 'planted', '{}')",
    ),
    of_client("public.seo_rules", Viewer, Member, "INSERT INTO seo_rules (client_id, content_type, rules, is_active) VALUES ($1, 'blog_post', '{}', false)"),
    of_client(
        "public.seo_rule_versions", Viewer, Member,
        "INSERT INTO seo_rule_versions (seo_rules_id, version, client_id, rules)
         VALUES ($1, (random() * 1e9)::int, $1, '{}')",
    ),
    Fixture {
        forbidden: Some("INSERT INTO prompt_templates (client_id, name, content_type, template, is_default, is_active) VALUES ($1, 'planted', 'blog_post', 'x', true, false)"),
        ..of_client(
        "public.prompt_templates", Viewer, Member,
        "INSERT INTO prompt_templates (client_id, name, content_type, template, is_active) VALUES ($1, 'planted', 'blog_post', 'x', false)",
    )
    },
    of_client(
        "public.prompt_template_versions", Viewer, Member,
        "INSERT INTO prompt_template_versions (template_id, version, client_id, name, system_template, template, variables)
         VALUES ($1, (random() * 1e9)::int, $1, 'planted', '', 'x', '{}')",
    ),
    // What is changed here is what the functions for whole batches may change, too.
    Fixture {
        changes: "attempts",
        ..of_client("public.jobs", Viewer, Member, "INSERT INTO jobs (client_id, topic, content_type, llm_provider, model) VALUES ($1, 'planted', 'blog_post', 'sample', 'sample-1')")
    },
    Fixture {
        changes: "stage",
        forbidden: Some("INSERT INTO job_runs (job_id, client_id, deadline_at) VALUES (app.uuid_v7(), $1, now())"),
        ..of_client("public.job_runs", Viewer, Member, "INSERT INTO job_runs (job_id, client_id, deadline_at) VALUES ($1, $1, now())")
    },
    Fixture {
        forbidden: Some("INSERT INTO job_events (job_id, seq, client_id, type, data) VALUES (app.uuid_v7(), 1, $1, 'status', '{}')"),
        ..of_client("public.job_events", Viewer, Member, "INSERT INTO job_events (job_id, seq, client_id, type, data) VALUES ($1, (random() * 1e9)::int, $1, 'status', '{}')")
    },
    // Written by a trigger alone.
    of_client("public.job_event_floors", Viewer, Owner, "INSERT INTO job_event_floors (client_id, xid) VALUES ($1, '7') ON CONFLICT DO NOTHING"),
    of_client(
        "public.job_idempotency", Viewer, Member,
        "INSERT INTO job_idempotency (principal, client_id, key, request_hash, job_id) VALUES ('planted', $1, gen_random_uuid()::text, '', app.uuid_v7())",
    ),
    of_client(
        "public.api_keys", Admin, Admin,
        "INSERT INTO api_keys (client_id, name, prefix, key_hash) VALUES ($1, 'planted', 'hgc_', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))",
    ),
    // Written by triggers alone.
    of_client(
        "public.api_key_budgets", Admin, Owner,
        "INSERT INTO api_key_budgets (api_key_id, period, period_start, client_id)
         SELECT id, 'day', '2000-01-01'::date + (random() * 9000)::int, $1 FROM api_keys WHERE client_id = $1 LIMIT 1",
    ),
    of_client(
        "public.api_key_jobs", Admin, Owner,
        "INSERT INTO api_key_jobs (job_id, client_id, api_key_id, day)
         SELECT app.uuid_v7(), $1, id, '2000-01-01' FROM api_keys WHERE client_id = $1 LIMIT 1",
    ),
    of_client("public.provider_keys", Member, Admin, "INSERT INTO provider_keys (client_id, provider, sealed, hint) VALUES ($1, 'openai', '', 'x')"),
    Fixture {
        changes: "finish_reason",
        forbidden: Some("INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, cost) VALUES (app.uuid_v7(), $1, 1, 'write', 'sample', 'sample-1', 0)"),
        ..of_client(
        "public.provider_calls", Viewer, Member,
        "INSERT INTO provider_calls (job_id, client_id, attempt, stage, provider, model, cost) VALUES ($1, $1, (random() * 1e9)::int, 'write', 'sample', 'sample-1', 0)",
    )
    },
    Fixture {
        forbidden: Some("INSERT INTO charges (job_id, client_id, amount, provider, model) VALUES (app.uuid_v7(), $1, 0, 'sample', 'sample-1')"),
        ..of_client("public.charges", Viewer, Member, "INSERT INTO charges (job_id, client_id, amount, provider, model) VALUES ($1, $1, 0, 'sample', 'sample-1')")
    },
    Fixture {
        forbidden: Some(
            "INSERT INTO content_versions (job_id, number, client_id, content, word_count, quality, quality_score, changed)
             VALUES (app.uuid_v7(), 1, $1, 'planted', 1, '{}', 50, 0)",
        ),
        ..of_client(
            "public.content_versions", Viewer, Member,
            "INSERT INTO content_versions (job_id, number, client_id, content, word_count, quality, quality_score, changed)
             VALUES ($1, 1 + (random() * 1e9)::int, $1, 'planted', 1, '{}', 50, 0)",
        )
    },
    Fixture {
        forbidden: Some("INSERT INTO content_approvals (job_id, client_id, version, verdict) VALUES (app.uuid_v7(), $1, 0, 'approved')"),
        ..of_client(
            "public.content_approvals", Viewer, Member,
            "INSERT INTO content_approvals (job_id, client_id, version, verdict)
             VALUES ($1, $1, 0, 'approved')",
        )
    },
    // Written by functions alone.
    of_client(
        "public.job_outcomes", Viewer, Owner,
        "INSERT INTO job_outcomes (source_id, job_id, client_id, source_version, status, accepted_at)
         VALUES (app.uuid_v7(), app.uuid_v7(), $1, 1, 'completed', now())",
    ),
    of_client("public.job_outcomes_progress", Viewer, Owner, "INSERT INTO job_outcomes_progress (client_id) VALUES ($1) ON CONFLICT DO NOTHING"),
    Fixture {
        table: "public.budget_limits",
        column: "client_id",
        changes: "client_id",
        delete_by: None,
        reader: Viewer,
        writer: Admin,
        insert: "INSERT INTO budget_limits (client_id, daily_limit) VALUES ($1, 1)",
        // The global limits are the system's alone.
        system_insert: Some("INSERT INTO budget_limits (client_id, daily_limit) SELECT NULL, 1 WHERE $1::uuid IS NOT NULL"),
        forbidden: None,
        of_agency: false,
    },
    // The operator's alone.
    Fixture {
        changes: "weight",
        ..of_client("public.client_shares", Viewer, Owner, "INSERT INTO client_shares (client_id) VALUES ($1)")
    },
    of_client(
        "public.budgets", Viewer, Owner,
        "INSERT INTO budgets (client_id, period, period_start) VALUES ($1, 'day', '2000-01-01'::date + (random() * 9000)::int)",
    ),
    // Written by functions, or by the system alone.
    of_client(
        "public.budget_warnings", Viewer, Owner,
        "INSERT INTO budget_warnings (budget_id, percent, client_id, limit_usd, spent) SELECT id, 80, $1, 1, 1 FROM budgets WHERE client_id = $1 LIMIT 1
         ON CONFLICT DO NOTHING",
    ),
    of_client(
        "public.usage_days", Viewer, Owner,
        "INSERT INTO usage_days (client_id, day, provider, model, heading, cost_known, results, calls, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost)
         VALUES ($1, '2000-01-01'::date + (random() * 9000)::int, 'sample', gen_random_uuid()::text, 'charged', 'computed', 1, 1, 0, 0, 0, 0, 0)",
    ),
    of_client("public.usage_days_progress", Viewer, Owner, "INSERT INTO usage_days_progress (client_id) VALUES ($1) ON CONFLICT DO NOTHING"),
    Fixture {
        changes: "tried_at",
        ..of_client("public.price_lists", Viewer, Owner, "INSERT INTO price_lists (client_id, source) VALUES ($1, gen_random_uuid()::text)")
    },
    of_client("public.reservations", Viewer, Owner, "INSERT INTO reservations (job_id, client_id, held) VALUES (app.uuid_v7(), $1, 0)"),
    of_client(
        "public.reservation_parts", Viewer, Owner,
        "INSERT INTO reservation_parts (job_id, budget_id, client_id) SELECT app.uuid_v7(), id, $1 FROM budgets WHERE client_id = $1 LIMIT 1",
    ),
    Fixture {
        changes: "status",
        ..of_client("public.data_jobs", Admin, Owner, "INSERT INTO data_jobs (kind, client_id, clients) VALUES ('client_export', $1, ARRAY[$1])")
    },
    of_client(
        "public.data_job_parts", Admin, Owner,
        "INSERT INTO data_job_parts (job_id, service, step, phase, client_id) SELECT id, 'smm', gen_random_uuid()::text, 1, $1 FROM data_jobs WHERE client_id = $1 LIMIT 1",
    ),
    of_client(
        "public.data_export_chunks", Admin, Owner,
        "INSERT INTO data_export_chunks (job_id, path, seq, client_id, bytes) SELECT id, gen_random_uuid()::text, 0, $1, '' FROM data_jobs WHERE client_id = $1 LIMIT 1",
    ),
    Fixture {
        changes: "jobs_days",
        ..of_client("public.client_retention", Viewer, Owner, "INSERT INTO client_retention (client_id, jobs_days) VALUES ($1, 30)")
    },
    // Entries stand under their client's id, so that the tables beside the log, which have no client, are tried by it.
    of_client("public.audit_log", Admin, Owner, "INSERT INTO audit_log (id, client_id, actor_kind, action, subject_kind) VALUES ($1, $1, 'database', 'planted.row', 'client')"),
    beside_audit_log(
        "public.audit_values", "audit_id", "erased_by",
        "INSERT INTO audit_values (audit_id, part, salt, value) VALUES ($1, 'change', uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), '{}')",
    ),
    beside_audit_log("public.audit_unsealed", "audit_id", "queued_at", "INSERT INTO audit_unsealed (audit_id, chain) VALUES ($1, $1)"),
    beside_audit_log(
        "public.audit_seals", "audit_id", "key_id",
        "INSERT INTO audit_seals (chain, position, audit_id, key_id, mac) VALUES ($1, 1000000, $1, 'planted', '')",
    ),
    beside_audit_log("public.audit_chains", "chain", "length", "INSERT INTO audit_chains (chain, length, mac) VALUES ($1, 0, '')"),
];

/// A table whose rows belong to an entry of the audit log, by a column that holds the entry's id: the client's, here.
const fn beside_audit_log(
    table: &'static str,
    column: &'static str,
    changes: &'static str,
    insert: &'static str,
) -> Fixture {
    Fixture { column, changes, ..of_client(table, Admin, Owner, insert) }
}

impl Fixture {
    /// The column that an UPDATE changes.
    pub(crate) fn changed_column(&self) -> &'static str {
        self.changes.split_once(" = ").map_or(self.changes, |(column, _)| column)
    }

    /// The change.
    pub(crate) fn assignment(&self) -> String {
        if self.changes.contains('=') { self.changes.to_owned() } else { format!("{0} = {0}", self.changes) }
    }

    /// The tenant on one side of the wall: (client, person).
    pub(crate) fn tenant(&self, tenants: &Tenants) -> (Uuid, Uuid) {
        if self.of_agency {
            (tenants.agency.uuid(), tenants.agency_people.owner.uuid())
        } else {
            (tenants.customer.uuid(), tenants.customer_people.owner.uuid())
        }
    }

    /// The tenant on the other side.
    pub(crate) fn other(&self, tenants: &Tenants) -> (Uuid, Uuid) {
        if self.of_agency {
            (tenants.other_agency.uuid(), tenants.other_agency_people.owner.uuid())
        } else {
            (tenants.other_customer.uuid(), tenants.other_customer_people.owner.uuid())
        }
    }

    /// What the tenant column holds for a tenant.
    pub(crate) fn value(&self, (client, person): (Uuid, Uuid)) -> Uuid {
        let of_person = self.column == "user_id" || self.table == "auth.users";
        if of_person && self.table != "public.client_users" { person } else { client }
    }

    /// The insert with both parameters used, whatever the text needs of them.
    pub(crate) fn insert_text(&self, text: &str) -> String {
        // A parameter that isn't used has no type: name both in a WITH that nobody reads.
        let text = text.split(" -- ").next().unwrap_or(text);
        format!("WITH named AS (SELECT $1::uuid, $2::uuid) {text}")
    }
}

/// What others are rows of, under its client's id, so that whoever can't see it can name it.
const PARENTS: [&str; 4] = [
    "INSERT INTO strategies (id, client_id, name, content_type, configuration, is_active) VALUES ($1, $1, 'planted', 'blog_post', '{}', false)",
    "INSERT INTO seo_rules (id, client_id, content_type, rules, is_active) VALUES ($1, $1, 'blog_post', '{}', false)",
    "INSERT INTO prompt_templates (id, client_id, name, content_type, template, is_active) VALUES ($1, $1, 'planted', 'blog_post', 'x', false)",
    "INSERT INTO jobs (id, client_id, topic, content_type, llm_provider, model) VALUES ($1, $1, 'planted', 'blog_post', 'sample', 'sample-1')",
];

/// One row of each table for each of the tenants, and for the agencies above them.
pub(crate) async fn plant(db: &mut PgConnection, tenants: &Tenants) {
    let pairs = [
        (tenants.customer.uuid(), tenants.customer_people.owner.uuid()),
        (tenants.other_customer.uuid(), tenants.other_customer_people.owner.uuid()),
        (tenants.agency.uuid(), tenants.agency_people.owner.uuid()),
        (tenants.other_agency.uuid(), tenants.other_agency_people.owner.uuid()),
    ];
    for (client, _) in pairs {
        for text in PARENTS {
            sqlx::query(text).bind(client).execute(&mut *db).await.unwrap();
        }
    }
    for fixture in ALL {
        for (client, person) in pairs {
            // People, their profiles and the hierarchy are the tenants' own; a customer has no customers.
            let there = ["auth.users", "public.profiles", "public.client_users"].contains(&fixture.table);
            let is_agency = client == tenants.agency.uuid() || client == tenants.other_agency.uuid();
            if there || (fixture.of_agency && !is_agency) {
                continue;
            }
            let text = fixture.insert_text(fixture.insert);
            sqlx::query(sqlx::AssertSqlSafe(text))
                .bind(client)
                .bind(person)
                .execute(&mut *db)
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", fixture.table));
        }
    }
    sqlx::raw_sql("INSERT INTO budget_limits (client_id, daily_limit) VALUES (NULL, 1000)").execute(db).await.unwrap();
}
