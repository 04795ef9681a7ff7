-- A victim: a customer with one of everything, and a mark in every text of it. Lives in the tests' databases alone.

CREATE SCHEMA proof;

-- `people`: viewer, member, admin and owner of the victim. `removed`: somebody who was its owner until just now.
-- `key_hashes`: API keys of it, with the scopes of `key_scopes`; the last two are revoked and expired.
CREATE FUNCTION proof.plant(agency uuid, people uuid[], removed uuid, mark text, token text, key_hashes bytea[], key_scopes text[])
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  tail text := replace(gen_random_uuid()::text, '-', '');
  victim uuid;
  empty uuid;
  archived uuid;
  strategy uuid;
  rules uuid;
  template uuid;
  member uuid;
  invited uuid;
  newcomer uuid;
  invitation uuid;
  pending_job uuid;
  failed_job uuid;
  done_job uuid;
  data_job uuid;
  export_job uuid;
  audit_entry uuid;
  api_key uuid;
  provider_key uuid;
  parameters jsonb := jsonb_build_object('prompt', mark, 'keywords', jsonb_build_array(mark), 'tone', mark, 'target_audience', mark,
                                         'input_bound', 1000, 'reserved_max_tokens', 1000);
BEGIN
  INSERT INTO public.clients (name, slug, type, parent_id, metadata)
  VALUES (mark || ' Bakery', 'zz-' || tail, 'customer', agency, jsonb_build_object('note', mark)) RETURNING id INTO victim;
  INSERT INTO public.clients (name, slug, type, parent_id) VALUES (mark || ' Empty', 'ze-' || tail, 'customer', agency) RETURNING id INTO empty;
  INSERT INTO public.clients (name, slug, type, parent_id, archived_at) VALUES (mark || ' Archived', 'za-' || tail, 'customer', agency, now()) RETURNING id INTO archived;

  INSERT INTO public.client_users (client_id, user_id, role)
  SELECT victim, person, (ARRAY['viewer', 'member', 'admin', 'owner'])[place]::public.member_role FROM unnest(people) WITH ORDINALITY AS p (person, place);
  INSERT INTO public.client_users (client_id, user_id, role)
  SELECT archived, person, (ARRAY['viewer', 'member', 'admin', 'owner'])[place]::public.member_role FROM unnest(people) WITH ORDINALITY AS p (person, place);
  INSERT INTO public.client_users (client_id, user_id, role) VALUES (victim, removed, 'admin');
  DELETE FROM public.client_users WHERE client_id = victim AND user_id = removed;

  INSERT INTO auth.users (email) VALUES ('member-' || mark || tail || '@example.com') RETURNING id INTO member;
  INSERT INTO auth.users (email) VALUES ('invited-' || mark || tail || '@example.com') RETURNING id INTO invited;
  INSERT INTO auth.users (email) VALUES ('newcomer-' || mark || tail || '@example.com') RETURNING id INTO newcomer;
  INSERT INTO public.profiles (user_id, display_name) VALUES (member, mark || ' Member'), (invited, mark || ' Invited'), (newcomer, mark || ' Newcomer');
  INSERT INTO public.client_users (client_id, user_id, role) VALUES (victim, member, 'member');
  INSERT INTO public.invitations (client_id, email, role, token_hash, invited_by)
  VALUES (victim, 'invited-' || mark || tail || '@example.com', 'viewer', sha256(token::bytea), people[4]) RETURNING id INTO invitation;

  INSERT INTO public.strategies (client_id, name, content_type, configuration, version, created_by)
  VALUES (victim, mark || ' strategy', 'blog_post', jsonb_build_object('tone', mark, 'brand_guidelines', mark, 'call_to_action', mark), 2, people[2]) RETURNING id INTO strategy;
  INSERT INTO public.strategy_versions (strategy_id, version, client_id, name, configuration, note, created_by)
  SELECT strategy, n, victim, mark || ' strategy', jsonb_build_object('tone', mark || n), mark, people[2] FROM generate_series(1, 2) n;
  INSERT INTO public.seo_rules (client_id, content_type, rules, version, created_by)
  VALUES (victim, 'blog_post', jsonb_build_object('text_length_min', 300), 2, people[2]) RETURNING id INTO rules;
  INSERT INTO public.seo_rule_versions (seo_rules_id, version, client_id, rules, note, created_by)
  SELECT rules, n, victim, jsonb_build_object('text_length_min', 300 + n), mark, people[2] FROM generate_series(1, 2) n;
  INSERT INTO public.prompt_templates (client_id, name, content_type, system_template, template, created_by)
  VALUES (victim, mark || ' template', 'blog_post', mark, mark || ' {{ topic }}', people[2]) RETURNING id INTO template;
  INSERT INTO public.prompt_template_versions (template_id, version, client_id, name, system_template, template, variables, note, created_by)
  VALUES (template, 1, victim, mark || ' template', mark, mark || ' {{ topic }}', '{}', mark, people[2]);

  INSERT INTO public.jobs (client_id, topic, content_type, llm_provider, model, parameters, created_by, request_id)
  VALUES (victim, mark || ' pending', 'blog_post', 'sample', 'sample-1', parameters, people[2], mark) RETURNING id INTO pending_job;
  INSERT INTO public.job_runs (job_id, client_id, deadline_at) VALUES (pending_job, victim, now() + interval '1 hour');
  INSERT INTO public.job_events (job_id, seq, client_id, type, data)
  VALUES (pending_job, 1, victim, 'status', '{"status": "pending", "stage": "queued", "attempt": 0, "at": "2026-11-21T09:29:00.000Z"}');
  INSERT INTO public.jobs (client_id, topic, content_type, llm_provider, model, status, parameters, error_code, error_message, completed_at, created_by)
  VALUES (victim, mark || ' failed', 'blog_post', 'sample', 'sample-1', 'failed', parameters, 'provider_error', mark, now(), people[2]) RETURNING id INTO failed_job;
  INSERT INTO public.jobs (client_id, topic, content_type, llm_provider, model, provider_model, status, parameters, prompt, system_prompt, result, quality_score,
                           cost, template_id, template_version, strategy_sources, completed_at, created_by)
  VALUES (victim, mark || ' done', 'blog_post', 'sample', 'sample-1', 'sample-1', 'completed', parameters, mark, mark,
          jsonb_build_object('content', '# ' || mark || E'\n\n' || mark, 'title', mark, 'meta_description', mark, 'word_count', 2, 'quality', '{"score": 88}'::jsonb), 88,
          0.5, template, 1, jsonb_build_array(jsonb_build_object('level', 'client', 'client_id', victim, 'client_name', mark, 'strategy_id', strategy, 'version', 2)),
          now(), people[2]) RETURNING id INTO done_job;
  INSERT INTO public.job_events (job_id, seq, client_id, type, data)
  VALUES (done_job, 1, victim, 'status', '{"status": "pending", "stage": "queued", "attempt": 0, "at": "2026-11-21T09:29:00.000Z"}'),
         (done_job, 2, victim, 'completed', jsonb_build_object('title', mark, 'score', 88, 'cost_usd', '0.500000000'));
  INSERT INTO public.provider_calls (job_id, client_id, attempt, stage, provider, model, cost, status, error_message, generation_id)
  VALUES (done_job, victim, 1, 'write', 'sample', 'sample-1', 0.5, 'done', mark, mark);
  INSERT INTO public.charges (job_id, client_id, amount, provider, model) VALUES (done_job, victim, 0.5, 'sample', 'sample-1');
  INSERT INTO public.budgets (client_id, period, period_start, spent, spent_charged)
  SELECT victim, period, date_trunc(period::text, now() AT TIME ZONE 'UTC')::date, 0.5, 0.5 FROM unnest('{day,month}'::public.budget_period[]) period;
  INSERT INTO public.budget_limits (client_id, daily_limit) VALUES (victim, 100);
  INSERT INTO public.reservations (job_id, client_id, held, settled_at) VALUES (done_job, victim, 0.5, now());
  INSERT INTO public.budget_warnings (budget_id, percent, client_id, limit_usd, spent)
  SELECT b.id, 80, victim, 100, 81 FROM public.budgets b WHERE b.client_id = victim;

  INSERT INTO public.content_versions (job_id, number, client_id, title, content, meta_description, word_count, quality, quality_score, changed, note, created_by)
  VALUES (done_job, 1, victim, mark, '# ' || mark || E'\n\n' || mark, mark, 2, '{"score": 88}', 88, 0.5, mark, people[2]);
  INSERT INTO public.content_approvals (job_id, client_id, version, verdict, note, created_by) VALUES (done_job, victim, 1, 'approved', mark, people[2]);

  INSERT INTO public.api_keys (client_id, name, prefix, key_hash, scopes, revoked_at, expires_at)
  SELECT victim, mark || ' key', left(mark, 10), hash, string_to_array(scopes, ','),
         CASE WHEN place = cardinality(key_hashes) - 1 THEN now() END, CASE WHEN place = cardinality(key_hashes) THEN now() - interval '1 minute' END
    FROM unnest(key_hashes, key_scopes) WITH ORDINALITY AS k (hash, scopes, place);
  INSERT INTO public.api_keys (client_id, name, prefix, key_hash, scopes, jobs_per_day)
  VALUES (victim, mark || ' shop', left(mark, 10), sha256(tail::bytea), '{generate}', 5) RETURNING id INTO api_key;
  INSERT INTO public.api_key_budgets (api_key_id, period, period_start, client_id, jobs) VALUES (api_key, 'day', (now() AT TIME ZONE 'UTC')::date, victim, 3);
  INSERT INTO public.provider_keys (client_id, provider, sealed, hint, name) VALUES (victim, 'openai', convert_to(mark, 'UTF8'), left(mark, 12), mark) RETURNING id INTO provider_key;

  INSERT INTO public.data_jobs (kind, client_id, clients, requested_by) VALUES ('retention', victim, ARRAY[victim], people[4]) RETURNING id INTO data_job;
  INSERT INTO public.data_jobs (kind, client_id, clients, requested_by, status, file_bytes, file_sha256, expires_at, finished_at)
  VALUES ('client_export', victim, ARRAY[victim], people[4], 'completed', length(mark), sha256(mark::bytea), now() + interval '1 day', now()) RETURNING id INTO export_job;
  INSERT INTO public.data_export_chunks (job_id, path, seq, client_id, bytes) VALUES (export_job, 'export.zip', 0, victim, mark::bytea);
  INSERT INTO public.client_retention (client_id, jobs_days) VALUES (victim, 365);
  SELECT l.id INTO STRICT audit_entry FROM public.audit_log l WHERE l.client_id = victim ORDER BY l.id LIMIT 1;

  RETURN jsonb_build_object(
    'data_job', data_job, 'export_job', export_job, 'audit_entry', audit_entry, 'client', victim, 'slug', 'zz-' || tail, 'empty', empty, 'empty_slug', 'ze-' || tail, 'archived', archived, 'archived_slug', 'za-' || tail,
    'agency', agency, 'strategy', strategy, 'rules', rules, 'template', template, 'member', member, 'invited', invited,
    'newcomer_email', 'newcomer-' || mark || tail || '@example.com', 'invitation', invitation, 'token', token,
    'api_key', api_key, 'provider_key', provider_key, 'pending_job', pending_job, 'failed_job', failed_job, 'done_job', done_job);
END
$$;

-- What every table holds, by its name, but for columns that only note that somebody was here, or that the queue knows.
CREATE FUNCTION proof.fingerprints() RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  name text;
  hash text;
  found jsonb := '{}';
BEGIN
  FOR name IN
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  LOOP
    -- A row that somebody wrote has another xmin, and one that went is missed; reading the rows themselves takes twenty times
    -- as long. Only where such a note is written is it left out by hand.
    IF name IN ('api_keys', 'auth.sessions', 'job_runs') THEN
      EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended((to_jsonb(t) - ''last_used_at'' - ''last_seen_at'' - ''dispatched_at'')::text, 0)), 0)
                        FROM %s t', name) INTO hash;
    ELSE
      EXECUTE format('SELECT count(*) || '' '' || coalesce(sum(xmin::text::bigint), 0) FROM %s', name) INTO hash;
    END IF;
    found := found || jsonb_build_object(name, hash);
  END LOOP;
  RETURN found;
END
$$;
