import { createHash } from "node:crypto";
import { canonical } from "../../docs/verify/verify.mjs";
import {
  assertionOf,
  type Deviations,
  flag,
  makePasskey,
  registrationPayload,
  type TestPasskey,
} from "../support/authenticator.ts";
import { detachedJws } from "../support/commit.ts";
import type { Statement } from "../support/evidence.ts";

type Predicate = Statement["predicate"];

/** What is shown of an assertion, or of a key, by whoever signs the file anew with the log's key. */
type Shown = Predicate["keys"][number]["webauthn"];
export type Forgery = [what: string, change: (predicate: Predicate) => unknown, claim: "signature" | "key"];

const flipped = (encoded: string, at: number, bit = 1): string => {
  const bytes = Buffer.from(encoded, "base64url");
  bytes.writeUInt8(bytes.readUInt8(at) ^ bit, at);
  return bytes.toString("base64url");
};

/** Every byte of the three parts, one bit of each. */
export function flips(part: Shown): [string, Partial<Shown>][] {
  return (["authenticator_data", "client_data_json", "signature"] as const).flatMap((name) =>
    Array.from({ length: Buffer.from(part[name], "base64url").length }, (_, at): [string, Partial<Shown>] => [
      `${name}, byte ${at}`,
      { [name]: flipped(part[name], at, 1 << (at % 8)) },
    ]),
  );
}

/** A grant that a passkey has signed, as its evidence shows it. */
interface Scene {
  readonly passkey: TestPasskey;
  readonly payload: string;
  readonly origin: string;
  readonly own: Predicate;
  /** Of another grant that it has signed. */
  readonly elsewhere: Predicate;
}

/** What does not become a signature or a proof of the passkey, however it is put into the file. */
export function forgeriesOf({ passkey, payload, origin, own, elsewhere }: Scene): Forgery[] {
  const stranger = { ...makePasskey(), kid: passkey.kid };
  const by = (deviations: Deviations, of = passkey) => assertionOf(of, payload, origin, deviations);
  const proof = (change: object) => (predicate: Predicate) =>
    Object.assign(predicate.keys.at(0)?.webauthn ?? {}, change);
  const signature = (change: object) => (predicate: Predicate) => {
    Object.assign(predicate.grant.signature.webauthn, change);
    // The forger makes the reference fit as well, in grant and event: what is left is the signature itself.
    const { rp_id: _, ...assertion } = predicate.grant.signature.webauthn;
    const reference = `sha256:${createHash("sha256").update(canonical(assertion)).digest("hex")}`;
    Object.assign(predicate.grant, { sovereign_esign_ref: reference });
  };
  return [
    ["another grant's", signature(elsewhere.grant.signature.webauthn), "signature"],
    ["a stranger's", signature(by({}, stranger)), "signature"],
    ["a registration", signature(by({ type: "webauthn.create" })), "signature"],
    ["made at a list of places", signature(by({ origin: [origin] })), "signature"],
    ["over a list of challenges", signature(by({ challenge: [challengeOf(payload)] })), "signature"],
    ["made elsewhere", signature(by({ origin: "https://evil.example" })), "signature"],
    [
      "made without a secure context",
      signature({ ...by({ origin: "http://evil.example", rpId: "evil.example" }), rp_id: "evil.example" }),
      "signature",
    ],
    [
      "for another party",
      signature({ ...by({ origin: "https://evil.example", rpId: "evil.example" }), rp_id: "evil.example" }),
      "signature",
    ],
    ["in a frame", signature(by({ members: { crossOrigin: true } })), "signature"],
    ["in a page of another", signature(by({ members: { topOrigin: "https://evil.example" } })), "signature"],
    ["nobody there", signature(by({ flags: flag.UV })), "signature"],
    ["nobody verified", signature(by({ flags: flag.UP })), "signature"],
    ["backed up, and cannot be", signature(by({ flags: flag.UP | flag.UV | flag.BS })), "signature"],
    ["with extensions", signature(by({ flags: flag.UP | flag.UV | flag.ED, more: Buffer.from([0xa0]) })), "signature"],
    ["a byte too many", signature(by({ more: Buffer.alloc(1) })), "signature"],
    [
      "a name twice",
      signature(by({ clientData: `{"type":"webauthn.create",${clientDataText(payload, origin).slice(1)}` })),
      "signature",
    ],
    [
      "a name twice further in",
      signature(by({ clientData: clientDataText(payload, origin).replace("}", ',"x":[{"a":1,"\\u0061":2}]}') })),
      "signature",
    ],
    [
      "padding",
      (predicate) =>
        Object.assign(predicate.grant.signature.webauthn, {
          signature: `${predicate.grant.signature.webauthn.signature}=`,
        }),
      "signature",
    ],
    [
      "a reference to another",
      (predicate) => Object.assign(predicate.grant, { sovereign_esign_ref: elsewhere.grant.sovereign_esign_ref }),
      "signature",
    ],
    [
      "a JWS by the passkey",
      (predicate) => Object.assign(predicate.grant.signature, { webauthn: null, jws: detachedJws(passkey, payload) }),
      "signature",
    ],
    [
      "a JWS beside it",
      (predicate) => Object.assign(predicate.grant.signature, { jws: detachedJws(passkey, payload) }),
      "signature",
    ],
    ["neither", (predicate) => Object.assign(predicate.grant.signature, { webauthn: null }), "signature"],
    [
      "a proof for another name",
      (predicate) =>
        Object.assign(
          predicate.keys.at(0)?.webauthn ?? {},
          assertionOf(passkey, registrationPayload("x", "sovereign"), origin),
        ),
      "key",
    ],
    [
      "a proof by a stranger",
      (predicate) =>
        Object.assign(
          predicate.keys.at(0)?.webauthn ?? {},
          assertionOf(stranger, registrationPayload(passkey.kid, "sovereign"), origin),
        ),
      "key",
    ],
    ["another credential", (predicate) => Object.assign(predicate.keys.at(0) ?? {}, { credential_id: "AAAA" }), "key"],
    ["no credential", (predicate) => Object.assign(predicate.keys.at(0) ?? {}, { credential_id: null }), "key"],
    ["two proofs", (predicate) => Object.assign(predicate.keys.at(0) ?? {}, { proof: "a.b.c" }), "key"],
    ["no proof", (predicate) => Object.assign(predicate.keys.at(0) ?? {}, { webauthn: null }), "key"],
    ...flips(own.grant.signature.webauthn).map(([what, part]): Forgery => [what, signature(part), "signature"]),
    ...own.keys
      .flatMap(({ webauthn }) => flips(webauthn))
      .map(([what, part]): Forgery => [`proof: ${what}`, proof(part), "key"]),
  ];
}

const challengeOf = (payload: string): string => createHash("sha256").update(payload).digest("base64url");

const clientDataText = (payload: string, origin: string): string =>
  JSON.stringify({ type: "webauthn.get", challenge: challengeOf(payload), origin });
