import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServiceProblem } from "../../../kernel/problems.ts";
import { prefersPage } from "../../accept.ts";
import { entityTag, noneMatchNames } from "../../etag.ts";
import { registerOpenly } from "../../policy.ts";

/** Beside the sources and beside what is built from them. */
const built = fileURLToPath(new URL("../../../../dist/console", import.meta.url));

/** Nothing runs that this service did not serve as a file, and nothing is fetched from anywhere else. */
export const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types lit-html",
].join("; ");

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

const notBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The console is not built - Countersign</title></head>
<body>
<h1>The console is not built</h1>
<p>Run <code>npm ci</code> and <code>npm run console</code> where the service is, then load this page again.
The API and the command line do not need it.</p>
</body>
</html>
`;

interface File {
  readonly type: string;
  readonly tag: string;
  readonly plain: Buffer;
  readonly gzip?: Buffer | undefined;
  readonly brotli?: Buffer | undefined;
}

/** The page and its assets, held in memory: a path is looked up among their names and never becomes one of a file. */
interface Console {
  readonly builtAt: number;
  readonly files: ReadonlyMap<string, File>;
}

/** `/console/`: the page of the console under whatever address a link leads to, and the files that it is made of. */
export function consoleRoutes(app: FastifyInstance, directory: string = built): void {
  const current = lastBuilt(directory);
  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    sendPage(request, reply, (await current())?.files.get("index.html"));
  registerOpenly(app, "a page and its files; what it shows it asks for as whoever signs in", (scope) => {
    const hidden = { schema: { hide: true } };
    scope.get("/console", hidden, (_request, reply) => reply.redirect("/console/", 308));
    scope.get("/console/", hidden, page);
    scope.get<{ Params: { "*": string } }>("/console/*", hidden, async (request, reply) => {
      const name = request.params["*"];
      const file = name.startsWith("assets/") ? (await current())?.files.get(name) : undefined;
      if (file !== undefined) {
        // The name changes with the content.
        reply.header("cache-control", "public, max-age=31536000, immutable");
        return sendFile(request, reply, file);
      }
      if (!isPlace(name, request.headers.accept)) throw new ServiceProblem("NOT_FOUND", "There is no such file.");
      return page(request, reply);
    });
  });
}

/** Whether the address is one of the console's own, which it reads itself. A resource's name may have a dot in it. */
function isPlace(name: string, accept: string | undefined): boolean {
  return !name.startsWith("assets/") && (!name.includes(".") || prefersPage(accept));
}

function sendPage(request: FastifyRequest, reply: FastifyReply, page: File | undefined): FastifyReply {
  if (page === undefined)
    return reply.code(503).header("cache-control", "no-store").type("text/html; charset=utf-8").send(notBuilt);
  reply.headers({ "cache-control": "no-cache", "content-security-policy": consolePolicy });
  return sendFile(request, reply, page);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: File): FastifyReply {
  // Weak: the same file in another coding has the same tag.
  reply.headers({ etag: `W/${file.tag}`, vary: "accept-encoding" });
  if (noneMatchNames(request.headers["if-none-match"], file.tag)) return reply.code(304).send();
  const accepts = request.headers["accept-encoding"];
  reply.type(file.type);
  if (file.brotli !== undefined && takes(accepts, "br"))
    return reply.header("content-encoding", "br").send(file.brotli);
  if (file.gzip !== undefined && takes(accepts, "gzip"))
    return reply.header("content-encoding", "gzip").send(file.gzip);
  return reply.send(file.plain);
}

/** Whether `Accept-Encoding` names the coding and does not refuse it. */
function takes(accepts: string | string[] | undefined, coding: string): boolean {
  const offered = String(accepts ?? "").split(",");
  return offered.some((part) => {
    const [name, ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}

/** What is in the directory by now: read again when its page has been written again. */
function lastBuilt(directory: string): () => Promise<Console | undefined> {
  let known: Console | undefined;
  return async () => {
    const page = await stat(path.join(directory, "index.html")).catch(() => undefined);
    if (page === undefined) return known;
    if (known?.builtAt !== page.mtimeMs) known = { builtAt: page.mtimeMs, files: await readFiles(directory, known) };
    return known;
  };
}

/** The assets of the build before stay for pages that are open. */
async function readFiles(directory: string, before: Console | undefined): Promise<ReadonlyMap<string, File>> {
  const assets = await readdir(path.join(directory, "assets")).catch(() => []);
  const names = ["index.html", ...assets.map((name) => `assets/${name}`)];
  const contents = new Map<string, Buffer>();
  for (const name of names) {
    const content = await readFile(path.join(directory, name)).catch(() => undefined);
    if (content !== undefined) contents.set(name, content);
  }
  const files = new Map(before?.files);
  for (const [name, plain] of contents) {
    const type = mediaTypes[path.extname(name)];
    if (type === undefined) continue;
    const tag = entityTag(plain);
    files.set(name, { type, tag, plain, gzip: contents.get(`${name}.gz`), brotli: contents.get(`${name}.br`) });
  }
  return files;
}
