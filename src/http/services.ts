import type { EvidenceEnvelope, EvidenceStatement } from "../bundles/index.ts";
import type { Database } from "../database/index.ts";
import type { syncKey } from "../dispatch/index.ts";
import type { LogSighting } from "../doctor/index.ts";
import type { Cosigners } from "../evidence/index.ts";
import type { Role } from "../kernel/caller.ts";
import type { GrantServices } from "../grants/index.ts";
import type { LifecycleServices } from "../lifecycle/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import type { RunServices } from "../runs/index.ts";
import type { RelyingParty } from "../signatures/index.ts";
import type { SessionServices } from "../sessions/index.ts";
import type { WebhookServices } from "../webhooks/index.ts";
import type { Metrics } from "./plugins/metrics.ts";

/** Who a token stands for. */
export interface Identity {
  readonly principal: string;
  readonly roles: readonly Role[];
}

export interface Readiness {
  readonly ready: boolean;
  /** Name of each check and what it found, e.g. `{ database: "ok", migrations: "2 pending" }`. */
  readonly checks: Readonly<Record<string, string>>;
}

/** What the edge itself needs. */
export interface CoreServices {
  readonly database: Database;
  /**
   * Null for an API token that is unknown, expired or revoked, and for what is no token at all.
   * @throws ServiceProblem UNAUTHENTICATED with what is wrong with a JWT, IDENTITY_PROVIDER_UNAVAILABLE
   */
  authenticate(token: string): Identity | null | Promise<Identity | null>;
  readonly sessions: SessionServices;
  /** A round trip to the database and a look at its migrations; it never throws. */
  ready(): Promise<Readiness>;
  readonly metrics: Metrics;
  /** Aborted when the service begins to drain: open streams end. */
  readonly closing: AbortSignal;
}

/** What the routes are handed; `app.ts` puts it together. */
export interface Services extends CoreServices {
  /** SYNC_SECRET, ready to check a dispatcher's signature (APR-7). */
  readonly syncKey: ReturnType<typeof syncKey>;
  readonly serverKeys: ServerKeys;
  /** The builds, and the looks at targets that go with them. */
  readonly runs: RunServices;
  /** Consumes and verifies that share round trips. */
  readonly grants: GrantServices;
  /** Who passkeys are for: its default has the port that the service listens on (ESIGN-2). */
  relyingParty(): RelyingParty;
  /** The targets that lifecycle units are in. */
  readonly lifecycle: LifecycleServices;
  /** Where webhooks may be sent. */
  readonly webhooks: WebhookServices;
  /** What evidence is signed with, and who must have signed the log that it refers to. */
  readonly evidence: {
    /** @throws ServiceProblem INTERNAL_ERROR where this process has no key of the log */
    sign(statement: EvidenceStatement): EvidenceEnvelope;
    readonly cosigners: Cosigners;
    /** What this process knows of the log. */
    seen(): LogSighting;
  };
}
