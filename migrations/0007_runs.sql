-- Build runs, their states and progress, and the rehearsals that dry-runs leave on record (RUN-1 to RUN-7, OPEN-1 to OPEN-4).

CREATE TABLE c1_build_run (
  idempotency_root text PRIMARY KEY CHECK (length(idempotency_root) BETWEEN 1 AND 200),
  build            text NOT NULL CHECK (build <> ''),
  -- The finished run that this one rolls back (RUN-6).
  rolls_back       text REFERENCES c1_build_run,
  mode             text NOT NULL CONSTRAINT mode_known CHECK (mode IN ('dry-run', 'commit')),
  auth_code        text NOT NULL REFERENCES governance_build_authorization,
  executor         text NOT NULL CHECK (executor <> ''),
  environment      text NOT NULL CHECK (environment <> ''),
  database         text NOT NULL CONSTRAINT database_form CHECK (database ~ '^[a-z][a-z0-9_-]{0,62}$'),
  bindings         jsonb NOT NULL,
  input_digest     text NOT NULL,
  rehearsal_ref    text,
  status           text NOT NULL DEFAULT 'running' CONSTRAINT status_known CHECK (status IN ('running', 'compensating', 'succeeded', 'stopped', 'indeterminate')),
  state            text NOT NULL CHECK (state <> ''),
  last_ok_state    text,
  stop_state       text CHECK (stop_state <> ''),
  -- What is to be undone before it stops: a list of {state, compensation}, the latest state first.
  undo_plan        jsonb,
  error            jsonb,
  outcome          jsonb,
  -- Whether its grant was consumed under this root: from here on it is stopped for good when it stops.
  reserved         boolean NOT NULL DEFAULT false,
  lease_name       text,
  fencing_token    bigint,
  -- Who works on it: a claim is renewed with the lease, and each new one raises the number (OPEN-9).
  worker           text,
  claim_no         bigint NOT NULL DEFAULT 0,
  claimed_until    timestamptz NOT NULL,
  event_seq        bigint NOT NULL DEFAULT 0,
  stop_running     text CONSTRAINT stop_running_known CHECK (stop_running IN ('stop', 'compensate')),
  stop_by          text,
  stop_at          timestamptz,
  stop_reason      text CHECK (btrim(stop_reason) <> ''),
  request_id       text NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  work_by          timestamptz NOT NULL,
  finished_at      timestamptz,
  CONSTRAINT lease_pair CHECK ((lease_name IS NULL) = (fencing_token IS NULL)),
  CONSTRAINT works_under_lease CHECK (NOT reserved OR lease_name IS NOT NULL),
  CONSTRAINT stop_request_whole CHECK ((stop_running IS NULL) = (stop_by IS NULL) AND (stop_running IS NULL) = (stop_at IS NULL)
                                       AND (stop_running IS NULL) = (stop_reason IS NULL)),
  CONSTRAINT finished_pair CHECK ((status IN ('succeeded', 'stopped')) = (finished_at IS NOT NULL)),
  CONSTRAINT stopped_somewhere CHECK (status NOT IN ('stopped', 'compensating', 'indeterminate') OR stop_state IS NOT NULL),
  CONSTRAINT advances_under_grant CHECK (status <> 'succeeded' OR reserved)
);
-- One grant, one run that used it; one lease, one run under way that works under it.
CREATE UNIQUE INDEX one_run_per_grant ON c1_build_run (auth_code) WHERE reserved;
CREATE UNIQUE INDEX one_run_per_lease ON c1_build_run (lease_name, database) WHERE reserved AND status IN ('running', 'compensating', 'indeterminate');
CREATE INDEX runs_to_work_on ON c1_build_run (claimed_until) WHERE status IN ('running', 'compensating', 'indeterminate');
CREATE INDEX runs_by_grant ON c1_build_run (auth_code);
CREATE INDEX runs_newest ON c1_build_run (created_at DESC, idempotency_root DESC);

-- What a run was started with, in its canonical form: apart, since it may be large and never changes.
CREATE TABLE c1_build_run_input (
  idempotency_root text PRIMARY KEY REFERENCES c1_build_run,
  content          text NOT NULL
);

