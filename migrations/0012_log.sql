-- The log: audit events become leaves of a Merkle tree (RFC 9162) in a strict order, kept as the tiles of C2SP tlog-tiles.
--
-- The order is that of seq, which agrees with the history of each resource: whoever changes it holds its row when the number is
-- drawn. A number is final once every transaction that may have drawn it, or one below it, is over. So each event first gets its
-- transaction id and then its number, and the sealer, which reads the last number and then gets a transaction id itself, seals up to
-- that number when all transactions below that id are over. Nothing waits for the sealer.

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
  next_month timestamptz;
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
    -- Made apart and then attached, which no transition waits for; PARTITION OF would wait for whoever reads the events, and all behind it.
    next_month := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
    EXECUTE format('CREATE TABLE public.%I (LIKE public.audit_events INCLUDING ALL, CONSTRAINT month_bound CHECK (occurred_at >= %L AND occurred_at < %L))',
                   name, month, next_month);
    EXECUTE format('ALTER TABLE public.audit_events ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name, month, next_month);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT month_bound', name);
    PERFORM public.guard_audit_partition(('public.' || name)::regclass);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

DO $$ BEGIN PERFORM ensure_audit_partitions(); END $$;

-- The head of the log: how far it is sealed, and up to which number it may be.
CREATE TABLE audit_log (
  one         boolean PRIMARY KEY DEFAULT true CONSTRAINT one_log CHECK (one),
  origin      text NOT NULL CHECK (origin ~ '^[^[:space:]+]{1,220}$'),
  generation  integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
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
  size       bigint NOT NULL CHECK (size >= 0),
  generation integer NOT NULL DEFAULT 1 CHECK (generation >= 1),
  root       bytea NOT NULL CHECK (octet_length(root) = 32),
  note       text NOT NULL CHECK (note <> ''),
  signed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (size, generation)
);

-- A log that was restored goes on under another name, since heads of the time that was lost may be in somebody's hands: the same tree,
-- as far as it survived, and no head of the old name is ever signed again. Which head the old name ended with, and what others knew of it.
CREATE TABLE audit_generations (
  generation integer PRIMARY KEY CHECK (generation >= 2),
  origin     text NOT NULL UNIQUE CHECK (origin <> ''),
  old_origin text NOT NULL CHECK (old_origin <> origin),
  size       bigint NOT NULL CHECK (size >= 0),
  root       bytea NOT NULL CHECK (octet_length(root) = 32),
  note       text NOT NULL CHECK (note <> ''),
  seen       jsonb NOT NULL,
  began_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  began_by   text NOT NULL CHECK (began_by <> '')
);

