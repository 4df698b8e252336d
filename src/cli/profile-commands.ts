import type { Command } from "commander";
import type { ClientConfig } from "../config-client.ts";
import { type ConnectionOptions, readText, serviceUrl } from "./connection.ts";
import { type Shown, table } from "./output.ts";
import { type Profile, profileNamed, readProfiles, writeProfiles } from "./profiles.ts";
import { readSecret } from "./secret-input.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";
import { UsageError } from "./usage.ts";

interface AddOptions {
  readonly syncSecretFile?: string;
  readonly withoutToken?: boolean;
  readonly replace?: boolean;
}

/** Services and who one is there, kept in a file that its owner alone reads. */
export function addProfileCommands(program: Command, run: Run, config: () => ClientConfig): void {
  const profile = program.command("profile").description("services that you use, and who you are there");
  profile
    .command("add")
    .description("keep a service (--url) and a token, which is read from --token-from, standard input or a prompt")
    .argument("<name>")
    .option("--sync-secret-file <file>", "with SYNC_SECRET, for a dispatcher; - is standard input")
    .option("--without-token", "keep the URL alone")
    .option("--replace", "in place of the profile of that name")
    .action((name: string, options: AddOptions) =>
      run(() => add(name, options, program.opts<ConnectionOptions>(), config())),
    );
  profile
    .command("list")
    .description("the profiles, without their tokens")
    .action(() => run(() => Promise.resolve(list(config()))));
  profile
    .command("use")
    .description("the profile that commands use where nothing else is said")
    .argument("<name>")
    .action((name: string) => run(() => Promise.resolve(use(name, config()))));
  profile
    .command("remove")
    .description("forget a profile and its token")
    .argument("<name>")
    .action((name: string) => run(() => Promise.resolve(remove(name, config()))));
}

async function add(
  name: string,
  options: AddOptions,
  { url, token, tokenFrom }: ConnectionOptions,
  config: ClientConfig,
): Promise<Shown> {
  if (!/^[a-z0-9][a-z0-9._-]{0,39}$/i.test(name)) throw new UsageError("a name is of letters, digits, dots and dashes");
  if (url === undefined) throw new UsageError("say where the service is: --url");
  if (token !== undefined) {
    throw new UsageError(
      "a token on the command line is seen by others: use --token-from, standard input or the prompt",
    );
  }
  const before = readProfiles(config.profilesFile);
  if (Object.hasOwn(before.profiles, name) && options.replace !== true) {
    throw new UsageError(`there is a profile ${name}; --replace puts this one in its place`);
  }
  const secret = await secretOf(options.syncSecretFile, "SYNC_SECRET");
  const kept = options.withoutToken === true ? undefined : await secretOf(tokenFrom ?? "-", "token");
  const made: Profile = {
    url: serviceUrl(url),
    ...(kept !== undefined && { token: kept }),
    ...(secret !== undefined && { sync_secret: secret }),
  };
  const current = before.current ?? name;
  const file = writeProfiles(config.profilesFile, { current, profiles: { ...before.profiles, [name]: made } });
  const value = { name, url: made.url, current: current === name, file };
  return { value, text: `${name} is kept in ${file}${value.current ? " and in use" : ""}` };
}

/** @throws UsageError where there is none */
async function secretOf(file: string | undefined, what: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const secret = (file === "-" ? await readSecret(what) : readText(file)).trim();
  if (!/^[!-~]+$/.test(secret)) throw new UsageError(`that is no ${what}: one word is expected`);
  return secret;
}

function list(config: ClientConfig): Shown {
  const { current, profiles } = readProfiles(config.profilesFile);
  const items = Object.entries(profiles).map(([name, { url, token, sync_secret: secret }]) => ({
    name,
    url,
    in_use: name === current,
    token: token !== undefined,
    sync_secret: secret !== undefined,
  }));
  const rows = items.map((one) => [one.name, one.url, ...[one.in_use, one.token, one.sync_secret].map(yes)]);
  return { value: { items }, text: table(["profile", "url", "in use", "token", "sync secret"], rows) };
}

const yes = (is: boolean): string => (is ? "yes" : "-");

function use(name: string, config: ClientConfig): Shown {
  const all = readProfiles(config.profilesFile);
  const { url } = profileNamed(all, name);
  writeProfiles(config.profilesFile, { ...all, current: name });
  return { value: { name, url }, text: said`${name} is in use: ${url}` };
}

function remove(name: string, config: ClientConfig): Shown {
  const all = readProfiles(config.profilesFile);
  profileNamed(all, name);
  const profiles = Object.fromEntries(Object.entries(all.profiles).filter(([one]) => one !== name));
  const current = all.current === name ? null : all.current;
  writeProfiles(config.profilesFile, { current, profiles });
  return { value: { name }, text: said`${name} is removed` };
}
