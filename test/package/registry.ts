import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { Owner } from "../support/service.ts";

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean }>>;
}

/**
 * A package registry with just what a package is in this checkout's lockfile, made of this checkout's node_modules: an install
 * from it is the same with a network and without one. Only development packages are not in it.
 */
export async function localRegistry(
  t: Owner,
  root: string,
): Promise<{ readonly url: string; readonly served: string[] }> {
  const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8")) as Lock;
  const directories = new Map<string, string[]>();
  for (const [directory, { dev }] of Object.entries(packages)) {
    if (directory === "" || dev === true) continue;
    const name = directory.slice(directory.lastIndexOf("node_modules/") + "node_modules/".length);
    directories.set(name, [...(directories.get(name) ?? []), directory]);
  }
  const served: string[] = [];
  let url = "";
  const server = createServer((request, response) => {
    const asked = decodeURIComponent((request.url ?? "/").slice(1));
    if (asked.startsWith("-/")) return sendPackage(path.join(root, asked.slice(2)), response);
    const versions = (directories.get(asked) ?? []).flatMap((directory) => manifestIn(root, directory, url));
    if (versions.length === 0) return response.writeHead(404, { "content-type": "application/json" }).end("{}");
    served.push(asked);
    const body = {
      name: asked,
      "dist-tags": { latest: versions[0]?.version },
      versions: Object.fromEntries(versions.map((one) => [one.version, one])),
    };
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, served };
}

/** What the registry says of a package that is there; of another platform's, which is not, nothing. */
function manifestIn(root: string, directory: string, url: string): { readonly version: string }[] {
  try {
    const manifest = JSON.parse(readFileSync(path.join(root, directory, "package.json"), "utf8")) as {
      version: string;
    };
    return [{ ...manifest, dist: { tarball: `${url}/-/${encodeURIComponent(directory)}` } } as { version: string }];
  } catch {
    return [];
  }
}

/** Packs a directory as a registry has it: everything below one folder, without what is installed within. */
function sendPackage(directory: string, response: ServerResponse): void {
  const args = ["-cf", "-", "--exclude", "node_modules", "-C", path.dirname(directory), path.basename(directory)];
  const tar = spawn("tar", args, { stdio: ["ignore", "pipe", "inherit"] });
  response.writeHead(200, { "content-type": "application/octet-stream" });
  tar.stdout.pipe(response);
}
