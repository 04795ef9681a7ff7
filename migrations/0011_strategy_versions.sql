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
