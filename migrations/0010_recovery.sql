-- A control database that was restored: it notices by itself, stays under a hold until `countersign recover` has been run, and
-- from then on gives out nothing that may have been given out, and used, in the time that was lost.

-- Which server and timeline this database has lived on. PostgreSQL begins a new timeline when it ends a recovery, and a copy by
-- dump has another identifier; a failover to a standby begins a new timeline too.
CREATE TABLE control_incarnations (
  incarnation       bigint PRIMARY KEY CHECK (incarnation >= 1),
  system_identifier text NOT NULL CHECK (system_identifier <> ''),
  timeline          bigint NOT NULL CHECK (timeline >= 1),
  origin            text NOT NULL CONSTRAINT origin_known CHECK (origin IN ('first', 'failover', 'restore')),
  hold_id           uuid CONSTRAINT one_hold_per_restore UNIQUE REFERENCES registration_holds,
  noticed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  noticed_by        text NOT NULL CHECK (noticed_by <> ''),
  recovered_at      timestamptz,
  recovered_by      text CHECK (recovered_by <> ''),
  report            jsonb,
  CONSTRAINT restore_is_held CHECK ((origin = 'restore') = (hold_id IS NOT NULL)),
  CONSTRAINT recovered_whole CHECK ((recovered_at IS NULL) = (recovered_by IS NULL) AND (recovered_at IS NULL) = (report IS NULL)
                                    AND (origin = 'restore' OR recovered_at IS NULL))
);

-- What this database lives on now: the server, which of its databases, and which table in that, as <system>/<oid>/<oid>. A dump
-- or a copy of a template has other oids than its origin, also in the same server; a rename, VACUUM FULL, another tablespace and
-- a physical standby have the same. The last checkpoint may still be of the timeline before, so the log's own name is asked.
CREATE FUNCTION control_server() RETURNS TABLE (system_identifier text, timeline bigint)
  LANGUAGE sql VOLATILE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT (pg_control_system()).system_identifier || '/' || (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
           || '/' || 'public.control_incarnations'::regclass::oid,
         ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint
$$;

-- Whether it was restored and nobody has run `countersign recover` yet.
CREATE FUNCTION awaits_recovery() RETURNS boolean
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM control_incarnations WHERE origin = 'restore' AND recovered_at IS NULL)
$$;

CREATE FUNCTION guard_incarnation() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  changeable CONSTANT text[] := ARRAY['recovered_at', 'recovered_by', 'report'];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.recovered_at IS NOT NULL OR NEW.recovered_at IS NULL OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'a restore is recovered from once, and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'incarnation_final';
    END IF;
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(4226535);
  NEW.incarnation := coalesce((SELECT max(i.incarnation) FROM control_incarnations i), 0) + 1;
  IF NEW.recovered_at IS NOT NULL OR (NEW.origin = 'first') <> (NEW.incarnation = 1)
     OR NOT EXISTS (SELECT FROM control_server() AS s WHERE (s.system_identifier, s.timeline) = (NEW.system_identifier, NEW.timeline)) THEN
    RAISE EXCEPTION 'an incarnation is noted as it is found' USING ERRCODE = 'check_violation', CONSTRAINT = 'incarnation_as_found';
  END IF;
  IF NEW.origin = 'restore' AND NOT EXISTS (SELECT FROM registration_holds h WHERE h.id = NEW.hold_id AND h.environment IS NULL AND h.lifted_at IS NULL) THEN
    RAISE EXCEPTION 'a restored database is under a hold' USING ERRCODE = 'check_violation', CONSTRAINT = 'restore_is_held';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_incarnation BEFORE INSERT OR UPDATE ON control_incarnations FOR EACH ROW EXECUTE FUNCTION guard_incarnation();

-- The hold of a restore stays until the restore is recovered from.
CREATE FUNCTION guard_lift() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM control_incarnations i WHERE i.hold_id = OLD.id AND i.recovered_at IS NULL) THEN
    RAISE EXCEPTION 'the database was restored and not recovered yet' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_awaits_recovery';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_lift BEFORE UPDATE ON registration_holds FOR EACH ROW EXECUTE FUNCTION guard_lift();

-- As it was, but for the first case: a recovery raises a fence by more than one, and leaves the lease free.
CREATE OR REPLACE FUNCTION guard_lease() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE acquires boolean := (NEW.lease_token_hash, NEW.lease_holder) IS DISTINCT FROM (OLD.lease_token_hash, OLD.lease_holder);
BEGIN
  IF NEW.lease_name = OLD.lease_name AND NEW.fencing_token > OLD.fencing_token AND NEW.released_at IS NOT NULL
     AND NEW.auth_code IS NULL AND awaits_recovery() THEN
    RETURN NEW;
  END IF;
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

-- Numbers of events that were lost may stand in somebody's report or export: none of them is given out again. The sequence is
-- the owner's, and only a recovery moves it, only upwards.
CREATE FUNCTION skip_lost_events() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  numbers CONSTANT regclass := pg_get_serial_sequence('public.audit_events', 'seq')::regclass;
BEGIN
  IF NOT awaits_recovery() THEN
    RAISE EXCEPTION 'nothing was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nothing_restored';
  END IF;
  RETURN setval(numbers, nextval(numbers) + 1000000000);
END $$;

CREATE TRIGGER never_deleted BEFORE DELETE ON control_incarnations FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON control_incarnations FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE control_incarnations ENABLE ALWAYS TRIGGER never_deleted;
ALTER TABLE control_incarnations ENABLE ALWAYS TRIGGER never_truncated;
ALTER TABLE control_incarnations ENABLE ALWAYS TRIGGER guard_incarnation;
ALTER TABLE registration_holds ENABLE ALWAYS TRIGGER guard_lift;

REVOKE ALL ON FUNCTION control_server, awaits_recovery, skip_lost_events FROM PUBLIC;
GRANT EXECUTE ON FUNCTION control_server, awaits_recovery, skip_lost_events TO countersign_app;
GRANT SELECT, INSERT ON control_incarnations TO countersign_app;
GRANT UPDATE (recovered_at, recovered_by, report) ON control_incarnations TO countersign_app;
