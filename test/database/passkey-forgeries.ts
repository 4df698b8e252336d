import { createHash } from "node:crypto";
import { rawOfDer } from "../../src/signatures/webauthn/ecdsa-der.ts";
import { type Deviations, flag } from "../support/authenticator.ts";

export const sha256 = (data: string | Uint8Array): Buffer => createHash("sha256").update(data).digest();

/** What no honest authenticator at this place makes; the database refuses each by itself. */
export function forgeries(origin: string, payload: string): [string, Deviations][] {
  const usual = { type: "webauthn.get", challenge: sha256(payload).toString("base64url"), origin };
  const text = JSON.stringify(usual);
  return [
    ["a registration", { type: "webauthn.create" }],
    ["a type that is no text", { type: { a: "webauthn.get" } }],
    ["a list of types", { type: ["webauthn.get"] }],
    ["a list of challenges", { challenge: [usual.challenge] }],
    ["another challenge", { challenge: sha256("x").toString("base64url") }],
    ["a challenge with padding", { challenge: `${usual.challenge}=` }],
    ["no challenge", { members: { challenge: undefined } }],
    ["another host", { origin: "https://evil.example" }],
    ["a host that begins alike", { origin: "https://localhost.evil.example" }],
    ["a host that ends alike", { origin: "https://evil-localhost" }],
    ["a part of the host", { origin: "https://evil.localhost" }],
    ["a path", { origin: `${origin}/` }],
    ["a user", { origin: "https://localhost@evil.example" }],
    ["a line behind it", { origin: `${origin}\n` }],
    ["another scheme", { origin: "ftp://localhost" }],
    ["an origin that is no text", { origin: [origin] }],
    ["no origin", { members: { origin: undefined } }],
    ["in a frame", { members: { crossOrigin: true } }],
    ["a crossOrigin that is no truth value", { members: { crossOrigin: "false" } }],
    ["a crossOrigin of null", { members: { crossOrigin: null } }],
    ["in a page of another", { members: { topOrigin: "https://evil.example" } }],
    ["a topOrigin of null", { members: { topOrigin: null } }],
    ["a challenge that stands twice", { clientData: text.replace("{", '{"challenge":"x",') }],
    ["a name that stands twice, escaped once", { clientData: text.replace("{", '{"\\u0074ype":"x",') }],
    ["a byte order mark", { clientData: `\u{feff}${text}` }],
    ["something behind it", { clientData: `${text}{}` }],
    ["bytes that are no text", { clientData: Buffer.concat([Buffer.from(text), Buffer.from([0xff])]) }],
    ["U+0000", { clientData: text.replace("}", ',"x":"\\u0000"}') }],
    ["a zero byte", { clientData: text.replace("{", '{"x":"\0",') }],
    ["a lone surrogate", { clientData: text.replace("}", ',"x":"\\ud800"}') }],
    ["a list", { clientData: `[${text}]` }],
    ["a null", { clientData: "null" }],
    ["nothing", { clientData: "" }],
    ["too much", { clientData: text.replace("}", `,"x":"${"y".repeat(2_048)}"}`) }],
    ["too deep", { clientData: "[".repeat(2_048) }],
    ["another relying party", { rpId: "evil.example" }],
    ["nobody there", { flags: flag.UV }],
    ["nobody verified", { flags: flag.UP }],
    ["backed up, and cannot be", { flags: flag.UP | flag.UV | flag.BS }],
    ["a credential", { flags: flag.UP | flag.UV | flag.AT, more: Buffer.alloc(60) }],
    ["extensions", { flags: flag.UP | flag.UV | flag.ED, more: Buffer.from([0xa0]) }],
    ["extensions that are not there", { flags: flag.UP | flag.UV | flag.ED }],
    ["a byte too many", { more: Buffer.alloc(1) }],
    ["only a digest", { authenticatorData: sha256("localhost") }],
    ["no authenticator data", { authenticatorData: Buffer.alloc(0) }],
    ["a signature of nothing", { sign: () => Buffer.alloc(0) }],
    ["r and s as they are", { sign: (der) => rawOfDer(der) ?? der }],
    ["a byte behind it", { sign: (der) => Buffer.concat([der, Buffer.alloc(1)]) }],
    ["r and s of zero", { sign: () => Buffer.from("3006020100020100", "hex") }],
  ];
}