-- Partitions that were exported to a file and then detached. Their leaves stay in the tiles, so proofs of them still work.
CREATE TABLE audit_retained (
  partition       text PRIMARY KEY CHECK (partition ~ '^audit_events_(before_log|[0-9]{4}_(0[1-9]|1[0-2]))$'),
  month           text NOT NULL CONSTRAINT month_form CHECK (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
  leaves          bigint NOT NULL CHECK (leaves >= 0),
  first_leaf      bigint,
  last_leaf       bigint,
  first_seq       bigint,
  last_seq        bigint,
  file            text NOT NULL CHECK (file <> ''),
  sha256          text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  checkpoint_size bigint NOT NULL,
  until           timestamptz NOT NULL,
  retained_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  retained_by     text NOT NULL CHECK (retained_by <> ''),
  CONSTRAINT leaves_whole CHECK ((leaves = 0) = (first_leaf IS NULL) AND num_nulls(first_leaf, last_leaf, first_seq, last_seq) IN (0, 4)
                                 AND (leaves = 0 OR (last_leaf - first_leaf >= leaves - 1 AND last_seq - first_seq >= leaves - 1))),
  CONSTRAINT signed_before CHECK (leaves = 0 OR checkpoint_size > last_leaf)
);
CREATE INDEX audit_retained_by_leaf ON audit_retained (first_leaf, last_leaf);

-- Up to when events may have been detached: a row's event of an earlier time need not be here.
CREATE FUNCTION audit_retained_until() RETURNS timestamptz
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce((SELECT max(until) FROM audit_retained), '-infinity')
$$;

-- The partitions that are attached, with their bounds; the first one begins with time.
CREATE FUNCTION audit_partitions() RETURNS TABLE (partition text, since timestamptz, until timestamptz)
  LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT c.relname::text,
         coalesce(substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''([^'']+)''\)')::timestamptz, '-infinity'),
         substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'public.audit_events'::regclass ORDER BY 3
$$;

-- Puts on record that a partition is in a file, and detaches it, if it holds what the file holds and every event of it is in the signed
-- log. Its own lock is enough to look: nobody writes into a month that is over. The lock on all events is held for a moment; while somebody
-- who reads them keeps it from being had, all transitions wait behind it: so it is not waited for long.
CREATE FUNCTION retain_audit_partition(what audit_retained) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE
  ends timestamptz := (SELECT p.until FROM audit_partitions() p WHERE p.partition = what.partition);
  held record;
BEGIN
  IF EXISTS (SELECT FROM audit_retained r WHERE r.partition = what.partition) THEN
    RAISE EXCEPTION 'it was detached before' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retained_already';
  END IF;
  IF ends IS NULL OR ends > date_trunc('month', clock_timestamp(), 'UTC') OR ends IS DISTINCT FROM what.until THEN
    RAISE EXCEPTION 'only a month that is over is detached' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'month_over';
  END IF;
  EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', what.partition);
  EXECUTE format('SELECT count(*) AS leaves, min(seq) AS first_seq, max(seq) AS last_seq FROM public.%I', what.partition) INTO held;
  IF (held.leaves, held.first_seq, held.last_seq) IS DISTINCT FROM (what.leaves, what.first_seq, what.last_seq) THEN
    RAISE EXCEPTION 'the file does not hold what the partition holds' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'exported_whole';
  END IF;
  IF held.last_seq > (SELECT sealed_seq FROM audit_log) OR what.checkpoint_size > (SELECT size FROM audit_log)
     OR NOT EXISTS (SELECT FROM audit_checkpoints c WHERE c.size = what.checkpoint_size) THEN
    RAISE EXCEPTION 'an event of it is not in the signed log' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'sealed_first';
  END IF;
  INSERT INTO audit_retained (partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, file, sha256, checkpoint_size, until, retained_by)
  VALUES (what.partition, what.month, what.leaves, what.first_leaf, what.last_leaf, what.first_seq, what.last_seq, what.file, what.sha256,
          what.checkpoint_size, what.until, what.retained_by);
  EXECUTE format('ALTER TABLE audit_events DETACH PARTITION public.%I', what.partition);
  EXECUTE format('CREATE TRIGGER append_only BEFORE INSERT OR UPDATE OR DELETE ON public.%I FOR EACH ROW EXECUTE FUNCTION refuse_change()', what.partition);
  EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER append_only', what.partition);
END $$;

-- Drops a detached partition that is in a file.
CREATE FUNCTION drop_retained_partition(name text, digest text) RETURNS boolean
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_retained r WHERE r.partition = name AND r.sha256 = digest)
     OR EXISTS (SELECT FROM audit_partitions() p WHERE p.partition = name) THEN
    RAISE EXCEPTION 'only what is in a file is dropped' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'retained_first';
  END IF;
  IF to_regclass('public.' || quote_ident(name)) IS NULL THEN RETURN false; END IF;
  EXECUTE format('DROP TABLE public.%I', name);
  RETURN true;
END $$;

