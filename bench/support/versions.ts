import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import pg from "pg";

/** The version of an installed package. */
export function packageVersion(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

/** What a server says that it is, and the settings that make its figures comparable. */
export async function serverVersion(url: string): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string; settings: string }>(
      `SELECT current_setting('server_version') AS version,
              string_agg(name || ' ' || setting, ', ' ORDER BY name) AS settings
         FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')`,
    );
    return { postgresql: rows[0]?.version ?? "unknown", durability: rows[0]?.settings ?? "unknown" };
  } finally {
    await client.end();
  }
}

/** What a program says of its version; undefined where it is not installed. */
export function programVersion(program: string): string | undefined {
  try {
    return execFileSync(program, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
