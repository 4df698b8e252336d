-- The C1 collection, as the state S2 SCHEMA makes it (DOT_C1_SCHEMA_ENSURE). What it looks like afterwards is written down in
-- c1-vocabulary.catalog.json, and the digest of that is the build's schema_digest.
CREATE SCHEMA c1;

CREATE TABLE c1.collection (
  collection text PRIMARY KEY,
  axis       text NOT NULL,
  status     text NOT NULL CONSTRAINT status_known CHECK (status IN ('active', 'retired'))
);

CREATE TABLE c1.field (
  collection text NOT NULL REFERENCES c1.collection,
  field      text NOT NULL,
  position   integer NOT NULL,
  data_type  text NOT NULL,
  PRIMARY KEY (collection, field)
);

CREATE TABLE c1.table_registry (
  table_name text PRIMARY KEY,
  collection text NOT NULL REFERENCES c1.collection,
  purpose    text NOT NULL
);

CREATE TABLE c1.operation_vocabulary (
  vocab_id                   text NOT NULL UNIQUE GENERATED ALWAYS AS (operation_code || '@' || protocol_version) STORED,
  operation_code             text NOT NULL CHECK (operation_code <> ''),
  protocol_version           text NOT NULL CHECK (protocol_version <> ''),
  description                text NOT NULL CHECK (description <> ''),
  status                     text NOT NULL CONSTRAINT status_known CHECK (status IN ('active', 'retired', 'superseded')),
  successor_operation_code   text,
  successor_protocol_version text,
  PRIMARY KEY (operation_code, protocol_version),
  -- A successor is a value of this collection, by code and version, and stays one: there is no DELETE.
  CONSTRAINT rbp_7_successor_exists FOREIGN KEY (successor_operation_code, successor_protocol_version)
    REFERENCES c1.operation_vocabulary (operation_code, protocol_version) MATCH FULL,
  CONSTRAINT rbp_7_successor_named CHECK ((status = 'superseded') = (successor_operation_code IS NOT NULL)),
  CONSTRAINT rbp_8_successor_is_another CHECK (
    (successor_operation_code, successor_protocol_version) IS DISTINCT FROM (operation_code, protocol_version))
);

-- Each change of a value or of the collection, with the run and the grant that made it; the record of a change is written in
-- its own transaction, or there is no change (RBP-9).
CREATE TABLE c1.audit (
  subject      text NOT NULL,
  act          text NOT NULL CONSTRAINT act_known CHECK (act IN ('admitted', 'retired', 'superseded', 'restored')),
  run_root     text NOT NULL CHECK (run_root <> ''),
  auth_code    text NOT NULL CHECK (auth_code <> ''),
  before       jsonb NOT NULL,
  rollback_ref text CONSTRAINT rbp_9_rollback_ref CHECK (rollback_ref IS NOT NULL OR act = 'admitted'),
  reason       text,
  tx           xid8 NOT NULL DEFAULT pg_current_xact_id(),
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_root, subject, act)
);
CREATE INDEX audit_by_subject ON c1.audit (subject);

-- What a build proves of itself when it is done, and the artifact of one that failed (COMP_EVIDENCE).
CREATE TABLE c1.build_evidence (
  run_root        text NOT NULL,
  kind            text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('evidence', 'failure')),
  auth_code       text NOT NULL,
  manifest_digest text NOT NULL,
  schema_digest   text NOT NULL,
  value_count     integer NOT NULL,
  content         jsonb NOT NULL,
  recorded_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (run_root, kind)
);

CREATE FUNCTION c1.refuse_change() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: retire, supersede or restore', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', CONSTRAINT = 'rbp_2_no_delete';
END $$;

