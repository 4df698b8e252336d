import { createHash } from "node:crypto";
import { type Deviations, flag } from "../support/authenticator.ts";

export const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();

export interface Refusal {
  readonly what: string;
  readonly reason: string;
  readonly pointer: string;
  readonly deviations: Deviations;
}

export const clientData = "/webauthn/client_data_json";
export const authenticatorData = "/webauthn/authenticator_data";

/** Each check of an assertion, failed once; `challenge` is the one that is right. */
export function refusals(origin: string, challenge: string): Refusal[] {
  const port = new URL(origin).port;
  const usual = { type: "webauthn.get", challenge, origin, crossOrigin: false };
  const text = JSON.stringify(usual);
  const bad = (reason: string, what: string, deviations: Deviations): Refusal => ({
    what,
    reason,
    pointer: clientData,
    deviations,
  });
  const data = (reason: string, what: string, deviations: Deviations): Refusal => ({
    what,
    reason,
    pointer: authenticatorData,
    deviations,
  });
  const standing = flag.UP | flag.UV;
  return [
    bad("client_data_type", "a registration", { type: "webauthn.create" }),
    bad("client_data_type", "a payment", { type: "payment.get" }),
    bad("client_data_type", "a type that is no text", { type: ["webauthn.get"] }),
    bad("challenge", "another challenge", { challenge: sha256("other").toString("base64url") }),
    bad("challenge", "a challenge with padding", { challenge: `${challenge}=` }),
    bad("challenge", "a challenge in base64", { challenge: sha256("?").toString("base64") }),
    bad("challenge", "a challenge in another spelling", {
      challenge: `${challenge.slice(0, -1)}${challenge.endsWith("A") ? "B" : "A"}`,
    }),
    bad("challenge", "no challenge", { members: { challenge: undefined } }),
    bad("origin", "another host", { origin: "https://evil.example" }),
    bad("origin", "another port", { origin: "http://localhost:1" }),
    bad("origin", "another scheme", { origin: `https://localhost:${port}` }),
    bad("origin", "the address in place of the name", { origin: `http://127.0.0.1:${port}` }),
    bad("origin", "the origin with a slash", { origin: `${origin}/` }),
    bad("origin", "the origin in capitals", { origin: origin.replace("localhost", "LOCALHOST") }),
    bad("origin", "no origin", { members: { origin: undefined } }),
    bad("origin", "an app", { origin: "android:apk-key-hash:AAAA" }),
    bad("cross_origin", "in a frame", { members: { crossOrigin: true } }),
    bad("cross_origin", "a crossOrigin that is no truth value", { members: { crossOrigin: "false" } }),
    bad("cross_origin", "a crossOrigin of null", { members: { crossOrigin: null } }),
    bad("top_origin", "in a page of another origin", { members: { topOrigin: "https://evil.example" } }),
    bad("top_origin", "a topOrigin of null", { members: { topOrigin: null } }),
    bad("client_data", "a challenge that stands twice", {
      clientData: text.replace("{", `{"challenge":"${sha256("x").toString("base64url")}",`),
    }),
    bad("client_data", "a name that stands twice, escaped once", {
      clientData: text.replace("{", '{"\\u0074ype":"webauthn.create",'),
    }),
    bad("client_data", "a name that stands twice further in", { clientData: text.replace("}", ',"x":{"a":1,"a":2}}') }),
    bad("client_data", "a byte order mark", { clientData: `\u{feff}${text}` }),
    bad("client_data", "something behind it", { clientData: `${text}{}` }),
    bad("client_data", "bytes that are no text", {
      clientData: Buffer.concat([Buffer.from(text), Buffer.from([0xff])]),
    }),
    bad("client_data", "a list", { clientData: `[${text}]` }),
    bad("client_data", "a null", { clientData: "null" }),
    bad("client_data", "nothing of JSON", { clientData: "x" }),
    data("rp_id_hash", "another relying party", { rpId: "evil.example" }),
    data("rp_id_hash", "the origin as relying party", { rpId: origin }),
    data("user_presence", "nobody there", { flags: flag.UV }),
    data("user_verification", "nobody verified", { flags: flag.UP }),
    data("backup_state", "backed up, and cannot be", { flags: standing | flag.BS }),
    data("authenticator_data", "a credential said to be there", { flags: standing | flag.AT }),
    data("authenticator_data", "a credential", { flags: standing | flag.AT, more: Buffer.alloc(60) }),
    data("authenticator_data", "extensions said to be there", { flags: standing | flag.ED }),
    data("authenticator_data", "an empty map of extensions", { flags: standing | flag.ED, more: Buffer.from([0xa0]) }),
    data("authenticator_data", "a byte too many", { more: Buffer.alloc(1) }),
    data("authenticator_data", "a byte too few", {
      authenticatorData: Buffer.concat([sha256("localhost"), Buffer.from([5, 0, 0, 0])]),
    }),
    data("authenticator_data", "only a digest", { authenticatorData: sha256("localhost") }),
  ];
}

/** r and s of a DER signature. */
function numbersOf(der: Buffer): [Buffer, Buffer] {
  const length = der[3] ?? 0;
  return [der.subarray(4, 4 + length), der.subarray(6 + length)];
}

const derOf = (...numbers: Buffer[]): Buffer => {
  const body = Buffer.concat(numbers.flatMap((one) => [Buffer.from([2, one.length]), one]));
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
};

export const zero = Buffer.from([0]);

/** A signature in another spelling than its one. */
export const spellings: readonly [string, (signature: Buffer) => Uint8Array][] = [
  [
    "r and s as they are",
    (der) => Buffer.concat(numbersOf(der).map((one) => Buffer.concat([Buffer.alloc(32), one]).subarray(-32))),
  ],
  [
    "a zero too many",
    (der) => derOf(Buffer.concat([zero, zero, ...numbersOf(der).slice(0, 1)]).subarray(-34), numbersOf(der)[1]),
  ],
  ["a negative number", (der) => derOf(Buffer.from([0x80, 1]), numbersOf(der)[1])],
  ["a number of no bytes", (der) => derOf(Buffer.alloc(0), numbersOf(der)[1])],
  ["a long length", (der) => Buffer.concat([Buffer.from([0x30, 0x81]), der.subarray(1)])],
  ["a byte behind it", (der) => Buffer.concat([der, zero])],
  ["a byte within, behind s", (der) => Buffer.concat([Buffer.from([0x30, (der[1] ?? 0) + 1]), der.subarray(2), zero])],
  ["three numbers", (der) => derOf(...numbersOf(der), Buffer.from([1]))],
  ["one number", (der) => derOf(numbersOf(der)[0])],
  ["a set in place of a sequence", (der) => Buffer.concat([Buffer.from([0x31]), der.subarray(1)])],
  ["cut off", (der) => der.subarray(0, -1)],
];
