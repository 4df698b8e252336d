import { randomInt } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import t, { type Test } from "tap";
import { useDatabase } from "../support/cluster.ts";
import {
  type Algorithm,
  bigEndian,
  type Call,
  type DetachedJws,
  ed25519,
  ed25519Key,
  forgedUnderSmallOrder,
  identityAsR,
  littleEndian,
  malformedEd25519,
  malformedEs256,
  nodeAccepts,
  p256,
  p256Key,
  publicJwk,
  rfc7515,
  rfc8032,
  rfc8037,
  type SeededKey,
  signed,
  smallCoordinates,
  smallOrderPoints,
  wrongJwks,
  xBeyondOrder,
} from "./signature-vectors.ts";

t.setTimeout(120_000);

/** Replayed with `node <this file> --seed=<the seed that was printed>`. */
const given = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
t.comment(`seed ${seed}`);

const database = await useDatabase(t);
const app = new pg.Client({ connectionString: database.appUrl });
await app.connect();
t.teardown(() => app.end());

const algorithms = ["EdDSA", "ES256"] as const;
const keys: Readonly<Record<Algorithm, SeededKey>> = {
  EdDSA: ed25519Key(Buffer.alloc(32, 5)),
  ES256: p256Key(0x5eed_5eed_5eedn),
};
const samples: Readonly<Record<Algorithm, Call>> = {
  EdDSA: signed("EdDSA", keys.EdDSA, Buffer.from("grant me")),
  ES256: signed("ES256", keys.ES256, Buffer.from("grant me")),
};

const checks: Readonly<Record<Algorithm, string>> = {
  EdDSA: `SELECT verify_ed25519(a, b, c) AS verdict
            FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS call (a, b, c, n) ORDER BY n`,
  ES256: `SELECT verify_es256(a, b, c, d) AS verdict
            FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bytea[]) WITH ORDINALITY AS call (a, b, c, d, n) ORDER BY n`,
};

/** What the database says to each call, as the app role. */
async function verdicts(alg: Algorithm, calls: readonly Call[]): Promise<(boolean | null)[]> {
  const columns = samples[alg].map((_, column) => calls.map((call) => call[column]));
  const { rows } = await app.query<{ verdict: boolean | null }>(checks[alg], columns);
  return rows.map((row) => row.verdict);
}

async function evaluate(expression: string, values: readonly unknown[] = []): Promise<unknown> {
  const { rows } = await app.query<{ value: unknown }>(`SELECT ${expression} AS value`, [...values]);
  return rows[0]?.value;
}

function verifyJws(jws: DetachedJws, jwk: unknown = jws.jwk): Promise<unknown> {
  const { alg, header, payload, signature } = jws;
  return evaluate("verify_detached_jws($1, $2, $3, $4, $5)", [JSON.stringify(jwk), alg, header, payload, signature]);
}

function isSound(jwk: unknown, alg: string): Promise<unknown> {
  return evaluate("signing_key_is_sound($1, $2)", [JSON.stringify(jwk), alg]);
}

/** Each is refused by the database; and by the library too, unless its versions differ. */
async function refuses(t: Test, alg: Algorithm, cases: Readonly<Record<string, Call>>, library = true): Promise<void> {
  const answers = await verdicts(alg, Object.values(cases));
  for (const [place, [what, call]] of Object.entries(cases).entries()) {
    t.equal(answers[place], false, what);
    if (library) t.notOk(nodeAccepts(alg, call), `${what}: the library`);
  }
}