CREATE TABLE c1_build_run_state (
  idempotency_root text NOT NULL REFERENCES c1_build_run,
  direction        text NOT NULL CONSTRAINT direction_known CHECK (direction IN ('forward', 'undo')),
  state            text NOT NULL,
  attempt          integer NOT NULL CHECK (attempt >= 1),
  -- `rolled_back`: what a rehearsal did in a transaction that did not live to its end.
  status           text NOT NULL CONSTRAINT status_known CHECK (status IN ('running', 'ok', 'failed', 'rolled_back')),
  compensation     text,
  started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at      timestamptz,
  error            jsonb,
  detail           jsonb,
  PRIMARY KEY (idempotency_root, direction, state, attempt),
  CONSTRAINT finished_pair CHECK ((status = 'running') = (finished_at IS NULL))
);
CREATE UNIQUE INDEX one_ok_per_state ON c1_build_run_state (idempotency_root, direction, state) WHERE status = 'ok';

-- A run's progress, in order and without gaps: what its watchers read.
CREATE TABLE c1_build_run_event (
  idempotency_root text NOT NULL REFERENCES c1_build_run,
  seq              bigint NOT NULL CHECK (seq >= 1),
  occurred_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  event            text NOT NULL CHECK (event <> ''),
  state            text,
  attempt          integer,
  detail           jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (idempotency_root, seq)
);

