-- Principals that an OpenID Connect issuer speaks for, made when their first token is seen. Null: one of this service's
-- own, whom no issuer can name. Names that begin with service: are the actors of the service itself.

ALTER TABLE principals
  ADD COLUMN issuer text CONSTRAINT issuer_form CHECK (issuer ~ '^https?://[^[:space:]?#]+$'),
  ADD CONSTRAINT principal_not_service CHECK (principal !~ '^service:');

CREATE FUNCTION guard_principal() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF (NEW.principal, NEW.issuer, NEW.created_at) IS DISTINCT FROM (OLD.principal, OLD.issuer, OLD.created_at) THEN
    RAISE EXCEPTION 'a principal keeps its name and its issuer' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'principal_immutable';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_principal BEFORE UPDATE ON principals FOR EACH ROW EXECUTE FUNCTION guard_principal();
ALTER TABLE principals ENABLE ALWAYS TRIGGER guard_principal;
