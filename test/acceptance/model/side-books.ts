import { notFound, refused } from "./answers.ts";
import { absent, type Expected, same, type Shape } from "./expectation.ts";
import { grantCode, requestCode, type RequestName, type Scene, type Site } from "./scenery.ts";

/** What has happened to each thing, in order: what the audit log must say of it (AUDIT-1). */
export class Events {
  readonly #of = new Map<string, string[]>();

  add(actor: string, action: string, resource: string): void {
    this.#of.set(resource, [...(this.#of.get(resource) ?? []), `${actor} ${action}`]);
  }

  all(): Record<string, readonly string[]> {
    return Object.fromEntries(this.#of);
  }
}

interface Lease {
  holder: string;
  fence: number;
  /** In minutes of the world. */
  until: number;
  /** For how long it was taken or renewed last. */
  minutes: number;
  released: boolean;
  authCode: string;
}

/** LEASE-1 and LEASE-2: one holder a lease, and a fence that rises with every acquisition and never falls. */
export class LeaseBook {
  readonly #leases = new Map<string, Lease>();
  readonly #events: Events;

  constructor(events: Events) {
    this.#events = events;
  }

  isHeld(name: string, now: number): boolean {
    const lease = this.#leases.get(name);
    return lease !== undefined && !lease.released && now < lease.until;
  }

  fenceOf(name: string): number {
    return this.#leases.get(name)?.fence ?? 0;
  }

  /** @param dry the answer alone; then it has no token */
  acquire(name: string, by: string, wish: { now: number; minutes: number; authCode: string; dry: boolean }): Shape {
    const fence = this.fenceOf(name) + 1;
    if (wish.dry) return { name, fencing_token: fence, token: absent };
    const { now, minutes, authCode } = wish;
    this.#leases.set(name, { holder: by, fence, until: now + minutes, minutes, released: false, authCode });
    this.#events.add(by, "lease.acquired", name);
    return { name, fencing_token: fence, token: same(`token ${name} ${fence}`) };
  }

  /** What a replayed receipt shows of the lease: nothing once its fence is not the current one (GRANT-8). */
  shownAgain(name: string, fence: number, dry: boolean): unknown {
    const lease = this.#leases.get(name);
    if (lease === undefined || lease.fence !== fence || lease.released) return absent;
    return { name, fencing_token: fence, token: dry ? absent : same(`token ${name} ${fence}`) };
  }

