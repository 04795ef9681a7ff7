-- The audit log: who changed what, when and from where. Triggers append to it in the transaction of the change, so no
-- service can forget; a worker that holds a key which the database doesn't have seals the entries into chains.
--
-- An entry itself holds ids and names of kinds only. What may have to go one day (addresses, e-mails, the texts before
-- and after) stands beside it in audit_values, and the entry holds a salted commitment to it: erased, it is gone, and the
-- chain holds.

CREATE TYPE audit_actor AS ENUM ('person', 'api_key', 'service', 'database');
-- origin: from where, and under which e-mail. change: before and after.
CREATE TYPE audit_part AS ENUM ('origin', 'change');

-- No foreign keys to clients and accounts: the log outlives both.
CREATE TABLE audit_log (
  id           uuid PRIMARY KEY DEFAULT app.uuid_v7(),
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  client_id    uuid,
  actor_kind   audit_actor NOT NULL,
  actor_id     uuid,
  service      text,
  request_id   text,
  action       text NOT NULL CONSTRAINT audit_log_action CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
  subject_kind text NOT NULL,
  subject_id   uuid,
  origin_hash  bytea CONSTRAINT audit_log_origin_sha256 CHECK (length(origin_hash) = 32),
  change_hash  bytea CONSTRAINT audit_log_change_sha256 CHECK (length(change_hash) = 32)
);
CREATE INDEX audit_log_client_idx ON audit_log (client_id, id);
CREATE INDEX audit_log_actor_idx ON audit_log (actor_id, id);
CREATE INDEX audit_log_subject_idx ON audit_log (subject_id, id);
-- Erasing a person looks for invitations to an address.
CREATE INDEX audit_log_invitations_idx ON audit_log (id) WHERE subject_kind = 'invitation';

-- The commitment to a value is sha256(salt || value as UTF-8). Erased: salt and value are gone, erased_by names the entry
-- that says so.
CREATE TABLE audit_values (
  audit_id  uuid NOT NULL REFERENCES audit_log (id) ON DELETE CASCADE,
  part      audit_part NOT NULL,
  salt      bytea CONSTRAINT audit_values_salt CHECK (length(salt) = 32),
  value     text,
  erased_by uuid,
  PRIMARY KEY (audit_id, part),
  CONSTRAINT audit_values_whole CHECK ((salt IS NULL) = (value IS NULL) AND (value IS NULL) = (erased_by IS NOT NULL))
);

