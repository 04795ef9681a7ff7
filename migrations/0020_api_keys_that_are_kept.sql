-- API keys that people look after (cpm): a new secret under the same key, with the old one going on for a while; limits of a
-- key's own: requests a minute, jobs a day, money a day and a month. The previous version of the services runs on this: its
-- keys simply have no limits.

-- ---------------------------------------------------------------------------------------------
-- The key itself.

ALTER TABLE api_keys
  ADD COLUMN updated_at          timestamptz NOT NULL DEFAULT now(),
  -- The secret before this one, for as long as it goes on. Two secrets at most: whoever rotates again ends the older one.
  ADD COLUMN old_key_hash        bytea CONSTRAINT api_keys_old_sha256 CHECK (length(old_key_hash) = 32),
  ADD COLUMN old_prefix          varchar(20),
  ADD COLUMN old_expires_at      timestamptz,
  ADD COLUMN old_last_used_at    timestamptz,
  ADD COLUMN rotated_at          timestamptz,
  ADD COLUMN rotated_by          uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  ADD COLUMN revoked_by          uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  -- NULL: the operator's default.
  ADD COLUMN requests_per_minute integer CONSTRAINT api_keys_requests CHECK (requests_per_minute BETWEEN 1 AND 100000),
  -- NULL: none.
  ADD COLUMN jobs_per_day        integer CONSTRAINT api_keys_jobs CHECK (jobs_per_day BETWEEN 1 AND 1000000),
  ADD COLUMN daily_limit         numeric(18, 9) CONSTRAINT api_keys_daily CHECK (daily_limit >= 0),
  ADD COLUMN monthly_limit       numeric(18, 9) CONSTRAINT api_keys_monthly CHECK (monthly_limit >= 0),
  ADD CONSTRAINT api_keys_old_whole CHECK (
    (old_key_hash IS NULL) = (old_prefix IS NULL) AND (old_key_hash IS NULL) = (old_expires_at IS NULL)),
  DROP CONSTRAINT api_keys_scopes,
  ADD CONSTRAINT api_keys_scopes CHECK (scopes <@ '{generate,jobs:read,jobs:write,usage:read}'::text[]);
CREATE UNIQUE INDEX api_keys_old_hash_key ON api_keys (old_key_hash) WHERE old_key_hash IS NOT NULL;

DROP TRIGGER api_keys_audit ON api_keys;
CREATE TRIGGER api_keys_audit AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'api_key', 'client_id', 'id', 'key_hash,old_key_hash',
  'client_id,created_at,created_by,updated_at,last_used_at,old_last_used_at,rotated_by,revoked_by',
  'revoked_at:revoked:revived,rotated_at:rotated:rotated');
DROP TRIGGER api_keys_not_erased ON api_keys;
CREATE TRIGGER api_keys_not_erased BEFORE INSERT OR UPDATE OF client_id, name, key_hash ON api_keys
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();

-- Who stored a provider key, when it was last changed, and how a test of it ended.
ALTER TABLE provider_keys
  ADD COLUMN name           varchar(100) NOT NULL DEFAULT '',
  ADD COLUMN created_by     uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  ADD COLUMN updated_at     timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN tested_at      timestamptz,
  ADD COLUMN test_outcome   text CONSTRAINT provider_keys_test_outcome CHECK (test_outcome IN ('accepted', 'refused', 'unknown'));
DROP TRIGGER provider_keys_audit ON provider_keys;
CREATE TRIGGER provider_keys_audit AFTER INSERT OR UPDATE OR DELETE ON provider_keys FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'provider_key', 'client_id', 'id', 'sealed', 'client_id,created_at,created_by,updated_at,tested_at,test_outcome',
  'disabled_at:disabled:enabled');

-- ---------------------------------------------------------------------------------------------
-- What a key has used. Beside `budgets`, not in it: budgets belong to clients, and whoever reads a client's rows must not
-- meet a key's. It can't be passed by or drift all the same: triggers on `reservations` and `jobs`, which every path to money
-- writes, keep it in the same transaction; nothing else writes here.

