-- Apart from 0027, which locks `reservations`: whoever accepts a job writes `jobs` first and `reservations` then, and a migration
-- that held the one while it waits for the other would stand in a circle with them.

SET LOCAL lock_timeout = '10s';

CREATE TRIGGER jobs_gone AFTER DELETE ON jobs REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION app.jobs_gone();