-- What a dry-run has shown (OPEN-1). The columns are read out of the content, so they cannot say anything else.
CREATE TABLE rehearsals (
  rehearsal_ref     text PRIMARY KEY,
  content           text NOT NULL,
  idempotency_root  text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'idempotency_root') STORED,
  auth_code         text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'auth_code') STORED,
  build             text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'build') STORED,
  database          text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'database') STORED,
  plan_id           text NOT NULL GENERATED ALWAYS AS (content::jsonb #>> '{bindings,plan_id}') STORED,
  plan_revision     text NOT NULL GENERATED ALWAYS AS (content::jsonb #>> '{bindings,plan_revision}') STORED,
  manifest_digest   text NOT NULL GENERATED ALWAYS AS (content::jsonb #>> '{bindings,manifest_digest}') STORED,
  schema_digest     text NOT NULL GENERATED ALWAYS AS (content::jsonb #>> '{bindings,schema_digest}') STORED,
  rollback_plan_ref text NOT NULL GENERATED ALWAYS AS (content::jsonb #>> '{bindings,rollback_plan_ref}') STORED,
  fingerprint       text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'entry_fingerprint') STORED,
  passed            boolean NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'passed' = 'true' AND content::jsonb ->> 'entry_fingerprint' = content::jsonb ->> 'exit_fingerprint') STORED,
  recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT rehearsal_ref_of_content CHECK (rehearsal_ref = 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT one_rehearsal_per_run UNIQUE (idempotency_root)
);

-- A rehearsal is of a run that has just worked under a dry-run grant, and it says of the bindings what the grant says.
CREATE FUNCTION guard_rehearsal() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  said jsonb := NEW.content::jsonb;
BEGIN
  IF NOT EXISTS (
    SELECT FROM c1_build_run r JOIN governance_build_authorization g USING (auth_code)
     WHERE r.idempotency_root = said ->> 'idempotency_root' AND r.auth_code = said ->> 'auth_code' AND r.reserved
       AND r.mode = 'dry-run' AND g.mode = 'dry-run' AND g.status = 'consumed' AND r.build = said ->> 'build'
       AND r.database = said ->> 'database' AND r.bindings @> (said -> 'bindings')
       AND (said -> 'bindings') ?& ARRAY['plan_id', 'plan_revision', 'manifest_digest', 'schema_digest', 'rollback_plan_ref']) THEN
    RAISE EXCEPTION 'a rehearsal is what a dry-run has shown' USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_of_dry_run';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_rehearsal BEFORE INSERT ON rehearsals FOR EACH ROW EXECUTE FUNCTION guard_rehearsal();

CREATE FUNCTION guard_run_insert() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE g governance_build_authorization;
BEGIN
  SELECT * INTO g FROM governance_build_authorization WHERE auth_code = NEW.auth_code;
  IF (NEW.mode, NEW.executor, NEW.environment) IS DISTINCT FROM (g.mode, g.scope ->> 'executor', g.scope ->> 'environment')
     OR g.mode = 'commit' AND NEW.database IS DISTINCT FROM g.scope ->> 'database'
     OR NEW.rehearsal_ref IS DISTINCT FROM g.evidence ->> 'rehearsal_ref' OR NEW.rolls_back IS DISTINCT FROM g.evidence ->> 'rolls_back' THEN
    RAISE EXCEPTION 'the run is not what its grant is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_grant';
  END IF;
  IF NEW.status <> 'running' OR NEW.reserved OR NEW.claim_no <> 0 THEN
    RAISE EXCEPTION 'a run starts at its beginning' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_run_insert BEFORE INSERT ON c1_build_run FOR EACH ROW EXECUTE FUNCTION guard_run_insert();

CREATE FUNCTION guard_run_update() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.idempotency_root, NEW.build, NEW.rolls_back, NEW.mode, NEW.auth_code, NEW.executor, NEW.environment, NEW.database, NEW.bindings,
      NEW.input_digest, NEW.rehearsal_ref, NEW.request_id, NEW.created_at)
     IS DISTINCT FROM
     (OLD.idempotency_root, OLD.build, OLD.rolls_back, OLD.mode, OLD.auth_code, OLD.executor, OLD.environment, OLD.database, OLD.bindings,
      OLD.input_digest, OLD.rehearsal_ref, OLD.request_id, OLD.created_at) THEN
    RAISE EXCEPTION 'what a run is for never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_bindings';
  END IF;
  IF NEW.status <> OLD.status AND NOT (
       OLD.status = 'running' AND NEW.status IN ('succeeded', 'stopped', 'compensating')
    OR OLD.status = 'compensating' AND NEW.status IN ('stopped', 'indeterminate')
    OR OLD.status = 'indeterminate' AND NEW.status = 'compensating'
    OR OLD.status = 'stopped' AND NEW.status = 'running' AND OLD.stop_state IN ('ABORT', 'ABORT_NO_LEASE') AND NOT OLD.reserved
    OR OLD.status = 'stopped' AND NEW.status = 'compensating' AND OLD.stop_state = 'STOP_REQUESTED') THEN
    RAISE EXCEPTION 'a run that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
  END IF;
  IF NEW.status IN ('succeeded', 'stopped') AND OLD.status = NEW.status THEN
    RAISE EXCEPTION 'a finished run stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_finished';
  END IF;
  IF NEW.claim_no < OLD.claim_no OR NEW.event_seq < OLD.event_seq OR NEW.fencing_token < OLD.fencing_token OR OLD.reserved AND NOT NEW.reserved THEN
    RAISE EXCEPTION 'claims, fences and events only rise' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_rises';
  END IF;
  IF NEW.reserved AND NOT OLD.reserved AND NOT EXISTS (
       SELECT FROM grant_receipts r WHERE r.auth_code = NEW.auth_code AND r.idempotency_root = NEW.idempotency_root AND r.consumed_by = NEW.executor) THEN
    RAISE EXCEPTION 'no write without a consumed grant' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_needs_receipt';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_run_update BEFORE UPDATE ON c1_build_run FOR EACH ROW EXECUTE FUNCTION guard_run_update();

CREATE FUNCTION guard_run_state() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.idempotency_root, NEW.direction, NEW.state, NEW.attempt, NEW.started_at)
     IS DISTINCT FROM (OLD.idempotency_root, OLD.direction, OLD.state, OLD.attempt, OLD.started_at)
     OR NOT (OLD.status = 'running' OR OLD.status = 'ok' AND NEW.status = 'rolled_back') THEN
    RAISE EXCEPTION 'what a state has done stays on record' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_state_final';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_run_state BEFORE UPDATE ON c1_build_run_state FOR EACH ROW EXECUTE FUNCTION guard_run_state();

-- A commit-mode grant that stands on a rehearsal stands on one that passed, of the same plan, content and database (OPEN-1).
CREATE FUNCTION guard_grant_rehearsal() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.evidence ->> 'rehearsal_ref' IS NOT NULL AND NOT EXISTS (
    SELECT FROM rehearsals r
     WHERE r.rehearsal_ref = NEW.evidence ->> 'rehearsal_ref' AND r.passed AND r.database = NEW.scope ->> 'database'
       AND (r.plan_id, r.plan_revision, r.manifest_digest, r.schema_digest, r.rollback_plan_ref)
           = (NEW.scope ->> 'plan_id', NEW.scope ->> 'plan_revision', NEW.scope ->> 'manifest_digest', NEW.scope ->> 'schema_digest', NEW.rollback_plan_ref)) THEN
    RAISE EXCEPTION 'no passed rehearsal of this is on record' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_rehearsal';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_grant_rehearsal BEFORE INSERT ON governance_build_authorization
  FOR EACH ROW WHEN (NEW.mode = 'commit') EXECUTE FUNCTION guard_grant_rehearsal();

-- RUN-4, S7: what became of the run is written to the evidence of its consumed grant, and nothing else of a grant changes.
CREATE FUNCTION guard_run_outcome() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF to_jsonb(NEW) - 'evidence' <> to_jsonb(OLD) - 'evidence' OR NEW.evidence - 'run' <> OLD.evidence - 'run'
     OR OLD.evidence ? 'run' AND OLD.evidence #>> '{run,stop_state}' IS DISTINCT FROM 'STOP_REQUESTED'
     OR NOT EXISTS (
       SELECT FROM c1_build_run r
        WHERE r.auth_code = NEW.auth_code AND r.reserved AND r.idempotency_root = NEW.idempotency_root
          AND r.status IN ('succeeded', 'stopped') AND (r.idempotency_root, r.status) = (NEW.evidence #>> '{run,idempotency_root}', NEW.evidence #>> '{run,status}')) THEN
    RAISE EXCEPTION 'only the outcome of its run is added to a used grant' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_bindings';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER guard_grant_update ON governance_build_authorization;
CREATE TRIGGER guard_grant_update BEFORE UPDATE ON governance_build_authorization
  FOR EACH ROW WHEN (NOT (OLD.status = 'consumed' AND NEW.status = 'consumed' AND NEW.evidence IS DISTINCT FROM OLD.evidence)) EXECUTE FUNCTION guard_grant_update();
CREATE TRIGGER guard_run_outcome BEFORE UPDATE ON governance_build_authorization
  FOR EACH ROW WHEN (OLD.status = 'consumed' AND NEW.status = 'consumed' AND NEW.evidence IS DISTINCT FROM OLD.evidence) EXECUTE FUNCTION guard_run_outcome();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['c1_build_run_input', 'c1_build_run_event', 'rehearsals'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['c1_build_run', 'c1_build_run_state'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['c1_build_run', 'c1_build_run_state', 'c1_build_run_input', 'c1_build_run_event', 'rehearsals'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE rehearsals ENABLE ALWAYS TRIGGER guard_rehearsal;
ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER guard_run_insert;
ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER guard_run_update;
ALTER TABLE c1_build_run_state ENABLE ALWAYS TRIGGER guard_run_state;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER guard_grant_update;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER guard_run_outcome;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER guard_grant_rehearsal;

GRANT SELECT, INSERT ON c1_build_run, c1_build_run_state, c1_build_run_input, c1_build_run_event, rehearsals TO countersign_app;
GRANT UPDATE (status, state, last_ok_state, stop_state, undo_plan, error, outcome, reserved, lease_name, fencing_token, worker, claim_no, claimed_until,
              event_seq, stop_running, stop_by, stop_at, stop_reason, work_by, finished_at) ON c1_build_run TO countersign_app;
GRANT UPDATE (status, finished_at, error, detail) ON c1_build_run_state TO countersign_app;
GRANT UPDATE (evidence) ON governance_build_authorization TO countersign_app;

-- Rolling back a finished run is an act of its own, under its own approval (RUN-6).
INSERT INTO apr_action_types (action_code, handler_ref, risk_level, quorum, council_quorum, _dot_origin) VALUES
  ('authorize_rollback', 'dot-apr-execute:authorize_rollback', 'sovereign', 3, 1, 'countersign:RUN');

-- The scopes that ship allow the acts of a rollback as well: a second set beside the build's.
ALTER TABLE scopes DISABLE TRIGGER guard_scope;
UPDATE scopes SET allowed_action_sets = allowed_action_sets || '[["dot_c1_retire_value", "dot_c1_supersede_value", "dot_c1_restore_value"]]'
 WHERE created_by = 'countersign:VERIFIER';
ALTER TABLE scopes ENABLE ALWAYS TRIGGER guard_scope;

-- A handler's refusal may be a code of the requirements: FAIL:REHEARSAL_STALE.
ALTER TABLE approval_requests DROP CONSTRAINT result_form;
ALTER TABLE approval_requests ADD CONSTRAINT result_form CHECK (result = 'OK' OR result ~ '^(SKIP|FAIL):[A-Za-z0-9_]+$');