CREATE FUNCTION c1.guard_value() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (NEW.operation_code, NEW.protocol_version, NEW.description) IS DISTINCT FROM (OLD.operation_code, OLD.protocol_version, OLD.description) THEN
    RAISE EXCEPTION 'a version never changes: admit another' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'value_immutable';
  END IF;
  IF NOT (OLD.status = 'active' AND NEW.status IN ('retired', 'superseded') OR OLD.status IN ('retired', 'superseded') AND NEW.status = 'active') THEN
    RAISE EXCEPTION 'a value that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'value_transition';
  END IF;
  IF NEW.status = 'superseded' THEN
    PERFORM FROM c1.operation_vocabulary v
      WHERE (v.operation_code, v.protocol_version) = (NEW.successor_operation_code, NEW.successor_protocol_version) FOR SHARE;
    IF EXISTS (SELECT FROM c1.operation_vocabulary v
                WHERE (v.operation_code, v.protocol_version) = (NEW.successor_operation_code, NEW.successor_protocol_version) AND v.status <> 'active') THEN
      RAISE EXCEPTION 'the successor is not active' USING ERRCODE = 'check_violation', CONSTRAINT = 'rbp_8_successor_active';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION c1.require_record() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed text := CASE TG_TABLE_NAME WHEN 'collection' THEN 'collection:' || (to_jsonb(NEW) ->> 'collection') ELSE to_jsonb(NEW) ->> 'vocab_id' END;
  acts text[] := CASE NEW.status WHEN 'active' THEN ARRAY['admitted', 'restored'] ELSE ARRAY[NEW.status] END;
BEGIN
  IF NOT EXISTS (SELECT FROM c1.audit a WHERE a.subject = changed AND a.act = ANY (acts) AND a.tx = pg_current_xact_id()) THEN
    RAISE EXCEPTION 'a change and its record are written together' USING ERRCODE = 'check_violation', CONSTRAINT = 'rbp_9_recorded';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER guard_value BEFORE UPDATE ON c1.operation_vocabulary FOR EACH ROW EXECUTE FUNCTION c1.guard_value();
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR UPDATE ON c1.operation_vocabulary
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION c1.require_record();
CREATE CONSTRAINT TRIGGER recorded AFTER INSERT OR UPDATE ON c1.collection
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION c1.require_record();

-- Admits one value, once by (operation_code, protocol_version): DOT_C1_VALUE_ADMIT. What was retired is restored.
CREATE FUNCTION c1.admit_value(code text, version text, words text, root text, grant_code text) RETURNS text
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v c1.operation_vocabulary;
BEGIN
  SELECT * INTO v FROM c1.operation_vocabulary WHERE operation_code = code AND protocol_version = version FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO c1.operation_vocabulary (operation_code, protocol_version, description, status) VALUES (code, version, words, 'active');
    INSERT INTO c1.audit (subject, act, run_root, auth_code, before) VALUES (code || '@' || version, 'admitted', root, grant_code, 'null');
    RETURN 'admitted';
  END IF;
  IF v.description <> words THEN
    RAISE EXCEPTION '%@% stands for something else', code, version USING ERRCODE = 'check_violation', CONSTRAINT = 'value_conflict';
  END IF;
  IF v.status = 'active' THEN
    RETURN 'present';
  END IF;
  IF v.status = 'superseded' THEN
    RAISE EXCEPTION '%@% has a successor', code, version USING ERRCODE = 'check_violation', CONSTRAINT = 'value_superseded';
  END IF;
  PERFORM c1.restore_value(code, version, root, grant_code, 'DOT_C1_VALUE_ADMIT', NULL);
  RETURN 'restored';
END $$;

CREATE FUNCTION c1.locked_value(code text, version text) RETURNS c1.operation_vocabulary
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v c1.operation_vocabulary;
BEGIN
  IF code IS NULL OR version IS NULL THEN
    RAISE EXCEPTION 'a value is named by code and version' USING ERRCODE = 'check_violation', CONSTRAINT = 'rbp_1_versioned';
  END IF;
  SELECT * INTO v FROM c1.operation_vocabulary WHERE operation_code = code AND protocol_version = version FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION '%@% is not in the collection', code, version USING ERRCODE = 'check_violation', CONSTRAINT = 'rbp_10_in_collection';
  END IF;
  RETURN v;
END $$;

