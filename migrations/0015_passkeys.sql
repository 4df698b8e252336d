-- Passkeys: a sovereign's key may live in an authenticator, which signs by WebAuthn in place of a JWS (ESIGN-2 to ESIGN-4).
-- What it signs is its own data and the digest of what the browser says; the challenge in there is the digest of our payload.
-- As with a JWS, the service checks first, and this is the second lock, whoever writes. Only the list of the origins is the
-- service's alone: here an origin must be of the host that the key was registered for.

-- An ECDSA signature in DER (RFC 3279, 2.2.3) as r and s, 32 bytes each; NULL for all but the one spelling of two numbers.
CREATE FUNCTION ecdsa_der_to_raw(der bytea) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  raw bytea := '';
  at integer := 2;
  size integer;
BEGIN
  IF length(der) NOT BETWEEN 8 AND 72 OR get_byte(der, 0) <> 48 OR get_byte(der, 1) <> length(der) - 2 THEN
    RETURN NULL;
  END IF;
  FOR number IN 1 .. 2 LOOP
    IF at + 3 > length(der) OR get_byte(der, at) <> 2 THEN
      RETURN NULL;
    END IF;
    size := get_byte(der, at + 1);
    at := at + 2;
    IF size NOT BETWEEN 1 AND 33 OR at + size > length(der) THEN
      RETURN NULL;
    END IF;
    -- Neither negative, nor with a zero too many, nor of more than 32 bytes.
    IF get_byte(der, at) > 127 OR size = 33 AND get_byte(der, at) <> 0
       OR size > 1 AND get_byte(der, at) = 0 AND get_byte(der, at + 1) < 128 THEN
      RETURN NULL;
    END IF;
    raw := raw || substr(decode(repeat('00', 32), 'hex') || substr(der, at + 1, size), size + 1);
    at := at + size;
  END LOOP;
  RETURN CASE WHEN at = length(der) THEN raw END;
END $$;

