-- What 0024 left of the cost of the policies on lists of jobs: each arm of a policy is planned anew for every partition at every
-- call, and looks at every row that is counted. And the newest jobs of a tenant were found by walking past everybody's.
--
-- Now a function looks at the clients once, instead of at their client row by row, and asks the index of each for its newest
-- jobs; plans are kept for as long as the connection lives. The rows of the page are read by the caller, under the policies.

SET LOCAL ROLE hg_definer;

-- Those of `asked` that the scope sees, each once.
CREATE FUNCTION app.clients_visible_of(asked uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  IF (cardinality(asked) <= 64 AND asked <@ app.nearby_client_ids())
     OR (app.user_id() IS NOT NULL AND app.client_id() IS NULL AND app.sees_all_clients()) THEN
    RETURN ARRAY(SELECT DISTINCT unnest(asked));
  END IF;
  RETURN ARRAY(SELECT unnest(asked) INTERSECT SELECT unnest(app.accessible_client_ids()));
END
$$;

-- The newest jobs of these clients that are older than `before` (NULL: of all), newest first.
--
-- Few clients: the newest of each, from its index, which no other tenant's jobs make longer. Jobs are partitioned by month, and
-- each partition that is looked at costs a descent per client: so this month first, and then one, two, four, eight, sixteen more,
-- as long as the page isn't full. Many clients: their jobs are dense enough to walk all of them, newest first.
CREATE FUNCTION app.job_ids(of_clients uuid[], before uuid, most integer) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  few CONSTANT integer := 64;
  furthest CONSTANT integer := 16;
  visible uuid[] := app.clients_visible_of(of_clients);
  upper uuid := coalesce(before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  lower uuid;
  month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  further integer := 1;
  wanted integer := most;
  part uuid[];
  ids uuid[] := '{}';
BEGIN
  IF cardinality(visible) > few THEN
    -- Planned for these very clients.
    EXECUTE 'SELECT ARRAY(SELECT j.id FROM public.jobs j WHERE j.client_id = ANY ($1) AND j.id < $2 ORDER BY j.id DESC LIMIT $3)'
       INTO ids USING visible, upper, most;
    RETURN ids;
  END IF;
  LOOP
    lower := CASE WHEN further > furthest THEN '00000000-0000-0000-0000-000000000000'
                  ELSE app.uuid_v7_floor(month AT TIME ZONE 'UTC') END;
    IF lower < upper THEN
      part := ARRAY(
        SELECT newest.id
          FROM unnest(visible) AS c (id)
         CROSS JOIN LATERAL (SELECT j.id FROM public.jobs j
                              WHERE j.client_id = c.id AND j.id < upper AND j.id >= lower
                              ORDER BY j.id DESC LIMIT wanted) AS newest
         ORDER BY newest.id DESC LIMIT wanted);
      ids := ids || part;
      wanted := wanted - cardinality(part);
      upper := lower;
    END IF;
    EXIT WHEN wanted <= 0 OR further > furthest;
    month := month - make_interval(months => further);
    further := further * 2;
  END LOOP;
  RETURN ids;
END
$$;

-- How many jobs these clients have, counted up to `most`.
CREATE FUNCTION app.job_count(of_clients uuid[], most bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  visible uuid[] := app.clients_visible_of(of_clients);
BEGIN
  RETURN (SELECT count(*) FROM (SELECT FROM public.jobs j WHERE j.client_id = ANY (visible) LIMIT most) AS counted);
END
$$;

REVOKE ALL ON FUNCTION app.clients_visible_of(uuid[]), app.job_ids(uuid[], uuid, integer), app.job_count(uuid[], bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.clients_visible_of(uuid[]), app.job_ids(uuid[], uuid, integer), app.job_count(uuid[], bigint)
  TO hg_content_app, hg_definer;
SET LOCAL ROLE hg_owner;

-- A page of the list of jobs, without filters. With the *caller's* rights: each row passes the policies.
CREATE FUNCTION app.job_page(of_clients uuid[], before uuid, most integer)
RETURNS TABLE (id uuid, client_id uuid, client_name text, topic text, content_type text, status text, stage text,
               llm_provider text, model text, title text, quality_score smallint, cost numeric, error_code text,
               error_message text, created_at timestamptz, started_at timestamptz, completed_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = '' SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  ids uuid[] := app.job_ids(of_clients, before, most);
  -- Partitions that can't hold any of them aren't opened.
  newest uuid := ids[1];
  oldest uuid := ids[cardinality(ids)];
BEGIN
  RETURN QUERY
  SELECT j.id, j.client_id, c.name::text, j.topic::text, j.content_type::text, coalesce(r.status, j.status)::text, r.stage::text,
         j.llm_provider::text, coalesce(j.provider_model, j.model)::text, j.title::text, j.quality_score, j.cost, j.error_code::text,
         j.error_message::text, j.created_at, j.started_at, j.completed_at
    FROM public.jobs j
    JOIN public.clients c ON c.id = j.client_id
    LEFT JOIN public.job_runs r ON r.job_id = j.id
   WHERE j.id = ANY (ids) AND j.id BETWEEN oldest AND newest
   ORDER BY j.id DESC;
END
$$;
REVOKE ALL ON FUNCTION app.job_page(uuid[], uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.job_page(uuid[], uuid, integer) TO hg_content_app;
