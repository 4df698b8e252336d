import t from "tap";
import { parameters } from "../../src/client/queries.ts";
import { startService } from "../support/service.ts";
import { everyRequest, type Sent } from "./every-request.ts";

/** Routes that no caller of the API needs from a client, each with the reason. The list only gets shorter. */
const withoutMethod: Readonly<Record<string, string>> = {
  "GET /livez": "for whatever watches processes",
  "GET /readyz": "for whatever watches processes",
  "GET /metrics": "for Prometheus, which has a client of its own",
  "GET /v1/audit/log/checkpoint": "a file of the log, for the tools of tlog-tiles",
  "GET /v1/audit/log/tile/{path}": "a file of the log, for the tools of tlog-tiles",
};

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
}

interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** A stream is followed by `Last-Event-ID`, which is the same as its parameters and survives a lost connection. */
const withoutQuery = new Set(["/v1/runs/{root}/events"]);

t.test(
  "operations: every route of the API document has a method of the client, and every method a route",
  async (t) => {
    const service = await startService(t);
    const document = (await service.call("GET", "/openapi.json")).body as unknown as ApiDocument;
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, operation })),
    );
    const sent = await everyRequest();
    const routeOf = ({ request }: Sent) => {
      const { pathname } = new URL(request.url);
      return routes.find(({ name }) => {
        const [method, path = ""] = name.split(" ");
        const pattern = new RegExp(`^${path.replaceAll(/[.]/g, "[.]").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`);
        return method === request.method && pattern.test(pathname);
      });
    };
    const reached = new Set<string>();
    for (const one of sent) {
      const route = routeOf(one);
      t.ok(route, `${one.method} asks ${one.request.method} ${new URL(one.request.url).pathname}`);
      if (route === undefined) continue;
      // `/grants/verify` is also of the form `/grants/{auth_code}`: what is written out is meant.
      reached.add(route.name);
      // A dry run by a member of the body changes nothing, and is not kept.
      const takesKey =
        one.method !== "lifecycle.dryRun" &&
        route.operation.parameters?.some(({ name }) => name === "Idempotency-Key") === true;
      t.equal("idempotency-key" in one.request.headers, takesKey, `${one.method}: a key where the route takes one`);
    }
    const missing = routes.map(({ name }) => name).filter((name) => !reached.has(name));
    t.strictSame(
      missing.sort(),
      Object.keys(withoutMethod).sort(),
      "no route but those with a reason is without a method",
    );
  },
);

t.test("operations: a list can be asked by what the API document has, and by nothing else", async (t) => {
  const service = await startService(t);
  const document = (await service.call("GET", "/openapi.json")).body as unknown as ApiDocument;
  const inDocument = Object.entries(document.paths).flatMap(([path, { get }]): [string, string[]][] => {
    const names = (get?.parameters ?? []).flatMap((one) => (one.in === "query" ? [one.name] : []));
    return names.length === 0 || withoutQuery.has(path) ? [] : [[path, names.sort()]];
  });
  const inTypes = Object.entries(parameters).map(([path, names]): [string, string[]] => [
    path,
    names.split(" ").sort(),
  ]);
  t.strictSame(Object.fromEntries(inTypes), Object.fromEntries(inDocument));
});
