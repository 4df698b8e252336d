-- Approval requests (APR), votes, and the table that routes an approved request to its handler.

CREATE TABLE apr_action_types (
  action_code    text PRIMARY KEY CONSTRAINT action_code_form CHECK (action_code ~ '^[a-z][a-z0-9_]{0,79}$'),
  handler_ref    text NOT NULL DEFAULT 'unimplemented' CHECK (handler_ref <> ''),
  risk_level     text NOT NULL CONSTRAINT risk_known CHECK (risk_level IN ('low', 'medium', 'high', 'sovereign')),
  quorum         int NOT NULL CONSTRAINT quorum_range CHECK (quorum BETWEEN 1 AND 50),
  council_quorum int NOT NULL DEFAULT 0,
  status         text NOT NULL DEFAULT 'active' CONSTRAINT status_known CHECK (status IN ('active', 'retired')),
  retired_at     timestamptz,
  _dot_origin    text NOT NULL CHECK (_dot_origin <> ''),
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT council_within_quorum CHECK (council_quorum BETWEEN 0 AND quorum),
  CONSTRAINT retired_pair CHECK ((status = 'retired') = (retired_at IS NOT NULL))
);

CREATE TABLE approval_requests (
  apr_code             text PRIMARY KEY CONSTRAINT apr_code_form CHECK (apr_code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$'),
  apr_digest           text NOT NULL,
  content              text NOT NULL,
  title                text NOT NULL,
  proposed_action_code text NOT NULL REFERENCES apr_action_types,
  risk                 text NOT NULL CONSTRAINT risk_known CHECK (risk IN ('low', 'medium', 'high', 'sovereign')),
  quorum               int NOT NULL CHECK (quorum >= 1),
  council_quorum       int NOT NULL CHECK (council_quorum BETWEEN 0 AND quorum),
  requested_by         text NOT NULL CHECK (requested_by <> ''),
  created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  decide_by            timestamptz NOT NULL,
  status               text NOT NULL DEFAULT 'open'
                         CONSTRAINT status_known CHECK (status IN ('open', 'approved', 'rejected', 'withdrawn', 'expired', 'executed')),
  status_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  result               text CONSTRAINT result_form CHECK (result = 'OK' OR result ~ '^(SKIP|FAIL):[a-z0-9_]+$'),
  result_at            timestamptz,
  result_by            text,
  -- The grant that the execution made; set together with the result OK.
  auth_code            text,
  -- The digest is of these very bytes: nobody can store one content under the digest of another (APR-2).
  CONSTRAINT digest_of_content CHECK (apr_digest = 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT content_is_json CHECK (jsonb_typeof(content::jsonb) = 'object'),
  CONSTRAINT decide_by_later CHECK (decide_by > created_at),
  CONSTRAINT result_whole CHECK ((result IS NULL) = (result_at IS NULL) AND (result IS NULL) = (result_by IS NULL)),
  CONSTRAINT executed_ok CHECK ((status = 'executed') = (auth_code IS NOT NULL) AND (status <> 'executed' OR result IS NOT NULL))
);
CREATE INDEX approval_requests_newest ON approval_requests (created_at DESC, apr_code DESC);
CREATE INDEX approval_requests_by_requester ON approval_requests (requested_by, created_at DESC, apr_code DESC);
CREATE INDEX approval_requests_undecided ON approval_requests (decide_by) WHERE status IN ('open', 'approved');

CREATE TABLE apr_approvals (
  apr_code   text NOT NULL REFERENCES approval_requests,
  voter      text NOT NULL CHECK (voter <> ''),
  decision   text NOT NULL CONSTRAINT decision_known CHECK (decision IN ('approve', 'reject')),
  apr_digest text NOT NULL,
  council    boolean NOT NULL,
  reason     text NOT NULL CONSTRAINT reason_given CHECK (btrim(reason) <> ''),
  voted_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (apr_code, voter)
);
CREATE INDEX apr_approvals_by_voter ON apr_approvals (voter, voted_at DESC);

-- Each signed message of a dispatcher is taken once (APR-7).
CREATE TABLE sync_messages (
  message_id  text PRIMARY KEY CHECK (length(message_id) BETWEEN 1 AND 255),
  apr_code    text NOT NULL,
  received_by text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION guard_approval_request() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  approvals int; council_approvals int; rejections int;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' OR NEW.result IS NOT NULL THEN
      RAISE EXCEPTION 'a request starts open and without a result' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_starts_open';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.apr_code, NEW.apr_digest, NEW.content, NEW.title, NEW.proposed_action_code, NEW.risk, NEW.quorum, NEW.council_quorum,
      NEW.requested_by, NEW.created_at, NEW.decide_by)
     IS DISTINCT FROM
     (OLD.apr_code, OLD.apr_digest, OLD.content, OLD.title, OLD.proposed_action_code, OLD.risk, OLD.quorum, OLD.council_quorum,
      OLD.requested_by, OLD.created_at, OLD.decide_by) THEN
    RAISE EXCEPTION 'what was requested never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_immutable';
  END IF;
  IF OLD.status IN ('rejected', 'withdrawn', 'expired', 'executed') AND NEW.status <> OLD.status
     OR OLD.status = 'open' AND NEW.status NOT IN ('open', 'approved', 'rejected', 'withdrawn', 'expired')
     OR OLD.status = 'approved' AND NEW.status NOT IN ('approved', 'rejected', 'withdrawn', 'expired', 'executed') THEN
    RAISE EXCEPTION 'a request that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'request_transition';
  END IF;
  IF NEW.status <> OLD.status AND NEW.status IN ('approved', 'executed', 'rejected') THEN
    SELECT count(*) FILTER (WHERE decision = 'approve'), count(*) FILTER (WHERE decision = 'approve' AND council),
           count(*) FILTER (WHERE decision = 'reject')
      INTO approvals, council_approvals, rejections FROM apr_approvals WHERE apr_code = NEW.apr_code;
    IF NEW.status IN ('approved', 'executed')
       AND (approvals < NEW.quorum OR council_approvals < NEW.council_quorum OR rejections > 0) THEN
      RAISE EXCEPTION 'the votes on record do not make a quorum' USING ERRCODE = 'check_violation', CONSTRAINT = 'quorum_on_record';
    END IF;
    IF NEW.status = 'rejected' AND rejections = 0 THEN
      RAISE EXCEPTION 'no vote on record rejects the request' USING ERRCODE = 'check_violation', CONSTRAINT = 'rejection_on_record';
    END IF;
    IF NEW.status IN ('approved', 'executed') AND clock_timestamp() >= NEW.decide_by THEN
      RAISE EXCEPTION 'the time to decide has passed' USING ERRCODE = 'check_violation', CONSTRAINT = 'decided_in_time';
    END IF;
  END IF;
  IF NEW.status = 'expired' AND OLD.status <> 'expired' AND clock_timestamp() < NEW.decide_by THEN
    RAISE EXCEPTION 'the time to decide has not passed' USING ERRCODE = 'check_violation', CONSTRAINT = 'expired_after_time';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_approval_request BEFORE INSERT OR UPDATE ON approval_requests
  FOR EACH ROW EXECUTE FUNCTION guard_approval_request();

CREATE FUNCTION guard_apr_approval() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE r approval_requests;
BEGIN
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.apr_code FOR UPDATE;
  IF NEW.apr_digest IS DISTINCT FROM r.apr_digest THEN
    RAISE EXCEPTION 'the vote is on other content' USING ERRCODE = 'check_violation', CONSTRAINT = 'vote_digest_stale';
  END IF;
  IF NEW.voter = r.requested_by OR NEW.voter = r.content::jsonb #>> '{proposed_action,executor}' THEN
    RAISE EXCEPTION 'neither the requester nor the executor votes' USING ERRCODE = 'check_violation', CONSTRAINT = 'self_approval';
  END IF;
  IF r.status NOT IN ('open', 'approved') OR clock_timestamp() >= r.decide_by THEN
    RAISE EXCEPTION 'the request is no longer open' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_not_open';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_apr_approval BEFORE INSERT ON apr_approvals FOR EACH ROW EXECUTE FUNCTION guard_apr_approval();

CREATE FUNCTION guard_action_type() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.status = 'retired' THEN
    RAISE EXCEPTION 'a retired action type stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retired_is_final';
  END IF;
  IF (NEW.action_code, NEW._dot_origin, NEW.created_at) IS DISTINCT FROM (OLD.action_code, OLD._dot_origin, OLD.created_at) THEN
    RAISE EXCEPTION 'code and origin never change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'action_type_immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_action_type BEFORE UPDATE ON apr_action_types FOR EACH ROW EXECUTE FUNCTION guard_action_type();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['apr_approvals', 'sync_messages'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['apr_action_types', 'approval_requests'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['apr_action_types', 'approval_requests', 'apr_approvals', 'sync_messages'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE approval_requests ENABLE ALWAYS TRIGGER guard_approval_request;
ALTER TABLE apr_approvals ENABLE ALWAYS TRIGGER guard_apr_approval;
ALTER TABLE apr_action_types ENABLE ALWAYS TRIGGER guard_action_type;

GRANT SELECT, INSERT ON apr_action_types, approval_requests, apr_approvals, sync_messages TO countersign_app;
GRANT UPDATE (handler_ref, risk_level, quorum, council_quorum, status, retired_at, updated_at) ON apr_action_types TO countersign_app;
GRANT UPDATE (status, status_at, result, result_at, result_by, auth_code) ON approval_requests TO countersign_app;

INSERT INTO apr_action_types (action_code, handler_ref, risk_level, quorum, council_quorum, _dot_origin) VALUES
  ('authorize_build_step',       'dot-apr-execute:authorize_build_step', 'high', 2, 0, 'countersign:HANDLER'),
  ('assign_governance_owner',    'unimplemented',                        'high', 2, 0, 'countersign:PLAN/SB-1'),
  ('grant_governance_exception', 'unimplemented',                        'high', 2, 0, 'countersign:PLAN/SB-1'),
  ('delegate_authority',         'unimplemented',                        'high', 2, 0, 'countersign:PLAN/SB-1'),
  ('assign_axis_owner',          'unimplemented',                        'high', 2, 0, 'countersign:PLAN/SB-1');
