-- What money looks like from outside: limits that are set from two sides, a limit that may be lowered below what is spent,
-- warnings, usage and costs by day, price lists that were fetched.

-- Whoever accepts jobs meanwhile takes these tables in this order; this gives up rather than keep everybody waiting.
SET LOCAL lock_timeout = '10s';
LOCK TABLE clients, budget_limits, budgets IN ACCESS EXCLUSIVE MODE;

-- ---------------------------------------------------------------------------------------------
-- Limits. A client's own admins set `own_*`; who administers what stands above it sets `cap_*`, which they can't raise.
-- daily_limit and monthly_limit are the smaller of the two: what is in force, and all that the accounts read.

ALTER TABLE budget_limits
  ADD COLUMN own_daily   numeric(18, 9) CONSTRAINT budget_limits_own_daily CHECK (own_daily >= 0),
  ADD COLUMN own_monthly numeric(18, 9) CONSTRAINT budget_limits_own_monthly CHECK (own_monthly >= 0),
  ADD COLUMN cap_daily   numeric(18, 9) CONSTRAINT budget_limits_cap_daily CHECK (cap_daily >= 0),
  ADD COLUMN cap_monthly numeric(18, 9) CONSTRAINT budget_limits_cap_monthly CHECK (cap_monthly >= 0);

-- Until now limits were set by the operator: where somebody stands above the client, that was from above. No limit changes.
ALTER TABLE budget_limits DISABLE TRIGGER USER;
UPDATE budget_limits l
   SET own_daily = CASE WHEN c.parent_id IS NULL THEN l.daily_limit END, own_monthly = CASE WHEN c.parent_id IS NULL THEN l.monthly_limit END,
       cap_daily = CASE WHEN c.parent_id IS NOT NULL THEN l.daily_limit END, cap_monthly = CASE WHEN c.parent_id IS NOT NULL THEN l.monthly_limit END
  FROM budget_limits k LEFT JOIN clients c ON c.id = k.client_id
 WHERE k.id = l.id;
ALTER TABLE budget_limits ENABLE TRIGGER USER;

-- Runs with the writer's rights: a cap is the business of those above. Who writes the limit in force itself (an earlier version
-- at its start, somebody in SQL) means the client's own.
CREATE FUNCTION app.budget_limits_in_force() RETURNS trigger
LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
  from_above boolean;
BEGIN
  IF TG_OP = 'INSERT' THEN
    from_above := num_nonnulls(NEW.cap_daily, NEW.cap_monthly) > 0;
    NEW.own_daily := coalesce(NEW.own_daily, CASE WHEN NEW.cap_daily IS NULL THEN NEW.daily_limit END);
    NEW.own_monthly := coalesce(NEW.own_monthly, CASE WHEN NEW.cap_monthly IS NULL THEN NEW.monthly_limit END);
  ELSE
    from_above := (OLD.cap_daily, OLD.cap_monthly, OLD.client_id) IS DISTINCT FROM (NEW.cap_daily, NEW.cap_monthly, NEW.client_id)
                  AND num_nonnulls(OLD.cap_daily, OLD.cap_monthly, NEW.cap_daily, NEW.cap_monthly) > 0;
    IF NEW.daily_limit IS DISTINCT FROM OLD.daily_limit AND (NEW.own_daily, NEW.cap_daily) IS NOT DISTINCT FROM (OLD.own_daily, OLD.cap_daily) THEN
      NEW.own_daily := NEW.daily_limit;
    END IF;
    IF NEW.monthly_limit IS DISTINCT FROM OLD.monthly_limit AND (NEW.own_monthly, NEW.cap_monthly) IS NOT DISTINCT FROM (OLD.own_monthly, OLD.cap_monthly) THEN
      NEW.own_monthly := NEW.monthly_limit;
    END IF;
  END IF;
  IF from_above AND current_user = 'hg_content_app'
     AND coalesce(app.role_on((SELECT c.parent_id FROM public.clients c WHERE c.id = NEW.client_id)) < 'admin'::public.member_role, true) THEN
    RAISE EXCEPTION 'a cap is set by those above the client' USING ERRCODE = 'HG403';
  END IF;
  -- least() passes over what is NULL: no limit.
  NEW.daily_limit := least(NEW.own_daily, NEW.cap_daily);
  NEW.monthly_limit := least(NEW.own_monthly, NEW.cap_monthly);
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION app.budget_limits_in_force() FROM PUBLIC;
CREATE TRIGGER budget_limits_in_force BEFORE INSERT OR UPDATE ON budget_limits FOR EACH ROW EXECUTE FUNCTION app.budget_limits_in_force();

