/** The tables that only the canonical functions write, with statements that each must refuse and the words it does so with. */
export interface Governed {
  readonly table: string;
  /** A column that a forger would like to change. */
  readonly column: string;
}

export const governed: readonly Governed[] = [
  { table: "information_unit", column: "title" },
  { table: "unit_version", column: "title" },
  { table: "iu_lifecycle_vocab", column: "name" },
  { table: "iu_lifecycle_log", column: "reason" },
];

export type Operation = "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE";

/** The words of the LIFECYCLE document, for an operation on a table. */
export function words(table: string, operation: Operation): RegExp {
  return table === "iu_lifecycle_log" && operation !== "INSERT"
    ? new RegExp(`^iu_lifecycle_log is append-only: ${operation} refused$`)
    : new RegExp(`^IU Gateway blocked: direct ${operation} on public\\.${table} by \\S+$`);
}

/** Every statement of SQL that writes, written plainly. */
export function plainStatements({ table, column }: Governed): readonly (readonly [Operation, string])[] {
  const name = `public.${table}`;
  return [
    ["INSERT", `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${name}`],
    ["INSERT", `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${name} WHERE false`],
    ["INSERT", `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${name} ON CONFLICT DO NOTHING`],
    [
      "INSERT",
      `WITH put AS (INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM ${name} RETURNING 1) SELECT count(*) FROM put`,
    ],
    ["INSERT", `MERGE INTO ${name} USING (SELECT 1) AS s ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES`],
    ["INSERT", `COPY ${name} FROM STDIN`],
    ["UPDATE", `UPDATE ${name} SET ${column} = 'forged'`],
    ["UPDATE", `UPDATE ONLY ${name} SET ${column} = 'forged' WHERE false`],
    ["UPDATE", `WITH done AS (UPDATE ${name} SET ${column} = 'forged' RETURNING 1) SELECT count(*) FROM done`],
    ["UPDATE", `MERGE INTO ${name} USING (SELECT 1) AS s ON true WHEN MATCHED THEN UPDATE SET ${column} = 'forged'`],
    ["UPDATE", `PREPARE forged AS UPDATE ${name} SET ${column} = $1; EXECUTE forged ('forged')`],
    [
      "UPDATE",
      `DECLARE c CURSOR FOR SELECT FROM ${name} FOR UPDATE; FETCH c; UPDATE ${name} SET ${column} = 'forged' WHERE CURRENT OF c`,
    ],
    ["DELETE", `DELETE FROM ${name}`],
    ["DELETE", `DELETE FROM ${name} WHERE false`],
    ["DELETE", `WITH gone AS (DELETE FROM ${name} RETURNING 1) SELECT count(*) FROM gone`],
    ["DELETE", `MERGE INTO ${name} USING (SELECT 1) AS s ON true WHEN MATCHED THEN DELETE`],
    ["TRUNCATE", `TRUNCATE ${name} CASCADE`],
    ["TRUNCATE", `TRUNCATE ONLY ${name} RESTART IDENTITY CASCADE`],
  ];
}

const signature = "public.fn_iu_enact(text,text,uuid,text,uuid,text,text,boolean)";
/** A line of the call stack, as it reads when fn_iu_enact is truly there. */
const frame = `PL/pgSQL function ${signature} line 84 at SQL statement`;
const forgedMarker = "SET LOCAL app.canonical_writer = 'fn_iu_enact'";
const replica = "SET LOCAL session_replication_role = replica";

/** A way round: what goes before, as superuser, and what is then said as the one who writes. */
export interface Way {
  readonly name: string;
  readonly before?: string;
  readonly say: (statement: string) => string;
}

/** Lines that begin in the first column, as frames do; each may stand in the text of a statement. */
export const imitations: readonly string[] = [
  'SQL statement "',
  "PL/pgSQL function public.fn_iu_enact(",
  "PL/pgSQL function public.fn_iu_enact() line 1 at EXECUTE",
  frame,
  "PL/pgSQL function inline_code_block line 1 at SQL statement",
  "nothing of the kind",
];

/** A statement with such lines in a comment of its text, run by a block in one of the ways in which blocks run statements. */
export function imitating(lines: readonly string[], how: "EXECUTE" | "static" | "FOR" | "RETURN QUERY"): Way["say"] {
  const text = (sql: string) => `${sql} /*\n${lines.join("\n")}\n */`;
  return (sql) => {
    const block = (body: string) => `${forgedMarker}; DO $d$ DECLARE r record; BEGIN ${body}; END $d$`;
    if (how === "EXECUTE") return block(`EXECUTE $e$${text(sql)}$e$`);
    if (how === "static") return block(text(sql));
    if (how === "FOR") return block(`FOR r IN EXECUTE $e$${text(sql)} RETURNING 1$e$ LOOP END LOOP`);
    return `CREATE FUNCTION evil.q() RETURNS SETOF integer LANGUAGE plpgsql AS $f$ BEGIN RETURN QUERY EXECUTE $e$${text(sql)} RETURNING 1$e$; END $f$;
      ${forgedMarker}; SELECT evil.q()`;
  };
}

const inFunction = (head: string, statement: string) => `CREATE FUNCTION ${head} AS $f$ BEGIN ${statement}; END $f$`;

