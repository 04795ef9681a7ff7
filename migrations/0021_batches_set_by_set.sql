-- What was done item by item within one transaction is done set by set: each step of a batch is one statement for all of its
-- items (docs/adr/0011-whole-batches-set-by-set.md). Measured: the cost of a step is the number of its statements, not of
-- its rows.
--
-- An item goes through here only where it is plainly good. Whatever needs a second look (a low role, an archived client, a
-- used key, a short budget, a repeat, a top-up, a row that somebody holds) is left out: the caller does it alone, by
-- app.job_accept, app.call_begin or app.job_complete, which tell why. What fails here fails for all, and all go alone.

SET LOCAL lock_timeout = '10s';
LOCK TABLE job_idempotency, jobs, job_runs, job_events, provider_calls, charges IN ACCESS EXCLUSIVE MODE;

-- ---------------------------------------------------------------------------------------------
-- These functions see all tenants, as hg_definer, and check each item's scope themselves. Column by column, what they write.

GRANT INSERT (id, client_id, topic, content_type, llm_provider, model, parameters, estimated_cost, request_id, created_by, api_key_id),
      UPDATE (status, result, quality_score, provider_model, input_tokens, output_tokens, total_tokens, cost, attempts, completed_at,
              started_at, error_code, error_message, prompt, system_prompt, template_id, template_version, template_variant,
              strategy_sources, seo_sources, quality_rules) ON jobs TO hg_definer;
GRANT INSERT (job_id, client_id, priority, deadline_at), UPDATE (stage), DELETE ON job_runs TO hg_definer;
GRANT INSERT (job_id, seq, client_id, type, data) ON job_events TO hg_definer;
GRANT INSERT (principal, client_id, key, request_hash, job_id), SELECT (client_id, job_id) ON job_idempotency TO hg_definer;
GRANT INSERT (job_id, client_id, attempt, stage, provider, model, cost),
      UPDATE (status, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost, cost_known, finish_reason, generation_id,
              error_code, error_message, first_token_at, finished_at) ON provider_calls TO hg_definer;
GRANT INSERT (job_id, client_id, amount, provider, model) ON charges TO hg_definer;

GRANT EXECUTE ON FUNCTION app.json_time(timestamptz) TO hg_definer;

CREATE POLICY jobs_definer_insert ON jobs FOR INSERT TO hg_definer WITH CHECK (true);
CREATE POLICY jobs_definer_update ON jobs FOR UPDATE TO hg_definer USING (true) WITH CHECK (true);
CREATE POLICY job_runs_definer_insert ON job_runs FOR INSERT TO hg_definer WITH CHECK (true);
CREATE POLICY job_runs_definer_update ON job_runs FOR UPDATE TO hg_definer USING (true) WITH CHECK (true);
CREATE POLICY job_runs_definer_delete ON job_runs FOR DELETE TO hg_definer USING (true);
CREATE POLICY job_events_definer_insert ON job_events FOR INSERT TO hg_definer WITH CHECK (true);
CREATE POLICY job_idempotency_definer_insert ON job_idempotency FOR INSERT TO hg_definer WITH CHECK (true);
CREATE POLICY job_idempotency_definer_select ON job_idempotency FOR SELECT TO hg_definer USING (true);
CREATE POLICY provider_calls_definer_insert ON provider_calls FOR INSERT TO hg_definer WITH CHECK (true);
CREATE POLICY provider_calls_definer_update ON provider_calls FOR UPDATE TO hg_definer USING (true) WITH CHECK (true);
CREATE POLICY charges_definer_insert ON charges FOR INSERT TO hg_definer WITH CHECK (true);

-- ---------------------------------------------------------------------------------------------
-- Plans are made once per connection, perhaps while tables are empty, and kept: hence big tables are only ever met by
-- `= ANY (ids)`, or row by row (LATERAL … OFFSET 0, scalar subqueries), which leaves no plan but an index.

