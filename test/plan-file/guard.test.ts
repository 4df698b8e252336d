import fc from "fast-check";
import t from "tap";
import { guardSql, splitStatements } from "../../src/plan-file/index.ts";
import { hostileBodies, hostileSql } from "./hostile-sql.ts";
import { legitimateSql } from "./legitimate-sql.ts";

const words = async (sql: string, kind: "change" | "question" = "change"): Promise<string> =>
  (await guardSql(sql, kind)).map(({ detail }) => detail).join("\n");

t.test("PLAN-4 PLAN-10 hostile SQL is refused with its reason", async (t) => {
  t.ok(hostileSql.length >= 45, `${hostileSql.length} of them`);
  for (const [name, sql, expected] of hostileSql) t.match(await words(sql), expected, name);
});

t.test(
  "PLAN-4 hostile SQL is refused in the body of a DO block, of a function, of a function in a function",
  async (t) => {
    for (const [name, sql, expected] of hostileBodies) {
      const body = /^(declare|begin)\b/.test(sql) ? sql : `begin ${sql}; end`;
      const inFunction = `CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS $b$ ${body} $b$`;
      t.match(await words(`DO $b$ ${body} $b$`), expected, `${name}: DO`);
      t.match(await words(inFunction), expected, `${name}: function`);
      t.match(await words(`DO $a$ begin ${inFunction}; end $a$`), expected, `${name}: function in a DO block`);
    }
  },
);

t.test("PLAN-4 a refused function is found wherever PL/pgSQL takes an expression", async (t) => {
  // Written so that only the parser can tell the name.
  const f = `U&"\\0073et_config"('role', 'postgres', true)`;
  for (const body of [
    `declare x text := ${f}; begin null; end`,
    `declare c cursor for select ${f}; begin open c; end`,
    `declare c cursor (k text) for select k; begin open c(${f}); end`,
    `declare c cursor (k text) for select k; begin for r in c(${f}) loop null; end loop; end`,
    `declare c refcursor; begin open c for select ${f}; end`,
    `declare c refcursor; x text; begin fetch absolute (select ${f})::int from c into x; end`,
    `declare x text; begin x := ${f}; end`,
    `declare x text; begin x = ${f}; end`,
    `declare x text[]; begin x[${f}::int] := 'a'; end`,
    `declare x text[]; begin x[1] := ${f}; end`,
    `declare x text; begin select ${f} into x; end`,
    `declare x text; begin if ${f} = 'a' then null; end if; end`,
    `declare x text; begin if true then null; elsif ${f} = 'a' then null; end if; end`,
    `begin if true then perform ${f}; end if; end`,
    `begin if true then null; else perform ${f}; end if; end`,
    `begin case ${f} when 'a' then null; end case; end`,
    `begin case 'a' when ${f} then null; end case; end`,
    `begin case 'a' when 'b' then perform ${f}; end case; end`,
    `begin case 'a' when 'b' then null; else perform ${f}; end case; end`,
    `begin while ${f} = 'a' loop null; end loop; end`,
    `begin for i in 1..${f}::int loop null; end loop; end`,
    `begin for i in 1..2 by ${f}::int loop null; end loop; end`,
    `begin for i in 1..2 loop perform ${f}; end loop; end`,
    `declare r record; begin for r in select ${f} loop null; end loop; end`,
    `declare x text; begin foreach x in array array[${f}] loop null; end loop; end`,
    `declare x text; begin foreach x in array array['a'] loop perform ${f}; end loop; end`,
    `begin loop exit when ${f} = 'a'; end loop; end`,
    `begin loop continue when ${f} = 'a'; end loop; end`,
    `begin raise notice '%', ${f}; end`,
    `begin raise exception using message = ${f}; end`,
    `begin assert ${f} = 'a'; end`,
    `begin assert true, ${f}; end`,
    `begin perform ${f}; end`,
    `begin begin null; exception when others then perform ${f}; end; end`,
    `begin insert into public.t values (${f}); end`,
  ]) {
    t.match(await words(`DO $b$ ${body} $b$`), /set_config is refused/, body);
  }
  const returning = (body: string, type = "text") =>
    words(`CREATE FUNCTION public.f() RETURNS ${type} LANGUAGE plpgsql AS $b$ begin ${body}; end $b$`);
  t.match(await returning(`return ${f}`), /set_config/);
  t.match(await returning(`return next ${f}`, "SETOF text"), /set_config/);
  t.match(await returning(`return query select ${f}`, "SETOF text"), /set_config/);
  t.match(await returning("return query execute 'select 1'", "SETOF int"), /Dynamic SQL/);
});

t.test("PLAN-1 what a step may have is let through", async (t) => {
  t.ok(legitimateSql.length >= 30, `${legitimateSql.length} of them`);
  for (const sql of legitimateSql) t.strictSame(await guardSql(sql, "change"), [], sql);
});

