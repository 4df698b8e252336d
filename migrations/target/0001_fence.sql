-- In a target database: the fence (LEASE-2). The target cannot know which leases were given out in the control database, so
-- each new holder raises its fence here before anything else, and every write holds this row until it commits.

CREATE TABLE countersign_fence (
  lease_name    text PRIMARY KEY CHECK (lease_name <> ''),
  fencing_token bigint NOT NULL CONSTRAINT fence_positive CHECK (fencing_token >= 1),
  -- The grant under which the fence was taken. A control database that was restored may give out the same number again, but
  -- not for the same grant.
  auth_code     text NOT NULL CHECK (auth_code <> ''),
  raised_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION countersign_guard_fence() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'UPDATE' THEN
    RAISE EXCEPTION '% on % is refused: a fence stays', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME;
  END IF;
  IF NEW.lease_name <> OLD.lease_name OR NEW.fencing_token <= OLD.fencing_token THEN
    RAISE EXCEPTION 'a fence only rises' USING ERRCODE = 'check_violation', CONSTRAINT = 'fence_rises';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER fence_rises BEFORE UPDATE OR DELETE ON countersign_fence FOR EACH ROW EXECUTE FUNCTION countersign_guard_fence();
CREATE TRIGGER fence_stays BEFORE TRUNCATE ON countersign_fence FOR EACH STATEMENT EXECUTE FUNCTION countersign_guard_fence();
ALTER TABLE countersign_fence ENABLE ALWAYS TRIGGER fence_rises;
ALTER TABLE countersign_fence ENABLE ALWAYS TRIGGER fence_stays;
