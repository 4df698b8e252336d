import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Owner } from "../support/service.ts";

const run = promisify(execFile);

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that vouches for itself, for that name; made anew for each test. */
export async function makeCertificate(t: Owner, name: string): Promise<Certificate> {
  const directory = await mkdtemp(path.join(os.tmpdir(), "countersign-tls-"));
  t.teardown(() => rm(directory, { recursive: true }));
  const [key, cert, config] = ["key.pem", "cert.pem", "openssl.cnf"].map((file) => path.join(directory, file));
  if (key === undefined || cert === undefined || config === undefined) throw new Error("no paths");
  await writeFile(config, "[req]\ndistinguished_name = dn\n[dn]\n");
  const ask = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
  const named = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
  await run("openssl", [...ask, ...named, "-config", config, "-keyout", key, "-out", cert]);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
}
