-- Retention, export and erasure as jobs with progress. A data job has parts; each service claims its own with a lease and
-- works on its own tables, in bounded batches (hg_common::data_jobs). What was paid for stays: amounts, tokens, days.

CREATE TYPE data_job_kind AS ENUM ('client_export', 'client_erasure', 'person_export', 'person_erasure', 'retention');

-- Since when a client is being erased, or is. Its row stays, for costs point to it; it isn't brought back, neither by itself
-- nor along with what it stands below.
ALTER TABLE clients ADD COLUMN erased_at timestamptz;
ALTER TABLE clients ADD CONSTRAINT clients_erased_stay_archived
  CHECK (erased_at IS NULL OR (archived_at IS NOT NULL AND archived_with IS NULL));

CREATE TABLE data_jobs (
  id           uuid PRIMARY KEY DEFAULT app.uuid_v7(),
  kind         data_job_kind NOT NULL,
  -- Whose data: a client's, or a person's. Of an erased person the id stays, as a pseudonym.
  client_id    uuid REFERENCES clients (id) ON DELETE CASCADE,
  user_id      uuid REFERENCES auth.users (id) ON DELETE CASCADE,
  -- NULL: the system (retention), or `hg admin`.
  requested_by uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  -- All clients that it is about, as they were when it was asked for: client_id first.
  clients      uuid[] NOT NULL DEFAULT '{}',
  -- retention: {jobs_before, logs_before}.
  parameters   jsonb NOT NULL DEFAULT '{}',
  status       job_status NOT NULL DEFAULT 'pending',
  error        text CONSTRAINT data_jobs_error_length CHECK (length(error) <= 2000),
  -- Of an export that is ready.
  file_bytes   bigint,
  file_sha256  bytea CONSTRAINT data_jobs_sha256 CHECK (length(file_sha256) = 32),
  expires_at   timestamptz,
  created_at   timestamptz NOT NULL DEFAULT now(),
  started_at   timestamptz,
  finished_at  timestamptz,
  CONSTRAINT data_jobs_subject CHECK (
    CASE WHEN kind IN ('person_export', 'person_erasure') THEN user_id IS NOT NULL AND client_id IS NULL
         ELSE client_id IS NOT NULL AND user_id IS NULL END)
);
-- One at a time of each kind.
CREATE UNIQUE INDEX data_jobs_one_per_client ON data_jobs (client_id, kind)
  WHERE status IN ('pending', 'in_progress') AND client_id IS NOT NULL;
CREATE UNIQUE INDEX data_jobs_one_per_person ON data_jobs (user_id, kind)
  WHERE status IN ('pending', 'in_progress') AND user_id IS NOT NULL;
CREATE INDEX data_jobs_client_idx ON data_jobs (client_id, id DESC);
CREATE INDEX data_jobs_user_idx ON data_jobs (user_id, id DESC);
CREATE INDEX data_jobs_finished_idx ON data_jobs (finished_at);

-- What one service does of a data job. Parts of a phase run side by side, phases one after the other. `attempt` is the
-- fencing token: each batch first locks its part with that number, and does nothing where there is none.
CREATE TABLE data_job_parts (
  job_id       uuid NOT NULL REFERENCES data_jobs (id) ON DELETE CASCADE,
  service      text NOT NULL CONSTRAINT data_job_parts_service CHECK (service IN ('gateway', 'cpm', 'im', 'smm')),
  step         text NOT NULL,
  phase        smallint NOT NULL,
  client_id    uuid,
  user_id      uuid,
  status       job_status NOT NULL DEFAULT 'pending',
  done         bigint NOT NULL DEFAULT 0,
  -- NULL: not counted yet.
  total        bigint,
  -- Where the next batch goes on; the step's own.
  place        jsonb,
  note         text CONSTRAINT data_job_parts_note_length CHECK (length(note) <= 2000),
  attempt      integer NOT NULL DEFAULT 0,
  failures     integer NOT NULL DEFAULT 0,
  available_at timestamptz NOT NULL DEFAULT now(),
  lease_until  timestamptz,
  leased_by    text,
  started_at   timestamptz,
  finished_at  timestamptz,
  PRIMARY KEY (job_id, service, step)
);
CREATE INDEX data_job_parts_open_idx ON data_job_parts (service, available_at) WHERE status IN ('pending', 'in_progress');
CREATE INDEX data_job_parts_client_idx ON data_job_parts (client_id);

