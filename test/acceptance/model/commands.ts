import {
  type Bindings,
  bindingsOf,
  type Executor,
  type GrantName,
  outlines,
  type RequestName,
  type Scene,
  type Site,
} from "./scenery.ts";

/** Bindings that can be named wrongly; `mode` has a place of its own. */
export const wrongable = [
  "carrier",
  "plan_id",
  "plan_revision",
  "manifest_digest",
  "schema_digest",
  "environment",
  "executor",
  "action_set",
  "rollback_plan_ref",
] as const;
type Wrongable = (typeof wrongable)[number];

/** The bindings that a verify or a consume sends: those of a grant, with some of them wrong. */
export interface Asked {
  /** Whose bindings; null: those of the grant that is named. */
  readonly like: GrantName | null;
  readonly wrong: readonly Wrongable[];
  /** `silent` leaves it out, which means commit. */
  readonly mode: "right" | "silent" | "other";
  readonly actions: "all" | "one";
}

/** `right` is the executor of the grant that is named. */
export type Caller = "right" | "other";
export type Overseer = "operator" | "sovereign";

/** What is wrong with a signature, if anything. */
export const signatureFaults = [
  "flipped",
  "other-payload",
  "attached",
  "key-in-header",
  "pending-key",
  "unknown-key",
] as const;
export type SignatureFault = (typeof signatureFaults)[number];

export interface LeaseWish {
  readonly name: "own" | "other";
  readonly seconds: number | undefined;
}

export type Command =
  | { readonly do: "mint"; readonly grant: RequestName; readonly dry: boolean }
  | {
      readonly do: "sign";
      readonly grant: GrantName;
      readonly key: "eddsa" | "es256" | "own";
      readonly fault: SignatureFault | null;
    }
  | { readonly do: "payload"; readonly grant: GrantName }
  | {
      readonly do: "verify";
      readonly grant: GrantName;
      readonly named: boolean;
      readonly as: Caller | "operator";
      readonly asked: Asked;
    }
  | {
      readonly do: "consume";
      readonly grant: GrantName;
      readonly as: Caller;
      readonly asked: Asked;
      readonly root: "root-1" | "root-2";
      readonly lease: LeaseWish | null;
      readonly dry: boolean;
    }
  | { readonly do: "revoke"; readonly grant: GrantName; readonly as: Overseer; readonly dry: boolean }
  | { readonly do: "revoke-key"; readonly as: "admin" | "sovereign" }
  | { readonly do: "hold"; readonly site: Site | null; readonly as: Overseer }
  /** The hold that was placed as number `placed`, counted round; one that nobody placed where there is none. */
  | { readonly do: "lift"; readonly placed: number; readonly as: Overseer }
  | {
      readonly do: "renew";
      readonly as: Executor;
      readonly token: TokenKind;
      readonly seconds: number | undefined;
    }
  | { readonly do: "release"; readonly as: Executor; readonly token: TokenKind }
  | { readonly do: "wait"; readonly steps: number }
  | { readonly do: "read"; readonly what: GrantName | "lease" };

/** A token of the lease: the one at its fence, the one before, or one that never was. */
export type TokenKind = "current" | "former" | "invented";

/** Who calls. @param name the grant whose executor is right */
export function callerOf(as: Caller, name: GrantName): Executor {
  const right = outlines[name].executor;
  if (as === "right") return right;
  return right === "c1-builder" ? "other-builder" : "c1-builder";
}

/** The bindings as they are sent. */
export function askedBody(
  scene: Scene,
  question: { grant: GrantName; asked: Asked },
): Partial<Bindings> & Omit<Bindings, "mode"> {
  const { wrong, mode: how, actions, like: other } = question.asked;
  const like = other ?? question.grant;
  const { mode, ...bound } = bindingsOf(scene, like);
  const zeros = `sha256:${"0".repeat(64)}`;
  const { site, executor } = outlines[like];
  const action_set = actions === "one" ? bound.action_set.slice(1) : bound.action_set;
  const otherValues: Record<Wrongable, unknown> = {
    carrier: "C2",
    plan_id: "NO-SUCH-PLAN",
    plan_revision: "4",
    manifest_digest: zeros,
    schema_digest: zeros,
    environment: scene.environments[site === 0 ? 1 : 0],
    executor: executor === "c1-builder" ? "other-builder" : "c1-builder",
    action_set: [...action_set, "drop_everything"],
    rollback_plan_ref: "NO_SUCH_ROLLBACK",
  };
  const otherMode = mode === "commit" ? "dry-run" : "commit";
  return {
    ...bound,
    action_set,
    ...Object.fromEntries(wrong.map((name) => [name, otherValues[name]])),
    ...(how === "silent" ? {} : { mode: how === "right" ? mode : otherMode }),
  };
}
