-- Roles of HG Content. Run once per database server, before the first migration, by a role that may
-- create roles (a managed Postgres' admin role is enough; superuser isn't needed). Idempotent.
-- The password of hg_content_app is set separately, so that this file holds no secret.
--
--   hg_owner        owns the tables; no login
--   hg_definer      owns the helper functions, reads what they need by a policy of its own; no login
--   hg_system       what crosses tenants (reaper, reconciler, partition maker); no login; reached only
--                   by SET LOCAL ROLE in hg_common::db::SystemTx
--   hg_content_app  the login behind DATABASE_URL; owns nothing, never bypasses a policy
DO $$
DECLARE
  me name := current_user;
  -- From 16 on, whoever makes a role is a member of it without the right to act as it.
  acting text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hg_owner') THEN
    CREATE ROLE hg_owner NOLOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hg_definer') THEN
    CREATE ROLE hg_definer NOLOGIN NOINHERIT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hg_system') THEN
    CREATE ROLE hg_system NOLOGIN NOINHERIT;
  END IF;
  -- NOINHERIT before the grant: the application must not hold hg_system's policies unless it asks.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hg_content_app') THEN
    CREATE ROLE hg_content_app LOGIN NOINHERIT;
  END IF;

  IF NOT pg_has_role('hg_content_app', 'hg_system', 'MEMBER') THEN
    GRANT hg_system TO hg_content_app;
  END IF;
  -- Migrations run as hg_owner and hand functions to hg_definer.
  IF NOT pg_has_role(me, 'hg_owner', acting) THEN
    EXECUTE format('GRANT hg_owner TO %I', me);
  END IF;
  IF NOT pg_has_role('hg_owner', 'hg_definer', 'MEMBER') THEN
    GRANT hg_definer TO hg_owner;
  END IF;

  EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO hg_owner', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO hg_content_app', current_database());
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

GRANT USAGE, CREATE ON SCHEMA public TO hg_owner;
GRANT USAGE ON SCHEMA public TO hg_content_app, hg_definer, hg_system;

-- A statement that runs away must not hold a pooled server for ever.
ALTER ROLE hg_content_app SET statement_timeout = '30s';
ALTER ROLE hg_content_app SET lock_timeout = '15s';
ALTER ROLE hg_content_app SET idle_in_transaction_session_timeout = '60s';
-- Statements are short and many: compiling one costs more than running it, where the planner thinks it dear (server default: on).
ALTER ROLE hg_content_app SET jit = off;
-- What the services count on, whatever the server's default.
ALTER ROLE hg_content_app SET default_transaction_isolation = 'read committed';
