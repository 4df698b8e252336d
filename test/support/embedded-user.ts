// A process of its own that uses the embedded PostgreSQL of a data directory: says so in one line of JSON, and
// leaves when its standard input ends.
import { once } from "node:events";
import { readPidFile } from "../../src/database/embedded/postmaster.ts";
import { startEmbedded } from "../../src/database/embedded/index.ts";

const dataDir = process.argv[2] ?? "";
const server = await startEmbedded({ dataDir, settings: { fsync: "off" }, log: () => undefined });
const postmaster = await readPidFile(`${dataDir}/postgres`);
process.stdout.write(
  `${JSON.stringify({ port: server.port, password: server.password, postmaster: postmaster?.pid })}\n`,
);
process.stdin.resume();
await once(process.stdin, "end");
await server.stop();