t.test("PLAN-1 a question is one SELECT that writes nothing", async (t) => {
  for (const sql of [
    "SELECT count(*) FROM public.t",
    "SELECT to_regclass('public.t') IS NOT NULL;",
    "WITH a AS (SELECT 1 AS x) SELECT bool_and(x = 1) FROM a",
    "SELECT md5(prosrc) FROM pg_proc WHERE proname = 'f'",
    "VALUES (true)",
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state LIKE 'idle in transaction%')",
  ]) {
    t.strictSame(await guardSql(sql, "question"), [], sql);
  }
  const refused: [string, RegExp][] = [
    ["DELETE FROM public.t", /must be a SELECT, not a DeleteStmt/],
    ["SELECT 1; SELECT 2", /one SELECT, and no more/],
    ["WITH gone AS (DELETE FROM public.t RETURNING 1) SELECT count(*) FROM gone", /data-modifying/],
    ["SELECT (WITH a AS (INSERT INTO public.t VALUES (1) RETURNING 1) SELECT 1 FROM a)", /data-modifying|parsed/],
    ["SELECT 1 FROM public.t FOR UPDATE", /must not lock/],
    ["SELECT true FROM (SELECT 1 FROM public.t FOR SHARE) x", /must not lock/],
    ["SELECT 1 INTO public.x", /SELECT INTO/],
    ["SELECT nextval('public.s')", /nextval/],
    ["SELECT set_config('a.b', 'c', false) IS NULL", /set_config/],
    ["SHOW search_path", /must be a SELECT/],
    ["EXPLAIN ANALYZE SELECT 1", /must be a SELECT/],
    ["-- nothing", /no statement/],
    ["SELECT 1; ;SELECT 2", /no more/],
  ];
  for (const [sql, expected] of refused) t.match(await words(sql, "question"), expected, sql);
});

t.test("PLAN-4 the place of a fault counts characters, not the parser's bytes", async (t) => {
  const sql = "INSERT INTO public.t VALUES ('é😀');\n  -- é\n  COMMIT; SELECT 'ééé', pg_sleep(1)";
  const faults = await guardSql(sql, "change");
  t.strictSame(
    faults.map(({ offset }) => sql.slice(offset).split(/[;(]/)[0]),
    ["COMMIT", "pg_sleep"],
  );
  const broken = "SELECT '😀é' FROM a b c";
  t.equal((await guardSql(broken, "change"))[0]?.offset, broken.indexOf("c", 15));
});

t.test("PLAN-4 statements are separated by the parser", async (t) => {
  t.strictSame(await splitStatements("/* é; */ SELECT 'é;'; ;\n-- x;\nDO $$ begin null; end $$;\n  SELECT 2 -- é"), [
    "SELECT 'é;'",
    "DO $$ begin null; end $$",
    "SELECT 2 -- é",
  ]);
  t.strictSame(await splitStatements("-- nothing"), []);
  await t.rejects(splitStatements("SELECT ("), { message: /syntax error/ });
});

t.test("PLAN-4 SQL of any depth and length is answered, and the parser works on", async (t) => {
  const many = 16_000;
  for (const sql of [
    `SELECT ${"(".repeat(many)}1${")".repeat(many)}`,
    `SELECT 1${"+1".repeat(many)}`,
    `SELECT 1${"::int".repeat(many)}`,
    `SELECT 1${" UNION SELECT 1".repeat(many)}`,
    `SELECT ${"not ".repeat(many)}true`,
    `SELECT 1 ${"/*".repeat(many)}${"*/".repeat(many)}`,
    `DO $$${"begin ".repeat(many)}null;${"end;".repeat(many)}$$`,
    "SELECT 1".padEnd(300_000),
    "SELECT 1;\0 DROP TABLE public.t",
    "SELECT '\ud800'",
  ]) {
    t.not((await guardSql(sql, "change")).length, 0, sql.slice(0, 40));
    t.strictSame(await guardSql("SELECT 1", "change"), []);
  }
  const rows = Array.from({ length: 4_000 }, (_, n) => `(${n}, 'a')`).join(", ");
  t.strictSame(await guardSql(`INSERT INTO public.t VALUES ${rows}`, "change"), [], "many rows are no depth");
});

t.test("PLAN-4 whatever is handed in as SQL is answered, never thrown", async (t) => {
  t.setTimeout(120_000);
  const seed = Number(process.hrtime.bigint() % 2_147_483_647n);
  t.comment(`seed ${seed}`);
  const pieces = fc.constantFrom(
    ..."SELECT DO $$ begin end ; ( ) ' \" -- /* */ E' U&\" := [ ] . , é 😀 CREATE FUNCTION LANGUAGE plpgsql AS x 1 \0".split(
      " ",
    ),
  );
  const anySql = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(pieces, { maxLength: 40 }).map((list) => list.join(" ")),
    fc.string({ unit: "grapheme", maxLength: 100 }).map((body) => `DO $b$ begin ${body} end $b$`),
  );
  await fc.assert(
    fc.asyncProperty(anySql, fc.constantFrom("change" as const, "question" as const), async (sql, kind) => {
      for (const { offset, detail } of await guardSql(sql, kind)) {
        if (offset < 0 || offset > sql.length || detail === "") throw new Error(`a fault at ${offset}: ${detail}`);
      }
    }),
    { seed, numRuns: 500 },
  );
});
