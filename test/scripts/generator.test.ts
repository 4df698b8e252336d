import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { differences, settle } from "../../scripts/generator.ts";

t.test("a tree is compared with what its generator makes, and brought to it", async (t) => {
  const root = t.testdir({
    docs: { states: { "grant.md": "old", "kept.md": "kept", "gone.md": "of a table that is no more" } },
    "README.md": "not the generator's",
  });
  const files = new Map([
    ["docs/states/grant.md", "new"],
    ["docs/states/kept.md", "kept"],
    ["docs/states/deep/lease.md", "lease"],
  ]);
  const found = await differences(root, files, ["docs/states", "docs/absent"]);
  t.strictSame(found, [
    { path: "docs/states/deep/lease.md", is: "missing" },
    { path: "docs/states/gone.md", is: "stale" },
    { path: "docs/states/grant.md", is: "changed" },
  ]);

  await settle(root, files, found);
  t.strictSame(await differences(root, files, ["docs/states"]), []);
  t.equal(readFileSync(join(root, "docs/states/grant.md"), "utf8"), "new");
  t.notOk(existsSync(join(root, "docs/states/gone.md")));
  t.ok(existsSync(join(root, "README.md")));
});
