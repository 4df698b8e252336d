import type { KeyLink } from "./follow.ts";

/** A link as it is written to a file. */
export type WrittenLink = Omit<KeyLink, "path"> & { readonly path: string[] };

export function writeLink({ path, ...said }: KeyLink): WrittenLink {
  return { ...said, path: path.map((hash) => Buffer.from(hash).toString("base64")) };
}

export function readLink({ path, ...said }: WrittenLink): KeyLink {
  return { ...said, path: path.map((hash) => Buffer.from(hash, "base64")) };
}
