-- Heartbeats in one statement, and waits that are told once.

-- ---------------------------------------------------------------------------------------------
-- Renews the leases of a process's jobs: by their places in the arrays job, attempt, what it is doing, and its `progress` (NULL:
-- there is none to tell). A row for each job that is still the process's: one that is missing is fenced. Not `renewed` is one
-- whose row somebody has locked just now: nothing is waited for, for one such row would cost all the others their leases.
-- `seq` is the number of the event that was written. For hg_system.
--
-- The rows are held until COMMIT, and meanwhile app.jobs_complete and app.calls_begin leave their jobs out.
CREATE FUNCTION app.leases_renew(of_jobs uuid[], of_attempts integer[], of_stages text[], of_progress jsonb[], of_lease double precision)
RETURNS TABLE (job_id uuid, client_id uuid, renewed boolean, cancel_requested boolean, overdue boolean, seq integer)
LANGUAGE plpgsql VOLATILE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  locked uuid[];
BEGIN
  -- A lease that is lost in a crash of Postgres is merely older; nobody looks at leases until Postgres has answered for a whole
  -- one. So the rows needn't be held until the disk has it. An event that was announced must be there.
  IF num_nulls(VARIADIC of_progress) = cardinality(of_progress) THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  SELECT coalesce(array_agg(l.job_id), '{}') INTO locked FROM (
    SELECT r.job_id FROM public.job_runs r
     WHERE r.job_id = ANY (of_jobs) AND r.status = 'in_progress' ORDER BY r.job_id FOR UPDATE SKIP LOCKED) AS l;
  -- Each statement sees what was committed before it. Whoever writes a job's event holds the job's row, so from here on no
  -- number of these jobs can be taken by anybody else.
  RETURN QUERY
    WITH beat AS MATERIALIZED (
      SELECT b.* FROM unnest(of_jobs, of_attempts, of_stages, of_progress) AS b (job, attempt, stage, progress)
    ), held AS (
      UPDATE public.job_runs r SET lease_until = now() + make_interval(secs => of_lease), stage = b.stage
        FROM beat b
       WHERE r.job_id = ANY (locked) AND r.job_id = b.job AND r.attempt = b.attempt AND r.status = 'in_progress'
      RETURNING r.job_id, r.client_id, r.cancel_requested_at, r.deadline_at, b.progress
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT h.job_id, coalesce((SELECT max(e.seq) FROM public.job_events e WHERE e.job_id = h.job_id), 0) + 1, h.client_id, 'progress',
             h.progress
        FROM held h WHERE h.progress IS NOT NULL
      RETURNING job_id, seq
    )
    SELECT h.job_id, h.client_id, true, h.cancel_requested_at IS NOT NULL, h.deadline_at <= now(), t.seq
      FROM held h LEFT JOIN told t ON t.job_id = h.job_id;
  -- A second look at the others: those that are still ours were locked by somebody, or else they are gone or taken over.
  IF cardinality(locked) < cardinality(of_jobs) THEN
    RETURN QUERY
      SELECT r.job_id, r.client_id, false, r.cancel_requested_at IS NOT NULL, r.deadline_at <= now(), NULL::integer
        FROM public.job_runs r
        JOIN unnest(of_jobs, of_attempts) AS b (job, attempt) ON b.job = r.job_id AND b.attempt = r.attempt
       WHERE r.job_id = ANY (of_jobs) AND r.job_id <> ALL (locked) AND r.status = 'in_progress';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION app.leases_renew(uuid[], integer[], text[], jsonb[], double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.leases_renew(uuid[], integer[], text[], jsonb[], double precision) TO hg_system;

-- ---------------------------------------------------------------------------------------------
-- As before, but a job that has told that it waits, and for what, tells nothing of its tries until one gets further: that is
-- another event every few seconds, for as long as a service is away. `seq` is then the number of the last event that there is.
CREATE OR REPLACE FUNCTION app.jobs_claim(of_ids uuid[], most integer, of_worker text, of_lease double precision)
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
    ), said AS MATERIALIZED (
      SELECT t.job_id, coalesce(e.seq, 0) AS seq, coalesce(e.waits, false) AS waits
        FROM taken t
        LEFT JOIN LATERAL (
          SELECT e.seq, e.type = 'status' AND e.data ->> 'reason' IN ('service_away', 'no_provider_slot') AS waits
            FROM public.job_events e WHERE e.job_id = t.job_id ORDER BY e.seq DESC LIMIT 1) AS e ON true
    ), told AS (
      INSERT INTO public.job_events (job_id, seq, client_id, type, data)
      SELECT t.job_id, s.seq + 1, t.client_id, 'status',
             jsonb_build_object('status', 'in_progress', 'stage', 'strategy', 'attempt', t.attempt, 'at', app.json_time(clock_timestamp()))
        FROM taken t JOIN said s ON s.job_id = t.job_id
       WHERE NOT s.waits
      RETURNING job_id, seq
    )
    SELECT t.job_id, t.client_id, t.attempt, t.priority, t.provider_failures, t.unknown_calls, t.accepted_at,
           extract(epoch FROM now() - t.accepted_at)::float8, coalesce(e.seq, s.seq), j.topic, j.content_type, j.llm_provider, j.model,
           j.request_id, j.created_by, j.parameters
      FROM taken t JOIN said s ON s.job_id = t.job_id JOIN public.jobs j ON j.id = t.job_id LEFT JOIN told e ON e.job_id = t.job_id;
END
$$;
