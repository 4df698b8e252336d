import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { UsageError } from "./usage.ts";

/** A service and who one is there. */
export interface Profile {
  readonly url: string;
  readonly token?: string;
  readonly sync_secret?: string;
}

export interface Profiles {
  /** The name of the profile in use. */
  readonly current: string | null;
  readonly profiles: Readonly<Record<string, Profile>>;
}

const none: Profiles = { current: null, profiles: {} };

/**
 * What the file holds; nothing where there is none.
 * @throws UsageError where others may read it, or it is no such file
 */
export function readProfiles(file: string | undefined): Profiles {
  const source = file === undefined ? undefined : readPrivate(file);
  if (source === undefined) return none;
  const value = parse(source);
  if (!isProfiles(value)) throw new UsageError(`${file} is not what countersign profile writes; mend it or remove it`);
  return value;
}

/** The profile of that name. @throws UsageError where there is none */
export function profileNamed({ profiles }: Profiles, name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile !== undefined) return profile;
  const names = Object.keys(profiles).join(", ") || "none yet; make one with countersign profile add";
  throw new UsageError(`there is no profile ${name}; there are: ${names}`);
}

/** Puts these in place of what is in the file, at once, readable by its owner alone. @throws UsageError when it cannot */
export function writeProfiles(file: string | undefined, profiles: Profiles): string {
  if (file === undefined) throw new UsageError("profiles are kept under XDG_CONFIG_HOME or HOME, and neither is set");
  const beside = `${file}.${randomUUID()}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(beside, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    renameSync(beside, file);
    return file;
  } catch (error) {
    rmSync(beside, { force: true });
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Looked at and read through one descriptor, so that it is one file. */
function readPrivate(file: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    // Windows keeps what is under a user's own folder from others by other means.
    if (process.platform !== "win32" && (fstatSync(descriptor).mode & 0o077) !== 0) {
      throw new UsageError(`${file} holds tokens, and others than its owner may read it: chmod 600 ${file}`);
    }
    return readFileSync(descriptor, "utf8");
  } finally {
    closeSync(descriptor);
  }
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
}

function isProfiles(value: unknown): value is Profiles {
  const { current, profiles } = Object(value) as Partial<Record<keyof Profiles, unknown>>;
  if (current !== null && typeof current !== "string") return false;
  return typeof profiles === "object" && profiles !== null && Object.values(profiles).every(isProfile);
}

function isProfile(value: unknown): value is Profile {
  const { url, token, sync_secret: secret } = Object(value) as Partial<Record<keyof Profile, unknown>>;
  const optional = [token, secret].every((entry) => entry === undefined || typeof entry === "string");
  return typeof url === "string" && optional;
}
