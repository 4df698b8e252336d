-- The log: audit events become leaves of a Merkle tree (RFC 9162) in a strict order, kept as the tiles of C2SP tlog-tiles.
--
-- The order is that of seq, which agrees with the history of each resource: whoever changes it holds its row when the number is
-- drawn. A number is final once every transaction that may have drawn it, or one below it, is over. So each event first gets its
-- transaction id and then its number, and the sealer, which notes a number and then the next transaction id, seals up to that
-- number when all transactions below that id are over. Nothing waits for the sealer.

-- Partitions by month. The columns are in the order in which their defaults are to be computed: transaction before seq.
ALTER TABLE audit_events ALTER COLUMN seq DROP IDENTITY;
ALTER TABLE audit_events DROP CONSTRAINT audit_events_pkey;
ALTER TABLE audit_events RENAME TO audit_events_before_log;
ALTER INDEX audit_events_by_resource RENAME TO audit_events_before_log_by_resource;
ALTER INDEX audit_events_by_actor RENAME TO audit_events_before_log_by_actor;
ALTER INDEX audit_events_by_action RENAME TO audit_events_before_log_by_action;

CREATE SEQUENCE audit_events_seq AS bigint;
DO $$ BEGIN
  PERFORM setval('audit_events_seq', coalesce((SELECT max(seq) FROM audit_events_before_log), 0) + 1, false);
END $$;

CREATE TABLE audit_events (
  transaction   xid8 NOT NULL DEFAULT pg_current_xact_id(),
  seq           bigint NOT NULL DEFAULT nextval('audit_events_seq'),
  occurred_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor         text NOT NULL CONSTRAINT audit_events_actor_check CHECK (actor <> ''),
  action        text NOT NULL CONSTRAINT action_form CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
  resource_type text NOT NULL CONSTRAINT audit_events_resource_type_check CHECK (resource_type <> ''),
  resource_id   text NOT NULL CONSTRAINT audit_events_resource_id_check CHECK (resource_id <> ''),
  request_id    text NOT NULL,
  before        jsonb,
  after         jsonb,
  digests       jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT audit_events_key UNIQUE (seq, occurred_at)
) PARTITION BY RANGE (occurred_at);
ALTER SEQUENCE audit_events_seq OWNED BY audit_events.seq;
CREATE INDEX audit_events_by_resource ON audit_events (resource_type, resource_id, seq DESC);
CREATE INDEX audit_events_by_actor ON audit_events (actor, seq DESC);
CREATE INDEX audit_events_by_action ON audit_events (action, seq DESC);

-- What every partition has of its own: a trigger for TRUNCATE is not inherited.
CREATE FUNCTION guard_audit_partition(partition regclass) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER never_truncated', partition);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', partition);
END $$;

DO $$
DECLARE next_month timestamptz := date_trunc('month', clock_timestamp(), 'UTC') + interval '1 month';
BEGIN
  DROP TRIGGER append_only ON audit_events_before_log;
  DROP TRIGGER never_truncated ON audit_events_before_log;
  EXECUTE format('ALTER TABLE audit_events ATTACH PARTITION audit_events_before_log FOR VALUES FROM (MINVALUE) TO (%L)', next_month);
  ALTER TABLE audit_events_before_log ALTER COLUMN seq SET DEFAULT nextval('audit_events_seq');
  CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
  ALTER TABLE audit_events ENABLE ALWAYS TRIGGER append_only;
  CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  ALTER TABLE audit_events ENABLE ALWAYS TRIGGER never_truncated;
  PERFORM guard_audit_partition('audit_events_before_log');
END $$;

-- Makes the partitions of this month and of those that follow where they are missing. Any process may ask for it, at any time.
CREATE FUNCTION ensure_audit_partitions(months_ahead integer DEFAULT 3) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  made integer := 0;
  this_month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
  month timestamptz;
  name text;
