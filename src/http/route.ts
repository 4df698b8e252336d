import type { IncomingHttpHeaders } from "node:http";
import type { Static, TSchema } from "typebox";
import type { Tx } from "../database/index.ts";
import type { Caller, Role } from "../kernel/caller.ts";
import type { Problem } from "../kernel/problem.ts";
import type { Sightings } from "../rehearsals/index.ts";
import type { Services } from "./services.ts";

/** Roles of which the caller needs one; `any` for whoever is authenticated; `open` for everybody. */
export type Access = readonly [Role, ...Role[]] | "any" | "open";

/**
 * For a route that reads a whole target. Less than the 60 s that a proxy waits for an answer: it is we who say what is known.
 * Milliseconds.
 */
export const slowAnswerMs = 50_000;

export type MutatingMethod = "POST" | "PUT" | "PATCH" | "DELETE";

export type SuccessStatus = 200 | 201 | 202;

export interface RouteSchemas {
  readonly params?: TSchema;
  /** Integers and booleans are read from their one plain spelling; unknown parameters are refused. */
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** The shape of each successful answer, by status. */
  readonly responses: Readonly<Partial<Record<SuccessStatus, TSchema>>>;
  /** Codes that this route adds to those that any route may answer. */
  readonly problems?: readonly string[];
}

type Part<Schemas extends RouteSchemas, Name extends "params" | "query" | "body"> =
  Schemas extends Readonly<Record<Name, infer Schema extends TSchema>> ? Static<Schema> : undefined;

export interface RouteInput<Schemas extends RouteSchemas = RouteSchemas, Looked = unknown> {
  /** The one transaction of this request; read-only where the route changes nothing. */
  readonly tx: Tx;
  readonly caller: Caller;
  readonly params: Part<Schemas, "params">;
  readonly query: Part<Schemas, "query">;
  readonly body: Part<Schemas, "body">;
  /** What {@link RouteBase.sees} found; empty where the route looks at no target. */
  readonly sightings: Sightings;
  /** What {@link RouteBase.looks} found; undefined where the route has none. */
  readonly looked: Looked;
  /** The transaction will be rolled back whatever the handler does (`?dry_run=true`). */
  readonly dryRun: boolean;
  readonly headers: IncomingHttpHeaders;
  /** The bytes of the body as they were sent: what a signature is checked over. Empty if there was none. */
  readonly rawBody: Uint8Array;
  readonly services: Services;
}

interface AnswerExtras {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in place of the JSON to a client that prefers `text/plain`. */
  readonly text?: string;
  /** Sent in place of the JSON to a client that asks for `text/html`: without script and without anything from elsewhere. */
  readonly page?: string;
  /** Refines the label of {@link RouteBase.countsAs}; `ok` where nothing is said. */
  readonly outcome?: string;
}

/** The statuses whose answer has the same shape as that of `Status`: a handler may choose among them. */
type Alike<Responses, Status extends keyof Responses> = {
  [Other in keyof Responses & SuccessStatus]: Responses[Other] extends Responses[Status] ? Other : never;
}[keyof Responses & SuccessStatus];

type Success<Schemas extends RouteSchemas> = {
  [Status in keyof Schemas["responses"] & SuccessStatus]: AnswerExtras & {
    readonly status: Alike<Schemas["responses"], Status>;
    readonly body: Schemas["responses"][Status] extends TSchema ? Static<Schemas["responses"][Status]> : unknown;
    readonly problem?: never;
  };
}[keyof Schemas["responses"] & SuccessStatus];

/** A refusal that does not roll back: what the handler wrote is committed with it. */
export interface Refusal extends AnswerExtras {
  readonly problem: Problem;
}

export type Answer<Schemas extends RouteSchemas = RouteSchemas> = Success<Schemas> | Refusal;

/** What is known of a request before its transaction opens. */
export type Given<Schemas extends RouteSchemas = RouteSchemas> = Omit<
  RouteInput<Schemas>,
  "tx" | "sightings" | "looked"
>;