-- Public keys that the log was signed with, the newest last.
CREATE TABLE audit_log_keys (
  number   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  vkey     text NOT NULL UNIQUE CHECK (vkey <> ''),
  added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Events that vouch for something that outlives their month: for a key, for another name of the log, for a month that is in a file. Each is
-- shown with its proof against the signed log, so that what stands here need not be believed.
CREATE TABLE audit_log_links (
  seq   bigint PRIMARY KEY,
  event jsonb NOT NULL
);
CREATE INDEX audit_log_links_by_resource ON audit_log_links ((event ->> 'resource_type'), (event ->> 'resource_id'));

CREATE FUNCTION guard_audit_link() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM audit_events e
     WHERE e.seq = NEW.seq AND e.transaction = pg_current_xact_id() AND (NEW.event -> 'seq')::bigint = e.seq
       AND (e.actor, e.action, e.resource_type, e.resource_id, e.request_id)
           = (NEW.event ->> 'actor', NEW.event ->> 'action', NEW.event ->> 'resource_type', NEW.event ->> 'resource_id', NEW.event ->> 'request_id')
       AND (coalesce(e.before, 'null'), coalesce(e.after, 'null'), e.digests) = (NEW.event -> 'before', NEW.event -> 'after', NEW.event -> 'digests')
  ) THEN
    RAISE EXCEPTION 'only an event of this transaction is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'link_of_event';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_audit_link BEFORE INSERT ON audit_log_links FOR EACH ROW EXECUTE FUNCTION guard_audit_link();
ALTER TABLE audit_log_links ENABLE ALWAYS TRIGGER guard_audit_link;

CREATE FUNCTION guard_audit_log() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.generation <> OLD.generation THEN
    IF NEW.generation < OLD.generation OR (NEW.size, NEW.root, NEW.sealed_seq) IS DISTINCT FROM (OLD.size, OLD.root, OLD.sealed_seq)
       OR NOT awaits_recovery()
       OR NOT EXISTS (SELECT FROM audit_generations g WHERE (g.generation, g.origin, g.old_origin, g.size, g.root)
                                                            = (NEW.generation, NEW.origin, OLD.origin, OLD.size, OLD.root)) THEN
      RAISE EXCEPTION 'a log gets another name when it was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_restored';
    END IF;
  ELSIF NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.sealed_seq < OLD.sealed_seq OR NEW.horizon_seq < OLD.horizon_seq
     OR (NEW.size = OLD.size AND NEW.root <> OLD.root) THEN
    RAISE EXCEPTION 'the log only grows' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_grows';
  END IF;
  -- What is sealed was final, and each event of it has a leaf.
  IF NEW.sealed_seq > OLD.horizon_seq
     OR (NEW.sealed_seq > OLD.sealed_seq AND pg_snapshot_xmin(pg_current_snapshot()) < OLD.horizon_xid)
     OR NEW.size - OLD.size <> (SELECT count(*) FROM audit_events e WHERE e.seq > OLD.sealed_seq AND e.seq <= NEW.sealed_seq) THEN
    RAISE EXCEPTION 'each event that is final gets a leaf, and no other' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leaf_for_each';
  END IF;
  IF (NEW.horizon_seq, NEW.horizon_xid) IS DISTINCT FROM (OLD.horizon_seq, OLD.horizon_xid)
     AND (NEW.horizon_xid <> pg_current_xact_id() OR NEW.horizon_seq > (SELECT last_value FROM audit_events_seq)) THEN
    RAISE EXCEPTION 'the horizon is where the numbers are' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_drawn';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_audit_log BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION guard_audit_log();

-- Only the head that the log has now is put down as signed.
CREATE FUNCTION guard_audit_checkpoint() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_log l WHERE (l.size, l.root, l.generation) = (NEW.size, NEW.root, NEW.generation)) THEN
    RAISE EXCEPTION 'the log has no such head' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'head_of_log';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_audit_checkpoint BEFORE INSERT ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION guard_audit_checkpoint();
ALTER TABLE audit_checkpoints ENABLE ALWAYS TRIGGER guard_audit_checkpoint;

