import { type Role, roles } from "./kernel/caller.ts";
import { scanJson } from "./kernel/json-scan.ts";
import type { RoleMap } from "./principals/index.ts";

/** Turns the text of a variable, or undefined where it is unset, into its value. @throws Refused */
export type Read<Value> = (text: string | undefined) => Value;

/** Why a value cannot be taken; the message follows the variable's name. */
export class Refused extends Error {}

export function text(fallback: string, form: RegExp, what: string): Read<string> {
  return (value) => {
    if (value === undefined) return fallback;
    if (!form.test(value)) throw new Refused(`must be ${what}, not ${JSON.stringify(value)}`);
    return value;
  };
}

export function optionalText(form: RegExp, what: string): Read<string | undefined> {
  return (value) => (value === undefined ? undefined : text("", form, what)(value));
}

export function integer(fallback: number, least: number, most: number): Read<number> {
  return (value) => {
    if (value === undefined) return fallback;
    const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new Refused(`must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  };
}

export function oneOf(fallback: string, allowed: readonly string[]): Read<string> {
  return (value) => {
    if (value === undefined) return fallback;
    if (!allowed.includes(value))
      throw new Refused(`must be one of ${allowed.join(", ")}, not ${JSON.stringify(value)}`);
    return value;
  };
}

/** Like {@link text}, without a default and without repeating the value. */
export function secret(form: RegExp, what: string): Read<string | undefined> {
  return (value) => {
    if (value !== undefined && !form.test(value)) throw new Refused(`must be ${what}`);
    return value;
  };
}

export function optionalUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const protocol = URL.canParse(value) ? new URL(value).protocol : "";
  if (protocol !== "postgres:" && protocol !== "postgresql:") throw new Refused("must be a postgres:// URL");
  return value;
}

/** Name to URL of each target database; the URLs hold passwords and are never repeated. */
export function targets(value: string | undefined): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const named = Object.entries(jsonObject(value, '{"default":"postgres://…"}'));
  for (const [name, url] of named) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name))
      throw new Refused(`has the name ${JSON.stringify(name)}: lower-case letters, digits, _ and - are allowed`);
    if (typeof url !== "string" || !/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
      throw new Refused(`must have a postgres:// URL for ${name}`);
    }
  }
  return Object.fromEntries(named);
}

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * An issuer, spelled as it spells itself: it is compared as text with the `iss` of tokens (OpenID Connect Discovery 1.0,
 * section 3: https, no query, no fragment). On the machine itself it may be http.
 */
export function issuerUrl(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = /^https?:\/\/[^?#@\s\\]+$/.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "https:" && !(url?.protocol === "http:" && loopback.test(url.hostname))) {
    throw new Refused(
      "must be an https URL (http only on localhost, 127.0.0.0/8 or [::1]) without user, query or fragment",
    );
  }
  return value;
}

const asymmetric = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

/** Signature algorithms with a public key: whoever can check such a signature cannot make one. */
export function algorithms(...fallback: readonly string[]): Read<readonly string[]> {
  return (value) => {
    if (value === undefined) return fallback;
    const named = value.split(",");
    const other = named.find((name) => !asymmetric.includes(name));
    if (other === undefined) return [...new Set(named)];
    const why = /^(?:none|HS\d+)$/i.test(other) ? "; tokens must be signed with a private key of the issuer" : "";
    throw new Refused(`may have ${asymmetric.join(", ")}, not ${JSON.stringify(other)}${why}`);
  };
}

export function roleMap(value: string | undefined): RoleMap | undefined {
  if (value === undefined) return undefined;
  const object = jsonObject(value, '{"group":["approver"]}');
  return new Map(Object.entries(object).map(([name, given]) => [name, rolesOf(name, given)]));
}

function jsonObject(value: string, example: string): object {
  try {
    // A key that stands twice would silently win over the first.
    scanJson(value);
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw new Refused(`must be a JSON object such as ${example}, with each key once`);
}

function rolesOf(name: string, given: unknown): Role[] {
  if (!Array.isArray(given)) throw new Refused(`must have a list of roles for ${JSON.stringify(name)}`);
  return given.map((role: unknown) => {
    const known = roles.find((one) => one === role);
    if (known !== undefined) return known;
    throw new Refused(
      `has no such role as ${JSON.stringify(role)} for ${JSON.stringify(name)}: there are ${roles.join(", ")}`,
    );
  });
}

export interface Variable<Value> {
  readonly name: string;
  /** What it is for: the line above it in `.env.example`. */
  readonly purpose: string;
  readonly example: string;
  readonly read: Read<Value>;
}

/** Describes one variable. */
export function variable<Value>(name: string, purpose: string, example: string, read: Read<Value>): Variable<Value> {
  return { name, purpose, example, read };
}
