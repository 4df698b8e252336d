/** Published and special signatures, and keys that are made from a seed. */
import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

/** The arguments of verify_ed25519: key, message, signature; or of verify_es256: x, y, message, signature. */
export type Call = readonly Buffer[];
export type Algorithm = "EdDSA" | "ES256";

const hex = (text: string): Buffer => Buffer.from(text, "hex");
const reversed = (bytes: Buffer): Buffer => Buffer.from(bytes.toReversed());
const base64url = (text: string): Buffer => Buffer.from(text, "base64url");

/** RFC 8032, section 7.1: tests 1 to 3, and SHA(abc). */
export const rfc8032: readonly Call[] = [
  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a  e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c 72 92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025 af82 6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
].map((line) => line.split(" ").map(hex));

export interface DetachedJws {
  readonly alg: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
}

/** RFC 8037, appendix A.4. */
export const rfc8037: DetachedJws = {
  alg: "EdDSA",
  jwk: { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
  header: "eyJhbGciOiJFZERTQSJ9",
  payload: "Example of Ed25519 signing",
  signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
};

/** RFC 7515, appendix A.3. */
export const rfc7515: DetachedJws = {
  alg: "ES256",
  jwk: {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  },
  header: "eyJhbGciOiJFUzI1NiJ9",
  payload: '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}',
  signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
};

/** Our own: r = 3 and s = 7, where the x of the point R is n + 3. */
export const xBeyondOrder: Call = [
  hex("f4648f48074b10ac3163360135a5dccf99611795af7fedf6fc178d0273c5be63"),
  hex("672c186c87abff7d2a349340809c56e87e5fb8b6c6daca7c6e16ce7877a62fd2"),
  Buffer.from("x of R exceeds n"),
  hex(`${"3".padStart(64, "0")}${"7".padStart(64, "0")}`),
];

/** Points of P-256 with a coordinate so small that it fits into 32 bytes with p added: x = 0, and y = 5. */
export const smallCoordinates: readonly (readonly [x: bigint, y: bigint])[] = [
  [0n, 0x66485c78_0e2f83d7_2433bd5d_84a06bb6_541c2af3_1dae8717_28bf856a_174f93f4n],
  [0xd7325d7646cd60d80a92738ceb345f844cffaf35841022cab176f692de8de1d7n, 5n],
];

export const ed25519 = {
  p: 2n ** 255n - 19n,
  order: 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n,
};
export const p256 = {
  p: 0xffffffff_00000001_00000000_00000000_00000000_ffffffff_ffffffff_ffffffffn,
  order: 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n,
};

/** y of the eight points P of edwards25519 with 8P = 0: of order 1, 2, 4, and 8 (two). */
const smallOrderY = [
  1n,
  ed25519.p - 1n,
  0n,
  2_707_385_501_144_840_649_318_225_287_225_658_788_936_804_267_575_313_519_463_743_609_750_303_402_022n,
  55_188_659_117_513_257_062_467_267_217_118_295_137_698_188_065_244_968_500_265_048_394_206_261_417_927n,
];

/** Each of them in every encoding that a lenient reader takes: y also as y + p where that fits, with either sign. */
export const smallOrderPoints: readonly Buffer[] = smallOrderY
  .flatMap((y) => [y, y + ed25519.p])
  .filter((y) => y < 2n ** 255n)
  .flatMap((y) => [littleEndian(y), littleEndian(y + 2n ** 255n)]);

export function bigEndian(number: bigint): Buffer {
  return hex(number.toString(16).padStart(64, "0"));
}

export function littleEndian(number: bigint): Buffer {
  return reversed(bigEndian(number));
}

function fromBigEndian(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex")}`);
}

function fromLittleEndian(bytes: Buffer): bigint {
  return fromBigEndian(reversed(bytes));
}

/** The inverse modulo a prime. */
function inverse(number: bigint, prime: bigint): bigint {
  let [result, base] = [1n, number % prime];
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent % 2n === 1n) result = (result * base) % prime;
    base = (base * base) % prime;
  }
  return result;
}

export interface SeededKey {
  readonly privateKey: KeyObject;
  /** The first arguments of the check: the key, or its x and y. */
  readonly publicBytes: readonly Buffer[];
  /** Times the base point, it is the public key. */
  readonly scalar: bigint;
}