/** Ways of saying one statement that writes. */
export const ways: readonly Way[] = [
  { name: "plainly", say: (sql) => sql },
  { name: "in a DO block", say: (sql) => `DO $d$ BEGIN ${sql}; END $d$` },
  { name: "with a forged marker", say: (sql) => `${forgedMarker}; ${sql}` },
  { name: "with an unknown marker", say: (sql) => `SET LOCAL app.canonical_writer = 'ad_hoc_attempt'; ${sql}` },
  { name: "with an empty marker", say: (sql) => `SET LOCAL app.canonical_writer = ''; ${sql}` },
  { name: "in replica mode", before: replica, say: (sql) => sql },
  { name: "in replica mode with a forged marker", before: replica, say: (sql) => `${forgedMarker}; ${sql}` },
  { name: "in a DO block with a forged marker", say: (sql) => `${forgedMarker}; DO $d$ BEGIN ${sql}; END $d$` },
  {
    name: "in a function of the owner that is SECURITY DEFINER",
    say: (sql) =>
      `${inFunction(`evil.as_owner() RETURNS void LANGUAGE plpgsql SECURITY DEFINER`, sql)};
       ALTER FUNCTION evil.as_owner() OWNER TO directus; ${forgedMarker}; SELECT evil.as_owner()`,
  },
  {
    name: "in a function fn_iu_enact of another schema, marker and path and all",
    say: (sql) =>
      `${inFunction(
        `evil.fn_iu_enact(text, text, uuid, text, uuid, text, text, boolean) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
         SET search_path = pg_catalog, evil SET app.canonical_writer = 'fn_iu_enact'`,
        sql,
      )};
       ALTER FUNCTION evil.fn_iu_enact(text, text, uuid, text, uuid, text, text, boolean) OWNER TO directus;
       SELECT evil.fn_iu_enact('', '', NULL, '', NULL, '', '', false)`,
  },
  {
    name: "in a function of SQL",
    say: (sql) =>
      `CREATE FUNCTION evil.in_sql() RETURNS void LANGUAGE sql AS $f$ ${sql} $f$; ${forgedMarker}; SELECT evil.in_sql()`,
  },
  {
    name: "in a procedure",
    say: (sql) =>
      `CREATE PROCEDURE evil.p() LANGUAGE plpgsql AS $f$ BEGIN ${sql}; END $f$; ${forgedMarker}; CALL evil.p()`,
  },
  {
    name: "in a trigger of another table",
    say: (sql) =>
      `${inFunction("evil.tg() RETURNS trigger LANGUAGE plpgsql", `${sql}; RETURN NULL`)};
       CREATE TABLE evil.bait (x int); CREATE TRIGGER tg AFTER INSERT ON evil.bait EXECUTE FUNCTION evil.tg();
       ${forgedMarker}; INSERT INTO evil.bait VALUES (1)`,
  },
  {
    name: "in a rule of another table",
    say: (sql) =>
      `CREATE TABLE evil.ruled (x int); CREATE RULE r AS ON INSERT TO evil.ruled DO ALSO ${sql};
       ${forgedMarker}; INSERT INTO evil.ruled VALUES (1)`,
  },
  {
    name: "as text",
    say: (sql) => `${forgedMarker}; DO $d$ BEGIN EXECUTE $e$ ${sql} $e$; END $d$`,
  },
  {
    name: "with a line of the call stack in its own text",
    say: (sql) => `${forgedMarker}; ${sql}\n--"\n/*\n${frame}\n*/`,
  },
  {
    name: "with a line of the call stack in the text of a DO block",
    say: (sql) => `${forgedMarker}; DO $d$ BEGIN ${sql} /*"\n${frame}\n */; END $d$`,
  },
  {
    name: "as text that ends as the call stack does",
    say: (sql) => `${forgedMarker}; DO $d$ BEGIN EXECUTE $e$ ${sql} /*"\n${frame}*/$e$; END $d$`,
  },
  ...(["EXECUTE", "static", "FOR", "RETURN QUERY"] as const).map((how) => ({
    name: `by ${how}, with the beginnings of a canonical frame and of a statement in its text`,
    say: imitating(["PL/pgSQL function public.fn_iu_enact(", 'SQL statement "'], how),
  })),
  {
    name: "in a function of SQL whose name is a line of the call stack",
    say: (sql) =>
      `CREATE FUNCTION evil."x\nPL/pgSQL function public.fn_iu_create() line 1 at SQL statement"() RETURNS void LANGUAGE sql AS $f$ ${sql} $f$;
       ${forgedMarker}; SELECT evil."x\nPL/pgSQL function public.fn_iu_create() line 1 at SQL statement"()`,
  },
  {
    name: "in a function whose schema is the beginning of a line of the call stack",
    say: (sql) =>
      `CREATE SCHEMA "x\nPL/pgSQL function public";
       ${inFunction(`"x\nPL/pgSQL function public".fn_iu_enact() RETURNS void LANGUAGE plpgsql`, sql)};
       ${forgedMarker}; SELECT "x\nPL/pgSQL function public".fn_iu_enact()`,
  },
  {
    name: "in a function of an argument whose type is the end of a line of the call stack",
    say: (sql) =>
      `CREATE DOMAIN evil."x\nPL/pgSQL function public.fn_iu_enact(text" AS text;
       ${inFunction(`evil.typed(evil."x\nPL/pgSQL function public.fn_iu_enact(text") RETURNS void LANGUAGE plpgsql`, sql)};
       ${forgedMarker}; SELECT evil.typed('')`,
  },
];
