-- Edits and approvals of what was made, the versions of SEO rules that a job was made with, and what came of each version of
-- a strategy or of SEO rules; old invitations go.

-- As strategy_sources: [{client_id, level, seo_rules_id, version}], nearest first.
ALTER TABLE jobs ADD COLUMN seo_sources jsonb;
-- By what the text was checked (hg_quality::Rules): an edit is checked by the very same.
ALTER TABLE jobs ADD COLUMN quality_rules jsonb;

-- As before, and it keeps the two above. Whoever doesn't bring them yet leaves them empty.
CREATE OR REPLACE FUNCTION app.call_begin(
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
           seo_sources = nullif(with_prompt -> 'seo_sources', 'null'), quality_rules = nullif(with_prompt -> 'quality_rules', 'null'),
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
-- Edits. What was generated is version 0, in jobs.result, and never overwritten. No foreign key points into jobs.

CREATE TABLE content_versions (
  job_id           uuid NOT NULL,
  number           integer NOT NULL CONSTRAINT content_versions_number CHECK (number >= 1),
  client_id        uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  title            text CONSTRAINT content_versions_title_length CHECK (length(title) <= 500),
  content          text NOT NULL CONSTRAINT content_versions_content_length CHECK (length(content) BETWEEN 1 AND 200000),
  meta_description text CONSTRAINT content_versions_meta_length CHECK (length(meta_description) <= 1000),
  -- Posts, or the parts of an e-mail, as in jobs.result.
  parts            jsonb NOT NULL DEFAULT '{}',
  word_count       integer NOT NULL,
  -- The quality report, and its score.
  quality          jsonb NOT NULL,
  quality_score    smallint NOT NULL CONSTRAINT content_versions_score CHECK (quality_score BETWEEN 0 AND 100),
  -- Which part of the words differs from what was generated, 0 to 1.
  changed          real NOT NULL CONSTRAINT content_versions_changed CHECK (changed BETWEEN 0 AND 1),
  note             text CONSTRAINT content_versions_note_length CHECK (length(note) <= 1000),
  restored_from    integer CONSTRAINT content_versions_restored_earlier CHECK (restored_from < number),
  created_at       timestamptz NOT NULL DEFAULT now(),
  created_by       uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  CONSTRAINT content_versions_pkey PRIMARY KEY (job_id, number)
);
CREATE INDEX content_versions_client_idx ON content_versions (client_id, job_id);

-- What people think of it. Nothing is changed or taken away: the newest row holds.
CREATE TABLE content_approvals (
  id         uuid PRIMARY KEY DEFAULT app.uuid_v7(),
  job_id     uuid NOT NULL,
  client_id  uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  -- Of which version of the text.
  version    integer NOT NULL CONSTRAINT content_approvals_version CHECK (version >= 0),
  verdict    text NOT NULL CONSTRAINT content_approvals_verdict CHECK (verdict IN ('approved', 'rejected', 'withdrawn')),
  note       text CONSTRAINT content_approvals_note_length CHECK (length(note) <= 1000),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid REFERENCES auth.users (id) ON DELETE SET NULL
);
CREATE INDEX content_approvals_job_idx ON content_approvals (job_id, id DESC);
CREATE INDEX content_approvals_client_idx ON content_approvals (client_id, job_id);

-- ---------------------------------------------------------------------------------------------
-- What came of each version of a strategy or of SEO rules: a narrow row per job and source, counted off the hot path once the
-- job has ended (app.job_outcomes_count), and again when the text is edited or judged. It holds numbers, no text and nobody.

CREATE TABLE job_outcomes (
  -- A strategy or SEO rules: ids are unique across both.
  source_id      uuid NOT NULL,
  job_id         uuid NOT NULL,
  client_id      uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  source_version integer NOT NULL,
  status         job_status NOT NULL,
  quality_score  smallint,
  cost           numeric(18, 9),
  -- Empty where nobody edited the text.
  changed        real,
  -- The verdict that holds; empty where nobody judged the text, or took the verdict back.
  verdict        text,
  accepted_at    timestamptz NOT NULL,
  -- All that figures are made of: what came of a source is one stretch of this index.
  PRIMARY KEY (source_id, job_id) INCLUDE (client_id, source_version, status, quality_score, cost, changed, verdict, accepted_at)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02);
CREATE INDEX job_outcomes_client_idx ON job_outcomes (client_id, job_id);

-- How far jobs have been counted: one row, which is the root's because every row has a tenant.
CREATE TABLE job_outcomes_progress (
  client_id  uuid PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  -- Every job before this one has ended and is counted.
  counted_to uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['content_versions', 'content_approvals', 'job_outcomes', 'job_outcomes_progress'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_owner USING (true) WITH CHECK (true)', t || '_owner', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_definer USING (true) WITH CHECK (true)', t || '_definer', t);
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_content_app USING (client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]))', t || '_visible_select', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_content_app, hg_definer', t);
    -- What is erased or too old goes with its job.
    EXECUTE format('CREATE POLICY %I ON %I TO hg_system USING (true)', t || '_system', t);
    EXECUTE format('GRANT SELECT, DELETE ON %I TO hg_system', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['content_versions', 'content_approvals'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR INSERT TO hg_content_app WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role(''member''))::uuid[]))', t || '_member_insert', t);
    EXECUTE format('CREATE POLICY %I ON %I AS RESTRICTIVE FOR INSERT TO hg_content_app WITH CHECK (app.job_is_of(job_id, client_id))', t || '_of_own_job', t);
    EXECUTE format('GRANT INSERT ON %I TO hg_content_app', t);
  END LOOP;
