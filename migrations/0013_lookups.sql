-- A consume looks up two rows by their keys when it commits, twice. As one join over `status = 'consumed'` that was left to the planner's
-- statistics, which know nothing yet of a table that has just begun to grow: it then read all that was ever consumed by the index over
-- statuses. Two look-ups by primary key leave it no choice.
CREATE OR REPLACE FUNCTION match_receipt() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  burnt record;
  receipt record;
BEGIN
  SELECT status, consumed_at, consumed_by, idempotency_root INTO burnt
    FROM governance_build_authorization WHERE auth_code = NEW.auth_code;
  SELECT consumed_at, consumed_by, idempotency_root INTO receipt FROM grant_receipts WHERE auth_code = NEW.auth_code;
  IF (burnt.status = 'consumed' AND burnt.consumed_at = receipt.consumed_at AND burnt.consumed_by = receipt.consumed_by
      AND burnt.idempotency_root = receipt.idempotency_root) IS NOT TRUE THEN
    RAISE EXCEPTION 'grant % and its receipt do not agree', NEW.auth_code USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_matches';
  END IF;
  RETURN NULL;
END $$;