-- An export's files while they are written, in chunks; at its end the one ZIP, under the path 'export.zip'.
CREATE TABLE data_export_chunks (
  job_id    uuid NOT NULL REFERENCES data_jobs (id) ON DELETE CASCADE,
  path      text COLLATE "C" NOT NULL CONSTRAINT data_export_chunks_path CHECK (length(path) BETWEEN 1 AND 400),
  seq       integer NOT NULL,
  client_id uuid,
  user_id   uuid,
  bytes     bytea NOT NULL CONSTRAINT data_export_chunks_size CHECK (length(bytes) <= 262144),
  PRIMARY KEY (job_id, path, seq)
);
CREATE INDEX data_export_chunks_client_idx ON data_export_chunks (client_id);

-- How long things are kept: in days; 0 for ever; NULL as what the client stands below says, and where nobody says, for ever.
CREATE TABLE client_retention (
  client_id  uuid PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  -- Finished jobs with their texts.
  jobs_days  integer CONSTRAINT client_retention_jobs_days CHECK (jobs_days BETWEEN 0 AND 3650),
  -- Values in the audit log, and what jobs went through (job_events).
  logs_days  integer CONSTRAINT client_retention_logs_days CHECK (logs_days BETWEEN 0 AND 3650),
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by uuid REFERENCES auth.users (id) ON DELETE SET NULL
);

-- ---------------------------------------------------------------------------------------------
-- Policies and grants.

-- From here on as hg_definer, who owns the helpers.
SET LOCAL ROLE hg_definer;

-- Whether the scope is an owner of the root: who decides about other people's accounts.
CREATE FUNCTION app.owns_root() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN app.user_id() IS NOT NULL
     AND coalesce(app.role_on((SELECT c.id FROM public.clients c WHERE c.type = 'root')) = 'owner'::public.member_role, false);
END
$$;
REVOKE ALL ON FUNCTION app.owns_root() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.owns_root() TO hg_content_app;

SET LOCAL ROLE hg_owner;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['data_jobs', 'data_job_parts', 'data_export_chunks', 'client_retention'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_owner USING (true) WITH CHECK (true)', t || '_owner', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_system USING (true) WITH CHECK (true)', t || '_system', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_content_app, hg_system', t);
  END LOOP;
  -- A client's for its administrators; a person's for themselves and for who decides about people. Written by the functions
  -- below and by the runner, by nobody else.
  FOREACH t IN ARRAY ARRAY['data_jobs', 'data_job_parts', 'data_export_chunks'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_content_app USING (
        client_id = ANY ((SELECT app.client_ids_with_role(''admin''))::uuid[])
        OR user_id = (SELECT app.user_id())
        OR (user_id IS NOT NULL AND (SELECT app.owns_root())))', t || '_admin_select', t);
  END LOOP;
  -- What is kept for a part of the hierarchy is said above and below it.
  EXECUTE 'CREATE POLICY client_retention_inherited_select ON client_retention FOR SELECT TO hg_content_app
    USING (client_id = ANY ((SELECT app.inherited_client_ids())::uuid[]))';
  -- For export and erasure: the system reads and deletes what has no policy of its own for it yet.
  FOREACH t IN ARRAY ARRAY['strategies', 'seo_rules', 'prompt_templates', 'provider_keys', 'client_users', 'invitations'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I TO hg_system USING (true)', t || '_system', t);
    EXECUTE format('GRANT SELECT, DELETE ON %I TO hg_system', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['strategy_versions', 'seo_rule_versions', 'prompt_template_versions'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_system USING (true)', t || '_system', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_system', t);
  END LOOP;
END
$$;
GRANT DELETE ON jobs, api_keys TO hg_system;
GRANT INSERT, UPDATE, DELETE ON data_jobs, data_job_parts TO hg_system;
GRANT INSERT, DELETE ON data_export_chunks TO hg_system;

CREATE POLICY client_retention_owner_insert ON client_retention FOR INSERT TO hg_content_app
  WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role('owner'))::uuid[]));
CREATE POLICY client_retention_owner_update ON client_retention FOR UPDATE TO hg_content_app
  USING (client_id = ANY ((SELECT app.client_ids_with_role('owner'))::uuid[]))
  WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role('owner'))::uuid[]));
