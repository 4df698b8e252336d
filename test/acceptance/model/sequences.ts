import fc from "fast-check";
import {
  type Asked,
  type Caller,
  type Command,
  type LeaseWish,
  type Overseer,
  type SignatureFault,
  signatureFaults,
  type TokenKind,
  wrongable,
} from "./commands.ts";
import { type Executor, type GrantName, grantNames, leaseSeconds, type RequestName, type Site } from "./scenery.ts";

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
const mint: fc.Arbitrary<Command> = fc.record({ do: act("mint"), grant: request, dry });
const revoke: fc.Arbitrary<Command> = fc.record({ do: act("revoke"), grant, as: overseer, dry });
const lift: fc.Arbitrary<Command> = fc.record({ do: act("lift"), placed: fc.nat(3), as: overseer });
const renew: fc.Arbitrary<Command> = fc.record({ do: act("renew"), as: executor, token, seconds });
const release: fc.Arbitrary<Command> = fc.record({ do: act("release"), as: executor, token });

/** @param hold what a hold may stop: never everything while other sequences run beside this one */
function command(hold: fc.Arbitrary<Command>): fc.Arbitrary<Command> {
  return weighed(
    [3, mint],
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
    [2, revoke],
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
    [1, together(revoke, mint, mint)],
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
  const minting: Command = { do: "mint", grant: name, dry: false };
  const signing: Command = { do: "sign", grant: name, key, fault: null };
  if (stage === "none") return [];
  return stage === "minted" ? [minting] : [minting, signing];
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
