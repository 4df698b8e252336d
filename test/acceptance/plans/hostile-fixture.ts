/** A small target: what steps may touch, and what they may never. */
export const hostileFixture = `
  CREATE SCHEMA app;
  CREATE TABLE app.goods (id int PRIMARY KEY, label text, price int DEFAULT 1);
  INSERT INTO app.goods VALUES (1, 'one'), (2, 'two'), (3, 'three');
  CREATE TABLE app.owners (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO app.owners VALUES (1, 'Ann');
  CREATE TABLE app.secrets (id int PRIMARY KEY, body text NOT NULL DEFAULT 'hush', owner int REFERENCES app.owners ON DELETE CASCADE, note text);
  INSERT INTO app.secrets VALUES (1, 'a', 1, 'kept'), (2, 'b', 1, 'kept');
  CREATE INDEX secrets_body ON app.secrets (body);
  ALTER TABLE app.secrets ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON app.secrets USING (owner = 1);
  CREATE FUNCTION app.stay() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
  CREATE TRIGGER watch BEFORE UPDATE ON app.secrets FOR EACH ROW EXECUTE FUNCTION app.stay();
  CREATE RULE keep AS ON DELETE TO app.secrets WHERE old.id = 99 DO INSTEAD NOTHING;
  CREATE VIEW app.listed AS SELECT id, label FROM app.goods;
  CREATE MATERIALIZED VIEW app.counted AS SELECT count(*) FROM app.goods;
  CREATE FUNCTION app.answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
  CREATE SEQUENCE app.numbers;
  SELECT nextval('app.numbers');
  CREATE SEQUENCE app.unused;
  CREATE SEQUENCE app.belonging OWNED BY app.owners.id;
  CREATE TYPE app.mood AS ENUM ('calm');
  CREATE TEXT SEARCH CONFIGURATION app.words (COPY = pg_catalog.simple);
  CREATE TABLE app.guarded (id int PRIMARY KEY, body text);
  INSERT INTO app.guarded VALUES (1, 'kept');
  ALTER TABLE app.guarded ENABLE ROW LEVEL SECURITY;
  CREATE POLICY guard ON app.guarded USING (id > 0);
  GRANT SELECT ON app.guarded TO countersign_app;
  CREATE FUNCTION app.smuggle() RETURNS trigger LANGUAGE plpgsql AS $$
    begin insert into app.secrets (id, owner) select coalesce(max(id), 0) + 1, 1 from app.secrets; return new; end $$;
  CREATE TABLE app.smuggling (id int);
  CREATE TRIGGER smuggle AFTER INSERT ON app.smuggling FOR EACH ROW EXECUTE FUNCTION app.smuggle();
  CREATE TABLE app.late (id int);
  CREATE CONSTRAINT TRIGGER smuggle AFTER INSERT ON app.late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.smuggle();
  CREATE FUNCTION app.put_off() RETURNS trigger LANGUAGE plpgsql AS $$
    begin set constraints all deferred; insert into app.late values (1); return new; end $$;
  CREATE TABLE app.later (id int);
  CREATE CONSTRAINT TRIGGER put_off AFTER INSERT ON app.later DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.put_off();
  CREATE FUNCTION app.second() RETURNS trigger LANGUAGE plpgsql AS $$
    begin if new.id < 100 then insert into app.doubled values (new.id + 100); end if; return new; end $$;
  CREATE TABLE app.doubled (id int);
  CREATE TRIGGER second AFTER INSERT ON app.doubled FOR EACH ROW EXECUTE FUNCTION app.second();
  CREATE FUNCTION app.swallow() RETURNS trigger LANGUAGE plpgsql AS 'begin return null; end';
  CREATE TABLE app.swallowed (id int);
  CREATE TRIGGER swallow BEFORE INSERT ON app.swallowed FOR EACH ROW EXECUTE FUNCTION app.swallow();
  CREATE TABLE app.redirected (id int);
  CREATE RULE elsewhere AS ON INSERT TO app.redirected DO INSTEAD INSERT INTO app.secrets (id, owner) VALUES (new.id, 1);
  CREATE FUNCTION app.wins(number int) RETURNS int LANGUAGE plpgsql AS $$
    begin insert into app.secrets (id, owner) values (number, 1); return number; end $$;
  CREATE TABLE app.priced (id int, price int DEFAULT app.wins(50));
  CREATE VIEW app.window AS SELECT id FROM app.goods;
  CREATE FUNCTION app.through() RETURNS trigger LANGUAGE plpgsql AS $$
    begin perform app.wins(51); insert into app.goods (id) values (new.id); return new; end $$;
  CREATE TRIGGER through INSTEAD OF INSERT ON app.window FOR EACH ROW EXECUTE FUNCTION app.through();
  CREATE FUNCTION app.stock(number int) RETURNS boolean LANGUAGE plpgsql AS $$
    begin insert into app.goods (id) values (number); return false; end $$;
  CREATE FUNCTION app.stock_late(number int) RETURNS boolean LANGUAGE plpgsql AS $$
    begin set constraints all deferred; insert into app.late values (number); return true; end $$;
  CREATE FUNCTION app.fewer() RETURNS int LANGUAGE plpgsql AS $$
    begin
      begin insert into app.goods (id) values (90), (91); raise exception 'no'; exception when raise_exception then null; end;
      insert into app.goods (id) values (92); return 1;
    end $$;
  CREATE TABLE app.weather (fair boolean);
  INSERT INTO app.weather VALUES (true);
  CREATE FUNCTION app.moody(number int) RETURNS int LANGUAGE plpgsql AS $$
    begin if not (select fair from app.weather) then execute 'UPDATE app.secrets SET note = NULL'; end if; return number; end $$;
  CREATE FUNCTION app.remember(number int) RETURNS int LANGUAGE plpgsql AS $$
    begin perform set_config('app.remembered', 'yes', false); return number; end $$;
  CREATE FUNCTION app.move_and_fail() RETURNS int LANGUAGE plpgsql AS $$
    begin perform nextval('app.numbers'); raise exception 'no' using errcode = '23514'; end $$;
`;
