-- What a review of erasure found: an erased client takes nothing in any more, neither by malice nor from whoever saves while
-- it goes; and what the log holds of clients that are gone, or of none, has an end, too. The previous version of the services
-- runs on this.

SET LOCAL ROLE hg_definer;

-- Raises HG409 where a row with words in it is written for a client that is erased, or is being erased. It holds the client's
-- row, so that app.data_job_request waits for whoever writes just now, and the other way round.
CREATE FUNCTION app.client_not_erased() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  since timestamptz;
BEGIN
  SELECT c.erased_at INTO since FROM public.clients c WHERE c.id = NEW.client_id FOR KEY SHARE;
  IF since IS NOT NULL THEN
    RAISE EXCEPTION 'the client is erased, or is being erased' USING ERRCODE = 'HG409', DETAIL = 'client_erased';
  END IF;
  RETURN NEW;
END
$$;

-- The same for its own row: only the erasure itself empties it.
CREATE FUNCTION app.client_stays_erased() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  IF NOT app.data_job_runs('client_erasure', NEW.id, NULL) THEN
    RAISE EXCEPTION 'the client is erased, or is being erased' USING ERRCODE = 'HG409', DETAIL = 'client_erased';
  END IF;
  RETURN NEW;
END
$$;

-- Clients that the log knows and nobody else does any more.
CREATE FUNCTION app.audit_gone_clients() RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  -- From one client to the next along the index: there are far more entries than clients.
  RETURN QUERY
    WITH RECURSIVE known AS (
      SELECT (SELECT l.client_id FROM public.audit_log l WHERE l.client_id IS NOT NULL ORDER BY l.client_id LIMIT 1) AS id
      UNION ALL
      SELECT (SELECT l.client_id FROM public.audit_log l WHERE l.client_id > known.id ORDER BY l.client_id LIMIT 1)
        FROM known WHERE known.id IS NOT NULL
    )
    SELECT known.id FROM known
     WHERE known.id IS NOT NULL AND NOT EXISTS (SELECT FROM public.clients c WHERE c.id = known.id);
END
$$;

-- Clients that once stood below these and were deleted, and what stood below those: in the order in which they went, so
-- that who is half-way through finds new ones at the end.
CREATE FUNCTION app.audit_former_clients(of_clients uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN QUERY
    WITH RECURSIVE former AS (
      SELECT l.subject_id AS client, l.id AS entry FROM public.audit_log l
       WHERE l.client_id = ANY (of_clients) AND l.action = 'client.deleted' AND l.subject_kind = 'client'
      UNION
      SELECT l.subject_id, l.id
        FROM former JOIN public.audit_log l ON l.client_id = former.client AND l.action = 'client.deleted' AND l.subject_kind = 'client'
    )
    SELECT f.client FROM former f
     WHERE f.client <> ALL (of_clients) AND NOT EXISTS (SELECT FROM public.clients c WHERE c.id = f.client)
     GROUP BY f.client ORDER BY min(f.entry::text);
END
$$;

-- Retention: values of entries of no client from before a time. As app.audit_erase_older.
CREATE FUNCTION app.audit_erase_older_of_none(than timestamptz, details jsonb DEFAULT '{}', most integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  gone integer;
BEGIN
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM (SELECT w.audit_id, w.part
            FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id
           WHERE l.client_id IS NULL AND l.id < app.uuid_v7_floor(than) AND l.action <> 'audit.erased' AND w.value IS NOT NULL
           LIMIT most) AS found
   WHERE v.audit_id = found.audit_id AND v.part = found.part AND v.value IS NOT NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    PERFORM app.audit_append(entry, NULL, 'audit.erased', 'log', NULL,
                             jsonb_build_object('after', details || jsonb_build_object('reason', 'retention', 'before', than, 'values', gone)));
  END IF;
  RETURN gone;
END
$$;

-- As before; and what the log holds of clients that are gone, and of none, is kept as long as the root's logs, and comes with
-- the root.
CREATE OR REPLACE FUNCTION app.retention_due(at timestamptz, most integer)
RETURNS TABLE (client_id uuid, jobs_before timestamptz, logs_before timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  root uuid := (SELECT c.id FROM public.clients c WHERE c.type = 'root');
  gone uuid[];
BEGIN
  IF current_setting('role') <> 'hg_system' THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM public.client_retention r WHERE r.client_id = root AND r.logs_days > 0) THEN
    gone := ARRAY(SELECT app.audit_gone_clients());
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
        OR (l.id = root AND (
             EXISTS (SELECT FROM public.audit_log a JOIN public.audit_values v ON v.audit_id = a.id AND v.value IS NOT NULL
                      WHERE a.client_id = ANY (gone) AND a.id < app.uuid_v7_floor(l.logs_before) AND a.action <> 'audit.erased')
             OR EXISTS (SELECT FROM public.audit_log a JOIN public.audit_values v ON v.audit_id = a.id AND v.value IS NOT NULL
                         WHERE a.client_id IS NULL AND a.id < app.uuid_v7_floor(l.logs_before) AND a.action <> 'audit.erased')))
     LIMIT most;
END
$$;

REVOKE ALL ON FUNCTION app.client_not_erased(), app.client_stays_erased(), app.audit_gone_clients(), app.audit_former_clients(uuid[]),
  app.audit_erase_older_of_none(timestamptz, jsonb, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.client_not_erased(), app.client_stays_erased() TO hg_owner;
GRANT EXECUTE ON FUNCTION app.audit_gone_clients(), app.audit_former_clients(uuid[]),
  app.audit_erase_older_of_none(timestamptz, jsonb, integer) TO hg_system;

SET LOCAL ROLE hg_owner;

-- Only columns that hold words, or that bring a row to another client: what ends, revokes or counts a row may go on.
CREATE TRIGGER clients_stay_erased BEFORE UPDATE OF name, slug, metadata, type, parent_id ON clients FOR EACH ROW
  WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION app.client_stays_erased();
CREATE TRIGGER strategies_not_erased BEFORE INSERT OR UPDATE OF client_id, name, configuration ON strategies
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER seo_rules_not_erased BEFORE INSERT OR UPDATE OF client_id, rules ON seo_rules
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER prompt_templates_not_erased BEFORE INSERT OR UPDATE OF client_id, name, system_template, template, variables ON prompt_templates
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER provider_keys_not_erased BEFORE INSERT OR UPDATE OF client_id, sealed, hint ON provider_keys
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER api_keys_not_erased BEFORE INSERT OR UPDATE OF client_id, name, key_hash ON api_keys
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER invitations_not_erased BEFORE INSERT OR UPDATE OF client_id, email, token_hash ON invitations
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER client_users_not_erased BEFORE INSERT OR UPDATE OF client_id ON client_users
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER client_retention_not_erased BEFORE INSERT OR UPDATE OF client_id, jobs_days, logs_days ON client_retention
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER content_versions_not_erased BEFORE INSERT OR UPDATE OF client_id, title, content, note ON content_versions
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
CREATE TRIGGER content_approvals_not_erased BEFORE INSERT OR UPDATE OF client_id, note ON content_approvals
  FOR EACH ROW EXECUTE FUNCTION app.client_not_erased();