GRANT INSERT, UPDATE (jobs_days, logs_days, updated_at, updated_by) ON client_retention TO hg_content_app;
GRANT DELETE ON client_retention TO hg_system;

CREATE POLICY data_jobs_definer ON data_jobs TO hg_definer USING (true) WITH CHECK (true);
CREATE POLICY data_job_parts_definer ON data_job_parts TO hg_definer USING (true) WITH CHECK (true);
CREATE POLICY client_retention_definer ON client_retention FOR SELECT TO hg_definer USING (true);
GRANT SELECT, INSERT, UPDATE ON data_jobs TO hg_definer;
GRANT SELECT, INSERT ON data_job_parts TO hg_definer;
GRANT SELECT ON client_retention TO hg_definer;
GRANT DELETE ON profiles, invitations TO hg_definer;

-- Months of which every job has gone: their partitions go, too. Neither this month's nor the last one's; without waiting
-- long for a lock, for everything that reads jobs would wait behind it. As their owner, as app.make_job_partitions.
CREATE FUNCTION app.drop_empty_job_partitions() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' SET lock_timeout = '250ms' AS $$
DECLARE
  partition record;
  is_used boolean;
BEGIN
  FOR partition IN
    SELECT c.relname::text AS name
      FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'public.jobs'::regclass AND c.relname ~ '^jobs_[0-9]{4}_[0-9]{2}$'
       AND c.relname < 'jobs_' || to_char((now() AT TIME ZONE 'UTC') - interval '1 month', 'YYYY_MM')
     ORDER BY c.relname
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', partition.name) INTO is_used;
    CONTINUE WHEN is_used;
    BEGIN
      EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', partition.name);
      EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', partition.name) INTO is_used;
      CONTINUE WHEN is_used;
      EXECUTE format('DROP TABLE public.%I', partition.name);
      RETURN NEXT partition.name;
      RETURN; -- the lock on jobs itself is held until COMMIT: one month at a time
    EXCEPTION WHEN lock_not_available THEN
      RETURN; -- another day
    END;
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION app.drop_empty_job_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.drop_empty_job_partitions() TO hg_system;

-- ---------------------------------------------------------------------------------------------
SET LOCAL ROLE hg_definer;

-- A client that has an owner keeps one: as before (0010), but for a client that is being erased, of which nobody stays a
-- member.
CREATE OR REPLACE FUNCTION app.client_users_keep_an_owner() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  PERFORM FROM public.clients c WHERE c.id = OLD.client_id AND c.erased_at IS NULL FOR NO KEY UPDATE;
  IF FOUND
     AND NOT EXISTS (SELECT FROM public.client_users m WHERE m.client_id = OLD.client_id AND m.role = 'owner')
     AND EXISTS (SELECT FROM auth.users u WHERE u.id = OLD.user_id) THEN
    RAISE EXCEPTION 'this is the client''s last owner' USING ERRCODE = 'check_violation', CONSTRAINT = 'client_users_last_owner';
  END IF;
  RETURN NULL;
END
$$;

-- Raises unless the scope may decide about a person's data: that person, or an owner of the root. HG404 for everybody else.
CREATE FUNCTION app.person_decided(of_user uuid) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF coalesce(app.user_id() = of_user, false) OR (app.owns_root() AND EXISTS (SELECT FROM auth.users u WHERE u.id = of_user)) THEN
    RETURN;
  END IF;
  RAISE EXCEPTION 'no such person' USING ERRCODE = 'HG404', DETAIL = 'person';
