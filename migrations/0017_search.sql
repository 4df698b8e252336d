-- What people search requests by. It stands beside the requests, since it is written once: an index on approval_requests is written
-- again with each transition. The words are cut here, so no text search dictionary of the server decides what is found, and no
-- extension is needed.

-- The words of a text: in lower case, without the marks of Vietnamese and other Latin letters, cut at whatever is neither letter nor
-- digit in ASCII, and at blanks and punctuation outside of it. None has a character that a tsquery gives a meaning to.
CREATE FUNCTION search_words(said text) RETURNS text[]
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ARRAY(
    SELECT DISTINCT left(word, 60)
      FROM regexp_split_to_table(
        lower(translate(regexp_replace(normalize(said, NFKD), U&'[\0300-\036F]', '', 'g'), 'đĐ', 'dd')),
        U&'[\0001-/:-@\005B-`{-\00BF\2000-\206F\3000-\303F]+') AS word
     WHERE word <> '');

-- All words of what somebody typed, each as the beginning of one; null for nothing to look for.
CREATE FUNCTION search_query(typed text) RETURNS tsquery
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (SELECT string_agg('''' || word || ''':*', ' & ' ORDER BY word)::tsquery FROM unnest(search_words(typed)) AS word);

CREATE TABLE approval_request_terms (
  request_ref  text PRIMARY KEY REFERENCES approval_requests,
  submitted_at timestamptz NOT NULL,
  risk_level   text NOT NULL,
  plan_id      text,
  target       text,
  environment  text,
  words        tsvector NOT NULL
);

-- Nobody writes a term: each follows from the request.
CREATE FUNCTION derive_request_terms() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE action jsonb := NEW.content::jsonb -> 'proposed_action';
BEGIN
  INSERT INTO approval_request_terms (request_ref, submitted_at, risk_level, plan_id, target, environment, words)
  VALUES (NEW.apr_code, NEW.created_at, NEW.risk, action ->> 'plan_id', action ->> 'target', action ->> 'environment',
          array_to_tsvector(search_words(concat_ws(' ', NEW.apr_code, NEW.title, NEW.requested_by, action ->> 'plan_id', action ->> 'target'))));
  RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION derive_request_terms() FROM PUBLIC;
CREATE TRIGGER derive_request_terms AFTER INSERT ON approval_requests FOR EACH ROW EXECUTE FUNCTION derive_request_terms();
ALTER TABLE approval_requests ENABLE ALWAYS TRIGGER derive_request_terms;

INSERT INTO approval_request_terms (request_ref, submitted_at, risk_level, plan_id, target, environment, words)
SELECT apr_code, created_at, risk, action ->> 'plan_id', action ->> 'target', action ->> 'environment',
       array_to_tsvector(search_words(concat_ws(' ', apr_code, title, requested_by, action ->> 'plan_id', action ->> 'target')))
  FROM approval_requests, LATERAL (SELECT content::jsonb -> 'proposed_action') AS proposed (action);

CREATE INDEX request_terms_by_plan ON approval_request_terms (plan_id, submitted_at DESC, request_ref DESC) WHERE plan_id IS NOT NULL;
CREATE INDEX request_terms_by_target ON approval_request_terms (target, submitted_at DESC, request_ref DESC) WHERE target IS NOT NULL;
CREATE INDEX request_terms_by_environment ON approval_request_terms (environment, submitted_at DESC, request_ref DESC)
  WHERE environment IS NOT NULL;
CREATE INDEX request_terms_by_risk ON approval_request_terms (risk_level, submitted_at DESC, request_ref DESC);
CREATE INDEX request_terms_newest ON approval_request_terms (submitted_at DESC, request_ref DESC);
-- What waits to be merged is read by every search, and merged by whoever makes it too long: so it is kept short.
CREATE INDEX request_terms_by_word ON approval_request_terms USING gin (words) WITH (gin_pending_list_limit = 256);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON approval_request_terms FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE approval_request_terms ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON approval_request_terms FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE approval_request_terms ENABLE ALWAYS TRIGGER never_truncated;
GRANT SELECT ON approval_request_terms TO countersign_app;

-- The other filters of the lists of grants and runs.
CREATE INDEX grants_by_plan ON governance_build_authorization ((scope ->> 'plan_id'), granted_at DESC, auth_code DESC);
CREATE INDEX runs_not_succeeded ON c1_build_run (status, created_at DESC, idempotency_root DESC) WHERE status <> 'succeeded';
CREATE INDEX runs_by_build ON c1_build_run (build, created_at DESC, idempotency_root DESC);
CREATE INDEX runs_by_executor ON c1_build_run (executor, created_at DESC, idempotency_root DESC);
CREATE INDEX runs_by_target ON c1_build_run (database, created_at DESC, idempotency_root DESC);