-- Admins, not owners alone: the row's trigger says who may set which half.
ALTER POLICY budget_limits_owner_insert ON budget_limits RENAME TO budget_limits_admin_insert;
ALTER POLICY budget_limits_owner_update ON budget_limits RENAME TO budget_limits_admin_update;
ALTER POLICY budget_limits_admin_insert ON budget_limits WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role('admin'))::uuid[]));
ALTER POLICY budget_limits_admin_update ON budget_limits
  USING (client_id = ANY ((SELECT app.client_ids_with_role('admin'))::uuid[]))
  WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role('admin'))::uuid[]));

-- ---------------------------------------------------------------------------------------------
-- A limit below what is spent and held. Before, the row's limit was raised to what was there; what was held and not used
-- then made room again, above the limit that somebody had set. Now limit_usd is what was set, and over_usd by how much
-- what is there passes it: because the limit was lowered, or a provider billed more than the worst case. Nothing is
-- reserved while it is above zero.

ALTER TABLE budgets
  ADD COLUMN over_usd numeric(18, 9) NOT NULL DEFAULT 0,
  DROP CONSTRAINT budgets_within_limit,
  ADD CONSTRAINT budgets_within_limit CHECK (over_usd >= 0 AND (limit_usd IS NULL OR spent + reserved <= limit_usd + over_usd));
-- Rows of now whose limit was raised to what was there.
UPDATE budgets b SET limit_usd = w.amount, over_usd = greatest(b.spent + b.reserved - w.amount, 0)
  FROM budget_limits l
 CROSS JOIN LATERAL (VALUES ('day'::budget_period, (now() AT TIME ZONE 'UTC')::date, l.daily_limit),
                            ('month', date_trunc('month', now() AT TIME ZONE 'UTC')::date, l.monthly_limit)) AS w (period, start_on, amount)
 WHERE b.client_id IS NOT DISTINCT FROM l.client_id AND b.period = w.period AND b.period_start = w.start_on AND b.limit_usd > w.amount;

SET LOCAL ROLE hg_definer;

-- As before (0009), but for limit_usd and over_usd.
CREATE OR REPLACE FUNCTION app.ledger_settle(of_job uuid, charged numeric, failed numeric, cancelled numeric, unknown numeric) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  held_amount numeric;
  of_client uuid;
  ids uuid[];
  total numeric := charged + failed + cancelled + unknown;
BEGIN
  IF total IS NULL OR least(charged, failed, cancelled, unknown) < 0 THEN
    RAISE EXCEPTION 'what was spent are amounts from 0' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  UPDATE public.reservations r SET settled_at = now()
   WHERE r.job_id = of_job AND r.settled_at IS NULL RETURNING r.held, r.client_id INTO held_amount, of_client;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF current_setting('role') <> 'hg_system'
     AND NOT (coalesce(of_client = app.own_client_id(), false)
              OR coalesce(of_client = ANY (app.client_ids_with_role('member'::public.member_role)), false)) THEN
    RAISE EXCEPTION 'no such job' USING ERRCODE = 'HG404';
  END IF;
  WITH gone AS (DELETE FROM public.reservation_parts p WHERE p.job_id = of_job RETURNING p.budget_id)
  SELECT array_agg(gone.budget_id) INTO ids FROM gone;
  UPDATE public.budgets b SET
      reserved = b.reserved - held_amount, spent = b.spent + total,
      spent_charged = b.spent_charged + charged, spent_failed = b.spent_failed + failed,
      spent_cancelled = b.spent_cancelled + cancelled, spent_unknown = b.spent_unknown + unknown,
      over_usd = CASE WHEN b.limit_usd IS NULL THEN 0 ELSE greatest(b.spent + total + b.reserved - held_amount - b.limit_usd, 0) END
   WHERE b.id = ANY (ids);
  RETURN true;
