import type { Command } from "commander";
import { openDatabases } from "../bootstrap/databases.ts";
import { readConfig } from "../config.ts";
import type { Database } from "../database/index.ts";
import { type Caller, type Role, roles, serviceCaller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { createToken, ensurePrincipal, revokeToken, type TokenRow, tokens } from "../principals/index.ts";
import { prepare } from "../serve.ts";
import { UsageError } from "./connection.ts";
import { fields, type Shown, table } from "./output.ts";
import { said } from "./terminal.ts";

export type Run = (work: () => Promise<Shown>) => Promise<void>;

const quiet = (): void => undefined;

/** Works on the database itself, also beside a service that runs on it. */
async function withDatabase<Answer>(
  work: (database: Database, keys: ServerKeys, caller: Caller) => Promise<Answer>,
): Promise<Answer> {
  const config = readConfig();
  const databases = await openDatabases(config, quiet);
  try {
    const { database, serverKeys } = await prepare(config, databases, quiet);
    try {
      return await work(database, serverKeys, serviceCaller("cli"));
    } finally {
      await database.close();
    }
  } finally {
    await databases.stop();
  }
}

interface CreateOptions {
  readonly principal: string;
  readonly roles?: string;
  readonly days: string;
  readonly label: string;
}

async function create(options: CreateOptions): Promise<Shown> {
  const asked = options.roles?.split(",");
  const unknown = asked?.filter((role) => !(roles as readonly string[]).includes(role)) ?? [];
  if (unknown.length > 0) throw new UsageError(`no such role: ${unknown.join(", ")}; there are ${roles.join(", ")}`);
  const days = Number(options.days);
  if (!(days > 0 && days <= 3_650)) throw new UsageError("--days must be more than 0 and at most 3650");
  const { principal, label } = options;
  const made = await withDatabase((database, keys, caller) =>
    database.transact(async (tx) => {
      await ensurePrincipal(tx, caller, principal, asked as Role[] | undefined);
      return createToken(tx, caller, keys, { principal, label, ttlSeconds: days * 86_400 });
    }),
  );
  const value = { token_id: made.tokenId, principal, label, expires_at: made.expiresAt, token: made.token };
  const shown = { ...value, expires_at: made.expiresAt.toISOString() };
  return { value, text: `${fields(shown)}\nThe token is shown this once.` };
}

function state(row: TokenRow): string {
  if (row.revoked_at !== null) return "revoked";
  return row.expires_at.getTime() <= Date.now() ? "expired" : "active";
}

async function list(): Promise<Shown> {
  const rows = await withDatabase((database) => database.transact((tx) => tokens(tx), { readOnly: true }));
  const lines = rows.map((row) => [row.token_id, row.principal, row.label, state(row), row.expires_at.toISOString()]);
  const value = { items: rows.map((row) => ({ ...row, status: state(row) })) };
  return { value, text: table(["token id", "principal", "label", "status", "expires at"], lines) };
}

async function revoke(tokenId: string): Promise<Shown> {
  const row = await withDatabase((database, _, caller) => database.transact((tx) => revokeToken(tx, caller, tokenId)));
  return {
    value: row,
    text: said`${row.token_id} of ${row.principal} was revoked at ${row.revoked_at?.toISOString()}`,
  };
}

export function addTokenCommands(program: Command, run: Run): void {
  const token = program.command("token").description("API tokens, on the database itself (DATA_DIR or DATABASE_URL)");
  token
    .command("create")
    .description("make a token, and its principal where there is none")
    .requiredOption("--principal <name>", "whom it stands for")
    .option("--roles <list>", "roles of a new principal, comma-separated")
    .option("--days <n>", "how long it is good for", "90")
    .option("--label <text>", "what it is for", "cli")
    .action((options: CreateOptions) => run(() => create(options)));
  token
    .command("list")
    .description("all tokens, without their secrets")
    .action(() => run(list));
  token
    .command("revoke")
    .description("end a token, at once")
    .argument("<id>", "token id")
    .action((id: string) => run(() => revoke(id)));
}
