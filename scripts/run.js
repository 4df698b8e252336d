// `node scripts/run.js <program> [arguments]`: what the npm scripts start their programs with, whatever Node npm runs on.
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { start } from "../bin/pinned-node.js";

const [program, ...args] = process.argv.slice(2);
start(fileURLToPath(new URL("..", import.meta.url)), resolve(program), args);