BEGIN
  FOR ahead IN 0..least(greatest(months_ahead, 0), 24) LOOP
    month := (this_month AT TIME ZONE 'UTC' + make_interval(months => ahead)) AT TIME ZONE 'UTC';
    name := 'audit_events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL OR month < coalesce(
      (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz
         FROM pg_class c WHERE c.oid = to_regclass('public.audit_events_before_log')), '-infinity');
    PERFORM pg_advisory_xact_lock(4226536);
    CONTINUE WHEN to_regclass('public.' || name) IS NOT NULL;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.audit_events FOR VALUES FROM (%L) TO (%L)', name, month,
                   (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
    PERFORM public.guard_audit_partition(('public.' || name)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

DO $$ BEGIN PERFORM ensure_audit_partitions(); END $$;

-- The head of the log: how far it is sealed, and up to which number it may be.
CREATE TABLE audit_log (
  one         boolean PRIMARY KEY DEFAULT true CONSTRAINT one_log CHECK (one),
  origin      text NOT NULL CHECK (origin ~ '^[^[:space:]+]{1,200}$'),
  size        bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
  root        bytea NOT NULL CHECK (octet_length(root) = 32),
  sealed_seq  bigint NOT NULL DEFAULT 0 CHECK (sealed_seq >= 0),
  horizon_seq bigint NOT NULL DEFAULT 0,
  horizon_xid xid8 NOT NULL DEFAULT '0',
  CONSTRAINT horizon_ahead CHECK (horizon_seq >= sealed_seq)
);

-- Tiles of C2SP tlog-tiles: up to 256 hashes each; the last of a level grows.
CREATE TABLE audit_tiles (
  level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
  index  bigint NOT NULL CHECK (index >= 0),
  hashes bytea NOT NULL CONSTRAINT whole_hashes CHECK (octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (level, index)
);
-- Hashes do not compress.
ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

-- Which events the 256 leaves of a bundle are.
CREATE TABLE audit_bundles (
  index     bigint PRIMARY KEY CHECK (index >= 0),
  first_seq bigint NOT NULL UNIQUE,
  seqs      bigint[] NOT NULL CONSTRAINT some_leaves CHECK (cardinality(seqs) BETWEEN 1 AND 256),
  CONSTRAINT first_of_them CHECK (first_seq = seqs[1])
);

-- What was signed, in the form of C2SP tlog-checkpoint, with the cosignatures of witnesses as they come in.
CREATE TABLE audit_checkpoints (
  size      bigint PRIMARY KEY CHECK (size >= 0),
  root      bytea NOT NULL CHECK (octet_length(root) = 32),
  note      text NOT NULL CHECK (note <> ''),
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Public keys that the log was signed with, the newest last.
CREATE TABLE audit_log_keys (
  number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  vkey     text NOT NULL UNIQUE CHECK (vkey <> ''),
  added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION guard_audit_log() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.sealed_seq < OLD.sealed_seq OR NEW.horizon_seq < OLD.horizon_seq
     OR (NEW.size - OLD.size > NEW.sealed_seq - OLD.sealed_seq) OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
    RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_grows';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_audit_log BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION guard_audit_log();

CREATE FUNCTION guard_audit_growth() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE grows boolean;
BEGIN
  IF TG_TABLE_NAME = 'audit_tiles' THEN
    grows := (NEW.level, NEW.index) = (OLD.level, OLD.index) AND substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) = OLD.hashes;
  ELSIF TG_TABLE_NAME = 'audit_bundles' THEN
    grows := NEW.index = OLD.index AND NEW.seqs[1:cardinality(OLD.seqs)] = OLD.seqs;
  ELSE
    grows := (NEW.size, NEW.root, NEW.signed_at) = (OLD.size, OLD.root, OLD.signed_at) AND starts_with(NEW.note, OLD.note);
  END IF;
  IF grows IS NOT TRUE THEN
    RAISE EXCEPTION 'what is in the log stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_grows';
  END IF;
  RETURN NEW;
END $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_tiles', 'audit_bundles', 'audit_checkpoints'] LOOP
    EXECUTE format('CREATE TRIGGER guard_audit_growth BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION guard_audit_growth()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER guard_audit_growth', t);
  END LOOP;
  EXECUTE 'CREATE TRIGGER append_only BEFORE UPDATE ON audit_log_keys FOR EACH ROW EXECUTE FUNCTION refuse_change()';
  ALTER TABLE audit_log_keys ENABLE ALWAYS TRIGGER append_only;
  ALTER TABLE audit_log ENABLE ALWAYS TRIGGER guard_audit_log;
  FOREACH t IN ARRAY ARRAY['audit_log', 'audit_tiles', 'audit_bundles', 'audit_checkpoints', 'audit_log_keys'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION guard_audit_partition, ensure_audit_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_audit_partitions TO countersign_app;
GRANT SELECT, INSERT ON audit_events TO countersign_app;
GRANT USAGE, SELECT ON SEQUENCE audit_events_seq TO countersign_app;
GRANT SELECT, INSERT ON audit_log, audit_tiles, audit_bundles, audit_checkpoints, audit_log_keys TO countersign_app;
GRANT UPDATE (size, root, sealed_seq, horizon_seq, horizon_xid) ON audit_log TO countersign_app;
GRANT UPDATE (hashes) ON audit_tiles TO countersign_app;
GRANT UPDATE (seqs) ON audit_bundles TO countersign_app;
GRANT UPDATE (note) ON audit_checkpoints TO countersign_app;
