import type { FastifyInstance } from "fastify";
import Type, { type TObject, type TSchema } from "typebox";
import type { ProblemDefinition } from "../kernel/problem.ts";
import { openObjects } from "./closed-schemas.ts";
import { edgeHandler, isMutating } from "./edge.ts";
import { streamTimeoutMs } from "./event-stream.ts";
import { queryReader } from "./query-values.ts";
import type { Route } from "./route.ts";
import type { Services } from "./services.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The declaration behind a route, for the API document. */
    definition?: Route;
  }
}

export interface RegisterOptions {
  readonly catalogue: ReadonlyMap<string, ProblemDefinition>;
  readonly maxWaiting: number;
}

/**
 * Puts declared routes into the server.
 * @throws Error that names the route and what it lacks: a body or query that would let unknown fields in, a problem
 * code that no table defines, a path parameter without a schema. What the policy demands, `guardRoutes` checks.
 */
export function registerRoutes(
  app: FastifyInstance,
  routes: readonly Route[],
  services: Services,
  options: RegisterOptions,
): void {
  for (const route of routes) {
    const faults = faultsOf(route, options.catalogue);
    if (faults.length > 0) throw new Error(`${route.method} ${route.url}: ${faults.join("; ")}`);
    const querystring = querySchema(route);
    const readQuery = queryReader(querystring);
    app.route({
      method: route.method,
      url: route.url,
      ...(route.bodyLimit === undefined ? {} : { bodyLimit: route.bodyLimit }),
      schema: {
        querystring,
        ...(route.schema.params === undefined ? {} : { params: route.schema.params }),
        ...(route.schema.body === undefined ? {} : { body: route.schema.body }),
      },
      config: {
        policy: {
          access: route.access,
          audit: route.audit ?? null,
          mutates: isMutating(route),
          ...(route.signsIn === true ? { signsIn: true } : {}),
          takesBody: route.schema.body !== undefined,
          bodyOptional: route.bodyOptional === true,
        },
        definition: route,
        ...timeoutOf(route),
      },
      ...(readQuery === undefined
        ? {}
        : {
            preValidation: (request, _reply, done) => {
              readQuery(request);
              done();
            },
          }),
      handler: edgeHandler(route, services, options.maxWaiting),
    });
  }
}

function timeoutOf(route: Route): { readonly timeoutMs?: number } {
  if (route.stream !== undefined) return { timeoutMs: streamTimeoutMs };
  return route.timeoutMs === undefined ? {} : { timeoutMs: route.timeoutMs };
}

const querySchemas = new WeakMap<Route, TObject>();

/** The query as it is validated: closed, and with `dry_run` where the route takes it. The same one each time. */
export function querySchema(route: Route): TObject {
  const known = querySchemas.get(route) ?? makeQuerySchema(route);
  querySchemas.set(route, known);
  return known;
}

function makeQuerySchema(route: Route): TObject {
  const declared = (route.schema.query as TObject | undefined)?.properties ?? {};
  const dryRun = Type.Optional(Type.Boolean({ description: "Answer what would happen, and change nothing." }));
  return Type.Object({ ...declared, ...(route.dryRun ? { dry_run: dryRun } : {}) }, { additionalProperties: false });
}

function faultsOf(route: Route, catalogue: RegisterOptions["catalogue"]): string[] {
  const faults: string[] = [];
  const { body, query, problems = [] } = route.schema;
  const parts: [string, TSchema | undefined][] = [
    ["body", body],
    ["query", query],
  ];
  for (const [name, schema] of parts) {
    if (schema === undefined) continue;
    for (const place of openObjects(schema)) {
      faults.push(`the ${name} schema lets unknown fields in at ${place}: set additionalProperties`);
    }
  }
  for (const code of problems) {
    if (!catalogue.has(code)) faults.push(`the problem ${code} stands in no table`);
  }
  const inPath = [...route.url.matchAll(/:([A-Za-z0-9_]+)/g)].map((match) => match[1] as string);
  const declared = Object.keys((route.schema.params as TObject | undefined)?.properties ?? {});
  for (const name of inPath) {
    if (!declared.includes(name)) faults.push(`the path parameter ${name} has no schema`);
  }
  for (const name of declared) {
    if (!inPath.includes(name)) faults.push(`the path has no parameter ${name}`);
  }
  if (route.dryRun && !isMutating(route)) faults.push("dryRun is for routes that change something");
  return faults;
}
