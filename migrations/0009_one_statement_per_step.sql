-- Each step in a job's life is one statement: a function whose plans are kept for as long as the pooled connection lives.
-- Before, a step was up to nine statements, each planned anew in its transaction behind a pooler that forgets statements.
-- The functions of this file run with their caller's rights: every row passes the policies, as before.

-- Whoever accepts jobs meanwhile takes these tables in this order, so that nobody waits in a circle; and rather than keep
-- everybody waiting behind one long statement, this gives up and is tried again by the next start.
SET LOCAL lock_timeout = '10s';
LOCK TABLE clients, job_idempotency, provider_keys, jobs, job_runs, job_events, reservations, budget_limits, budgets,
  reservation_parts, provider_calls, charges IN ACCESS EXCLUSIVE MODE;

-- ---------------------------------------------------------------------------------------------
-- Policies. A key or a worker mostly touches its own client's rows: that is seen without asking for all that its scope
-- reaches, which the second arm does only where it must.

CREATE FUNCTION app.own_client_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN nullif(current_setting('app.user_id', true), '') IS NULL
            THEN nullif(current_setting('app.client_id', true), '')::uuid END;
REVOKE ALL ON FUNCTION app.own_client_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.own_client_id() TO hg_content_app, hg_system, hg_definer;

DO $$
DECLARE
  policy record;
  seen text := '(SELECT app.accessible_client_ids())';
  held text := '(SELECT app.client_ids_with_role(''member''))';
  rule text;
BEGIN
  FOR policy IN
    SELECT tablename AS of_table, policyname AS name, cmd FROM pg_policies
     WHERE schemaname = 'public' AND permissive = 'PERMISSIVE' AND roles = '{hg_content_app}'
       AND tablename IN ('jobs', 'job_runs', 'job_events', 'job_idempotency', 'provider_calls', 'charges', 'budgets', 'budget_limits',
                         'reservations', 'reservation_parts', 'provider_keys')
       AND policyname ~ '_(visible|member)_(select|insert|update|delete)$'
  LOOP
    rule := format('client_id = (SELECT app.own_client_id()) OR client_id = ANY (%s::uuid[])',
                   CASE WHEN policy.name LIKE '%visible_select' THEN seen ELSE held END);
    EXECUTE format('ALTER POLICY %I ON %I%s%s', policy.name, policy.of_table,
      CASE WHEN policy.cmd <> 'INSERT' THEN format(' USING (%s)', rule) END,
      CASE WHEN policy.cmd IN ('INSERT', 'UPDATE') THEN format(' WITH CHECK (%s)', rule) END);
  END LOOP;
END
$$;
ALTER POLICY clients_visible_select ON clients
  USING (id = (SELECT app.own_client_id()) OR id = ANY ((SELECT app.accessible_client_ids())::uuid[]));

-- ---------------------------------------------------------------------------------------------
-- Keys to clients. What belongs to a job has its client from the job (app.job_is_of), and the job has it from clients: a
-- second look at the client for each row costs a lock on the client's row and proves nothing more. The accounts keep theirs.

ALTER TABLE job_runs DROP CONSTRAINT job_runs_client_id_fkey;
ALTER TABLE job_events DROP CONSTRAINT job_events_client_id_fkey;
ALTER TABLE job_idempotency DROP CONSTRAINT job_idempotency_client_id_fkey;
ALTER TABLE reservation_parts DROP CONSTRAINT reservation_parts_client_id_fkey, DROP CONSTRAINT reservation_parts_budget_id_fkey;
ALTER TABLE reservations DROP CONSTRAINT reservations_client_id_fkey;

-- Each statement that writes a row reads and plans the row's checks anew: two say the same as nine.
ALTER TABLE budgets
  DROP CONSTRAINT budgets_reserved, DROP CONSTRAINT budgets_spent, DROP CONSTRAINT budgets_spent_charged,
  DROP CONSTRAINT budgets_spent_failed, DROP CONSTRAINT budgets_spent_cancelled, DROP CONSTRAINT budgets_spent_unknown,
  DROP CONSTRAINT budgets_headings,
  ADD CONSTRAINT budgets_headings CHECK (
    least(reserved, spent_charged, spent_failed, spent_cancelled, spent_unknown) >= 0
    AND spent = spent_charged + spent_failed + spent_cancelled + spent_unknown);

-- ---------------------------------------------------------------------------------------------
-- Helpers, as hg_definer. enable_seqscan: a plan that was made while a table was empty, and is kept, must not read the
-- whole of it when it has grown.

SET LOCAL ROLE hg_definer;

