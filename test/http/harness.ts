import { Writable } from "node:stream";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import Type from "typebox";
import type { Database, Tx } from "../../src/database/index.ts";
import {
  type CoreServices,
  createMetrics,
  defineRoute,
  type HttpConfig,
  httpDefaults,
  loggerOptions,
  type Route,
  type Services,
} from "../../src/http/index.ts";
import { buildServer } from "../../src/http/server.ts";
import type { Role } from "../../src/kernel/caller.ts";
import { problemClass } from "../../src/kernel/problem.ts";

export const TestProblem = problemClass("TestProblem", {
  LEASE_HELD: { kind: "conflict", title: "Held", remedy: "Wait." },
  VOTE_CONFLICT: { kind: "conflict", title: "Conflict", remedy: "Look again." },
});

interface Owner {
  teardown(work: () => Promise<void>): unknown;
}

export interface Harness {
  readonly app: FastifyInstance;
  /** What was logged so far, as text. */
  log(): string;
}

export interface HarnessOptions {
  readonly routes?: readonly Route[];
  readonly config?: Partial<HttpConfig>;
  readonly database?: Database;
  readonly ready?: Services["ready"];
  /** Aborted by the test where the service is to drain. */
  readonly closing?: AbortSignal;
  readonly consoleDirectory?: string;
}

/** Tokens of these tests: the role is the token, `none` has no role. */
const roleOfToken: Readonly<Record<string, readonly Role[]>> = {
  executor: ["executor"],
  operator: ["operator"],
  none: [],
};

/** For routes that are tested without a database: a transaction that knows no query. */
export const noDatabase: Database = {
  transact: (work) =>
    work({ query: () => Promise.reject(new Error("no database here")), savepoint: (inner) => inner() } satisfies Tx),
  status: () => ({ total: 1, idle: 1, waiting: 0 }),
  close: async () => undefined,
};

export async function startHarness(t: Owner, options: HarnessOptions = {}): Promise<Harness> {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const database = options.database ?? noDatabase;
  const core: CoreServices = {
    database,
    metrics: createMetrics(database),
    authenticate: async (token: string) => {
      const roles = roleOfToken[token];
      return roles === undefined ? null : { principal: `${token}-1`, roles, tokenId: token };
    },
    sessions: {
      limits: { seconds: 60, idleSeconds: 60 },
      secure: false,
      origin: undefined,
      hasIssuer: false,
      whose: async () => null,
      isOpen: async () => false,
      findIssuer: () => Promise.reject(new Error("no issuer here")),
      vouch: () => Promise.reject(new Error("no issuer here")),
      admit: () => Promise.reject(new Error("no issuer here")),
    },
    ready: options.ready ?? (async () => ({ ready: true, checks: { database: "ok" } })),
    closing: options.closing ?? new AbortController().signal,
  };
  const app = buildServer({
    // The routes of these tests use the core alone.
    services: core as Services,
    config: { ...httpDefaults, maxEventLoopDelayMs: 0, ...options.config },
    logger: pino(loggerOptions("info"), sink),
    routes: options.routes ?? exampleRoutes,
    problemTables: [TestProblem.table],
    version: "0.0.0",
    ...(options.consoleDirectory !== undefined && { consoleDirectory: options.consoleDirectory }),
  });
  t.teardown(() => app.close());
  await app.ready();
  return { app, log: () => lines.join("") };
}

const Thing = Type.Object(
  { name: Type.String(), count: Type.Optional(Type.Integer()) },
  { additionalProperties: false, title: "Thing" },
);
const ThingBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 20, pattern: "^[a-z]*$" }),
    kind: Type.Optional(Type.Union([Type.Literal("big"), Type.Literal("small")])),
    count: Type.Optional(Type.Integer({ minimum: 0 })),
    inner: Type.Optional(Type.Object({ "a/b": Type.Boolean() }, { additionalProperties: false })),
  },
  { additionalProperties: false },
);

export const postThing = defineRoute({
  method: "POST",
  url: "/v1/things/:thing_id",
  access: ["executor"],
  audit: "thing.made",
  dryRun: true,
  summary: "Makes a thing",
  tags: ["things"],
  schema: {
    params: Type.Object({ thing_id: Type.String({ maxLength: 50, pattern: "^[A-Za-z0-9-]+$" }) }),
    body: ThingBody,
    responses: { 201: Thing },
    problems: ["VOTE_CONFLICT"],
  },
  handle: async ({ params, body, dryRun }) => {
    if (params.thing_id === "explode") throw new Error('insert into "secret_table" failed: password=hunter2');
    if (params.thing_id === "leak")
      return { status: 201, body: { name: "x", token_hash: "s3cret" } as { name: string } };
    if (params.thing_id === "refuse") throw new TestProblem("VOTE_CONFLICT", "No.", { members: { seen: 1 } });
    return {
      status: 201,
      body: { name: dryRun ? "dry" : body.name },
      headers: { location: `/v1/things/${params.thing_id}` },
    };
  },
});

export const getThing = defineRoute({
  method: "GET",
  url: "/v1/things/:thing_id",
  access: "any",
  summary: "One thing",
  tags: ["things"],
  schema: { params: Type.Object({ thing_id: Type.String({ maxLength: 50 }) }), responses: { 200: Thing } },
  handle: async ({ params }) => ({ status: 200, body: { name: params.thing_id } }),
});

export const listThings = defineRoute({
  method: "GET",
  url: "/v1/things",
  access: "any",
  summary: "Things",
  tags: ["things"],
  schema: {
    query: Type.Object(
      { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })), live: Type.Optional(Type.Boolean()) },
      { additionalProperties: false },
    ),
    responses: { 200: Type.Object({ limit: Type.Integer(), live: Type.Boolean() }, { additionalProperties: false }) },
  },
  handle: async ({ query }) => ({ status: 200, body: { limit: query.limit ?? 50, live: query.live ?? false } }),
});

export const nudge = defineRoute({
  method: "POST",
  url: "/v1/nudge",
  access: ["operator", "executor"],
  audit: "thing.nudged",
  summary: "Takes no body, and answers a line of text to whoever prefers it",
  tags: ["things"],
  countsAs: "nudge",
  schema: { responses: { 200: Type.Object({ result: Type.String() }, { additionalProperties: false }) } },
  handle: async ({ headers }) =>
    headers["x-skip"] === undefined
      ? { status: 200, body: { result: "OK" }, text: "OK" }
      : { problem: new TestProblem("VOTE_CONFLICT", "Skipped.", { members: { result: "SKIP:x" } }), text: "SKIP:x" },
});

export const exampleRoutes: readonly Route[] = [postThing, getThing, listThings, nudge];

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });
