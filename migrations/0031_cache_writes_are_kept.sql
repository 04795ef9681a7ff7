-- Input that a call wrote to its provider's cache, which has a price of its own: with it a `computed` cost can be derived again
-- from its row and the job's price. Rows from before have none (NULL), days from before 0.
--
-- The previous version runs on it: what it doesn't tell is NULL, and it reads figures by name.

SET LOCAL lock_timeout = '10s';

ALTER TABLE provider_calls ADD COLUMN cache_write_tokens integer;
ALTER TABLE usage_days ADD COLUMN cache_write_tokens bigint NOT NULL DEFAULT 0;
GRANT UPDATE (cache_write_tokens) ON provider_calls TO hg_definer;

-- As before (0009), with the new column.
CREATE OR REPLACE FUNCTION app.call_end(of_call uuid, ended jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  told record;
BEGIN
  SELECT * INTO told FROM jsonb_to_record(ended) AS t (
    status public.call_status, input_tokens integer, cached_tokens integer, cache_write_tokens integer, output_tokens integer, reasoning_tokens integer,
    cost numeric, cost_known public.cost_known, finish_reason text, generation_id text, error_code text, error_message text,
    first_text_seconds double precision);
  UPDATE public.provider_calls p SET
      status = told.status, input_tokens = told.input_tokens, cached_tokens = told.cached_tokens,
      cache_write_tokens = told.cache_write_tokens,
      output_tokens = told.output_tokens, reasoning_tokens = told.reasoning_tokens,
      -- An unknown cost without a price is no less than what was suspected.
      cost = CASE WHEN told.cost_known = 'unknown' THEN greatest(p.cost, told.cost) ELSE told.cost END,
      cost_known = told.cost_known, finish_reason = told.finish_reason, generation_id = told.generation_id,
      error_code = told.error_code, error_message = told.error_message,
      first_token_at = p.started_at + make_interval(secs => told.first_text_seconds), finished_at = now()
   WHERE p.id = of_call AND p.status = 'started';
END
$$;

-- As before (0019), with the new column at its end.
CREATE OR REPLACE VIEW app.settled_calls WITH (security_invoker = true) AS
SELECT r.job_id, r.client_id, r.created_at AS reserved_at, (r.created_at AT TIME ZONE 'UTC')::date AS day,
       p.provider, p.model, j.content_type, p.cost_known, p.cost, p.input_tokens, p.cached_tokens, p.output_tokens, p.reasoning_tokens,
       CASE WHEN p.status = 'done' AND h.job_id IS NOT NULL THEN 'charged'
            WHEN p.status IN ('done', 'failed') THEN 'failed'
            WHEN p.status = 'cancelled' THEN 'cancelled'
            ELSE 'unknown' END AS heading,
       -- One call of each job with a result: the last that was answered.
       (p.status = 'done' AND h.job_id IS NOT NULL AND NOT EXISTS (
          SELECT FROM public.provider_calls q
           WHERE q.job_id = p.job_id AND q.client_id = p.client_id AND q.status = 'done' AND q.id > p.id))::integer AS results,
       p.cache_write_tokens
  FROM public.reservations r
  JOIN public.provider_calls p ON p.job_id = r.job_id AND p.client_id = r.client_id
  LEFT JOIN public.charges h ON h.job_id = r.job_id
  LEFT JOIN public.jobs j ON j.id = r.job_id
 WHERE r.settled_at IS NOT NULL;

SET LOCAL ROLE hg_definer;

-- As before (0021), with the new column. A job that somebody was told would stop is left out: it ends alone, as cancelled.
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
             WHERE r.job_id = ANY (ids) AND r.status = 'in_progress' AND r.cancel_requested_at IS NULL
             ORDER BY r.job_id FOR UPDATE SKIP LOCKED) AS r
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
          status public.call_status, input_tokens integer, cached_tokens integer, cache_write_tokens integer, output_tokens integer,
          reasoning_tokens integer,
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
          cache_write_tokens = CASE WHEN p.id = a.call THEN a.cache_write_tokens ELSE p.cache_write_tokens END,
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