END
$$;

-- As before (0016), but for limit_usd and over_usd.
CREATE OR REPLACE FUNCTION app.budget_take_over(row_id uuid, wanted numeric) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  row_of public.budgets;
  everything boolean;
  below uuid[];
  since timestamptz[];
  sums record;
  held_sum numeric;
BEGIN
  SELECT * INTO row_of FROM public.budgets WHERE id = row_id FOR UPDATE;
  everything := coalesce((SELECT c.parent_id IS NULL FROM public.clients c WHERE c.id = row_of.client_id), true);
  WITH RECURSIVE tree AS (
    SELECT c.id, '-infinity'::timestamptz AS here_since
      FROM public.clients c WHERE (row_of.client_id IS NULL AND c.parent_id IS NULL) OR c.id = row_of.client_id
    UNION ALL
    SELECT c.id, CASE WHEN everything THEN tree.here_since ELSE greatest(tree.here_since, c.moved_at) END
      FROM public.clients c JOIN tree ON c.parent_id = tree.id
  )
  SELECT array_agg(tree.id), array_agg(greatest(tree.here_since, row_of.period_start::timestamp AT TIME ZONE 'UTC'))
    INTO below, since FROM tree;
  SELECT coalesce(sum(p.cost) FILTER (WHERE p.status = 'done' AND h.job_id IS NOT NULL), 0) AS charged,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'failed' OR (p.status = 'done' AND h.job_id IS NULL)), 0) AS failed,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'cancelled'), 0) AS cancelled,
         coalesce(sum(p.cost) FILTER (WHERE p.status = 'unknown'), 0) AS unknown
    INTO sums
    FROM unnest(below, since) AS holder (id, here_since)
    JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= holder.here_since AND r.settled_at IS NOT NULL
    JOIN public.provider_calls p ON p.job_id = r.job_id AND p.client_id = r.client_id
    LEFT JOIN public.charges h ON h.job_id = r.job_id;
  INSERT INTO public.reservation_parts (job_id, budget_id, client_id)
    SELECT r.job_id, row_id, r.client_id
      FROM unnest(below, since) AS holder (id, here_since)
      JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= holder.here_since AND r.settled_at IS NULL
    ON CONFLICT DO NOTHING;
  SELECT coalesce(sum(r.held), 0) INTO held_sum
    FROM public.reservation_parts p JOIN public.reservations r ON r.job_id = p.job_id AND r.settled_at IS NULL
   WHERE p.budget_id = row_id;
  UPDATE public.budgets b SET
      reserved = held_sum, spent = sums.charged + sums.failed + sums.cancelled + sums.unknown,
      spent_charged = sums.charged, spent_failed = sums.failed, spent_cancelled = sums.cancelled, spent_unknown = sums.unknown,
      limit_usd = wanted,
      over_usd = coalesce(greatest(sums.charged + sums.failed + sums.cancelled + sums.unknown + held_sum - wanted, 0), 0)
   WHERE b.id = row_id;
END
$$;

-- As before (0005), but for limit_usd and over_usd.
CREATE OR REPLACE FUNCTION app.budget_limits_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  change record;
  row_id uuid;