interface RouteBase<Schemas extends RouteSchemas, Looked = unknown> {
  readonly url: `/${string}`;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly [string, ...string[]];
  readonly schema: Schemas;
  /** Bytes that a body may have, where that is more than elsewhere. */
  readonly bodyLimit?: number;
  /** How long an answer may take where that is more than for all others (REQUEST_TIMEOUT_MS). Milliseconds. */
  readonly timeoutMs?: number;
  /** Whether a request without a body stands for one with an empty object. */
  readonly bodyOptional?: boolean;
  /** Whether somebody signs in by it who is not known yet: failures are counted, and it is for pages of this service alone. */
  readonly signsIn?: boolean;
  /** Label of the outcome counter that every answer of this route is counted under. */
  readonly countsAs?: string;
  /**
   * A further proof of who is asking (a signature over the body). It runs in the transaction before the idempotency
   * key is looked at, so that a replay needs it too and its refusal is never stored.
   */
  authorize?(input: RouteInput<Schemas, Looked>): Promise<void>;
  /** A look at target databases, before the transaction opens: no row lock is held across databases (OPEN-1). */
  sees?(input: Given<Schemas>): Promise<Sightings>;
  /** What is to be read of target databases, also before the transaction opens, where the answer is about them. */
  looks?(input: Given<Schemas>): Promise<Looked>;
  handle(input: RouteInput<Schemas, Looked>): Promise<Answer<Schemas>>;
  /**
   * The answer in a transaction that is shared with requests that came at the same time; undefined where this one needs its
   * own, and `handle` is called. Neither a dry run nor a request under an idempotency key is offered.
   * @param ready makes the answer ready, before the commit: what it throws must change nothing
   */
  together?(input: Given<Schemas>, ready: (answer: Answer<Schemas>) => void): Promise<Answer<Schemas> | undefined>;
  /** What follows once the transaction is committed. It must not be relied on: the process may end before it. */
  committed?(services: Services): void;
  /** The answer as server-sent events, to a client that asks for them. */
  stream?(input: Given<Schemas>, signal: AbortSignal): AsyncIterable<string>;
  /** For an answer with a secret in it: what of it is kept under an idempotency key, and how a replay gets it back. */
  readonly secret?: {
    withhold(body: unknown): unknown;
    restore(input: RouteInput<Schemas>, kept: unknown): Promise<unknown>;
  };
}

interface Reads {
  readonly method: "GET";
  readonly audit?: null;
  readonly mutates?: false;
  /** Whether the answer carries an `ETag`; by default it does where the path ends in a parameter. */
  readonly etag?: boolean;
}

/** A question that needs a body: verify, digests. */
interface Asks {
  readonly method: "POST";
  readonly audit: null;
  readonly mutates: false;
}

interface Mutates {
  readonly method: MutatingMethod;
  /** The audit action that the handler appends in its transaction (AUDIT-1). */
  readonly audit: string;
  readonly mutates?: true;
  /** Whether `Idempotency-Key` is honoured; it is unless this says false. */
  readonly idempotent?: boolean;
  /** Whether `?dry_run=true` is accepted. */
  readonly dryRun?: boolean;
}

export type RouteDefinition<Schemas extends RouteSchemas, Looked = unknown> = RouteBase<Schemas, Looked> &
  (Reads | Asks | Mutates);

/** A route whose schemas are known at run time only: what the edge works with. */
export interface Route extends RouteBase<RouteSchemas> {
  readonly method: "GET" | MutatingMethod;
  readonly audit?: string | null;
  readonly mutates?: boolean;
  readonly etag?: boolean;
  readonly idempotent?: boolean;
  readonly dryRun?: boolean;
}

/**
 * Declares one route: what it takes, who may call it, what it writes to the audit log and what it does. One file a
 * route; `registerRoutes` puts them in and refuses what is not fully declared.
 */
export function defineRoute<const Schemas extends RouteSchemas, Looked = undefined>(
  definition: RouteDefinition<Schemas, Looked>,
): Route {
  return definition;
}
