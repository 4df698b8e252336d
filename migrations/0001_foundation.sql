-- Principals and their tokens, the audit log, idempotency claims, and the rules that every table shares.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO countersign_app;
GRANT SELECT ON schema_migrations, schema_migration_checksums TO countersign_app;

-- Refuses the statement that fired it, whoever sent it. ENABLE ALWAYS on each use keeps session_replication_role out.
CREATE FUNCTION refuse_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: rows of this table are never changed this way', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;

CREATE TABLE principals (
  principal  text PRIMARY KEY CONSTRAINT principal_form CHECK (principal ~ '^[A-Za-z0-9][A-Za-z0-9._@:+-]{0,127}$'),
  roles      text[] NOT NULL CONSTRAINT roles_known CHECK (
               roles <@ ARRAY['requester','approver','council','sovereign','dispatcher','executor','operator','auditor','admin']),
  status     text NOT NULL DEFAULT 'active' CONSTRAINT status_known CHECK (status IN ('active', 'disabled')),
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE api_tokens (
  token_id     text PRIMARY KEY CONSTRAINT token_id_form CHECK (token_id ~ '^[0-9a-f]{16}$'),
  principal    text NOT NULL REFERENCES principals,
  token_hmac   bytea NOT NULL CONSTRAINT token_hmac_length CHECK (octet_length(token_hmac) = 32),
  pepper_id    text NOT NULL,
  label        text NOT NULL DEFAULT '',
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by   text NOT NULL,
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  revoked_by   text,
  CONSTRAINT token_expiry CHECK (expires_at > created_at),
  CONSTRAINT token_revoked_pair CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX api_tokens_by_principal ON api_tokens (principal);

CREATE FUNCTION guard_api_token() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.token_id, NEW.principal, NEW.token_hmac, NEW.pepper_id, NEW.label, NEW.created_at, NEW.created_by, NEW.expires_at)
     IS DISTINCT FROM
     (OLD.token_id, OLD.principal, OLD.token_hmac, OLD.pepper_id, OLD.label, OLD.created_at, OLD.created_by, OLD.expires_at) THEN
    RAISE EXCEPTION 'a token never changes after it is made' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'token_immutable';
  END IF;
  IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by) THEN
    RAISE EXCEPTION 'a revocation is final' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'token_revocation_final';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_api_token BEFORE UPDATE ON api_tokens FOR EACH ROW EXECUTE FUNCTION guard_api_token();

-- A service that was given other keys than this database was first used with finds out at its start, not at the
-- first token that it cannot check.
CREATE TABLE server_key_checks (
  key_id     text PRIMARY KEY,
  check_hmac bytea NOT NULL CHECK (octet_length(check_hmac) = 32),
  first_seen timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE audit_events (
  seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  occurred_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction   xid8 NOT NULL DEFAULT pg_current_xact_id(),
  actor         text NOT NULL CHECK (actor <> ''),
  action        text NOT NULL CONSTRAINT action_form CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
  resource_type text NOT NULL CHECK (resource_type <> ''),
  resource_id   text NOT NULL CHECK (resource_id <> ''),
  request_id    text NOT NULL,
  before        jsonb,
  after         jsonb,
  digests       jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq DESC);
CREATE INDEX audit_events_by_actor ON audit_events (actor, seq DESC);
CREATE INDEX audit_events_by_action ON audit_events (action, seq DESC);

CREATE TABLE idempotency_keys (
  principal      text NOT NULL,
  method         text NOT NULL,
  path           text NOT NULL,
  key            text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_digest text NOT NULL,
  status         int NOT NULL CHECK (status BETWEEN 200 AND 499 AND status <> 429),
  headers        jsonb NOT NULL DEFAULT '{}',
  body           text NOT NULL,
  content_type   text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (principal, method, path, key)
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_events', 'idempotency_keys', 'server_key_checks'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['principals', 'api_tokens'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['audit_events', 'idempotency_keys', 'server_key_checks', 'principals', 'api_tokens'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE api_tokens ENABLE ALWAYS TRIGGER guard_api_token;

GRANT SELECT, INSERT ON principals, api_tokens, audit_events, idempotency_keys, server_key_checks TO countersign_app;
GRANT UPDATE (roles, status) ON principals TO countersign_app;
GRANT UPDATE (last_used_at, revoked_at, revoked_by) ON api_tokens TO countersign_app;
