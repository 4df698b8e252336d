import { STATUS_CODES } from "node:http";
import type { ProblemDefinition } from "../kernel/problem.ts";
import { hasEntityTag, isIdempotent } from "./edge.ts";
import { statusOf, typeOf } from "./problem-document.ts";
import type { Route } from "./route.ts";

type Json = Record<string, unknown>;

interface Operation extends Json {
  operationId?: string;
  responses: Record<string, Json & { description: string }>;
}

export interface Document extends Json {
  paths: Record<string, Record<string, Operation>>;
  components: Json & { schemas: Record<string, unknown> };
  tags?: { name: string; description: string }[];
}

const problemSchema = {
  type: "object",
  description: "RFC 9457. A code may bring further members.",
  required: ["type", "title", "status", "detail", "instance", "code", "request_id"],
  properties: {
    type: { type: "string", description: "Path of the page that explains the code." },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    instance: { type: "string" },
    code: { type: "string", description: "Stable; what a client decides by." },
    request_id: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["pointer", "detail"],
        properties: {
          pointer: {
            type: "string",
            description:
              "RFC 6901 into the body; `?name` for a query parameter, `{name}` for one of the path, `header name`.",
          },
          detail: { type: "string" },
        },
      },
    },
  },
};

const tagDescriptions: Readonly<Record<string, string>> = {
  "approval requests": "Requests for approval, the votes on them, and their execution.",
  "action types": "What can be asked for, which handler answers it, and how many must agree.",
  grants: "Narrow, short-lived, single-use permissions: sign, verify, consume, revoke.",
  holds: "The emergency stop: nothing is consumed while one stands.",
  scopes: "Where commit-mode grants may be for.",
  "signing keys": "The keys of sovereigns: registered by their owner, confirmed by the council.",
  builds: "What can be run, and the digests of an input.",
  runs: "Stored, resumable, fenced and reversible runs of builds, and the rehearsals that dry-runs leave.",
  leases: "Who holds what, and until when.",
  session: "People at a browser: signing in, the session that its cookie stands for, signing out.",
  audit: "The append-only log of every transition.",
  doctor: "What is wrong, or will be soon.",
  operations: "The service itself: alive, ready, measured.",
};

/** Adds what the generator cannot know: the problems of each operation with their codes, and shapes by their titles. */
export function finish(
  document: Document,
  routes: ReadonlyMap<string, Route>,
  catalogue: ReadonlyMap<string, ProblemDefinition>,
): Document {
  const tags = new Set<string>();
  const examples = new Map<string, unknown>();
  for (const operation of Object.values(document.paths).flatMap((operations) => Object.values(operations))) {
    for (const tag of (operation.tags as string[] | undefined) ?? []) tags.add(tag);
    for (const [status, response] of Object.entries(operation.responses)) {
      if (response.description === "Default Response") response.description = STATUS_CODES[status] ?? status;
    }
    const route = routes.get(operation.operationId ?? "");
    if (route !== undefined) operation["x-problem-codes"] = codesOf(route);
    if (route !== undefined && hasEntityTag(route)) {
      operation.responses[304] = { description: "Nothing changed since that `ETag`." };
    }
    addProblems(operation, catalogue, examples);
  }
  document.tags = [...tags]
    .sort()
    .map((name) => ({ name, description: tagDescriptions[name] ?? `All that is about ${name}.` }));
  const named = new Map<string, unknown>([["Problem", problemSchema]]);
  document.paths = nameShapes(document.paths, named) as Document["paths"];
  document.components.schemas = sorted(named);
  document.components.examples = sorted(examples);
  return document;
}

function addProblems(
  operation: Operation,
  catalogue: ReadonlyMap<string, ProblemDefinition>,
  examples: Map<string, unknown>,
): void {
  const byStatus = new Map<number, [string, ProblemDefinition][]>();
  for (const code of (operation["x-problem-codes"] as string[] | undefined) ?? []) {
    const definition = catalogue.get(code);
    if (definition === undefined) continue;
    const status = statusOf(definition);
    byStatus.set(status, [...(byStatus.get(status) ?? []), [code, definition]]);
    examples.set(code, { summary: definition.title, value: example(code, definition) });
  }
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    operation.responses[status] = {
      description: codes.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(" "),
      content: {
        "application/problem+json": {
          schema: { $ref: "#/components/schemas/Problem" },
          examples: Object.fromEntries(codes.map(([code]) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
}

function sorted(entries: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The codes of a route: those that it names, and those that the edge answers for it. */
export function codesOf(route: Route): string[] {
  const codes = new Set(["INVALID_REQUEST", "RATE_LIMITED", "OVERLOADED", "DATABASE_UNAVAILABLE", "INTERNAL_ERROR"]);
  if (route.access !== "open")
    for (const code of ["UNAUTHENTICATED", "IDENTITY_PROVIDER_UNAVAILABLE", "CROSS_SITE_REQUEST"]) codes.add(code);
  if (route.access !== "open" && route.method !== "GET") codes.add("CSRF_TOKEN_INVALID");
  if (Array.isArray(route.access)) codes.add("FORBIDDEN");
  if (route.schema.params !== undefined) codes.add("NOT_FOUND");
  if (route.schema.body !== undefined)
    for (const code of ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]) codes.add(code);
  if (isIdempotent(route)) for (const code of ["IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"]) codes.add(code);
  for (const code of route.schema.problems ?? []) codes.add(code);
  return [...codes];
}

function example(code: string, definition: ProblemDefinition): object {
  const { title, remedy } = definition;
  const [instance, requestId] = ["/v1/…", "3f0c8a52-6f0e-4f0b-9d0e-5b8f6f1f4c11"];
  return {
    type: typeOf(code),
    title,
    status: statusOf(definition),
    detail: remedy,
    instance,
    code,
    request_id: requestId,
  };
}

/** Moves every shape that has a title to the components, so that a reader meets it once. */
function nameShapes(value: unknown, named: Map<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => nameShapes(item, named));
  if (typeof value !== "object" || value === null) return value;
  const { title, ...rest }: Json = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, key === "examples" ? member : nameShapes(member, named)]),
  );
  if (typeof title !== "string" || rest.type === undefined) return title === undefined ? rest : { title, ...rest };
  const known = named.get(title);
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(rest)) {
    throw new Error(`Two different shapes have the title ${title}`);
  }
  named.set(title, rest);
  return { $ref: `#/components/schemas/${title}` };
}