BEGIN
  FOR change IN
    SELECT per, was, wanted
      FROM (VALUES ('day'::public.budget_period, CASE WHEN TG_OP = 'UPDATE' THEN OLD.daily_limit END, NEW.daily_limit),
                   ('month', CASE WHEN TG_OP = 'UPDATE' THEN OLD.monthly_limit END, NEW.monthly_limit)) AS changes (per, was, wanted)
     WHERE was IS DISTINCT FROM wanted
  LOOP
    PERFORM pg_advisory_xact_lock(app.ledger_lock());
    IF change.was IS NULL THEN
      row_id := app.budget_open(NEW.client_id, change.per, date_trunc(change.per::text, now() AT TIME ZONE 'UTC')::date, NULL);
      PERFORM app.budget_take_over(row_id, change.wanted);
    ELSE
      UPDATE public.budgets b
         SET limit_usd = change.wanted, over_usd = coalesce(greatest(b.spent + b.reserved - change.wanted, 0), 0)
       WHERE b.client_id IS NOT DISTINCT FROM NEW.client_id AND b.period = change.per
         AND b.period_start = date_trunc(change.per::text, now() AT TIME ZONE 'UTC')::date;
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- The limits above a client that bind it, in the running day and month. To whom the holder isn't open it says that there is
-- one, when it starts anew, and whether it is used up: that is what a refusal tells, too. How much it is, and what is left,
-- is the business of those who see the holder; of the global one, of those who see everything.
CREATE FUNCTION app.budgets_above(of_client uuid)
RETURNS TABLE (scope text, period public.budget_period, period_start date, is_used_up boolean, limit_usd numeric, left_usd numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  seen uuid[] := app.accessible_client_ids();
  sees_all boolean := app.user_id() IS NOT NULL AND app.sees_all_clients();
  today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
  IF NOT coalesce(of_client = ANY (seen), false) THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH RECURSIVE chain AS (
      SELECT c.id, c.parent_id, 0 AS distance FROM public.clients c WHERE c.id = of_client
      UNION ALL
      SELECT p.id, p.parent_id, chain.distance + 1 FROM public.clients p JOIN chain ON p.id = chain.parent_id
    ), holder AS (
      SELECT chain.id, chain.distance, 'agency' AS scope, chain.id = ANY (seen) AS is_open FROM chain WHERE chain.distance > 0
      UNION ALL
      SELECT NULL, 1000, 'global', sees_all
    )
    SELECT holder.scope, l.period, l.start_on, coalesce(b.spent + b.reserved >= b.limit_usd, l.amount = 0),
           CASE WHEN holder.is_open THEN l.amount END,
           CASE WHEN holder.is_open THEN greatest(l.amount - coalesce(b.spent + b.reserved, 0), 0) END
      FROM holder
      JOIN public.budget_limits k ON k.client_id IS NOT DISTINCT FROM holder.id
     CROSS JOIN LATERAL (VALUES ('day'::public.budget_period, k.daily_limit, today),
                                ('month', k.monthly_limit, date_trunc('month', today::timestamp)::date)) AS l (period, amount, start_on)
      LEFT JOIN public.budgets b ON b.client_id IS NOT DISTINCT FROM holder.id AND b.period = l.period AND b.period_start = l.start_on
     WHERE l.amount IS NOT NULL
     ORDER BY holder.distance, l.period;
END
$$;

SET LOCAL ROLE hg_owner;

-- ---------------------------------------------------------------------------------------------
-- Warnings: a row per budget row and threshold, made off the jobs' path. A table of its own, because budget rows are hot.

CREATE TABLE budget_warnings (
  budget_id uuid NOT NULL REFERENCES budgets (id) ON DELETE CASCADE,
  percent   smallint NOT NULL CONSTRAINT budget_warnings_percent CHECK (percent IN (80, 100)),
  -- NULL for the global rows.
  client_id uuid REFERENCES clients (id) ON DELETE CASCADE,
  limit_usd numeric(18, 9) NOT NULL,
  spent     numeric(18, 9) NOT NULL,
  -- Whether jobs were refused before the limit itself was reached.
  refusing  boolean NOT NULL DEFAULT false,
  at        timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (budget_id, percent)
);
CREATE INDEX budget_warnings_client_idx ON budget_warnings (client_id, at DESC);
-- Of limited rows only; none of these columns changes while jobs run, so that updates stay within their page.
CREATE INDEX budgets_limited_idx ON budgets (period_start) WHERE limit_usd IS NOT NULL;

-- ---------------------------------------------------------------------------------------------
-- Usage and costs by day: what the calls of ended jobs were, added up off the jobs' path.

-- A row per call of an ended job, as it stands in the accounts. The day is that of the reservation, as in `budgets`.
CREATE VIEW app.settled_calls WITH (security_invoker = true) AS
SELECT r.job_id, r.client_id, r.created_at AS reserved_at, (r.created_at AT TIME ZONE 'UTC')::date AS day,
       p.provider, p.model, j.content_type, p.cost_known, p.cost, p.input_tokens, p.cached_tokens, p.output_tokens, p.reasoning_tokens,
       CASE WHEN p.status = 'done' AND h.job_id IS NOT NULL THEN 'charged'
            WHEN p.status IN ('done', 'failed') THEN 'failed'
            WHEN p.status = 'cancelled' THEN 'cancelled'
            ELSE 'unknown' END AS heading,
       -- One call of each job with a result: the last that was answered.
       (p.status = 'done' AND h.job_id IS NOT NULL AND NOT EXISTS (
          SELECT FROM public.provider_calls q
           WHERE q.job_id = p.job_id AND q.client_id = p.client_id AND q.status = 'done' AND q.id > p.id))::integer AS results
  FROM public.reservations r
  JOIN public.provider_calls p ON p.job_id = r.job_id AND p.client_id = r.client_id
  LEFT JOIN public.charges h ON h.job_id = r.job_id
  LEFT JOIN public.jobs j ON j.id = r.job_id
 WHERE r.settled_at IS NOT NULL;
GRANT SELECT ON app.settled_calls TO hg_definer;

CREATE TABLE usage_days (
  client_id        uuid NOT NULL REFERENCES clients (id),
  day              date NOT NULL,
  provider         varchar(50) NOT NULL,
  model            varchar(200) NOT NULL,
  -- NULL: the job was deleted before it was counted.
  content_type     content_type,
  heading          text NOT NULL CONSTRAINT usage_days_heading CHECK (heading IN ('charged', 'failed', 'cancelled', 'unknown')),
  cost_known       cost_known NOT NULL,
  -- Jobs with a result, and the calls of all.
  results          bigint NOT NULL,
  calls            bigint NOT NULL,
  input_tokens     bigint NOT NULL,
  cached_tokens    bigint NOT NULL,
  output_tokens    bigint NOT NULL,
  reasoning_tokens bigint NOT NULL,
  cost             numeric(24, 9) NOT NULL CONSTRAINT usage_days_cost CHECK (cost >= 0),
  CONSTRAINT usage_days_key UNIQUE NULLS NOT DISTINCT (client_id, day, provider, model, content_type, heading, cost_known)
);

-- How far jobs have been counted: one row, which is the root's because every row has a tenant.
CREATE TABLE usage_days_progress (
  client_id  uuid PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  -- Every job before this one has ended and is counted.
  counted_to uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);

-- Price lists as they were fetched; the root's, because every row has a tenant.
CREATE TABLE price_lists (
  client_id  uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  -- Where it comes from: a URL.
  source     text NOT NULL CONSTRAINT price_lists_source_length CHECK (length(source) BETWEEN 1 AND 500),
  document   text CONSTRAINT price_lists_document_length CHECK (length(document) <= 16777216),
  fetched_at timestamptz,
  -- When somebody last set out to fetch it: one at a time.
  tried_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (client_id, source),
  CONSTRAINT price_lists_fetched CHECK ((document IS NULL) = (fetched_at IS NULL))
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['budget_warnings', 'usage_days', 'usage_days_progress', 'price_lists'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_owner USING (true) WITH CHECK (true)', t || '_owner', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_definer USING (true) WITH CHECK (true)', t || '_definer', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_content_app USING (client_id = (SELECT app.own_client_id()) OR client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]))', t || '_visible_select', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_content_app, hg_definer', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_system USING (true)', t || '_system_select', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_system', t);
  END LOOP;
