import t from "tap";
import { readClientConfig } from "../src/config.ts";

t.test("operations: what the commands take from the environment; an empty variable counts as unset", (t) => {
  const unset = {
    url: undefined,
    token: undefined,
    syncSecret: undefined,
    profile: undefined,
    profilesFile: undefined,
  };
  t.match(readClientConfig({}), { ...unset, dataDir: ".data" });
  const names = [
    "COUNTERSIGN_URL",
    "COUNTERSIGN_TOKEN",
    "COUNTERSIGN_PROFILE",
    "SYNC_SECRET",
    "HOME",
    "XDG_CONFIG_HOME",
  ];
  t.match(readClientConfig(Object.fromEntries(names.map((name) => [name, ""]))), unset);
  const set = Object.fromEntries(names.slice(0, 4).map((name) => [name, name]));
  t.match(readClientConfig({ ...set, DATA_DIR: "/data" }), {
    url: "COUNTERSIGN_URL",
    token: "COUNTERSIGN_TOKEN",
    profile: "COUNTERSIGN_PROFILE",
    syncSecret: "SYNC_SECRET",
    dataDir: "/data",
  });
  t.end();
});

t.test("operations: where profiles are kept", (t) => {
  const file = (environment: Record<string, string>) => readClientConfig(environment).profilesFile;
  t.equal(file({ HOME: "/home/a" }), "/home/a/.config/countersign/config.json");
  t.equal(file({ HOME: "/home/a", XDG_CONFIG_HOME: "/x" }), "/x/countersign/config.json");
  t.equal(file({ HOME: "/home/a", XDG_CONFIG_HOME: "x" }), "/home/a/.config/countersign/config.json", "not absolute");
  t.equal(file({ HOME: "a" }), undefined);
  t.end();
});