ALTER FUNCTION app.client_ids_with_role(public.member_role) SET enable_seqscan = off;
ALTER FUNCTION app.role_on(uuid) SET enable_seqscan = off;
ALTER FUNCTION app.job_is_of(uuid, uuid) SET enable_seqscan = off;

CREATE OR REPLACE FUNCTION app.budget_rows(of_client uuid) RETURNS uuid[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  holder uuid := of_client;
  above record;
  today date := (now() AT TIME ZONE 'UTC')::date;
  ids uuid[] := '{}';
BEGIN
  WHILE holder IS NOT NULL LOOP
    SELECT c.parent_id, l.daily_limit, l.monthly_limit INTO above
      FROM public.clients c LEFT JOIN public.budget_limits l ON l.client_id = c.id WHERE c.id = holder;
    EXIT WHEN NOT FOUND;
    IF above.daily_limit IS NOT NULL OR holder = of_client THEN
      ids := ids || app.budget_open(holder, 'day', today, above.daily_limit);
    END IF;
    IF above.monthly_limit IS NOT NULL OR holder = of_client THEN
      ids := ids || app.budget_open(holder, 'month', date_trunc('month', today::timestamp)::date, above.monthly_limit);
    END IF;
    holder := above.parent_id;
  END LOOP;
  SELECT l.daily_limit, l.monthly_limit INTO above FROM public.budget_limits l WHERE l.client_id IS NULL;
  IF above.daily_limit IS NOT NULL THEN
    ids := ids || app.budget_open(NULL, 'day', today, above.daily_limit);
  END IF;
  IF above.monthly_limit IS NOT NULL THEN
    ids := ids || app.budget_open(NULL, 'month', date_trunc('month', today::timestamp)::date, above.monthly_limit);
  END IF;
  RETURN ids;
END
$$;

CREATE OR REPLACE FUNCTION app.budget_open(of_holder uuid, of_period public.budget_period, start_on date, row_limit numeric) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  row_id uuid;
BEGIN
  LOOP
    -- Not IS NOT DISTINCT FROM: no index serves that.
    IF of_holder IS NULL THEN
      SELECT b.id INTO row_id FROM public.budgets b
       WHERE b.client_id IS NULL AND b.period = of_period AND b.period_start = start_on;
    ELSE
      SELECT b.id INTO row_id FROM public.budgets b
       WHERE b.client_id = of_holder AND b.period = of_period AND b.period_start = start_on;
    END IF;
    IF row_id IS NOT NULL THEN
      RETURN row_id;
    END IF;
    INSERT INTO public.budgets (client_id, period, period_start, limit_usd)
    VALUES (of_holder, of_period, start_on, row_limit)
    ON CONFLICT ON CONSTRAINT budgets_holder_period DO NOTHING;
  END LOOP;
END
$$;

-- Rows are locked in the order of their ids, here and in app.ledger_settle, where an index scan for `= ANY` goes in that
-- order and no other plan is left to choose. Locked first, judged then: a row that was waited for is seen as it is now, and so
-- are the others.
CREATE OR REPLACE FUNCTION app.ledger_reserve(of_job uuid, of_client uuid, amount numeric) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  ids uuid[];
  held_in uuid[];
  refused record;
BEGIN
  IF NOT (coalesce(of_client = app.own_client_id(), false)
          OR coalesce(of_client = ANY (app.client_ids_with_role('member'::public.member_role)), false))
     OR NOT app.job_is_of(of_job, of_client) THEN
    RAISE EXCEPTION 'no such client' USING ERRCODE = 'HG404';
  END IF;
  IF amount IS NULL OR amount < 0 THEN
    RAISE EXCEPTION 'a reservation is an amount from 0' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  INSERT INTO public.reservations (job_id, client_id, held) VALUES (of_job, of_client, amount) ON CONFLICT (job_id) DO NOTHING;
  IF FOUND THEN
    ids := app.budget_rows(of_client);
    INSERT INTO public.reservation_parts (job_id, budget_id, client_id) SELECT of_job, unnest(ids), of_client;
  ELSE
    UPDATE public.reservations SET held = held + amount WHERE job_id = of_job AND client_id = of_client AND settled_at IS NULL;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'the reservation is settled' USING ERRCODE = 'HG409';
    END IF;
    SELECT array_agg(p.budget_id) INTO ids FROM public.reservation_parts p WHERE p.job_id = of_job;
  END IF;
  IF amount = 0 THEN
    RETURN;
  END IF;
  PERFORM FROM public.budgets b WHERE b.id = ANY (ids) ORDER BY b.id FOR NO KEY UPDATE;
  WITH held AS (
    UPDATE public.budgets b SET reserved = b.reserved + amount
     WHERE b.id = ANY (ids) AND (b.limit_usd IS NULL OR b.spent + b.reserved + amount <= b.limit_usd)
    RETURNING b.id
  ) SELECT coalesce(array_agg(held.id), '{}') INTO held_in FROM held;
  IF cardinality(held_in) < cardinality(ids) THEN
    -- The narrowest that has too little left is named.
    SELECT b.client_id, b.period, b.period_start, greatest(b.limit_usd - b.spent - b.reserved, 0) AS remaining INTO refused
      FROM public.budgets b LEFT JOIN public.clients c ON c.id = b.client_id
     WHERE b.id = ANY (ids) AND b.id <> ALL (held_in)
     ORDER BY b.client_id IS NULL, c.type DESC NULLS LAST, b.period LIMIT 1;
    RAISE EXCEPTION 'budget exceeded' USING ERRCODE = 'HG402', DETAIL = jsonb_build_object(
      'scope', CASE WHEN refused.client_id IS NULL THEN 'global' WHEN refused.client_id = of_client THEN 'client' ELSE 'agency' END,
      'period', refused.period, 'needed', amount::text,
      -- What an agency or the operator has left is not their customers' business.
      'remaining', CASE WHEN refused.client_id = of_client THEN refused.remaining::text END,
      'resets_at', to_char((refused.period_start + CASE refused.period WHEN 'day' THEN interval '1 day' ELSE interval '1 month' END),
                           'YYYY-MM-DD"T"HH24:MI:SS"Z"'))::text;
  END IF;
END
$$;

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
      -- A provider that bills more than the worst case has been paid all the same: the row says so
      -- by its limit, and nothing more gets in.
      limit_usd = CASE WHEN b.limit_usd IS NULL THEN NULL ELSE greatest(b.limit_usd, b.spent + total + b.reserved - held_amount) END
   WHERE b.id = ANY (ids);
  RETURN true;
END
$$;

-- The same look-up. When a key was last used may be forgotten in a crash: nobody waits for the disk because of it.
CREATE OR REPLACE FUNCTION app.api_key_lookup(of_hash bytea)
RETURNS TABLE (id uuid, client_id uuid, scopes text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  used timestamptz;
BEGIN
  SELECT k.id, k.client_id, k.scopes, k.last_used_at INTO id, client_id, scopes, used
    FROM public.api_keys k JOIN public.clients c ON c.id = k.client_id
   WHERE k.key_hash = of_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
     AND c.archived_at IS NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF used IS NULL OR used < now() - interval '1 minute' THEN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE public.api_keys k SET last_used_at = now()
     WHERE k.key_hash = of_hash AND (k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute');
  END IF;
  RETURN NEXT;
END
$$;

SET LOCAL ROLE hg_owner;

-- ---------------------------------------------------------------------------------------------
-- Parts of several steps.

-- Writes an event with the job's next number, which it returns. The caller holds the job's row in job_runs, or has just
-- made or deleted it, so that two writers can't take one number.
CREATE FUNCTION app.event_append(of_job uuid, of_client uuid, of_type text, of_data jsonb) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  number integer;
BEGIN
  INSERT INTO public.job_events (job_id, seq, client_id, type, data)
  SELECT of_job, coalesce(max(e.seq), 0) + 1, of_client, of_type, of_data FROM public.job_events e WHERE e.job_id = of_job
  RETURNING seq INTO number;
  RETURN number;
END
$$;

-- Records how a call ended; `ended` has the columns of provider_calls, and first_text_seconds. Changes nothing where somebody
-- else has written the call off meanwhile.
CREATE FUNCTION app.call_end(of_call uuid, ended jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  told record;
BEGIN
  SELECT * INTO told FROM jsonb_to_record(ended) AS t (
    status public.call_status, input_tokens integer, cached_tokens integer, output_tokens integer, reasoning_tokens integer,
    cost numeric, cost_known public.cost_known, finish_reason text, generation_id text, error_code text, error_message text,
    first_text_seconds double precision);
  UPDATE public.provider_calls p SET
      status = told.status, input_tokens = told.input_tokens, cached_tokens = told.cached_tokens,
      output_tokens = told.output_tokens, reasoning_tokens = told.reasoning_tokens,
      -- An unknown cost without a price is no less than what was suspected.
      cost = CASE WHEN told.cost_known = 'unknown' THEN greatest(p.cost, told.cost) ELSE told.cost END,
      cost_known = told.cost_known, finish_reason = told.finish_reason, generation_id = told.generation_id,
      error_code = told.error_code, error_message = told.error_message,
      first_token_at = p.started_at + make_interval(secs => told.first_text_seconds), finished_at = now()
   WHERE p.id = of_call AND p.status = 'started';
END
$$;

-- What a job's calls cost, by how they ended. One that is still 'started' is written off first: it keeps its suspected cost.
CREATE FUNCTION app.calls_tally(of_job uuid, of_client uuid, lost_code text)
RETURNS TABLE (done numeric, failed numeric, cancelled numeric, unknown numeric)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
  UPDATE public.provider_calls p
     SET status = 'unknown', cost_known = 'unknown', error_code = lost_code, finished_at = now(),
         error_message = 'The answer never reached us; the provider may have billed it.'
   WHERE p.job_id = of_job AND p.client_id = of_client AND p.status = 'started';
  RETURN QUERY
    SELECT coalesce(sum(p.cost) FILTER (WHERE p.status = 'done'), 0), coalesce(sum(p.cost) FILTER (WHERE p.status = 'failed'), 0),
           coalesce(sum(p.cost) FILTER (WHERE p.status = 'cancelled'), 0), coalesce(sum(p.cost) FILTER (WHERE p.status = 'unknown'), 0)
      FROM public.provider_calls p WHERE p.job_id = of_job AND p.client_id = of_client;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Claim.

-- Takes attempts: of these jobs those that are still pending, or without ids whatever waits longest. Each gets one more
-- attempt, a lease, and the event that says so; it comes back with all that its worker needs. For hg_system.
CREATE FUNCTION app.jobs_claim(of_ids uuid[], most integer, of_worker text, of_lease double precision)
RETURNS TABLE (job_id uuid, client_id uuid, attempt integer, priority smallint, provider_failures integer, unknown_calls integer,
               accepted_at timestamptz, age double precision, seq integer, topic varchar, content_type public.content_type,
               llm_provider varchar, model varchar, request_id varchar, created_by uuid, parameters jsonb)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
BEGIN
  IF of_ids IS NOT NULL THEN
    -- Waits for a lock: a row that is only being marked as dispatched must not be passed over.
    SELECT array_agg(l.job_id) INTO locked FROM (
      SELECT r.job_id FROM public.job_runs r
       WHERE r.job_id = ANY (of_ids) AND r.status = 'pending' AND r.cancel_requested_at IS NULL AND r.deadline_at > now()
       ORDER BY r.job_id FOR UPDATE) AS l;
  ELSE
    SELECT array_agg(l.job_id) INTO locked FROM (
      SELECT r.job_id FROM public.job_runs r
       WHERE r.status = 'pending' AND r.available_at <= now() AND r.cancel_requested_at IS NULL AND r.deadline_at > now()
       ORDER BY r.available_at LIMIT most FOR UPDATE SKIP LOCKED) AS l;
  END IF;
  RETURN QUERY
    WITH taken AS (
      UPDATE public.job_runs r SET status = 'in_progress', attempt = r.attempt + 1, stage = 'strategy',
             lease_until = now() + make_interval(secs => of_lease), leased_by = of_worker
       WHERE r.job_id = ANY (locked)
      RETURNING r.job_id, r.client_id, r.attempt, r.priority, r.provider_failures, r.unknown_calls, r.accepted_at
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT t.job_id, coalesce((SELECT max(e.seq) FROM public.job_events e WHERE e.job_id = t.job_id), 0) + 1, t.client_id, 'status',
             jsonb_build_object('status', 'in_progress', 'stage', 'strategy', 'attempt', t.attempt, 'at', app.json_time(clock_timestamp()))
        FROM taken t
      RETURNING job_id, seq
    )
    SELECT t.job_id, t.client_id, t.attempt, t.priority, t.provider_failures, t.unknown_calls, t.accepted_at,
           extract(epoch FROM now() - t.accepted_at)::float8, e.seq, j.topic, j.content_type, j.llm_provider, j.model, j.request_id,
           j.created_by, j.parameters
      FROM taken t JOIN told e ON e.job_id = t.job_id JOIN public.jobs j ON j.id = t.job_id;
END
$$;

-- An instant as JSON has it everywhere.
CREATE FUNCTION app.json_time(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- ---------------------------------------------------------------------------------------------
-- Call.

-- Records a provider call as started, before it is made: fence, prompt, the call before it, top-up of the reservation, the
-- call's row, its event. No row comes back where the attempt isn't the caller's any more; nothing was written then.
-- A repeat, after a COMMIT whose answer was lost, finds the call that is there.
--
--   with_prompt  {prompt, system_prompt, template_id, template_version, template_variant, strategy_sources}; NULL: was kept before
--   before       the call before it in this attempt, whose end is `before_ended` (app.call_end); NULL: none
--   HG402        a budget is exceeded (app.ledger_reserve)
CREATE FUNCTION app.call_begin(
  of_job uuid, of_client uuid, of_attempt integer, of_stage text, of_doing text, of_provider text, of_model text, worst_case numeric,
  with_prompt jsonb, before uuid, before_ended jsonb, reset_reason text)
RETURNS TABLE (call_id uuid, seq integer, added numeric)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  missing numeric;
BEGIN
  UPDATE public.job_runs r SET stage = of_doing
   WHERE r.job_id = of_job AND r.attempt = of_attempt AND r.status = 'in_progress' AND r.client_id = of_client;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Nobody else writes in this attempt: what is there was written by an earlier try of this very step.
  SELECT p.id, (SELECT max(e.seq) FROM public.job_events e WHERE e.job_id = of_job), 0 INTO call_id, seq, added
    FROM public.provider_calls p
   WHERE p.job_id = of_job AND p.attempt = of_attempt AND p.stage = of_stage AND p.client_id = of_client AND p.status = 'started';
  IF FOUND THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF with_prompt IS NOT NULL THEN
    UPDATE public.jobs j SET prompt = with_prompt ->> 'prompt', system_prompt = with_prompt ->> 'system_prompt',
           template_id = (with_prompt ->> 'template_id')::uuid, template_version = (with_prompt ->> 'template_version')::integer,
           template_variant = with_prompt ->> 'template_variant', strategy_sources = with_prompt -> 'strategy_sources',
           attempts = of_attempt, started_at = coalesce(j.started_at, now())
     WHERE j.id = of_job AND j.client_id = of_client;
  END IF;
  IF before IS NOT NULL THEN
    PERFORM app.call_end(before, before_ended);
  END IF;
  missing := worst_case
    + coalesce((SELECT sum(p.cost) FROM public.provider_calls p WHERE p.job_id = of_job AND p.client_id = of_client), 0)
    - coalesce((SELECT r.held FROM public.reservations r
                 WHERE r.job_id = of_job AND r.client_id = of_client AND r.settled_at IS NULL), 0);
  added := greatest(missing, 0);
  IF added > 0 THEN
    PERFORM app.ledger_reserve(of_job, of_client, added);
  END IF;
  INSERT INTO public.provider_calls (job_id, client_id, attempt, stage, provider, model, cost)
  VALUES (of_job, of_client, of_attempt, of_stage, of_provider, of_model, worst_case) RETURNING id INTO call_id;
  IF reset_reason IS NOT NULL THEN
    PERFORM app.event_append(of_job, of_client, 'reset', jsonb_build_object('reason', reset_reason));
  END IF;
  seq := app.event_append(of_job, of_client, 'status', jsonb_build_object(
    'status', 'in_progress', 'stage', of_doing, 'attempt', of_attempt, 'at', app.json_time(clock_timestamp())));
  RETURN NEXT;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- End.

-- Completes a job: call done, result, charge, settled reservation, event; its run goes. No row comes back where the attempt
-- isn't the caller's any more; nothing was written then.
--
--   done  {result, quality_score, provider, model, input_tokens, output_tokens, title, score}
CREATE FUNCTION app.job_complete(of_job uuid, of_client uuid, of_attempt integer, of_call uuid, call_ended jsonb, done jsonb)
RETURNS TABLE (seq integer, charged numeric, failed numeric, cancelled numeric, unknown numeric)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  input integer := (done ->> 'input_tokens')::integer;
  output integer := (done ->> 'output_tokens')::integer;
BEGIN
  DELETE FROM public.job_runs r
   WHERE r.job_id = of_job AND r.attempt = of_attempt AND r.status = 'in_progress' AND r.client_id = of_client;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM app.call_end(of_call, call_ended);
  SELECT t.done, t.failed, t.cancelled, t.unknown INTO charged, failed, cancelled, unknown
    FROM app.calls_tally(of_job, of_client, 'job_ended') t;
  INSERT INTO public.charges (job_id, client_id, amount, provider, model)
  VALUES (of_job, of_client, charged, done ->> 'provider', done ->> 'model');
  UPDATE public.jobs j SET status = 'completed', result = done -> 'result', quality_score = (done ->> 'quality_score')::smallint,
         provider_model = done ->> 'model', input_tokens = input, output_tokens = output, total_tokens = input + output,
         cost = charged, attempts = of_attempt, completed_at = now(), started_at = coalesce(j.started_at, now()),
         error_code = NULL, error_message = NULL
   WHERE j.id = of_job AND j.client_id = of_client;
  seq := app.event_append(of_job, of_client, 'completed', jsonb_build_object(
    'title', done -> 'title', 'score', done -> 'score', 'cost_usd', charged::numeric(18, 9)::text));
  -- Last: budget rows are hot, and stay locked until COMMIT.
  IF NOT app.ledger_settle(of_job, charged, failed, cancelled, unknown) THEN
    RAISE WARNING 'job % had no open reservation to settle', of_job;
  END IF;
  RETURN NEXT;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Accept.

CREATE OR REPLACE FUNCTION app.job_accept(
  of_client uuid, of_slug text,
  of_principal text, idempotency_key text, of_request_hash bytea,
  of_topic text, of_content_type public.content_type, of_provider text, of_model text,
  of_parameters jsonb, of_priority smallint, of_deadline interval, of_estimate numeric,
  of_provider_key uuid, of_key_user uuid,
  of_request_id text, of_user uuid, of_api_key uuid)
RETURNS TABLE (job_id uuid, client_id uuid, status public.job_status, is_new boolean)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  found_client record;
  earlier record;
  new_job uuid := app.uuid_v7();
BEGIN
  IF of_client IS NOT NULL THEN
    SELECT c.id, c.archived_at INTO found_client FROM public.clients c WHERE c.id = of_client;
  ELSE
    SELECT c.id, c.archived_at INTO found_client FROM public.clients c WHERE c.slug = of_slug;
  END IF;
  IF found_client.id IS NULL THEN
    RAISE EXCEPTION 'no such client' USING ERRCODE = 'HG404';
  END IF;
  -- A key or worker is a member of its own client.
  IF found_client.id IS DISTINCT FROM app.own_client_id()
     AND coalesce(app.role_on(found_client.id) < 'member'::public.member_role, true) THEN
    RAISE EXCEPTION 'the role may not ask for content' USING ERRCODE = 'HG403';
  END IF;

  IF idempotency_key IS NOT NULL THEN
    -- Waits for another transaction with the same key, and then sees its row.
    INSERT INTO public.job_idempotency (principal, client_id, key, request_hash, job_id)
    VALUES (of_principal, found_client.id, idempotency_key, of_request_hash, new_job)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT i.request_hash, i.job_id INTO earlier FROM public.job_idempotency i
       WHERE i.principal = of_principal AND i.client_id = found_client.id AND i.key = idempotency_key;
      IF earlier.request_hash IS DISTINCT FROM of_request_hash THEN
        RAISE EXCEPTION 'the key was used for another request' USING ERRCODE = 'HG409', DETAIL = 'idempotency_key_reused';
      END IF;
      RETURN QUERY
        SELECT j.id, j.client_id, coalesce(r.status, j.status), false
          FROM public.jobs j LEFT JOIN public.job_runs r ON r.job_id = j.id
         WHERE j.id = earlier.job_id;
      RETURN;
    END IF;
  END IF;

  IF found_client.archived_at IS NOT NULL THEN
    RAISE EXCEPTION 'the client is archived' USING ERRCODE = 'HG409', DETAIL = 'client_archived';
  END IF;
  IF of_provider_key IS NOT NULL AND NOT EXISTS (
    SELECT FROM public.provider_keys k
     WHERE k.id = of_provider_key AND k.client_id = found_client.id AND k.provider = of_provider
       AND k.disabled_at IS NULL AND (k.user_id IS NULL OR k.user_id = of_key_user)
  ) THEN
    RAISE EXCEPTION 'no such provider key' USING ERRCODE = 'HG503';
  END IF;

  INSERT INTO public.jobs (id, client_id, topic, content_type, llm_provider, model, parameters, estimated_cost,
                           request_id, created_by, api_key_id)
  VALUES (new_job, found_client.id, of_topic, of_content_type, of_provider, of_model, of_parameters, of_estimate,
          of_request_id, of_user, of_api_key);
  INSERT INTO public.job_runs (job_id, client_id, priority, deadline_at)
  VALUES (new_job, found_client.id, of_priority, now() + of_deadline);
  INSERT INTO public.job_events (job_id, seq, client_id, type, data)
  VALUES (new_job, 1, found_client.id, 'status',
          jsonb_build_object('status', 'pending', 'stage', 'queued', 'attempt', 0, 'at', app.json_time(now())));
  -- Last: the budget rows are the hot ones, and stay locked until COMMIT.
  PERFORM app.ledger_reserve(new_job, found_client.id, of_estimate);
  RETURN QUERY SELECT new_job, found_client.id::uuid, 'pending'::public.job_status, true;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- The same for several at once: one transaction, one COMMIT. Each item runs in a scope of its own and in a subtransaction, so
-- that none sees, or suffers for, another. One that fails, or waits a second for somebody's lock, is left out: it is done again
-- alone, where its error is told.

-- Sets the scope for the next item.
CREATE FUNCTION app.enter_scope(of_user uuid, of_client uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = '' AS $$
BEGIN
  PERFORM set_config('app.user_id', coalesce(of_user::text, ''), true), set_config('app.client_id', coalesce(of_client::text, ''), true);
END
$$;

-- Locks the budget rows that these clients' new jobs count against, or those that hold these jobs' reservations, in the order
-- of their ids: without that two batches could wait for each other. A row that is made later today is locked when it is made.
-- Says nothing of what it saw; callers name clients and jobs that their scope sees. Rows above the client may be hot: waiting
-- for them in turn is cheaper than going one by one; but one tenant's row that somebody holds must not keep the others long.
SET LOCAL ROLE hg_definer;
CREATE FUNCTION app.budgets_lock(of_clients uuid[], of_jobs uuid[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '3s' AS $$
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_month date := date_trunc('month', today::timestamp)::date;
  level uuid[];
  holders uuid[];
  ids uuid[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  IF cardinality(of_jobs) > 0 THEN
    SELECT array_agg(p.budget_id) INTO ids FROM public.reservation_parts p WHERE p.job_id = ANY (of_jobs);
  ELSE
    level := of_clients;
    WHILE level IS NOT NULL LOOP
      holders := holders || level;
      SELECT array_agg(DISTINCT c.parent_id) INTO level FROM public.clients c WHERE c.id = ANY (level) AND c.parent_id IS NOT NULL;
    END LOOP;
    ids := ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id = ANY (holders) AND b.period = 'day' AND b.period_start = today)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id = ANY (holders) AND b.period = 'month' AND b.period_start = this_month)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id IS NULL AND b.period = 'day' AND b.period_start = today)
        || ARRAY(SELECT b.id FROM public.budgets b WHERE b.client_id IS NULL AND b.period = 'month' AND b.period_start = this_month);
  END IF;
  PERFORM FROM public.budgets b WHERE b.id = ANY (ids) ORDER BY b.id FOR NO KEY UPDATE;
END
$$;
REVOKE ALL ON FUNCTION app.budgets_lock(uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.budgets_lock(uuid[], uuid[]) TO hg_content_app;
SET LOCAL ROLE hg_owner;

-- app.job_accept for several. `items`: its parameters by name, and scope_user or scope_client. A row per item that was accepted,
-- by its place from 1.
CREATE FUNCTION app.jobs_accept(items jsonb)
RETURNS TABLE (item integer, job_id uuid, client_id uuid, status public.job_status, is_new boolean)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET lock_timeout = '1s' AS $$
#variable_conflict use_column
DECLARE
  one record;
  place integer := 0;
  found_client uuid;
  -- The client of each item as its own scope sees it; NULL for none.
  found_clients uuid[] := '{}';
BEGIN
  FOR one IN
    SELECT * FROM jsonb_to_recordset(items) AS (scope_user uuid, scope_client uuid, client uuid, slug text)
  LOOP
    place := place + 1;
    PERFORM app.enter_scope(one.scope_user, one.scope_client);
    IF one.client IS NOT NULL THEN
      SELECT c.id INTO found_client FROM public.clients c WHERE c.id = one.client;
    ELSE
      SELECT c.id INTO found_client FROM public.clients c WHERE c.slug = one.slug;
    END IF;
    found_clients[place] := found_client;
  END LOOP;
  PERFORM app.budgets_lock(array_remove(found_clients, NULL), '{}');
  FOR one IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(items) AS (
      scope_user uuid, scope_client uuid, client uuid, slug text, principal text, idempotency_key text, request_hash text,
      topic text, content_type public.content_type, provider text, model text, parameters jsonb, priority smallint,
      deadline_seconds double precision, estimate numeric, provider_key uuid, key_user uuid, request_id text, by_user uuid,
      api_key uuid)) WITH ORDINALITY
     WHERE found_clients[ordinality] IS NOT NULL
     -- A budget's first row of the day is made here: in one order.
     ORDER BY found_clients[ordinality], ordinality
  LOOP
    item := one.ordinality;
    BEGIN
      PERFORM app.enter_scope(one.scope_user, one.scope_client);
      SELECT a.job_id, a.client_id, a.status, a.is_new INTO STRICT job_id, client_id, status, is_new
        FROM app.job_accept(found_clients[one.ordinality], NULL, one.principal, one.idempotency_key, decode(one.request_hash, 'base64'), one.topic,
          one.content_type, one.provider, one.model, one.parameters, one.priority, make_interval(secs => one.deadline_seconds),
          one.estimate, one.provider_key, one.key_user, one.request_id, one.by_user, one.api_key) a;
      RETURN NEXT;
    EXCEPTION WHEN OTHERS THEN
      NULL; -- it is done again alone
    END;
  END LOOP;
  PERFORM app.enter_scope(NULL, NULL);
END
$$;

-- app.call_begin for several. `items`: its parameters by name. A row per item that went through, by its place from 1; one
-- that is fenced has no call.
CREATE FUNCTION app.calls_begin(items jsonb) RETURNS TABLE (item integer, call_id uuid, seq integer, added numeric)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET lock_timeout = '1s' AS $$
#variable_conflict use_column
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(items) AS (
      job uuid, client uuid, attempt integer, stage text, doing text, provider text, model text, worst_case numeric, prompt jsonb,
      before uuid, before_ended jsonb, reset text)) WITH ORDINALITY
     ORDER BY job -- locks go by id everywhere
  LOOP
    item := one.ordinality;
    BEGIN
      PERFORM app.enter_scope(NULL, one.client);
      call_id := NULL;
      SELECT b.call_id, b.seq, b.added INTO call_id, seq, added
        FROM app.call_begin(one.job, one.client, one.attempt, one.stage, one.doing, one.provider, one.model, one.worst_case,
          one.prompt, one.before, one.before_ended, one.reset) b;
      -- Budget rows that are taken one after the other, in the order of jobs, would be waited for in a circle.
      IF added > 0 THEN
        RAISE EXCEPTION 'a top-up goes alone';
      END IF;
      RETURN NEXT;
    EXCEPTION WHEN OTHERS THEN
      NULL; -- it is done again alone
    END;
  END LOOP;
  PERFORM app.enter_scope(NULL, NULL);
END
$$;

-- app.job_complete for several. `items`: its parameters by name. A row per item that went through, by its place from 1; one
-- that is fenced has no number.
CREATE FUNCTION app.jobs_complete(items jsonb)
RETURNS TABLE (item integer, seq integer, charged numeric, failed numeric, cancelled numeric, unknown numeric)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET lock_timeout = '1s' AS $$
#variable_conflict use_column
DECLARE
  one record;
BEGIN
  PERFORM app.budgets_lock('{}', ARRAY(SELECT (i ->> 'job')::uuid FROM jsonb_array_elements(items) i));
  FOR one IN
    SELECT * FROM ROWS FROM (jsonb_to_recordset(items) AS (
      job uuid, client uuid, attempt integer, call uuid, ended jsonb, done jsonb)) WITH ORDINALITY
     ORDER BY job -- locks go by id everywhere
  LOOP
    item := one.ordinality;
    BEGIN
      PERFORM app.enter_scope(NULL, one.client);
      seq := NULL;
      SELECT c.seq, c.charged, c.failed, c.cancelled, c.unknown INTO seq, charged, failed, cancelled, unknown
        FROM app.job_complete(one.job, one.client, one.attempt, one.call, one.ended, one.done) c;
      RETURN NEXT;
    EXCEPTION WHEN OTHERS THEN
      NULL; -- it is done again alone
    END;
  END LOOP;
  PERFORM app.enter_scope(NULL, NULL);
END
$$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'app.event_append(uuid, uuid, text, jsonb)', 'app.call_end(uuid, jsonb)', 'app.calls_tally(uuid, uuid, text)',
    'app.jobs_claim(uuid[], integer, text, double precision)', 'app.json_time(timestamptz)',
    'app.call_begin(uuid, uuid, integer, text, text, text, text, numeric, jsonb, uuid, jsonb, text)',
    'app.job_complete(uuid, uuid, integer, uuid, jsonb, jsonb)', 'app.enter_scope(uuid, uuid)', 'app.jobs_accept(jsonb)',
    'app.calls_begin(jsonb)', 'app.jobs_complete(jsonb)'
  ]::regprocedure[] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hg_content_app, hg_system', f);
  END LOOP;
END
$$;