CREATE FUNCTION c1.retire_value(code text, version text, root text, grant_code text, ref text, why text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v c1.operation_vocabulary := c1.locked_value(code, version);
BEGIN
  UPDATE c1.operation_vocabulary SET status = 'retired' WHERE vocab_id = v.vocab_id;
  INSERT INTO c1.audit (subject, act, run_root, auth_code, before, rollback_ref, reason)
  VALUES (v.vocab_id, 'retired', root, grant_code, to_jsonb(v) - 'description', ref, why);
END $$;

CREATE FUNCTION c1.supersede_value(code text, version text, next_code text, next_version text, root text, grant_code text, ref text, why text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v c1.operation_vocabulary := c1.locked_value(code, version);
BEGIN
  UPDATE c1.operation_vocabulary
     SET status = 'superseded', successor_operation_code = next_code, successor_protocol_version = next_version WHERE vocab_id = v.vocab_id;
  INSERT INTO c1.audit (subject, act, run_root, auth_code, before, rollback_ref, reason)
  VALUES (v.vocab_id, 'superseded', root, grant_code, to_jsonb(v) - 'description', ref, why);
END $$;

CREATE FUNCTION c1.restore_value(code text, version text, root text, grant_code text, ref text, why text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE v c1.operation_vocabulary := c1.locked_value(code, version);
BEGIN
  UPDATE c1.operation_vocabulary
     SET status = 'active', successor_operation_code = NULL, successor_protocol_version = NULL WHERE vocab_id = v.vocab_id;
  INSERT INTO c1.audit (subject, act, run_root, auth_code, before, rollback_ref, reason)
  VALUES (v.vocab_id, 'restored', root, grant_code, to_jsonb(v) - 'description', ref, why);
END $$;

-- The collection itself: there with its fields and its entry in the registry, or back again after it was retired.
CREATE FUNCTION c1.ensure_collection(root text, grant_code text) RETURNS text
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name CONSTANT text := 'c1.operation_vocabulary';
  c c1.collection;
BEGIN
  SELECT * INTO c FROM c1.collection WHERE collection = name FOR UPDATE;
  IF c.status = 'active' THEN
    RETURN 'present';
  END IF;
  IF c.status = 'retired' THEN
    UPDATE c1.collection SET status = 'active' WHERE collection = name;
    INSERT INTO c1.audit (subject, act, run_root, auth_code, before, rollback_ref)
    VALUES ('collection:' || name, 'restored', root, grant_code, to_jsonb(c), 'DOT_C1_SCHEMA_ENSURE');
    RETURN 'restored';
  END IF;
  INSERT INTO c1.collection (collection, axis, status) VALUES (name, 'dot:c1:vocab', 'active');
  INSERT INTO c1.field (collection, field, position, data_type)
  VALUES (name, 'operation_code', 1, 'text'), (name, 'protocol_version', 2, 'text'), (name, 'description', 3, 'text'), (name, 'status', 4, 'text');
  INSERT INTO c1.table_registry (table_name, collection, purpose) VALUES
    ('c1.operation_vocabulary', name, 'values'), ('c1.audit', name, 'record of changes'), ('c1.build_evidence', name, 'evidence of builds');
  INSERT INTO c1.audit (subject, act, run_root, auth_code, before) VALUES ('collection:' || name, 'admitted', root, grant_code, 'null');
  RETURN 'created';
END $$;

CREATE FUNCTION c1.retire_collection(root text, grant_code text, ref text, why text) RETURNS void
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name CONSTANT text := 'c1.operation_vocabulary';
  c c1.collection;
BEGIN
  SELECT * INTO STRICT c FROM c1.collection WHERE collection = name FOR UPDATE;
  UPDATE c1.collection SET status = 'retired' WHERE collection = name;
  INSERT INTO c1.audit (subject, act, run_root, auth_code, before, rollback_ref, reason)
  VALUES ('collection:' || name, 'retired', root, grant_code, to_jsonb(c), ref, why);
END $$;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit', 'build_evidence', 'field', 'table_registry'] LOOP
    EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON c1.%I FOR EACH ROW EXECUTE FUNCTION c1.refuse_change()', t);
    EXECUTE format('ALTER TABLE c1.%I ENABLE ALWAYS TRIGGER no_change', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['operation_vocabulary', 'collection'] LOOP
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON c1.%I FOR EACH ROW EXECUTE FUNCTION c1.refuse_change()', t);
    EXECUTE format('ALTER TABLE c1.%I ENABLE ALWAYS TRIGGER no_delete', t);
    EXECUTE format('ALTER TABLE c1.%I ENABLE ALWAYS TRIGGER recorded', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['operation_vocabulary', 'collection', 'audit', 'build_evidence', 'field', 'table_registry'] LOOP
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON c1.%I FOR EACH STATEMENT EXECUTE FUNCTION c1.refuse_change()', t);
    EXECUTE format('ALTER TABLE c1.%I ENABLE ALWAYS TRIGGER no_truncate', t);
  END LOOP;
END $$;
ALTER TABLE c1.operation_vocabulary ENABLE ALWAYS TRIGGER guard_value;
