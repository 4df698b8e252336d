-- In a target database: what runs have done here. A state's write and its marker are one transaction, so after a crash the
-- marker says whether the state is done (RUN-2).

-- One grant marks at most one run, also where the control database was restored and knows nothing of it (RUN-7).
CREATE TABLE countersign_run (
  run_root   text PRIMARY KEY CHECK (run_root <> ''),
  auth_code  text NOT NULL CONSTRAINT one_run_per_grant UNIQUE CHECK (auth_code <> ''),
  build      text NOT NULL,
  began_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE countersign_run_marker (
  run_root      text NOT NULL REFERENCES countersign_run,
  direction     text NOT NULL CONSTRAINT direction_known CHECK (direction IN ('forward', 'undo')),
  state         text NOT NULL,
  attempt       integer NOT NULL CHECK (attempt >= 1),
  lease_name    text NOT NULL,
  fencing_token bigint NOT NULL,
  -- What the build names, as this state has left it: a resumed run looks whether it is still so.
  fingerprint   text NOT NULL,
  marked_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_root, direction, state)
);

-- The event of each state, for the control database to copy, once per run, state and attempt (AUDIT-3).
CREATE TABLE countersign_outbox (
  run_root  text NOT NULL,
  direction text NOT NULL,
  state     text NOT NULL,
  attempt   integer NOT NULL,
  event     jsonb NOT NULL,
  PRIMARY KEY (run_root, direction, state, attempt),
  FOREIGN KEY (run_root, direction, state) REFERENCES countersign_run_marker
);

-- A marker is written under the fence that stands, by a transaction that holds its row (LEASE-2).
CREATE FUNCTION countersign_guard_marker() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM countersign_fence f JOIN countersign_run r ON r.auth_code = f.auth_code
     WHERE f.lease_name = NEW.lease_name AND f.fencing_token = NEW.fencing_token AND r.run_root = NEW.run_root) THEN
    RAISE EXCEPTION 'the fence of % has moved on', NEW.lease_name USING ERRCODE = 'check_violation', CONSTRAINT = 'marker_under_fence';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER marker_under_fence BEFORE INSERT ON countersign_run_marker FOR EACH ROW EXECUTE FUNCTION countersign_guard_marker();

CREATE FUNCTION countersign_refuse_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: what a run has done stays on record', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
END $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['countersign_run', 'countersign_run_marker', 'countersign_outbox'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION countersign_refuse_change()', t);
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION countersign_refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE countersign_run_marker ENABLE ALWAYS TRIGGER marker_under_fence;
