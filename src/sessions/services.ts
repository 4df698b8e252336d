import type { Database, Tx } from "../database/index.ts";
import type { Role } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import type { OidcIssuer } from "../principals/index.ts";
import type { IssuerClient } from "./issuer-client.ts";
import type { SessionLimits, WayIn } from "./open.ts";
import { isOpenSession, whoseSession } from "./read.ts";
import type { IssuerSignIn } from "./schemas.ts";
import { type SignInStart, startSignIn, takeSignIn } from "./sign-in.ts";
import { databaseTime } from "./store.ts";

export interface SessionOptions {
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly limits: SessionLimits;
  /** Whether cookies are for https alone: they are, but where the service is on plain http on this machine. */
  readonly secure: boolean;
  /** The origin that browsers know the service by, where it is configured. */
  readonly origin: string | undefined;
  /** Where the issuer sends browsers back to; undefined where that is not known. */
  readonly callback: () => string | undefined;
  /** The issuer of people, twice: as the one whose client this service is, and as the one who speaks for principals. */
  readonly issuer: { readonly client: IssuerClient; readonly principals: OidcIssuer } | undefined;
}

/** What the issuer said of who came back from it. */
export type Vouched = Readonly<Record<string, unknown>>;

/** What the edge and the routes need of sessions. */
export interface SessionServices {
  readonly limits: SessionLimits;
  readonly secure: boolean;
  readonly origin: string | undefined;
  /** Whether people can sign in at the issuer. */
  readonly hasIssuer: boolean;
  /** Null where the session is over, or there is none. */
  whose(secret: string): Promise<{ readonly principal: string; readonly roles: readonly Role[] } | null>;
  /** Whether it is open still; that this is asked is no use of it. */
  isOpen(secret: string): Promise<boolean>;
  /**
   * Finds the issuer, before a transaction is opened.
   * @returns makes the address that the browser goes to
   * @throws ServiceProblem NOT_FOUND where there is no issuer for browsers, IDENTITY_PROVIDER_UNAVAILABLE
   */
  findIssuer(): Promise<(tx: Tx) => Promise<{ readonly url: string; readonly start: SignInStart }>>;
  /** Asks the issuer who came back, before a transaction is opened. @throws ServiceProblem as {@link takeSignIn} and the issuer's client */
  vouch(answer: IssuerSignIn, binding: string | undefined): Promise<Vouched>;
  /** Makes or updates the principal. @throws ServiceProblem UNAUTHENTICATED where the claims name none that may come in */
  admit(tx: Tx, vouched: Vouched): Promise<WayIn>;
}

export function makeSessions(options: SessionOptions): SessionServices {
  const { database, keys, limits, secure, origin, issuer } = options;
  const reachable = () => {
    const callback = options.callback();
    if (issuer !== undefined && callback !== undefined) return { ...issuer, callback };
    throw new ServiceProblem("NOT_FOUND", "No issuer is configured for browsers: sign in with an API token.");
  };
  return {
    limits,
    secure,
    origin,
    hasIssuer: issuer !== undefined,
    whose: (secret) => whoseSession(database, secret),
    isOpen: (secret) => isOpenSession(database, secret),
    async findIssuer() {
      const { client, callback } = reachable();
      const configuration = await client.configuration();
      return async (tx) => {
        const start = startSignIn(keys, await databaseTime(tx));
        return { url: client.authorizationUrl(configuration, callback, start), start };
      };
    },
    async vouch(answer, binding) {
      const { client, callback } = reachable();
      const expected = await takeSignIn(database, keys, { state: answer.state, binding });
      return client.claimsFor(answer, callback, expected);
    },
    async admit(tx, vouched) {
      const { client, principals } = reachable();
      return { principal: await principals.admitClaims(tx, vouched), issuer: client.issuer };
    },
  };
}
