import { readFileSync } from "node:fs";

/** The version of the package, as in package.json beside the sources and beside what is built from them. */
export const version: string = (
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }
).version;
