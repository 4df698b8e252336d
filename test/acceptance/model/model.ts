import { askedBody, callerOf, type Command } from "./commands.ts";
import { executed, notFound, refusal, refused, skipped } from "./answers.ts";
import { absent, type Expected, same, type Shape } from "./expectation.ts";
import {
  expiryMoved,
  freshGrant,
  type Grant,
  isLive,
  receiptOf,
  revokedFor,
  rowOf,
  statusAt,
  verdictOf,
  viewOf,
} from "./grant-view.ts";
import { type Candidate, named, search } from "./judgement.ts";
import {
  type Bindings,
  bindingsOf,
  grantCode,
  type GrantName,
  outlines,
  type RequestName,
  type Scene,
  waitMinutes,
} from "./scenery.ts";
import { Events, HoldBook, KeyBook, LeaseBook, ResultBook } from "./side-books.ts";
import { notGood, notToBeSigned } from "./signing.ts";

type Of<Act extends Command["do"]> = Extract<Command, { do: Act }>;

/**
 * The service as the requirements have it, in one thread and in memory: what each command is answered, and what every
 * row is in the end. It shares nothing with the service but the requirements.
 */
export class ReferenceModel {
  readonly scene: Scene;
  readonly events = new Events();
  readonly leases = new LeaseBook(this.events);
  readonly holds: HoldBook;
  readonly keys: KeyBook;
  readonly results: ResultBook;
  readonly #grants = new Map<GrantName, Grant>();
  #now = 0;

  /** A world starts with its dry-run grant, which is active at once. */
  constructor(scene: Scene) {
    this.scene = scene;
    this.holds = new HoldBook(scene, this.events);
    this.keys = new KeyBook(scene, this.events);
    this.results = new ResultBook(scene, this.events);
    this.#grants.set("D", freshGrant("D", 0, 0));
  }

  /** What the command must be answered; undefined where it asks nothing of the service. The model is past it then. */
  predict(command: Command): Expected | undefined {
    switch (command.do) {
      case "mint":
        return this.#mint(command);
      case "sign":
        return this.#sign(command);
      case "payload":
        return this.#payload(command);
      case "verify":
        return this.#verify(command);
      case "consume":
        return this.#consume(command);
      case "revoke":
        return this.#revoke(command);
      case "revoke-key":
        return this.keys.revoke(command.as);
      case "hold":
        return this.holds.place(command.site, command.as);
      case "lift":
        return this.holds.lift(command.placed, command.as);
      case "renew":
      case "release":
        return this.#keepLease(command);
      case "wait":
        this.#now += command.steps * waitMinutes;
        return undefined;
      case "read":
        return this.#read(command);
    }
  }

  /** The fence of the token that a command means; null where nobody ever had such a token. */
  fenceMeant(kind: Of<"renew">["token"]): number | null {
    const current = this.leases.fenceOf(this.scene.lease);
    const meant = { current, former: current - 1, invented: 0 }[kind];
    return meant > 0 ? meant : null;
  }

