-- Services remember what they looked up until something that the look-up reads has changed (hg_common::recent). Every such change
-- leaves a mark here, in its own transaction: whoever sees the change sees the mark, and the other way round. All marks of a topic
-- together are its epoch, which services ask for several times a second. The previous version of the services asks for nothing.
--
-- Nobody waits for anybody: a transaction adds a row of its own and touches no row that another one holds, so that changes may be
-- made in any order, and stay open for as long as they need. (One row per topic, raised by all, would be locked until the end of
-- each change; and deferred to the end, behind locks that other deferred triggers take, in whatever order topics were met.)
--
-- Marks are random, and the epoch is all of them, each bit by exclusive or: another one after every change, and never again one
-- that was, also in a database that was restored to before it. Whoever adds a mark folds those that are there and free into its
-- own, which leaves the epoch as it is: a topic has few rows. It says nothing about anybody: no tenant, no walls; and nobody but
-- the two functions reaches it.
SET LOCAL lock_timeout = '10s';

CREATE TABLE look_up_marks (
  topic text NOT NULL CONSTRAINT look_up_marks_topic CHECK (topic IN ('strategies', 'templates', 'api_keys')),
  mark  bigint NOT NULL,
  -- Whose it is: a transaction needs one. The time, because transactions are numbered anew in another cluster.
  xid   xid8 NOT NULL,
  began timestamptz NOT NULL,
  PRIMARY KEY (topic, xid, began)
);
COMMENT ON TABLE look_up_marks IS 'That something changed which look-ups remember; never what';
GRANT SELECT, INSERT, UPDATE, DELETE ON look_up_marks TO hg_definer;

INSERT INTO look_up_marks (topic, mark, xid, began)
SELECT topic, hashtextextended(gen_random_uuid()::text, 0), pg_current_xact_id(), now()
  FROM unnest(ARRAY['strategies', 'templates', 'api_keys']) AS topic;

SET LOCAL ROLE hg_definer;

-- A change of what these topics' look-ups read; once per transaction.
CREATE FUNCTION app.look_ups_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  of_topic text;
BEGIN
  FOREACH of_topic IN ARRAY TG_ARGV LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM public.look_up_marks m WHERE m.topic = of_topic AND m.xid = pg_current_xact_id() AND m.began = now());
    WITH free AS (
      -- What somebody else is folding just now is left alone. A transaction that sees one instant only would fail on what was
      -- folded since.
      SELECT m.xid, m.began FROM public.look_up_marks m
       WHERE m.topic = of_topic AND current_setting('transaction_isolation') = 'read committed'
         FOR UPDATE SKIP LOCKED
    ), folded AS (
      DELETE FROM public.look_up_marks m USING free f WHERE m.topic = of_topic AND m.xid = f.xid AND m.began = f.began
      RETURNING m.mark
    )
    INSERT INTO public.look_up_marks (topic, mark, xid, began)
    SELECT of_topic, hashtextextended(gen_random_uuid()::text, 0) # coalesce(bit_xor(f.mark), 0), pg_current_xact_id(), now()
      FROM folded f;
  END LOOP;
  RETURN NULL;
END
$$;

-- The epoch of a topic: another one after each change of what its look-ups read. NULL: nobody knows.
CREATE FUNCTION app.look_up_epoch(of_topic text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN (SELECT bit_xor(m.mark) FROM public.look_up_marks m WHERE m.topic = of_topic);
END
$$;

-- As app.api_key_lookup, and for how long the secret holds, if it ends: whoever remembers the answer goes by the clock.
CREATE FUNCTION app.api_key_find(of_hash bytea)
RETURNS TABLE (id uuid, client_id uuid, scopes text[], requests_per_minute integer, is_limited boolean, seconds_left double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT l.id, l.client_id, l.scopes, l.requests_per_minute, l.is_limited,
           extract(epoch FROM least(nullif(k.expires_at, 'infinity'), CASE WHEN k.key_hash <> of_hash THEN nullif(k.old_expires_at, 'infinity') END)
                              - clock_timestamp())::double precision
      FROM app.api_key_lookup(of_hash) l JOIN public.api_keys k ON k.id = l.id;
END
$$;

REVOKE ALL ON FUNCTION app.look_ups_change(), app.look_up_epoch(text), app.api_key_find(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.look_ups_change() TO hg_owner;
GRANT EXECUTE ON FUNCTION app.look_up_epoch(text), app.api_key_find(bytea) TO hg_content_app;

SET LOCAL ROLE hg_owner;

-- What each topic's look-up reads: app.strategy_chain; IM's choice of a template, with the policies behind it; app.api_key_lookup.
-- Each service has a test that its look-up reads no other table. ALWAYS: also where triggers are switched off with
-- session_replication_role.
DO $$
DECLARE
  t text;
  topics text;
  event record;
BEGIN
  FOR t, topics IN VALUES
    ('clients', $a$'strategies', 'templates', 'api_keys'$a$),
    ('client_users', $a$'strategies', 'templates'$a$),
    ('strategies', $a$'strategies'$a$),
    ('seo_rules', $a$'strategies'$a$),
    ('prompt_templates', $a$'templates'$a$),
    ('api_keys', $a$'api_keys'$a$)
  LOOP
    FOR event IN SELECT * FROM (VALUES
      ('made', 'INSERT OR DELETE', 'ROW', ''),
      -- Whatever may change with each use of a key is left out; a column that is added counts.
      ('changed', 'UPDATE', 'ROW', CASE t WHEN 'api_keys' THEN
        $w$WHEN (to_jsonb(OLD) - '{last_used_at,old_last_used_at,updated_at}'::text[]
                 IS DISTINCT FROM to_jsonb(NEW) - '{last_used_at,old_last_used_at,updated_at}'::text[])$w$ ELSE '' END),
      ('emptied', 'TRUNCATE', 'STATEMENT', '')) AS e (name, verbs, each, condition)
    LOOP
      EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I FOR EACH %s %s EXECUTE FUNCTION app.look_ups_change(%s)',
        t || '_look_ups_' || event.name, event.verbs, t, event.each, event.condition, topics);
      EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', t, t || '_look_ups_' || event.name);
    END LOOP;
  END LOOP;
END
$$;