-- The budget rows that one more job of each of these clients counts against, as (place, budget): what app.budget_rows says,
-- for all at once. A row that doesn't exist yet has no id, and comes with what it is to be made of.
CREATE FUNCTION app.budgets_counted(of_clients uuid[])
RETURNS TABLE (place integer, budget uuid, holder uuid, holder_type public.client_type, period public.budget_period, start_on date, row_limit numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  today date := (now() AT TIME ZONE 'UTC')::date;
  this_month date := date_trunc('month', today::timestamp)::date;
BEGIN
  RETURN QUERY
    WITH RECURSIVE chain AS (
      SELECT o.ordinality::integer AS place, c.id, c.type, c.parent_id, true AS own
        FROM unnest(of_clients) WITH ORDINALITY AS o (id, ordinality)
        CROSS JOIN LATERAL (SELECT c.id, c.type, c.parent_id FROM public.clients c WHERE c.id = o.id OFFSET 0) AS c
      UNION ALL
      SELECT chain.place, c.id, c.type, c.parent_id, false
        FROM chain CROSS JOIN LATERAL (SELECT c.id, c.type, c.parent_id FROM public.clients c WHERE c.id = chain.parent_id OFFSET 0) AS c
    )
    SELECT chain.place,
           (SELECT b.id FROM public.budgets b WHERE b.client_id = chain.id AND b.period = p.period AND b.period_start = p.start_on),
           chain.id, chain.type, p.period, p.start_on, p.row_limit
      FROM chain
      LEFT JOIN LATERAL (SELECT l.daily_limit, l.monthly_limit FROM public.budget_limits l WHERE l.client_id = chain.id OFFSET 0) AS l ON true
      CROSS JOIN LATERAL (VALUES ('day'::public.budget_period, today, l.daily_limit), ('month', this_month, l.monthly_limit))
        AS p (period, start_on, row_limit)
     WHERE chain.own OR p.row_limit IS NOT NULL
    UNION ALL
    SELECT chain.place,
           (SELECT b.id FROM public.budgets b WHERE b.client_id IS NULL AND b.period = p.period AND b.period_start = p.start_on),
           NULL, NULL, p.period, p.start_on, p.row_limit
      FROM chain
      CROSS JOIN LATERAL (SELECT l.daily_limit, l.monthly_limit FROM public.budget_limits l WHERE l.client_id IS NULL OFFSET 0) AS l
      CROSS JOIN LATERAL (VALUES ('day'::public.budget_period, today, l.daily_limit), ('month', this_month, l.monthly_limit))
        AS p (period, start_on, row_limit)
     WHERE chain.own AND p.row_limit IS NOT NULL;
END
$$;

-- Which of these clients may be written to by the scope beside each: the rule of the policies (app.own_client_id,
-- app.client_ids_with_role), asked from the client upwards for all at once. A client that a scope doesn't see, doesn't write
-- to, or that is archived, comes as NULL. A scope is a person or a client; both, or neither, is nobody.
CREATE FUNCTION app.clients_writable(of_clients uuid[], of_slugs text[], scope_users uuid[], scope_clients uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET jit = off AS $$
BEGIN
  RETURN (
    WITH RECURSIVE asked AS MATERIALIZED (
      SELECT * FROM unnest(of_clients, of_slugs, scope_users, scope_clients) WITH ORDINALITY AS a (client, slug, scope_user, scope_client, place)
    ), chain AS (
      SELECT a.place, a.scope_user, a.scope_client, c.id AS client, c.id, c.parent_id
        FROM asked a
        CROSS JOIN LATERAL (
          SELECT c.id, c.parent_id FROM public.clients c WHERE c.id = a.client AND c.archived_at IS NULL
          UNION ALL
          SELECT c.id, c.parent_id FROM public.clients c WHERE a.client IS NULL AND c.slug = a.slug AND c.archived_at IS NULL
          OFFSET 0) AS c
      UNION ALL
      SELECT chain.place, chain.scope_user, chain.scope_client, chain.client, c.id, c.parent_id
        FROM chain CROSS JOIN LATERAL (SELECT c.id, c.parent_id FROM public.clients c WHERE c.id = chain.parent_id OFFSET 0) AS c
    ), allowed AS (
      SELECT chain.place, min(chain.client::text)::uuid AS client FROM chain
       WHERE CASE WHEN chain.scope_user IS NULL THEN chain.scope_client = chain.id
                  WHEN chain.scope_client IS NULL THEN
                    EXISTS (SELECT FROM public.client_users m
                             WHERE m.client_id = chain.id AND m.user_id = chain.scope_user AND m.role >= 'member'::public.member_role)
             END
       GROUP BY chain.place
    )
    SELECT array_agg(allowed.client ORDER BY asked.place) FROM asked LEFT JOIN allowed ON allowed.place = asked.place);
END
$$;

-- Raises where the transaction has a scope: the items bring their own, and nobody's is to be mistaken for theirs.
CREATE FUNCTION app.batch_begins() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = '' AS $$
BEGIN
  IF app.user_id() IS NOT NULL OR app.client_id() IS NOT NULL THEN
    RAISE EXCEPTION 'work of several scopes goes in a transaction without one' USING ERRCODE = 'HG403';
  END IF;
END
$$;

DROP FUNCTION app.enter_scope(uuid, uuid);

-- ---------------------------------------------------------------------------------------------
-- app.job_accept for several. `items`: its parameters by name, and scope_user or scope_client. A row per item that was accepted,
-- by its place from 1.
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
                      AND k.jobs_per_day IS NULL AND k.daily_limit IS NULL AND k.monthly_limit IS NULL)) AS is_plain
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

