import { readFile } from "node:fs/promises";
import { c1Vocabulary } from "../../src/runs/builds/c1-vocabulary/index.ts";
import type { Generator } from "../generator.ts";

const folder = new URL("../../examples/", import.meta.url);
const read = (name: string): Promise<string> => readFile(new URL(name, folder), "utf8");

/** The examples that name the digests of the manifest, as they are written by hand otherwise. */
const withDigests = [
  "apr-c1-dry-run.json",
  "apr-c1-staging.json",
  "bindings-c1-dry-run.json",
  "bindings-c1-staging.json",
  "apr-c1-production.json",
  "bindings-c1-production.json",
];

/** A run of an example grant, with the whole manifest in it: what `countersign run start` takes. */
function run(root: string, authCode: string, bindings: unknown, manifest: unknown): string {
  const body = { idempotency_root: root, build: "c1-vocabulary", auth_code: authCode, bindings, input: { manifest } };
  const text = JSON.stringify(body, null, 2);
  // The formatter has short lists on one line.
  return `${text.replace(/\[\s+("[^"]*"(?:,\s+"[^"]*")*)\s+\]/g, (_, items: string) => `[${items.replace(/,\s+/g, ", ")}]`)}\n`;
}

/** The digests in the examples, and the runs: all from the one manifest. */
const examples: Generator = {
  name: "examples",
  async produce() {
    const manifest = JSON.parse(await read("manifest-c1.json")) as Parameters<
      typeof c1Vocabulary.digests
    >[0]["manifest"];
    const digests = c1Vocabulary.digests({ manifest });
    const files = new Map<string, string>();
    for (const name of withDigests) {
      const text = (await read(name))
        .replace(/("manifest_digest": )"[^"]*"/, `$1"${digests.manifest_digest}"`)
        .replace(/("schema_digest": )"[^"]*"/, `$1"${digests.schema_digest}"`);
      files.set(`examples/${name}`, text);
    }
    const bindingsOf = (name: string): unknown => JSON.parse(files.get(`examples/${name}`) ?? "null");
    files.set(
      "examples/run-c1-dry-run.json",
      run("c1-rehearsal-1", "GBA-C1-APR-2026-0001", bindingsOf("bindings-c1-dry-run.json"), manifest),
    );
    files.set(
      "examples/run-c1-staging.json",
      run("c1-staging-1", "GBA-C1-APR-2026-0002", bindingsOf("bindings-c1-staging.json"), manifest),
    );
    files.set(
      "examples/run-c1-production.json",
      run("c1-production-1", "GBA-C1-APR-2026-0004", bindingsOf("bindings-c1-production.json"), manifest),
    );
    return files;
  },
};

export default examples;