t.test("ESIGN-2 the examples of RFC 8032, RFC 7515 and RFC 8037 are valid in the database", async (t) => {
  t.strictSame(await verdicts("EdDSA", rfc8032), [true, true, true, true]);
  for (const jws of [rfc8037, rfc7515]) {
    t.equal(await verifyJws(jws), true, jws.alg);
    t.equal(await isSound(jws.jwk, jws.alg), true, `${jws.alg}: the key`);
    t.equal(await verifyJws({ ...jws, payload: `${jws.payload} ` }), false, `${jws.alg}: another payload`);
    t.equal(await verifyJws({ ...jws, header: `${jws.header}A` }), false, `${jws.alg}: another header`);
  }
  for (const alg of algorithms) {
    const [header, payload] = ["e30", `{"mode":"commit","reason":"größer, 大きい, 🔏"}${" ".repeat(5_000)}`];
    const input = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
    const signature = signed(alg, keys[alg], input).at(-1)?.toString("base64url") ?? "";
    const jws = { alg, jwk: publicJwk(alg, keys[alg].publicBytes), header, payload, signature };
    t.equal(await verifyJws(jws), true, `${alg}: a long payload beyond ASCII`);
  }
});

t.test("ESIGN-2 database and library agree on random keys and messages, whole and broken", async (t) => {
  // With these, the key is the base point, a small multiple of it or its negative: sums meet doublings and infinity.
  const edge = fc.constantFrom(1n, 2n, 3n, (p256.order + 1n) / 2n, p256.order - 2n, p256.order - 1n);
  const anyKey: Readonly<Record<Algorithm, fc.Arbitrary<SeededKey>>> = {
    EdDSA: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => ed25519Key(Buffer.from(bytes))),
    ES256: fc.oneof(edge, fc.bigInt({ min: 1n, max: p256.order - 1n })).map(p256Key),
  };
  const anyMessage = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  for (const alg of algorithms) {
    const fault = fc.record({
      at: fc.nat(),
      by: fc.integer({ min: 1, max: 255 }),
      of: fc.nat(samples[alg].length - 1),
    });
    const agree = fc.asyncProperty(anyKey[alg], anyMessage, fault, async (key, message, { of, at, by }) => {
      const whole = signed(alg, key, message);
      const bytes = Buffer.from(whole[of] ?? "");
      bytes.writeUInt8(bytes.readUInt8(at % bytes.length) ^ by, at % bytes.length);
      const calls = [whole, whole.with(of, bytes)];
      const [theirs, ours] = [calls.map((call) => nodeAccepts(alg, call)), await verdicts(alg, calls)];
      if (ours.join() === theirs.join() && ours[0] === true) return;
      // A signature by ECDSA is random whatever the seed, so the very bytes are told.
      const told = calls.map((call) => call.map((part) => part.toString("hex")).join(" "));
      throw new Error(`library ${theirs.join()}, database ${ours.join()}:\n${told.join("\n")}`);
    });
    await t.resolves(fc.assert(agree, { numRuns: 150, seed }), `${alg}, 150 keys`);
  }
});

t.test("ESIGN-2 no bit of a signature, a key or a message can change", async (t) => {
  for (const alg of algorithms) {
    const whole = samples[alg];
    const flips = whole.flatMap((bytes, argument) =>
      Array.from({ length: bytes.length * 8 }, (_, bit) => {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return whole.with(argument, flipped);
      }),
    );
    t.strictSame(await verdicts(alg, [whole]), [true], alg);
    const answers = await verdicts(alg, flips);
    t.equal(answers.length, alg === "EdDSA" ? 832 : 1_088);
    const passed = flips.filter((_, flip) => answers[flip] !== false);
    t.strictSame(passed, [], `${alg}: ${flips.length} flips`);
  }
});

t.test("ESIGN-2 Ed25519: a signature that is malformed or out of range is refused", (t) =>
  refuses(t, "EdDSA", malformedEd25519(samples.EdDSA)),
);

t.test("ESIGN-2 Ed25519: points of small order are refused, also where the equation holds", async (t) => {
  t.equal(smallOrderPoints.length, 14);
  // On purpose stricter than some: OpenSSL 3.0 takes such keys and such an R, 3.5 does not.
  await refuses(t, "EdDSA", forgedUnderSmallOrder(), false);
  await refuses(t, "EdDSA", identityAsR(), false);
  for (const point of smallOrderPoints) {
    t.equal(await isSound(publicJwk("EdDSA", [point]), "EdDSA"), false, point.toString("hex"));
  }
});

