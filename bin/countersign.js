#!/usr/bin/env node
// The `countersign` command: in a checkout the TypeScript sources run, in a package what was built from them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { fail, start } from "./pinned-node.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = ["src/cli/main.ts", "dist/cli/main.js"].map((path) => join(root, path)).find((path) => existsSync(path));

if (entry === undefined) fail("neither src/cli/main.ts nor dist/cli/main.js is there: run `npm run build`");
else start(root, entry, process.argv.slice(2));
