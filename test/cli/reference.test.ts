import { readFileSync } from "node:fs";
import t from "tap";
import { makeProgram } from "../../src/cli/program.ts";
import { referencePage } from "../../src/cli/reference.ts";

t.test("operations: docs/reference/cli.md is what the commands say (npm run generate -- cli)", (t) => {
  const page = readFileSync(new URL("../../docs/reference/cli.md", import.meta.url), "utf8");
  t.equal(page, referencePage(makeProgram()));
  t.end();
});
