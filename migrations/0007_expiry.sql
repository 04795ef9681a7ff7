-- What nobody can use any more goes away: sessions and links that have expired (gateway), idempotency keys whose time is
-- over (content production). The services sweep in bounded batches; the indexes are for that.

CREATE INDEX sessions_expiry_idx ON auth.sessions (expires_at);
CREATE INDEX reset_tokens_expiry_idx ON auth.reset_tokens (expires_at);
CREATE INDEX job_idempotency_created_idx ON job_idempotency (created_at);

GRANT DELETE ON auth.sessions, auth.reset_tokens TO hg_definer;

-- Deletes at most so many sessions, and as many links, that expired longer ago than that; returns how many rows went.
-- A definer function: a session is its user's alone, and nobody who is signed in sweeps.
CREATE FUNCTION auth.expired_sweep(keep interval, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  sessions integer;
  tokens integer;
BEGIN
  -- least(): whatever the caller asks for, what is valid stays.
  DELETE FROM auth.sessions WHERE id IN (
    SELECT s.id FROM auth.sessions s WHERE s.expires_at < least(now(), now() - keep) ORDER BY s.expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS sessions = ROW_COUNT;
  DELETE FROM auth.reset_tokens WHERE token_hash IN (
    SELECT t.token_hash FROM auth.reset_tokens t WHERE t.expires_at < least(now(), now() - keep) ORDER BY t.expires_at LIMIT most FOR UPDATE SKIP LOCKED);
  GET DIAGNOSTICS tokens = ROW_COUNT;
  RETURN sessions + tokens;
END
$$;

REVOKE ALL ON FUNCTION auth.expired_sweep(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.expired_sweep(interval, integer) TO hg_content_app, hg_definer;
ALTER FUNCTION auth.expired_sweep(interval, integer) OWNER TO hg_definer;
