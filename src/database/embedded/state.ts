import { randomBytes } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import path from "node:path";
import { EmbeddedProblem } from "./problems.ts";

export const superuser = "postgres";
export const host = "127.0.0.1";

/** The roles that `provision` makes. */
export const provisionedRoles = ["countersign_owner", "countersign_app", "countersign_target"] as const;
export type ProvisionedRole = (typeof provisionedRoles)[number];

/** What must outlive the process: `postgres.json`, readable by its owner alone. */
export interface EmbeddedState {
  readonly password: string;
  readonly port: number | null;
  readonly roles: Readonly<Record<ProvisionedRole, string>>;
}

/** @returns undefined if there is no such file; @throws EmbeddedProblem DATA_DIR_SECRETS_LOST if it cannot be read */
export async function readState(file: string): Promise<EmbeddedState | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EmbeddedProblem("DATA_DIR_SECRETS_LOST", `${file} cannot be read.`, { cause: error });
  }
  const state = parse(text);
  if (state === undefined) throw new EmbeddedProblem("DATA_DIR_SECRETS_LOST", `${file} is not what was written there.`);
  return state;
}

function parse(text: string): EmbeddedState | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isState(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isState(value: unknown): value is EmbeddedState {
  if (typeof value !== "object" || value === null) return false;
  const { password, port, roles } = value as Partial<Record<keyof EmbeddedState, unknown>>;
  return typeof password === "string" && (port === null || typeof port === "number") && holdsPasswords(roles);
}

function holdsPasswords(roles: unknown): boolean {
  return (
    typeof roles === "object" &&
    roles !== null &&
    provisionedRoles.every((role) => typeof Reflect.get(roles, role) === "string")
  );
}

/** A state with fresh random passwords, and no port yet. */
export function newState(): EmbeddedState {
  const roles = { countersign_owner: newPassword(), countersign_app: newPassword(), countersign_target: newPassword() };
  return { password: newPassword(), port: null, roles };
}

function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/** Replaces the file in one step, on disk before it returns. */
export async function writeState(file: string, state: EmbeddedState): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(path.dirname(file));
}

/** Makes a rename in the directory durable. Windows cannot open directories, and needs no such step. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export function urlOf(port: number, database: string, role: Credentials): string {
  return `postgres://${encodeURIComponent(role.user)}:${encodeURIComponent(role.password)}@${host}:${port}/${encodeURIComponent(database)}`;
}
