-- Commit-mode grants: scopes that may be built for real, the keys and signatures of sovereigns, and holds
-- (ESIGN-1 to ESIGN-4, GRANT-6, GRANT-9, RUN-7).

CREATE TABLE scopes (
  scope_id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A carrier has no hyphen, so that no two pairs of carrier and request make one code of a grant (MINT-2).
  carrier             text NOT NULL CONSTRAINT carrier_form CHECK (carrier ~ '^[A-Za-z0-9_]{1,40}$'),
  namespace           text NOT NULL CHECK (namespace <> ''),
  axis                text NOT NULL CHECK (axis <> ''),
  target              text NOT NULL CHECK (target <> ''),
  environment         text NOT NULL CHECK (environment <> ''),
  -- The name of the one configured database that the environment stands for (RUN-7).
  database            text NOT NULL CONSTRAINT database_form CHECK (database ~ '^[a-z][a-z0-9_-]{0,62}$'),
  allowed_action_sets jsonb NOT NULL CONSTRAINT action_sets_form CHECK (
                        jsonb_typeof(allowed_action_sets) = 'array' AND jsonb_array_length(allowed_action_sets) > 0),
  lease_name          text NOT NULL CONSTRAINT lease_name_form CHECK (lease_name ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  rehearsal_required  boolean NOT NULL,
  status              text NOT NULL DEFAULT 'active' CONSTRAINT status_known CHECK (status IN ('active', 'retired')),
  created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by          text NOT NULL CHECK (created_by <> ''),
  retired_at          timestamptz,
  retired_by          text,
  CONSTRAINT retired_pair CHECK ((status = 'retired') = (retired_at IS NOT NULL) AND (retired_at IS NULL) = (retired_by IS NULL))
);
CREATE UNIQUE INDEX one_active_scope ON scopes (carrier, namespace, axis, target, environment) WHERE status = 'active';
CREATE INDEX scopes_newest ON scopes (created_at DESC, scope_id DESC);

CREATE FUNCTION guard_scope() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF to_jsonb(NEW) - ARRAY['status', 'retired_at', 'retired_by'] <> to_jsonb(OLD) - ARRAY['status', 'retired_at', 'retired_by'] THEN
    RAISE EXCEPTION 'a scope never changes: retire it and register another' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'scope_immutable';
  END IF;
  IF NOT (OLD.status = 'active' AND NEW.status = 'retired') THEN
    RAISE EXCEPTION 'a scope that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'scope_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_scope BEFORE UPDATE ON scopes FOR EACH ROW EXECUTE FUNCTION guard_scope();

-- The thumbprint of a public key (RFC 7638): the same key is the same person's, under one name.
CREATE FUNCTION jwk_thumbprint(jwk jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN base64url_encode(sha256(convert_to(
    CASE jwk ->> 'kty'
      WHEN 'EC' THEN format('{"crv":%s,"kty":"EC","x":%s,"y":%s}', jwk -> 'crv', jwk -> 'x', jwk -> 'y')
      ELSE format('{"crv":%s,"kty":%s,"x":%s}', jwk -> 'crv', jwk -> 'kty', jwk -> 'x') END, 'UTF8')));

CREATE TABLE signing_keys (
  kid            text PRIMARY KEY CONSTRAINT kid_form CHECK (kid ~ '^[A-Za-z0-9_-][A-Za-z0-9._:-]{0,127}$'),
  principal      text NOT NULL REFERENCES principals,
  alg            text NOT NULL CONSTRAINT alg_known CHECK (alg IN ('EdDSA', 'ES256')),
  jwk            jsonb NOT NULL,
  thumbprint     text NOT NULL GENERATED ALWAYS AS (jwk_thumbprint(jwk)) STORED CONSTRAINT one_name_per_key UNIQUE,
  -- The compact JWS by which the owner showed that they hold the private key (ESIGN-4).
  proof          text NOT NULL,
  status         text NOT NULL DEFAULT 'pending' CONSTRAINT status_known CHECK (status IN ('pending', 'active', 'revoked')),
  valid_from     timestamptz NOT NULL,
  valid_until    timestamptz NOT NULL,
  registered_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  confirmed_at   timestamptz,
  confirmed_by   text,
  revoked_at     timestamptz,
  revoked_by     text,
  revoked_reason text CHECK (btrim(revoked_reason) <> ''),
  CONSTRAINT validity CHECK (valid_until > valid_from),
  CONSTRAINT validity_length CHECK (valid_until <= valid_from + interval '5 years'),
  CONSTRAINT confirmed_pair CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL) AND (status <> 'active' OR confirmed_at IS NOT NULL)),
  CONSTRAINT confirmed_by_another CHECK (confirmed_by <> principal),
  CONSTRAINT revoked_all CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)
    AND (revoked_at IS NULL) = (revoked_by IS NULL) AND (revoked_at IS NULL) = (revoked_reason IS NULL))
);
CREATE INDEX signing_keys_newest ON signing_keys (registered_at DESC, kid DESC);
CREATE INDEX signing_keys_by_principal ON signing_keys (principal, registered_at DESC);

