import { randomUUID } from "node:crypto";
import { compactJws, detachedJws, esign, type TestKey } from "../../support/commit.ts";
import { execute } from "../../support/flow.ts";
import type { Answer, Service } from "../../support/service.ts";
import { askedBody, callerOf, type Command } from "./commands.ts";
import { earlier, type Memory } from "./expectation.ts";
import { revokedFor } from "./grant-view.ts";
import type { ReferenceModel } from "./model.ts";
import {
  grantCode,
  requestCode,
  type RequestName,
  type Scene,
  signingPayload,
  storedRequest,
  waitMinutes,
} from "./scenery.ts";
import { type Clock, registerOwnKey, type SharedKeys, type World } from "./stage-hands.ts";

type Of<Act extends Command["do"]> = Extract<Command, { do: Act }>;

/** What is there for every world of a service. */
export interface Theatre {
  readonly service: Service;
  readonly keys: SharedKeys;
  readonly clock: Clock;
}

/** Sends the commands of one sequence to the service, over HTTP. */
export class Player {
  readonly memory: Memory;
  readonly #theatre: Theatre;
  readonly #scene: Scene;
  readonly #model: ReferenceModel;
  #ownKey: Promise<TestKey> | undefined;

  /** @param model asked only for what a command means: which token, which hold, by how much time has gone by */
  constructor(theatre: Theatre, world: World, model: ReferenceModel) {
    this.#theatre = theatre;
    this.#scene = world.scene;
    this.#model = model;
    this.memory = new Map([["expiry of D", world.dryRunExpiry]]);
  }

  /** Sends it, before the model is past it. @returns undefined where nothing is asked of the service */
  async send(command: Command): Promise<Answer | undefined> {
    switch (command.do) {
      case "mint": {
        const aprCode = requestCode(this.#scene, command.grant);
        const { digest } = storedRequest(this.#scene, command.grant);
        return execute(this.#theatre.service, { aprCode, digest }, { query: query(command) });
      }
      case "sign":
        return esign(this.#theatre.service, grantCode(this.#scene, command.grant), await this.#jws(command));
      case "payload":
        return this.#call("GET", `/v1/grants/${grantCode(this.#scene, command.grant)}/signing-payload`, "sovereign");
      case "verify":
        return this.#verify(command);
      case "consume":
        return this.#consume(command);
      case "revoke": {
        const path = `/v1/grants/${grantCode(this.#scene, command.grant)}/revoke${query(command)}`;
        return this.#call("POST", path, command.as, { reason: revokedFor(command.as) });
      }
      case "revoke-key": {
        const { kid } = await this.#own();
        return this.#call("POST", `/v1/signing-keys/${kid}/revoke`, command.as, { reason: "lost" });
      }
      case "hold": {
        const environment = command.site === null ? null : this.#scene.environments[command.site];
        return this.#call("POST", "/v1/holds", command.as, { environment, reason: "stop" });
      }
      case "lift": {
        const id = this.memory.get(`hold ${this.#model.holds.meant(command.placed)}`) ?? randomUUID();
        return this.#call("POST", `/v1/holds/${id}/lift`, command.as, {});
      }
      case "renew": {
        const body = { token: this.#token(command.token), ...ttl(command.seconds) };
        return this.#call("POST", `/v1/leases/${this.#scene.lease}/renew`, command.as, body);
      }
      case "release": {
        const body = { token: this.#token(command.token) };
        return this.#call("POST", `/v1/leases/${this.#scene.lease}/release`, command.as, body);
      }
      case "wait":
        await this.#theatre.clock.pass(this.#scene, command.steps * waitMinutes);
        return undefined;
      case "read": {
        const { what } = command;
        const path = what === "lease" ? `leases/${this.#scene.lease}` : `grants/${grantCode(this.#scene, what)}`;
        return this.#call("GET", `/v1/${path}`, "operator");
      }
    }
  }

  /** The bytes that the service must show, as the test makes them. Of a grant that was never minted there are none. */
  payload(name: RequestName): string {
    const minted = this.memory.get(`expiry of ${name}`);
    const moved = this.#model.expiryMoved(name);
    if (minted === undefined || moved === undefined) return "{}";
    return signingPayload(this.#scene, name, earlier(minted, moved));
  }

  /** Lifts what this sequence has left standing against everything. */
  async leave(): Promise<void> {
    for (const number of this.#model.holds.standingAgainstAll()) {
      const id = this.memory.get(`hold ${number}`);
      if (id !== undefined) await this.#call("POST", `/v1/holds/${id}/lift`, "operator", {});
    }
  }

  #verify(command: Of<"verify">): Promise<Answer> {
    const name = command.named ? `${grantCode(this.#scene, command.grant)}/` : "";
    const as = command.as === "operator" ? command.as : callerOf(command.as, command.grant);
    return this.#call("POST", `/v1/grants/${name}verify`, as, askedBody(this.#scene, command));
  }

  #consume(command: Of<"consume">): Promise<Answer> {
    const { lease } = command;
    const name = lease?.name === "own" ? this.#scene.lease : this.#scene.otherLease;
    const body = {
      ...askedBody(this.#scene, command),
      idempotency_root: command.root,
      ...(lease === null ? {} : { lease: { name, ...ttl(lease.seconds) } }),
    };
    const path = `/v1/grants/${grantCode(this.#scene, command.grant)}/consume${query(command)}`;
    return this.#call("POST", path, callerOf(command.as, command.grant), body);
  }

  async #jws({ grant, key: kind, fault }: Of<"sign">): Promise<string> {
    const { keys } = this.#theatre;
    const payload = grant === "D" ? "{}" : this.payload(grant);
    if (fault === "pending-key") return detachedJws(keys.pending, payload);
    if (fault === "unknown-key") return detachedJws(keys.unknown, payload);
    const key = kind === "own" ? await this.#own() : keys[kind];
    switch (fault) {
      case null:
        return detachedJws(key, payload);
      case "flipped":
        return flipped(detachedJws(key, payload));
      case "other-payload":
        return detachedJws(key, this.payload(grant === "A1" ? "A3" : "A1"));
      case "attached":
        return compactJws(key, payload);
      case "key-in-header":
        return detachedJws(key, payload, { alg: key.alg, kid: key.kid, jwk: key.jwk });
    }
  }

  #own(): Promise<TestKey> {
    this.#ownKey ??= registerOwnKey(this.#theatre.service, this.#scene);
    return this.#ownKey;
  }

  #token(kind: Of<"renew">["token"]): string {
    const fence = this.#model.fenceMeant(kind);
    return this.memory.get(`token ${this.#scene.lease} ${fence}`) ?? `cl_k1.${"a".repeat(43)}`;
  }

  #call(method: string, path: string, as: keyof Service["tokens"], body?: unknown): Promise<Answer> {
    return this.#theatre.service.call(method, path, { as, ...(body === undefined ? {} : { body }) });
  }
}

const query = ({ dry }: { dry: boolean }): string => (dry ? "?dry_run=true" : "");

const ttl = (seconds: number | undefined) => (seconds === undefined ? {} : { ttl_seconds: seconds });

/** The signature with one bit of it changed. */
function flipped(jws: string): string {
  const [head = "", , signature = ""] = jws.split(".");
  const bytes = Buffer.from(signature, "base64url");
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return `${head}..${bytes.toString("base64url")}`;
}
