-- Webhooks: who is told what happened, and what they have been told.
--
-- The outbox is audit_events: the event of a transition is written in its transaction, so nothing else is written there. A relay makes
-- deliveries of the events whose order is final, webhook by webhook from a cursor, and puts a job for each resource into the queue
-- (graphile_worker, which the migration step installs beside these tables). A job only wakes somebody: who may send, and what, is in
-- webhook_deliveries.

CREATE TABLE webhooks (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  url                text NOT NULL CONSTRAINT url_form CHECK (url ~ '^https?://[^[:space:]]+$' AND length(url) <= 2000),
  events             text[] NOT NULL CONSTRAINT events_form CHECK (
                       cardinality(events) BETWEEN 1 AND 50
                       AND array_to_string(events, ',', '?') ~ '^(\*|[a-z_]+\.([a-z_]+|\*))(,(\*|[a-z_]+\.([a-z_]+|\*)))*$'),
  description        text CONSTRAINT description_form CHECK (length(description) <= 2000),
  -- Under a key of the service (AES-256-GCM): a dump of the database signs nothing.
  secret             bytea CONSTRAINT secret_form CHECK (octet_length(secret) BETWEEN 52 AND 200),
  secret_key_id      text,
  secret_set_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  former             bytea CONSTRAINT former_form CHECK (octet_length(former) BETWEEN 52 AND 200),
  former_key_id      text,
  former_until       timestamptz,
  -- The event up to which deliveries were made; at first that of the registration.
  cursor_seq         bigint NOT NULL DEFAULT 0 CHECK (cursor_seq >= 0),
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by         text NOT NULL CHECK (created_by <> ''),
  disabled_at        timestamptz,
  disabled_by        text,
  removed_at         timestamptz,
  removed_by         text,
  -- How many attempts in a row had no answer at all, and until when none is made for that.
  silent             integer NOT NULL DEFAULT 0 CHECK (silent >= 0),
  rests_until        timestamptz,
  CONSTRAINT secret_whole CHECK ((secret IS NULL) = (secret_key_id IS NULL) AND (secret IS NULL) = (removed_at IS NOT NULL)),
  CONSTRAINT former_whole CHECK (num_nulls(former, former_key_id, former_until) IN (0, 3) AND (former IS NULL OR secret IS NOT NULL)),
  CONSTRAINT disabled_whole CHECK ((disabled_at IS NULL) = (disabled_by IS NULL)),
  CONSTRAINT removed_whole CHECK ((removed_at IS NULL) = (removed_by IS NULL))
);
CREATE INDEX webhooks_by_age ON webhooks (created_at DESC, id DESC);

CREATE FUNCTION guard_webhook() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.id, NEW.url, NEW.events, NEW.description, NEW.created_at, NEW.created_by)
     IS DISTINCT FROM (OLD.id, OLD.url, OLD.events, OLD.description, OLD.created_at, OLD.created_by) THEN
    RAISE EXCEPTION 'where a webhook goes and what it is told stay as they were registered' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'webhook_immutable';
  END IF;
  IF NEW.cursor_seq < OLD.cursor_seq THEN
    RAISE EXCEPTION 'the cursor only goes on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cursor_grows';
  END IF;
  IF OLD.removed_at IS NOT NULL THEN
    RAISE EXCEPTION 'a removed webhook stays removed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'removal_final';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_webhook BEFORE UPDATE ON webhooks FOR EACH ROW EXECUTE FUNCTION guard_webhook();
ALTER TABLE webhooks ENABLE ALWAYS TRIGGER guard_webhook;

-- Up to which number events are final, and the horizon behind which that will be so next; as the sealer of the log has them, for itself:
-- no process need seal the log for webhooks to be sent.
CREATE TABLE webhook_relay (
  one         boolean PRIMARY KEY DEFAULT true CONSTRAINT one_relay CHECK (one),
  final_seq   bigint NOT NULL DEFAULT 0,
  horizon_seq bigint NOT NULL DEFAULT 0,
  horizon_xid xid8 NOT NULL DEFAULT '0',
  CONSTRAINT relay_horizon_ahead CHECK (horizon_seq >= final_seq AND final_seq >= 0)
);
INSERT INTO webhook_relay DEFAULT VALUES;

-- What guards the head of the log guards this one too: see guard_audit_log.
CREATE FUNCTION guard_webhook_relay() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.final_seq < OLD.final_seq OR NEW.horizon_seq < OLD.horizon_seq THEN
    RAISE EXCEPTION 'the horizon only goes on' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_grows';
  END IF;
  IF NEW.final_seq > OLD.final_seq AND (NEW.final_seq > OLD.horizon_seq OR pg_snapshot_xmin(pg_current_snapshot()) < OLD.horizon_xid) THEN
    RAISE EXCEPTION 'an event with a lower number may still come' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'order_final';
  END IF;
  IF (NEW.horizon_seq, NEW.horizon_xid) IS DISTINCT FROM (OLD.horizon_seq, OLD.horizon_xid)
     AND (NEW.horizon_xid <> pg_current_xact_id() OR NEW.horizon_seq > (SELECT last_value FROM audit_events_seq)) THEN
    RAISE EXCEPTION 'the horizon is where the numbers are' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'horizon_drawn';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_webhook_relay BEFORE UPDATE ON webhook_relay FOR EACH ROW EXECUTE FUNCTION guard_webhook_relay();
