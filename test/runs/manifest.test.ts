import { createHash } from "node:crypto";
import fc from "fast-check";
import pg from "pg";
import t from "tap";
import { inOrder, manifestDigest, refuseDuplicates } from "../../src/runs/builds/c1-vocabulary/manifest.ts";
import type { Entry } from "../../src/runs/builds/c1-vocabulary/schemas.ts";
import { c1Vocabulary } from "../../src/runs/builds/c1-vocabulary/index.ts";
import { useDatabase } from "../support/cluster.ts";

const entry = (operation_code: string, protocol_version = "1", description = "x"): Entry => ({
  operation_code,
  protocol_version,
  description,
});
const digestOf = (entries: readonly Entry[]): string =>
  c1Vocabulary.digests({ manifest: { entries: [...entries] } }).manifest_digest;

/** Codes and versions as the schema lets them in. */
const part = fc.stringMatching(/^[a-z0-9_]{1,4}$/);
const code = fc
  .tuple(
    fc.constantFrom("a", "b", "a_", "a0"),
    fc.array(fc.tuple(fc.constantFrom(".", ":", "-"), part), { maxLength: 3 }),
  )
  .map(([first, more]) => first + more.flat().join(""));
const version = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("."));
const entries = fc.uniqueArray(
  fc.record({
    operation_code: code,
    protocol_version: version,
    description: fc.string({ unit: "grapheme", minLength: 1 }),
  }),
  { minLength: 1, maxLength: 30, selector: (one) => `${one.operation_code}@${one.protocol_version}` },
);

t.test("RUN-4 the digest of a manifest, worked out by hand", (t) => {
  const text =
    '{"entries":[{"description":"é \\"1\\"\\n","operation_code":"a","protocol_version":"1"},' +
    '{"description":"x","operation_code":"a","protocol_version":"1.10"},' +
    '{"description":"x","operation_code":"a","protocol_version":"1.9"},' +
    '{"description":"x","operation_code":"a.b","protocol_version":"1"}]}';
  const expected = `sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`;
  t.equal(digestOf([entry("a.b"), entry("a", "1.9"), entry("a", "1.10"), entry("a", "1", 'é "1"\n')]), expected);
  t.equal(manifestDigest([]), `sha256:${createHash("sha256").update('{"entries":[]}').digest("hex")}`);
  t.end();
});

t.test("RUN-4 the order of the entries does not count, and each character of each of them does", (t) => {
  fc.assert(
    fc.property(entries, fc.nat(), (some, shuffle) => {
      const turned = some.toSorted((a, b) => hashed(a, shuffle) - hashed(b, shuffle));
      return digestOf(turned) === digestOf(some);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(
      entries,
      fc.nat(),
      fc.constantFrom("operation_code", "protocol_version", "description"),
      (some, at, field) => {
        const position = at % some.length;
        const changed = some.map((one, index) => (index === position ? { ...one, [field]: `${one[field]}0` } : one));
        return digestOf(changed) !== digestOf(some) && digestOf(some.toSpliced(position, 1)) !== digestOf(some);
      },
    ),
    { numRuns: 300 },
  );
  t.end();
});

function hashed(one: Entry, salt: number): number {
  return createHash("sha256")
    .update(`${salt}${JSON.stringify(one)}`)
    .digest()
    .readUInt32BE();
}

t.test("RUN-4 the order is the one in which PostgreSQL reads them back", async (t) => {
  const { ownerUrl } = await useDatabase(t, { migrated: false });
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  t.teardown(() => client.end());
  const some = fc.sample(entries, { numRuns: 40, seed: 7 });
  for (const given of some) {
    const { rows } = await client.query<Pick<Entry, "operation_code" | "protocol_version">>(
      `SELECT operation_code, protocol_version FROM unnest($1::text[], $2::text[]) AS e (operation_code, protocol_version)
        ORDER BY operation_code COLLATE "C", protocol_version COLLATE "C"`,
      [given.map((one) => one.operation_code), given.map((one) => one.protocol_version)],
    );
    const ours = given
      .toSorted(inOrder)
      .map(({ operation_code, protocol_version }) => ({ operation_code, protocol_version }));
    t.strictSame(rows, ours);
  }
});

t.test("RUN-4 each version that a manifest names again is pointed at, together with where it stands", (t) => {
  const refused = (...given: readonly Entry[]): unknown => {
    try {
      refuseDuplicates({ manifest: { entries: [...given] } });
      return undefined;
    } catch (error) {
      return error;
    }
  };
  t.equal(refused(entry("a", "1"), entry("a", "2"), entry("a", "1.0"), entry("b", "1")), undefined);
  t.match(refused(entry("b"), entry("a"), entry("a", "1", "said otherwise"), entry("b")), {
    code: "INVALID_REQUEST",
    errors: [
      { pointer: "/input/manifest/entries/2", detail: "is a@1, as entry 1 is" },
      { pointer: "/input/manifest/entries/3", detail: "is b@1, as entry 0 is" },
    ],
  });
  const many = refused(...Array.from({ length: 200 }, () => entry("a"))) as { errors: unknown[] };
  t.equal(many.errors.length, 20, "the list is bounded");
  t.end();
});
