import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Config, ConfigurationError } from "../config.ts";
import { type LogSigner, logSigner } from "../evidence/index.ts";
import { type ServerKey, ServerKeys } from "../kernel/server-keys.ts";

export interface Secrets {
  readonly syncSecret: string;
  readonly serverKeys: ServerKeys;
}

interface SecretsFile {
  readonly sync_secret: string;
  readonly server_keys: string;
}

/**
 * The secrets of the configuration, and in place of each that is missing one of `secrets.json` under DATA_DIR, which is
 * made at the first start with mode 0600. There is no default value for any of them.
 */
export async function resolveSecrets(config: Config): Promise<Secrets> {
  const { syncSecret, serverKeys } = config;
  if (syncSecret !== undefined && serverKeys !== undefined) {
    return { syncSecret, serverKeys: parseKeys(serverKeys) };
  }
  const file = await generated(config.dataDir).catch((cause: unknown) => {
    const missing = [syncSecret === undefined ? "SYNC_SECRET" : "", serverKeys === undefined ? "SERVER_KEYS" : ""];
    throw new ConfigurationError(
      missing
        .filter(Boolean)
        .map(
          (name) =>
            `${name} is unset, and none can be kept under DATA_DIR (${cause instanceof Error ? cause.message : String(cause)})`,
        ),
    );
  });
  return { syncSecret: syncSecret ?? file.sync_secret, serverKeys: parseKeys(serverKeys ?? file.server_keys) };
}

function parseKeys(list: string): ServerKeys {
  const [first, ...rest] = list.split(",").map((entry): ServerKey => {
    const [id = "", secret = ""] = entry.split(":");
    return { id, secret: Buffer.from(secret, "base64") };
  });
  if (first === undefined) throw new Error("no server key");
  return new ServerKeys([first, ...rest]);
}

/**
 * What signs the log (AUDIT-2): LOG_KEY, and in its place one of `log-key` under DATA_DIR, which is made at the first start with mode 0600.
 */
export async function resolveLogKey(config: Config): Promise<LogSigner> {
  const text =
    config.logKey ??
    (await generatedLogKey(config.dataDir).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigurationError([`LOG_KEY is unset, and none can be kept under DATA_DIR (${why})`]);
    }));
  const [present, ...before] = text.split(",").map((entry) => {
    const at = entry.lastIndexOf(":");
    return logSigner(entry.slice(0, at), Buffer.from(entry.slice(at + 1), "base64"));
  });
  if (present === undefined) throw new Error("no key of the log");
  if (before.some(({ key }) => key.name !== present.key.name)) {
    throw new ConfigurationError(["LOG_KEY has keys of two names; a log keeps its name when it gets another key"]);
  }
  return { ...present, also: before };
}

async function generatedLogKey(dataDir: string): Promise<string> {
  const name = `countersign-${randomBytes(6).toString("hex")}.local/log`;
  await mkdir(dataDir, { recursive: true });
  const text = await made(path.join(dataDir, "log-key"), `${name}:${randomBytes(32).toString("base64")}\n`);
  return text.trim();
}

async function generated(dataDir: string): Promise<SecretsFile> {
  const file = path.join(dataDir, "secrets.json");
  await mkdir(dataDir, { recursive: true });
  const fresh: SecretsFile = {
    sync_secret: `whsec_${randomBytes(32).toString("base64")}`,
    server_keys: `k1:${randomBytes(32).toString("base64")}`,
  };
  return JSON.parse(await made(file, `${JSON.stringify(fresh, null, 2)}\n`)) as SecretsFile;
}

/** The file's content, which is this one where there is none yet. All that start at once agree. */
async function made(file: string, fresh: string): Promise<string> {
  // A link is made whole or not at all, and never over another process's file.
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, fresh, { mode: 0o600, flag: "wx" });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
  return readFile(file, "utf8");
}
