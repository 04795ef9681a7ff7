-- How workers share themselves out among clients, where an operator wants more than turns for everybody alike. Who has no row
-- goes by that of the nearest client above, else weight 1 and the workers' own limit. The previous version of the services
-- runs on this, and gives everybody the same.

CREATE TABLE client_shares (
  client_id   uuid PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
  -- So many turns to one of a client of weight 1.
  weight      smallint NOT NULL DEFAULT 1 CONSTRAINT client_shares_weight CHECK (weight BETWEEN 1 AND 100),
  -- How many of its jobs run at once, over all processes; NULL: WORKER_CLIENT_CONCURRENCY.
  concurrency integer CONSTRAINT client_shares_concurrency CHECK (concurrency BETWEEN 1 AND 10000),
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER client_shares_touch BEFORE UPDATE ON client_shares FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();
CREATE TRIGGER client_shares_audit AFTER INSERT OR UPDATE OR DELETE ON client_shares FOR EACH ROW EXECUTE FUNCTION app.audit_row(
  'client_share', 'client_id', 'client_id', '', 'client_id,created_at,updated_at', '');

-- The operator's (`hg admin share`), and read by the queue; no tenant sees how others are served.
ALTER TABLE client_shares ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_shares FORCE ROW LEVEL SECURITY;
CREATE POLICY client_shares_owner ON client_shares TO hg_owner USING (true) WITH CHECK (true);
CREATE POLICY client_shares_system ON client_shares FOR SELECT TO hg_system USING (true);
GRANT SELECT ON client_shares TO hg_system;