CREATE FUNCTION guard_audit_generation() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT awaits_recovery() OR NOT EXISTS (SELECT FROM audit_log l WHERE l.generation < NEW.generation
                                                AND (l.origin, l.size, l.root) = (NEW.old_origin, NEW.size, NEW.root)) THEN
    RAISE EXCEPTION 'a log gets another name when it was restored' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'log_restored';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_audit_generation BEFORE INSERT ON audit_generations FOR EACH ROW EXECUTE FUNCTION guard_audit_generation();
ALTER TABLE audit_generations ENABLE ALWAYS TRIGGER guard_audit_generation;

CREATE FUNCTION guard_audit_growth() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE grows boolean;
BEGIN
  IF TG_TABLE_NAME = 'audit_tiles' THEN
    grows := (NEW.level, NEW.index) = (OLD.level, OLD.index) AND substring(NEW.hashes FROM 1 FOR octet_length(OLD.hashes)) = OLD.hashes;
  ELSIF TG_TABLE_NAME = 'audit_bundles' THEN
    grows := NEW.index = OLD.index AND NEW.seqs[1:cardinality(OLD.seqs)] = OLD.seqs;
  ELSE
    grows := (NEW.size, NEW.generation, NEW.root, NEW.signed_at) = (OLD.size, OLD.generation, OLD.root, OLD.signed_at) AND starts_with(NEW.note, OLD.note);
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
  FOREACH t IN ARRAY ARRAY['audit_log_keys', 'audit_log_links', 'audit_generations', 'audit_retained'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  ALTER TABLE audit_log ENABLE ALWAYS TRIGGER guard_audit_log;
  FOREACH t IN ARRAY ARRAY['audit_log', 'audit_tiles', 'audit_bundles', 'audit_checkpoints', 'audit_log_keys', 'audit_generations',
                           'audit_log_links', 'audit_retained'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION guard_audit_partition, ensure_audit_partitions, audit_retained_until, audit_partitions, retain_audit_partition,
  drop_retained_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_audit_partitions, audit_retained_until TO countersign_app;
-- Number, time and transaction are the database's own.
REVOKE ALL ON audit_events_before_log FROM countersign_app;
GRANT SELECT, INSERT (actor, action, resource_type, resource_id, request_id, before, after, digests) ON audit_events TO countersign_app;
GRANT USAGE, SELECT ON SEQUENCE audit_events_seq TO countersign_app;
GRANT SELECT, INSERT ON audit_log, audit_tiles, audit_bundles, audit_checkpoints, audit_log_keys, audit_log_links, audit_generations TO countersign_app;
GRANT SELECT ON audit_retained TO countersign_app;
GRANT UPDATE (origin, generation, size, root, sealed_seq, horizon_seq, horizon_xid) ON audit_log TO countersign_app;
GRANT UPDATE (hashes) ON audit_tiles TO countersign_app;
GRANT UPDATE (seqs) ON audit_bundles TO countersign_app;
GRANT UPDATE (note) ON audit_checkpoints TO countersign_app;

-- An answer that is kept under an idempotency key is given again for at least thirty days, and may be forgotten then. A client that asks
-- again after so long meets what guards each transition by itself.
CREATE FUNCTION guard_idempotency_key() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.created_at > clock_timestamp() - interval '30 days' THEN
    RAISE EXCEPTION 'an answer is kept for thirty days' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kept_thirty_days';
  END IF;
  RETURN OLD;
END $$;
DROP TRIGGER append_only ON idempotency_keys;
CREATE TRIGGER append_only BEFORE UPDATE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE idempotency_keys ENABLE ALWAYS TRIGGER append_only;
CREATE TRIGGER guard_idempotency_key BEFORE DELETE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION guard_idempotency_key();
ALTER TABLE idempotency_keys ENABLE ALWAYS TRIGGER guard_idempotency_key;
-- Rows come in the order of their time: next to nothing to keep, and enough to find the oldest.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys USING brin (created_at) WITH (pages_per_range = 32);
GRANT DELETE ON idempotency_keys TO countersign_app;
