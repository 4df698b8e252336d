import path from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a command of the CLI takes from the environment. */
export interface ClientConfig {
  readonly url: string | undefined;
  readonly token: string | undefined;
  readonly dataDir: string;
  /** Of the commands that execute requests. */
  readonly syncSecret: string | undefined;
  /** Which profile is meant; the one that is in use if absent. */
  readonly profile: string | undefined;
  /** Where the profiles are kept; undefined for a user without a home. */
  readonly profilesFile: string | undefined;
}

/** @param environment an empty variable counts as unset */
export function clientConfig(environment: Environment, dataDir: string): ClientConfig {
  return {
    url: environment["COUNTERSIGN_URL"] || undefined,
    token: environment["COUNTERSIGN_TOKEN"] || undefined,
    dataDir,
    syncSecret: environment["SYNC_SECRET"] || undefined,
    profile: environment["COUNTERSIGN_PROFILE"] || undefined,
    profilesFile: profilesFile(environment),
  };
}

/** As the XDG base directories say: a path that is not absolute does not count. */
function profilesFile({ XDG_CONFIG_HOME: xdg = "", HOME: home = "" }: Environment): string | undefined {
  const base = path.isAbsolute(xdg) ? xdg : path.isAbsolute(home) ? path.join(home, ".config") : undefined;
  return base === undefined ? undefined : path.join(base, "countersign", "config.json");
}
