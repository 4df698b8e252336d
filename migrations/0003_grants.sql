-- Grants, their receipts, and leases. The rules here hold whoever writes (GRANT-6, MINT-6, LEASE-1).

CREATE TABLE governance_build_authorization (
  auth_code               text PRIMARY KEY,
  request_ref             text NOT NULL CONSTRAINT one_grant_per_request UNIQUE REFERENCES approval_requests,
  mode                    text NOT NULL CONSTRAINT mode_known CHECK (mode IN ('dry-run', 'commit')),
  scope                   jsonb NOT NULL,
  rollback_plan_ref       text NOT NULL CHECK (rollback_plan_ref <> ''),
  commit_allowed          boolean NOT NULL,
  requires_sovereign_esign boolean NOT NULL,
  sovereign_esign_ref     text CHECK (sovereign_esign_ref <> ''),
  approval_ref            jsonb NOT NULL CHECK (jsonb_typeof(approval_ref) = 'object'),
  evidence                jsonb NOT NULL CHECK (jsonb_typeof(evidence) = 'object'),
  status                  text NOT NULL CONSTRAINT status_known CHECK (status IN ('draft', 'active', 'consumed', 'revoked', 'expired')),
  granted_at              timestamptz NOT NULL,
  granted_by              text NOT NULL CHECK (granted_by <> ''),
  created_by              text NOT NULL CHECK (created_by <> ''),
  expires_at              timestamptz NOT NULL,
  consumed_at             timestamptz,
  consumed_by             text CHECK (consumed_by <> ''),
  idempotency_root        text CHECK (idempotency_root <> ''),
  revoked_at              timestamptz,
  revoked_by              text CHECK (revoked_by <> ''),
  revoked_reason          text CHECK (btrim(revoked_reason) <> ''),
  expired_at              timestamptz,
  -- A carrier has no hyphen, so no two pairs of carrier and request make one code (MINT-2).
  CONSTRAINT auth_code_form CHECK (auth_code = 'GBA-' || (scope ->> 'carrier') || '-' || request_ref AND scope ->> 'carrier' ~ '^[A-Za-z0-9_]{1,40}$'),
  CONSTRAINT scope_whole CHECK (
    jsonb_typeof(scope) = 'object'
    AND scope ?& ARRAY['carrier','namespace','axis','target','environment','plan_id','plan_revision','manifest_digest','schema_digest','executor','action_set']
    AND jsonb_typeof(scope -> 'action_set') = 'array' AND jsonb_array_length(scope -> 'action_set') > 0),
  CONSTRAINT dry_run_constants CHECK (mode <> 'dry-run' OR (NOT commit_allowed AND NOT requires_sovereign_esign AND sovereign_esign_ref IS NULL)),
  CONSTRAINT commit_constants CHECK (mode <> 'commit' OR (commit_allowed AND requires_sovereign_esign)),
  CONSTRAINT commit_needs_esign CHECK (mode <> 'commit' OR status NOT IN ('active', 'consumed') OR sovereign_esign_ref IS NOT NULL),
  CONSTRAINT chk_expiry CHECK (expires_at > granted_at),
  CONSTRAINT chk_consumed_pair CHECK (
    (status = 'consumed') = (consumed_at IS NOT NULL)
    AND (consumed_at IS NULL) = (consumed_by IS NULL) AND (consumed_at IS NULL) = (idempotency_root IS NULL)),
  CONSTRAINT chk_consumed_in_time CHECK (consumed_at IS NULL OR (consumed_at >= granted_at AND consumed_at < expires_at)),
  CONSTRAINT chk_revoked_pair CHECK (
    (status = 'revoked') = (revoked_at IS NOT NULL)
    AND (revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_reason IS NULL)),
  CONSTRAINT chk_expired CHECK ((status = 'expired') = (expired_at IS NOT NULL) AND (expired_at IS NULL OR expired_at >= expires_at))
);

-- MINT-6: one live dry-run grant per target, one live commit-mode grant per target and environment.
CREATE UNIQUE INDEX one_live_dry_run_grant ON governance_build_authorization ((scope ->> 'target'))
  WHERE mode = 'dry-run' AND status IN ('draft', 'active');
