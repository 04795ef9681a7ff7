-- What two reviews of money, keys and events found: a limit that is set keeps nobody waiting while months are summed up, a
-- key's use outlives its jobs, limits set at midnight, warnings after a limit was raised, ended keys that still made jobs.
-- Functions are replaced as a whole, as ever; the previous version of the services runs on this.

SET LOCAL lock_timeout = '10s';

-- ---------------------------------------------------------------------------------------------
-- With which key a job was asked for stands in `jobs`, which retention deletes. What it cost is kept for longer, and so is
-- this: it is written where the job's row goes, not where jobs are accepted, which would cost every one of them something.
ALTER TABLE reservations ADD COLUMN api_key_id uuid;
COMMENT ON COLUMN reservations.api_key_id IS 'The key of a job that was deleted; while there is one, the job itself says it.';

SET LOCAL ROLE hg_definer;

CREATE FUNCTION app.jobs_gone() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  UPDATE public.reservations r SET api_key_id = g.api_key_id FROM gone g WHERE g.api_key_id IS NOT NULL AND r.job_id = g.id;
  RETURN NULL;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Limits. What was used before a limit comes is summed up first, while everybody goes on: all but the last half minute, in
-- one snapshot. Then comes the lock, and under it only what is left: that half minute, and what was open before. Nothing of
-- what was summed up first can change any more: a settled job stays settled.

-- Not SECURITY DEFINER, so that they become part of whatever asks: only those below do.
CREATE FUNCTION app.jobs_accounted(ids uuid[])
RETURNS TABLE (job_id uuid, client_id uuid, day date, is_open boolean, held numeric, charged numeric, failed numeric, cancelled numeric, unknown numeric)
LANGUAGE sql STABLE AS $$
  SELECT r.job_id, r.client_id, (r.created_at AT TIME ZONE 'UTC')::date, r.settled_at IS NULL,
         CASE WHEN r.settled_at IS NULL THEN r.held ELSE 0 END,
         coalesce(c.charged, 0), coalesce(c.failed, 0), coalesce(c.cancelled, 0), coalesce(c.unknown, 0)
    FROM unnest(ids) AS i (job_id)
    JOIN public.reservations r ON r.job_id = i.job_id
    LEFT JOIN public.charges h ON h.job_id = r.job_id
   CROSS JOIN LATERAL (
     SELECT sum(p.cost) FILTER (WHERE p.status = 'done' AND h.job_id IS NOT NULL) AS charged,
            sum(p.cost) FILTER (WHERE p.status = 'failed' OR (p.status = 'done' AND h.job_id IS NULL)) AS failed,
            sum(p.cost) FILTER (WHERE p.status = 'cancelled') AS cancelled,
            sum(p.cost) FILTER (WHERE p.status = 'unknown') AS unknown
       FROM public.provider_calls p
      WHERE p.job_id = r.job_id AND p.client_id = r.client_id AND r.settled_at IS NOT NULL) c
$$;

