-- Stepwise plans: revisions, the records that authorize a step, what was done, and the runs that did it (PLAN-1 to PLAN-9).

CREATE TABLE plans (
  plan_id    text PRIMARY KEY CONSTRAINT plan_id_form CHECK (plan_id ~ '^[a-z0-9][a-z0-9._-]{0,79}$'),
  -- Where a step stands is said of one database: another target is another plan.
  target     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT plan_of_target UNIQUE (plan_id, target)
);

-- A registered revision never changes; what is read out of it are generated columns, so they cannot say anything else.
CREATE TABLE plan_revisions (
  plan_id       text NOT NULL REFERENCES plans,
  revision      text NOT NULL CHECK (revision <> ''),
  plan_digest   text NOT NULL,
  -- The parsed file in its canonical form (RFC 8785), whose digest is what is approved; and the file as it was handed in.
  content       text NOT NULL,
  source        text NOT NULL,
  target        text NOT NULL GENERATED ALWAYS AS (content::jsonb ->> 'target') STORED,
  registered_by text NOT NULL REFERENCES principals,
  registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (plan_id, revision),
  CONSTRAINT plan_has_one_target FOREIGN KEY (plan_id, target) REFERENCES plans (plan_id, target),
  CONSTRAINT plan_digest_of_content CHECK (plan_digest = 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex')),
  CONSTRAINT plan_of_content CHECK ((content::jsonb ->> 'plan', content::jsonb ->> 'revision') = (plan_id, revision))
);
CREATE INDEX plan_revisions_newest ON plan_revisions (registered_at DESC, plan_id DESC, revision DESC);

CREATE FUNCTION plan_step(of_plan text, of_revision text, number integer) RETURNS jsonb
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT step FROM plan_revisions r, jsonb_array_elements(r.content::jsonb -> 'steps') AS step
   WHERE r.plan_id = of_plan AND r.revision = of_revision AND (step ->> 'step')::integer = number
$$;

-- M-1: the authorization of exactly one act on one step of one revision, once (PLAN-2).
CREATE TABLE os_proposal_approvals (
  approval_code    text PRIMARY KEY CONSTRAINT approval_code_form CHECK (approval_code ~ '^M1-[A-Za-z0-9][A-Za-z0-9-]{0,79}$'),
  plan_id          text NOT NULL,
  revision         text NOT NULL,
  plan_digest      text NOT NULL,
  step             integer NOT NULL,
  act              text NOT NULL CONSTRAINT act_known CHECK (act IN ('commit', 'rollback')),
  -- What the sovereign has seen of it; null only where a step has nothing to rehearse.
  rehearsal_ref    text REFERENCES rehearsals,
  signed           boolean NOT NULL,
  status           text NOT NULL CONSTRAINT status_known CHECK (status IN ('draft', 'active', 'consumed', 'revoked', 'expired')),
  executor         text CHECK (executor <> ''),
  reason           text NOT NULL CONSTRAINT reason_given CHECK (btrim(reason) <> ''),
  granted_by       text NOT NULL REFERENCES principals,
  granted_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at       timestamptz NOT NULL,
  consumed_at      timestamptz,
  consumed_by      text,
  idempotency_root text,
  revoked_at       timestamptz,
  revoked_by       text,
  revoked_reason   text CHECK (btrim(revoked_reason) <> ''),
  expired_at       timestamptz,
  FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions,
  CONSTRAINT approval_expiry CHECK (expires_at > granted_at AND expires_at <= granted_at + interval '1 day'),
  CONSTRAINT consumed_whole CHECK ((status = 'consumed') = (consumed_at IS NOT NULL) AND (consumed_at IS NULL) = (consumed_by IS NULL)
                                   AND (consumed_at IS NULL) = (idempotency_root IS NULL)),
  CONSTRAINT revoked_whole CHECK ((status = 'revoked') = (revoked_at IS NOT NULL) AND (revoked_at IS NULL) = (revoked_by IS NULL)
                                  AND (revoked_at IS NULL) = (revoked_reason IS NULL)),
  CONSTRAINT expired_whole CHECK ((status = 'expired') = (expired_at IS NOT NULL))
);
CREATE UNIQUE INDEX one_approval_per_root ON os_proposal_approvals (idempotency_root) WHERE idempotency_root IS NOT NULL;
CREATE INDEX approvals_newest ON os_proposal_approvals (granted_at DESC, approval_code DESC);
CREATE INDEX approvals_of_step ON os_proposal_approvals (plan_id, revision, step);
CREATE INDEX approvals_to_expire ON os_proposal_approvals (expires_at) WHERE status IN ('draft', 'active');

-- C-1 and C-2: what the council has recorded of a step.
CREATE TABLE council_records (
  record_code     text PRIMARY KEY CONSTRAINT record_code_form CHECK (record_code ~ '^C[12]-[A-Za-z0-9][A-Za-z0-9-]{0,79}$'),
  kind            text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('C-1', 'C-2')),
  plan_id         text NOT NULL,
  revision        text NOT NULL,
  plan_digest     text NOT NULL,
  step            integer NOT NULL,
  decision        text NOT NULL CONSTRAINT decision_given CHECK (btrim(decision) <> ''),
  document_digest text,
  recorded_by     text NOT NULL REFERENCES principals,
  recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at      timestamptz,
  revoked_by      text,
  revoked_reason  text CHECK (btrim(revoked_reason) <> ''),
  FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions,
  CONSTRAINT record_revoked_whole CHECK ((revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE UNIQUE INDEX one_live_record ON council_records (plan_id, revision, step, kind) WHERE revoked_at IS NULL;
CREATE INDEX records_newest ON council_records (recorded_at DESC, record_code DESC);

CREATE TABLE plan_step_runs (
  idempotency_root text PRIMARY KEY REFERENCES c1_build_run,
  plan_id          text NOT NULL,
  revision         text NOT NULL,
  step             integer NOT NULL,
  act              text NOT NULL CONSTRAINT act_known CHECK (act IN ('commit', 'rollback')),
  step_digest      text NOT NULL,
  approval_code    text REFERENCES os_proposal_approvals,
  FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions
);
CREATE INDEX step_runs_of_step ON plan_step_runs (plan_id, step);

-- What was done, in order and without gaps: one line an act, whatever became of it (PLAN-6).
CREATE TABLE plan_ledger (
  plan_id           text NOT NULL REFERENCES plans,
  seq               bigint NOT NULL CHECK (seq >= 1),
  revision          text NOT NULL,
  plan_digest       text NOT NULL,
  step              integer NOT NULL,
  step_digest       text NOT NULL,
  act               text NOT NULL CONSTRAINT act_known CHECK (act IN ('commit', 'rollback')),
  outcome           text NOT NULL CONSTRAINT outcome_known
                    CHECK (outcome IN ('rehearsed', 'rehearsal_failed', 'committed', 'rolled_back', 'retired', 'failed', 'contradicted', 'undone')),
  idempotency_root  text NOT NULL,
  approval_code     text REFERENCES os_proposal_approvals,
  rehearsal_ref     text REFERENCES rehearsals,
  entry_fingerprint text,
  exit_fingerprint  text,
  delta             jsonb,
  evidence          jsonb,
  backups           jsonb,
  documents         jsonb,
  error             jsonb,
  recorded_by       text NOT NULL,
  recorded_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (plan_id, seq),
  FOREIGN KEY (plan_id, revision) REFERENCES plan_revisions,
  CONSTRAINT one_line_per_root UNIQUE (idempotency_root, outcome)
);
CREATE INDEX ledger_of_step ON plan_ledger (plan_id, step, seq DESC);

CREATE FUNCTION guard_plan_approval() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  changeable CONSTANT text[] := ARRAY['status', 'consumed_at', 'consumed_by', 'idempotency_root', 'revoked_at', 'revoked_by', 'revoked_reason', 'expired_at'];
  revision_row plan_revisions;
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
  needed text;
BEGIN
  SELECT * INTO revision_row FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision;
  IF TG_OP = 'INSERT' THEN
    IF planned IS NULL OR NEW.plan_digest IS DISTINCT FROM revision_row.plan_digest OR NOT coalesce(planned -> 'records' ? 'M-1', false)
       OR NEW.signed IS DISTINCT FROM coalesce((planned ->> 'signed')::boolean, false) THEN
      RAISE EXCEPTION 'the record is not of a step of this revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_of_step';
    END IF;
    IF abs(extract(epoch FROM clock_timestamp() - NEW.granted_at)) > 60 THEN
      RAISE EXCEPTION 'a record is of now' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF holds_role(NEW.granted_by, 'sovereign') IS NOT TRUE OR NEW.granted_by = revision_row.registered_by OR NEW.granted_by = NEW.executor THEN
      RAISE EXCEPTION 'a sovereign records it who is neither author nor executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_separation';
    END IF;
    IF NEW.status IS DISTINCT FROM (CASE WHEN NEW.signed THEN 'draft' ELSE 'active' END) THEN
      RAISE EXCEPTION 'a record starts at its beginning' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_transition';
    END IF;
    IF (planned ->> 'kind' = 'sql') AND NOT EXISTS (
         SELECT FROM rehearsals r JOIN plan_step_runs s USING (idempotency_root)
          WHERE r.rehearsal_ref = NEW.rehearsal_ref AND r.passed AND r.manifest_digest = NEW.plan_digest
            AND (s.plan_id, s.revision, s.step, s.act) = (NEW.plan_id, NEW.revision, NEW.step, NEW.act)) THEN
      RAISE EXCEPTION 'no passed rehearsal of this is on record' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_rehearsal';
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
    RAISE EXCEPTION 'what a record is for never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'approval_immutable';
  END IF;
  IF NOT (OLD.status = 'draft' AND NEW.status IN ('active', 'revoked', 'expired')
       OR OLD.status = 'active' AND NEW.status IN ('consumed', 'revoked', 'expired')) THEN
    RAISE EXCEPTION 'a record that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_transition';
  END IF;
  IF NEW.status = 'active' AND NOT EXISTS (SELECT FROM proposal_signatures s WHERE s.approval_code = NEW.approval_code) THEN
    RAISE EXCEPTION 'the record is not signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_signature';
  END IF;
  IF NEW.status = 'consumed' THEN
    IF clock_timestamp() >= OLD.expires_at THEN
      RAISE EXCEPTION 'the record has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF abs(extract(epoch FROM clock_timestamp() - NEW.consumed_at)) > 60 THEN
      RAISE EXCEPTION 'a record is used now' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_time';
    END IF;
    IF EXISTS (SELECT FROM proposal_signatures s JOIN signing_keys k USING (kid)
                WHERE s.approval_code = NEW.approval_code AND (k.revoked_at IS NOT NULL OR s.signer = NEW.consumed_by)) THEN
      RAISE EXCEPTION 'the key of the signature was revoked, or the signer executes' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_key';
    END IF;
    IF NEW.consumed_by = OLD.granted_by OR NEW.consumed_by IS DISTINCT FROM coalesce(OLD.executor, NEW.consumed_by) THEN
      RAISE EXCEPTION 'the record is not for this executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_separation';
    END IF;
    FOR needed IN SELECT jsonb_array_elements_text(planned -> 'records') LOOP
      IF needed <> 'M-1' AND NOT EXISTS (
        SELECT FROM council_records c
         WHERE (c.plan_id, c.revision, c.step, c.kind, c.plan_digest) = (NEW.plan_id, NEW.revision, NEW.step, needed, NEW.plan_digest)
           AND c.revoked_at IS NULL AND c.recorded_by <> NEW.consumed_by) THEN
        RAISE EXCEPTION 'the council record % is missing', needed USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_needs_council';
      END IF;
    END LOOP;
    PERFORM pass_hold_gate();
    IF EXISTS (SELECT FROM registration_holds h
                WHERE h.lifted_at IS NULL AND (h.environment IS NULL OR h.environment = revision_row.target
                   OR h.environment IN (SELECT environment FROM scopes WHERE database = revision_row.target))) THEN
      RAISE EXCEPTION 'a hold stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'registration_hold';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_plan_approval BEFORE INSERT OR UPDATE ON os_proposal_approvals FOR EACH ROW EXECUTE FUNCTION guard_plan_approval();

-- The bytes that a sovereign signs of a record, RFC 8785 by hand as those of a grant are.
CREATE FUNCTION proposal_signing_payload(a os_proposal_approvals) RETURNS text
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT concat(
    '{"act":', to_json(a.act), ',"approval_code":', to_json(a.approval_code),
    ',"executor":', coalesce(to_json(a.executor)::text, 'null'),
    ',"expires_at":', to_json(to_char(a.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"plan_digest":', to_json(a.plan_digest), ',"plan_id":', to_json(a.plan_id),
    ',"rehearsal_ref":', coalesce(to_json(a.rehearsal_ref)::text, 'null'), ',"revision":', to_json(a.revision),
    ',"step":', a.step, ',"target":', to_json(r.target), ',"type":"countersign/proposal-signing-payload/v1"}')
    FROM plan_revisions r WHERE r.plan_id = a.plan_id AND r.revision = a.revision
$$;

CREATE TABLE proposal_signatures (
  approval_code   text PRIMARY KEY REFERENCES os_proposal_approvals,
  signer          text NOT NULL REFERENCES principals,
  kid             text NOT NULL REFERENCES signing_keys,
  alg             text NOT NULL,
  jwk             jsonb NOT NULL,
  payload         text NOT NULL,
  jws             text NOT NULL,
  signed_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The database verifies the signature itself, over the payload that it makes itself, with a key that it knows (ESIGN-2).
CREATE FUNCTION guard_proposal_signature() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  a os_proposal_approvals;
  k signing_keys;
  at timestamptz;
BEGIN
  SELECT * INTO a FROM os_proposal_approvals WHERE approval_code = NEW.approval_code FOR UPDATE;
  SELECT * INTO k FROM signing_keys WHERE kid = NEW.kid FOR SHARE;
  at := clock_timestamp();
  IF a.status IS DISTINCT FROM 'draft' OR at >= a.expires_at THEN
    RAISE EXCEPTION 'only a draft within its time is signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_of_draft';
  END IF;
  IF k.status IS DISTINCT FROM 'active' OR at < k.valid_from OR at >= k.valid_until
     OR (NEW.signer, NEW.alg, NEW.jwk) IS DISTINCT FROM (k.principal, k.alg, k.jwk) THEN
    RAISE EXCEPTION 'the key is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_key_in_force';
  END IF;
  IF holds_role(NEW.signer, 'sovereign') IS NOT TRUE OR NEW.signer = a.executor
     OR NEW.signer = (SELECT registered_by FROM plan_revisions WHERE plan_id = a.plan_id AND revision = a.revision) THEN
    RAISE EXCEPTION 'a sovereign signs who is neither author nor executor' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_separation';
  END IF;
  IF NEW.payload IS DISTINCT FROM proposal_signing_payload(a)
     OR split_part(NEW.jws, '.', 2) <> '' OR NEW.jws <> split_part(NEW.jws, '.', 1) || '..' || split_part(NEW.jws, '.', 3)
     OR is_protected_header(split_part(NEW.jws, '.', 1), k.alg, k.kid) IS NOT TRUE
     OR verify_detached_jws(k.jwk, k.alg, split_part(NEW.jws, '.', 1), NEW.payload, split_part(NEW.jws, '.', 3)) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_proposal_signature BEFORE INSERT ON proposal_signatures FOR EACH ROW EXECUTE FUNCTION guard_proposal_signature();

CREATE FUNCTION guard_council_record() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  changeable CONSTANT text[] := ARRAY['revoked_at', 'revoked_by', 'revoked_reason'];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.revoked_at IS NOT NULL OR NEW.revoked_at IS NULL OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'a record is revoked once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'record_immutable';
    END IF;
    RETURN NEW;
  END IF;
  IF holds_role(NEW.recorded_by, 'council') IS NOT TRUE OR NEW.revoked_at IS NOT NULL
     OR EXISTS (SELECT FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision AND registered_by = NEW.recorded_by) THEN
    RAISE EXCEPTION 'a council member records it who is not the author' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_separation';
  END IF;
  IF NEW.plan_digest IS DISTINCT FROM (SELECT plan_digest FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision)
     OR coalesce(plan_step(NEW.plan_id, NEW.revision, NEW.step) -> 'records' ? NEW.kind, false) IS NOT TRUE THEN
    RAISE EXCEPTION 'the record is not of a step of this revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'record_of_step';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_council_record BEFORE INSERT OR UPDATE ON council_records FOR EACH ROW EXECUTE FUNCTION guard_council_record();

-- What a run or a lease works under is a grant (GBA-), an M-1 record (M1-), or nothing but its own name (STEP-): a rehearsal
-- of a step, or a step that only looks. The references stay references: generated columns carry them.
ALTER TABLE c1_build_run DROP CONSTRAINT c1_build_run_auth_code_fkey,
  ADD CONSTRAINT auth_code_form CHECK (auth_code ~ '^(GBA|M1|STEP)-'),
  ADD COLUMN grant_code text GENERATED ALWAYS AS (CASE WHEN auth_code LIKE 'GBA-%' THEN auth_code END) STORED REFERENCES governance_build_authorization,
  ADD COLUMN approval_code text GENERATED ALWAYS AS (CASE WHEN auth_code LIKE 'M1-%' THEN auth_code END) STORED REFERENCES os_proposal_approvals;
ALTER TABLE dot_iu_runtime_lease DROP CONSTRAINT dot_iu_runtime_lease_auth_code_fkey,
  ADD CONSTRAINT auth_code_form CHECK (auth_code ~ '^(GBA|M1|STEP)-'),
  ADD COLUMN grant_code text GENERATED ALWAYS AS (CASE WHEN auth_code LIKE 'GBA-%' THEN auth_code END) STORED REFERENCES governance_build_authorization,
  ADD COLUMN approval_code text GENERATED ALWAYS AS (CASE WHEN auth_code LIKE 'M1-%' THEN auth_code END) STORED REFERENCES os_proposal_approvals;

CREATE OR REPLACE FUNCTION guard_run_insert() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  g governance_build_authorization;
  a os_proposal_approvals;
BEGIN
  IF NEW.auth_code LIKE 'GBA-%' THEN
    SELECT * INTO g FROM governance_build_authorization WHERE auth_code = NEW.auth_code;
    IF (NEW.mode, NEW.executor, NEW.environment) IS DISTINCT FROM (g.mode, g.scope ->> 'executor', g.scope ->> 'environment')
       OR g.mode = 'commit' AND NEW.database IS DISTINCT FROM g.scope ->> 'database'
       OR NEW.rehearsal_ref IS DISTINCT FROM g.evidence ->> 'rehearsal_ref' OR NEW.rolls_back IS DISTINCT FROM g.evidence ->> 'rolls_back' THEN
      RAISE EXCEPTION 'the run is not what its grant is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_grant';
    END IF;
  ELSIF NEW.auth_code LIKE 'M1-%' THEN
    SELECT * INTO a FROM os_proposal_approvals WHERE approval_code = NEW.auth_code;
    IF NEW.mode <> 'commit' OR a.status IS DISTINCT FROM 'active' OR NEW.executor IS DISTINCT FROM coalesce(a.executor, NEW.executor)
       OR NEW.executor = a.granted_by OR NEW.rehearsal_ref IS DISTINCT FROM a.rehearsal_ref THEN
      RAISE EXCEPTION 'the run is not what its record is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
    END IF;
  ELSIF NOT (NEW.mode = 'dry-run' AND NEW.build IN ('plan-step', 'plan-step-rollback') OR NEW.build = 'plan-check') THEN
    RAISE EXCEPTION 'nothing is written without an authorization' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('root:' || NEW.idempotency_root, 0));
  IF EXISTS (SELECT FROM plan_ledger WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'the root stands for a step that is on record' USING ERRCODE = 'unique_violation', CONSTRAINT = 'root_is_taken';
  END IF;
  IF NEW.status <> 'running' OR NEW.reserved OR NEW.claim_no <> 0 THEN
    RAISE EXCEPTION 'a run starts at its beginning' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_transition';
  END IF;
  RETURN NEW;
END $$;

-- What a run of a step is for: the step, the act and the record agree with the run and with the revision.
CREATE FUNCTION guard_step_run() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  r c1_build_run;
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
BEGIN
  SELECT * INTO r FROM c1_build_run WHERE idempotency_root = NEW.idempotency_root;
  IF planned IS NULL OR r.environment IS DISTINCT FROM r.database OR r.database IS DISTINCT FROM (SELECT target FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision)
     OR r.build IS DISTINCT FROM (CASE WHEN planned ->> 'kind' = 'check' THEN 'plan-check' WHEN NEW.act = 'commit' THEN 'plan-step' ELSE 'plan-step-rollback' END)
     OR planned ->> 'kind' NOT IN ('sql', 'check')
     OR r.mode = 'commit' AND NEW.approval_code IS NULL AND coalesce(jsonb_array_length(planned -> 'records'), 0) > 0
     OR NEW.approval_code IS DISTINCT FROM r.approval_code
     -- The run plays its input: that is this step of this revision, and what was rehearsed of it.
     OR NOT EXISTS (
       SELECT FROM c1_build_run_input i JOIN plan_revisions v ON (v.plan_id, v.revision) = (NEW.plan_id, NEW.revision), LATERAL (SELECT i.content::jsonb AS said) AS s
        WHERE i.idempotency_root = NEW.idempotency_root AND said -> 'plan' = v.content::jsonb AND said ->> 'plan_digest' = v.plan_digest
          AND (said ->> 'step')::integer = NEW.step AND said ->> 'act' = NEW.act AND said ->> 'step_digest' = NEW.step_digest
          AND (said ->> 'rehearsal')::boolean = (r.mode = 'dry-run')
          AND said ->> 'entry_fingerprint' IS NOT DISTINCT FROM (SELECT h.fingerprint FROM rehearsals h WHERE h.rehearsal_ref = r.rehearsal_ref)) THEN
    RAISE EXCEPTION 'the run is not of this step' USING ERRCODE = 'check_violation', CONSTRAINT = 'step_run_of_step';
  END IF;
  IF NEW.approval_code IS NOT NULL AND NOT EXISTS (
    SELECT FROM os_proposal_approvals a
     WHERE (a.approval_code, a.plan_id, a.revision, a.step, a.act) = (NEW.approval_code, NEW.plan_id, NEW.revision, NEW.step, NEW.act)) THEN
    RAISE EXCEPTION 'the record is for something else' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_approval';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_step_run BEFORE INSERT ON plan_step_runs FOR EACH ROW EXECUTE FUNCTION guard_step_run();

CREATE FUNCTION check_step_run_of_run() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM plan_step_runs WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'a run without a grant is of a step' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_of_step';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER run_of_step AFTER INSERT ON c1_build_run DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.auth_code NOT LIKE 'GBA-%') EXECUTE FUNCTION check_step_run_of_run();

-- No write without a burned authorization, whichever it is.
CREATE FUNCTION guard_run_reserved() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.approval_code IS NOT NULL AND NOT EXISTS (
       SELECT FROM os_proposal_approvals a
        WHERE a.approval_code = NEW.approval_code AND a.status = 'consumed' AND (a.consumed_by, a.idempotency_root) = (NEW.executor, NEW.idempotency_root))
     OR NEW.grant_code IS NOT NULL AND NOT EXISTS (
       SELECT FROM grant_receipts r WHERE r.auth_code = NEW.grant_code AND r.idempotency_root = NEW.idempotency_root AND r.consumed_by = NEW.executor) THEN
    RAISE EXCEPTION 'no write without a consumed grant' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_needs_receipt';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER guard_run_reserved AFTER UPDATE ON c1_build_run
  FOR EACH ROW WHEN (NEW.reserved AND NOT OLD.reserved) EXECUTE FUNCTION guard_run_reserved();

CREATE OR REPLACE FUNCTION guard_run_update() RETURNS trigger
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
  RETURN NEW;
END $$;

-- A rehearsal of a step stands under no grant: it burns nothing and leaves nothing.
CREATE OR REPLACE FUNCTION guard_rehearsal() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  said jsonb := NEW.content::jsonb;
BEGIN
  IF NOT EXISTS (
    SELECT FROM c1_build_run r LEFT JOIN governance_build_authorization g ON g.auth_code = r.grant_code
     WHERE r.idempotency_root = said ->> 'idempotency_root' AND r.auth_code = said ->> 'auth_code' AND r.reserved
       AND r.mode = 'dry-run' AND (g.mode = 'dry-run' AND g.status = 'consumed' OR r.auth_code LIKE 'STEP-%') AND r.build = said ->> 'build'
       AND r.database = said ->> 'database' AND r.bindings @> (said -> 'bindings')
       AND (said -> 'bindings') ?& ARRAY['plan_id', 'plan_revision', 'manifest_digest', 'schema_digest', 'rollback_plan_ref']) THEN
    RAISE EXCEPTION 'a rehearsal is what a dry-run has shown' USING ERRCODE = 'check_violation', CONSTRAINT = 'rehearsal_of_dry_run';
  END IF;
  RETURN NEW;
END $$;

-- A line says of the target only what a run of that step has come to, or what a record step was evidenced with.
CREATE FUNCTION state_is_ok(root text, way text) RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM c1_build_run_state s WHERE (s.idempotency_root, s.direction, s.state, s.status) = (root, way, 'S3', 'ok'))
$$;
CREATE FUNCTION guard_ledger() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  planned jsonb := plan_step(NEW.plan_id, NEW.revision, NEW.step);
BEGIN
  PERFORM FROM plans WHERE plan_id = NEW.plan_id FOR UPDATE;
  NEW.seq := coalesce((SELECT max(seq) FROM plan_ledger WHERE plan_id = NEW.plan_id), 0) + 1;
  IF NEW.plan_digest IS DISTINCT FROM (SELECT plan_digest FROM plan_revisions WHERE plan_id = NEW.plan_id AND revision = NEW.revision) THEN
    RAISE EXCEPTION 'the line is of no revision' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_revision';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('root:' || NEW.idempotency_root, 0));
  IF planned ->> 'kind' = 'record' THEN
    IF NEW.outcome <> 'committed' OR NEW.act <> 'commit' OR jsonb_typeof(NEW.documents) IS DISTINCT FROM 'array'
       OR (SELECT jsonb_agg(d ->> 'name' ORDER BY d ->> 'name') FROM jsonb_array_elements(NEW.documents) AS d)
          IS DISTINCT FROM (SELECT jsonb_agg(d ORDER BY d) FROM jsonb_array_elements_text(planned -> 'documents') AS d)
       OR EXISTS (SELECT FROM c1_build_run r WHERE r.idempotency_root = NEW.idempotency_root)
       OR (coalesce(jsonb_array_length(planned -> 'records'), 0) > 0) IS DISTINCT FROM EXISTS (
            SELECT FROM os_proposal_approvals a
             WHERE (a.approval_code, a.plan_id, a.revision, a.step, a.act, a.status, a.consumed_by, a.idempotency_root)
                   = (NEW.approval_code, NEW.plan_id, NEW.revision, NEW.step, 'commit', 'consumed', NEW.recorded_by, NEW.idempotency_root)) THEN
      RAISE EXCEPTION 'a record step is evidenced by its documents and records' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_run';
    END IF;
  ELSIF planned IS NULL OR NOT EXISTS (
    SELECT FROM plan_step_runs s JOIN c1_build_run r USING (idempotency_root)
     WHERE (s.idempotency_root, s.plan_id, s.revision, s.step, s.act, s.step_digest)
           = (NEW.idempotency_root, NEW.plan_id, NEW.revision, NEW.step, NEW.act, NEW.step_digest)
       AND s.approval_code IS NOT DISTINCT FROM NEW.approval_code AND r.reserved AND r.executor = NEW.recorded_by
       AND CASE NEW.outcome
             WHEN 'rehearsed' THEN r.mode = 'dry-run' AND r.status = 'succeeded'
             WHEN 'rehearsal_failed' THEN r.mode = 'dry-run' AND r.status = 'stopped'
             WHEN 'committed' THEN r.mode = 'commit' AND r.status = 'succeeded' AND NEW.act = 'commit'
             WHEN 'rolled_back' THEN r.mode = 'commit' AND NEW.act = 'rollback' AND planned #>> '{rollback,mode}' = 'revert'
               AND (r.status = 'succeeded' OR state_is_ok(NEW.idempotency_root, 'undo'))
             WHEN 'retired' THEN r.mode = 'commit' AND planned #>> '{rollback,mode}' = 'retire'
               AND (r.status = 'succeeded' AND NEW.act = 'rollback' OR r.status = 'stopped' AND state_is_ok(NEW.idempotency_root, 'undo'))
             WHEN 'undone' THEN r.mode = 'commit' AND r.status = 'stopped' AND NEW.act = 'commit' AND state_is_ok(NEW.idempotency_root, 'undo')
             WHEN 'failed' THEN r.mode = 'commit' AND r.status = 'stopped'
               AND (planned ->> 'kind' = 'check' OR NOT state_is_ok(NEW.idempotency_root, 'forward') OR state_is_ok(NEW.idempotency_root, 'undo'))
             ELSE r.mode = 'commit' AND r.status = 'stopped' END)
     -- A run that was only stopped may end once more, undone.
     OR EXISTS (SELECT FROM plan_ledger l WHERE l.idempotency_root = NEW.idempotency_root
                 AND (l.plan_id, l.step, l.act, l.outcome) IS DISTINCT FROM (NEW.plan_id, NEW.step, NEW.act, 'contradicted')) THEN
    RAISE EXCEPTION 'the line is not what its run has come to' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_run';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_ledger BEFORE INSERT ON plan_ledger FOR EACH ROW EXECUTE FUNCTION guard_ledger();

-- An act that has ended has its line: what the ledger says of a target and what was done there cannot part.
CREATE FUNCTION check_ledger_line() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM plan_ledger WHERE idempotency_root = NEW.idempotency_root) THEN
    RAISE EXCEPTION 'an act that has ended has its line' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_line_of_run';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_line_of_run AFTER UPDATE ON c1_build_run DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.reserved AND NEW.status IN ('succeeded', 'stopped') AND NEW.auth_code NOT LIKE 'GBA-%') EXECUTE FUNCTION check_ledger_line();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['plans', 'plan_revisions', 'proposal_signatures', 'plan_step_runs', 'plan_ledger'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['os_proposal_approvals', 'council_records'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['plans', 'plan_revisions', 'proposal_signatures', 'plan_step_runs', 'plan_ledger', 'os_proposal_approvals', 'council_records'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE os_proposal_approvals ENABLE ALWAYS TRIGGER guard_plan_approval;
ALTER TABLE proposal_signatures ENABLE ALWAYS TRIGGER guard_proposal_signature;
ALTER TABLE council_records ENABLE ALWAYS TRIGGER guard_council_record;
ALTER TABLE plan_step_runs ENABLE ALWAYS TRIGGER guard_step_run;
ALTER TABLE plan_ledger ENABLE ALWAYS TRIGGER guard_ledger;
ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER run_of_step;
ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER ledger_line_of_run;
ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER guard_run_reserved;

REVOKE ALL ON FUNCTION plan_step, proposal_signing_payload, state_is_ok FROM PUBLIC;
GRANT EXECUTE ON FUNCTION plan_step, proposal_signing_payload, state_is_ok TO countersign_app;
GRANT SELECT, INSERT ON plans, plan_revisions, os_proposal_approvals, proposal_signatures, council_records, plan_step_runs, plan_ledger TO countersign_app;
-- A lock of the plan's row orders its acts; nothing of it can change.
GRANT UPDATE (created_at) ON plans TO countersign_app;
GRANT UPDATE (status, consumed_at, consumed_by, idempotency_root, revoked_at, revoked_by, revoked_reason, expired_at) ON os_proposal_approvals TO countersign_app;
GRANT UPDATE (revoked_at, revoked_by, revoked_reason) ON council_records TO countersign_app;
