import { createHash, hash as hashOf } from "node:crypto";

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

/** Reads the hash of a complete subtree: of the leaves from `index * 2 ** level` on, `2 ** level` of them. */
export type ReadNode = (level: number, index: number) => Promise<Hash>;

/** RFC 9162, 2.1.1: the hash of one leaf. */
export function leafHash(entry: Uint8Array): Hash {
  return createHash("sha256").update(leafPrefix).update(entry).digest();
}

/** RFC 9162, 2.1.1: the hash of two subtrees, the left one complete. */
export function nodeHash(left: Hash, right: Hash): Hash {
  // In one call over one buffer: thousands of these are behind each batch that is sealed.
  const both = Buffer.allocUnsafe(1 + left.length + right.length);
  both[0] = nodePrefix;
  both.set(left, 1);
  both.set(right, 1 + left.length);
  return hashOf("sha256", both, "buffer");
}

/** The root of a tree without leaves. */
export const emptyRoot: Hash = createHash("sha256").digest();

const leafPrefix = Uint8Array.of(0);
const nodePrefix = 1;

/** A complete subtree by its place. */
export interface Node {
  readonly level: number;
  readonly index: number;
}

/** The largest complete subtrees that make up the leaves from `start` to `end`, from left to right; `start` must be where one begins. */
export function subtrees(start: number, end: number): Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/** The root of what lies between two leaves, where the left one begins a subtree of its size (RFC 9162, 2.1.1). */
export async function rangeRoot(read: ReadNode, start: number, end: number): Promise<Hash> {
  const hashes = await Promise.all(subtrees(start, end).map(({ level, index }) => read(level, index)));
  const root = hashes.reduceRight<Hash | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  );
  return root ?? emptyRoot;
}

/** The root of the first `size` leaves. */
export function rootOf(read: ReadNode, size: number): Promise<Hash> {
  return rangeRoot(read, 0, size);
}

/**
 * RFC 9162, 2.1.3.1: what shows that the leaf is in the tree of that size, from the leaf upwards.
 * @throws RangeError where it is not in it
 */
export async function inclusionProof(read: ReadNode, leaf: number, size: number): Promise<Hash[]> {
  if (!(leaf >= 0 && leaf < size)) throw new RangeError(`leaf ${leaf} is not in a tree of ${size}`);
  return path(read, leaf, 0, size);
}

async function path(read: ReadNode, leaf: number, start: number, end: number): Promise<Hash[]> {
  if (end - start === 1) return [];
  const middle = start + largestPowerBelow(end - start);
  return leaf < middle
    ? [...(await path(read, leaf, start, middle)), await rangeRoot(read, middle, end)]
    : [...(await path(read, leaf, middle, end)), await rangeRoot(read, start, middle)];
}

/**
 * RFC 9162, 2.1.4.1: what shows that the larger tree begins with the smaller one.
 * @throws RangeError where the sizes are not in order
 */
export async function consistencyProof(read: ReadNode, first: number, second: number): Promise<Hash[]> {
  if (!(first >= 0 && first <= second)) throw new RangeError(`a tree of ${second} does not begin with one of ${first}`);
  return first === 0 || first === second ? [] : subproof(read, first, 0, second, true);
}

async function subproof(read: ReadNode, first: number, start: number, end: number, whole: boolean): Promise<Hash[]> {
  const width = end - start;
  if (first === width) return whole ? [] : [await rangeRoot(read, start, end)];
  const split = largestPowerBelow(width);
  return first <= split
    ? [...(await subproof(read, first, start, start + split, whole)), await rangeRoot(read, start + split, end)]
    : [
        ...(await subproof(read, first - split, start + split, end, false)),
        await rangeRoot(read, start, start + split),
      ];
}

function largestPowerBelow(width: number): number {
  let power = 1;
  while (power * 2 < width) power *= 2;
  return power;
}

/** RFC 9162, 2.1.3.2: whether the proof leads from the leaf's hash to the root. */
export function includes(proof: {
  leaf: number;
  size: number;
  hash: Hash;
  path: readonly Hash[];
  root: Hash;
}): boolean {
  const { leaf, size, root } = proof;
  if (!(Number.isSafeInteger(leaf) && leaf >= 0 && leaf < size)) return false;
  if (!areHashes([proof.hash, root, ...proof.path])) return false;
  let [fn, sn, hash] = [leaf, size - 1, proof.hash];
  for (const sibling of proof.path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else hash = nodeHash(hash, sibling);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && equal(hash, root);
}

/** A smaller tree that is a complete subtree of the larger one is not in its proof, and begins it. */
function pathFrom(first: number, firstRoot: Hash, given: readonly Hash[]): readonly Hash[] {
  return Number.isInteger(Math.log2(first)) ? [firstRoot, ...given] : given;
}

function inOrder(first: number, second: number): boolean {
  return Number.isSafeInteger(first) && first >= 0 && first <= second;
}

/** Where there is nothing to prove: the same tree, or one without leaves, which every tree begins with. */
function plainlyConsistent(heads: { first: number; second: number; firstRoot: Hash; secondRoot: Hash }): boolean {
  const { first, second, firstRoot, secondRoot } = heads;
  if (first === 0 && !equal(firstRoot, emptyRoot)) return false;
  return first === second ? equal(firstRoot, secondRoot) : areHashes([secondRoot]);
}

/** RFC 9162, 2.1.4.2: whether the proof shows that the tree with the second root begins with that of the first. */
export function consistent(proof: {
  first: number;
  second: number;
  firstRoot: Hash;
  secondRoot: Hash;
  path: readonly Hash[];
}): boolean {
  const { first, second, firstRoot, secondRoot } = proof;
  if (!inOrder(first, second)) return false;
  if (first === 0 || first === second) return proof.path.length === 0 && plainlyConsistent(proof);
  if (!areHashes([firstRoot, secondRoot, ...proof.path])) return false;
  const [start, ...rest] = pathFrom(first, firstRoot, proof.path);
  if (start === undefined) return false;
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  let [old, grown] = [start, start];
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      [old, grown] = [nodeHash(sibling, old), nodeHash(sibling, grown)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else grown = nodeHash(grown, sibling);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && equal(old, firstRoot) && equal(grown, secondRoot);
}

/** Whether nothing shorter or longer passes for a hash. */
function areHashes(hashes: readonly Hash[]): boolean {
  return hashes.every((hash) => hash.length === 32);
}

function equal(a: Hash, b: Hash): boolean {
  return Buffer.compare(a, b) === 0;
}
