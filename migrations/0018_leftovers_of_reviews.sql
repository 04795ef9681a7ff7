-- What reviews of strategies, people, erasure and the audit log had left: archived clients take no changes, retention can't
-- undercut what stands above, figures count what is said of the newest text. The previous version of the services runs on this.

SET LOCAL ROLE hg_definer;

-- Raises HG409 where something is written for a client that is archived, or erased. The one place for both: strategies and
-- SEO rules (made, saved, brought back, taken out of force), edits and verdicts. It holds the client's row, so that archiving
-- and app.data_job_request wait for whoever writes just now, and the other way round.
CREATE FUNCTION app.client_takes_changes() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  client record;
BEGIN
  SELECT c.archived_at, c.erased_at INTO client FROM public.clients c WHERE c.id = NEW.client_id FOR SHARE;
  IF client.erased_at IS NOT NULL THEN
    RAISE EXCEPTION 'the client is erased, or is being erased' USING ERRCODE = 'HG409', DETAIL = 'client_erased';
  ELSIF client.archived_at IS NOT NULL THEN
    RAISE EXCEPTION 'the client is archived' USING ERRCODE = 'HG409', DETAIL = 'client_archived';
  END IF;
  RETURN NEW;
END
$$;
-- The names of those who edited or judged a job's text, as before; but nobody learns an address by it: whoever has told no name is
-- somebody.
CREATE OR REPLACE FUNCTION app.content_people(of_job uuid)
RETURNS TABLE (user_id uuid, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  IF NOT coalesce((SELECT j.client_id FROM public.jobs j WHERE j.id = of_job) = ANY (app.accessible_client_ids()), false) THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT u.id, coalesce(nullif(btrim(p.display_name), ''), 'Somebody')
      FROM (SELECT v.created_by FROM public.content_versions v WHERE v.job_id = of_job
            UNION
            SELECT a.created_by FROM public.content_approvals a WHERE a.job_id = of_job) AS people
      JOIN auth.users u ON u.id = people.created_by
      LEFT JOIN public.profiles p ON p.user_id = u.id;
END
$$;

-- As before; but a verdict counts only where it is about the newest text, and a text that was brought back as it was generated
-- is none that somebody edited.
CREATE OR REPLACE FUNCTION app.job_outcomes_of(of_jobs uuid[]) RETURNS SETOF public.job_outcomes
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT s.id, j.id, j.client_id, s.version, j.status, CASE WHEN j.status = 'completed' THEN j.quality_score END, j.cost,
         CASE WHEN newest.restored_from IS DISTINCT FROM 0 THEN newest.changed END,
         (SELECT CASE WHEN a.version = coalesce(newest.number, 0) THEN nullif(a.verdict, 'withdrawn') END
            FROM public.content_approvals a WHERE a.job_id = j.id ORDER BY a.id DESC LIMIT 1),
         j.created_at
    FROM public.jobs j
    LEFT JOIN LATERAL (SELECT v.number, v.changed, v.restored_from FROM public.content_versions v
                        WHERE v.job_id = j.id ORDER BY v.number DESC LIMIT 1) AS newest ON true
   CROSS JOIN LATERAL (
     SELECT (e ->> 'strategy_id')::uuid AS id, (e ->> 'version')::integer AS version
       FROM jsonb_array_elements(j.strategy_sources) e WHERE e ->> 'strategy_id' IS NOT NULL
     UNION ALL
     SELECT (e ->> 'seo_rules_id')::uuid, (e ->> 'version')::integer
       FROM jsonb_array_elements(j.seo_sources) e WHERE e ->> 'seo_rules_id' IS NOT NULL) AS s
   WHERE j.id = ANY (of_jobs) AND j.status IN ('completed', 'failed', 'cancelled')
$$;

-- What was counted by the older rule.
UPDATE public.job_outcomes o SET changed = anew.changed, verdict = anew.verdict
  FROM app.job_outcomes_of(ARRAY(SELECT v.job_id FROM public.content_versions v UNION SELECT a.job_id FROM public.content_approvals a)) AS anew
 WHERE o.source_id = anew.source_id AND o.job_id = anew.job_id AND (o.changed, o.verdict) IS DISTINCT FROM (anew.changed, anew.verdict);

-- How many days something is kept where two have a say: the longer. 0 is for ever, NULL says nothing.
CREATE FUNCTION app.retention_longer(above integer, own integer) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = '' AS $$
  SELECT CASE WHEN above = 0 OR own = 0 THEN 0 ELSE greatest(above, own) END
$$;

-- As before; but what a client says can lengthen what stands above, never shorten it.
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
      SELECT c.id, app.retention_longer(tree.jobs_days, r.jobs_days), app.retention_longer(tree.logs_days, r.logs_days)
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

-- Deletes at most so many invitations to the address of a person who is erased; how many. While the address is still known.
CREATE FUNCTION app.person_invitations_delete(of_user uuid, most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  gone integer;
BEGIN
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN 0;
  END IF;
  DELETE FROM public.invitations WHERE id IN (
    SELECT i.id FROM public.invitations i JOIN auth.users u ON u.email = i.email WHERE u.id = of_user LIMIT most);
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END
$$;

-- What the audit log says of the address of a person who is erased, in so many entries about invitations after this one: how
-- many values went, and the last of those entries; none where it was the end.
CREATE FUNCTION app.audit_erase_invited(of_user uuid, after uuid, most integer, details jsonb, OUT gone integer, OUT up_to uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  address text;
BEGIN
  gone := 0;
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN;
  END IF;
  SELECT lower(u.email) INTO address FROM auth.users u WHERE u.id = of_user;
  SELECT l.id INTO up_to FROM public.audit_log l
   WHERE l.subject_kind = 'invitation' AND l.id > after ORDER BY l.id OFFSET most - 1 LIMIT 1;
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM public.audit_log l
   WHERE l.subject_kind = 'invitation' AND l.id > after AND (up_to IS NULL OR l.id <= up_to)
     AND v.audit_id = l.id AND v.part = 'change' AND v.value IS NOT NULL
     AND address IN (v.value::jsonb #>> '{before,email}', v.value::jsonb #>> '{after,email}');
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    PERFORM app.audit_append(entry, NULL, 'audit.erased', 'person', of_user,
                             jsonb_build_object('after', details || jsonb_build_object('reason', 'person', 'values', gone)),
                             without_origin => true);
  END IF;
END
$$;

-- As before; and with the address goes what came to it since its invitations were erased.
CREATE OR REPLACE FUNCTION auth.person_empty(of_user uuid) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  late uuid[];
  gone integer;
BEGIN
  IF NOT app.data_job_runs('person_erasure', NULL, of_user) THEN
    RETURN 0;
  END IF;
  PERFORM auth.person_lock_out(of_user);
  WITH deleted AS (
    DELETE FROM public.invitations i USING auth.users u WHERE u.id = of_user AND i.email = u.email RETURNING i.id)
  SELECT array_agg(deleted.id) INTO late FROM deleted;
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM public.audit_log l
   WHERE l.subject_kind = 'invitation' AND l.subject_id = ANY (late) AND v.audit_id = l.id AND v.part = 'change' AND v.value IS NOT NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    PERFORM app.audit_append(entry, NULL, 'audit.erased', 'person', of_user,
                             jsonb_build_object('after', jsonb_build_object('reason', 'person', 'values', gone)), without_origin => true);
  END IF;
  DELETE FROM public.profiles p WHERE p.user_id = of_user;
  UPDATE auth.users u SET email = 'erased-' || u.id || '@invalid', last_login_at = NULL WHERE u.id = of_user;
  RETURN 1;
END
$$;

REVOKE ALL ON FUNCTION app.retention_longer(integer, integer), app.person_invitations_delete(uuid, integer),
  app.audit_erase_invited(uuid, uuid, integer, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.person_invitations_delete(uuid, integer), app.audit_erase_invited(uuid, uuid, integer, jsonb) TO hg_system;
REVOKE ALL ON FUNCTION app.client_takes_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.client_takes_changes() TO hg_owner;

SET LOCAL ROLE hg_owner;

-- They take the place of the triggers that asked for erased clients only (0017).
DROP TRIGGER strategies_not_erased ON strategies;
DROP TRIGGER seo_rules_not_erased ON seo_rules;
DROP TRIGGER content_versions_not_erased ON content_versions;
DROP TRIGGER content_approvals_not_erased ON content_approvals;
CREATE TRIGGER strategies_take_changes BEFORE INSERT OR UPDATE OF client_id, name, configuration, is_active ON strategies
  FOR EACH ROW EXECUTE FUNCTION app.client_takes_changes();
CREATE TRIGGER seo_rules_take_changes BEFORE INSERT OR UPDATE OF client_id, rules, is_active ON seo_rules
  FOR EACH ROW EXECUTE FUNCTION app.client_takes_changes();
CREATE TRIGGER content_versions_take_changes BEFORE INSERT OR UPDATE OF client_id, title, content, note ON content_versions
  FOR EACH ROW EXECUTE FUNCTION app.client_takes_changes();
CREATE TRIGGER content_approvals_take_changes BEFORE INSERT OR UPDATE OF client_id, note ON content_approvals
  FOR EACH ROW EXECUTE FUNCTION app.client_takes_changes();
