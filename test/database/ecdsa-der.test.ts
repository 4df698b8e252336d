import { createPublicKey, randomInt, verify } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import t from "tap";
import { rawOfDer } from "../../src/signatures/webauthn/ecdsa-der.ts";
import { assertionOf, makePasskey } from "../support/authenticator.ts";
import { useDatabase } from "../support/cluster.ts";
import { sha256 } from "./passkey-forgeries.ts";

t.setTimeout(120_000);

const bytes = (encoded: string): Buffer => Buffer.from(encoded, "base64url");

/** Replayed with `node <this file> --seed=<the seed that was printed>`. */
const given = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
t.comment(`seed ${seed}`);

t.test(
  "ESIGN-2 the database reads DER as the service does: the one spelling of two numbers, and nothing else",
  async (t) => {
    const database = await useDatabase(t);
    const app = new pg.Client({ connectionString: database.appUrl });
    await app.connect();
    t.teardown(() => app.end());
    const inDatabase = async (all: readonly Buffer[]) => {
      const sql =
        "SELECT ecdsa_der_to_raw(der) AS raw FROM unnest($1::bytea[]) WITH ORDINALITY AS one (der, n) ORDER BY n";
      return (await app.query<{ raw: Buffer | null }>(sql, [all])).rows.map(({ raw }) => raw?.toString("hex"));
    };
    const number = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 33 }),
      fc.constantFrom(
        Uint8Array.of(0),
        Uint8Array.of(0x7f),
        Uint8Array.of(0, 0x80),
        Uint8Array.of(0x80),
        Uint8Array.of(0, 0),
      ),
    );
    const part = (one: Uint8Array) => Buffer.concat([Buffer.from([2, one.length]), one]);
    const spelled = fc.tuple(number, number).map(([r, s]) => {
      const body = Buffer.concat([part(r), part(s)]);
      return Buffer.concat([Buffer.from([0x30, body.length]), body]);
    });
    const broken = fc.tuple(spelled, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([der, at, by]) => {
      const copy = Buffer.from(der);
      copy.writeUInt8(copy.readUInt8(at % copy.length) ^ by, at % copy.length);
      return copy;
    });
    const any = fc.oneof(
      spelled,
      broken,
      fc.uint8Array({ maxLength: 80 }).map((one) => Buffer.from(one)),
    );
    const agree = fc.asyncProperty(fc.array(any, { minLength: 40, maxLength: 60 }), async (all) => {
      const [theirs, ours] = [await inDatabase(all), all.map((der) => rawOfDer(der)?.toString("hex"))];
      const at = all.findIndex((_, place) => theirs[place] !== ours[place]);
      if (at >= 0) throw new Error(`${all[at]?.toString("hex")}: database ${theirs[at]}, service ${ours[at]}`);
    });
    await t.resolves(fc.assert(agree, { numRuns: 60, seed }), "60 times 40 to 60 spellings");
    const { privateKey } = makePasskey();
    const publicKey = createPublicKey(privateKey);
    const passkey = { ...makePasskey(), privateKey };
    const samples = Array.from({ length: 100 }, (_, n) => assertionOf(passkey, String(n), "https://a.example"));
    const raws = await inDatabase(samples.map(({ signature }) => bytes(signature)));
    for (const [n, { authenticator_data, client_data_json }] of samples.entries()) {
      const signed = Buffer.concat([bytes(authenticator_data), sha256(bytes(client_data_json))]);
      const raw = Buffer.from(raws[n] ?? "", "hex");
      if (!verify("sha256", signed, { key: publicKey, dsaEncoding: "ieee-p1363" }, raw)) t.fail(`signature ${n}`);
    }
  },
);
