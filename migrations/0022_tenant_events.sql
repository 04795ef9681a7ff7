-- Events of all jobs of a tenant, in an order that commits respect: (xid, id). Whoever reads only below
-- pg_snapshot_xmin(pg_current_snapshot()) never passes over one that commits later.

SET LOCAL lock_timeout = '10s';

-- Filled by their defaults, whichever version inserts. Events from before have neither, and are in no tenant's stream.
ALTER TABLE job_events ADD COLUMN xid xid8, ADD COLUMN id bigint;
-- Only the order within one transaction matters, so each session may take many at once.
CREATE SEQUENCE job_events_id_seq AS bigint CACHE 64 OWNED BY job_events.id;
GRANT USAGE ON SEQUENCE job_events_id_seq TO hg_content_app, hg_system, hg_definer;
ALTER TABLE job_events
  ALTER COLUMN xid SET DEFAULT pg_current_xact_id(),
  ALTER COLUMN id SET DEFAULT nextval('job_events_id_seq');
CREATE INDEX job_events_order_idx ON job_events (client_id, xid, id) WHERE xid IS NOT NULL;

-- Up to where a client's events are not complete any more: retention and erasure delete them.
CREATE TABLE job_event_floors (
  client_id  uuid PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  xid        xid8 NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE job_event_floors ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_event_floors FORCE ROW LEVEL SECURITY;
CREATE POLICY job_event_floors_owner ON job_event_floors TO hg_owner USING (true) WITH CHECK (true);
CREATE POLICY job_event_floors_visible_select ON job_event_floors FOR SELECT TO hg_content_app
  USING (client_id = (SELECT app.own_client_id()) OR client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]));
CREATE POLICY job_event_floors_definer ON job_event_floors TO hg_definer USING (true) WITH CHECK (true);
GRANT SELECT ON job_event_floors TO hg_content_app;
GRANT SELECT, INSERT, UPDATE ON job_event_floors TO hg_definer;

-- A trigger, so that the version before this one keeps them, too. A client that is deleted in this very transaction has none.
SET LOCAL ROLE hg_definer;
CREATE FUNCTION app.job_events_gone() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  INSERT INTO public.job_event_floors (client_id, xid)
  SELECT g.client_id, max(g.xid) FROM gone g
   WHERE g.xid IS NOT NULL AND EXISTS (SELECT FROM public.clients c WHERE c.id = g.client_id)
   GROUP BY g.client_id ORDER BY g.client_id
  ON CONFLICT ON CONSTRAINT job_event_floors_pkey
  DO UPDATE SET xid = greatest(public.job_event_floors.xid, excluded.xid), updated_at = now();
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION app.job_events_gone() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.job_events_gone() TO hg_owner;
SET LOCAL ROLE hg_owner;
CREATE TRIGGER job_events_gone AFTER DELETE ON job_events
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION app.job_events_gone();
