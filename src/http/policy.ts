import type { FastifyInstance, RouteOptions } from "fastify";
import type { Caller } from "../kernel/caller.ts";
import type { Access } from "./route.ts";

/** What every route must declare before the service starts. */
export interface RoutePolicy {
  readonly access: Access;
  readonly mutates: boolean;
  /** The audit action that a mutating route appends. */
  readonly audit: string | null;
  /** Answered whatever the load and the rate: the service's own health. */
  readonly health?: boolean;
  /** Whoever comes in by it is not known yet: failures are counted, and it is for pages of this service alone. */
  readonly signsIn?: boolean;
  readonly takesBody?: boolean;
  readonly bodyOptional?: boolean;
}

declare module "fastify" {
  interface FastifyContextConfig {
    policy?: RoutePolicy;
  }
  interface FastifyInstance {
    /** Why the routes of this scope may be open; see {@link registerOpenly}. */
    openScope?: string;
  }
  interface FastifyRequest {
    /** Null until authenticated, and for good on open routes. */
    caller: Caller | null;
    rawBody: Buffer | undefined;
    /** The code of the problem that was answered, for log and metrics. */
    problemCode: string | undefined;
    /** What it says of the outcome, where it does. */
    problemOutcome: string | undefined;
  }
}

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Default deny: a route without declared access, or one that changes something without a declared audit action, does
 * not start, whoever adds it. Must be installed before the first route.
 *
 * @throws Error that names the route, from whatever adds it or from `ready()`
 */
export function guardRoutes(app: FastifyInstance): void {
  app.decorateRequest("caller", null);
  app.decorateRequest("rawBody", undefined);
  app.decorateRequest("problemCode", undefined);
  app.decorateRequest("problemOutcome", undefined);
  app.addHook("onRoute", function (this: FastifyInstance, options) {
    if (options.config?.policy === undefined && this.openScope !== undefined && methodsOf(options).every(isSafe)) {
      options.config = { ...options.config, policy: { access: "open", mutates: false, audit: null } };
    }
    const fault = faultOf(options);
    if (fault !== undefined) throw new Error(`${methodsOf(options).join(",")} ${options.url} ${fault}`);
  });
}

/**
 * Registers a plugin whose routes everybody may read. The scope declares them open, not their path: a route of it that
 * could change anything is still refused.
 *
 * @param reason why they may be open, for the reader of the code
 */
export function registerOpenly(
  app: FastifyInstance,
  reason: string,
  register: (scope: FastifyInstance) => Promise<void> | void,
): void {
  app.register(async (scope) => {
    scope.decorate("openScope", reason);
    await register(scope);
  });
}

function faultOf(options: RouteOptions): string | undefined {
  const policy = options.config?.policy;
  if (policy === undefined || (policy.access as unknown) === undefined) return "declares no access";
  if (Array.isArray(policy.access) && policy.access.length === 0) return "declares an empty list of roles";
  const mayMutate = !methodsOf(options).every(isSafe);
  if (!mayMutate && policy.mutates) return "changes something under a method that must not";
  if (mayMutate && policy.mutates !== false && !policy.audit) return "changes something and declares no audit action";
  return undefined;
}

function methodsOf(options: RouteOptions): string[] {
  return [options.method].flat();
}

function isSafe(method: string): boolean {
  return safeMethods.has(method.toUpperCase());
}
