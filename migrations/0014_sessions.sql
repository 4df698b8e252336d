-- Sessions of people at a browser. A cookie stands for one; the table has only a hash of it, so that nothing in a copy of the database
-- signs anybody in. A session that is over stays on record.

CREATE TABLE sessions (
  session_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  secret_hash     bytea NOT NULL UNIQUE CONSTRAINT session_secret_hashed CHECK (octet_length(secret_hash) = 32),
  principal       text NOT NULL REFERENCES principals,
  token_id        text REFERENCES api_tokens,
  issuer          text,
  opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at      timestamptz NOT NULL,
  idle_seconds    integer NOT NULL CONSTRAINT session_idle_seconds CHECK (idle_seconds > 0),
  idle_expires_at timestamptz NOT NULL,
  ended_at        timestamptz,
  end_reason      text,
  CONSTRAINT session_way_in CHECK (num_nonnulls(token_id, issuer) = 1),
  CONSTRAINT session_times CHECK (opened_at < idle_expires_at AND idle_expires_at <= expires_at),
  CONSTRAINT session_end_whole CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  CONSTRAINT session_end_reason CHECK (
    end_reason IN ('signed_out', 'replaced', 'expired', 'idle', 'token_ended', 'principal_disabled'))
);
CREATE INDEX sessions_open ON sessions (principal, token_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_token ON sessions (token_id);

CREATE FUNCTION guard_session() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.ended_at IS NOT NULL THEN
      RAISE EXCEPTION 'a session begins open' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_begins_open';
    END IF;
    -- A session is of whoever showed the token, or of whom the issuer speaks for, and of nobody else.
    IF NOT EXISTS (SELECT FROM principals p LEFT JOIN api_tokens t ON t.token_id = NEW.token_id
                    WHERE p.principal = NEW.principal AND (t.principal = p.principal OR p.issuer = NEW.issuer)) THEN
      RAISE EXCEPTION 'a session is its principal''s own' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_own';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.session_id, NEW.secret_hash, NEW.principal, NEW.token_id, NEW.issuer, NEW.opened_at, NEW.expires_at, NEW.idle_seconds)
     IS DISTINCT FROM
     (OLD.session_id, OLD.secret_hash, OLD.principal, OLD.token_id, OLD.issuer, OLD.opened_at, OLD.expires_at, OLD.idle_seconds) THEN
    RAISE EXCEPTION 'a session keeps what it began with' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_immutable';
  END IF;
  IF OLD.ended_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a session ends once and for good' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_end_final';
  END IF;
  IF NEW.idle_expires_at IS DISTINCT FROM OLD.idle_expires_at
     AND (NEW.idle_expires_at < OLD.idle_expires_at OR OLD.idle_expires_at <= clock_timestamp()
          OR NEW.idle_expires_at > clock_timestamp() + make_interval(secs => OLD.idle_seconds)) THEN
    RAISE EXCEPTION 'a session is kept awake while it is awake, and no longer than it may idle'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'session_awake';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_session BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION guard_session();

-- Sign-ins that came back from the issuer: none comes back twice.
CREATE TABLE session_sign_ins (
  state_hash bytea PRIMARY KEY CONSTRAINT sign_in_state_hashed CHECK (octet_length(state_hash) = 32),
  used_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT sign_in_in_time CHECK (used_at < expires_at AND expires_at <= used_at + interval '10 minutes')
);

DO $$
DECLARE t text;
BEGIN
  ALTER TABLE sessions ENABLE ALWAYS TRIGGER guard_session;
  CREATE TRIGGER never_deleted BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse_change();
  ALTER TABLE sessions ENABLE ALWAYS TRIGGER never_deleted;
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON session_sign_ins FOR EACH ROW EXECUTE FUNCTION refuse_change();
  ALTER TABLE session_sign_ins ENABLE ALWAYS TRIGGER append_only;
  FOREACH t IN ARRAY ARRAY['sessions', 'session_sign_ins'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;

-- Which session and when it was opened are the database's to say.
GRANT SELECT, INSERT (secret_hash, principal, token_id, issuer, expires_at, idle_seconds, idle_expires_at) ON sessions TO countersign_app;
GRANT UPDATE (idle_expires_at, ended_at, end_reason) ON sessions TO countersign_app;
GRANT SELECT, INSERT (state_hash, expires_at) ON session_sign_ins TO countersign_app;
