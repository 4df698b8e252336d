// npm 11 links the pinned Node as node_modules/.bin/node. npm 10 links it too, and then removes the link together with the
// packages of the other platforms, whose commands have the same name. This puts it back, for commands typed by hand.
import { existsSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { findPinnedNode } from "../bin/pinned-node.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const link = join(root, "node_modules/.bin/node");
const node = findPinnedNode(root);

if (process.platform !== "win32" && node !== undefined && existsSync(dirname(link)) && !existsSync(link)) {
  symlinkSync(relative(dirname(link), node), link);
}