END
$$;
GRANT INSERT, UPDATE ON job_outcomes, job_outcomes_progress TO hg_definer;
CREATE POLICY job_runs_definer ON job_runs FOR SELECT TO hg_definer USING (true);
GRANT SELECT ON job_runs TO hg_definer;

-- The names of those who edited or judged a job's text, for whoever sees the job's client.
CREATE FUNCTION app.content_people(of_job uuid)
RETURNS TABLE (user_id uuid, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  IF NOT coalesce((SELECT j.client_id FROM public.jobs j WHERE j.id = of_job) = ANY (app.accessible_client_ids()), false) THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT u.id, coalesce(p.display_name, u.email)
      FROM (SELECT v.created_by FROM public.content_versions v WHERE v.job_id = of_job
            UNION
            SELECT a.created_by FROM public.content_approvals a WHERE a.job_id = of_job) AS people
      JOIN auth.users u ON u.id = people.created_by
      LEFT JOIN public.profiles p ON p.user_id = u.id;
END
$$;

-- What came of these jobs, as far as they have ended: a row for each strategy and each set of SEO rules that one was made with.
CREATE FUNCTION app.job_outcomes_of(of_jobs uuid[]) RETURNS SETOF public.job_outcomes
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT s.id, j.id, j.client_id, s.version, j.status, CASE WHEN j.status = 'completed' THEN j.quality_score END, j.cost,
         (SELECT v.changed FROM public.content_versions v WHERE v.job_id = j.id ORDER BY v.number DESC LIMIT 1),
         (SELECT nullif(a.verdict, 'withdrawn') FROM public.content_approvals a WHERE a.job_id = j.id ORDER BY a.id DESC LIMIT 1),
         j.created_at
    FROM public.jobs j
   CROSS JOIN LATERAL (
     SELECT (e ->> 'strategy_id')::uuid AS id, (e ->> 'version')::integer AS version
       FROM jsonb_array_elements(j.strategy_sources) e WHERE e ->> 'strategy_id' IS NOT NULL
     UNION ALL
     SELECT (e ->> 'seo_rules_id')::uuid, (e ->> 'version')::integer
       FROM jsonb_array_elements(j.seo_sources) e WHERE e ->> 'seo_rules_id' IS NOT NULL) AS s
   WHERE j.id = ANY (of_jobs) AND j.status IN ('completed', 'failed', 'cancelled')
$$;

-- An edit or a verdict. One after the other per job: what is read once the lock is held holds what the one before wrote.
CREATE FUNCTION app.job_outcomes_touch() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('job_outcomes ' || NEW.job_id, 0));
  INSERT INTO public.job_outcomes SELECT * FROM app.job_outcomes_of(ARRAY[NEW.job_id])
  ON CONFLICT (source_id, job_id) DO UPDATE SET changed = excluded.changed, verdict = excluded.verdict;
  RETURN NULL;
