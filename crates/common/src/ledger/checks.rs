//! The proofs, as SQL. `$1`: clients, or NULL for all; `$2`: a day, or NULL. `rows` counts what is looked at; `faults` gives a
//! subject and a message per row that differs.
//!
//! Written without the functions that keep the accounts: a proof by the same code would prove nothing.

/// One proof.
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) rows: &'static str,
    pub(super) faults: &'static str,
}

const BUDGETS: &str = "SELECT count(*) FROM budgets b WHERE ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)";
const RESERVATIONS: &str = "SELECT count(*) FROM reservations r WHERE ($1::uuid[] IS NULL OR r.client_id = ANY ($1))
  AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')";
const OPEN: &str =
    "SELECT count(*) FROM reservations r WHERE r.settled_at IS NULL AND ($1::uuid[] IS NULL OR r.client_id = ANY ($1))
  AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')";
const CHARGES: &str = "SELECT count(*) FROM charges h WHERE ($1::uuid[] IS NULL OR h.client_id = ANY ($1))
  AND ($2::date IS NULL OR h.created_at >= $2::timestamp AT TIME ZONE 'UTC')";

pub(super) const CHECKS: &[Check] = &[
    // What was reserved on a day counts in its row of that day and month, whenever it was settled. A client's own row has its
    // own jobs; with a limit also those of everything below, and so have the root's and the global one. An agency's row of a period in which
    // a client was moved can't be told from what is there: it keeps what was booked before. Without a limit, a row has at least
    // its own jobs (and what was booked while it had one).
    Check {
        name: "spent is the sum of the ledger",
        rows: BUDGETS,
        faults: "
WITH RECURSIVE sums AS MATERIALIZED (
  SELECT r.client_id, (r.created_at AT TIME ZONE 'UTC')::date AS day,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'done' AND h.job_id IS NOT NULL), 0) AS charged,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'failed' OR (p.status = 'done' AND h.job_id IS NULL)), 0) AS failed,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'cancelled'), 0) AS cancelled,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'unknown'), 0) AS unknown
    FROM reservations r
    LEFT JOIN provider_calls p ON p.job_id = r.job_id AND p.client_id = r.client_id
    LEFT JOIN charges h ON h.job_id = r.job_id
   WHERE r.settled_at IS NOT NULL AND ($1::uuid[] IS NULL OR r.client_id = ANY ($1))
     AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')
   GROUP BY 1, 2
), reach (holder, client) AS (
  SELECT c.id, c.id FROM clients c
  UNION ALL
  SELECT reach.holder, c.id FROM clients c JOIN reach ON c.parent_id = reach.client
), everybody (holder, client) AS (
  SELECT reach.holder, reach.client FROM reach
  UNION ALL
  SELECT NULL, c.id FROM clients c
), wanted AS (
  SELECT b.id, coalesce(c.slug, 'all clients') || ', ' || b.period || ' ' || b.period_start AS subject, b.limit_usd IS NULL AS is_open,
         b.spent, b.spent_charged, b.spent_failed, b.spent_cancelled, b.spent_unknown,
         coalesce(sum(s.charged), 0) AS charged, coalesce(sum(s.failed), 0) AS failed,
         coalesce(sum(s.cancelled), 0) AS cancelled, coalesce(sum(s.unknown), 0) AS unknown,
         coalesce(sum(s.charged + s.failed + s.cancelled + s.unknown) FILTER (WHERE e.client = b.client_id), 0) AS own,
         c.type = 'agency' AND EXISTS (SELECT FROM clients m WHERE m.id <> c.id AND m.moved_at >= b.period_start::timestamp AT TIME ZONE 'UTC') AS is_mixed
    FROM budgets b
    LEFT JOIN clients c ON c.id = b.client_id
    LEFT JOIN everybody e ON e.holder IS NOT DISTINCT FROM b.client_id
    LEFT JOIN sums s ON s.client_id = e.client AND s.day >= b.period_start
                    AND s.day < b.period_start + CASE b.period WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END
   WHERE ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)
   GROUP BY b.id, c.id
)
SELECT subject, format('spent %s (charged %s, failed %s, cancelled %s, unknown %s); the ledger has charged %s, failed %s, cancelled %s, unknown %s',
         spent, spent_charged, spent_failed, spent_cancelled, spent_unknown, charged, failed, cancelled, unknown)
  FROM wanted
 WHERE spent <> spent_charged + spent_failed + spent_cancelled + spent_unknown
    OR CASE WHEN is_open OR is_mixed THEN spent < own OR (NOT is_mixed AND spent > charged + failed + cancelled + unknown)
            ELSE (spent_charged, spent_failed, spent_cancelled, spent_unknown) IS DISTINCT FROM (charged, failed, cancelled, unknown) END
    -- A client without clients below has its own jobs alone, limited or not.
    OR (is_open AND own = charged + failed + cancelled + unknown AND NOT is_mixed
        AND (spent_charged, spent_failed, spent_cancelled, spent_unknown) IS DISTINCT FROM (charged, failed, cancelled, unknown))
 ORDER BY 1",
    },
    Check {
        name: "reserved is what is held",
        rows: BUDGETS,
        faults: "
SELECT coalesce(c.slug, 'all clients') || ', ' || b.period || ' ' || b.period_start,
       format('reserved %s; jobs hold %s in it', b.reserved, coalesce(o.held, 0))
  FROM budgets b
  LEFT JOIN clients c ON c.id = b.client_id
  LEFT JOIN (SELECT p.budget_id, sum(r.held) AS held
               FROM reservation_parts p JOIN reservations r ON r.job_id = p.job_id AND r.settled_at IS NULL GROUP BY 1) AS o ON o.budget_id = b.id
 WHERE b.reserved <> coalesce(o.held, 0)
   AND ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)
 ORDER BY 1",
    },
    Check {
        name: "no limit is passed",
        rows: BUDGETS,
        faults: "
SELECT coalesce(c.slug, 'all clients') || ', ' || b.period || ' ' || b.period_start,
       CASE WHEN b.limit_usd IS NOT NULL AND b.over_usd <> greatest(b.spent + b.reserved - b.limit_usd, 0)
            THEN format('spent %s and reserved %s of %s, and it says that it is over by %s', b.spent, b.reserved, b.limit_usd, b.over_usd)
            ELSE format('the limit is %s; the one that was set is %s', coalesce(b.limit_usd::text, 'none'), coalesce(w.amount::text, 'none')) END
  FROM budgets b
  LEFT JOIN clients c ON c.id = b.client_id
  LEFT JOIN budget_limits l ON l.client_id IS NOT DISTINCT FROM b.client_id
 CROSS JOIN LATERAL (SELECT CASE b.period WHEN 'day' THEN l.daily_limit ELSE l.monthly_limit END AS amount) AS w
 WHERE (b.over_usd < 0 OR (b.limit_usd IS NULL AND b.over_usd <> 0)
        OR (b.limit_usd IS NOT NULL AND b.over_usd > 0 AND b.over_usd <> greatest(b.spent + b.reserved - b.limit_usd, 0))
        OR b.spent + b.reserved > b.limit_usd + b.over_usd
        OR (b.period_start = date_trunc(b.period::text, now() AT TIME ZONE 'UTC')::date AND b.limit_usd IS DISTINCT FROM w.amount))
   AND ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)
 ORDER BY 1",
    },
    Check {
        name: "what is held belongs to jobs that live",
        rows: OPEN,
        faults: "
SELECT 'job ' || r.job_id, format('%s is held since %s for a job that lives no more', r.held, r.created_at)
  FROM reservations r
 WHERE r.settled_at IS NULL AND NOT EXISTS (SELECT FROM job_runs j WHERE j.job_id = r.job_id)
   AND ($1::uuid[] IS NULL OR r.client_id = ANY ($1)) AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')
UNION ALL
SELECT 'job ' || j.job_id, 'it lives, and nothing is held for it'
  FROM job_runs j
 WHERE NOT EXISTS (SELECT FROM reservations r WHERE r.job_id = j.job_id AND r.settled_at IS NULL)
   AND ($1::uuid[] IS NULL OR j.client_id = ANY ($1)) AND ($2::date IS NULL OR j.accepted_at >= $2::timestamp AT TIME ZONE 'UTC')
 ORDER BY 1",
    },
    Check {
        name: "what is held stands in budgets",
        rows: OPEN,
        faults: "
SELECT 'job ' || r.job_id, format('%s is held, and no budget of its client says so', r.held)
  FROM reservations r
 WHERE r.settled_at IS NULL
   AND NOT EXISTS (SELECT FROM reservation_parts p JOIN budgets b ON b.id = p.budget_id WHERE p.job_id = r.job_id AND b.client_id = r.client_id)
   AND ($1::uuid[] IS NULL OR r.client_id = ANY ($1)) AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')
UNION ALL
SELECT 'job ' || p.job_id, CASE WHEN b.id IS NULL THEN format('it is held in the budget %s, which does not exist', p.budget_id)
                                ELSE format('it is held in the budget %s, and settled or unknown', p.budget_id) END
  FROM reservation_parts p
  LEFT JOIN budgets b ON b.id = p.budget_id
  LEFT JOIN reservations r ON r.job_id = p.job_id AND r.settled_at IS NULL
 WHERE (b.id IS NULL OR r.job_id IS NULL) AND ($1::uuid[] IS NULL OR p.client_id = ANY ($1)) AND ($2::date IS NULL OR r.created_at IS NULL
        OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')
 ORDER BY 1",
    },
    // A job that was deleted (erasure, retention) leaves its charge; that is no fault.
    Check {
        name: "a charge for each completed job, and for no other",
        rows: CHARGES,
        faults: "
SELECT 'job ' || j.id, CASE WHEN h.job_id IS NULL THEN 'it is completed, and nothing was charged'
                            WHEN j.status <> 'completed' THEN format('it is %s, and %s was charged', j.status, h.amount)
                            WHEN h.client_id <> j.client_id THEN 'somebody else was charged'
                            ELSE format('it says that it cost %s; %s was charged', coalesce(j.cost::text, 'nothing'), h.amount) END
  FROM jobs j LEFT JOIN charges h ON h.job_id = j.id
 WHERE ((j.status = 'completed') <> (h.job_id IS NOT NULL) OR h.client_id <> j.client_id OR (h.job_id IS NOT NULL AND j.cost IS DISTINCT FROM h.amount))
   AND ($1::uuid[] IS NULL OR j.client_id = ANY ($1)) AND ($2::date IS NULL OR j.id >= app.uuid_v7_floor($2::timestamp AT TIME ZONE 'UTC'))
 ORDER BY 1",
    },
    Check {
        name: "a charge is what its calls cost",
        rows: CHARGES,
        faults: "
SELECT 'job ' || h.job_id, format('%s was charged; the calls that made its result cost %s', h.amount, coalesce(c.cost, 0))
  FROM charges h
  LEFT JOIN (SELECT p.job_id, p.client_id, sum(p.cost) AS cost FROM provider_calls p WHERE p.status = 'done' GROUP BY 1, 2) AS c
         ON c.job_id = h.job_id AND c.client_id = h.client_id
 WHERE h.amount <> coalesce(c.cost, 0)
   AND ($1::uuid[] IS NULL OR h.client_id = ANY ($1)) AND ($2::date IS NULL OR h.created_at >= $2::timestamp AT TIME ZONE 'UTC')
 ORDER BY 1",
    },
    Check {
        name: "each call belongs to a reservation, and none outlives it",
        rows: "SELECT count(*) FROM provider_calls p WHERE ($1::uuid[] IS NULL OR p.client_id = ANY ($1))
                 AND ($2::date IS NULL OR p.started_at >= $2::timestamp AT TIME ZONE 'UTC')",
        faults: "
SELECT 'call ' || p.id || ' of job ' || p.job_id,
       CASE WHEN r.job_id IS NULL THEN format('nothing was ever reserved for it, and it cost %s', p.cost)
            WHEN r.client_id <> p.client_id THEN format('it is booked for somebody else than its job, and cost %s', p.cost)
            ELSE format('it is under way, and its job settled at %s', r.settled_at) END
  FROM provider_calls p LEFT JOIN reservations r ON r.job_id = p.job_id
 WHERE (r.job_id IS NULL OR r.client_id <> p.client_id OR (p.status = 'started' AND r.settled_at IS NOT NULL))
   AND ($1::uuid[] IS NULL OR p.client_id = ANY ($1)) AND ($2::date IS NULL OR p.started_at >= $2::timestamp AT TIME ZONE 'UTC')
 ORDER BY 1",
    },
    // Charges without a reservation: nothing stands behind them.
    Check {
        name: "each charge was reserved and settled",
        rows: RESERVATIONS,
        faults: "
SELECT 'job ' || h.job_id, CASE WHEN r.job_id IS NULL THEN format('%s was charged, and nothing was ever reserved', h.amount)
                                ELSE format('%s was charged, and its reservation is open', h.amount) END
  FROM charges h LEFT JOIN reservations r ON r.job_id = h.job_id AND r.client_id = h.client_id
 WHERE r.settled_at IS NULL
   AND ($1::uuid[] IS NULL OR h.client_id = ANY ($1)) AND ($2::date IS NULL OR h.created_at >= $2::timestamp AT TIME ZONE 'UTC')
 ORDER BY 1",
    },
    // What a key holds is held for its jobs that count: those are open, are the key's, and no other open job of it stands beside
    // them in a period that has a row with a limit. Keys whose limits were taken away keep their rows, which nobody asks any more.
    Check {
        name: "what an API key holds is held for its jobs",
        rows: "SELECT count(*) FROM api_key_budgets b WHERE ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)",
        faults: "
SELECT 'key ' || k.prefix || ' (' || b.api_key_id || '), ' || b.period || ' ' || b.period_start,
       format('reserved is %s, and %s is held for the jobs that count', b.reserved, coalesce(h.held, 0))
  FROM api_key_budgets b
  JOIN api_keys k ON k.id = b.api_key_id
  LEFT JOIN LATERAL (
    SELECT sum(r.held) AS held FROM api_key_jobs j JOIN reservations r ON r.job_id = j.job_id AND r.client_id = j.client_id AND r.settled_at IS NULL
     WHERE j.api_key_id = b.api_key_id AND date_trunc(b.period::text, j.day::timestamp)::date = b.period_start) h ON true
 WHERE b.reserved <> coalesce(h.held, 0)
   AND ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)
 ORDER BY 1",
    },
    Check {
        name: "no API key's limit is passed",
        rows: "SELECT count(*) FROM api_key_budgets b WHERE ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)",
        faults: "
SELECT 'key ' || k.prefix || ' (' || b.api_key_id || '), ' || b.period || ' ' || b.period_start,
       format('spent %s and reserved %s of %s, over by %s; %s jobs of %s', b.spent, b.reserved, b.limit_usd, b.over_usd, b.jobs, b.jobs_limit)
  FROM api_key_budgets b
  JOIN api_keys k ON k.id = b.api_key_id
 WHERE (b.over_usd <> greatest(b.spent + b.reserved - coalesce(b.limit_usd, b.spent + b.reserved), 0) OR b.jobs > b.jobs_limit)
   AND ($1::uuid[] IS NULL OR b.client_id = ANY ($1)) AND ($2::date IS NULL OR b.period_start >= $2)
 ORDER BY 1",
    },
    Check {
        name: "jobs that count against an API key are open and its own",
        rows: "SELECT count(*) FROM api_key_jobs j WHERE ($1::uuid[] IS NULL OR j.client_id = ANY ($1)) AND ($2::date IS NULL OR j.day >= $2)",
        faults: "
SELECT 'job ' || j.job_id,
       CASE WHEN r.settled_at IS NOT NULL THEN 'it counts, and is settled'
            WHEN r.job_id IS NULL THEN 'it counts, and nothing was reserved for it'
            ELSE 'it counts against a key that didn''t ask for it' END
  FROM api_key_jobs j
  LEFT JOIN reservations r ON r.job_id = j.job_id AND r.client_id = j.client_id
  LEFT JOIN jobs o ON o.id = j.job_id
 WHERE (r.job_id IS NULL OR r.settled_at IS NOT NULL OR coalesce(o.api_key_id, r.api_key_id, j.api_key_id) <> j.api_key_id)
   AND ($1::uuid[] IS NULL OR j.client_id = ANY ($1)) AND ($2::date IS NULL OR j.day >= $2)
 ORDER BY 1",
    },
    // A job that was deleted after it was counted has no content type any more: sums go over all of them.
    Check {
        name: "usage by day is the sum of its calls",
        rows: "SELECT count(*) FROM usage_days u WHERE ($1::uuid[] IS NULL OR u.client_id = ANY ($1)) AND ($2::date IS NULL OR u.day >= $2)",
        faults: "
WITH told AS (
  SELECT u.client_id, u.day, u.provider, u.model, u.heading, u.cost_known::text AS known, sum(u.cost) AS cost, sum(u.calls) AS calls,
         sum(u.input_tokens) AS input, sum(u.cache_write_tokens) AS written, sum(u.output_tokens) AS output, sum(u.results) AS results
    FROM usage_days u
   WHERE ($1::uuid[] IS NULL OR u.client_id = ANY ($1)) AND ($2::date IS NULL OR u.day >= $2)
   GROUP BY 1, 2, 3, 4, 5, 6
), ledger AS (
  SELECT r.client_id, (r.created_at AT TIME ZONE 'UTC')::date AS day, p.provider, p.model,
         CASE WHEN p.status = 'done' AND h.job_id IS NOT NULL THEN 'charged' WHEN p.status IN ('done', 'failed') THEN 'failed'
              WHEN p.status = 'cancelled' THEN 'cancelled' ELSE 'unknown' END AS heading, p.cost_known::text AS known,
         sum(p.cost) AS cost, count(*) AS calls, sum(coalesce(p.input_tokens, 0)) AS input,
         sum(coalesce(p.cache_write_tokens, 0)) AS written, sum(coalesce(p.output_tokens, 0)) AS output
    FROM reservations r
    JOIN provider_calls p ON p.job_id = r.job_id AND p.client_id = r.client_id
    LEFT JOIN charges h ON h.job_id = r.job_id
   WHERE r.job_id < (SELECT coalesce(max(q.counted_to::text)::uuid, '00000000-0000-0000-0000-000000000000') FROM usage_days_progress q)
     AND r.settled_at IS NOT NULL
     AND ($1::uuid[] IS NULL OR r.client_id = ANY ($1)) AND ($2::date IS NULL OR r.created_at >= $2::timestamp AT TIME ZONE 'UTC')
   GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT coalesce(c.slug, '?') || ', ' || coalesce(t.day, l.day) || ', ' || coalesce(t.provider, l.provider) || ' ' || coalesce(t.model, l.model) || ', ' || coalesce(t.heading, l.heading),
       format('%s calls, %s tokens in, %s written to caches, %s out, cost %s; the ledger has %s calls, %s in, %s written, %s out, cost %s',
         coalesce(t.calls, 0), coalesce(t.input, 0), coalesce(t.written, 0), coalesce(t.output, 0), coalesce(t.cost, 0),
         coalesce(l.calls, 0), coalesce(l.input, 0), coalesce(l.written, 0), coalesce(l.output, 0), coalesce(l.cost, 0))
  FROM told t
  FULL JOIN ledger l ON (l.client_id, l.day, l.provider, l.model, l.heading, l.known) = (t.client_id, t.day, t.provider, t.model, t.heading, t.known)
  LEFT JOIN clients c ON c.id = coalesce(t.client_id, l.client_id)
 WHERE (t.cost, t.calls, t.input, t.written, t.output) IS DISTINCT FROM (l.cost, l.calls, l.input, l.written, l.output)
 ORDER BY 1",
    },
];
