import fc from "fast-check";
import t from "tap";
import { roles } from "../../src/kernel/caller.ts";
import { type ClaimMapping, principalOf, rolesOf } from "../../src/principals/claims.ts";

const unmapped: ClaimMapping = { principalClaim: "sub", rolesClaim: "roles", roleMap: undefined };
const given = (claims: Record<string, unknown>, mapping: Partial<ClaimMapping> = {}) =>
  rolesOf(claims, { ...unmapped, ...mapping });

t.test("APR-8 roles are read from a list, from one string, and from where a dotted path leads", (t) => {
  t.strictSame(given({ roles: ["council", "approver"] }), ["approver", "council"], "in the order of the contract");
  t.strictSame(given({ roles: "approver  council approver" }), ["approver", "council"], "each once");
  const nested = { realm_access: { roles: ["operator"] }, "https://example.com/roles": ["auditor"] };
  t.strictSame(given(nested, { rolesClaim: "realm_access.roles" }), ["operator"]);
  t.strictSame(given(nested, { rolesClaim: "https://example.com/roles" }), ["auditor"], "a name that has dots itself");
  t.strictSame(
    given({ "a.b": "admin", a: { b: "auditor" } }, { rolesClaim: "a.b" }),
    ["admin"],
    "the whole name first",
  );
  t.end();
});

t.test("APR-8 what is no role gives none", (t) => {
  for (const value of [
    undefined,
    null,
    7,
    true,
    {},
    [],
    "",
    "Admin",
    ["admin "],
    [["admin"]],
    [{ admin: true }],
    [null],
  ]) {
    t.strictSame(given({ roles: value }), [], JSON.stringify(value));
  }
  t.strictSame(given({ roles: ["admin", 7, "nobody", null] }), ["admin"]);
  const inheriting = Object.create({ roles: ["admin"] }) as object;
  t.strictSame(given({ realm_access: inheriting }, { rolesClaim: "realm_access.roles" }), [], "inherited");
  for (const path of ["constructor.name", "__proto__.roles", "toString", "roles.0", "roles.length", "..", "a..b"]) {
    t.strictSame(given({ roles: ["admin"] }, { rolesClaim: path }), [], path);
  }
  t.end();
});

t.test("APR-8 with a map only what it has counts, also where the value is the name of a role", (t) => {
  const roleMap = new Map([
    ["board", ["approver", "council"] as const],
    ["silent", []],
  ]);
  t.strictSame(given({ roles: ["board", "silent"] }, { roleMap }), ["approver", "council"]);
  t.strictSame(given({ roles: ["admin", "Board", "constructor"] }, { roleMap }), []);
  t.end();
});

t.test("APR-8 a principal is named by a string of the right form, never by one of the service's own", (t) => {
  t.strictSame(principalOf({ sub: "ada@example.com" }, "sub"), { principal: "ada@example.com" });
  t.strictSame(principalOf({ act: { sub: "ada" } }, "act.sub"), { principal: "ada" });
  t.match(principalOf({}, "oid"), { refused: /lacks the claim `oid`/ });
  const bad = [null, 7, ["ada"], "", " ada", "ada lovelace", "auth0|ada", "ada\n", "é", "a".repeat(129), "-ada", "a\0"];
  for (const value of bad) t.match(principalOf({ sub: value }, "sub"), { refused: /`sub` is not the name of a prin/ });
  t.match(principalOf({ sub: "service:oidc" }, "sub"), { refused: /begins with `service:`/ });
  t.strictSame(principalOf({ sub: "a".repeat(128) }, "sub"), { principal: "a".repeat(128) });
  t.end();
});

/** Names that the code might treat in a way of its own, among any others. */
const name = fc.oneof(
  fc.constantFrom("sub", "roles", "realm_access", "__proto__", "constructor", "prototype", "toString", "length", "a.b"),
  fc.string(),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...roles, "board", "nobody", null, true, 0),
    fc.string(),
    fc.array(tie("any"), { maxLength: 5 }),
    fc.dictionary(name, tie("any"), { maxKeys: 4 }),
  ),
})).any;
const claims = fc.dictionary(name, value, { maxKeys: 6 });
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("."));
const maps = fc.option(
  fc
    .array(fc.tuple(fc.oneof(name, fc.constantFrom(...roles, "board")), fc.subarray([...roles])))
    .map((e) => new Map(e)),
  { nil: undefined },
);

/** Every string that stands anywhere in the value, alone or between spaces. */
function stringsIn(found: unknown): string[] {
  if (typeof found === "string") return [found, ...found.split(" ")];
  return typeof found === "object" && found !== null ? Object.values(found).flatMap(stringsIn) : [];
}

t.test("APR-8 no claims make the mapping fail, or give a role that the map does not", (t) => {
  fc.assert(
    fc.property(claims, path, path, maps, (made, principalClaim, rolesClaim, roleMap) => {
      // As they come out of a token: parsed JSON, in which `__proto__` is a name like any other.
      const parsed = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
      const strings = new Set(stringsIn(parsed));
      const allowed = new Set<string>(
        roleMap === undefined ? strings : [...roleMap].flatMap(([key, list]) => (strings.has(key) ? list : [])),
      );
      const got = rolesOf(parsed, { principalClaim, rolesClaim, roleMap });
      const named = principalOf(parsed, principalClaim);
      return (
        got.every((role) => allowed.has(role) && roles.includes(role)) &&
        new Set(got).size === got.length &&
        ("refused" in named || (strings.has(named.principal) && !named.principal.startsWith("service:")))
      );
    }),
    { numRuns: 5_000 },
  );
  t.end();
});
