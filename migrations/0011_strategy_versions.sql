-- Versions that can be compared and brought back, for strategies and, new, for SEO rules; and who saved them.

-- Which earlier version a version brought back.
ALTER TABLE strategy_versions ADD COLUMN restored_from integer
  CONSTRAINT strategy_versions_restored_earlier CHECK (restored_from < version);

ALTER TABLE seo_rules ADD CONSTRAINT seo_rules_id_client_key UNIQUE (id, client_id);
-- Deleted rules stay for their versions: the list of a client goes through all of them.
CREATE INDEX idx_seo_rules_client_id ON seo_rules (client_id, content_type, id);

CREATE TABLE seo_rule_versions (
  seo_rules_id  uuid NOT NULL,
  version       integer NOT NULL,
  client_id     uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  rules         jsonb NOT NULL,
  note          text CONSTRAINT seo_rule_versions_note_length CHECK (length(note) <= 1000),
  restored_from integer CONSTRAINT seo_rule_versions_restored_earlier CHECK (restored_from < version),
  created_at    timestamptz NOT NULL DEFAULT now(),
  created_by    uuid REFERENCES auth.users (id) ON DELETE SET NULL,
  PRIMARY KEY (seo_rules_id, version),
  -- A version belongs to its rules' client, or another tenant could occupy its number.
  CONSTRAINT seo_rule_versions_rules_fkey FOREIGN KEY (seo_rules_id, client_id) REFERENCES seo_rules (id, client_id) ON DELETE CASCADE
);
CREATE INDEX seo_rule_versions_client_idx ON seo_rule_versions (client_id);

-- As for strategy_versions: readable for the scope and its heirs, added by members of the very client, never changed.
ALTER TABLE seo_rule_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE seo_rule_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY seo_rule_versions_owner ON seo_rule_versions TO hg_owner USING (true) WITH CHECK (true);
CREATE POLICY seo_rule_versions_inherited_select ON seo_rule_versions FOR SELECT TO hg_content_app
  USING (client_id = ANY ((SELECT app.inherited_client_ids())::uuid[]));
CREATE POLICY seo_rule_versions_member_insert ON seo_rule_versions FOR INSERT TO hg_content_app
  WITH CHECK (client_id = ANY ((SELECT app.client_ids_with_role('member'))::uuid[]));
GRANT SELECT, INSERT ON seo_rule_versions TO hg_content_app;

-- The names of those who saved versions for a client that the scope itself can see. Heirs read an ancestor's versions
-- without learning who works there.
CREATE POLICY strategy_versions_definer ON strategy_versions FOR SELECT TO hg_definer USING (true);
CREATE POLICY seo_rule_versions_definer ON seo_rule_versions FOR SELECT TO hg_definer USING (true);
GRANT SELECT ON strategy_versions, seo_rule_versions TO hg_definer;

CREATE FUNCTION app.version_authors(of_client uuid)
RETURNS TABLE (user_id uuid, display_name text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  IF of_client IS NULL OR of_client <> ALL (app.accessible_client_ids()) THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT u.id, coalesce(p.display_name, u.email)
      FROM (SELECT v.created_by FROM public.strategy_versions v WHERE v.client_id = of_client
            UNION
            SELECT v.created_by FROM public.seo_rule_versions v WHERE v.client_id = of_client) AS authors
      JOIN auth.users u ON u.id = authors.created_by
      LEFT JOIN public.profiles p ON p.user_id = u.id;
END
$$;
REVOKE ALL ON FUNCTION app.version_authors(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.version_authors(uuid) TO hg_content_app, hg_definer;
ALTER FUNCTION app.version_authors(uuid) OWNER TO hg_definer;

-- From a client upwards, everybody's strategy and SEO rules in force for a content type: what an effective strategy is made
-- of, in one round trip. Whether the scope sees the client is decided on the same walk upwards, so that it costs the same
-- for whoever sees one client as for whoever sees all of them (measured at 10,200 clients: 131 ms through the policies of
-- three tables for a member of the root, each of which walks down all that the scope sees). Nothing for a client out of sight.
CREATE POLICY strategies_definer ON strategies FOR SELECT TO hg_definer USING (true);
CREATE POLICY seo_rules_definer ON seo_rules FOR SELECT TO hg_definer USING (true);
GRANT SELECT ON strategies, seo_rules TO hg_definer;

CREATE FUNCTION app.strategy_chain(of_client uuid, of_slug text, of_type public.content_type)
RETURNS TABLE (
  client_id uuid, client_name varchar, client_slug varchar, client_type public.client_type, distance int, metadata jsonb,
  strategy_id uuid, strategy_version int, configuration jsonb, rules_id uuid, rules_version int, rules jsonb
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  scope_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  scope_client uuid := nullif(current_setting('app.client_id', true), '')::uuid;
  at_client uuid;
  ids uuid[] := '{}';
  is_seen boolean := false;
BEGIN
  -- A scope is a person or a client, never both.
  IF (scope_user IS NULL) = (scope_client IS NULL) THEN
    RETURN;
  END IF;
  IF of_client IS NOT NULL THEN
    at_client := of_client;
  ELSE
    SELECT c.id INTO at_client FROM public.clients c WHERE c.slug = of_slug;
  END IF;
  WHILE at_client IS NOT NULL LOOP
    ids := ids || at_client;
    is_seen := is_seen OR CASE
      WHEN scope_client IS NOT NULL THEN at_client = scope_client
      ELSE EXISTS (SELECT FROM public.client_users m WHERE m.client_id = at_client AND m.user_id = scope_user)
    END;
    at_client := (SELECT c.parent_id FROM public.clients c WHERE c.id = at_client);
  END LOOP;
  IF NOT is_seen THEN
    RETURN;
  END IF;
  RETURN QUERY
    SELECT c.id, c.name, c.slug, c.type, (chain.place - 1)::int, CASE WHEN chain.place = 1 THEN c.metadata END,
           s.id, s.version, s.configuration, r.id, r.version, r.rules
      FROM unnest(ids) WITH ORDINALITY AS chain (id, place)
      JOIN public.clients c ON c.id = chain.id
      LEFT JOIN public.strategies s ON s.client_id = c.id AND s.content_type = of_type AND s.is_active
      LEFT JOIN public.seo_rules r ON r.client_id = c.id AND r.content_type = of_type AND r.is_active
     ORDER BY chain.place;
END
$$;
REVOKE ALL ON FUNCTION app.strategy_chain(uuid, text, public.content_type) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.strategy_chain(uuid, text, public.content_type) TO hg_content_app, hg_definer;
ALTER FUNCTION app.strategy_chain(uuid, text, public.content_type) OWNER TO hg_definer;