END
$$;
GRANT INSERT, UPDATE ON budget_warnings, usage_days, usage_days_progress TO hg_definer;
CREATE POLICY price_lists_system_insert ON price_lists FOR INSERT TO hg_system WITH CHECK (true);
CREATE POLICY price_lists_system_update ON price_lists FOR UPDATE TO hg_system USING (true) WITH CHECK (true);
GRANT INSERT, UPDATE ON price_lists TO hg_system;

SET LOCAL ROLE hg_definer;

-- Notes which of today's and this month's budget rows have reached 80 or 100 percent of their limit, each once, and says
-- which are new. `refused`: [{client or slug, scope, period}], jobs that were refused of late. What a job reserves is more than what it
-- costs, so that work stops before the limit is reached: a row that refuses with less than a fifth left counts as used up.
CREATE FUNCTION app.budgets_warn(refused jsonb)
RETURNS TABLE (budget_id uuid, client_id uuid, slug varchar, period public.budget_period, percent smallint, limit_usd numeric, spent numeric, refusing boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_month date := date_trunc('month', today::timestamp)::date;
BEGIN
  RETURN QUERY
    WITH RECURSIVE told AS (
      SELECT DISTINCT c.id AS client, t.scope, t.period
        FROM jsonb_to_recordset(refused) AS t (client uuid, slug text, scope text, period public.budget_period)
        JOIN public.clients c ON c.id = t.client OR c.slug = t.slug
    ), chain AS (
      SELECT told.client AS holder, told.scope, told.period, 0 AS distance FROM told WHERE told.scope <> 'global'
      UNION ALL
      SELECT c.parent_id, chain.scope, chain.period, chain.distance + 1
        FROM chain JOIN public.clients c ON c.id = chain.holder WHERE c.parent_id IS NOT NULL AND chain.scope = 'agency'
    ), refusing AS (
      SELECT chain.holder, chain.period FROM chain WHERE (chain.scope = 'client') = (chain.distance = 0)
      UNION
      SELECT NULL, told.period FROM told WHERE told.scope = 'global'
    ), reached AS (
      SELECT b.id, b.client_id, b.period, b.limit_usd, b.spent, b.spent < b.limit_usd AS is_refusing, p.percent
        FROM public.budgets b CROSS JOIN (VALUES (80::smallint), (100::smallint)) AS p (percent)
       WHERE b.limit_usd IS NOT NULL AND b.spent > 0 AND b.period_start >= this_month
         AND ((b.period = 'day' AND b.period_start = today) OR (b.period = 'month' AND b.period_start = this_month))
         AND b.spent * 100 >= b.limit_usd * 80
         AND (p.percent = 80 OR b.spent >= b.limit_usd
              OR EXISTS (SELECT FROM refusing f WHERE f.holder IS NOT DISTINCT FROM b.client_id AND f.period = b.period))
    ), noted AS (
      INSERT INTO public.budget_warnings (budget_id, percent, client_id, limit_usd, spent, refusing)
      SELECT r.id, r.percent, r.client_id, r.limit_usd, r.spent, r.percent = 100 AND r.is_refusing FROM reached r
      ON CONFLICT DO NOTHING
      RETURNING budget_id, percent, client_id, limit_usd, spent, refusing
    )
    SELECT n.budget_id, n.client_id, c.slug, b.period, n.percent, n.limit_usd, n.spent, n.refusing
      FROM noted n JOIN public.budgets b ON b.id = n.budget_id LEFT JOIN public.clients c ON c.id = n.client_id
     ORDER BY n.budget_id, n.percent;
END
$$;

-- Counts the calls of at most so many jobs more, in the order of jobs, up to the first that still lives; returns how many jobs.
-- Jobs that are younger than `settled` wait: a transaction that is still open may bring one from before them. One at a
-- time: who comes second does nothing.
CREATE FUNCTION app.usage_count(most integer, settled interval DEFAULT '5 minutes') RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ''
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  root uuid := (SELECT c.id FROM public.clients c WHERE c.type = 'root');
  begin_at uuid;
  end_at uuid;
  jobs integer;
BEGIN
  IF root IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO public.usage_days_progress (client_id) VALUES (root) ON CONFLICT DO NOTHING;
  SELECT p.counted_to INTO begin_at FROM public.usage_days_progress p WHERE p.client_id = root FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- Who has no run any more has ended: what is read after this line has its end.
  end_at := least(app.uuid_v7_floor(now() - settled), (SELECT r.job_id FROM public.job_runs r ORDER BY r.job_id LIMIT 1));
  end_at := coalesce((SELECT r.job_id FROM public.reservations r WHERE r.job_id >= begin_at AND r.job_id < end_at ORDER BY r.job_id OFFSET most LIMIT 1), end_at);
  IF end_at <= begin_at THEN
    RETURN 0;
  END IF;
  INSERT INTO public.usage_days AS u (client_id, day, provider, model, content_type, heading, cost_known,
                                      results, calls, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost)
  SELECT s.client_id, s.day, s.provider, s.model, s.content_type, s.heading, s.cost_known, sum(s.results), count(*),
         sum(coalesce(s.input_tokens, 0)), sum(coalesce(s.cached_tokens, 0)), sum(coalesce(s.output_tokens, 0)),
         sum(coalesce(s.reasoning_tokens, 0)), sum(s.cost)
    FROM app.settled_calls s
   WHERE s.job_id >= begin_at AND s.job_id < end_at
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT ON CONSTRAINT usage_days_key DO UPDATE SET
     results = u.results + excluded.results, calls = u.calls + excluded.calls, input_tokens = u.input_tokens + excluded.input_tokens,
     cached_tokens = u.cached_tokens + excluded.cached_tokens, output_tokens = u.output_tokens + excluded.output_tokens,
     reasoning_tokens = u.reasoning_tokens + excluded.reasoning_tokens, cost = u.cost + excluded.cost;
  SELECT count(*) INTO jobs FROM public.reservations r WHERE r.job_id >= begin_at AND r.job_id < end_at;
  UPDATE public.usage_days_progress p SET counted_to = end_at WHERE p.client_id = root;
  RETURN jobs;
END
$$;

-- What these clients used and what it cost, of those that the scope sees, over whole days (UTC): counted, and the rest that isn't yet. In one
-- statement, so that a job is in one of the two. `dims`: by what to tell apart (client, provider, model, content_type, day).
-- At most so many rows, the newest day and the dearest first; `place` is NULL in the one that has all others.
CREATE FUNCTION app.usage_figures(of_clients uuid[], from_day date, to_day date, dims text[], most integer)
RETURNS TABLE (
  place bigint, client_id uuid, provider varchar, model varchar, content_type public.content_type, day date, others bigint,
  results bigint, calls bigint, input_tokens bigint, cached_tokens bigint, output_tokens bigint, reasoning_tokens bigint, cost numeric,
  charged numeric, failed numeric, cancelled numeric, unknown numeric, reported numeric, computed numeric, estimated numeric, guessed numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  counted_to uuid := coalesce((SELECT p.counted_to FROM public.usage_days_progress p LIMIT 1), '00000000-0000-0000-0000-000000000000');
  visible uuid[] := ARRAY(SELECT unnest(of_clients) INTERSECT SELECT unnest(app.accessible_client_ids()));
BEGIN
  RETURN QUERY
    WITH one AS (
      SELECT u.client_id, u.provider, u.model, u.content_type, u.day, u.heading, u.cost_known, u.results, u.calls,
             u.input_tokens, u.cached_tokens, u.output_tokens, u.reasoning_tokens, u.cost
        FROM unnest(visible) AS mine (id) JOIN public.usage_days u ON u.client_id = mine.id
       WHERE u.day BETWEEN from_day AND to_day
      UNION ALL
      SELECT s.client_id, s.provider, s.model, s.content_type, s.day, s.heading, s.cost_known, s.results, 1,
             coalesce(s.input_tokens, 0), coalesce(s.cached_tokens, 0), coalesce(s.output_tokens, 0), coalesce(s.reasoning_tokens, 0), s.cost
        FROM unnest(visible) AS mine (id) JOIN app.settled_calls s ON s.client_id = mine.id
       WHERE s.job_id >= counted_to
         -- An id is made a moment before or after its reservation.
         AND s.reserved_at >= greatest(from_day::timestamp AT TIME ZONE 'UTC', app.uuid_v7_time(counted_to) - interval '1 hour')
         AND s.reserved_at < (to_day + 1)::timestamp AT TIME ZONE 'UTC'
    ), summed AS (
      SELECT CASE WHEN 'client' = ANY (dims) THEN one.client_id END AS client_id,
             CASE WHEN 'provider' = ANY (dims) THEN one.provider END AS provider,
             CASE WHEN 'model' = ANY (dims) THEN one.model END AS model,
             CASE WHEN 'content_type' = ANY (dims) THEN one.content_type END AS content_type,
             CASE WHEN 'day' = ANY (dims) THEN one.day END AS day,
             sum(one.results)::bigint AS results, sum(one.calls)::bigint AS calls, sum(one.input_tokens)::bigint AS input_tokens,
             sum(one.cached_tokens)::bigint AS cached_tokens, sum(one.output_tokens)::bigint AS output_tokens,
             sum(one.reasoning_tokens)::bigint AS reasoning_tokens, sum(one.cost) AS cost,
             coalesce(sum(one.cost) FILTER (WHERE one.heading = 'charged'), 0) AS charged,
             coalesce(sum(one.cost) FILTER (WHERE one.heading = 'failed'), 0) AS failed,
             coalesce(sum(one.cost) FILTER (WHERE one.heading = 'cancelled'), 0) AS cancelled,
             coalesce(sum(one.cost) FILTER (WHERE one.heading = 'unknown'), 0) AS unknown,
             coalesce(sum(one.cost) FILTER (WHERE one.cost_known = 'reported'), 0) AS reported,
             coalesce(sum(one.cost) FILTER (WHERE one.cost_known = 'computed'), 0) AS computed,
             coalesce(sum(one.cost) FILTER (WHERE one.cost_known = 'estimated'), 0) AS estimated,
             coalesce(sum(one.cost) FILTER (WHERE one.cost_known = 'unknown'), 0) AS guessed
        FROM one GROUP BY 1, 2, 3, 4, 5
    ), placed AS (
      SELECT row_number() OVER (ORDER BY s.day DESC, s.cost DESC, s.client_id, s.provider, s.model, s.content_type) AS place, s.* FROM summed s
    )
    SELECT p.place, p.client_id, p.provider, p.model, p.content_type, p.day, 0::bigint, p.results, p.calls, p.input_tokens,
           p.cached_tokens, p.output_tokens, p.reasoning_tokens, p.cost, p.charged, p.failed, p.cancelled, p.unknown,
           p.reported, p.computed, p.estimated, p.guessed
      FROM placed p WHERE p.place <= most
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, count(*), sum(p.results)::bigint, sum(p.calls)::bigint, sum(p.input_tokens)::bigint,
           sum(p.cached_tokens)::bigint, sum(p.output_tokens)::bigint, sum(p.reasoning_tokens)::bigint, sum(p.cost), sum(p.charged),
           sum(p.failed), sum(p.cancelled), sum(p.unknown), sum(p.reported), sum(p.computed), sum(p.estimated), sum(p.guessed)
      FROM placed p WHERE p.place > most HAVING count(*) > 0
    ORDER BY 1 NULLS LAST;
END
$$;

REVOKE ALL ON FUNCTION app.budgets_above(uuid), app.budgets_warn(jsonb), app.usage_count(integer, interval),
  app.usage_figures(uuid[], date, date, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.budgets_above(uuid), app.usage_figures(uuid[], date, date, text[], integer) TO hg_content_app;
GRANT EXECUTE ON FUNCTION app.budgets_warn(jsonb), app.usage_count(integer, interval) TO hg_system;

SET LOCAL ROLE hg_owner;