END
$$;
CREATE TRIGGER content_versions_outcome AFTER INSERT ON content_versions FOR EACH ROW EXECUTE FUNCTION app.job_outcomes_touch();
CREATE TRIGGER content_approvals_outcome AFTER INSERT ON content_approvals FOR EACH ROW EXECUTE FUNCTION app.job_outcomes_touch();

-- Counts at most so many jobs more, in their order, up to the first that still lives; returns how many. Jobs that are younger
-- than `settled` wait: a transaction that is still open may bring one from before them. One at a time: who comes second does nothing.
CREATE FUNCTION app.job_outcomes_count(most integer, settled interval DEFAULT '5 minutes') RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  root uuid := (SELECT c.id FROM public.clients c WHERE c.type = 'root');
  begin_at uuid;
  end_at uuid;
  ids uuid[];
BEGIN
  IF root IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO public.job_outcomes_progress (client_id) VALUES (root) ON CONFLICT DO NOTHING;
  SELECT p.counted_to INTO begin_at FROM public.job_outcomes_progress p WHERE p.client_id = root FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- Who has no run any more has ended: what is read after this line has its end.
  end_at := least(app.uuid_v7_floor(now() - settled), (SELECT r.job_id FROM public.job_runs r ORDER BY r.job_id LIMIT 1));
  end_at := coalesce((SELECT j.id FROM public.jobs j WHERE j.id >= begin_at AND j.id < end_at ORDER BY j.id OFFSET most LIMIT 1), end_at);
  IF end_at <= begin_at THEN
    RETURN 0;
  END IF;
  ids := ARRAY(SELECT j.id FROM public.jobs j WHERE j.id >= begin_at AND j.id < end_at);
  -- A row that is there was written by an edit or a verdict, which knew more than this.
  INSERT INTO public.job_outcomes SELECT * FROM app.job_outcomes_of(ids) ON CONFLICT (source_id, job_id) DO NOTHING;
  UPDATE public.job_outcomes_progress p SET counted_to = end_at WHERE p.client_id = root;
  RETURN cardinality(ids);
END
$$;

