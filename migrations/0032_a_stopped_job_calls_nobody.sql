-- A job that somebody was told would stop asks its provider nothing any more: the batch leaves it out, and alone it hears why.
-- The previous version runs on it: it does such a job alone, as before.

SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE hg_definer;

-- As before (0021), without those that were stopped.
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
             WHERE r.job_id = ANY (ids) AND r.status = 'in_progress' AND r.cancel_requested_at IS NULL
             ORDER BY r.job_id FOR UPDATE SKIP LOCKED) AS r
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

SET LOCAL ROLE hg_owner;
