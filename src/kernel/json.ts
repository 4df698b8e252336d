import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { scanJson } from "./json-scan.ts";
import { ServiceProblem } from "./problems.ts";

/** A byte order mark is kept, so that the scan refuses it as the stray character that it is (RFC 8259, section 8.1). */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Documents that we build around what was read (bundles, payloads) may be nested a little deeper than a body. */
const maxCanonicalDepth = 64;

/**
 * Reads a JSON text strictly: only what every reader understands alike gets in (see {@link scanJson}).
 *
 * @param bytes the body as it came over the wire
 * @returns the value, made of plain objects, arrays, strings, numbers, booleans and null
 * @throws ServiceProblem INVALID_REQUEST
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  scanJson(text);
  return JSON.parse(text);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    const detail = "The bytes are not valid UTF-8.";
    throw new ServiceProblem("INVALID_REQUEST", `The body is not valid JSON. ${detail}`, {
      errors: [{ pointer: "", detail }],
      cause,
    });
  }
}

/**
 * The canonical form of a JSON value (RFC 8785), the same text for the same content whatever the order of its keys.
 * Members that are `undefined` are left out, as in `JSON.stringify`.
 *
 * @throws TypeError where the value is not JSON (a date, a bigint, NaN): a mistake of ours, never of a client
 * @throws RangeError where it is nested deeper than 64 levels
 */
export function canonicalJson(value: unknown): string {
  requireJson(value, 0);
  return canonicalize(value) as string;
}

/** `sha256:` and 64 hex digits over the canonical form (APR-2). Throws like {@link canonicalJson}. */
export function digestOf(value: unknown): string {
  return digestOfBytes(canonicalJson(value));
}

/** `sha256:` and 64 hex digits over the bytes, or over the UTF-8 form of a string. */
export function digestOfBytes(bytes: Uint8Array | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function requireJson(value: unknown, depth: number): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value)) return;
  if (typeof value !== "object") throw new TypeError(`Not a JSON value: ${typeof value}`);
  if (depth === maxCanonicalDepth) throw new RangeError(`Nested deeper than ${maxCanonicalDepth} levels`);
  if (Array.isArray(value)) {
    for (const item of value) requireJson(item, depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new TypeError("Not a plain object");
  for (const member of Object.values(value)) {
    if (member !== undefined) requireJson(member, depth + 1);
  }
}