-- What came of each version of a strategy or of SEO rules, from the jobs since then of those of these clients that the scope
-- sees: what has been counted, and what hasn't yet. A definer function: through the policies, each row would be looked for
-- among all clients of whoever asks.
CREATE FUNCTION app.source_figures(of_source uuid, of_clients uuid[], since timestamptz)
RETURNS TABLE (
  version integer, jobs bigint, completed bigint, failed bigint, cancelled bigint, mean_quality double precision, median_quality double precision,
  cost numeric, edited bigint, mean_change double precision, approved bigint, rejected bigint, first_at timestamptz, last_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  counted_to uuid := coalesce((SELECT p.counted_to FROM public.job_outcomes_progress p LIMIT 1), '00000000-0000-0000-0000-000000000000');
  first_id uuid := app.uuid_v7_floor(since);
  visible uuid[] := ARRAY(SELECT unnest(of_clients) INTERSECT SELECT unnest(app.accessible_client_ids()));
BEGIN
  RETURN QUERY
    WITH mine AS MATERIALIZED (SELECT unnest(visible) AS id),
    one AS (
      SELECT o.source_version, o.status, o.quality_score, o.cost, o.changed, o.verdict, o.accepted_at
        FROM public.job_outcomes o
       WHERE o.source_id = of_source AND o.job_id >= first_id AND o.client_id IN (SELECT mine.id FROM mine)
      UNION ALL
      SELECT (s ->> 'version')::integer, j.status, CASE WHEN j.status = 'completed' THEN j.quality_score END, j.cost, NULL, NULL, j.created_at
        FROM public.jobs j
       CROSS JOIN LATERAL jsonb_array_elements(coalesce(j.strategy_sources, '[]') || coalesce(j.seo_sources, '[]')) AS s
       WHERE j.id >= greatest(first_id, counted_to) AND j.client_id IN (SELECT mine.id FROM mine)
         AND of_source::text IN (s ->> 'strategy_id', s ->> 'seo_rules_id')
         AND NOT EXISTS (SELECT FROM public.job_outcomes o WHERE o.source_id = of_source AND o.job_id = j.id)
    ),
    -- A row per score: there are at most 101 of them, and a median needs no more.
    scored AS (
      SELECT one.source_version, one.quality_score AS score, count(*) AS jobs,
             count(*) FILTER (WHERE one.status = 'completed') AS completed, count(*) FILTER (WHERE one.status = 'failed') AS failed,
             count(*) FILTER (WHERE one.status = 'cancelled') AS cancelled, count(one.quality_score) AS texts, sum(one.cost) AS cost,
             count(one.changed) AS edited, sum(one.changed::float8) AS changed, count(*) FILTER (WHERE one.verdict = 'approved') AS approved,
             count(*) FILTER (WHERE one.verdict = 'rejected') AS rejected, min(one.accepted_at) AS first_at, max(one.accepted_at) AS last_at
        FROM one GROUP BY one.source_version, one.quality_score
    ),
    ranked AS (
      SELECT scored.*, sum(scored.texts) OVER (PARTITION BY scored.source_version ORDER BY scored.score) AS up_to,
             sum(scored.texts) OVER (PARTITION BY scored.source_version) AS all_texts
        FROM scored
    )
    SELECT r.source_version, sum(r.jobs)::bigint, sum(r.completed)::bigint, sum(r.failed)::bigint, sum(r.cancelled)::bigint,
           (sum(r.score * r.texts) / nullif(sum(r.texts), 0))::float8,
           -- The middle text, or between the two in the middle.
           (min(r.score) FILTER (WHERE r.up_to * 2 >= r.all_texts) + min(r.score) FILTER (WHERE r.up_to * 2 > r.all_texts))::float8 / 2,
           coalesce(sum(r.cost), 0), sum(r.edited)::bigint, sum(r.changed) / nullif(sum(r.edited), 0)::float8, sum(r.approved)::bigint,
           sum(r.rejected)::bigint, min(r.first_at), max(r.last_at)
      FROM ranked r GROUP BY r.source_version ORDER BY r.source_version DESC;
END
$$;

-- ---------------------------------------------------------------------------------------------
-- Invitations that are over, and the addresses in them, are not kept longer than their owners may be asked about them.

CREATE INDEX invitations_end_idx ON invitations ((coalesce(accepted_at, revoked_at, expires_at)));
GRANT DELETE ON invitations TO hg_definer;

-- Deletes at most so many invitations that were accepted, taken back or expired longer ago than that; returns how many.
CREATE FUNCTION app.invitations_sweep(keep interval, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  gone integer;
BEGIN
  -- Whatever the caller asks for, what is open stays, and what ended today.
  DELETE FROM public.invitations WHERE id IN (
    SELECT i.id FROM public.invitations i WHERE coalesce(i.accepted_at, i.revoked_at, i.expires_at) < now() - greatest(keep, interval '1 day')
     ORDER BY coalesce(i.accepted_at, i.revoked_at, i.expires_at) LIMIT most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'app.content_people(uuid)', 'app.job_outcomes_of(uuid[])', 'app.job_outcomes_touch()', 'app.job_outcomes_count(integer, interval)',
    'app.source_figures(uuid, uuid[], timestamptz)', 'app.invitations_sweep(interval, integer)'
  ]::regprocedure[] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hg_definer', f);
  END LOOP;
  GRANT EXECUTE ON FUNCTION app.content_people(uuid), app.source_figures(uuid, uuid[], timestamptz),
                            app.invitations_sweep(interval, integer) TO hg_content_app;
  GRANT EXECUTE ON FUNCTION app.job_outcomes_count(integer, interval) TO hg_system;
  FOREACH f IN ARRAY ARRAY[
    'app.content_people(uuid)', 'app.job_outcomes_of(uuid[])', 'app.job_outcomes_touch()', 'app.job_outcomes_count(integer, interval)',
    'app.source_figures(uuid, uuid[], timestamptz)', 'app.invitations_sweep(interval, integer)'
  ]::regprocedure[] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO hg_definer', f);
  END LOOP;
END
$$;