-- ---------------------------------------------------------------------------------------------
-- app.job_complete for several. `items`: its parameters by name. A row per item that went through, by its place from 1.
-- Whoever names a job must name its client: a worker's scope is its job's client.
CREATE OR REPLACE FUNCTION app.jobs_complete(items jsonb)
RETURNS TABLE (item integer, seq integer, charged numeric, failed numeric, cancelled numeric, unknown numeric)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET lock_timeout = '3s' AS $$
#variable_conflict use_column
DECLARE
  ids uuid[] := ARRAY(SELECT (i ->> 'job')::uuid FROM jsonb_array_elements(items) i);
  -- The items' places, and their jobs.
  places integer[];
  budget_ids uuid[];
BEGIN
  PERFORM app.batch_begins();
  -- The fence. A row that somebody has locked isn't waited for: who holds one waits for no other, and nobody in a circle.
  SELECT array_agg(l.place), array_agg(l.job_id) INTO places, ids FROM (
    SELECT min(a.ordinality)::integer AS place, r.job_id
      FROM (SELECT r.job_id, r.client_id, r.attempt FROM public.job_runs r
             WHERE r.job_id = ANY (ids) AND r.status = 'in_progress' ORDER BY r.job_id FOR UPDATE SKIP LOCKED) AS r
      JOIN ROWS FROM (jsonb_to_recordset(items) AS (job uuid, client uuid, attempt integer)) WITH ORDINALITY AS a
        ON a.job = r.job_id AND a.client = r.client_id AND a.attempt = r.attempt
     WHERE EXISTS (SELECT FROM public.reservations v WHERE v.job_id = r.job_id AND v.client_id = r.client_id AND v.settled_at IS NULL)
     GROUP BY r.job_id) AS l;
  IF ids IS NULL THEN
    RETURN;
  END IF;
  -- Budget rows in the order of their ids, and whoever holds one takes no job's row after it.
  PERFORM pg_advisory_xact_lock_shared(app.ledger_lock());
  SELECT array_agg(DISTINCT p.budget_id) INTO budget_ids FROM public.reservation_parts p WHERE p.job_id = ANY (ids);
  PERFORM FROM public.budgets b WHERE b.id = ANY (budget_ids) ORDER BY b.id FOR NO KEY UPDATE;
  RETURN QUERY
    WITH asked AS MATERIALIZED (
      SELECT a.ordinality::integer AS place, a.job, a.client, a.attempt, a.call, a.done, t.*
        FROM ROWS FROM (jsonb_to_recordset(items) AS (
          job uuid, client uuid, attempt integer, call uuid, ended jsonb, done jsonb)) WITH ORDINALITY AS a
        CROSS JOIN LATERAL jsonb_to_record(a.ended) AS t (
          status public.call_status, input_tokens integer, cached_tokens integer, output_tokens integer, reasoning_tokens integer,
          cost numeric, cost_known public.cost_known, finish_reason text, generation_id text, error_code text, error_message text,
          first_text_seconds double precision)
       WHERE a.ordinality = ANY (places)
    ), ran AS (
      DELETE FROM public.job_runs r WHERE r.job_id = ANY (ids)
    ), ended AS (
      -- The call that the result came from (app.call_end), and what else was begun and never ended (app.calls_tally).
      UPDATE public.provider_calls p SET
          status = CASE WHEN p.id = a.call THEN a.status ELSE 'unknown' END,
          input_tokens = CASE WHEN p.id = a.call THEN a.input_tokens ELSE p.input_tokens END,
          cached_tokens = CASE WHEN p.id = a.call THEN a.cached_tokens ELSE p.cached_tokens END,
          output_tokens = CASE WHEN p.id = a.call THEN a.output_tokens ELSE p.output_tokens END,
          reasoning_tokens = CASE WHEN p.id = a.call THEN a.reasoning_tokens ELSE p.reasoning_tokens END,
          -- An unknown cost without a price is no less than what was suspected.
          cost = CASE WHEN p.id = a.call AND a.cost_known = 'unknown' THEN greatest(p.cost, a.cost)
                      WHEN p.id = a.call THEN a.cost ELSE p.cost END,
          cost_known = CASE WHEN p.id = a.call THEN a.cost_known ELSE 'unknown' END,
          finish_reason = CASE WHEN p.id = a.call THEN a.finish_reason ELSE p.finish_reason END,
          generation_id = CASE WHEN p.id = a.call THEN a.generation_id ELSE p.generation_id END,
          error_code = CASE WHEN p.id = a.call THEN a.error_code ELSE 'job_ended' END,
          error_message = CASE WHEN p.id = a.call THEN a.error_message
                               ELSE 'The answer never reached us; the provider may have billed it.' END,
          first_token_at = CASE WHEN p.id = a.call THEN p.started_at + make_interval(secs => a.first_text_seconds) ELSE p.first_token_at END,
          finished_at = now()
        FROM asked a
       WHERE p.job_id = ANY (ids) AND p.job_id = a.job AND p.client_id = a.client AND p.status = 'started'
      RETURNING p.job_id, p.status, p.cost
    ), tally AS MATERIALIZED (
      SELECT a.job, coalesce(sum(c.cost) FILTER (WHERE c.status = 'done'), 0) AS charged,
             coalesce(sum(c.cost) FILTER (WHERE c.status = 'failed'), 0) AS failed,
             coalesce(sum(c.cost) FILTER (WHERE c.status = 'cancelled'), 0) AS cancelled,
             coalesce(sum(c.cost) FILTER (WHERE c.status = 'unknown'), 0) AS unknown
        FROM asked a
        LEFT JOIN (SELECT e.job_id, e.status, e.cost FROM ended e
                   UNION ALL
                   SELECT p.job_id, p.status, p.cost FROM public.provider_calls p JOIN asked b ON b.job = p.job_id AND b.client = p.client_id
                    WHERE p.job_id = ANY (ids) AND p.status <> 'started') AS c ON c.job_id = a.job
       GROUP BY a.job
    ), charge AS (
      INSERT INTO public.charges (job_id, client_id, amount, provider, model)
      SELECT a.job, a.client, t.charged, a.done ->> 'provider', a.done ->> 'model' FROM asked a JOIN tally t ON t.job = a.job
    ), kept AS (
      UPDATE public.jobs j SET status = 'completed', result = a.done -> 'result', quality_score = (a.done ->> 'quality_score')::smallint,
             provider_model = a.done ->> 'model', input_tokens = (a.done ->> 'input_tokens')::integer,
             output_tokens = (a.done ->> 'output_tokens')::integer,
             total_tokens = (a.done ->> 'input_tokens')::integer + (a.done ->> 'output_tokens')::integer,
             cost = t.charged, attempts = a.attempt, completed_at = now(), started_at = coalesce(j.started_at, now()),
             error_code = NULL, error_message = NULL
        FROM asked a JOIN tally t ON t.job = a.job
       WHERE j.id = ANY (ids) AND j.id = a.job AND j.client_id = a.client
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT a.job, coalesce((SELECT max(e.seq) FROM public.job_events e WHERE e.job_id = a.job), 0) + 1, a.client, 'completed',
             jsonb_build_object('title', a.done -> 'title', 'score', a.done -> 'score', 'cost_usd', t.charged::numeric(18, 9)::text)
        FROM asked a JOIN tally t ON t.job = a.job
      RETURNING job_id, seq
    ), settled AS (
      UPDATE public.reservations v SET settled_at = now() WHERE v.job_id = ANY (ids) AND v.settled_at IS NULL RETURNING v.job_id, v.held
    ), given_back AS (
      DELETE FROM public.reservation_parts p WHERE p.job_id = ANY (ids) RETURNING p.job_id, p.budget_id
    ), booked AS (
      -- As app.ledger_settle: what is held goes back to the very rows that held it, what was spent is booked there by heading.
      UPDATE public.budgets b SET
          reserved = b.reserved - s.held, spent = b.spent + s.charged + s.failed + s.cancelled + s.unknown,
          spent_charged = b.spent_charged + s.charged, spent_failed = b.spent_failed + s.failed,
          spent_cancelled = b.spent_cancelled + s.cancelled, spent_unknown = b.spent_unknown + s.unknown,
          over_usd = CASE WHEN b.limit_usd IS NULL THEN 0
                          ELSE greatest(b.spent + s.charged + s.failed + s.cancelled + s.unknown + b.reserved - s.held - b.limit_usd, 0) END
        FROM (SELECT g.budget_id, sum(v.held) AS held, sum(t.charged) AS charged, sum(t.failed) AS failed, sum(t.cancelled) AS cancelled,
                     sum(t.unknown) AS unknown
                FROM given_back g JOIN settled v ON v.job_id = g.job_id JOIN tally t ON t.job = g.job_id GROUP BY g.budget_id) AS s
       WHERE b.id = ANY (budget_ids) AND b.id = s.budget_id
    )
    SELECT a.place, e.seq, t.charged, t.failed, t.cancelled, t.unknown
      FROM asked a JOIN tally t ON t.job = a.job JOIN told e ON e.job_id = a.job;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- app.call_begin for several. `items`: its parameters by name. A row per item that went through, by its place from 1. What