CREATE UNIQUE INDEX one_live_commit_grant ON governance_build_authorization ((scope ->> 'target'), (scope ->> 'environment'))
  WHERE mode = 'commit' AND status IN ('draft', 'active');
CREATE INDEX grants_live_by_plan ON governance_build_authorization ((scope ->> 'carrier'), (scope ->> 'plan_id'))
  WHERE status IN ('draft', 'active');
CREATE INDEX grants_by_manifest ON governance_build_authorization
  ((scope ->> 'carrier'), (scope ->> 'plan_id'), (scope ->> 'manifest_digest'), granted_at DESC);
CREATE INDEX grants_live_by_expiry ON governance_build_authorization (expires_at) WHERE status IN ('draft', 'active');
CREATE INDEX grants_newest ON governance_build_authorization (granted_at DESC, auth_code DESC);

CREATE TABLE dot_iu_runtime_lease (
  lease_name       text PRIMARY KEY CONSTRAINT lease_name_form CHECK (lease_name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  lease_holder     text NOT NULL CHECK (lease_holder <> ''),
  lease_token_hash bytea NOT NULL CHECK (octet_length(lease_token_hash) = 32),
  fencing_token    bigint NOT NULL CHECK (fencing_token >= 1),
  auth_code        text REFERENCES governance_build_authorization,
  acquired_at      timestamptz NOT NULL,
  renewed_at       timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  released_at      timestamptz,
  CONSTRAINT lease_expiry CHECK (expires_at > acquired_at)
);

-- One row a consumption, and a second one cannot be written: the single use holds even where the status would lie.
CREATE TABLE grant_receipts (
  auth_code        text PRIMARY KEY REFERENCES governance_build_authorization,
  consumed_at      timestamptz NOT NULL,
  consumed_by      text NOT NULL,
  idempotency_root text NOT NULL CHECK (length(idempotency_root) BETWEEN 1 AND 200),
  lease_name       text,
  fencing_token    bigint,
  CONSTRAINT receipt_lease_pair CHECK ((lease_name IS NULL) = (fencing_token IS NULL))
);

CREATE FUNCTION guard_grant_insert() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE r approval_requests;
BEGIN
  IF NEW.status <> (CASE NEW.mode WHEN 'commit' THEN 'draft' ELSE 'active' END) THEN
    RAISE EXCEPTION 'a % grant does not start as %', NEW.mode, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.request_ref;
  IF r.status IS DISTINCT FROM 'approved' THEN
    RAISE EXCEPTION 'the request % is not approved', NEW.request_ref USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_quorum';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_grant_insert BEFORE INSERT ON governance_build_authorization FOR EACH ROW EXECUTE FUNCTION guard_grant_insert();

-- A row trigger runs after the row is locked, so clock_timestamp() here is later than any wait for the lock.
CREATE FUNCTION guard_grant_update() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.auth_code, NEW.request_ref, NEW.mode, NEW.scope, NEW.rollback_plan_ref, NEW.commit_allowed, NEW.requires_sovereign_esign,
      NEW.approval_ref, NEW.evidence, NEW.granted_at, NEW.granted_by, NEW.created_by, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.auth_code, OLD.request_ref, OLD.mode, OLD.scope, OLD.rollback_plan_ref, OLD.commit_allowed, OLD.requires_sovereign_esign,
      OLD.approval_ref, OLD.evidence, OLD.granted_at, OLD.granted_by, OLD.created_by, OLD.expires_at) THEN
    RAISE EXCEPTION 'the bindings of a grant never change' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_bindings';
  END IF;
  IF NOT (OLD.status = 'draft' AND NEW.status IN ('active', 'revoked', 'expired')
          OR OLD.status = 'active' AND NEW.status IN ('consumed', 'revoked', 'expired')) THEN
    RAISE EXCEPTION 'a grant that is % does not become %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  IF NEW.sovereign_esign_ref IS DISTINCT FROM OLD.sovereign_esign_ref AND NOT (OLD.status = 'draft' AND NEW.status = 'active') THEN
    RAISE EXCEPTION 'a signature comes with the activation of a draft' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'grant_esign';
  END IF;
  IF NEW.status IN ('consumed', 'active') AND clock_timestamp() >= NEW.expires_at THEN
    RAISE EXCEPTION 'the grant has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_time';
  END IF;
  IF NEW.status = 'expired' AND clock_timestamp() < NEW.expires_at THEN
    RAISE EXCEPTION 'the grant has not expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_expired_after_time';
  END IF;
  IF NEW.status = 'consumed' THEN
    IF NEW.consumed_by <> NEW.scope ->> 'executor' THEN
      RAISE EXCEPTION 'only the executor named in the grant consumes it' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_executor';
    END IF;
    IF EXISTS (SELECT FROM apr_approvals WHERE apr_code = NEW.request_ref AND voter = NEW.consumed_by) THEN
      RAISE EXCEPTION 'a voter does not execute' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_executor_voted';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_grant_update BEFORE UPDATE ON governance_build_authorization FOR EACH ROW EXECUTE FUNCTION guard_grant_update();