  renew(name: string, by: string, fence: number | null, at: { now: number; minutes: number }): Expected {
    const lease = this.#heldBy(name, by, fence, at.now);
    if ("status" in lease) return lease;
    lease.until = at.now + at.minutes;
    lease.minutes = at.minutes;
    this.#events.add(by, "lease.renewed", name);
    return { status: 200, label: "renewed", oneOf: [this.#view(name, at.now)] };
  }

  release(name: string, by: string, fence: number | null, now: number): Expected {
    const lease = this.#heldBy(name, by, fence, now);
    if ("status" in lease) return lease;
    lease.released = true;
    this.#events.add(by, "lease.released", name);
    return { status: 200, label: "released", oneOf: [this.#view(name, now)] };
  }

  read(name: string, now: number): Expected {
    if (!this.#leases.has(name)) return notFound();
    return { status: 200, label: "read", oneOf: [{ ...this.#view(name, now), token: absent }] };
  }

  rows(now: number): Record<string, Shape> {
    return Object.fromEntries(
      [...this.#leases].map(([name, { minutes }]) => [name, { ...this.#view(name, now), minutes }]),
    );
  }

  /** @param fence the one that the token is of; null for an invented token */
  #heldBy(name: string, by: string, fence: number | null, now: number): Lease | Expected {
    const lease = this.#leases.get(name);
    if (lease === undefined) return notFound();
    const theirs = lease.fence === fence && lease.holder === by;
    return theirs && this.isHeld(name, now) ? lease : refused(403, "LEASE_TOKEN_INVALID");
  }

  #view(name: string, now: number): Shape {
    const lease = this.#leases.get(name);
    if (lease === undefined) return {};
    const status = lease.released ? "released" : this.isHeld(name, now) ? "held" : "expired";
    return { name, status, holder: lease.holder, fencing_token: lease.fence, auth_code: lease.authCode };
  }
}

interface Hold {
  readonly environment: string | null;
  readonly placedBy: string;
  liftedBy: string | null;
}

/** GRANT-9: while a hold stands, nothing is used in its environment, or anywhere. */
export class HoldBook {
  readonly #holds: Hold[] = [];
  readonly #scene: Scene;
  readonly #events: Events;

  constructor(scene: Scene, events: Events) {
    this.#scene = scene;
    this.#events = events;
  }

  standsAgainst(site: Site): boolean {
    return this.#longestStanding(site) !== undefined;
  }

  /** The refusal of a use, naming the hold that stands longest; undefined where none does. */
  refusal(site: Site): Expected | undefined {
    const number = this.#longestStanding(site);
    const hold = this.#holds[number ?? -1];
    if (hold === undefined) return undefined;
    const named = { id: same(`hold ${number}`), environment: hold.environment, placed_by: hold.placedBy };
    return refused(409, "REGISTRATION_HOLD", { hold: named });
  }

  #longestStanding(site: Site): number | undefined {
    const environment = this.#scene.environments[site];
    const number = this.#holds.findIndex(
      (one) => one.liftedBy === null && (one.environment ?? environment) === environment,
    );
    return number === -1 ? undefined : number;
  }

  place(site: Site | null, by: string): Expected {
    const environment = site === null ? null : this.#scene.environments[site];
    const number = this.#holds.push({ environment, placedBy: by, liftedBy: null }) - 1;
    this.#events.add(by, "hold.placed", `hold ${number}`);
    const shape = { id: same(`hold ${number}`), environment, status: "standing", placed_by: by, lifted_by: null };
    return { status: 201, label: "placed", oneOf: [shape] };
  }

  /** The number of the hold that a command means; undefined where there is none. */
  meant(placed: number): number | undefined {
    return this.#holds.length === 0 ? undefined : placed % this.#holds.length;
  }

  /** The numbers of the holds that stop everything, other sequences too. */
  standingAgainstAll(): readonly number[] {
    return [...this.#holds.keys()].filter((number) => {
      const hold = this.#holds[number];
      return hold?.environment === null && hold.liftedBy === null;
    });
  }

  lift(placed: number, by: string): Expected {
    const number = this.meant(placed);
    const hold = number === undefined ? undefined : this.#holds[number];
    if (hold === undefined) return notFound();
    const again = hold.liftedBy !== null;
    if (!again) {
      hold.liftedBy = by;
      this.#events.add(by, "hold.lifted", `hold ${number}`);
    }
    const { environment, placedBy: placed_by, liftedBy: lifted_by } = hold;
    const shape = { id: same(`hold ${number}`), environment, status: "lifted", placed_by, lifted_by };
    return { status: 200, label: again ? "lifted before" : "lifted", oneOf: [shape] };
  }

  rows(): readonly Shape[] {
    return this.#holds.map(({ environment, placedBy, liftedBy }) => ({
      environment,
      placed_by: placedBy,
      lifted_by: liftedBy,
    }));
  }
}

/** The world's own key: revoked once and for good (ESIGN-4). */
export class KeyBook {
  revokedBy: string | null = null;
  readonly #kid: string;
  readonly #events: Events;

  constructor(scene: Scene, events: Events) {
    this.#kid = scene.ownKid;
    this.#events = events;
  }

  get isRevoked(): boolean {
    return this.revokedBy !== null;
  }

  revoke(by: string): Expected {
    const again = this.isRevoked;
    if (!again) this.#events.add(by, "signing_key.revoked", this.#kid);
    this.revokedBy ??= by;
    const shape = { kid: this.#kid, status: "revoked", usable: false, revoked_by: this.revokedBy };
    return { status: 200, label: again ? "revoked before" : "revoked", oneOf: [shape] };
  }
}

/** What the executions of each request came to (APR-6): once one has made the grant, its OK stays. */
export class ResultBook {
  readonly #results = new Map<RequestName, string>();
  readonly #scene: Scene;
  readonly #events: Events;

  constructor(scene: Scene, events: Events) {
    this.#scene = scene;
    this.#events = events;
  }

  record(name: RequestName, line: string): void {
    if (this.#results.get(name) === "OK" && line === "OK") return;
    if (this.#results.get(name) !== "OK") this.#results.set(name, line);
    this.#events.add("dispatcher", "approval_request.executed", requestCode(this.#scene, name));
  }

  rows(): Record<string, Shape> {
    const row = (name: RequestName, result: string): Shape => ({
      result,
      auth_code: result === "OK" ? grantCode(this.#scene, name) : null,
    });
    return Object.fromEntries(
      [...this.#results].map(([name, result]) => [requestCode(this.#scene, name), row(name, result)]),
    );
  }
}
