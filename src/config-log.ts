import path from "node:path";
import { integer, oneOf, optionalText, Refused, secret, type Variable, variable } from "./config-readers.ts";

/** An outside witness: what it signs with, and where it is asked. */
export interface WitnessAddress {
  readonly vkey: string;
  readonly url: string;
}

/** How this process keeps the log of audit events. */
export interface LogConfig {
  readonly logKey: string | undefined;
  readonly sealIntervalMs: number;
  readonly witnessFile: string | undefined;
  readonly witnesses: readonly WitnessAddress[];
  /** How many of the witnesses must have signed a head before evidence refers to it. */
  readonly cosignatures: number;
  readonly logReaders: "auditors" | "everyone";
}

export const logVariables: { readonly [Key in keyof LogConfig]: Variable<LogConfig[Key]> } = {
  logKey: variable(
    "LOG_KEY",
    "Key that the heads of the audit log are signed with: the log's name, a colon, and base64 of 32 bytes. The same for every service on one database. To replace it: the new one, a comma, and the old one, until heads have both signatures. Unset: generated once under DATA_DIR.",
    "countersign.example.com/log:bG9uZy1yYW5kb20tdmFsdWUtb2YtMzItYnl0ZXMhISE=",
    secret(
      /^[^\s+,]{1,200}:[A-Za-z0-9+/]{43}=(,[^\s+,]{1,200}:[A-Za-z0-9+/]{43}=)?$/,
      "a name, a colon, and base64 of 32 bytes, and behind a comma the key before it",
    ),
  ),
  sealIntervalMs: variable(
    "SEAL_INTERVAL_MS",
    "How often this process looks for audit events that it can put into the log; 0 leaves it to others.",
    "1000",
    integer(1_000, 0, 60_000),
  ),
  witnessFile: variable(
    "AUDIT_WITNESS_FILE",
    "File that signed heads of the log are appended to, elsewhere than the database; a log that does not continue it is not signed.",
    "/var/lib/countersign/heads.txt",
    (value) => {
      const file = optionalText(/^[^\0]+$/, "a path")(value);
      return file === undefined ? undefined : path.resolve(file);
    },
  ),
  witnesses: variable(
    "AUDIT_WITNESSES",
    "Witnesses that the heads are shown to (C2SP tlog-witness): JSON object from verifier key to URL prefix.",
    '{"witness.example.com/w1+a3a6ba38+BNTrP3RM1rSLhjlfw5pUyzGwz+wC2U6YUJh6kmJwPgHV":"https://witness.example.com"}',
    witnesses,
  ),
  cosignatures: variable(
    "AUDIT_COSIGNATURES",
    "How many of AUDIT_WITNESSES must have signed a head before evidence refers to it.",
    "0",
    integer(0, 0, 16),
  ),
  logReaders: variable(
    "AUDIT_LOG_READERS",
    "Who may read the log's heads, tiles and entries: `auditors`, or `everyone`, as witnesses and monitors without a token are used to.",
    "auditors",
    (value) => (oneOf("auditors", ["auditors", "everyone"])(value) === "everyone" ? "everyone" : "auditors"),
  ),
};

function witnesses(value: string | undefined): readonly WitnessAddress[] {
  if (value === undefined) return [];
  const refused = new Refused('must be a JSON object from verifier keys to URLs, e.g. {"name+id+key":"https://…"}');
  let read: unknown;
  try {
    read = JSON.parse(value);
  } catch {
    throw refused;
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) throw refused;
  return Object.entries(read).map(([vkey, url]) => {
    if (!/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$/.test(vkey) || typeof url !== "string") throw refused;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw refused;
    return { vkey, url };
  });
}