t.test("ESIGN-2 Ed25519: a key has one spelling", async (t) => {
  const sound: bigint[] = [];
  // On purpose stricter than OpenSSL, which reads p + y as y.
  for (let y = 2n; y < 19n; y++) {
    if ((await isSound(publicJwk("EdDSA", [littleEndian(y)]), "EdDSA")) === true) sound.push(y);
    t.equal(await isSound(publicJwk("EdDSA", [littleEndian(y + ed25519.p)]), "EdDSA"), false, `p + ${y}`);
  }
  t.strictSame(sound, [3n, 4n, 5n, 6n, 9n, 10n, 14n, 15n, 16n, 18n], "y of points");
});

t.test("ESIGN-2 ES256: a malformed or out of range signature, and a key off the curve are refused", async (t) => {
  const whole = samples.ES256;
  await refuses(t, "ES256", malformedEs256(whole, keys.ES256));
  // On purpose stricter than OpenSSL: a coordinate is of 32 bytes (RFC 7518, 6.2.1.2).
  const [x = "", y = "", , signature = ""] = whole.map((bytes) => bytes.toString("hex"));
  const long = { x: whole.with(0, Buffer.from(`00${x}`, "hex")), y: whole.with(1, Buffer.from(`00${y}`, "hex")) };
  await refuses(t, "ES256", long, false);
  for (const small of smallCoordinates) {
    t.equal(await isSound(publicJwk("ES256", small.map(bigEndian)), "ES256"), true);
    const beyond = small.map((coordinate) => bigEndian(coordinate < 10n ? coordinate + p256.p : coordinate));
    t.equal(await isSound(publicJwk("ES256", beyond), "ES256"), false, "p added");
  }
  // ECDSA has two signatures for each, r with s or n - s, and RFC 7518 takes both.
  const other = bigEndian(p256.order - BigInt(`0x${signature.slice(64)}`)).toString("hex");
  for (const call of [xBeyondOrder, whole.with(3, Buffer.from(signature.slice(0, 64) + other, "hex"))]) {
    t.strictSame([await verdicts("ES256", [call]), nodeAccepts("ES256", call)], [[true], true]);
  }
});

t.test("ESIGN-2 a key is of its own algorithm only, and each member is of its own type", async (t) => {
  const others: readonly (readonly [DetachedJws, DetachedJws])[] = [
    [rfc8037, rfc7515],
    [rfc7515, rfc8037],
  ];
  for (const [jws, other] of others) {
    const { alg, jwk, signature } = jws;
    for (const wrong of [other.alg, "none", "HS256", "ES384", "Ed25519", "eddsa", ""]) {
      t.equal(await verifyJws({ ...jws, alg: wrong }), false, `${alg} as ${wrong}`);
      t.equal(await isSound(jwk, wrong), false, `a key for ${alg} as ${wrong}`);
    }
    for (const wrong of wrongJwks(jws, other)) {
      t.equal(await verifyJws(jws, wrong), false, JSON.stringify(wrong));
      t.equal(await isSound(wrong, alg), false, `unsound: ${JSON.stringify(wrong)}`);
    }
    for (const wrong of [
      `${signature}=`,
      `${signature}==`,
      `${signature}\n`,
      ` ${signature}`,
      `${signature}A`,
      "",
      "*",
    ]) {
      t.equal(await verifyJws({ ...jws, signature: wrong }), false, `signature ${JSON.stringify(wrong)}`);
    }
  }
});

