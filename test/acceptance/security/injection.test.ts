import pg from "pg";
import t from "tap";
import { routes } from "../../../src/http/routes/index.ts";
import type { Route } from "../../../src/http/index.ts";
import { querySchema } from "../../../src/http/register-routes.ts";
import { approvalRequest, mintGrant } from "../../support/flow.ts";
import { cast, type InProcess, type Person, startService } from "../../support/service.ts";

t.setTimeout(180_000);

/** What a careless concatenation would take for SQL, for a format, a path, a shell word or a template. */
const corpus = [
  "'",
  "' OR '1'='1",
  "'; DROP TABLE principals; --",
  "1; SELECT pg_sleep(10)",
  "') UNION SELECT token_hash FROM api_tokens --",
  '"; DELETE FROM audit_events; --',
  "\\'; TRUNCATE grant_receipts; --",
  "$$; DROP SCHEMA public CASCADE; $$",
  "E'\\x27'",
  "%' AND pg_sleep(10) --",
  "../../../../etc/passwd",
  "$(touch /tmp/owned)",
  "{{7*7}}${7*7}",
  "<script>alert(1)</script>",
  "\r\nset-cookie: a=b",
];

const allowed = (route: Route): Person => {
  const people = Object.entries(cast) as [Person, string][];
  const access = route.access as readonly string[] | "any" | "open";
  return people.find(([, role]) => typeof access === "string" || access.includes(role))?.[0] ?? "admin";
};

/** How much there is of everything, and the digest of what is in the database's catalog. */
async function inventory(client: pg.Client): Promise<unknown> {
  const { rows } = await client.query(
    `SELECT (SELECT jsonb_object_agg(relname, relkind) FROM pg_class WHERE relnamespace = 'public'::regnamespace) AS relations,
            (SELECT jsonb_object_agg(t.relname, (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I', t.relname), false, true, '')))[1]::text)
               FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r') AS rows`,
  );
  return rows[0];
}

async function place(t: Parameters<typeof startService>[0]): Promise<{ service: InProcess; client: pg.Client }> {
  const service = await startService(t, { config: { rateLimitMax: 1_000_000 }, targets: {} });
  await mintGrant(service);
  const client = new pg.Client({ connectionString: service.stage.names.superUrl });
  await client.connect();
  t.teardown(() => client.end());
  return { service, client };
}

t.test(
  "APR-1 SQL, paths, templates and shell words in every path and query parameter are a value, or a 4xx",
  async (t) => {
    const { service, client } = await place(t);
    const before = await inventory(client);
    const strange: string[] = [];
    let asked = 0;
    for (const route of routes) {
      const as = allowed(route);
      const query = Object.keys(querySchema(route).properties);
      const urls = corpus.flatMap((text) => {
        const value = encodeURIComponent(text);
        const inPath = route.url.includes(":") ? [route.url.replaceAll(/:\w+/g, value)] : [];
        const plain = route.url.replaceAll(/:\w+/g, "X-1");
        // Only reading: what a body may do has a test of its own.
        const inQuery = route.method === "GET" ? query.map((name) => `${plain}?${name}=${value}`) : [];
        return [...inPath, ...inQuery];
      });
      for (const url of urls) {
        const body = route.method === "GET" ? undefined : {};
        const { status, headers } = await service.call(route.method, url, { as, body });
        asked += 1;
        if (status >= 500 || headers.has("set-cookie")) strange.push(`${status} ${route.method} ${url}`);
      }
    }
    t.strictSame(strange, []);
    t.ok(asked > 500, `${asked} requests`);
    t.same(await inventory(client), before, "and nothing is there or gone that was not before");
  },
);

t.test("APR-1 the same in a body is stored and answered as it was sent", async (t) => {
  const { service, client } = await place(t);
  const before = (await inventory(client)) as { relations: unknown };
  for (const [number, text] of corpus.entries()) {
    const body = { ...approvalRequest({ apr_code: `INJECT-${number}` }), title: `a ${text} b` };
    const made = await service.call("POST", "/v1/approval-requests", { as: "requester", body });
    if (made.status === 400) continue; // A title has no control characters.
    t.equal(made.status, 201, made.text);
    const read = await service.call("GET", `/v1/approval-requests/INJECT-${number}`, { as: "requester" });
    t.ok(read.text.includes(JSON.stringify(`a ${text} b`)), text);
    t.match(read.headers.get("content-type"), /^application\/json/);
  }
  t.same(((await inventory(client)) as { relations: unknown }).relations, before.relations);
});
