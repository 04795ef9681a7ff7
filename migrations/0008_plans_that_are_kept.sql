-- The functions behind the policies run several times in every statement. As SQL functions they were planned anew at
-- each call, which took most of the database's time (measured: 0.4 ms of planning for 0.3 ms of work, fourteen times
-- per accepted job). PL/pgSQL keeps its plans for as long as the pooled connection lives. What they answer stays the same.

-- The transaction's scope: plain expressions, so that the planner puts them where they are called. A body like this is
-- bound to its functions when it is made, whatever the caller's search_path.
CREATE OR REPLACE FUNCTION app.user_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.user_id', true), '')::uuid;

CREATE OR REPLACE FUNCTION app.client_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.client_id', true), '')::uuid;

CREATE OR REPLACE FUNCTION app.uuid_v7(at timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET search_path = '' AS $$
DECLARE
  milliseconds numeric := extract(epoch FROM at) * 1000;
BEGIN
  RETURN encode(
    overlay(
      overlay(
        uuid_send(gen_random_uuid())
        PLACING substring(int8send(floor(milliseconds)::bigint) FROM 3) FROM 1 FOR 6
      )
      PLACING int2send((28672 + floor((milliseconds - floor(milliseconds)) * 4096)::int)::int2)
      FROM 7 FOR 2
    ), 'hex')::uuid;
END
$$;

-- Their owner. From here on as hg_definer.
SET LOCAL ROLE hg_definer;

-- The clients on which the transaction's scope holds at least a role, downwards: a membership counts for everything
-- below; a key or worker (app.client_id) counts as a member on its subtree. Level by level; a customer has nothing below
-- it, so a key of a customer is done after one look-up in an index.
CREATE OR REPLACE FUNCTION app.client_ids_with_role(at_least public.member_role) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  of_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  of_client uuid := nullif(current_setting('app.client_id', true), '')::uuid;
  found_here uuid[];
  parents uuid[];
  ids uuid[] := '{}';
BEGIN
  IF of_user IS NOT NULL AND of_client IS NULL THEN
    SELECT array_agg(c.id), array_agg(c.id) FILTER (WHERE c.type <> 'customer') INTO found_here, parents
      FROM public.client_users m JOIN public.clients c ON c.id = m.client_id
     WHERE m.user_id = of_user AND m.role >= at_least;
  ELSIF of_client IS NOT NULL AND of_user IS NULL AND at_least <= 'member'::public.member_role THEN
    SELECT array_agg(c.id), array_agg(c.id) FILTER (WHERE c.type <> 'customer') INTO found_here, parents
      FROM public.clients c WHERE c.id = of_client;
  END IF;
  ids := coalesce(found_here, '{}');
  -- Who is a member of an agency and of a customer below it would meet the customer twice: hence the last condition, which
  -- also ends a circle, were there ever one.
  WHILE parents IS NOT NULL LOOP
    SELECT array_agg(c.id), array_agg(c.id) FILTER (WHERE c.type <> 'customer') INTO found_here, parents
      FROM public.clients c WHERE c.parent_id = ANY (parents) AND c.id <> ALL (ids);
    ids := ids || coalesce(found_here, '{}');
  END LOOP;
  RETURN ids;
END
$$;

CREATE OR REPLACE FUNCTION app.accessible_client_ids() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$
BEGIN
  RETURN app.client_ids_with_role('viewer'::public.member_role);
END
$$;

CREATE OR REPLACE FUNCTION app.inherited_client_ids() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  ids uuid[] := app.client_ids_with_role('viewer'::public.member_role);
  level uuid[] := ids;
BEGIN
  WHILE level IS NOT NULL LOOP
    level := (SELECT array_agg(DISTINCT c.parent_id) FROM public.clients c
               WHERE c.id = ANY (level) AND c.parent_id <> ALL (ids));
    ids := ids || coalesce(level, '{}');
  END LOOP;
  RETURN ids;
END
$$;

CREATE OR REPLACE FUNCTION app.ancestor_chain(of_client uuid)
RETURNS TABLE (id uuid, name varchar, slug varchar, type public.client_type, distance int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  step record;
BEGIN
  distance := 0;
  IF of_client IS NULL OR of_client <> ALL (app.client_ids_with_role('viewer'::public.member_role)) THEN
    RETURN;
  END IF;
  WHILE of_client IS NOT NULL LOOP
    SELECT c.id, c.name, c.slug, c.type, c.parent_id INTO step FROM public.clients c WHERE c.id = of_client;
    EXIT WHEN NOT FOUND;
    id := step.id;
    name := step.name;
    slug := step.slug;
    type := step.type;
    RETURN NEXT;
    distance := distance + 1;
    of_client := step.parent_id;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION app.role_on(of_client uuid) RETURNS public.member_role
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  of_user uuid := nullif(current_setting('app.user_id', true), '')::uuid;
  at_client uuid := of_client;
  strongest public.member_role;
BEGIN
  IF of_user IS NULL THEN
    RETURN CASE WHEN of_client = ANY (app.client_ids_with_role('viewer'::public.member_role)) THEN 'member'::public.member_role END;
  END IF;
  WHILE at_client IS NOT NULL LOOP
    strongest := greatest(strongest, (SELECT m.role FROM public.client_users m WHERE m.client_id = at_client AND m.user_id = of_user));
    at_client := (SELECT c.parent_id FROM public.clients c WHERE c.id = at_client);
  END LOOP;
  RETURN strongest;
END
$$;

-- One partition is looked at: the generic plan prunes when it runs, and isn't made anew for each job.
CREATE OR REPLACE FUNCTION app.job_is_of(of_job uuid, of_client uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN EXISTS (SELECT FROM public.jobs j WHERE j.id = of_job AND j.client_id = of_client);
END
$$;

ALTER FUNCTION app.ledger_reserve(uuid, uuid, numeric) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION app.ledger_settle(uuid, numeric, numeric, numeric, numeric) SET plan_cache_mode = force_generic_plan;

SET LOCAL ROLE hg_owner;

ALTER FUNCTION app.job_accept(uuid, text, text, text, bytea, text, public.content_type, text, text, jsonb, smallint, interval, numeric, uuid, uuid, text, uuid, uuid)
  SET plan_cache_mode = force_generic_plan;