  /** By how many minutes the end of the grant's time was moved; undefined where there is no such grant. */
  expiryMoved(name: GrantName): number | undefined {
    const grant = this.#grants.get(name);
    return grant && expiryMoved(grant, this.#now);
  }

  /** Every row of the world as it must be by now. */
  rows() {
    const grants = [...this.#grants.values()];
    return {
      grants: Object.fromEntries(grants.map((one) => [grantCode(this.scene, one.name), rowOf(one, this.#now)])),
      receipts: Object.fromEntries(
        grants.flatMap(({ name, use }) => (use === null ? [] : [[grantCode(this.scene, name), receiptOf(use)]])),
      ),
      requests: this.results.rows(),
      leases: this.leases.rows(this.#now),
      holds: this.holds.rows(),
      key_revoked_by: this.keys.revokedBy,
      events: this.events.all(),
    };
  }

  /** MINT-2, MINT-6, APR-6: the request's own grant again, or Gate E, or a new one. */
  #mint({ grant: name, dry }: Of<"mint">): Expected {
    const expected = this.#minting(name, dry);
    if (!dry) this.results.record(name, String(expected.oneOf[0]?.["result"]));
    return expected;
  }

  #minting(name: RequestName, dry: boolean): Expected {
    const { scene } = this;
    const now = this.#now;
    const own = this.#grants.get(name);
    if (own !== undefined) {
      if (isLive(own, now)) return executed(scene, own, now, { replayed: true });
      return skipped(`SKIP:grant_already_${statusAt(own, now)}`);
    }
    const { target, site } = outlines[name];
    const others = [...this.#grants.values()].filter((one) => {
      const other = outlines[one.name];
      return other.mode === "commit" && other.target === target && other.site === site;
    });
    if (others.some((one) => isLive(one, now))) return skipped("SKIP:active_grant_exists");
    const minted = freshGrant(name, now, this.#grants.size);
    if (!dry) {
      this.#grants.set(name, minted);
      this.events.add("dispatcher", "grant.minted", grantCode(scene, name));
    }
    return executed(scene, minted, now, { replayed: false, dry });
  }

  /** ESIGN-2: a draft becomes active by a good signature, and by nothing else. */
  #sign(command: Of<"sign">): Expected {
    const grant = this.#grants.get(command.grant);
    if (grant === undefined) return notFound();
    const fault = notToBeSigned(this.scene, grant, this.#now) ?? notGood(command, this.keys.isRevoked);
    if (fault !== undefined) return fault;
    grant.decided = "active";
    grant.signedWith = command.key === "own" ? this.scene.ownKid : command.key;
    this.events.add("sovereign", "grant.active", grantCode(this.scene, grant.name));
    const signature = { signer: "sovereign", kid: grant.signedWith, key_revoked_at: null };
    const shape = { ...viewOf(this.scene, grant, this.#now), signature };
    return { status: 200, label: "signed", oneOf: [shape] };
  }

  #payload({ grant: name }: Of<"payload">): Expected {
    const grant = this.#grants.get(name);
    if (grant === undefined) return notFound();
    const fault = grant.signedWith === null ? notToBeSigned(this.scene, grant, this.#now) : undefined;
    return fault ?? { status: 200, label: "shown", oneOf: [], payloadOf: name as RequestName };
  }

  #verify(command: Of<"verify">): Expected {
    const { grant: name } = command;
    const caller = command.as === "operator" ? undefined : callerOf(command.as, name);
    const question = { asked: this.#asked(command), caller };
    const candidates = [...this.#grants.values()].map((one) => this.#candidate(one));
    const meant = this.#grants.get(name);
    if (command.named && meant === undefined) return notFound();
    const judgement =
      command.named && meant !== undefined ? named(question, this.#candidate(meant)) : search(question, candidates);
    if ("refused" in judgement) return refusal(judgement.refused);
    const found = [...this.#grants.values()].find((one) => grantCode(this.scene, one.name) === judgement.valid);
    if (found === undefined) throw new Error("the model judged a grant that it does not have");
    const shape = verdictOf(this.scene, found, this.holds.standsAgainst(outlines[found.name].site));
    return { status: 200, label: "valid", oneOf: [shape] };
  }

  /** GRANT-3, GRANT-4, GRANT-9: once, by its executor, as granted, under its lease, while nobody says stop. */
  #consume(command: Of<"consume">): Expected {
    const { scene } = this;
    const { grant: name, dry, root } = command;
    const grant = this.#grants.get(name);
    if (grant === undefined) return notFound();
    const by = callerOf(command.as, name);
    const judgement = named({ asked: this.#asked(command), caller: by }, this.#candidate(grant));
    if ("refused" in judgement) {
      const again = judgement.refused.code === "REJECT_AUTH_ALREADY_CONSUMED" && grant.use?.root === root;
      return again ? this.#receiptAgain(grant, dry) : refusal(judgement.refused);
    }
    const { mode, site } = outlines[name];
    const wanted = command.lease && { own: scene.lease, other: scene.otherLease }[command.lease.name];
    if (mode === "commit" && wanted !== null && wanted !== scene.lease) {
      return refusal({
        code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH",
        nearest: [{ code: grantCode(scene, name), mismatched: ["lease_name"] }],
      });
    }
    const held = this.holds.refusal(site);
    if (held !== undefined) return held;
    if (wanted !== null && this.leases.isHeld(wanted, this.#now)) return refused(409, "LEASE_HELD");
    return this.#use(command, grant, { by, wanted });
  }

  #use(command: Of<"consume">, grant: Grant, how: { by: string; wanted: string | null }): Expected {
    const { root, dry, lease } = command;
    const { by, wanted } = how;
    const auth_code = grantCode(this.scene, grant.name);
    const shown =
      wanted === null
        ? absent
        : this.leases.acquire(wanted, by, {
            now: this.#now,
            minutes: minutesOf(lease?.seconds),
            authCode: auth_code,
            dry,
          });
    const receipt = { auth_code, consumed_by: by, idempotency_root: root, replayed: false, lease: shown };
    if (dry) return { status: 200, label: "consumed (dry run)", oneOf: [receipt] };
    grant.decided = "consumed";
    grant.use = {
      by,
      root,
      at: this.#now,
      lease: wanted === null ? null : { name: wanted, fence: this.leases.fenceOf(wanted) },
    };
    this.events.add(by, "grant.consumed", auth_code);
    const shape = { ...receipt, consumed_at: same(`use of ${grant.name}`) };
    return { status: 200, label: "consumed", oneOf: [shape] };
  }

  #receiptAgain({ name, use }: Grant, dry: boolean): Expected {
    const shape = {
      auth_code: grantCode(this.scene, name),
      consumed_by: use?.by,
      idempotency_root: use?.root,
      consumed_at: same(`use of ${name}`),
      replayed: true,
      lease: use?.lease == null ? absent : this.leases.shownAgain(use.lease.name, use.lease.fence, dry),
    };
    return { status: 200, label: "replayed", oneOf: [shape] };
  }

  /** GRANT-5. */
  #revoke({ grant: name, as, dry }: Of<"revoke">): Expected {
    const grant = this.#grants.get(name);
    if (grant === undefined) return notFound();
    const auth_code = grantCode(this.scene, name);
    const status = statusAt(grant, this.#now);
    if (status === "consumed") return refused(409, "REJECT_AUTH_ALREADY_CONSUMED", { auth_code });
    if (status === "expired") return refused(409, "REJECT_AUTH_EXPIRED", { auth_code });
    const answer = (shape: Shape, label: string): Expected => ({ status: 200, label, oneOf: [shape] });
    if (status === "revoked") return answer(viewOf(this.scene, grant, this.#now), "revoked before");
    if (dry)
      return answer(
        { auth_code, status: "revoked", revoked_by: as, revoked_reason: revokedFor(as) },
        "revoked (dry run)",
      );
    grant.decided = "revoked";
    grant.revokedBy = as;
    this.events.add(as, "grant.revoked", auth_code);
    return answer(viewOf(this.scene, grant, this.#now), "revoked");
  }

  #keepLease(command: Of<"renew"> | Of<"release">): Expected {
    const { lease } = this.scene;
    const fence = this.fenceMeant(command.token);
    if (command.do === "release") return this.leases.release(lease, command.as, fence, this.#now);
    return this.leases.renew(lease, command.as, fence, { now: this.#now, minutes: minutesOf(command.seconds) });
  }

  #read({ what }: Of<"read">): Expected {
    if (what === "lease") return this.leases.read(this.scene.lease, this.#now);
    const grant = this.#grants.get(what);
    if (grant === undefined) return notFound();
    return { status: 200, label: "read", oneOf: [viewOf(this.scene, grant, this.#now)] };
  }

  /** What is asked, with the mode that silence means (GRANT-1). */
  #asked(command: Of<"verify"> | Of<"consume">): Bindings {
    return { mode: "commit", ...askedBody(this.scene, command) };
  }

  #candidate(grant: Grant): Candidate {
    return {
      code: grantCode(this.scene, grant.name),
      bound: bindingsOf(this.scene, grant.name),
      status: statusAt(grant, this.#now),
      keyRevoked: grant.signedWith === this.scene.ownKid && this.keys.isRevoked,
      grantedAt: grant.grantedAt + grant.turn / 100,
    };
  }
}

/** How long a lease is held: half an hour unless asked otherwise (LEASE-1). */
const minutesOf = (seconds = 1_800): number => seconds / 60;
