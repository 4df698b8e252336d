import { readFileSync } from "node:fs";
import t from "tap";
import { parseCheckpoint, formatCheckpoint } from "../../src/evidence/log/checkpoint.ts";
import * as merkle from "../../src/evidence/log/merkle.ts";
import * as note from "../../src/evidence/log/note.ts";
import { parseLogSigner } from "../../src/evidence/log/signer.ts";
import * as tiles from "../../src/evidence/log/tiles.ts";
import { canonicalJson } from "../../src/kernel/json.ts";

/** Vectors that others have published; each file says whose they are. */
function vectors<Shape>(name: string): Shape {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), "utf8")) as Shape;
}

const bytes = (text: string | null): Buffer => Buffer.from(text ?? "", "base64");

interface Proof {
  readonly file: string;
  readonly desc: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

interface Inclusion extends Proof {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly root: string;
  readonly leafHash: string;
}

interface Consistency extends Proof {
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
}

const proofs = vectors<{ inclusion: Inclusion[]; consistency: Consistency[] }>("rfc9162-proofs");

t.test(
  "AUDIT-2 the inclusion proofs of the certificate transparency project hold, and those that must not do not",
  async (t) => {
    for (const { file, desc, ...given } of proofs.inclusion) {
      const proof = {
        leaf: given.leafIdx,
        size: given.treeSize,
        hash: bytes(given.leafHash),
        path: (given.proof ?? []).map(bytes),
        root: bytes(given.root),
      };
      if (merkle.includes(proof) === given.wantErr) t.fail(`${file}: ${desc}`);
    }
    t.equal(proofs.inclusion.length, 98);
    t.ok(proofs.inclusion.some(({ wantErr }) => !wantErr));
  },
);

t.test(
  "AUDIT-2 the consistency proofs of the certificate transparency project hold, and those that must not do not",
  async (t) => {
    for (const { file, desc, ...given } of proofs.consistency) {
      const proof = {
        first: given.size1,
        second: given.size2,
        firstRoot: bytes(given.root1),
        secondRoot: bytes(given.root2),
        path: (given.proof ?? []).map(bytes),
      };
      if (merkle.consistent(proof) === given.wantErr) t.fail(`${file}: ${desc}`);
    }
    t.equal(proofs.consistency.length, 98);
    t.ok(proofs.consistency.some(({ wantErr }) => !wantErr));
  },
);

t.test("AUDIT-2 our tree of the same eight leaves gives the same proofs", async (t) => {
  const leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
  const hashes = Buffer.concat(leaves.map((hex) => merkle.leafHash(Buffer.from(hex, "hex"))));
  const read = tiles.nodesFrom(async () => hashes);
  const good = <P extends Proof>(all: readonly P[]): P[] => all.filter(({ file }) => file.endsWith("happy-path"));
  for (const { leafIdx, treeSize, proof, root, leafHash } of good(proofs.inclusion)) {
    t.same(await merkle.inclusionProof(read, leafIdx, treeSize), (proof ?? []).map(bytes), `${leafIdx} of ${treeSize}`);
    t.same(await merkle.rootOf(read, treeSize), bytes(root));
    t.same(await read(0, leafIdx), bytes(leafHash));
  }
  for (const { size1, size2, proof, root1, root2 } of good(proofs.consistency)) {
    t.same(await merkle.consistencyProof(read, size1, size2), (proof ?? []).map(bytes), `${size1} in ${size2}`);
    t.same([await merkle.rootOf(read, size1), await merkle.rootOf(read, size2)], [bytes(root1), bytes(root2)]);
  }
  t.ok(good(proofs.inclusion).length >= 4 && good(proofs.consistency).length >= 4);
});

interface C2sp {
  readonly go: Readonly<
    Record<"signer" | "peter" | "enoch" | "text" | `${"peter" | "enoch"}${"Signature" | "Altered"}`, string>
  > & {
    readonly badKeys: readonly string[];
    readonly malformed: readonly string[];
  };
  readonly signedNote: { readonly vkey: string; readonly note: string; readonly ofManyLines: string };
  readonly checkpoint: { readonly note: string; readonly origin: string; readonly size: number; readonly root: string };
  readonly cosignature: { readonly note: string; readonly time: number; readonly signed: string };
  readonly witness: { readonly request: string; readonly answer: string };
  readonly tiles: {
    readonly path: { readonly index: number; readonly text: string };
    readonly sizes: readonly { readonly size: number; readonly levels: readonly { full: number; partial: number }[] }[];
  };
}

const c2sp = vectors<C2sp>("c2sp");

t.test("AUDIT-2 the notes of Go's sumdb are signed alike, opened alike and refused alike", async (t) => {
  const { go } = c2sp;
  const [peter, enoch] = [note.parseVerifierKey(go.peter), note.parseVerifierKey(go.enoch)];
  const signer = parseLogSigner(go.signer);
  t.equal(note.verifierKey(signer.key), go.peter);
  const signed = note.formatNote({
    text: go.text,
    signatures: [note.signNote(go.text, signer.key, signer.privateKey)],
  });
  t.equal(signed, `${go.text}\n${go.peterSignature}`, "the same signature, byte by byte");
  const both = note.parseNote(`${go.text}\n${go.peterSignature}${go.enochSignature}`);
  t.same([note.signedBy(both, peter), note.signedBy(both, enoch)], [0, 0]);
  t.equal(note.signedBy(note.parseNote(`${go.text}\n${go.enochSignature}`), peter), undefined);
  const repeated = (times: number): string => `${go.text}\n${go.peterSignature.repeat(times)}`;
  t.equal(note.signedBy(note.parseNote(repeated(16)), peter), 0, "as many as every reader takes");
  t.throws(() => note.parseNote(repeated(101)), TypeError);
  t.throws(() => note.signedBy(note.parseNote(`${go.text}\n${go.peterAltered}`), peter), { message: /is false/ });
  const others = note.parseNote(`${go.text}\n${go.peterSignature}${go.enochSignature}${go.enochAltered}`);
  t.equal(note.signedBy(others, peter), 0, "what an unknown key has signed is passed over");
  for (const text of go.malformed) t.throws(() => note.parseNote(text), TypeError, JSON.stringify(text.slice(-40)));
});

t.test("AUDIT-2 the verifier keys of Go's sumdb that must be refused are refused", async (t) => {
  const { peter, badKeys } = c2sp.go;
  const refused = (text: string): boolean => {
    try {
      return note.parseVerifierKey(text), false;
    } catch (error) {
      return error instanceof TypeError;
    }
  };
  for (let from = 0; from <= peter.length; from += 1) {
    for (let to = from + 1; to <= peter.length; to += 1) {
      if (to - from < peter.length && !refused(peter.slice(from, to))) t.fail(peter.slice(from, to));
    }
  }
  for (let at = 0; at < peter.length; at += 1) {
    const next = peter.slice(0, at) + String.fromCharCode(peter.charCodeAt(at) + 1) + peter.slice(at + 1);
    if (!refused(next)) t.fail(next);
  }
  for (const text of badKeys) t.ok(refused(text), text);
});

t.test("AUDIT-2 the notes, checkpoints and cosignatures of the C2SP documents are read as they say", async (t) => {
  const { signedNote, checkpoint, cosignature } = c2sp;
  t.equal(note.signedBy(note.parseNote(signedNote.note), note.parseVerifierKey(signedNote.vkey)), 0);
  for (const text of [signedNote.note, signedNote.ofManyLines, checkpoint.note, cosignature.note]) {
    t.equal(note.formatNote(note.parseNote(text)), text);
  }
  t.ok(
    note.parseNote(signedNote.ofManyLines).text.endsWith("\n\ned è subito sera.\n"),
    "an empty line may be in the text",
  );
  const head = parseCheckpoint(note.parseNote(checkpoint.note).text);
  t.same(
    { ...head, root: Buffer.from(head.root).toString("base64") },
    { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root },
  );
  t.equal(formatCheckpoint(head), note.parseNote(checkpoint.note).text);
  const line = note.parseNote(cosignature.note).signatures[1];
  t.equal(line?.name, "witness.example.com/w1");
  t.equal(line?.signature.length, 72, "a time and a signature");
  t.equal(Number(line?.signature.readBigUInt64BE(0)), cosignature.time);
  t.equal(
    note.cosignedText(note.parseNote(cosignature.note).text, BigInt(cosignature.time)).toString(),
    cosignature.signed,
  );
});

t.test("AUDIT-2 the example messages of C2SP tlog-witness have the form that we write and read", async (t) => {
  const { request, answer } = c2sp.witness;
  const split = request.indexOf("\n\n");
  const [old, ...path] = request.slice(0, split).split("\n");
  t.equal(old, "old 20852014");
  t.ok(path.every((line) => bytes(line).length === 32));
  const sent = note.parseNote(request.slice(split + 2));
  t.equal(parseCheckpoint(sent.text).size, 20_852_163);
  t.equal(sent.signatures.length, 2, "the log may sign with two keys");
  const lines = answer.split("\n").filter(Boolean).map(note.parseSignature);
  t.same(
    lines.map(({ name }) => name),
    ["witness.example/w1", "witness.example/w1", "witness.example/w2"],
  );
  t.ok(lines.every(({ signature }) => signature.length === 72));
});

t.test("AUDIT-2 tiles are those of C2SP tlog-tiles, in path and number", async (t) => {
  const { path, sizes } = c2sp.tiles;
  t.equal(tiles.tilePath({ level: 3, index: path.index, width: 256 }), `tile/3/${path.text}`);
  t.same(tiles.parseTilePath(`tile/3/${path.text}`), { level: 3, index: path.index, width: 256 });
  for (const { size, levels } of sizes) {
    for (const [level, expected] of levels.entries())
      t.same(tiles.tilesOf(size, level), expected, `${size}, level ${level}`);
  }
});

interface Canonical {
  readonly documents: readonly { readonly name: string; readonly input: string; readonly output: string }[];
  readonly numbers: { readonly finite: readonly (readonly [string, string])[]; readonly refused: readonly string[] };
}

t.test(
  "APR-2 AUDIT-2 the test data of RFC 8785 comes out byte by byte, and its numbers as in Appendix B",
  async (t) => {
    const { documents, numbers } = vectors<Canonical>("rfc8785");
    for (const { name, input, output } of documents) t.equal(canonicalJson(JSON.parse(input)), output, name);
    const double = (hex: string): number => Buffer.from(hex, "hex").readDoubleBE(0);
    for (const [hex, text] of numbers.finite) t.equal(canonicalJson(double(hex)), text, hex);
    for (const hex of numbers.refused) t.throws(() => canonicalJson(double(hex)), TypeError, hex);
    t.same([documents.length, numbers.finite.length], [6, 24]);
  },
);
