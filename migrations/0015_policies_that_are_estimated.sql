-- Statements name their tenant themselves; the policy is the second wall. As `= ANY` of an array that is known only when the
-- statement runs, it cost more than it had to: each row was looked for in the array from its beginning to its end, and the
-- planner took it for a second condition that leaves next to nothing, so that it read and sorted all of a client's jobs for a
-- page of 21 (measured: docs/tenancy.md). As a list that is hashed once, each row is one look-up, and the estimate is off by
-- half at most. Who has a role on the root sees every client: that is asked first and costs one look-up, not a walk through
-- all clients. Each arm is asked only where the one before it didn't do.

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['jobs', 'job_runs', 'job_events', 'job_idempotency', 'provider_calls', 'charges'] LOOP
    EXECUTE format(
      'ALTER POLICY %I ON %I USING (client_id = (SELECT app.own_client_id())
         OR (SELECT app.user_id() IS NOT NULL AND app.client_id() IS NULL AND app.sees_all_clients())
         OR client_id IN (SELECT unnest(app.accessible_client_ids())))',
      t || '_visible_select', t);
  END LOOP;
END
$$;