-- As before (0019), with the new column.
CREATE OR REPLACE FUNCTION app.usage_count(most integer, settled interval DEFAULT '5 minutes') RETURNS integer
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
                                      results, calls, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost,
                                      cache_write_tokens)
  SELECT s.client_id, s.day, s.provider, s.model, s.content_type, s.heading, s.cost_known, sum(s.results), count(*),
         sum(coalesce(s.input_tokens, 0)), sum(coalesce(s.cached_tokens, 0)), sum(coalesce(s.output_tokens, 0)),
         sum(coalesce(s.reasoning_tokens, 0)), sum(s.cost), sum(coalesce(s.cache_write_tokens, 0))
    FROM app.settled_calls s
   WHERE s.job_id >= begin_at AND s.job_id < end_at
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  ON CONFLICT ON CONSTRAINT usage_days_key DO UPDATE SET
     results = u.results + excluded.results, calls = u.calls + excluded.calls, input_tokens = u.input_tokens + excluded.input_tokens,
     cached_tokens = u.cached_tokens + excluded.cached_tokens, output_tokens = u.output_tokens + excluded.output_tokens,
     reasoning_tokens = u.reasoning_tokens + excluded.reasoning_tokens, cost = u.cost + excluded.cost,
     cache_write_tokens = u.cache_write_tokens + excluded.cache_write_tokens;
  SELECT count(*) INTO jobs FROM public.reservations r WHERE r.job_id >= begin_at AND r.job_id < end_at;
  UPDATE public.usage_days_progress p SET counted_to = end_at WHERE p.client_id = root;
  RETURN jobs;
END
$$;

-- As before (0019), with the new column at its end: what a function returns can't be changed in place.
DROP FUNCTION app.usage_figures(uuid[], date, date, text[], integer);
CREATE FUNCTION app.usage_figures(of_clients uuid[], from_day date, to_day date, dims text[], most integer)
RETURNS TABLE (
  place bigint, client_id uuid, provider varchar, model varchar, content_type public.content_type, day date, others bigint,
  results bigint, calls bigint, input_tokens bigint, cached_tokens bigint, output_tokens bigint, reasoning_tokens bigint, cost numeric,
  charged numeric, failed numeric, cancelled numeric, unknown numeric, reported numeric, computed numeric, estimated numeric, guessed numeric,
  cache_write_tokens bigint)
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
             u.input_tokens, u.cached_tokens, u.output_tokens, u.reasoning_tokens, u.cost,
             u.cache_write_tokens
        FROM unnest(visible) AS mine (id) JOIN public.usage_days u ON u.client_id = mine.id
       WHERE u.day BETWEEN from_day AND to_day
      UNION ALL
      SELECT s.client_id, s.provider, s.model, s.content_type, s.day, s.heading, s.cost_known, s.results, 1,
             coalesce(s.input_tokens, 0), coalesce(s.cached_tokens, 0), coalesce(s.output_tokens, 0), coalesce(s.reasoning_tokens, 0), s.cost,
             coalesce(s.cache_write_tokens, 0)
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
             coalesce(sum(one.cost) FILTER (WHERE one.cost_known = 'unknown'), 0) AS guessed,
             sum(one.cache_write_tokens)::bigint AS cache_write_tokens
        FROM one GROUP BY 1, 2, 3, 4, 5
    ), placed AS (
      SELECT row_number() OVER (ORDER BY s.day DESC, s.cost DESC, s.client_id, s.provider, s.model, s.content_type) AS place, s.* FROM summed s
    )
    SELECT p.place, p.client_id, p.provider, p.model, p.content_type, p.day, 0::bigint, p.results, p.calls, p.input_tokens,
           p.cached_tokens, p.output_tokens, p.reasoning_tokens, p.cost, p.charged, p.failed, p.cancelled, p.unknown,
           p.reported, p.computed, p.estimated, p.guessed, p.cache_write_tokens
      FROM placed p WHERE p.place <= most
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, count(*), sum(p.results)::bigint, sum(p.calls)::bigint, sum(p.input_tokens)::bigint,
           sum(p.cached_tokens)::bigint, sum(p.output_tokens)::bigint, sum(p.reasoning_tokens)::bigint, sum(p.cost), sum(p.charged),
           sum(p.failed), sum(p.cancelled), sum(p.unknown), sum(p.reported), sum(p.computed), sum(p.estimated), sum(p.guessed),
           sum(p.cache_write_tokens)::bigint
      FROM placed p WHERE p.place > most HAVING count(*) > 0
    ORDER BY 1 NULLS LAST;
END
$$;
REVOKE ALL ON FUNCTION app.usage_figures(uuid[], date, date, text[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.usage_figures(uuid[], date, date, text[], integer) TO hg_content_app;

SET LOCAL ROLE hg_owner;
