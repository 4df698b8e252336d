-- Lifecycle enactment: the council's review decisions, what the gateway of a target was when it was accepted, and incidents
-- (LIFE-1, LIFE-6, LIFE-7, OPEN-10). Units, versions and their log are in the target database.

-- What the council has decided of units: one transition each, for the addresses that it names.
CREATE TABLE review_decisions (
  decision_id     uuid PRIMARY KEY,
  database        text NOT NULL,
  decision_kind   text NOT NULL CONSTRAINT decision_kind_known CHECK (decision_kind IN ('enactment', 'supersession', 'retirement', 'amendment')),
  decision        text NOT NULL CONSTRAINT decision_known CHECK (decision IN ('approve', 'reject')),
  subjects        text[] NOT NULL CONSTRAINT subjects_named CHECK (cardinality(subjects) BETWEEN 1 AND 1000 AND array_position(subjects, NULL) IS NULL
                                                                   AND array_position(subjects, '') IS NULL),
  reason          text NOT NULL CONSTRAINT reason_given CHECK (btrim(reason) <> ''),
  document_digest text CHECK (document_digest ~ '^sha256:[0-9a-f]{64}$'),
  decided_by      text NOT NULL REFERENCES principals,
  decided_at      timestamptz NOT NULL DEFAULT date_trunc('milliseconds', clock_timestamp())
);
CREATE INDEX review_decisions_newest ON review_decisions (decided_at DESC, decision_id DESC);