-- A receipt and a consumed grant say the same, by the end of the transaction that writes either.
CREATE FUNCTION match_receipt() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM governance_build_authorization g JOIN grant_receipts r USING (auth_code, consumed_at, consumed_by, idempotency_root)
     WHERE g.auth_code = NEW.auth_code AND g.status = 'consumed') THEN
    RAISE EXCEPTION 'grant % and its receipt do not agree', NEW.auth_code USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_matches';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER receipt_matches AFTER INSERT ON grant_receipts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION match_receipt();
CREATE CONSTRAINT TRIGGER consumed_has_receipt AFTER UPDATE ON governance_build_authorization
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'consumed') EXECUTE FUNCTION match_receipt();

CREATE FUNCTION guard_lease() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE acquires boolean := (NEW.lease_token_hash, NEW.lease_holder) IS DISTINCT FROM (OLD.lease_token_hash, OLD.lease_holder);
BEGIN
  IF NEW.lease_name <> OLD.lease_name OR NEW.fencing_token < OLD.fencing_token THEN
    RAISE EXCEPTION 'a fencing token never falls' USING ERRCODE = 'check_violation', CONSTRAINT = 'fence_rises';
  END IF;
  IF acquires <> (NEW.fencing_token = OLD.fencing_token + 1) OR NEW.fencing_token > OLD.fencing_token + 1 THEN
    RAISE EXCEPTION 'each acquisition raises the fencing token by one' USING ERRCODE = 'check_violation', CONSTRAINT = 'fence_rises';
  END IF;
  IF acquires AND OLD.released_at IS NULL AND clock_timestamp() < OLD.expires_at THEN
    RAISE EXCEPTION 'the lease is held' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_held';
  END IF;
  IF NOT acquires AND OLD.released_at IS NOT NULL THEN
    RAISE EXCEPTION 'a released lease stays released until it is acquired again' USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_released';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_lease BEFORE UPDATE ON dot_iu_runtime_lease FOR EACH ROW EXECUTE FUNCTION guard_lease();

DO $$
DECLARE t text;
BEGIN
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON grant_receipts FOR EACH ROW EXECUTE FUNCTION refuse_change();
  ALTER TABLE grant_receipts ENABLE ALWAYS TRIGGER append_only;
  FOREACH t IN ARRAY ARRAY['governance_build_authorization', 'dot_iu_runtime_lease'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['governance_build_authorization', 'dot_iu_runtime_lease', 'grant_receipts'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER guard_grant_insert;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER guard_grant_update;
ALTER TABLE governance_build_authorization ENABLE ALWAYS TRIGGER consumed_has_receipt;
ALTER TABLE grant_receipts ENABLE ALWAYS TRIGGER receipt_matches;
ALTER TABLE dot_iu_runtime_lease ENABLE ALWAYS TRIGGER guard_lease;

GRANT SELECT, INSERT ON governance_build_authorization, grant_receipts, dot_iu_runtime_lease TO countersign_app;
GRANT UPDATE (status, sovereign_esign_ref, consumed_at, consumed_by, idempotency_root, revoked_at, revoked_by, revoked_reason, expired_at)
  ON governance_build_authorization TO countersign_app;
GRANT UPDATE (lease_holder, lease_token_hash, fencing_token, auth_code, acquired_at, renewed_at, expires_at, released_at)
  ON dot_iu_runtime_lease TO countersign_app;