-- One row per key and period (UTC), only for keys with a limit.
CREATE TABLE api_key_budgets (
  api_key_id   uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  period       budget_period NOT NULL,
  period_start date NOT NULL,
  client_id    uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  -- Limited per day alone.
  jobs_limit   integer,
  jobs         integer NOT NULL DEFAULT 0,
  limit_usd    numeric(18, 9),
  reserved     numeric(18, 9) NOT NULL DEFAULT 0,
  spent        numeric(18, 9) NOT NULL DEFAULT 0,
  -- By how much what is there passes the limit, as in `budgets`: because the limit was lowered, or a provider billed more than
  -- the worst case. Nothing is reserved while it is above zero.
  over_usd     numeric(18, 9) NOT NULL DEFAULT 0,
  PRIMARY KEY (api_key_id, period, period_start),
  CONSTRAINT api_key_budgets_amounts CHECK (least(jobs, reserved, spent) >= 0),
  CONSTRAINT api_key_budgets_within_limit CHECK (over_usd >= 0 AND (limit_usd IS NULL OR spent + reserved <= limit_usd + over_usd)),
  CONSTRAINT api_key_budgets_within_jobs CHECK (jobs_limit IS NULL OR jobs <= jobs_limit)
) WITH (fillfactor = 50);
CREATE INDEX api_key_budgets_client_idx ON api_key_budgets (client_id);

-- Jobs that count against a key's limits, from their acceptance to their settlement.
CREATE TABLE api_key_jobs (
  job_id     uuid PRIMARY KEY,
  client_id  uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  api_key_id uuid NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  day        date NOT NULL
);
CREATE INDEX api_key_jobs_key_idx ON api_key_jobs (api_key_id);
CREATE INDEX api_key_jobs_client_idx ON api_key_jobs (client_id);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['api_key_budgets', 'api_key_jobs'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_owner USING (true) WITH CHECK (true)', t || '_owner', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_content_app USING (client_id = ANY ((SELECT app.client_ids_with_role(''admin''))::uuid[]))', t || '_admin_select', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_definer USING (true) WITH CHECK (true)', t || '_definer', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_system USING (true)', t || '_system_select', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_content_app, hg_system', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO hg_definer', t);
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------
SET LOCAL ROLE hg_definer;

-- As before (0009), and it finds a key by its old secret, too, and says what its limits are. Another shape, so not replaced.
DROP FUNCTION app.api_key_lookup(bytea);
CREATE FUNCTION app.api_key_lookup(of_hash bytea)
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
  RETURN NEXT;
END
$$;

-- A job that a key asks for. The last word on whether the key still holds: whatever a service remembers, a revoked key makes no
-- job. What its limits count is counted with the reservation, which follows in the same transaction.
CREATE FUNCTION app.api_key_asks() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  key record;
BEGIN
  SELECT k.revoked_at, k.expires_at, k.jobs_per_day IS NOT NULL OR k.daily_limit IS NOT NULL OR k.monthly_limit IS NOT NULL AS is_limited
    INTO key FROM public.api_keys k WHERE k.id = NEW.api_key_id;
  IF key.revoked_at IS NOT NULL OR key.expires_at <= now() THEN
    RAISE EXCEPTION 'the API key is revoked or has expired' USING ERRCODE = 'HG401';
  END IF;
  IF key.is_limited THEN
    INSERT INTO public.api_key_jobs (job_id, client_id, api_key_id, day)
    VALUES (NEW.id, NEW.client_id, NEW.api_key_id, (now() AT TIME ZONE 'UTC')::date);
  END IF;
  RETURN NEW;
END
$$;

-- Counts jobs and holds money in a key's day and month, or raises HG429 or HG402 and the transaction is over. Day before month,
-- everywhere.
CREATE FUNCTION app.api_key_take(of_key uuid, on_day date, more_jobs integer, amount numeric) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  per public.budget_period;
  start_on date;
  full_row public.api_key_budgets;
  ends text;