-- That the target has the decision too, in cutter_governance.review_decision, by its own recorder.
CREATE TABLE review_decision_deliveries (
  decision_id uuid PRIMARY KEY REFERENCES review_decisions,
  carried_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The gateway of a target as a sovereign has accepted it: what the watch compares with. The latest counts.
CREATE TABLE gateway_baselines (
  baseline_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  database       text NOT NULL,
  gateway_digest text NOT NULL,
  -- The governed objects in canonical form (RFC 8785), whose digest was accepted.
  content        text NOT NULL,
  reason         text NOT NULL CONSTRAINT reason_given CHECK (btrim(reason) <> ''),
  taken_by       text NOT NULL REFERENCES principals,
  taken_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT gateway_digest_of_content CHECK (gateway_digest = 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex'))
);
CREATE INDEX gateway_baselines_latest ON gateway_baselines (database, baseline_id DESC);

CREATE TABLE lifecycle_incidents (
  incident_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  database        text NOT NULL,
  kind            text NOT NULL CONSTRAINT incident_kind_known CHECK (kind IN ('gateway_changed', 'direct_write_refused', 'log_contradicted')),
  -- The object that it is about, as the report names it.
  subject         text NOT NULL CONSTRAINT subject_short CHECK (length(subject) BETWEEN 1 AND 300),
  -- What makes two sightings the same one: the change that was found, or the line of the server's log.
  sighting        text NOT NULL CONSTRAINT sighting_short CHECK (length(sighting) BETWEEN 1 AND 150),
  -- Bounded, all three: some of it comes from a target, and what cannot be stored or indexed would stop the watch.
  detail          jsonb NOT NULL CONSTRAINT detail_short CHECK (length(detail::text) <= 40000),
  status          text NOT NULL DEFAULT 'open' CONSTRAINT incident_status_known CHECK (status IN ('open', 'resolved')),
  opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  resolved_at     timestamptz,
  resolved_by     text REFERENCES principals,
  resolved_reason text CHECK (btrim(resolved_reason) <> ''),
  CONSTRAINT resolved_whole CHECK ((status = 'resolved') = (resolved_at IS NOT NULL) AND (resolved_at IS NULL) = (resolved_by IS NULL)
                                   AND (resolved_at IS NULL) = (resolved_reason IS NULL))
);
-- A change that is still there after its incident was resolved is a new incident; a line of the log is one for ever.
CREATE UNIQUE INDEX one_open_incident ON lifecycle_incidents (database, kind, subject, sighting) WHERE status = 'open';
CREATE UNIQUE INDEX one_incident_per_line ON lifecycle_incidents (database, sighting) WHERE kind = 'direct_write_refused';
CREATE INDEX lifecycle_incidents_newest ON lifecycle_incidents (opened_at DESC, incident_id DESC);

-- How far the server's log of a target has been read.
CREATE TABLE detector_positions (
  database text PRIMARY KEY,
  file     text NOT NULL CHECK (length(file) BETWEEN 1 AND 300),
  position bigint NOT NULL CHECK (position >= 0),
  read_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How far the lifecycle log of a target was seen, and what it said up to there: the lines after the mark before it, each with
-- the title and the body of its version, and the digest of the mark before. A line that is rewritten later makes another digest.
CREATE TABLE lifecycle_log_marks (
  database     text NOT NULL,
  log_id       bigint NOT NULL,
  -- The mark that this one follows; 0 for the first of a database.
  after_log_id bigint NOT NULL,
  digest       text NOT NULL CONSTRAINT mark_digest CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  lines        bigint NOT NULL CONSTRAINT mark_has_lines CHECK (lines > 0),
  marked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (database, log_id),
  CONSTRAINT one_chain UNIQUE (database, after_log_id),
  CONSTRAINT marks_go_on CHECK (after_log_id >= 0 AND log_id > after_log_id)
);

-- Two that mark at the same time are told apart by one_chain; a mark that follows on none is none.
CREATE FUNCTION guard_log_mark() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.after_log_id <> 0
     AND NOT EXISTS (SELECT FROM lifecycle_log_marks m WHERE m.database = NEW.database AND m.log_id = NEW.after_log_id) THEN
    RAISE EXCEPTION 'a mark follows on the one before it' USING ERRCODE = 'check_violation', CONSTRAINT = 'mark_follows';
  END IF;
  NEW.marked_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER guard_log_mark BEFORE INSERT ON lifecycle_log_marks FOR EACH ROW EXECUTE FUNCTION guard_log_mark();

-- A review decision is by somebody of the council, and an acceptance by a sovereign, whoever writes.
CREATE FUNCTION guard_review_decision() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF holds_role(NEW.decided_by, 'council') IS NOT TRUE THEN
    RAISE EXCEPTION 'a review decision is by the council' USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_by_council';
  END IF;
  NEW.decided_at := date_trunc('milliseconds', clock_timestamp());
  RETURN NEW;
END $$;
CREATE TRIGGER guard_review_decision BEFORE INSERT ON review_decisions FOR EACH ROW EXECUTE FUNCTION guard_review_decision();

CREATE FUNCTION guard_gateway_baseline() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF holds_role(NEW.taken_by, 'sovereign') IS NOT TRUE THEN
    RAISE EXCEPTION 'a gateway is accepted by a sovereign' USING ERRCODE = 'check_violation', CONSTRAINT = 'baseline_by_sovereign';
  END IF;
  NEW.taken_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER guard_gateway_baseline BEFORE INSERT ON gateway_baselines FOR EACH ROW EXECUTE FUNCTION guard_gateway_baseline();

CREATE FUNCTION guard_incident() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' THEN
      RAISE EXCEPTION 'an incident begins open' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_begins_open';
    END IF;
    NEW.opened_at := clock_timestamp();
    RETURN NEW;
  END IF;
  IF OLD.status <> 'open' OR NEW.status <> 'resolved'
     OR (NEW.incident_id, NEW.database, NEW.kind, NEW.subject, NEW.sighting, NEW.detail, NEW.opened_at)
        IS DISTINCT FROM (OLD.incident_id, OLD.database, OLD.kind, OLD.subject, OLD.sighting, OLD.detail, OLD.opened_at) THEN
    RAISE EXCEPTION 'an incident is resolved once, and nothing else of it changes' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_transition';
  END IF;
  IF holds_role(NEW.resolved_by, 'operator') IS NOT TRUE THEN
    RAISE EXCEPTION 'an incident is resolved by an operator' USING ERRCODE = 'check_violation', CONSTRAINT = 'incident_resolved_by_operator';
  END IF;
  NEW.resolved_at := clock_timestamp();
  RETURN NEW;
END $$;
CREATE TRIGGER guard_incident BEFORE INSERT OR UPDATE ON lifecycle_incidents FOR EACH ROW EXECUTE FUNCTION guard_incident();

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['review_decisions', 'review_decision_deliveries', 'gateway_baselines', 'lifecycle_log_marks'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['lifecycle_incidents', 'detector_positions'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['review_decisions', 'review_decision_deliveries', 'gateway_baselines', 'lifecycle_log_marks', 'lifecycle_incidents',
                           'detector_positions'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;
ALTER TABLE review_decisions ENABLE ALWAYS TRIGGER guard_review_decision;
ALTER TABLE gateway_baselines ENABLE ALWAYS TRIGGER guard_gateway_baseline;
ALTER TABLE lifecycle_incidents ENABLE ALWAYS TRIGGER guard_incident;
ALTER TABLE lifecycle_log_marks ENABLE ALWAYS TRIGGER guard_log_mark;

REVOKE ALL ON FUNCTION guard_review_decision, guard_gateway_baseline, guard_incident, guard_log_mark FROM PUBLIC;
GRANT SELECT, INSERT ON review_decisions, review_decision_deliveries, gateway_baselines, lifecycle_incidents, detector_positions, lifecycle_log_marks
  TO countersign_app;
GRANT UPDATE (status, resolved_at, resolved_by, resolved_reason) ON lifecycle_incidents TO countersign_app;
GRANT UPDATE (file, position, read_at) ON detector_positions TO countersign_app;

INSERT INTO apr_action_types (action_code, handler_ref, risk_level, quorum, council_quorum, _dot_origin) VALUES
  ('authorize_lifecycle_rehearsal', 'dot-apr-execute:authorize_lifecycle_rehearsal', 'high', 2, 0, 'countersign:LIFECYCLE');

-- Where commit-mode grants for lifecycle transitions may be for; a rehearsal is part of what is approved.
INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name, rehearsal_required, created_by)
SELECT 'IU', 'PROD-NS', 'dot:iu:lifecycle', target, environment, 'default', action_sets::jsonb, 'iu-lifecycle', environment = 'production', 'countersign:LIFECYCLE'
  FROM unnest(ARRAY['production', 'staging']) AS environment,
       (VALUES ('IU_LIFECYCLE_ENACT', '[["iu_enact"]]'), ('IU_LIFECYCLE_SUPERSEDE', '[["iu_supersede"]]'), ('IU_LIFECYCLE_RETIRE', '[["iu_retire"]]')) AS of (target, action_sets);