-- What a protected header may be: exactly the algorithm and the name of the key, nothing that could bring a key along.
CREATE FUNCTION is_protected_header(encoded text, alg text, kid text) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN coalesce(convert_from(base64url_decode(encoded), 'UTF8')::jsonb = jsonb_build_object('alg', alg, 'kid', kid), false);
EXCEPTION WHEN invalid_text_representation OR character_not_in_repertoire OR untranslatable_character THEN
  RETURN false;
END $$;

CREATE FUNCTION holds_role(who text, role text) RETURNS boolean
  LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, public, pg_temp
  RETURN EXISTS (SELECT FROM principals p WHERE p.principal = who AND p.status = 'active' AND role = ANY (p.roles));

CREATE FUNCTION guard_signing_key() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  -- The thumbprint is generated from the key once this trigger is through.
  changeable CONSTANT text[] := ARRAY['status', 'confirmed_at', 'confirmed_by', 'revoked_at', 'revoked_by', 'revoked_reason', 'thumbprint'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'pending' OR NEW.confirmed_at IS NOT NULL THEN
      RAISE EXCEPTION 'a key starts unconfirmed' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_transition';
    END IF;
    IF holds_role(NEW.principal, 'sovereign') IS NOT TRUE THEN
      RAISE EXCEPTION '% is no sovereign', NEW.principal USING ERRCODE = 'check_violation', CONSTRAINT = 'key_of_sovereign';
    END IF;
    IF signing_key_is_sound(NEW.jwk, NEW.alg) IS NOT TRUE THEN
      RAISE EXCEPTION 'the key is not a sound % key', NEW.alg USING ERRCODE = 'check_violation', CONSTRAINT = 'key_sound';
    END IF;
    -- RFC 8785, by hand: three members in order, each value a JSON string.
    IF is_protected_header(split_part(NEW.proof, '.', 1), NEW.alg, NEW.kid) IS NOT TRUE
       OR verify_detached_jws(NEW.jwk, NEW.alg, split_part(NEW.proof, '.', 1),
            format('{"kid":%s,"principal":%s,"purpose":"register-signing-key"}', to_json(NEW.kid), to_json(NEW.principal)),
            split_part(NEW.proof, '.', 3)) IS NOT TRUE THEN
      RAISE EXCEPTION 'the proof is not of this key' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_proof';
    END IF;
    RETURN NEW;
  END IF;
  IF to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
    RAISE EXCEPTION 'a key never changes after it is registered' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'key_immutable';
  END IF;
  IF NOT (OLD.status = 'pending' AND NEW.status IN ('active', 'revoked') OR OLD.status = 'active' AND NEW.status = 'revoked') THEN
    RAISE EXCEPTION 'a key that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'key_transition';
  END IF;
  IF NEW.status = 'active' AND (holds_role(NEW.confirmed_by, 'council') IS NOT TRUE OR clock_timestamp() >= NEW.valid_until) THEN
    RAISE EXCEPTION 'a council member confirms a key within its time' USING ERRCODE = 'check_violation', CONSTRAINT = 'key_confirmation';
  END IF;
  IF NEW.status = 'revoked' AND (NEW.confirmed_at, NEW.confirmed_by) IS DISTINCT FROM (OLD.confirmed_at, OLD.confirmed_by) THEN
    RAISE EXCEPTION 'a revocation confirms nothing' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'key_immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_signing_key BEFORE INSERT OR UPDATE ON signing_keys FOR EACH ROW EXECUTE FUNCTION guard_signing_key();

-- The bytes that a sovereign signs (ESIGN-1): RFC 8785, that is members in the order of their names, no blanks, and
-- strings as to_json() writes them. Bound to everything that the grant is, and to the content that was approved.
CREATE FUNCTION grant_signing_payload(g governance_build_authorization) RETURNS text
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT concat(
    '{"apr_digest":', to_json(r.apr_digest), ',"auth_code":', to_json(g.auth_code),
    ',"bindings":{"action_set":[', (SELECT string_agg(to_json(action)::text, ',' ORDER BY position)
                                      FROM jsonb_array_elements_text(g.scope -> 'action_set') WITH ORDINALITY AS granted (action, position)),
    '],"axis":', to_json(g.scope ->> 'axis'), ',"carrier":', to_json(g.scope ->> 'carrier'),
    ',"environment":', to_json(g.scope ->> 'environment'), ',"executor":', to_json(g.scope ->> 'executor'),
    ',"manifest_digest":', to_json(g.scope ->> 'manifest_digest'), ',"namespace":', to_json(g.scope ->> 'namespace'),
    ',"plan_id":', to_json(g.scope ->> 'plan_id'), ',"plan_revision":', to_json(g.scope ->> 'plan_revision'),
    ',"rollback_plan_ref":', to_json(g.rollback_plan_ref), ',"schema_digest":', to_json(g.scope ->> 'schema_digest'),
    ',"target":', to_json(g.scope ->> 'target'),
    '},"database":', to_json(g.scope ->> 'database'),
    ',"expires_at":', to_json(to_char(g.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
    ',"mode":', to_json(g.mode),
    ',"rehearsal_ref":', coalesce(to_json(g.evidence ->> 'rehearsal_ref')::text, 'null'),
    ',"type":"countersign/grant-signing-payload/v1"}')
    FROM approval_requests r WHERE r.apr_code = g.request_ref
$$;

-- One signature a grant, with the key as it was when it signed: a later revocation changes nothing of it (ESIGN-3).
CREATE TABLE grant_signatures (
  auth_code       text PRIMARY KEY REFERENCES governance_build_authorization,
  esign_ref       text NOT NULL UNIQUE,
  signer          text NOT NULL REFERENCES principals,
  kid             text NOT NULL REFERENCES signing_keys,
  alg             text NOT NULL,
  jwk             jsonb NOT NULL,
  key_valid_from  timestamptz NOT NULL,
  key_valid_until timestamptz NOT NULL,
  confirmed_by    text NOT NULL,
  confirmed_at    timestamptz NOT NULL,
  payload         text NOT NULL,
  -- `<protected>..<signature>` (RFC 7515, appendix F).
  jws             text NOT NULL,
  signed_at       timestamptz NOT NULL,
  CONSTRAINT esign_ref_of_jws CHECK (esign_ref = 'sha256:' || encode(sha256(convert_to(jws, 'UTF8')), 'hex'))
);
CREATE INDEX grant_signatures_by_key ON grant_signatures (kid);

-- The database verifies the signature itself, over the payload that it makes itself, with a key that it knows.
CREATE FUNCTION guard_grant_signature() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  g governance_build_authorization;
  k signing_keys;
  at timestamptz;
BEGIN
  SELECT * INTO g FROM governance_build_authorization WHERE auth_code = NEW.auth_code FOR UPDATE;
  SELECT * INTO k FROM signing_keys WHERE kid = NEW.kid FOR SHARE;
  at := clock_timestamp();
  IF g.mode IS DISTINCT FROM 'commit' OR g.status <> 'draft' THEN
    RAISE EXCEPTION 'only a draft is signed' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_of_draft';
  END IF;
  IF at >= g.expires_at THEN
    RAISE EXCEPTION 'the draft has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_time';
  END IF;
  IF k.status IS DISTINCT FROM 'active' OR at < k.valid_from OR at >= k.valid_until THEN
    RAISE EXCEPTION 'the key is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_key_in_force';
  END IF;
  IF (NEW.signer, NEW.alg, NEW.jwk, NEW.key_valid_from, NEW.key_valid_until, NEW.confirmed_by, NEW.confirmed_at)
     IS DISTINCT FROM (k.principal, k.alg, k.jwk, k.valid_from, k.valid_until, k.confirmed_by, k.confirmed_at)
     OR NEW.signed_at NOT BETWEEN g.granted_at AND at OR NEW.payload IS DISTINCT FROM grant_signing_payload(g) THEN
    RAISE EXCEPTION 'the record is not of this grant and key' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_record';
  END IF;
  IF holds_role(NEW.signer, 'sovereign') IS NOT TRUE OR NEW.signer = g.scope ->> 'executor'
     OR EXISTS (SELECT FROM approval_requests WHERE apr_code = g.request_ref AND requested_by = NEW.signer)
     OR EXISTS (SELECT FROM apr_approvals WHERE apr_code = g.request_ref AND voter = NEW.signer) THEN
    RAISE EXCEPTION 'a sovereign signs who is neither requester nor voter nor executor'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_separation';
  END IF;
  IF split_part(NEW.jws, '.', 2) <> '' OR NEW.jws <> split_part(NEW.jws, '.', 1) || '..' || split_part(NEW.jws, '.', 3)
     OR is_protected_header(split_part(NEW.jws, '.', 1), k.alg, k.kid) IS NOT TRUE
     OR verify_detached_jws(k.jwk, k.alg, split_part(NEW.jws, '.', 1), NEW.payload, split_part(NEW.jws, '.', 3)) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_grant_signature BEFORE INSERT ON grant_signatures FOR EACH ROW EXECUTE FUNCTION guard_grant_signature();

-- REGISTRATION_HOLD (GRANT-9): while one stands, nothing is consumed in its environment, or anywhere.
CREATE TABLE registration_holds (
  id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  environment   text CHECK (environment <> ''),
  reason        text NOT NULL CONSTRAINT reason_given CHECK (btrim(reason) <> ''),
  placed_by     text NOT NULL CHECK (placed_by <> ''),
  placed_at     timestamptz NOT NULL,
  lifted_by     text CHECK (lifted_by <> ''),
  lifted_at     timestamptz,
  lifted_reason text CHECK (btrim(lifted_reason) <> ''),
  CONSTRAINT lifted_pair CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_reason IS NULL OR lifted_at IS NOT NULL))
);
CREATE INDEX holds_newest ON registration_holds (placed_at DESC, id DESC);
CREATE INDEX holds_standing ON registration_holds (placed_at) WHERE lifted_at IS NULL;

-- The gate between holds and what they stop. A use passes it shared and then looks for holds; a hold takes it alone, so
-- it waits for the uses under way and every later one sees it. The gate only orders them; the rows decide.
CREATE FUNCTION pass_hold_gate() RETURNS void
  LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS 'SELECT pg_advisory_xact_lock_shared(4226534)';

CREATE FUNCTION guard_hold() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(4226534);
  IF TG_OP = 'INSERT' THEN
    NEW.placed_at := clock_timestamp();
    IF NEW.lifted_at IS NOT NULL THEN
      RAISE EXCEPTION 'a hold starts standing' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_transition';
    END IF;
    RETURN NEW;
  END IF;
  IF OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL
     OR (NEW.id, NEW.environment, NEW.reason, NEW.placed_by, NEW.placed_at)
        IS DISTINCT FROM (OLD.id, OLD.environment, OLD.reason, OLD.placed_by, OLD.placed_at) THEN
    RAISE EXCEPTION 'a hold is lifted once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_hold BEFORE INSERT OR UPDATE ON registration_holds FOR EACH ROW EXECUTE FUNCTION guard_hold();

CREATE OR REPLACE FUNCTION guard_grant_insert() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE r approval_requests;
BEGIN
  IF NEW.status <> (CASE NEW.mode WHEN 'commit' THEN 'draft' ELSE 'active' END) OR NEW.sovereign_esign_ref IS NOT NULL THEN
    RAISE EXCEPTION 'a % grant does not start as %', NEW.mode, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_transition';
  END IF;
  SELECT * INTO r FROM approval_requests WHERE apr_code = NEW.request_ref;
  IF r.status IS DISTINCT FROM 'approved' THEN
    RAISE EXCEPTION 'the request % is not approved', NEW.request_ref USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_quorum';
  END IF;
  IF NEW.mode = 'commit' THEN
    IF r.risk <> 'sovereign' OR r.quorum < 3 OR r.council_quorum < 1 THEN
      RAISE EXCEPTION 'a commit-mode grant needs three approvals, one of them of the council'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_sovereign_quorum';
    END IF;
    IF NOT EXISTS (
      SELECT FROM scopes s
       WHERE s.status = 'active' AND (s.carrier, s.namespace, s.axis, s.target, s.environment, s.database, s.lease_name)
             = (NEW.scope ->> 'carrier', NEW.scope ->> 'namespace', NEW.scope ->> 'axis', NEW.scope ->> 'target',
                NEW.scope ->> 'environment', NEW.scope ->> 'database', NEW.scope ->> 'lease_name')
         AND EXISTS (SELECT FROM jsonb_array_elements(s.allowed_action_sets) AS allowed WHERE allowed @> (NEW.scope -> 'action_set'))
         AND (NOT s.rehearsal_required OR NEW.evidence ->> 'rehearsal_ref' IS NOT NULL)) THEN
      RAISE EXCEPTION 'no registered scope allows this' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_needs_scope';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_grant_update() RETURNS trigger
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
  IF NEW.status = 'active' AND NOT EXISTS (
       SELECT FROM grant_signatures s WHERE s.auth_code = NEW.auth_code AND s.esign_ref = NEW.sovereign_esign_ref) THEN
    RAISE EXCEPTION 'only a verified signature activates a draft' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_esign';
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
    -- Each statement of this function has a snapshot of its own: after the gate and the lock, it sees what is committed.
    PERFORM pass_hold_gate();
    IF EXISTS (SELECT FROM registration_holds h
                WHERE h.lifted_at IS NULL AND (h.environment IS NULL OR h.environment = NEW.scope ->> 'environment')) THEN
      RAISE EXCEPTION 'a hold stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'registration_hold';
    END IF;
    IF NEW.mode = 'commit' THEN
      PERFORM FROM signing_keys k JOIN grant_signatures s USING (kid)
        WHERE s.auth_code = NEW.auth_code AND k.status = 'active' FOR SHARE OF k;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the key of the signature was revoked' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_key_revoked';
      END IF;
    END IF;
  END IF;
  RETURN NEW;
END $$;

DO $$
DECLARE t text;
BEGIN
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON grant_signatures FOR EACH ROW EXECUTE FUNCTION refuse_change();
  ALTER TABLE grant_signatures ENABLE ALWAYS TRIGGER append_only;
  FOREACH t IN ARRAY ARRAY['scopes', 'signing_keys', 'registration_holds'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['scopes', 'signing_keys', 'registration_holds', 'grant_signatures'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE scopes ENABLE ALWAYS TRIGGER guard_scope;
ALTER TABLE signing_keys ENABLE ALWAYS TRIGGER guard_signing_key;
ALTER TABLE grant_signatures ENABLE ALWAYS TRIGGER guard_grant_signature;
ALTER TABLE registration_holds ENABLE ALWAYS TRIGGER guard_hold;

REVOKE ALL ON FUNCTION jwk_thumbprint, is_protected_header, holds_role, grant_signing_payload, pass_hold_gate FROM PUBLIC;
GRANT EXECUTE ON FUNCTION jwk_thumbprint, is_protected_header, holds_role, grant_signing_payload, pass_hold_gate TO countersign_app;
GRANT SELECT, INSERT ON scopes, signing_keys, grant_signatures, registration_holds TO countersign_app;
GRANT UPDATE (status, retired_at, retired_by) ON scopes TO countersign_app;
GRANT UPDATE (status, confirmed_at, confirmed_by, revoked_at, revoked_by, revoked_reason) ON signing_keys TO countersign_app;
GRANT UPDATE (lifted_by, lifted_at, lifted_reason) ON registration_holds TO countersign_app;

INSERT INTO apr_action_types (action_code, handler_ref, risk_level, quorum, council_quorum, _dot_origin) VALUES
  ('authorize_sovereign_build', 'dot-apr-execute:authorize_sovereign_build', 'sovereign', 3, 1, 'countersign:VERIFIER');

INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name, rehearsal_required, created_by)
SELECT 'C1', 'PROD-NS', 'dot:c1:vocab', 'DOT_C1_VOCAB_BUILD', environment, 'default',
       '[["dot_iu_create_collection", "staging_consume"]]', 'lego1-c1-build', environment = 'production', 'countersign:VERIFIER'
  FROM unnest(ARRAY['production', 'staging']) AS environment;
