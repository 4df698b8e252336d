import t from "tap";
import { problemTables } from "../../src/app.ts";
import {
  Client,
  ClientProblem,
  Conflict,
  ExecutionRefused,
  Forbidden,
  GrantRefused,
  Invalid,
  LeaseHeld,
  NotFound,
  RateLimited,
  type ServiceCode,
  StepRefused,
  Unauthenticated,
  Unavailable,
  Unprocessable,
} from "../../src/client/index.ts";
import { problemOf } from "../../src/client/problem.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import type { ProblemKind } from "../../src/kernel/problem.ts";
import { GrantProblem } from "../../src/grants/index.ts";
import { PlanProblem } from "../../src/plans/index.ts";
import { approvalRequest, approve, bindings } from "../support/flow.ts";
import { startService, syncSecret } from "../support/service.ts";

t.setTimeout(120_000);

type Table = (typeof problemTables)[number];
type CodesOf<One> = One extends unknown ? keyof One & string : never;
/** Whether the one has what the other lacks; it compiles only where neither does. */
type Same = [Exclude<CodesOf<Table>, ServiceCode>] extends [never] ? true : false;
const sameCodes: Same = true;

t.test("operations: every code of the service is of a class, by its kind", async (t) => {
  t.ok(sameCodes, "and is one of the codes that the types know");
  const classes: Readonly<Partial<Record<ProblemKind, typeof ClientProblem>>> = {
    invalid: Invalid,
    "method-not-allowed": Invalid,
    "too-large": Invalid,
    "unsupported-media-type": Invalid,
    unauthenticated: Unauthenticated,
    forbidden: Forbidden,
    "not-found": NotFound,
    conflict: Conflict,
    unprocessable: Unprocessable,
    limited: RateLimited,
    unavailable: Unavailable,
    internal: Unavailable,
  };
  const statuses: Readonly<Record<ProblemKind, number>> = {
    invalid: 400,
    "method-not-allowed": 405,
    "too-large": 413,
    "unsupported-media-type": 415,
    unauthenticated: 401,
    forbidden: 403,
    "not-found": 404,
    conflict: 409,
    unprocessable: 422,
    limited: 429,
    unavailable: 503,
    internal: 500,
  };
  for (const table of [ServiceProblem.table, ...problemTables] as Readonly<Record<string, { kind: ProblemKind }>>[]) {
    for (const [code, { kind }] of Object.entries(table)) {
      const status = statuses[kind];
      const problem = problemOf({ status, document: { code, detail: "so" } });
      const of = Object.hasOwn(GrantProblem.table, code)
        ? GrantRefused
        : Object.hasOwn(PlanProblem.table, code)
          ? StepRefused
          : code === "LEASE_HELD"
            ? LeaseHeld
            : code.startsWith("EXECUTION_")
              ? ExecutionRefused
              : classes[kind];
      t.equal(problem.constructor, of, code);
      t.match(problem, { code, status, name: of?.name ?? "", detail: "so" });
      t.ok(problem instanceof ClientProblem);
    }
  }
});

t.test("operations: refusals of a running service come as their classes, with what they carry", async (t) => {
  const service = await startService(t);
  const as = (who: keyof typeof service.tokens) => new Client({ url: service.url, token: service.tokens[who] });
  const caught = async (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

  t.match(await caught(new Client(service.url, "cst_nobody").listGrants()), {
    constructor: Unauthenticated,
    status: 401,
    requestId: String,
  });
  const forbidden = await caught(as("requester").placeHold({ reason: "I may not" }));
  t.ok(forbidden instanceof Forbidden);
  t.match(forbidden, { requiredRoles: ["operator", "sovereign"], code: "FORBIDDEN" });
  const invalid = await caught(as("requester").submitRequest({ ...approvalRequest(), title: 7 } as never));
  t.ok(invalid instanceof Invalid);
  t.match(invalid, { errors: [{ pointer: "/title", detail: String }] });
  t.match(await caught(as("auditor").readGrant("GBA-C1-NONE")), { constructor: NotFound });

  const { aprCode, digest } = await approve(service, approvalRequest());
  const refused = await caught(as("dispatcher").execute(aprCode, `sha256:${"0".repeat(64)}`, syncSecret));
  t.ok(refused instanceof ClientProblem, String(refused));
  t.match(await caught(as("dispatcher").execute(aprCode, digest, "another secret")), { constructor: Unauthenticated });
  const minted = await as("dispatcher").execute(aprCode, digest, syncSecret);
  const other = await caught(as("c1-builder").verify(bindings({ carrier: "C2" }) as never, minted.auth_code));
  t.ok(other instanceof GrantRefused);
  t.match(other, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["carrier"], status: 403 });
  const consume = { ...bindings(), idempotency_root: "r-1", lease: { name: "l", ttl_seconds: 60 } };
  const receipt = await as("c1-builder").consume(minted.auth_code, consume as never);
  t.type(receipt.lease?.token, "string");
  const second = await approve(service, approvalRequest());
  const more = await as("dispatcher").execute(second.aprCode, second.digest, syncSecret);
  const held = await caught(as("c1-builder").consume(more.auth_code, { ...consume, idempotency_root: "r-2" } as never));
  t.ok(held instanceof LeaseHeld && held instanceof Conflict, String(held));
  t.match(held, { code: "LEASE_HELD", retryAfterSeconds: Number });
  const step = await caught(as("c1-builder").plans.commit("no-plan", "1", 1, {} as never));
  t.ok(step instanceof ClientProblem);
});