ALTER TABLE webhook_relay ENABLE ALWAYS TRIGGER guard_webhook_relay;

-- One for each webhook and event that it is told of. The event itself stays where it is.
CREATE TABLE webhook_deliveries (
  webhook_id      uuid NOT NULL REFERENCES webhooks,
  event_seq       bigint NOT NULL,
  occurred_at     timestamptz NOT NULL,
  action          text NOT NULL,
  resource_type   text NOT NULL,
  resource_id     text NOT NULL,
  -- The deliveries of one webhook that are about one resource are sent one after the other: they have this name in common, also that of their job.
  lane            text NOT NULL CONSTRAINT lane_form CHECK (lane ~ '^webhook:[0-9a-f-]{36}:[0-9a-f]{64}$' AND starts_with(lane, 'webhook:' || webhook_id || ':')),
  status          text NOT NULL DEFAULT 'pending' CONSTRAINT delivery_status CHECK (status IN ('pending', 'delivered', 'dead')),
  attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  replays         integer NOT NULL DEFAULT 0 CHECK (replays >= 0),
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_attempt_at timestamptz,
  ended_at        timestamptz,
  answer_status   smallint,
  error           text CONSTRAINT error_form CHECK (length(error) <= 300),
  -- Who is sending it at this moment.
  lease           uuid,
  lease_until     timestamptz,
  PRIMARY KEY (webhook_id, event_seq),
  CONSTRAINT lease_whole CHECK ((lease IS NULL) = (lease_until IS NULL)),
  CONSTRAINT only_pending_sent CHECK (lease IS NULL OR status = 'pending'),
  CONSTRAINT ended_whole CHECK ((status = 'pending') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (lane, event_seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, event_seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_id, event_seq DESC) WHERE status = 'dead';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE status = 'delivered';
-- One at a time, whoever sends.
CREATE UNIQUE INDEX webhook_lane_sent_once ON webhook_deliveries (lane) WHERE lease IS NOT NULL;

CREATE FUNCTION guard_webhook_delivery() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF NOT (OLD.status = 'delivered' AND OLD.ended_at < clock_timestamp() - interval '1 day')
       AND NOT EXISTS (SELECT FROM webhooks w WHERE w.id = OLD.webhook_id AND w.removed_at IS NOT NULL) THEN
      RAISE EXCEPTION 'only what was delivered is forgotten' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_kept';
    END IF;
    RETURN OLD;
  END IF;
  IF (NEW.webhook_id, NEW.event_seq, NEW.occurred_at, NEW.action, NEW.resource_type, NEW.resource_id, NEW.lane, NEW.created_at)
     IS DISTINCT FROM (OLD.webhook_id, OLD.event_seq, OLD.occurred_at, OLD.action, OLD.resource_type, OLD.resource_id, OLD.lane, OLD.created_at) THEN
    RAISE EXCEPTION 'what is delivered stays as it is' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_immutable';
  END IF;
  -- Only who was sending it says how it ended; what has ended is sent again only by a replay.
  IF NEW.status <> OLD.status AND (CASE OLD.status WHEN 'pending' THEN OLD.lease IS NULL ELSE NEW.status <> 'pending' OR NEW.replays <> OLD.replays + 1 END) THEN
    RAISE EXCEPTION 'a delivery goes from pending to its end, and back by a replay' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delivery_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_webhook_delivery BEFORE UPDATE OR DELETE ON webhook_deliveries FOR EACH ROW EXECUTE FUNCTION guard_webhook_delivery();
ALTER TABLE webhook_deliveries ENABLE ALWAYS TRIGGER guard_webhook_delivery;

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['webhooks', 'webhook_relay'] LOOP
    EXECUTE format('CREATE TRIGGER never_deleted BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_deleted', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['webhooks', 'webhook_relay', 'webhook_deliveries'] LOOP
    EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', t);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER never_truncated', t);
  END LOOP;
END $$;

GRANT SELECT, INSERT ON webhooks TO countersign_app;
GRANT UPDATE (secret, secret_key_id, secret_set_at, former, former_key_id, former_until, cursor_seq, disabled_at, disabled_by, removed_at, removed_by,
              silent, rests_until) ON webhooks TO countersign_app;
GRANT SELECT, UPDATE (final_seq, horizon_seq, horizon_xid) ON webhook_relay TO countersign_app;
GRANT SELECT, INSERT, DELETE ON webhook_deliveries TO countersign_app;
GRANT UPDATE (status, attempts, replays, next_attempt_at, last_attempt_at, ended_at, answer_status, error, lease, lease_until)
  ON webhook_deliveries TO countersign_app;