END
$$;

-- The clients that would be left without an owner if this person went.
CREATE FUNCTION app.person_sole_clients(of_user uuid) RETURNS TABLE (id uuid, name text, slug text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  PERFORM app.person_decided(of_user);
  RETURN QUERY
    SELECT c.id, c.name::text, c.slug::text
      FROM public.client_users m JOIN public.clients c ON c.id = m.client_id AND c.erased_at IS NULL
     WHERE m.user_id = of_user AND m.role = 'owner'
       AND NOT EXISTS (SELECT FROM public.client_users o
                        WHERE o.client_id = m.client_id AND o.role = 'owner' AND o.user_id <> of_user)
     ORDER BY c.name, c.id;
END
$$;

-- What there is of a person, by kind.
CREATE FUNCTION app.person_contents(of_user uuid)
RETURNS TABLE (email text, erased boolean, profiles integer, memberships integer, invitations integer, provider_keys integer, sessions integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  PERFORM app.person_decided(of_user);
  RETURN QUERY
    SELECT u.email, u.email = 'erased-' || u.id || '@invalid',
           (SELECT count(*)::integer FROM public.profiles p WHERE p.user_id = u.id),
           (SELECT count(*)::integer FROM public.client_users m WHERE m.user_id = u.id),
           (SELECT count(*)::integer FROM public.invitations i WHERE i.email = u.email),
           (SELECT count(*)::integer FROM public.provider_keys k WHERE k.user_id = u.id),
           (SELECT count(*)::integer FROM auth.sessions s WHERE s.user_id = u.id)
      FROM auth.users u WHERE u.id = of_user;
END
$$;

-- Makes a data job with its parts ([{service, step, phase}]) in the scope's name, if the scope may:
--   client_export   admin on the client
--   client_erasure  owner on what it stands below; archives it and everything below it, which is erased along with it
--   person_*        the person, or an owner of the root; no erasure of a client's last owner
--   retention       the system
-- HG404, HG403, HG409 with a DETAIL; the unique indexes answer where one runs already.
CREATE FUNCTION app.data_job_request(of_kind public.data_job_kind, of_client uuid, of_user uuid, with_below boolean, of_parameters jsonb, parts jsonb)
RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  ids uuid[] := '{}';
  level uuid[];
  parent uuid;
  new_job uuid;
BEGIN
  IF of_kind = 'client_export' THEN
    IF app.role_on(of_client) IS NULL THEN
      RAISE EXCEPTION 'no such client' USING ERRCODE = 'HG404';
    ELSIF app.user_id() IS NULL OR app.role_on(of_client) < 'admin'::public.member_role THEN
      RAISE EXCEPTION 'this needs the role admin' USING ERRCODE = 'HG403';
    END IF;
  ELSIF of_kind = 'client_erasure' THEN
    parent := app.client_decided_by(of_client);
    IF app.role_on(parent) < 'owner'::public.member_role THEN
      RAISE EXCEPTION 'this needs the role owner on its parent' USING ERRCODE = 'HG403';
    END IF;
    PERFORM app.client_archive(of_client);
  ELSIF of_kind IN ('person_export', 'person_erasure') THEN
    PERFORM app.person_decided(of_user);
    IF of_kind = 'person_erasure' AND EXISTS (SELECT FROM app.person_sole_clients(of_user)) THEN
      RAISE EXCEPTION 'the person is a client''s last owner' USING ERRCODE = 'HG409', DETAIL = 'last_owner';
    END IF;
  ELSIF current_setting('role') <> 'hg_system' THEN
    RAISE EXCEPTION 'retention is the system''s' USING ERRCODE = 'HG403';
  END IF;
  IF of_client IS NOT NULL THEN
    ids := ARRAY[of_client];
    level := ids;
    WHILE with_below AND level IS NOT NULL LOOP
      level := (SELECT array_agg(c.id ORDER BY c.id) FROM public.clients c WHERE c.parent_id = ANY (level));
      ids := ids || coalesce(level, '{}');
    END LOOP;
  END IF;
  IF of_kind = 'client_erasure' THEN
    -- FOR UPDATE waits for whoever is writing a row of one of them, an accepted job above all.
    PERFORM FROM public.clients c WHERE c.id = ANY (ids) ORDER BY c.id FOR UPDATE;
    UPDATE public.clients c
       SET archived_at = coalesce(c.archived_at, now()), archived_with = NULL, erased_at = coalesce(c.erased_at, now())
     WHERE c.id = ANY (ids);
  END IF;
  INSERT INTO public.data_jobs (kind, client_id, user_id, requested_by, clients, parameters)
  VALUES (of_kind, of_client, of_user, app.user_id(), ids, coalesce(of_parameters, '{}'))
  RETURNING id INTO new_job;
  INSERT INTO public.data_job_parts (job_id, service, step, phase, client_id, user_id)
    SELECT new_job, part.service, part.step, part.phase, of_client, of_user
      FROM jsonb_to_recordset(parts) AS part (service text, step text, phase smallint);
  RETURN new_job;
END
$$;

-- Ends an export or a retention before its time; what it became. HG404, HG403 (no admin of the client), HG409 (an erasure
-- isn't stopped half-way).
CREATE FUNCTION app.data_job_cancel(of_job uuid) RETURNS public.job_status
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  job public.data_jobs;
BEGIN
  SELECT * INTO job FROM public.data_jobs j WHERE j.id = of_job FOR NO KEY UPDATE;
  IF NOT FOUND OR NOT (
    CASE WHEN job.client_id IS NOT NULL THEN coalesce(app.user_id() IS NOT NULL AND app.role_on(job.client_id) >= 'admin'::public.member_role, false)
         ELSE coalesce(job.user_id = app.user_id(), false) OR app.owns_root() END) THEN
    RAISE EXCEPTION 'no such data job' USING ERRCODE = 'HG404', DETAIL = 'data job';
  END IF;
  IF job.kind IN ('client_erasure', 'person_erasure') THEN
    RAISE EXCEPTION 'an erasure is not stopped half-way' USING ERRCODE = 'HG409', DETAIL = 'erasure_goes_on';
  END IF;
  IF job.status IN ('pending', 'in_progress') THEN
    UPDATE public.data_jobs j SET status = 'cancelled', finished_at = now() WHERE j.id = of_job RETURNING j.status INTO job.status;
  END IF;
  RETURN job.status;
END
$$;

-- For whom a data job of this kind runs just now: what the functions below demand.
CREATE FUNCTION app.data_job_runs(of_kind public.data_job_kind, of_client uuid, of_user uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN current_setting('role') = 'hg_system' AND EXISTS (
    SELECT FROM public.data_jobs j
     WHERE j.kind = of_kind AND j.status = 'in_progress'
       AND (of_client IS NULL OR of_client = ANY (j.clients)) AND j.user_id IS NOT DISTINCT FROM of_user);
END
$$;

-- Empties the rows of clients that are being erased. Costs point to them.
CREATE FUNCTION app.clients_empty(of_clients uuid[]) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  emptied integer;
BEGIN
  UPDATE public.clients c
     SET name = 'Erased client', slug = 'erased-' || right(replace(c.id::text, '-', ''), 12), metadata = '{}'
   WHERE c.id = ANY (of_clients) AND c.erased_at IS NOT NULL AND app.data_job_runs('client_erasure', c.id, NULL);
  GET DIAGNOSTICS emptied = ROW_COUNT;
  RETURN emptied;
END
$$;

-- The members of a client with their addresses, while it is exported.
CREATE FUNCTION app.members_for_export(of_client uuid)
RETURNS TABLE (user_id uuid, email text, display_name text, role text, since timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT u.id, u.email, p.display_name, m.role::text, m.created_at
      FROM public.client_users m JOIN auth.users u ON u.id = m.user_id LEFT JOIN public.profiles p ON p.user_id = u.id
     WHERE m.client_id = of_client AND app.data_job_runs('client_export', of_client, NULL)
     ORDER BY u.id;
END
$$;

-- The invitations to a person's address, while the person is exported.
CREATE FUNCTION app.invitations_of_person(of_user uuid) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN QUERY
    SELECT i.id FROM public.invitations i JOIN auth.users u ON u.email = i.email
     WHERE u.id = of_user AND app.data_job_runs('person_export', NULL, of_user);
END
$$;

-- Deletes the invitations to the address of a person who is erased, and what the audit log holds of the address: in one
-- transaction, while the address is still known. How many invitations that were.
CREATE FUNCTION app.person_invitations_erase(of_user uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  address text;
  gone integer;
BEGIN
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN 0;
  END IF;
  SELECT u.email INTO address FROM auth.users u WHERE u.id = of_user;
  DELETE FROM public.invitations i WHERE i.email = address;
  GET DIAGNOSTICS gone = ROW_COUNT;
  PERFORM app.audit_erase_person(of_user, address);
  RETURN gone;
END
$$;

-- Account, profile and sessions of a person who is exported, as JSON. No hash, no secret.
CREATE FUNCTION auth.person_for_export(of_user uuid) RETURNS TABLE (path text, line text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  IF NOT app.data_job_runs('person_export', NULL, of_user) THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT 'account.ndjson', jsonb_build_object('id', u.id, 'email', u.email, 'has_password', u.password_hash IS NOT NULL,
             'disabled_at', u.disabled_at, 'last_login_at', u.last_login_at, 'created_at', u.created_at)::text
      FROM auth.users u WHERE u.id = of_user
    UNION ALL
    SELECT 'profile.ndjson', jsonb_build_object('display_name', p.display_name, 'preferences', p.preferences,
             'created_at', p.created_at, 'updated_at', p.updated_at)::text
      FROM public.profiles p WHERE p.user_id = of_user
    UNION ALL
    SELECT 'sessions.ndjson', jsonb_build_object('id', s.id, 'created_at', s.created_at, 'last_seen_at', s.last_seen_at,
             'expires_at', s.expires_at, 'revoked_at', s.revoked_at, 'ip', s.ip, 'user_agent', s.user_agent)::text
      FROM auth.sessions s WHERE s.user_id = of_user;
END
$$;

-- Nobody gets in as this person any more: how many sessions and links that ended.
CREATE FUNCTION auth.person_lock_out(of_user uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  sessions integer;
  tokens integer;
BEGIN
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN 0;
  END IF;
  UPDATE auth.users u SET disabled_at = coalesce(u.disabled_at, now()), password_hash = NULL WHERE u.id = of_user;
  DELETE FROM auth.sessions s WHERE s.user_id = of_user;
  GET DIAGNOSTICS sessions = ROW_COUNT;
  DELETE FROM auth.reset_tokens t WHERE t.user_id = of_user;
  GET DIAGNOSTICS tokens = ROW_COUNT;
  RETURN sessions + tokens;
END
$$;

-- Empties a person's account; the id stays as a pseudonym of who asked for what.
CREATE FUNCTION auth.person_empty(of_user uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN 0;
  END IF;
  PERFORM auth.person_lock_out(of_user);
  DELETE FROM public.profiles p WHERE p.user_id = of_user;
  UPDATE auth.users u SET email = 'erased-' || u.id || '@invalid', last_login_at = NULL WHERE u.id = of_user;
  RETURN 1;
END
$$;

-- For each client that has something older than it shall keep: before when. A client's own setting, else the nearest above.
-- Whole days, so that what is due grows once a day.
CREATE FUNCTION app.retention_due(at timestamptz, most integer)
RETURNS TABLE (client_id uuid, jobs_before timestamptz, logs_before timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
BEGIN
  IF current_setting('role') <> 'hg_system' THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH RECURSIVE tree AS (
      SELECT c.id, r.jobs_days, r.logs_days
        FROM public.clients c LEFT JOIN public.client_retention r ON r.client_id = c.id
       WHERE c.parent_id IS NULL
      UNION ALL
      SELECT c.id, coalesce(r.jobs_days, tree.jobs_days), coalesce(r.logs_days, tree.logs_days)
        FROM tree JOIN public.clients c ON c.parent_id = tree.id LEFT JOIN public.client_retention r ON r.client_id = c.id
    ),
    limits AS (
      SELECT tree.id,
             CASE WHEN tree.jobs_days > 0 THEN (date_trunc('day', at AT TIME ZONE 'UTC') - make_interval(days => tree.jobs_days)) AT TIME ZONE 'UTC' END AS jobs_before,
             CASE WHEN tree.logs_days > 0 THEN (date_trunc('day', at AT TIME ZONE 'UTC') - make_interval(days => tree.logs_days)) AT TIME ZONE 'UTC' END AS logs_before
        FROM tree
       WHERE tree.jobs_days > 0 OR tree.logs_days > 0
    )
    SELECT l.id, l.jobs_before, l.logs_before FROM limits l
     WHERE EXISTS (SELECT FROM public.jobs j
                    WHERE j.client_id = l.id AND j.id < app.uuid_v7_floor(l.jobs_before) AND j.status IN ('completed', 'failed', 'cancelled'))
        OR EXISTS (SELECT FROM public.job_events e
                    WHERE e.client_id = l.id AND e.job_id < app.uuid_v7_floor(l.logs_before))
        OR EXISTS (SELECT FROM public.audit_log a JOIN public.audit_values v ON v.audit_id = a.id AND v.value IS NOT NULL
                    WHERE a.client_id = l.id AND a.id < app.uuid_v7_floor(l.logs_before) AND a.action <> 'audit.erased')
     LIMIT most;
END
$$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'app.person_decided(uuid)', 'app.person_sole_clients(uuid)', 'app.person_contents(uuid)', 'app.data_job_cancel(uuid)'
  ]::regprocedure[] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hg_content_app', f);
  END LOOP;
  FOREACH f IN ARRAY ARRAY[
    'app.clients_empty(uuid[])', 'app.members_for_export(uuid)', 'app.invitations_of_person(uuid)', 'app.person_invitations_erase(uuid)',
    'auth.person_for_export(uuid)', 'auth.person_lock_out(uuid)', 'auth.person_empty(uuid)',
    'app.retention_due(timestamptz, integer)'
  ]::regprocedure[] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hg_system', f);
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION app.data_job_runs(public.data_job_kind, uuid, uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION app.data_job_request(public.data_job_kind, uuid, uuid, boolean, jsonb, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.data_job_request(public.data_job_kind, uuid, uuid, boolean, jsonb, jsonb) TO hg_content_app, hg_system;

-- hg_definer reads job_events for app.retention_due.
SET LOCAL ROLE hg_owner;
CREATE POLICY job_events_definer ON job_events FOR SELECT TO hg_definer USING (true);
GRANT SELECT ON job_events, provider_keys TO hg_definer;
CREATE POLICY provider_keys_definer ON provider_keys FOR SELECT TO hg_definer USING (true);

-- On record: what is kept, and who had data exported or erased. How a data job gets on is its own affair; what retention
-- took is said by app.audit_erase_older.
CREATE TRIGGER client_retention_audit AFTER INSERT OR UPDATE OR DELETE ON client_retention FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'retention', 'client_id', 'client_id', '', 'client_id,updated_at,updated_by', '');
CREATE TRIGGER data_jobs_audit AFTER INSERT OR UPDATE ON data_jobs FOR EACH ROW
  WHEN (NEW.kind <> 'retention' AND NEW.status <> 'in_progress') EXECUTE FUNCTION app.audit_row(
  'data_job', 'client_id', 'id', '', 'client_id,requested_by,clients,created_at,started_at,finished_at,expires_at,file_bytes,file_sha256', '');