/** @param seed 32 bytes: the private key of RFC 8032, 5.1.5 */
export function ed25519Key(seed: Buffer): SeededKey {
  const der = Buffer.concat([hex("302e020100300506032b657004220420"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const half = createHash("sha512").update(seed).digest().subarray(0, 32);
  half.writeUInt8(half.readUInt8(0) & 248, 0);
  half.writeUInt8((half.readUInt8(31) & 127) | 64, 31);
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { privateKey, publicBytes: [base64url(x)], scalar: fromLittleEndian(half) % ed25519.order };
}

/** @param scalar 1 to the order - 1 */
export function p256Key(scalar: bigint): SeededKey {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(bigEndian(scalar));
  const point = pair.getPublicKey();
  const publicBytes = [point.subarray(1, 33), point.subarray(33)];
  const jwk = { ...publicJwk("ES256", publicBytes), d: bigEndian(scalar).toString("base64url") };
  return { privateKey: createPrivateKey({ key: jwk, format: "jwk" }), publicBytes, scalar };
}

export function publicJwk(alg: Algorithm, publicBytes: readonly Buffer[]): JsonWebKey {
  const [x = "", y = ""] = publicBytes.map((bytes) => bytes.toString("base64url"));
  return alg === "EdDSA" ? { kty: "OKP", crv: "Ed25519", x } : { kty: "EC", crv: "P-256", x, y };
}

/** The arguments of a check that must accept. */
export function signed(alg: Algorithm, key: SeededKey, message: Buffer): Call {
  const options = { key: key.privateKey, dsaEncoding: "ieee-p1363" } as const;
  return [...key.publicBytes, message, sign(alg === "EdDSA" ? null : "sha256", message, options)];
}

/** What Node's library says to the same arguments; a key that it does not read verifies nothing. */
export function nodeAccepts(alg: Algorithm, call: Call): boolean {
  const [message = Buffer.alloc(0), signature = Buffer.alloc(0)] = call.slice(-2);
  try {
    const key = createPublicKey({ key: publicJwk(alg, call.slice(0, -2)), format: "jwk" });
    return verify(alg === "EdDSA" ? null : "sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    return false;
  }
}

/** k of RFC 8032, 5.1.7, step 2. */
function challenge(r: Buffer, key: Buffer, message: Buffer): bigint {
  return fromLittleEndian(createHash("sha512").update(r).update(key).update(message).digest()) % ed25519.order;
}

/** For each point of small order, a signature by nobody that fits it as a key: R = S B, and k a multiple of 8, so k A vanishes. */
export function forgedUnderSmallOrder(): Record<string, Call> {
  const { publicBytes, scalar } = ed25519Key(Buffer.alloc(32, 7));
  const [r = hex("")] = publicBytes;
  const forged = smallOrderPoints.map((key): [string, Call] => {
    let message = Buffer.from("0");
    for (let n = 1; challenge(r, key, message) % 8n !== 0n; n++) message = Buffer.from(`${n}`);
    return [`key ${key.toString("hex")}`, [key, message, Buffer.concat([r, littleEndian(scalar)])]];
  });
  return Object.fromEntries(forged);
}

/** R the identity in each of its spellings, with the S that fits: only the owner of the key can make it, and gives the key away. */
export function identityAsR(): Record<string, Call> {
  const { publicBytes, scalar } = ed25519Key(Buffer.alloc(32, 7));
  const [key = hex("")] = publicBytes;
  const message = Buffer.from("R is the identity");
  const spellings = [1n, 1n + 2n ** 255n, 1n + ed25519.p, 1n + ed25519.p + 2n ** 255n].map(littleEndian);
  const made = spellings.map((r): [string, Call] => {
    const s = littleEndian((challenge(r, key, message) * scalar) % ed25519.order);
    return [`R ${r.toString("hex")}`, [key, message, Buffer.concat([r, s])]];
  });
  return Object.fromEntries(made);
}

/** What a valid call becomes when its signature or key is malformed, out of range or in another form. */
export function malformedEd25519(whole: Call): Record<string, Call> {
  const [key = hex(""), message = hex(""), signature = hex("")] = whole;
  const [r, s, zero] = [signature.subarray(0, 32), signature.subarray(32), Buffer.alloc(32)];
  const made = (...parts: Buffer[]): Call => whole.with(2, Buffer.concat(parts));
  return {
    "S + L": made(r, littleEndian(fromLittleEndian(s) + ed25519.order)),
    "S = L": made(r, littleEndian(ed25519.order)),
    "S = 0": made(r, zero),
    "S of all ones": made(r, Buffer.alloc(32, 255)),
    "S big-endian": made(r, reversed(s)),
    "all zero": made(zero, zero),
    "R and S swapped": made(s, r),
    "R off the curve": made(littleEndian(2n), s),
    "one byte short": made(signature.subarray(0, 63)),
    "one byte long": made(signature, hex("00")),
    "only R": made(r),
    "no signature": made(),
    "key one byte short": whole.with(0, key.subarray(0, 31)),
    "key one byte long": whole.with(0, Buffer.concat([key, hex("00")])),
    "no key": whole.with(0, hex("")),
    "key off the curve": whole.with(0, littleEndian(2n)),
    "key and R swapped": [r, message, Buffer.concat([key, s])],
  };
}

/** @see malformedEd25519 @param key the one that signed */
export function malformedEs256(whole: Call, key: SeededKey): Record<string, Call> {
  const [x = hex(""), y = hex(""), message = hex(""), signature = hex("")] = whole;
  const [r, s, zero] = [signature.subarray(0, 32), signature.subarray(32), Buffer.alloc(32)];
  const made = (...parts: Buffer[]): Call => whole.with(3, Buffer.concat(parts));
  const small = (first: bigint, second: bigint): Call =>
    xBeyondOrder.with(3, Buffer.concat([bigEndian(first), bigEndian(second)]));
  const digest = fromBigEndian(createHash("sha256").update(message).digest());
  // With this r, u1 G + u2 Q is infinity whatever s is.
  const opposite = ((p256.order - (digest % p256.order)) * inverse(key.scalar, p256.order)) % p256.order;
  return {
    "r = 0": made(zero, s),
    "s = 0": made(r, zero),
    "r = n": made(bigEndian(p256.order), s),
    "s = n": made(r, bigEndian(p256.order)),
    "r = p": made(bigEndian(p256.p), s),
    "r + n": small(3n + p256.order, 7n),
    "s + n": small(3n, 7n + p256.order),
    "all zero": made(zero, zero),
    "of all ones": made(Buffer.alloc(64, 255)),
    "a sum at infinity": made(bigEndian(opposite), bigEndian(1n)),
    "r and s swapped": made(s, r),
    "little-endian": made(reversed(r), reversed(s)),
    "in DER": made(sign("sha256", message, key.privateKey)),
    "one byte short": made(signature.subarray(0, 63)),
    "one byte long": made(signature, hex("00")),
    "a zero between r and s": made(r, hex("00"), s),
    "only r": made(r),
    "no signature": made(),
    "key (0, 0)": [zero, zero, message, signature],
    "key off the curve": whole.with(1, bigEndian(fromBigEndian(y) ^ 1n)),
    "the negative key": whole.with(1, bigEndian(p256.p - fromBigEndian(y))),
    "x and y swapped": [y, x, message, signature],
    "x one byte short": whole.with(0, x.subarray(1)),
    "no key": [hex(""), hex(""), message, signature],
  };
}

/** What the key of a JWS may not become: a key of the other kind, of another curve, with members missing or of another type. */
export function wrongJwks({ alg, jwk }: DetachedJws, other: DetachedJws): unknown[] {
  const { kty, crv, x, y } = jwk;
  const pointOnly = [
    { ...jwk, y: undefined },
    { ...jwk, x: y, y: x },
  ];
  return [
    other.jwk,
    { ...jwk, kty: other.jwk["kty"] },
    { ...jwk, crv: other.jwk["crv"] },
    { ...jwk, crv: alg === "EdDSA" ? "X25519" : "P-384" },
    { ...jwk, kty: [kty] },
    { ...jwk, x: `${String(x)}=` },
    { ...jwk, x: [x] },
    { ...jwk, x: null },
    { kty, crv },
    ...(y === undefined ? [] : pointOnly),
    {},
    [jwk],
    null,
    "x",
    1,
  ];
}
