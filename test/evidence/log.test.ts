import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { formatCheckpoint, parseCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import * as merkle from "../../src/evidence/log/merkle.ts";
import * as note from "../../src/evidence/log/note.ts";
import * as tiles from "../../src/evidence/log/tiles.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** The inputs that the reference implementations of certificate transparency are tested with. */
const inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map(
  (text) => Buffer.from(text, "hex"),
);
const roots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/** Leaves in tiles, as they are kept. */
function tiled(leaves: readonly Uint8Array[]): merkle.ReadNode {
  const levels: Uint8Array[][] = [leaves.map(merkle.leafHash)];
  for (let row = levels[0] ?? []; row.length >= 256; row = levels.at(-1) ?? []) {
    levels.push(
      Array.from({ length: Math.floor(row.length / 256) }, (_, n) =>
        tiles.tileHash(Buffer.concat(row.slice(n * 256, n * 256 + 256))),
      ),
    );
  }
  return tiles.nodesFrom(async (level, index) =>
    Buffer.concat((levels[level] ?? []).slice(index * 256, index * 256 + 256)),
  );
}

t.test("AUDIT-2 roots are those of RFC 9162 for the known inputs", async (t) => {
  t.equal(hex(merkle.emptyRoot), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const [at, root] of roots.entries()) {
    t.equal(hex(await merkle.rootOf(tiled(inputs), at + 1)), root, `of ${at + 1}`);
  }
});

t.test(
  "AUDIT-2 every inclusion and consistency proof of every small tree holds, and none holds for another",
  async (t) => {
    const leaves = Array.from({ length: 40 }, (_, n) => Buffer.from(`entry ${n}`));
    const read = tiled(leaves);
    for (let size = 1; size <= leaves.length; size += 1) {
      const root = await merkle.rootOf(read, size);
      for (let leaf = 0; leaf < size; leaf += 1) {
        const path = await merkle.inclusionProof(read, leaf, size);
        const proof = { leaf, size, hash: merkle.leafHash(leaves[leaf] as Uint8Array), path, root };
        if (!merkle.includes(proof)) t.fail(`leaf ${leaf} of ${size}`);
        if (merkle.includes({ ...proof, leaf: (leaf + 1) % size }) && size > 1)
          t.fail(`leaf ${leaf} of ${size} in another place`);
        if (merkle.includes({ ...proof, path: [...path, root] })) t.fail(`leaf ${leaf} of ${size} with a longer path`);
        if (path.length > 0 && merkle.includes({ ...proof, path: path.slice(1) }))
          t.fail(`leaf ${leaf} of ${size} with a shorter path`);
      }
      for (let first = 0; first <= size; first += 1) {
        const firstRoot = await merkle.rootOf(read, first);
        const path = await merkle.consistencyProof(read, first, size);
        const proof = { first, second: size, firstRoot, secondRoot: root, path };
        if (!merkle.consistent(proof)) t.fail(`${first} in ${size}`);
        if (merkle.consistent({ ...proof, firstRoot: merkle.leafHash(Buffer.from("x")) }))
          t.fail(`${first} in ${size} from another root`);
        if (merkle.consistent({ ...proof, path: [...path, root] })) t.fail(`${first} in ${size} with a longer path`);
      }
    }
    t.pass("all sizes up to 40");
  },
);

t.test("AUDIT-2 proofs hold across the borders of tiles", async (t) => {
  const leaves = Array.from({ length: 66_000 }, (_, n) => Buffer.from(`entry ${n}`));
  const read = tiled(leaves);
  const outcome = await fc.check(
    fc.asyncProperty(fc.integer({ min: 1, max: 66_000 }), fc.nat(), fc.nat(), async (size, a, b) => {
      const root = await merkle.rootOf(read, size);
      const [leaf, first] = [a % size, b % (size + 1)];
      const path = await merkle.inclusionProof(read, leaf, size);
      const included = merkle.includes({ leaf, size, hash: merkle.leafHash(leaves[leaf] as Uint8Array), path, root });
      const grown = merkle.consistent({
        first,
        second: size,
        firstRoot: await merkle.rootOf(read, first),
        secondRoot: root,
        path: await merkle.consistencyProof(read, first, size),
      });
      return included && grown && path.length <= 17;
    }),
    { numRuns: 60 },
  );
  t.notOk(outcome.failed, fc.defaultReportMessage(outcome) ?? `seed ${outcome.seed}`);
});

t.test("AUDIT-2 paths of tiles are those of C2SP tlog-tiles, in one spelling", async (t) => {
  t.equal(tiles.tilePath({ level: 0, index: 1_234_067, width: 256 }), "tile/0/x001/x234/067");
  t.equal(tiles.tilePath({ level: "entries", index: 0, width: 5 }), "tile/entries/000.p/5");
  for (const tile of [
    { level: 3, index: 999, width: 255 },
    { level: "entries" as const, index: 1_000, width: 256 },
  ]) {
    t.same(tiles.parseTilePath(tiles.tilePath(tile)), tile);
  }
  for (const text of [
    "tile/64/000",
    "tile/00/000",
    "tile/0/x000/001",
    "tile/0/1",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/05",
    "tile/0/000/x001",
  ]) {
    t.equal(tiles.parseTilePath(text), undefined, text);
  }
  t.same(tiles.tilesOf(70_000, 0), { full: 273, partial: 112 });
  t.same(tiles.tilesOf(70_000, 1), { full: 1, partial: 17 });
  t.same(tiles.tilesOf(70_000, 2), { full: 0, partial: 1 });
  t.same(tiles.tilesOf(256, 1), { full: 0, partial: 1 });
});

t.test("AUDIT-2 the note of the C2SP document is signed by its key, and no altered one is", async (t) => {
  const key = note.parseVerifierKey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  const text =
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
  t.equal(note.signedBy(note.parseNote(text), key), 0);
  t.equal(note.formatNote(note.parseNote(text)), text);
  t.equal(note.verifierKey(key), "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
  for (let at = 0; at < text.length; at += 1) {
    const altered = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);
    const accepted = (): boolean => {
      try {
        return note.signedBy(note.parseNote(altered), key) !== undefined;
      } catch {
        return false;
      }
    };
    if (accepted()) t.fail(`byte ${at}`);
  }
});

t.test("AUDIT-2 checkpoints are signed and cosigned, each in its own form", async (t) => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const log = note.noteKey("log.example/a", publicKey);
  const witness = note.noteKey("witness.example/w", publicKey, "cosignature");
  const checkpoint = { origin: "log.example/a", size: 12, root: merkle.leafHash(Buffer.from("x")) };
  const text = formatCheckpoint(checkpoint);
  t.same(
    { ...parseCheckpoint(text), root: hex(parseCheckpoint(text).root) },
    { ...checkpoint, root: hex(checkpoint.root) },
  );
  const signatures = [note.signNote(text, log, privateKey), note.cosign(text, witness, privateKey, 1_700_000_000)];
  const both = note.parseNote(note.formatNote({ text, signatures }));
  t.equal(note.signedBy(both, log), 0);
  t.equal(note.signedBy(both, witness), 1_700_000_000);
  t.equal(note.signedBy(both, note.noteKey("stranger.example", publicKey)), undefined);
  for (const wrong of ["a\n1\n", "a\n01\nx\n", "\n1\n", `a\n1\n${Buffer.alloc(31).toString("base64")}\n`])
    t.throws(() => parseCheckpoint(wrong));
  t.throws(() => note.signedBy({ ...both, text: text.replace("12", "13") }, log), { message: /is false/ });
});
