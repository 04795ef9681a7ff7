-- A job's texts are compressed with LZ4: measured, pglz took a quarter of the processor time of app.jobs_complete, and a twentieth
-- of all that Postgres did for a job. New values only: what is stored stays as it is, and both can be read.
--
-- Not every Postgres is built with LZ4. Where it isn't, everything stays as it was.

SET LOCAL lock_timeout = '10s';

DO $$
DECLARE
  part regclass;
BEGIN
  -- The command doesn't go from the parent down. Partitions that are made later have it from the parent.
  FOR part IN
    SELECT 'public.jobs'::regclass UNION ALL SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = 'public.jobs'::regclass
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN result SET COMPRESSION lz4, ALTER COLUMN prompt SET COMPRESSION lz4,
                    ALTER COLUMN system_prompt SET COMPRESSION lz4', part);
  END LOOP;
EXCEPTION WHEN feature_not_supported THEN
  RAISE NOTICE 'this Postgres has no LZ4: texts are compressed with pglz, as before';
END
$$;