-- follows another call of its attempt, repeats one, or needs more than is held goes alone.
CREATE OR REPLACE FUNCTION app.calls_begin(items jsonb) RETURNS TABLE (item integer, call_id uuid, seq integer, added numeric)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET lock_timeout = '1s' AS $$
#variable_conflict use_column
DECLARE
  ids uuid[] := ARRAY(SELECT (i ->> 'job')::uuid FROM jsonb_array_elements(items) i);
  places integer[];
  -- The first instant after the rows are held.
  at text;
BEGIN
  PERFORM app.batch_begins();
  -- The fence, as in app.jobs_complete.
  SELECT array_agg(l.place), array_agg(l.job_id) INTO places, ids FROM (
    SELECT min(a.ordinality)::integer AS place, r.job_id
      FROM (SELECT r.job_id, r.client_id, r.attempt FROM public.job_runs r
             WHERE r.job_id = ANY (ids) AND r.status = 'in_progress' ORDER BY r.job_id FOR UPDATE SKIP LOCKED) AS r
      JOIN ROWS FROM (jsonb_to_recordset(items) AS (job uuid, client uuid, attempt integer, before uuid, reset text)) WITH ORDINALITY AS a
        ON a.job = r.job_id AND a.client = r.client_id AND a.attempt = r.attempt
     WHERE a.before IS NULL AND a.reset IS NULL
     GROUP BY r.job_id) AS l;
  IF ids IS NULL THEN
    RETURN;
  END IF;
  at := app.json_time(clock_timestamp());
  RETURN QUERY
    WITH asked AS MATERIALIZED (
      SELECT a.*
        FROM ROWS FROM (jsonb_to_recordset(items) AS (
          job uuid, client uuid, attempt integer, stage text, doing text, provider text, model text, worst_case numeric,
          prompt jsonb)) WITH ORDINALITY AS a
       WHERE a.ordinality = ANY (places)
         -- What an earlier try of this very step has left, or what isn't covered, wants a second look.
         AND NOT EXISTS (SELECT FROM public.provider_calls p WHERE p.job_id = a.job AND p.attempt = a.attempt AND p.stage = a.stage)
         AND a.worst_case
             + coalesce((SELECT sum(p.cost) FROM public.provider_calls p WHERE p.job_id = a.job AND p.client_id = a.client), 0)
             <= (SELECT v.held FROM public.reservations v WHERE v.job_id = a.job AND v.client_id = a.client AND v.settled_at IS NULL)
    ), running AS (
      UPDATE public.job_runs r SET stage = a.doing FROM asked a WHERE r.job_id = ANY (ids) AND r.job_id = a.job
    ), kept AS (
      UPDATE public.jobs j SET prompt = a.prompt ->> 'prompt', system_prompt = a.prompt ->> 'system_prompt',
             template_id = (a.prompt ->> 'template_id')::uuid, template_version = (a.prompt ->> 'template_version')::integer,
             template_variant = a.prompt ->> 'template_variant', strategy_sources = a.prompt -> 'strategy_sources',
             seo_sources = nullif(a.prompt -> 'seo_sources', 'null'), quality_rules = nullif(a.prompt -> 'quality_rules', 'null'),
             attempts = a.attempt, started_at = coalesce(j.started_at, now())
        FROM asked a
       WHERE j.id = ANY (ids) AND j.id = a.job AND j.client_id = a.client AND a.prompt IS NOT NULL
    ), begun AS (
      INSERT INTO public.provider_calls (job_id, client_id, attempt, stage, provider, model, cost)
      SELECT a.job, a.client, a.attempt, a.stage, a.provider, a.model, a.worst_case FROM asked a
      RETURNING id, job_id
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT a.job, coalesce((SELECT max(e.seq) FROM public.job_events e WHERE e.job_id = a.job), 0) + 1, a.client, 'status',
             jsonb_build_object('status', 'in_progress', 'stage', a.doing, 'attempt', a.attempt, 'at', at)
        FROM asked a
      RETURNING job_id, seq
    )
    SELECT a.ordinality::integer, b.id, e.seq, 0::numeric
      FROM asked a JOIN begun b ON b.job_id = a.job JOIN told e ON e.job_id = a.job;
END
$$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'app.budgets_counted(uuid[])', 'app.clients_writable(uuid[], text[], uuid[], uuid[])', 'app.batch_begins()', 'app.jobs_accept(jsonb)',
    'app.calls_begin(jsonb)', 'app.jobs_complete(jsonb)'
  ]::regprocedure[] LOOP
    -- hg_system never called them.
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, hg_system', f);
    EXECUTE format('ALTER FUNCTION %s OWNER TO hg_definer', f);
  END LOOP;
END
$$;