t.test("ESIGN-2 a coordinate is a JSON string, even where a number spells the same", async (t) => {
  const numbers = Array.from({ length: 64 }, (_, n) => `${"1".repeat(40)}${10 + n}0`);
  const { rows } = await app.query<{ text: boolean; number: boolean }>(
    `SELECT signing_key_is_sound(jsonb_build_object('kty', 'OKP', 'crv', 'Ed25519', 'x', x), 'EdDSA') AS text,
            signing_key_is_sound(jsonb_build_object('kty', 'OKP', 'crv', 'Ed25519', 'x', x::numeric), 'EdDSA') AS number
       FROM unnest($1::text[]) AS x`,
    [numbers],
  );
  t.ok(rows.some((row) => row.text));
  t.notOk(rows.some((row) => row.number));
});

t.test("ESIGN-2 the same bytes have one spelling in base64url", async (t) => {
  const wrong = "A|AAAAA|AA==|AA=|AAA=|AB|AAB|A-_|A+/A|AA AA|AAAA\n|\nAAAA|AA\r\nAA|AAÄA|AA.A|=".split("|");
  for (const text of wrong) t.equal(await evaluate("base64url_decode($1)", [text]), null, JSON.stringify(text));
  const roundTrip = fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (array) => {
    const bytes = Buffer.from(array);
    const text = bytes.toString("base64url");
    const same = "base64url_encode($1) = $2 AND base64url_decode($2) = $1";
    if ((await evaluate(same, [bytes, text])) !== true) throw new Error(text);
  });
  await t.resolves(fc.assert(roundTrip, { numRuns: 300, seed }));
});

t.test("ESIGN-2 what is NULL verifies nothing", async (t) => {
  const expressions: readonly (readonly [string, readonly unknown[]])[] = [
    ["verify_ed25519($1, $2, $3)", samples.EdDSA],
    ["verify_es256($1, $2, $3, $4)", samples.ES256],
    ["signing_key_is_sound($1, $2)", [JSON.stringify(rfc8037.jwk), "EdDSA"]],
    [
      "verify_detached_jws($1, $2, $3, $4, $5)",
      [JSON.stringify(rfc8037.jwk), "EdDSA", rfc8037.header, rfc8037.payload, rfc8037.signature],
    ],
  ];
  for (const [expression, values] of expressions) {
    t.equal(await evaluate(expression, values), true, expression);
    for (const place of values.keys())
      t.equal(await evaluate(expression, values.with(place, null)), null, `$${place + 1}`);
  }
});

t.test("ESIGN-2 the app role may run the checks and nobody but the owner may change them", async (t) => {
  const { rows } = await app.query<{
    signature: string;
    open: boolean;
    allowed: boolean;
    pure: boolean;
    path: string[];
  }>(
    `SELECT oid::regprocedure::text AS signature, has_function_privilege('public', oid, 'EXECUTE') AS open,
            has_function_privilege('countersign_app', oid, 'EXECUTE') AS allowed,
            provolatile = 'i' AND proisstrict AND proparallel = 's' AND NOT prosecdef AS pure, proconfig AS path
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        AND proname = ANY ('{base64url_encode,base64url_decode,bytes_to_number,number_to_bits,power_modulo,ed25519_point_x,
              verify_ed25519,is_p256_point,verify_es256,jwk_bytes,signing_key_is_sound,verify_detached_jws}')`,
  );
  t.equal(rows.length, 12);
  const path = ["search_path=pg_catalog, public, pg_temp"];
  for (const { signature, ...rest } of rows) {
    t.strictSame(rest, { open: false, allowed: true, pure: true, path }, signature);
    for (const change of [`DROP FUNCTION ${signature}`, `ALTER FUNCTION ${signature} SET search_path = pg_temp`]) {
      await t.rejects(app.query(change), { code: "42501" }, change);
    }
  }
  const yes = (name: string): string =>
    `CREATE OR REPLACE FUNCTION ${name} (bytea, bytea, bytea) RETURNS boolean RETURN true`;
  for (const name of ["verify_ed25519", "public.verify_ed25519", "pg_catalog.verify_ed25519"]) {
    await t.rejects(app.query(yes(name)), { code: "42501" }, name);
  }
});
