import fc from "fast-check";
import {
  type Bindings,
  bindingsOf,
  type Executor,
  type GrantName,
  grantNames,
  leaseSeconds,
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

/** Mostly the one thing, so that sequences get somewhere, and now and then another. */
function mostly<Value>(
  value: Value,
  weight: number,
  ...others: readonly (Value | fc.Arbitrary<Value>)[]
): fc.Arbitrary<Value> {
  const arbitraries = others.map((one) => (one instanceof fc.Arbitrary ? one : fc.constant(one)));
  return fc.oneof({ weight, arbitrary: fc.constant(value) }, ...arbitraries);
}

const grant = fc.oneof(
  { weight: 4, arbitrary: fc.constant<GrantName>("A1") },
  { weight: 2, arbitrary: fc.constant<GrantName>("A3") },
  fc.constantFrom<GrantName>("A2", "B", "D"),
);
const request = fc.constantFrom<RequestName>("A1", "A2", "A3", "B");
const overseer = fc.constantFrom<Overseer>("operator", "sovereign");
const dry = mostly(false, 9, true);
const seconds = fc.constantFrom(...leaseSeconds);
const executor = fc.constantFrom<Executor>("c1-builder", "other-builder");
const token = mostly<TokenKind>("current", 4, "former", "invented");

const asked: fc.Arbitrary<Asked> = fc.record({
  like: mostly<GrantName | null>(null, 15, fc.constantFrom(...grantNames)),
  wrong: fc.oneof(
    { weight: 12, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.subarray([...wrongable], { minLength: 1, maxLength: 1 }) },
    fc.subarray([...wrongable]),
  ),
  mode: mostly<Asked["mode"]>("right", 18, "silent", "other"),
  actions: fc.constantFrom<Asked["actions"]>("all", "one"),
});

const lease = mostly<LeaseWish | null>(
  null,
  1,
  seconds.map((wanted): LeaseWish => ({ name: "own", seconds: wanted })),
  seconds.map((wanted): LeaseWish => ({ name: "own", seconds: wanted })),
  mostly<LeaseWish>({ name: "own", seconds: undefined }, 3, { name: "other", seconds: undefined }),
);

const act = <Act extends Command["do"]>(name: Act) => fc.constant(name);

const consume: fc.Arbitrary<Command> = fc.record({
  do: act("consume"),
  grant,
  as: mostly<Caller>("right", 14, "other"),
  asked,
  root: mostly<"root-1" | "root-2">("root-1", 3, "root-2"),
  lease,
  dry,
});
const revokeKey: fc.Arbitrary<Command> = fc.record({
  do: act("revoke-key"),
  as: fc.constantFrom("admin", "sovereign"),
});
const lift: fc.Arbitrary<Command> = fc.record({ do: act("lift"), placed: fc.nat(3), as: overseer });
const renew: fc.Arbitrary<Command> = fc.record({ do: act("renew"), as: executor, token, seconds });
const release: fc.Arbitrary<Command> = fc.record({ do: act("release"), as: executor, token });

/** @param hold what a hold may stop: never everything while other sequences run beside this one */
function command(hold: fc.Arbitrary<Command>): fc.Arbitrary<Command> {
  return weighed(
    [3, fc.record({ do: act("mint"), grant: request, dry })],
    [
      4,
      fc.record({
        do: act("sign"),
        grant,
        key: fc.constantFrom("eddsa", "eddsa", "es256", "own"),
        fault: mostly<SignatureFault | null>(null, 5, fc.constantFrom(...signatureFaults)),
      }),
    ],
    [1, fc.record({ do: act("payload"), grant })],
    [
      4,
      fc.record({
        do: act("verify"),
        grant,
        named: fc.boolean(),
        as: mostly<Caller | "operator">("right", 6, "other", "operator"),
        asked,
      }),
    ],
    [7, consume],
    [2, fc.record({ do: act("revoke"), grant, as: overseer, dry })],
    [1, hold],
    [1, lift],
    [1, renew],
    [1, release],
    [2, fc.record({ do: act("wait"), steps: fc.constantFrom(1, 3, 60) })],
    [1, fc.record({ do: act("read"), what: fc.constantFrom<GrantName | "lease">(...grantNames, "lease") })],
  );
}

/** One command, or a few that have more to say to each other than chance would put side by side. */
function phrase(hold: fc.Arbitrary<Command>): fc.Arbitrary<Command[]> {
  const leased: fc.Arbitrary<Command> = fc.record({
    do: act("consume"),
    grant,
    as: fc.constant("right"),
    asked: fc.constant({ like: null, wrong: [], mode: "right", actions: "all" }),
    root: fc.constant("root-1"),
    lease: seconds.map((wanted): LeaseWish => ({ name: "own", seconds: wanted })),
    dry: fc.constant(false),
  });
  return weighed(
    [28, command(hold).map((one) => [one])],
    [2, together(hold, leased, lift)],
    [3, together(leased, fc.oneof(renew, release, leased))],
    [1, together(revokeKey, consume)],
  );
}

/** All of them; each can be left out where a sequence that fails is made shorter. */
function together(...ones: readonly fc.Arbitrary<Command>[]): fc.Arbitrary<Command[]> {
  const droppable = ones.map((one) => fc.option(one, { nil: undefined, freq: 100 }));
  return fc.tuple(...droppable).map((kept) => kept.filter((one) => one !== undefined));
}

function weighed<Value>(...choices: readonly (readonly [number, fc.Arbitrary<Value>])[]): fc.Arbitrary<Value> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** How far three of the grants are when the random commands begin: without it few sequences would get as far as a use. */
function beginning(): fc.Arbitrary<Command[]> {
  const far = fc.constantFrom("none", "minted", "signed", "signed", "signed", "signed", "signed", "signed");
  const lessFar = fc.constantFrom("none", "minted", "signed", "signed");
  const notAsFar = fc.constantFrom("none", "none", "minted", "signed");
  const key = mostly<"eddsa" | "own">("eddsa", 2, "own");
  return fc
    .tuple(far, lessFar, notAsFar, key)
    .map(([first, second, third, firstKey]) => [
      ...upTo(first, "A1", firstKey),
      ...upTo(second, "A3", "eddsa"),
      ...upTo(third, "B", "eddsa"),
    ]);
}

function upTo(stage: string, name: RequestName, key: "eddsa" | "own"): Command[] {
  const mint: Command = { do: "mint", grant: name, dry: false };
  const sign: Command = { do: "sign", grant: name, key, fault: null };
  if (stage === "none") return [];
  return stage === "minted" ? [mint] : [mint, sign];
}

/**
 * Sequences of commands, every one of which can be sent at any time: what comes of it is the model's to say.
 * @param sites what a hold may stop
 */
export function sequences(sites: readonly (Site | null)[]): fc.Arbitrary<Command[]> {
  const hold: fc.Arbitrary<Command> = fc.record({ do: act("hold"), site: fc.constantFrom(...sites), as: overseer });
  const rest = fc.array(phrase(hold), { minLength: 1, maxLength: 12, size: "max" });
  return fc.tuple(beginning(), rest).map(([first, phrases]) => [...first, ...phrases.flat()]);
}