-- What waits to be sealed.
CREATE TABLE audit_unsealed (
  audit_id  uuid PRIMARY KEY REFERENCES audit_log (id) ON DELETE CASCADE,
  -- The client, or the nil id for what belongs to none.
  chain     uuid NOT NULL,
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_unsealed_chain_idx ON audit_unsealed (chain, audit_id);

-- No foreign key to audit_log: that an entry is gone must show, and not be prevented for the wrong reason.
CREATE TABLE audit_seals (
  chain    uuid NOT NULL,
  position bigint NOT NULL CONSTRAINT audit_seals_position CHECK (position > 0),
  audit_id uuid NOT NULL,
  key_id   text NOT NULL,
  mac      bytea NOT NULL,
  PRIMARY KEY (chain, position),
  CONSTRAINT audit_seals_audit_key UNIQUE (audit_id)
);

CREATE TABLE audit_chains (
  chain     uuid PRIMARY KEY,
  length    bigint NOT NULL CONSTRAINT audit_chains_length CHECK (length >= 0),
  -- The last entry's seal; empty before the first.
  mac       bytea NOT NULL,
  key_id    text,
  head_seal bytea
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_log', 'audit_values', 'audit_unsealed', 'audit_seals', 'audit_chains'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_owner USING (true) WITH CHECK (true)', t || '_owner', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['audit_log', 'audit_values'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I FOR SELECT TO hg_system USING (true)', t || '_system', t);
    EXECUTE format('CREATE POLICY %I ON %I TO hg_definer USING (true) WITH CHECK (true)', t || '_definer', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_system, hg_content_app', t);
    EXECUTE format('GRANT SELECT, INSERT ON %I TO hg_definer', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['audit_unsealed', 'audit_seals', 'audit_chains'] LOOP
    EXECUTE format('CREATE POLICY %I ON %I TO hg_system USING (true) WITH CHECK (true)', t || '_system', t);
    EXECUTE format('GRANT SELECT ON %I TO hg_system', t);
  END LOOP;
END
$$;
GRANT UPDATE (salt, value, erased_by) ON audit_values TO hg_definer;
CREATE POLICY audit_unsealed_definer ON audit_unsealed FOR INSERT TO hg_definer WITH CHECK (true);
GRANT INSERT ON audit_unsealed TO hg_definer;
GRANT DELETE ON audit_unsealed TO hg_system;
GRANT INSERT ON audit_seals TO hg_system;
GRANT INSERT, UPDATE ON audit_chains TO hg_system;

-- ---------------------------------------------------------------------------------------------
SET LOCAL ROLE hg_definer;

-- Whether the scope may read what belongs to no client, or to one that is gone: an admin of the root.
CREATE FUNCTION app.audits_all() RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN nullif(current_setting('app.user_id', true), '') IS NOT NULL
     AND coalesce(app.role_on((SELECT c.id FROM public.clients c WHERE c.type = 'root')) >= 'admin'::public.member_role, false);
END
$$;

-- Appends an entry. Who and from where comes from the transaction: app.user_id for a person, app.actor where a link proved
-- who somebody is, else app.origin (service|request id|address|kind of actor|its id, see hg_common::db). Called by the
-- functions below only.
CREATE FUNCTION app.audit_append(entry uuid, of_client uuid, of_action text, of_kind text, of_subject uuid, of_change jsonb, without_origin boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = '' AS $$
DECLARE
  given text[] := string_to_array(nullif(current_setting('app.origin', true), ''), '|');
  person uuid := coalesce(nullif(current_setting('app.user_id', true), ''), nullif(current_setting('app.actor', true), ''))::uuid;
  actor public.audit_actor := 'database';
  actor_id uuid;
  origin text;
  change text := of_change::text;
  origin_salt bytea;
  change_salt bytea;
BEGIN
  IF person IS NOT NULL THEN
    actor := 'person';
    actor_id := person;
  ELSIF given[4] IN ('person', 'api_key', 'service') THEN
    actor := given[4]::public.audit_actor;
    actor_id := nullif(given[5], '')::uuid;
  END IF;
  IF NOT without_origin THEN
    origin := nullif(jsonb_strip_nulls(jsonb_build_object(
      'address', nullif(given[3], ''),
      'email', CASE actor WHEN 'person' THEN (SELECT u.email FROM auth.users u WHERE u.id = actor_id) END,
      'login', CASE actor WHEN 'database' THEN session_user END
    ))::text, '{}');
  END IF;
  -- 244 random bits each, without an extension.
  origin_salt := CASE WHEN origin IS NOT NULL THEN uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) END;
  change_salt := CASE WHEN change IS NOT NULL THEN uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) END;
  INSERT INTO public.audit_log (id, client_id, actor_kind, actor_id, service, request_id, action, subject_kind, subject_id, origin_hash, change_hash)
    VALUES (entry, of_client, actor, actor_id, nullif(given[1], ''), nullif(given[2], ''), of_action, of_kind, of_subject,
            sha256(origin_salt || convert_to(origin, 'UTF8')), sha256(change_salt || convert_to(change, 'UTF8')));
  INSERT INTO public.audit_values (audit_id, part, salt, value)
    SELECT entry, part, salt, value
      FROM (VALUES ('origin'::public.audit_part, origin_salt, origin), ('change'::public.audit_part, change_salt, change)) AS parts (part, salt, value)
     WHERE value IS NOT NULL;
  INSERT INTO public.audit_unsealed (audit_id, chain) VALUES (entry, coalesce(of_client, '00000000-0000-0000-0000-000000000000'));
END
$$;

-- The trigger. Arguments:
--   1  what the row is: the subject's kind, and the action's first word
--   2  the column that names the client, '' for none; 'a/b': b when the row is deleted
--   3  the column that names the subject
--   4  secret columns: only that they changed is noted
--   5  noise: left out, and a change of nothing else leaves no entry
--   6  column:verb:verb — when the column changes, the action is the first verb if it holds something then (neither NULL
--      nor false), else the second; the first that fits counts
CREATE FUNCTION app.audit_row() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  client_columns text[] := string_to_array(TG_ARGV[1], '/');
  secrets text[] := string_to_array(TG_ARGV[3], ',');
  noise text[] := string_to_array(TG_ARGV[4], ',');
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
  becomes jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
  row_now jsonb := coalesce(becomes, was);
  verb text := CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted' ELSE 'updated' END;
  before jsonb;
  after jsonb;
  hidden jsonb;
  marker text;
  parts text[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value) FILTER (WHERE o.key <> ALL (secrets)),
           jsonb_object_agg(o.key, becomes -> o.key) FILTER (WHERE o.key <> ALL (secrets)),
           jsonb_agg(o.key) FILTER (WHERE o.key = ANY (secrets))
      INTO before, after, hidden
      FROM jsonb_each(was) AS o
     WHERE o.value IS DISTINCT FROM becomes -> o.key AND o.key <> ALL (noise);
    IF before IS NULL AND hidden IS NULL THEN
      RETURN NULL;
    END IF;
    FOREACH marker IN ARRAY string_to_array(TG_ARGV[5], ',') LOOP
      parts := string_to_array(marker, ':');
      IF was -> parts[1] IS DISTINCT FROM becomes -> parts[1] THEN
        verb := CASE WHEN becomes -> parts[1] IN ('null'::jsonb, 'false'::jsonb) THEN parts[3] ELSE parts[2] END;
        EXIT;
      END IF;
    END LOOP;
  ELSE
    SELECT jsonb_object_agg(o.key, o.value) INTO after FROM jsonb_each(row_now) AS o
     WHERE o.key <> ALL (secrets) AND o.key <> ALL (noise) AND o.value <> 'null'::jsonb;
    IF TG_OP = 'DELETE' THEN
      before := after;
      after := NULL;
    END IF;
  END IF;
  PERFORM app.audit_append(
    app.uuid_v7(),
    (row_now ->> client_columns[CASE WHEN TG_OP = 'DELETE' THEN cardinality(client_columns) ELSE 1 END])::uuid,
    TG_ARGV[0] || '.' || verb, TG_ARGV[0], (row_now ->> TG_ARGV[2])::uuid,
    jsonb_strip_nulls(jsonb_build_object('secret', hidden))
      || CASE WHEN before IS NULL THEN '{}' ELSE jsonb_build_object('before', before) END
      || CASE WHEN after IS NULL THEN '{}' ELSE jsonb_build_object('after', after) END
  );
  RETURN NULL;
END
$$;

-- An event that is no change of a row, such as a refused sign-in. Of a client only where the scope sees it.
CREATE FUNCTION app.audit_event(of_client uuid, of_action text, of_kind text, of_subject uuid, details jsonb) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
BEGIN
  IF of_client IS NOT NULL AND app.role_on(of_client) IS NULL THEN
    RAISE EXCEPTION 'no such client' USING ERRCODE = 'HG404';
  END IF;
  -- Nobody makes up an entry that a trigger or an erasure would have written.
  IF of_action NOT IN ('account.login_refused', 'export.downloaded') THEN
    RAISE EXCEPTION 'there is no such event' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_event_action';
  END IF;
  IF pg_column_size(details) > 16384 THEN
    RAISE EXCEPTION 'an event holds at most 16 KiB' USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_event_size';
  END IF;
  PERFORM app.audit_append(entry, of_client, of_action, of_kind, of_subject, jsonb_build_object('after', details));
  RETURN entry;
END
$$;

-- Erasing. Each takes at most so many values (NULL: all), appends an entry `audit.erased` that says what went (with
-- `details`, which must hold nothing personal), and returns how many went; nothing to erase leaves no entry. The entries
-- of erasures themselves keep their values, or there would be no end.

-- A client's entries: what changed, and from where. Whoever deletes the client first has that in, too.
CREATE FUNCTION app.audit_erase_client(of_client uuid, details jsonb DEFAULT '{}', most integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  gone integer;
BEGIN
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM (SELECT w.audit_id, w.part
            FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id
           WHERE l.client_id = of_client AND l.action <> 'audit.erased' AND w.value IS NOT NULL
           LIMIT most) AS found
   WHERE v.audit_id = found.audit_id AND v.part = found.part AND v.value IS NOT NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    PERFORM app.audit_append(entry, of_client, 'audit.erased', 'client', of_client,
                             jsonb_build_object('after', details || jsonb_build_object('reason', 'client', 'values', gone)));
  END IF;
  RETURN gone;
END
$$;

-- Retention: values of a client's entries from before a time.
CREATE FUNCTION app.audit_erase_older(of_client uuid, than timestamptz, details jsonb DEFAULT '{}', most integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  gone integer;
BEGIN
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM (SELECT w.audit_id, w.part
            FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id
           WHERE l.client_id = of_client AND l.id < app.uuid_v7_floor(than) AND l.action <> 'audit.erased' AND w.value IS NOT NULL
           LIMIT most) AS found
   WHERE v.audit_id = found.audit_id AND v.part = found.part AND v.value IS NOT NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    PERFORM app.audit_append(entry, of_client, 'audit.erased', 'client', of_client,
                             jsonb_build_object('after', details || jsonb_build_object('reason', 'retention', 'before', than, 'values', gone)));
  END IF;
  RETURN gone;
END
$$;

-- A person: from where they did something, whatever it was; what changed about their account, profile, sessions and links;
-- invitations to their address. What they changed for a client stays: that is the client's record. Whoever deletes the
-- account first, in the same transaction, has that entry in, too.
CREATE FUNCTION app.audit_erase_person(of_person uuid, of_email text, details jsonb DEFAULT '{}', most integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  entry uuid := app.uuid_v7();
  gone integer;
BEGIN
  UPDATE public.audit_values v SET salt = NULL, value = NULL, erased_by = entry
    FROM (SELECT found.audit_id, found.part
            FROM (SELECT w.audit_id, w.part
                    FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id
                   WHERE l.actor_id = of_person AND w.part = 'origin' AND w.value IS NOT NULL
                  UNION
                  SELECT w.audit_id, w.part
                    FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id
                   WHERE l.subject_id = of_person AND l.subject_kind IN ('account', 'profile', 'session', 'password_link')
                     AND w.value IS NOT NULL
                  UNION
                  SELECT w.audit_id, w.part
                    FROM public.audit_log l JOIN public.audit_values w ON w.audit_id = l.id AND w.part = 'change'
                   WHERE l.subject_kind = 'invitation' AND w.value IS NOT NULL
                     AND lower(of_email) IN (w.value::jsonb #>> '{before,email}', w.value::jsonb #>> '{after,email}')) AS found
           LIMIT most) AS found
   WHERE v.audit_id = found.audit_id AND v.part = found.part AND v.value IS NOT NULL;
  GET DIAGNOSTICS gone = ROW_COUNT;
  IF gone > 0 THEN
    -- Asked for by the very person: their address and e-mail must not come in again by this.
    PERFORM app.audit_append(entry, NULL, 'audit.erased', 'person', of_person,
                             jsonb_build_object('after', details || jsonb_build_object('reason', 'person', 'values', gone)),
                             without_origin => true);
  END IF;
  RETURN gone;
END
$$;

-- As before, and who holds the link counts as the person who acts.
CREATE OR REPLACE FUNCTION auth.password_reset(of_hash bytea, new_password_hash text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  owner uuid;
BEGIN
  SELECT t.user_id INTO owner
    FROM auth.reset_tokens t JOIN auth.users u ON u.id = t.user_id AND u.disabled_at IS NULL
   WHERE t.token_hash = of_hash AND t.used_at IS NULL AND t.expires_at > now()
     FOR UPDATE OF t;
  IF owner IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM set_config('app.actor', owner::text, true);
  UPDATE auth.reset_tokens SET used_at = now() WHERE user_id = owner AND used_at IS NULL;
  UPDATE auth.users SET password_hash = new_password_hash WHERE id = owner;
  UPDATE auth.sessions SET revoked_at = now() WHERE user_id = owner AND revoked_at IS NULL;
  RETURN owner;
END
$$;

CREATE OR REPLACE FUNCTION auth.invitation_accept_new(of_hash bytea, new_password_hash text, new_display_name text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  invitation public.invitations;
  candidate uuid := app.uuid_v7();
  new_user uuid;
BEGIN
  SELECT * INTO invitation FROM public.invitations i WHERE i.token_hash = of_hash FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such invitation' USING ERRCODE = 'HG404';
  END IF;
  PERFORM set_config('app.actor', candidate::text, true);
  INSERT INTO auth.users (id, email, password_hash) VALUES (candidate, invitation.email, new_password_hash)
    ON CONFLICT ON CONSTRAINT users_email_key DO NOTHING RETURNING id INTO new_user;
  IF new_user IS NULL THEN
    RAISE EXCEPTION 'the address has an account' USING ERRCODE = 'HG409', DETAIL = 'account_exists';
  END IF;
  INSERT INTO public.profiles (user_id, display_name) VALUES (new_user, new_display_name);
  PERFORM app.invitation_spend(invitation, new_user);
  RETURN new_user;
END
$$;

-- The people whom a scope may know who did something in the entries that it sees: id, e-mail, name. Whoever administers
-- a client may know who changed it, though the account may stand outside of it.
CREATE FUNCTION app.audit_people(ids uuid[]) RETURNS TABLE (user_id uuid, email text, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
#variable_conflict use_column
DECLARE
  of_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  administered uuid[] := app.client_ids_with_role('admin'::public.member_role);
  sees_all boolean := app.audits_all();
BEGIN
  IF of_user IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT u.id, u.email, coalesce(p.display_name, u.email)
      FROM auth.users u LEFT JOIN public.profiles p ON p.user_id = u.id
     WHERE u.id = ANY (ids)
       AND (sees_all OR u.id = of_user
            OR EXISTS (SELECT FROM public.audit_log l WHERE l.actor_id = u.id AND l.client_id = ANY (administered)));
END
$$;

DO $$
DECLARE
  f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'app.audits_all()', 'app.audit_people(uuid[])', 'app.audit_event(uuid, text, text, uuid, jsonb)',
    'app.audit_append(uuid, uuid, text, text, uuid, jsonb, boolean)', 'app.audit_row()',
    'app.audit_erase_client(uuid, jsonb, integer)', 'app.audit_erase_older(uuid, timestamptz, jsonb, integer)',
    'app.audit_erase_person(uuid, text, jsonb, integer)'
  ]::regprocedure[] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION app.audits_all(), app.audit_people(uuid[]), app.audit_event(uuid, text, text, uuid, jsonb) TO hg_content_app;
GRANT EXECUTE ON FUNCTION app.audit_row() TO hg_owner;
-- Retention and erasure are jobs that cross tenants; nobody erases by a request of their own.
GRANT EXECUTE ON FUNCTION app.audit_erase_client(uuid, jsonb, integer), app.audit_erase_older(uuid, timestamptz, jsonb, integer),
  app.audit_erase_person(uuid, text, jsonb, integer) TO hg_system;

SET LOCAL ROLE hg_owner;

-- ---------------------------------------------------------------------------------------------
-- Who reads: admins of the client and of what stands above it; admins of the root everything; a person what happened to
-- their own account. Keys and workers read nothing.
CREATE POLICY audit_log_admin_select ON audit_log FOR SELECT TO hg_content_app
  USING (client_id = ANY ((SELECT app.client_ids_with_role('admin'))::uuid[])
         OR (SELECT app.audits_all())
         OR (client_id IS NULL AND subject_id = (SELECT app.user_id())));
CREATE POLICY audit_values_of_visible_select ON audit_values FOR SELECT TO hg_content_app
  USING (EXISTS (SELECT FROM audit_log l WHERE l.id = audit_id));
CREATE POLICY audit_seals_of_visible_select ON audit_seals FOR SELECT TO hg_content_app
  USING (EXISTS (SELECT FROM audit_log l WHERE l.id = audit_id));
GRANT SELECT ON audit_seals TO hg_content_app;

-- ---------------------------------------------------------------------------------------------
-- What is on record. Jobs have a trail of their own (job_events, provider_calls, the ledger): their path stays free.
CREATE TRIGGER clients_audit AFTER INSERT OR UPDATE OR DELETE ON clients FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'client', 'id/parent_id', 'id', '', 'created_at,updated_at,archived_with', 'archived_at:archived:restored,parent_id:moved:moved');
CREATE TRIGGER client_users_audit AFTER INSERT OR UPDATE OR DELETE ON client_users FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'member', 'client_id', 'user_id', '', 'client_id,created_at,updated_at', '');
-- Old ones are swept away, which is no news, and would write the address down once more.
CREATE TRIGGER invitations_audit AFTER INSERT OR UPDATE ON invitations FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'invitation', 'client_id', 'id', 'token_hash', 'client_id,created_at,invited_by,accepted_by', 'accepted_at:accepted:accepted,revoked_at:revoked:revoked,sent_at:sent:sent');
CREATE TRIGGER strategies_audit AFTER INSERT OR UPDATE OR DELETE ON strategies FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'strategy', 'client_id', 'id', '', 'client_id,created_at,updated_at,created_by', 'is_active:restored:deleted');
CREATE TRIGGER seo_rules_audit AFTER INSERT OR UPDATE OR DELETE ON seo_rules FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'seo_rules', 'client_id', 'id', '', 'client_id,created_at,updated_at,created_by', 'is_active:restored:deleted');
CREATE TRIGGER prompt_templates_audit AFTER INSERT OR UPDATE OR DELETE ON prompt_templates FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'template', 'client_id', 'id', '', 'client_id,created_at,updated_at,created_by', 'is_active:restored:deleted');
CREATE TRIGGER api_keys_audit AFTER INSERT OR UPDATE OR DELETE ON api_keys FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'api_key', 'client_id', 'id', 'key_hash', 'client_id,created_at,created_by,last_used_at', 'revoked_at:revoked:revived');
CREATE TRIGGER provider_keys_audit AFTER INSERT OR UPDATE OR DELETE ON provider_keys FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'provider_key', 'client_id', 'id', 'sealed', 'client_id,created_at', 'disabled_at:disabled:enabled');
CREATE TRIGGER budget_limits_audit AFTER INSERT OR UPDATE OR DELETE ON budget_limits FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'limit', 'client_id', 'id', '', 'client_id,updated_at', '');
CREATE TRIGGER users_audit AFTER INSERT OR UPDATE OR DELETE ON auth.users FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'account', '', 'id', 'password_hash', 'created_at,updated_at,last_login_at', 'disabled_at:disabled:enabled,password_hash:password_set:password_removed');
CREATE TRIGGER profiles_audit AFTER INSERT OR UPDATE OR DELETE ON profiles FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'profile', '', 'user_id', '', 'user_id,created_at,updated_at', '');
-- Expired ones are swept away; that is no news.
CREATE TRIGGER sessions_audit AFTER INSERT OR UPDATE ON auth.sessions FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'session', '', 'user_id', '', 'user_id,created_at,last_seen_at,expires_at', 'revoked_at:revoked:revoked');
CREATE TRIGGER reset_tokens_audit AFTER INSERT OR UPDATE ON auth.reset_tokens FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'password_link', '', 'user_id', 'token_hash', 'user_id,created_at', 'used_at:used:used');