BEGIN
  FOREACH per IN ARRAY ARRAY['day', 'month']::public.budget_period[] LOOP
    start_on := date_trunc(per::text, on_day::timestamp)::date;
    LOOP
      UPDATE public.api_key_budgets b SET jobs = b.jobs + more_jobs, reserved = b.reserved + amount
       WHERE b.api_key_id = of_key AND b.period = per AND b.period_start = start_on
         AND (b.jobs_limit IS NULL OR more_jobs = 0 OR b.jobs + more_jobs <= b.jobs_limit)
         AND (b.limit_usd IS NULL OR amount <= 0 OR b.spent + b.reserved + amount <= b.limit_usd);
      EXIT WHEN FOUND;
      SELECT * INTO full_row FROM public.api_key_budgets b
       WHERE b.api_key_id = of_key AND b.period = per AND b.period_start = start_on;
      IF FOUND THEN
        ends := to_char(start_on + CASE per WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END, 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
        IF full_row.jobs_limit IS NOT NULL AND more_jobs > 0 AND full_row.jobs + more_jobs > full_row.jobs_limit THEN
          RAISE EXCEPTION 'the API key''s jobs of the day are used up' USING ERRCODE = 'HG429', DETAIL = jsonb_build_object(
            'limit', full_row.jobs_limit, 'resets_at', ends)::text;
        END IF;
        IF full_row.limit_usd IS NOT NULL AND full_row.spent + full_row.reserved + amount > full_row.limit_usd THEN
          RAISE EXCEPTION 'budget exceeded' USING ERRCODE = 'HG402', DETAIL = jsonb_build_object(
            'scope', 'key', 'period', per, 'needed', amount::numeric(18, 9)::text,
            'remaining', greatest(full_row.limit_usd - full_row.spent - full_row.reserved, 0)::numeric(18, 9)::text,
            'resets_at', ends)::text;
        END IF;
        -- It was full a moment ago, and isn't any more.
        CONTINUE;
      END IF;
      INSERT INTO public.api_key_budgets (api_key_id, period, period_start, client_id, jobs_limit, limit_usd)
      SELECT k.id, per, start_on, k.client_id, CASE per WHEN 'day' THEN k.jobs_per_day END,
             CASE per WHEN 'day' THEN k.daily_limit ELSE k.monthly_limit END
        FROM public.api_keys k WHERE k.id = of_key
      ON CONFLICT DO NOTHING;
    END LOOP;
  END LOOP;
END
$$;

-- Budgets before keys, everywhere: whoever does several at once holds budget rows already when the first key is met. What both
-- triggers do first, then, is to lock the budget rows that these jobs hold, or will.
CREATE FUNCTION app.api_keys_reserve() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_bitmapscan = off AS $$
DECLARE
  one record;
  clients uuid[] := ARRAY(SELECT DISTINCT n.client_id FROM new_rows n JOIN public.api_key_jobs j ON j.job_id = n.job_id ORDER BY n.client_id);
  client uuid;
  ids uuid[] := '{}';
BEGIN
  IF cardinality(clients) = 0 THEN
    RETURN NULL;
  END IF;
  FOREACH client IN ARRAY clients LOOP
    ids := ids || app.budget_rows(client);
  END LOOP;
  PERFORM FROM public.budgets b WHERE b.id = ANY (ids) ORDER BY b.id FOR NO KEY UPDATE;
  -- In one order, whatever else the statement reserves for.
  FOR one IN
    SELECT j.api_key_id, j.day, count(*)::integer AS jobs, sum(n.held) AS held
      FROM new_rows n JOIN public.api_key_jobs j ON j.job_id = n.job_id
     WHERE n.settled_at IS NULL
     GROUP BY j.api_key_id, j.day ORDER BY j.api_key_id, j.day
  LOOP
    PERFORM app.api_key_take(one.api_key_id, one.day, one.jobs, one.held);
  END LOOP;
  RETURN NULL;
END
$$;

-- A reservation that is topped up, or settled. What a settled job cost is what its calls cost: the calls are written first.
CREATE FUNCTION app.api_keys_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  one record;
  per public.budget_period;
  changed uuid[] := ARRAY(SELECT n.job_id FROM new_rows n JOIN public.api_key_jobs j ON j.job_id = n.job_id);
BEGIN
  IF cardinality(changed) = 0 THEN
    RETURN NULL;
  END IF;
  PERFORM app.budgets_lock('{}', changed);
  FOR one IN
    SELECT j.api_key_id, j.day,
           coalesce(sum(n.held - o.held) FILTER (WHERE n.settled_at IS NULL), 0) AS more,
           coalesce(sum(o.held) FILTER (WHERE n.settled_at IS NOT NULL), 0) AS released,
           coalesce(sum(c.cost) FILTER (WHERE n.settled_at IS NOT NULL), 0) AS cost,
           array_agg(n.job_id) FILTER (WHERE n.settled_at IS NOT NULL) AS ended
      FROM new_rows n
      JOIN public.api_key_jobs j ON j.job_id = n.job_id
      JOIN old_rows o ON o.job_id = n.job_id AND o.settled_at IS NULL
     CROSS JOIN LATERAL (SELECT sum(p.cost) AS cost FROM public.provider_calls p WHERE p.job_id = n.job_id AND p.client_id = n.client_id) c
     GROUP BY j.api_key_id, j.day ORDER BY j.api_key_id, j.day
  LOOP
    IF one.more <> 0 THEN
      PERFORM app.api_key_take(one.api_key_id, one.day, 0, one.more);
    END IF;
    IF one.ended IS NOT NULL THEN
      FOREACH per IN ARRAY ARRAY['day', 'month']::public.budget_period[] LOOP
        UPDATE public.api_key_budgets b SET
            reserved = b.reserved - one.released, spent = b.spent + one.cost,
            -- Paid is paid, as in app.ledger_settle.
            over_usd = greatest(b.spent + one.cost + b.reserved - one.released - b.limit_usd, 0)
         WHERE b.api_key_id = one.api_key_id AND b.period = per AND b.period_start = date_trunc(per::text, one.day::timestamp)::date;
      END LOOP;
      DELETE FROM public.api_key_jobs j WHERE j.job_id = ANY (one.ended);
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;

-- What a key has used from a day on, as the ledger has it, among the clients that it reaches. The caller holds app.ledger_lock
-- alone.
CREATE FUNCTION app.api_key_used(of_key uuid, of_client uuid, since date)
RETURNS TABLE (job_id uuid, client_id uuid, day date, is_open boolean, held numeric, cost numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN QUERY
    WITH RECURSIVE tree AS (
      SELECT of_client AS id
      UNION ALL
      SELECT c.id FROM public.clients c JOIN tree ON c.parent_id = tree.id
    )
    SELECT r.job_id, r.client_id, (r.created_at AT TIME ZONE 'UTC')::date, r.settled_at IS NULL,
           CASE WHEN r.settled_at IS NULL THEN r.held ELSE 0 END,
           CASE WHEN r.settled_at IS NULL THEN 0
                ELSE coalesce((SELECT sum(p.cost) FROM public.provider_calls p WHERE p.job_id = r.job_id AND p.client_id = r.client_id), 0) END
      FROM tree JOIN public.reservations r ON r.client_id = tree.id AND r.created_at >= since::timestamp AT TIME ZONE 'UTC'
      JOIN public.jobs j ON j.id = r.job_id AND j.api_key_id = of_key;
END
$$;

-- A changed limit is in force at once. One that comes where the key had none takes over what the key has used in the running
-- day and month; the lock keeps out whoever moves money meanwhile.
CREATE FUNCTION app.api_key_limits_apply() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  had_none boolean := coalesce(OLD.jobs_per_day::numeric, OLD.daily_limit, OLD.monthly_limit) IS NULL;
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_month date := date_trunc('month', today::timestamp)::date;
  per public.budget_period;
  start_on date;
  job_limit integer;
  money_limit numeric;
  used record;
  open_on date;
BEGIN
  PERFORM pg_advisory_xact_lock(app.ledger_lock());
  IF had_none THEN
    INSERT INTO public.api_key_jobs (job_id, client_id, api_key_id, day)
      SELECT u.job_id, u.client_id, NEW.id, u.day FROM app.api_key_used(NEW.id, NEW.client_id, this_month) u WHERE u.is_open
      ON CONFLICT DO NOTHING;
  END IF;
  -- What is used already can't be undone: nothing more gets in until it is below the limit again. A job of an earlier day that
  -- still lives is settled in that day's row.
  IF had_none THEN
    FOR per, start_on, open_on IN
      SELECT 'month'::public.budget_period, this_month, NULL::date
      UNION ALL
      SELECT 'day', d.day, d.day
        FROM (SELECT today AS day UNION
              SELECT j.day FROM public.api_key_jobs j WHERE j.api_key_id = NEW.id AND j.day >= this_month) AS d
    LOOP
      job_limit := CASE per WHEN 'day' THEN NEW.jobs_per_day END;
      money_limit := CASE per WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END;
      SELECT count(*)::integer AS jobs, coalesce(sum(u.held), 0) AS held, coalesce(sum(u.cost), 0) AS cost INTO used
        FROM app.api_key_used(NEW.id, NEW.client_id, start_on) u WHERE open_on IS NULL OR u.day = open_on;
      INSERT INTO public.api_key_budgets (api_key_id, period, period_start, client_id, jobs_limit, jobs, limit_usd, reserved, spent, over_usd)
      VALUES (NEW.id, per, start_on, NEW.client_id,
              CASE WHEN job_limit IS NOT NULL THEN greatest(job_limit, used.jobs) END, used.jobs,
              money_limit, used.held, used.cost, greatest(used.held + used.cost - money_limit, 0))
      ON CONFLICT (api_key_id, period, period_start) DO UPDATE SET
        jobs_limit = EXCLUDED.jobs_limit, jobs = EXCLUDED.jobs, limit_usd = EXCLUDED.limit_usd,
        reserved = EXCLUDED.reserved, spent = EXCLUDED.spent, over_usd = EXCLUDED.over_usd;
    END LOOP;
    RETURN NULL;
  END IF;
  UPDATE public.api_key_budgets b SET
      jobs_limit = CASE WHEN b.period = 'day' AND NEW.jobs_per_day IS NOT NULL THEN greatest(NEW.jobs_per_day, b.jobs) END,
      limit_usd = CASE b.period WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END,
      over_usd = greatest(b.spent + b.reserved - CASE b.period WHEN 'day' THEN NEW.daily_limit ELSE NEW.monthly_limit END, 0)
   WHERE b.api_key_id = NEW.id AND b.period_start >= CASE b.period WHEN 'day' THEN today ELSE this_month END;
  RETURN NULL;
END
$$;

-- Whether what stands here is what the ledger says: the rows whose `reserved` isn't the sum of what is held for their jobs.
-- For hg_system, which sees all tenants.
CREATE FUNCTION app.api_key_budgets_drift() RETURNS TABLE (api_key_id uuid, period public.budget_period, period_start date, reserved numeric, held numeric)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  -- Alone, so that nobody is between a reservation and its sum.
  PERFORM pg_advisory_xact_lock(app.ledger_lock());
  RETURN QUERY
    SELECT b.api_key_id, b.period, b.period_start, b.reserved, coalesce(h.held, 0)
      FROM public.api_key_budgets b
      LEFT JOIN LATERAL (
        SELECT sum(r.held) AS held FROM public.api_key_jobs j JOIN public.reservations r ON r.job_id = j.job_id AND r.settled_at IS NULL
         WHERE j.api_key_id = b.api_key_id AND date_trunc(b.period::text, j.day::timestamp)::date = b.period_start) h ON true
     WHERE b.reserved <> coalesce(h.held, 0);
END
$$;

REVOKE ALL ON FUNCTION app.api_key_lookup(bytea), app.api_key_asks(), app.api_key_take(uuid, date, integer, numeric), app.api_keys_reserve(),
  app.api_keys_change(), app.api_key_used(uuid, uuid, date), app.api_key_limits_apply(), app.api_key_budgets_drift() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.api_key_lookup(bytea) TO hg_content_app;
GRANT EXECUTE ON FUNCTION app.api_key_asks(), app.api_keys_reserve(), app.api_keys_change(), app.api_key_limits_apply() TO hg_owner;
GRANT EXECUTE ON FUNCTION app.api_key_budgets_drift() TO hg_system;

SET LOCAL ROLE hg_owner;

-- Jobs that people ask for pay nothing for this.
CREATE TRIGGER jobs_of_api_keys BEFORE INSERT ON jobs FOR EACH ROW WHEN (NEW.api_key_id IS NOT NULL) EXECUTE FUNCTION app.api_key_asks();
-- Once per statement, however many jobs it reserves for.
CREATE TRIGGER reservations_of_api_keys AFTER INSERT ON reservations
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION app.api_keys_reserve();
CREATE TRIGGER reservations_of_api_keys_change AFTER UPDATE ON reservations
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION app.api_keys_change();
CREATE TRIGGER api_keys_limits_apply AFTER UPDATE OF jobs_per_day, daily_limit, monthly_limit ON api_keys FOR EACH ROW
  WHEN (OLD.jobs_per_day IS DISTINCT FROM NEW.jobs_per_day OR OLD.daily_limit IS DISTINCT FROM NEW.daily_limit
        OR OLD.monthly_limit IS DISTINCT FROM NEW.monthly_limit)
  EXECUTE FUNCTION app.api_key_limits_apply();