-- Whose jobs count in a holder's row, and since when each: what a client cost before it was moved here was booked elsewhere.
CREATE FUNCTION app.budget_holders(of_holder uuid, start_on date, OUT below uuid[], OUT since timestamptz[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  everything boolean := coalesce((SELECT c.parent_id IS NULL FROM public.clients c WHERE c.id = of_holder), true);
BEGIN
  WITH RECURSIVE tree AS (
    SELECT c.id, '-infinity'::timestamptz AS here_since
      FROM public.clients c WHERE (of_holder IS NULL AND c.parent_id IS NULL) OR c.id = of_holder
    UNION ALL
    SELECT c.id, CASE WHEN everything THEN tree.here_since ELSE greatest(tree.here_since, c.moved_at) END
      FROM public.clients c JOIN tree ON c.parent_id = tree.id
  )
  SELECT array_agg(tree.id ORDER BY tree.id), array_agg(greatest(tree.here_since, start_on::timestamp AT TIME ZONE 'UTC') ORDER BY tree.id)
    INTO below, since FROM tree;
END
$$;

-- Their jobs that were reserved for from `from_at` on and before `until`.
CREATE FUNCTION app.budget_job_ids(below uuid[], since timestamptz[], from_at timestamptz, until timestamptz) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
  RETURN ARRAY(
    SELECT r.job_id FROM unnest(below, since) AS holder (id, here_since)
      JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= greatest(holder.here_since, from_at) AND r.created_at < until);
END
$$;

-- What jobs until some time came to, and which of them were still open.
CREATE TYPE app.sums_of_jobs AS (
  below uuid[], since timestamptz[], until timestamptz, jobs bigint,
  charged numeric, failed numeric, cancelled numeric, unknown numeric, open_jobs uuid[]);

-- STABLE: all of it in one snapshot.
CREATE FUNCTION app.budget_sums(of_holder uuid, start_on date, until timestamptz) RETURNS app.sums_of_jobs
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  sums app.sums_of_jobs;
  ids uuid[];
BEGIN
  SELECT h.below, h.since INTO sums.below, sums.since FROM app.budget_holders(of_holder, start_on) h;
  ids := app.budget_job_ids(sums.below, sums.since, '-infinity', until);
  sums.until := until;
  sums.jobs := cardinality(ids);
  SELECT coalesce(sum(a.charged), 0), coalesce(sum(a.failed), 0), coalesce(sum(a.cancelled), 0), coalesce(sum(a.unknown), 0),
         coalesce(array_agg(a.job_id) FILTER (WHERE a.is_open), '{}')
    INTO sums.charged, sums.failed, sums.cancelled, sums.unknown, sums.open_jobs
    FROM app.jobs_accounted(ids) a;
  RETURN sums;
END
$$;

-- As before (0019), but what was summed up early needn't be again. The caller holds app.ledger_lock alone.
DROP FUNCTION app.budget_take_over(uuid, numeric);
CREATE FUNCTION app.budget_take_over(row_id uuid, wanted numeric, early app.sums_of_jobs DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  row_of public.budgets;
  holders record;
  open_jobs uuid[];
  held_sum numeric;
  late record;
  charged_sum numeric := 0;
  failed_sum numeric := 0;
  cancelled_sum numeric := 0;
  unknown_sum numeric := 0;
  ids uuid[];
BEGIN
  SELECT * INTO row_of FROM public.budgets WHERE id = row_id FOR UPDATE;
  SELECT h.below, h.since INTO holders FROM app.budget_holders(row_of.client_id, row_of.period_start) h;
  -- Somebody was moved meanwhile, or a transaction that had begun before committed after: then all of it anew.
  -- A client that is new there changes nothing: the count goes over it.
  IF early.until IS NOT NULL
     AND NOT EXISTS (SELECT FROM (SELECT * FROM unnest(early.below, early.since) EXCEPT SELECT * FROM unnest(holders.below, holders.since)) AS left_out)
     AND early.jobs = (SELECT count(*) FROM unnest(holders.below, holders.since) AS holder (id, here_since)
                         JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= holder.here_since AND r.created_at < early.until) THEN
    charged_sum := early.charged;
    failed_sum := early.failed;
    cancelled_sum := early.cancelled;
    unknown_sum := early.unknown;
    ids := early.open_jobs || app.budget_job_ids(holders.below, holders.since, early.until, 'infinity');
  ELSE
    ids := app.budget_job_ids(holders.below, holders.since, '-infinity', 'infinity');
  END IF;
  SELECT coalesce(sum(a.charged), 0) AS charged, coalesce(sum(a.failed), 0) AS failed, coalesce(sum(a.cancelled), 0) AS cancelled,
         coalesce(sum(a.unknown), 0) AS unknown, coalesce(array_agg(a.job_id) FILTER (WHERE a.is_open), '{}') AS open_jobs
    INTO late FROM app.jobs_accounted(ids) a;
  charged_sum := charged_sum + late.charged;
  failed_sum := failed_sum + late.failed;
  cancelled_sum := cancelled_sum + late.cancelled;
  unknown_sum := unknown_sum + late.unknown;
  open_jobs := late.open_jobs;
  INSERT INTO public.reservation_parts (job_id, budget_id, client_id)
    SELECT r.job_id, row_id, r.client_id FROM unnest(open_jobs) AS o (job_id) JOIN public.reservations r ON r.job_id = o.job_id
    ON CONFLICT DO NOTHING;
  SELECT coalesce(sum(r.held), 0) INTO held_sum
    FROM public.reservation_parts p JOIN public.reservations r ON r.job_id = p.job_id AND r.settled_at IS NULL
   WHERE p.budget_id = row_id;
  UPDATE public.budgets b SET
      reserved = held_sum, spent = charged_sum + failed_sum + cancelled_sum + unknown_sum,
      spent_charged = charged_sum, spent_failed = failed_sum, spent_cancelled = cancelled_sum, spent_unknown = unknown_sum,
      limit_usd = wanted,
      over_usd = coalesce(greatest(charged_sum + failed_sum + cancelled_sum + unknown_sum + held_sum - wanted, 0), 0)
   WHERE b.id = row_id;
END
$$;

-- A holder's rows of periods from this one on.
CREATE FUNCTION app.budgets_from(of_holder uuid, per public.budget_period, from_start date) RETURNS TABLE (id uuid, period_start date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  -- Not IS NOT DISTINCT FROM: no index serves that.
  IF of_holder IS NULL THEN
    RETURN QUERY SELECT b.id, b.period_start FROM public.budgets b
                  WHERE b.client_id IS NULL AND b.period = per AND b.period_start >= from_start ORDER BY b.period_start;
  ELSE
    RETURN QUERY SELECT b.id, b.period_start FROM public.budgets b
                  WHERE b.client_id = of_holder AND b.period = per AND b.period_start >= from_start ORDER BY b.period_start;
  END IF;
END
$$;

-- As before (0019), but it sums up before it takes the lock, doesn't wait long for that, and asks what day it is when it has it:
-- whoever sets a limit at midnight means the day that begins, and who began to accept a job before midnight books in the day
-- that ends.
CREATE OR REPLACE FUNCTION app.budget_limits_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET lock_timeout = '5s' AS $$
DECLARE
  from_day date := ((now() - interval '1 minute') AT TIME ZONE 'UTC')::date;
  early_until timestamptz := clock_timestamp() - interval '30 seconds';
  early_day app.sums_of_jobs;
  early_month app.sums_of_jobs;
  change record;
  one record;
  from_start date;
  this_start date;
  is_locked boolean := false;
BEGIN
  IF (TG_OP = 'INSERT' OR OLD.daily_limit IS NULL) AND NEW.daily_limit IS NOT NULL THEN
    early_day := app.budget_sums(NEW.client_id, from_day, early_until);
  END IF;
  IF (TG_OP = 'INSERT' OR OLD.monthly_limit IS NULL) AND NEW.monthly_limit IS NOT NULL THEN
    early_month := app.budget_sums(NEW.client_id, date_trunc('month', from_day::timestamp)::date, early_until);
  END IF;
  FOR change IN
    SELECT per, was, wanted
      FROM (VALUES ('day'::public.budget_period, CASE WHEN TG_OP = 'UPDATE' THEN OLD.daily_limit END, NEW.daily_limit),
                   ('month', CASE WHEN TG_OP = 'UPDATE' THEN OLD.monthly_limit END, NEW.monthly_limit)) AS changes (per, was, wanted)
     WHERE was IS DISTINCT FROM wanted
  LOOP
    IF NOT is_locked THEN
      PERFORM pg_advisory_xact_lock(app.ledger_lock());
      is_locked := true;
    END IF;
    from_start := date_trunc(change.per::text, from_day::timestamp)::date;
    IF change.was IS NULL THEN
      this_start := date_trunc(change.per::text, clock_timestamp() AT TIME ZONE 'UTC')::date;
      PERFORM app.budget_open(NEW.client_id, change.per, this_start, NULL);
      -- The lock may have come after midnight: what was accepted before still opens the day that ends.
      IF from_start <> this_start THEN
        PERFORM app.budget_open(NEW.client_id, change.per, from_start, NULL);
      END IF;
      FOR one IN SELECT * FROM app.budgets_from(NEW.client_id, change.per, from_start) LOOP
        PERFORM app.budget_take_over(one.id, change.wanted,
          CASE WHEN one.period_start <> from_start THEN NULL::app.sums_of_jobs WHEN change.per = 'day' THEN early_day ELSE early_month END);
      END LOOP;
    ELSE
      UPDATE public.budgets b
         SET limit_usd = change.wanted, over_usd = coalesce(greatest(b.spent + b.reserved - change.wanted, 0), 0)
       WHERE b.id = ANY (ARRAY(SELECT r.id FROM app.budgets_from(NEW.client_id, change.per, from_start) r));
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- The jobs that a key asked for, among the clients that it reaches, reserved for from `from_at` on and before `until`; and how
-- many there are of all keys and people, by which is seen whether one came late: that alone, where no key is named.
DROP FUNCTION app.api_key_used(uuid, uuid, date);
CREATE FUNCTION app.api_key_job_ids(of_key uuid, of_client uuid, from_at timestamptz, until timestamptz, OUT ids uuid[], OUT of_all bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  reach uuid[];
BEGIN
  WITH RECURSIVE tree AS (
    SELECT of_client AS id
    UNION ALL
    SELECT c.id FROM public.clients c JOIN tree ON c.parent_id = tree.id
  ) SELECT array_agg(tree.id) INTO reach FROM tree;
  IF of_key IS NOT NULL THEN
    ids := ARRAY(
      SELECT r.job_id
        FROM unnest(reach) AS holder (id)
        JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= from_at AND r.created_at < until
        LEFT JOIN public.jobs j ON j.id = r.job_id
       WHERE coalesce(j.api_key_id, r.api_key_id) = of_key);
  END IF;
  of_all := (SELECT count(*) FROM unnest(reach) AS holder (id)
               JOIN public.reservations r ON r.client_id = holder.id AND r.created_at >= from_at AND r.created_at < until);
END
$$;

-- As before (0020), but summed up early, as app.budget_limits_apply does, and for the day that it is once the lock is there.
CREATE OR REPLACE FUNCTION app.api_key_limits_apply() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET lock_timeout = '5s' AS $$
DECLARE
  had_none boolean := coalesce(OLD.jobs_per_day::numeric, OLD.daily_limit, OLD.monthly_limit) IS NULL;
  from_day date := ((now() - interval '1 minute') AT TIME ZONE 'UTC')::date;
  from_month date := date_trunc('month', from_day::timestamp)::date;
  from_at timestamptz := from_month::timestamp AT TIME ZONE 'UTC';
  early_until timestamptz := clock_timestamp() - interval '30 seconds';
  today date;
  early record;
  late_ids uuid[];
  -- What had ended early, by day; and then all that was used.
  days date[];
  counts bigint[];
  helds numeric[];
  costs numeric[];
  open_early uuid[];
  per public.budget_period;
  start_on date;
  job_limit integer;
  money_limit numeric;
  used record;
BEGIN
  IF had_none THEN
    SELECT i.ids, i.of_all INTO early FROM app.api_key_job_ids(NEW.id, NEW.client_id, from_at, early_until) i;
    -- One statement: what is open here is asked for again below, what has ended isn't.
    WITH used_early AS MATERIALIZED (
      SELECT * FROM app.jobs_accounted(early.ids)
    ), ended AS (
      SELECT u.day, count(*) AS jobs, sum(u.charged + u.failed + u.cancelled + u.unknown) AS cost
        FROM used_early u WHERE NOT u.is_open GROUP BY u.day
    )
    SELECT ARRAY(SELECT u.job_id FROM used_early u WHERE u.is_open), array_agg(e.day), array_agg(e.jobs), array_agg(e.cost)
      INTO open_early, days, counts, costs FROM ended e;
  END IF;
  PERFORM pg_advisory_xact_lock(app.ledger_lock());
  today := (clock_timestamp() AT TIME ZONE 'UTC')::date;
  IF NOT had_none THEN
    UPDATE public.api_key_budgets b SET
        jobs_limit = CASE WHEN b.period = 'day' AND NEW.jobs_per_day IS NOT NULL THEN greatest(NEW.jobs_per_day, b.jobs) END,
        limit_usd = CASE b.period WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END,
        over_usd = greatest(b.spent + b.reserved - CASE b.period WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END, 0)
     WHERE b.api_key_id = NEW.id AND b.period_start >= CASE b.period WHEN 'day' THEN from_day ELSE from_month END;
    RETURN NULL;
  END IF;
  IF early.of_all = (SELECT i.of_all FROM app.api_key_job_ids(NULL, NEW.client_id, from_at, early_until) i) THEN
    late_ids := open_early || (SELECT i.ids FROM app.api_key_job_ids(NEW.id, NEW.client_id, early_until, 'infinity') i);
  ELSE
    days := NULL;
    late_ids := (SELECT i.ids FROM app.api_key_job_ids(NEW.id, NEW.client_id, from_at, 'infinity') i);
  END IF;
  -- What still counts from an earlier limit is open, and may be of a client that isn't below any more.
  late_ids := ARRAY(SELECT unnest(late_ids) UNION SELECT j.job_id FROM public.api_key_jobs j WHERE j.api_key_id = NEW.id);
  INSERT INTO public.api_key_jobs (job_id, client_id, api_key_id, day)
    SELECT a.job_id, a.client_id, NEW.id, a.day FROM app.jobs_accounted(late_ids) a WHERE a.is_open
    ON CONFLICT DO NOTHING;
  SELECT array_agg(t.day), array_agg(t.jobs), array_agg(t.held), array_agg(t.cost) INTO days, counts, helds, costs
    FROM (SELECT x.day, sum(x.jobs)::bigint AS jobs, sum(x.held) AS held, sum(x.cost) AS cost
            FROM (SELECT e.day, e.jobs, 0::numeric AS held, e.cost FROM unnest(days, counts, costs) AS e (day, jobs, cost)
                  UNION ALL
                  SELECT a.day, 1, a.held, a.charged + a.failed + a.cancelled + a.unknown FROM app.jobs_accounted(late_ids) a) x
           GROUP BY x.day) t;
  -- What is used already can't be undone: nothing more gets in until it is below the limit again. A job of an earlier day that
  -- still lives is settled in that day's row.
  FOR per, start_on IN
    SELECT DISTINCT 'month'::public.budget_period, date_trunc('month', d.day::timestamp)::date
      FROM (VALUES (from_day), (today)) AS d (day)
    UNION
    SELECT 'day', d.day
      FROM (VALUES (from_day), (today)) AS d (day)
    UNION
    SELECT 'day', j.day FROM public.api_key_jobs j WHERE j.api_key_id = NEW.id AND j.day >= from_month
  LOOP
    job_limit := CASE per WHEN 'day' THEN NEW.jobs_per_day END;
    money_limit := CASE per WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END;
    SELECT coalesce(sum(t.jobs), 0)::integer AS jobs, coalesce(sum(t.held), 0) AS held, coalesce(sum(t.cost), 0) AS cost INTO used
      FROM unnest(days, counts, helds, costs) AS t (day, jobs, held, cost)
     WHERE date_trunc(per::text, t.day::timestamp)::date = start_on;
    INSERT INTO public.api_key_budgets (api_key_id, period, period_start, client_id, jobs_limit, jobs, limit_usd, reserved, spent, over_usd)
    VALUES (NEW.id, per, start_on, NEW.client_id,
            CASE WHEN job_limit IS NOT NULL THEN greatest(job_limit, used.jobs) END, used.jobs,
            money_limit, used.held, used.cost, greatest(used.held + used.cost - money_limit, 0))
    ON CONFLICT (api_key_id, period, period_start) DO UPDATE SET
      jobs_limit = EXCLUDED.jobs_limit, jobs = EXCLUDED.jobs, limit_usd = EXCLUDED.limit_usd,
      reserved = EXCLUDED.reserved, spent = EXCLUDED.spent, over_usd = EXCLUDED.over_usd;
  END LOOP;
  RETURN NULL;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Keys.

-- As before (0020); and a key that was deleted, or may ask for nothing any more, makes no job either, whatever a service
-- remembers.
CREATE OR REPLACE FUNCTION app.api_key_asks() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  key record;
BEGIN
  SELECT k.revoked_at, k.expires_at, k.scopes && '{generate,jobs:write}' AS may_ask,
         k.jobs_per_day IS NOT NULL OR k.daily_limit IS NOT NULL OR k.monthly_limit IS NOT NULL AS is_limited
    INTO key FROM public.api_keys k WHERE k.id = NEW.api_key_id;
  IF NOT FOUND OR key.revoked_at IS NOT NULL OR key.expires_at <= now() THEN
    RAISE EXCEPTION 'the API key is revoked or has expired' USING ERRCODE = 'HG401';
  END IF;
  IF NOT key.may_ask THEN
    RAISE EXCEPTION 'the API key may not ask for content' USING ERRCODE = 'HG403';
  END IF;
  IF key.is_limited THEN
    INSERT INTO public.api_key_jobs (job_id, client_id, api_key_id, day)
    VALUES (NEW.id, NEW.client_id, NEW.api_key_id, (now() AT TIME ZONE 'UTC')::date);
  END IF;
  RETURN NEW;
END
$$;

-- As before (0021), but a key that may ask for nothing any more is looked at alone, too.
CREATE OR REPLACE FUNCTION app.jobs_accept(items jsonb)
RETURNS TABLE (item integer, job_id uuid, client_id uuid, status public.job_status, is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET lock_timeout = '3s' AS $$
#variable_conflict use_column
DECLARE
  -- By the item's place; NULL for one that is left out.
  clients uuid[];
  -- Budget rows that count, by place.
  part_places integer[];
  part_budgets uuid[];
  queued jsonb := jsonb_build_object('status', 'pending', 'stage', 'queued', 'attempt', 0, 'at', app.json_time(now()));
  missing record;
BEGIN
  PERFORM app.batch_begins();
  SELECT app.clients_writable(
      array_agg(CASE WHEN a.is_plain THEN a.client END ORDER BY a.ordinality), array_agg(CASE WHEN a.is_plain THEN a.slug END ORDER BY a.ordinality),
      array_agg(a.scope_user ORDER BY a.ordinality), array_agg(a.scope_client ORDER BY a.ordinality))
    INTO clients
    FROM (SELECT r.*,
                 -- Somebody's own provider key wants a look of its own; so does an API key that is limited, or has ended: what its
                 -- trigger refuses, it would refuse to all.
                 r.provider_key IS NULL AND r.estimate >= 0 AND (r.api_key IS NULL OR EXISTS (
                   SELECT FROM public.api_keys k
                    WHERE k.id = r.api_key AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
                      AND k.scopes && '{generate,jobs:write}' AND k.jobs_per_day IS NULL AND k.daily_limit IS NULL AND k.monthly_limit IS NULL)) AS is_plain
            FROM ROWS FROM (jsonb_to_recordset(items) AS (
              scope_user uuid, scope_client uuid, client uuid, slug text, provider_key uuid, estimate numeric, api_key uuid)) WITH ORDINALITY AS r) AS a;
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  -- Budget rows are locked in the order of their ids, before anything else. A row that doesn't exist yet is made then, narrow
  -- before wide, as app.budget_rows does.
  FOR try IN 1..3 LOOP
    SELECT array_agg(p.place), array_agg(p.budget) INTO part_places, part_budgets FROM app.budgets_counted(clients) p;
    IF part_budgets IS NULL THEN
      RETURN;
    END IF;
    PERFORM FROM public.budgets b WHERE b.id = ANY (part_budgets) ORDER BY b.id FOR NO KEY UPDATE;
    EXIT WHEN array_position(part_budgets, NULL) IS NULL;
    FOR missing IN
      SELECT DISTINCT p.holder_type, p.holder, p.period, p.start_on, p.row_limit FROM app.budgets_counted(clients) p
       WHERE p.budget IS NULL ORDER BY p.holder_type DESC NULLS LAST, p.holder, p.period
    LOOP
      PERFORM app.budget_open(missing.holder, missing.period, missing.start_on, missing.row_limit);
    END LOOP;
  END LOOP;
  -- Locked first, judged then: a row that was waited for is seen as it is now.
  RETURN QUERY
    WITH asked AS MATERIALIZED (
      SELECT a.*, clients[a.ordinality] AS of_client
        FROM ROWS FROM (jsonb_to_recordset(items) AS (
          principal text, idempotency_key text, request_hash text, topic text, content_type public.content_type, provider text,
          model text, parameters jsonb, priority smallint, deadline_seconds double precision, estimate numeric, request_id text,
          by_user uuid, api_key uuid)) WITH ORDINALITY AS a
       WHERE clients[a.ordinality] IS NOT NULL
    ), part AS MATERIALIZED (
      SELECT * FROM unnest(part_places, part_budgets) AS p (place, budget)
    ), room AS MATERIALIZED (
      SELECT b.id, b.limit_usd - b.spent - b.reserved AS amount FROM public.budgets b WHERE b.id = ANY (part_budgets)
    ), refused AS MATERIALIZED (
      -- What fits nowhere by itself must not stand in the way of the others.
      SELECT p.place FROM part p JOIN asked a ON a.ordinality = p.place LEFT JOIN room r ON r.id = p.budget
       WHERE r.id IS NULL OR a.estimate > r.amount
    ), short AS MATERIALIZED (
      -- A row that has too little left for all of them: who gets it is decided one by one.
      SELECT s.budget
        FROM (SELECT p.budget, sum(a.estimate) AS amount FROM part p JOIN asked a ON a.ordinality = p.place
               WHERE p.place NOT IN (SELECT f.place FROM refused f) GROUP BY p.budget) AS s
        JOIN room r ON r.id = s.budget
       WHERE s.amount > r.amount
    ), good AS MATERIALIZED (
      SELECT a.*, app.uuid_v7() AS new_job FROM asked a
       WHERE a.ordinality NOT IN (SELECT f.place FROM refused f)
         AND a.ordinality NOT IN (SELECT p.place FROM part p JOIN short s ON s.budget = p.budget)
    ), keyed AS (
      -- A key that is known, or that another item of this batch has brought, is left out.
      INSERT INTO public.job_idempotency (principal, client_id, key, request_hash, job_id)
      SELECT g.principal, g.of_client, g.idempotency_key, decode(g.request_hash, 'base64'), g.new_job
        FROM good g WHERE g.idempotency_key IS NOT NULL ORDER BY 1, 2, 3
      ON CONFLICT DO NOTHING
      RETURNING job_id
    ), fresh AS MATERIALIZED (
      SELECT * FROM good g WHERE g.idempotency_key IS NULL OR g.new_job IN (SELECT k.job_id FROM keyed k)
    ), made AS (
      INSERT INTO public.jobs (id, client_id, topic, content_type, llm_provider, model, parameters, estimated_cost, request_id,
                               created_by, api_key_id)
      SELECT f.new_job, f.of_client, f.topic, f.content_type, f.provider, f.model, f.parameters, f.estimate, f.request_id, f.by_user,
             f.api_key FROM fresh f
    ), run AS (
      INSERT INTO public.job_runs (job_id, client_id, priority, deadline_at)
      SELECT f.new_job, f.of_client, f.priority, now() + make_interval(secs => f.deadline_seconds) FROM fresh f
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT f.new_job, 1, f.of_client, 'status', queued FROM fresh f
    ), held AS (
      INSERT INTO public.reservations (job_id, client_id, held) SELECT f.new_job, f.of_client, f.estimate FROM fresh f
    ), held_in AS (
      INSERT INTO public.reservation_parts (job_id, budget_id, client_id)
      SELECT f.new_job, p.budget, f.of_client FROM fresh f JOIN part p ON p.place = f.ordinality
    ), booked AS (
      UPDATE public.budgets b SET reserved = b.reserved + s.amount
        FROM (SELECT p.budget, sum(f.estimate) AS amount FROM fresh f JOIN part p ON p.place = f.ordinality GROUP BY p.budget) AS s
       WHERE b.id = ANY (part_budgets) AND b.id = s.budget AND s.amount > 0
    )
    SELECT f.ordinality::integer, f.new_job, f.of_client, 'pending'::public.job_status, true FROM fresh f ORDER BY f.ordinality;
END
$$;

-- As before (0020), but its use is noted only where nobody is changing the key just now: a caller doesn't wait for an
-- administrator's limit to be summed up.
CREATE OR REPLACE FUNCTION app.api_key_lookup(of_hash bytea)
RETURNS TABLE (id uuid, client_id uuid, scopes text[], requests_per_minute integer, is_limited boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  used timestamptz;
  by_old boolean := false;
BEGIN
  SELECT k.id, k.client_id, k.scopes, k.requests_per_minute,
         k.jobs_per_day IS NOT NULL OR k.daily_limit IS NOT NULL OR k.monthly_limit IS NOT NULL, k.last_used_at
    INTO id, client_id, scopes, requests_per_minute, is_limited, used
    FROM public.api_keys k JOIN public.clients c ON c.id = k.client_id
   WHERE k.key_hash = of_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
     AND c.archived_at IS NULL;
  IF NOT FOUND THEN
    by_old := true;
    SELECT k.id, k.client_id, k.scopes, k.requests_per_minute,
           k.jobs_per_day IS NOT NULL OR k.daily_limit IS NOT NULL OR k.monthly_limit IS NOT NULL, k.old_last_used_at
      INTO id, client_id, scopes, requests_per_minute, is_limited, used
      FROM public.api_keys k JOIN public.clients c ON c.id = k.client_id
     WHERE k.old_key_hash = of_hash AND k.old_expires_at > now() AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > now()) AND c.archived_at IS NULL;
    IF NOT FOUND THEN
      RETURN;
    END IF;
  END IF;
  IF used IS NULL OR used < now() - interval '1 minute' THEN
    PERFORM FROM public.api_keys k WHERE k.id = api_key_lookup.id FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
      -- When a key was last used may be forgotten in a crash: nobody waits for the disk because of it.
      PERFORM set_config('synchronous_commit', 'off', true);
      IF by_old THEN
        UPDATE public.api_keys k SET old_last_used_at = now(), last_used_at = greatest(k.last_used_at, now())
         WHERE k.old_key_hash = of_hash AND (k.old_last_used_at IS NULL OR k.old_last_used_at < now() - interval '1 minute');
      ELSE
        UPDATE public.api_keys k SET last_used_at = now()
         WHERE k.key_hash = of_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
      END IF;
    END IF;
  END IF;
  RETURN NEXT;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- As before (0009), but a client's rows that aren't there yet are made first, so that they are held, too: the first job of a
-- client, or of a month, in a transaction of its own took its idempotency key before any budget row, and a batch with the same
-- key took them the other way round. Only for clients for which the scope may ask: nobody opens somebody else's budgets.
CREATE OR REPLACE FUNCTION app.budgets_lock(of_clients uuid[], of_jobs uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '3s' AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_month date := date_trunc('month', today::timestamp)::date;
  level uuid[];
  holders uuid[];
  ids uuid[];
  missing uuid;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  IF cardinality(of_jobs) > 0 THEN
    SELECT array_agg(p.budget_id) INTO ids FROM public.reservation_parts p WHERE p.job_id = ANY (of_jobs);
    PERFORM FROM public.budgets b WHERE b.id = ANY (ids) ORDER BY b.id FOR NO KEY UPDATE;
    RETURN;
  END IF;
  level := of_clients;
  WHILE level IS NOT NULL LOOP
    holders := holders || level;
    SELECT array_agg(DISTINCT c.parent_id) INTO level FROM public.clients c WHERE c.id = ANY (level) AND c.parent_id IS NOT NULL;
  END LOOP;
  FOR try IN 1..2 LOOP
    ids := ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id = ANY (holders) AND b.period = 'day' AND b.period_start = today)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id = ANY (holders) AND b.period = 'month' AND b.period_start = this_month)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id IS NULL AND b.period = 'day' AND b.period_start = today)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id IS NULL AND b.period = 'month' AND b.period_start = this_month);
    PERFORM FROM public.budgets b WHERE b.id = ANY (ids) ORDER BY b.id FOR NO KEY UPDATE;
    EXIT WHEN try > 1;
    -- What is there is held by now, so that whoever comes second for the same rows waits here.
    missing := (SELECT c.id FROM unnest(of_clients) AS c (id)
                 WHERE NOT EXISTS (SELECT FROM public.budgets b WHERE b.client_id = c.id AND b.period = 'day' AND b.period_start = today)
                    OR NOT EXISTS (SELECT FROM public.budgets b WHERE b.client_id = c.id AND b.period = 'month' AND b.period_start = this_month)
                 LIMIT 1);
    EXIT WHEN missing IS NULL
           OR NOT (coalesce(missing = app.own_client_id(), false)
                   OR coalesce(missing = ANY (app.client_ids_with_role('member'::public.member_role)), false));
    PERFORM app.budget_rows(missing);
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- As before (0019), but a threshold that is reached again under a higher limit is told again.
CREATE OR REPLACE FUNCTION app.budgets_warn(refused jsonb)
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
         -- Here, not at the conflict: that would write a lock into each row, every few seconds.
         AND NOT EXISTS (SELECT FROM public.budget_warnings w
                          WHERE w.budget_id = b.id AND w.percent = p.percent AND w.limit_usd >= b.limit_usd)
    ), noted AS (
      INSERT INTO public.budget_warnings AS w (budget_id, percent, client_id, limit_usd, spent, refusing)
      SELECT r.id, r.percent, r.client_id, r.limit_usd, r.spent, r.percent = 100 AND r.is_refusing FROM reached r
      ON CONFLICT ON CONSTRAINT budget_warnings_pkey DO UPDATE
        SET limit_usd = excluded.limit_usd, spent = excluded.spent, refusing = excluded.refusing, at = now()
        WHERE w.limit_usd < excluded.limit_usd
      RETURNING budget_id, percent, client_id, limit_usd, spent, refusing
    )
    SELECT n.budget_id, n.client_id, c.slug, b.period, n.percent, n.limit_usd, n.spent, n.refusing
      FROM noted n JOIN public.budgets b ON b.id = n.budget_id LEFT JOIN public.clients c ON c.id = n.client_id
     ORDER BY n.budget_id, n.percent;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- In which life of the database events are numbered. Transactions' numbers mean nothing in a database that was restored: from
-- a dump the table is another one (its oid), from a base backup the history is (its timeline), and elsewhere the cluster is. A
-- failover is a new timeline, too, and may have lost what was told: whoever listens is told so.
CREATE FUNCTION app.events_epoch() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  history text;
BEGIN
  BEGIN
    history := (SELECT s.system_identifier FROM pg_control_system() s)::text;
  EXCEPTION WHEN insufficient_privilege THEN
    -- A managed Postgres may keep this to itself.
    history := '';
  END;
  -- The timeline of this very moment: pg_control_checkpoint() goes on with the old one for minutes after a failover. A replica that
  -- only reads has no position of its own; nobody asks one.
  IF NOT pg_is_in_recovery() THEN
    history := history || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
  END IF;
  RETURN hashtext(history || '/' || 'public.job_events'::regclass::oid);
END
$$;

REVOKE ALL ON FUNCTION app.jobs_gone(), app.jobs_accounted(uuid[]), app.budget_holders(uuid, date),
  app.budget_job_ids(uuid[], timestamptz[], timestamptz, timestamptz), app.budget_sums(uuid, date, timestamptz),
  app.budget_take_over(uuid, numeric, app.sums_of_jobs), app.budgets_from(uuid, public.budget_period, date),
  app.api_key_job_ids(uuid, uuid, timestamptz, timestamptz), app.events_epoch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.jobs_gone() TO hg_owner;
GRANT EXECUTE ON FUNCTION app.events_epoch() TO hg_content_app;

SET LOCAL ROLE hg_owner;

