-- What 0024 left of the cost of the policies on lists of jobs: each arm of a policy is planned anew for every partition at every
-- call, and looks at every row that is counted. And the newest jobs of a tenant were found by walking past everybody's.
--
-- Now a function looks at the clients once, instead of at their client row by row, and asks the index of each for its newest
-- jobs; plans are kept for as long as the connection lives. The rows of the page are read by the caller, under the policies.

-- Jobs of one state are looked for where there are few of them. Under a policy the index by client and state is of no use: comparing
-- two values of an enum isn't held to be leakproof. A partial index is chosen by what it promises, and compares nothing.
CREATE INDEX idx_jobs_failed ON jobs (client_id, id DESC) WHERE status = 'failed';
CREATE INDEX idx_jobs_cancelled ON jobs (client_id, id DESC) WHERE status = 'cancelled';

SET LOCAL ROLE hg_definer;

-- Those of `asked` that the scope sees, each once.
CREATE FUNCTION app.clients_visible_of(asked uuid[]) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  -- app.nearby_client_ids() gives no more.
  nearby_most CONSTANT integer := 64;
BEGIN
  IF (cardinality(asked) <= nearby_most AND asked <@ app.nearby_client_ids())
     OR (app.user_id() IS NOT NULL AND app.client_id() IS NULL AND app.sees_all_clients()) THEN
    RETURN ARRAY(SELECT DISTINCT unnest(asked));
  END IF;
  RETURN ARRAY(SELECT unnest(asked) INTERSECT SELECT unnest(app.accessible_client_ids()));
END
$$;

-- The newest jobs of these clients that are older than `before` (NULL: of all), newest first; of one state where
-- that is asked for.
--
-- The newest of each client come from its index, which no other tenant's jobs make longer. Jobs are partitioned by month, and each
-- partition that is looked at costs a descent per client: so this month first, then one, two, four, eight, sixteen more, then all
-- the rest at once, as long as the page isn't full. Whoever sees many clients finds their jobs among the newest of all, mostly.
CREATE FUNCTION app.job_ids(
  of_clients uuid[], before uuid, most integer, of_status public.job_status DEFAULT NULL
) RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
-- A plan may have been made when there were no jobs yet; it is kept.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  few CONSTANT integer := 64;
  looked_through CONSTANT integer := 2000;
  most_months CONSTANT integer := 16;
  visible uuid[] := app.clients_visible_of(of_clients);
  upper uuid := coalesce(before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  lower uuid;
  month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  months integer := 1;
  wanted integer := most;
  looked integer;
  -- Planned for this very state, so that its partial index is known to hold all that is looked for.
  of_one_state CONSTANT text := format(
    'SELECT ARRAY(
       SELECT newest.id
         FROM unnest($1) AS c (id)
        CROSS JOIN LATERAL (SELECT j.id FROM public.jobs j
                             WHERE j.client_id = c.id AND j.status = %L AND j.id < $2 AND j.id >= $3
                             ORDER BY j.id DESC LIMIT $4) AS newest
        ORDER BY newest.id DESC LIMIT $4)', of_status);
  part uuid[];
  ids uuid[] := '{}';
BEGIN
  LOOP
    lower := CASE WHEN months > most_months THEN '00000000-0000-0000-0000-000000000000'
                  ELSE app.uuid_v7_floor(month AT TIME ZONE 'UTC') END;
    IF lower < upper THEN
      part := NULL;
      IF of_status IS NOT NULL THEN
        EXECUTE of_one_state INTO part USING visible, upper, lower, wanted;
      ELSIF cardinality(visible) > few THEN
        SELECT count(*), coalesce((array_agg(j.id ORDER BY j.id DESC) FILTER (WHERE j.client_id IN (SELECT unnest(visible))))[:wanted], '{}')
          INTO looked, part
          FROM (SELECT j.id, j.client_id FROM public.jobs j
                 WHERE j.id < upper AND j.id >= lower ORDER BY j.id DESC LIMIT looked_through) AS j;
        -- There are more than were looked through.
        IF looked = looked_through AND cardinality(part) < wanted THEN
          part := NULL;
        END IF;
      END IF;
      IF part IS NULL THEN
        part := ARRAY(
          SELECT newest.id
            FROM unnest(visible) AS c (id)
           CROSS JOIN LATERAL (SELECT j.id FROM public.jobs j
                                WHERE j.client_id = c.id AND j.id < upper AND j.id >= lower
                                ORDER BY j.id DESC LIMIT wanted) AS newest
           ORDER BY newest.id DESC LIMIT wanted);
      END IF;
      ids := ids || part;
      wanted := wanted - cardinality(part);
      upper := lower;
    END IF;
    EXIT WHEN wanted <= 0 OR months > most_months;
    month := month - make_interval(months => months);
    months := months * 2;
  END LOOP;
  RETURN ids;
END
$$;

-- How many jobs these clients have, counted up to `most`.
CREATE FUNCTION app.job_count(
  of_clients uuid[], most bigint, of_status public.job_status DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ''
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  few CONSTANT integer := 64;
  visible uuid[];
  counted bigint;
BEGIN
  IF of_status IS NOT NULL THEN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM public.jobs j WHERE j.client_id = ANY ($1) AND j.status = %L LIMIT $2) AS counted', of_status)
       INTO counted USING app.clients_visible_of(of_clients), most;
    RETURN counted;
  END IF;
  -- Of (nearly) all clients: jobs as they come, instead of ten thousand looks into each partition.
  IF cardinality(of_clients) > few AND app.user_id() IS NOT NULL AND app.client_id() IS NULL AND app.sees_all_clients() THEN
    RETURN (SELECT count(*) FROM (SELECT FROM public.jobs j WHERE j.client_id IN (SELECT unnest(of_clients)) LIMIT most) AS counted);
  END IF;
  visible := app.clients_visible_of(of_clients);
  RETURN (SELECT count(*) FROM (SELECT FROM public.jobs j WHERE j.client_id = ANY (visible) LIMIT most) AS counted);
END
$$;

REVOKE ALL ON FUNCTION app.clients_visible_of(uuid[]), app.job_ids(uuid[], uuid, integer, public.job_status),
  app.job_count(uuid[], bigint, public.job_status) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.clients_visible_of(uuid[]), app.job_ids(uuid[], uuid, integer, public.job_status),
  app.job_count(uuid[], bigint, public.job_status)
  TO hg_content_app, hg_definer;
SET LOCAL ROLE hg_owner;

-- A page of the list of jobs. With the *caller's* rights: each row passes the policies.
CREATE FUNCTION app.job_page(
  of_clients uuid[], before uuid, most integer, of_status public.job_status DEFAULT NULL
)
RETURNS TABLE (id uuid, client_id uuid, client_name text, topic text, content_type text, status text, stage text,
               llm_provider text, model text, title text, quality_score smallint, cost numeric, error_code text,
               error_message text, created_at timestamptz, started_at timestamptz, completed_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = ''
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  ids uuid[] := app.job_ids(of_clients, before, most, of_status);
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
REVOKE ALL ON FUNCTION app.job_page(uuid[], uuid, integer, public.job_status) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app.job_page(uuid[], uuid, integer, public.job_status) TO hg_content_app;