-- Whether an origin is one that a passkey of this relying party may be used at: of its host, by https or on the machine itself.
CREATE FUNCTION is_origin_of(origin text, rp_id text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN coalesce(substring(origin FROM '^https://([a-z0-9.-]+)(?::[1-9][0-9]{0,4})?$') = rp_id
    OR (substring(origin FROM '^http://([a-z0-9.-]+)(?::[1-9][0-9]{0,4})?$') = rp_id AND rp_id ~ '^(?:.+\.)?localhost$'), false);

-- Whether these are the client data of an assertion with this challenge (WebAuthn, 5.8.1). A name that stands twice is refused:
-- another reader could see another challenge.
CREATE FUNCTION is_client_data(client_data_json bytea, challenge bytea, rp_id text) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  said json;
BEGIN
  IF length(client_data_json) > 2048 THEN
    RETURN false;
  END IF;
  said := convert_from(client_data_json, 'UTF8')::json;
  IF json_typeof(said) <> 'object' OR (SELECT count(*) <> count(DISTINCT name) FROM json_object_keys(said) AS name) THEN
    RETURN false;
  END IF;
  RETURN coalesce(
    said::jsonb @> jsonb_build_object('type', 'webauthn.get', 'challenge', base64url_encode(challenge))
    AND json_typeof(said -> 'origin') = 'string' AND is_origin_of(said ->> 'origin', rp_id)
    AND coalesce(said ->> 'crossOrigin' = 'false' AND json_typeof(said -> 'crossOrigin') = 'boolean', said -> 'crossOrigin' IS NULL)
    AND coalesce(json_typeof(said -> 'topOrigin') = 'string' AND is_origin_of(said ->> 'topOrigin', rp_id), said -> 'topOrigin' IS NULL),
    false);
EXCEPTION WHEN data_exception THEN -- no UTF-8, no JSON, or a character that no text can have
  RETURN false;
END $$;

-- Whether the authenticator speaks to this relying party, and of somebody who was there and was recognised (WebAuthn, 6.1). It
-- is 37 bytes: no extension is asked for and no assertion has a credential in it, so anything more is none of our flows. What
-- says that it is backed up must say that it may be.
CREATE FUNCTION is_authenticator_data(authenticator_data bytea, rp_id text) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN length(authenticator_data) = 37 AND substr(authenticator_data, 1, 32) = sha256(convert_to(rp_id, 'UTF8'))
    AND get_byte(authenticator_data, 32) & (1 + 4 + 64 + 128) = 1 + 4 AND get_byte(authenticator_data, 32) & (8 + 16) <> 16;
END $$;

-- An assertion over the challenge by this key (WebAuthn, 7.2). The counter is not relied on: backed-up passkeys have none.
CREATE FUNCTION verify_assertion(jwk jsonb, alg text, rp_id text, challenge bytea, authenticator_data bytea, client_data_json bytea, signature bytea)
  RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE signed CONSTANT bytea := authenticator_data || sha256(client_data_json);
BEGIN
  RETURN coalesce(is_authenticator_data(authenticator_data, rp_id) AND is_client_data(client_data_json, challenge, rp_id)
    AND signing_key_is_sound(jwk, alg) AND CASE alg
      WHEN 'EdDSA' THEN verify_ed25519(jwk_bytes(jwk, 'x'), signed, signature)
      WHEN 'ES256' THEN verify_es256(jwk_bytes(jwk, 'x'), jwk_bytes(jwk, 'y'), signed, ecdsa_der_to_raw(signature))
    END, false);
END $$;

-- The text that the reference of a signature by a passkey is the digest of (RFC 8785).
CREATE FUNCTION assertion_text(authenticator_data bytea, client_data_json bytea, signature bytea) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN concat('{"authenticator_data":"', base64url_encode(authenticator_data), '","client_data_json":"',
    base64url_encode(client_data_json), '","signature":"', base64url_encode(signature), '"}');

-- A passkey has a credential and a relying party, and its proof is an assertion in place of the JWS; for good.
ALTER TABLE signing_keys
  ALTER COLUMN proof DROP NOT NULL,
  ADD COLUMN credential_id text CONSTRAINT one_name_per_credential UNIQUE
    CONSTRAINT credential_form CHECK (coalesce(length(base64url_decode(credential_id)) BETWEEN 1 AND 1023, credential_id IS NULL)),
  ADD COLUMN rp_id text CONSTRAINT rp_id_form CHECK (rp_id ~ '^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$' AND rp_id !~ '^[0-9.]+$'),
  ADD COLUMN proof_authenticator_data bytea,
  ADD COLUMN proof_client_data_json bytea,
  ADD COLUMN proof_signature bytea,
  ADD CONSTRAINT key_of_one_kind CHECK (
    num_nonnulls(credential_id, rp_id, proof_authenticator_data, proof_client_data_json, proof_signature)
      = CASE WHEN proof IS NULL THEN 5 ELSE 0 END);

ALTER TABLE grant_signatures
  ALTER COLUMN jws DROP NOT NULL,
  ADD COLUMN authenticator_data bytea,
  ADD COLUMN client_data_json bytea,
  ADD COLUMN assertion_signature bytea,
  ADD CONSTRAINT signature_of_one_kind CHECK (
    num_nonnulls(authenticator_data, client_data_json, assertion_signature) = CASE WHEN jws IS NULL THEN 3 ELSE 0 END),
  ADD CONSTRAINT esign_ref_of_assertion CHECK (jws IS NOT NULL
    OR esign_ref = 'sha256:' || encode(sha256(convert_to(assertion_text(authenticator_data, client_data_json, assertion_signature), 'UTF8')), 'hex'));

ALTER TABLE proposal_signatures
  ALTER COLUMN jws DROP NOT NULL,
  ADD COLUMN authenticator_data bytea,
  ADD COLUMN client_data_json bytea,
  ADD COLUMN assertion_signature bytea,
  ADD CONSTRAINT signature_of_one_kind CHECK (
    num_nonnulls(authenticator_data, client_data_json, assertion_signature) = CASE WHEN jws IS NULL THEN 3 ELSE 0 END);

-- Whether this is a signature over the payload by this key, of the kind that the key is of. What is NULL is none.
CREATE FUNCTION signature_holds(k signing_keys, payload text, jws text, authenticator_data bytea, client_data_json bytea, assertion_signature bytea)
  RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF k.credential_id IS NOT NULL THEN
    RETURN jws IS NULL AND coalesce(verify_assertion(k.jwk, k.alg, k.rp_id, sha256(convert_to(payload, 'UTF8')), authenticator_data,
      client_data_json, assertion_signature), false);
  END IF;
  RETURN num_nonnulls(authenticator_data, client_data_json, assertion_signature) = 0
    AND coalesce(jws = split_part(jws, '.', 1) || '..' || split_part(jws, '.', 3)
      AND is_protected_header(split_part(jws, '.', 1), k.alg, k.kid)
      AND verify_detached_jws(k.jwk, k.alg, split_part(jws, '.', 1), payload, split_part(jws, '.', 3)), false);
END $$;

CREATE OR REPLACE FUNCTION guard_signing_key() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  -- The thumbprint is generated from the key once this trigger is through.
  changeable CONSTANT text[] := ARRAY['status', 'confirmed_at', 'confirmed_by', 'revoked_at', 'revoked_by', 'revoked_reason', 'thumbprint'];
  -- RFC 8785, by hand: three members in order, each value a JSON string.
  said CONSTANT text := format('{"kid":%s,"principal":%s,"purpose":"register-signing-key"}', to_json(NEW.kid), to_json(NEW.principal));
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
    IF (CASE
         WHEN NEW.credential_id IS NOT NULL THEN NEW.proof IS NULL AND verify_assertion(NEW.jwk, NEW.alg, NEW.rp_id,
           sha256(convert_to(said, 'UTF8')), NEW.proof_authenticator_data, NEW.proof_client_data_json, NEW.proof_signature)
         ELSE is_protected_header(split_part(NEW.proof, '.', 1), NEW.alg, NEW.kid)
           AND verify_detached_jws(NEW.jwk, NEW.alg, split_part(NEW.proof, '.', 1), said, split_part(NEW.proof, '.', 3))
       END) IS NOT TRUE THEN
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

CREATE OR REPLACE FUNCTION guard_grant_signature() RETURNS trigger
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
  IF signature_holds(k, NEW.payload, NEW.jws, NEW.authenticator_data, NEW.client_data_json, NEW.assertion_signature) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION guard_proposal_signature() RETURNS trigger
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
     OR signature_holds(k, NEW.payload, NEW.jws, NEW.authenticator_data, NEW.client_data_json, NEW.assertion_signature) IS NOT TRUE THEN
    RAISE EXCEPTION 'the signature is not valid' USING ERRCODE = 'check_violation', CONSTRAINT = 'signature_valid';
  END IF;
  RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION ecdsa_der_to_raw, is_origin_of, is_client_data, is_authenticator_data, verify_assertion, assertion_text,
  signature_holds FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ecdsa_der_to_raw, is_origin_of, is_client_data, is_authenticator_data, verify_assertion, assertion_text,
  signature_holds TO countersign_app;
