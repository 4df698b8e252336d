import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { canonicalJson, digestOf, digestOfBytes, readJson } from "../../src/kernel/json.ts";
import { ServiceProblem } from "../../src/kernel/problems.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function refusal(input: string | Uint8Array): ServiceProblem {
  try {
    readJson(typeof input === "string" ? bytes(input) : input);
  } catch (error) {
    if (error instanceof ServiceProblem) return error;
    throw error;
  }
  throw new Error(`accepted: ${String(input).slice(0, 80)}`);
}

t.test("APR-1 a JSON text that JSON.parse reads is read alike", async (t) => {
  for (const text of [
    "{}",
    "[]",
    " null ",
    '"a"',
    "-0.5e-3",
    '{"a":[1,{"b":"\\u00e9\\n"}],"c":true}',
    '"\\ud83d\\ude00"',
    "9007199254740991",
  ]) {
    t.strictSame(readJson(bytes(text)), JSON.parse(text), text);
  }
});

t.test("APR-1 duplicate keys are refused with a pointer, also when written with escapes", async (t) => {
  const cases: [string, string][] = [
    ['{"a":1,"a":1}', "/a"],
    ['{"a":1,"\\u0061":2}', "/a"],
    ['{"x":[{"k~/":1,"k~/":2}]}', "/x/0/k~0~1"],
    ['{"":1,"":2}', "/"],
  ];
  for (const [text, pointer] of cases) {
    const problem = refusal(text);
    t.match(problem, { code: "INVALID_REQUEST", errors: [{ pointer, detail: /twice/ }] }, text);
  }
  t.strictSame(
    readJson(bytes('{"a":{"a":1},"b":{"a":1}}')),
    { a: { a: 1 }, b: { a: 1 } },
    "same key in different objects",
  );
});

t.test("APR-1 nesting is refused beyond 32 levels, however deep it is", async (t) => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  t.ok(readJson(bytes(nested(32))));
  for (const depth of [33, 1_000, 100_000]) {
    t.match(refusal(nested(depth)), { errors: [{ detail: /deeper than 32/ }] }, `${depth}`);
  }
  t.match(refusal('{"a":'.repeat(33)), { errors: [{ detail: /deeper than 32/ }] }, "objects");
});

t.test("APR-1 numbers that a double cannot hold are refused", async (t) => {
  for (const text of [
    "9007199254740992",
    "-9007199254740992",
    "1e400",
    "-1e400",
    "123456789012345678901",
    "9007199254740993.0",
  ]) {
    t.match(refusal(`{"n":[0,${text}]}`), { errors: [{ pointer: "/n/1", detail: /2\^53/ }] }, text);
  }
  t.equal(readJson(bytes("-9007199254740991")), -9007199254740991);
});

t.test("APR-1 U+0000 and lone surrogates are refused in strings and in keys", async (t) => {
  for (const [text, pointer] of [
    ['{"a":"x\\u0000y"}', "/a"],
    ['{"a":["\\ud800"]}', "/a/0"],
    ['{"a":"\\udc00\\ud800"}', "/a"],
    ['["\\ud83d\\u0041"]', "/0"],
  ] as const) {
    t.match(refusal(text), { errors: [{ pointer }] }, text);
  }
  t.match(refusal('{"\\ud800":1}'), { code: "INVALID_REQUEST" });
  t.match(refusal('{"\\u0000":1}'), { code: "INVALID_REQUEST" });
  t.equal(readJson(bytes('"\\\\u0000"')), "\\u0000", "an escaped backslash is no escape of what follows");
});

t.test("APR-1 prototype keys are refused, also when written with escapes", async (t) => {
  for (const key of ["__proto__", "constructor", "prototype", "\\u005f_proto__", "constructo\\u0072"]) {
    t.match(refusal(`{"a":{"${key}":{}}}`), { errors: [{ detail: /not allowed/ }] }, key);
  }
  t.strictSame(readJson(bytes('["__proto__"]')), ["__proto__"], "as a value it is harmless");
});

t.test("APR-1 malformed JSON is refused with its line and column and without its content", async (t) => {
  const cases: [string, RegExp][] = [
    ["", /Line 1, column 1: the text ends too early/],
    ['{\n  "secret-value" 1}', /Line 2, column 18: a colon/],
    ['{"a":1,}', /column 8: a key/],
    ["[1,]", /column 4: a value/],
    ["[1 2]", /column 4: a comma or ]/],
    ['{"a":1', /ends too early/],
    ['"abc', /not closed/],
    ['"a\tb"', /control character/],
    ['"\\x"', /escape/],
    ['"\\u12g4"', /escape/],
    ["01", /more text/],
    ["+1", /a value/],
    [".5", /a value/],
    ["1.", /more text/],
    ["NaN", /a value/],
    ["{} {}", /more text/],
    ["{a:1}", /a key/],
    ["//x", /a value/],
    ["\u00a01", /a value/],
    ["]", /a value/],
  ];
  for (const [text, expected] of cases) {
    const problem = refusal(text);
    t.match(problem.message, expected, JSON.stringify(text));
    t.notMatch(problem.message, /secret-value/);
  }
  t.match(refusal(new Uint8Array([0x22, 0xff, 0x22])).message, /UTF-8/);
  t.match(refusal(new Uint8Array([0xc0, 0xaf])).message, /UTF-8/, "overlong form");
  t.match(refusal(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])).message, /UTF-8/, "a surrogate in UTF-8");
  t.match(refusal("\ufeff{}").message, /a value/, "a byte order mark");
});

t.test("APR-1 every JSON value is read as JSON.parse reads it (property)", async (t) => {
  const forbidden = new Set(["__proto__", "constructor", "prototype"]);
  const key = fc.string({ unit: "grapheme" }).filter((text) => !forbidden.has(text) && !text.includes("\0"));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      key,
      fc.double({ noNaN: true, min: -9e15, max: 9e15 }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(value, fc.constantFrom(0, 2), (sample, indent) => {
      const text = JSON.stringify(sample, null, indent);
      return isDeepStrictEqual(readJson(bytes(text)), JSON.parse(text));
    }),
    { numRuns: 1_000 },
  );
  t.pass("1,000 values");
});

t.test(
  "APR-1 any text that JSON.parse refuses is refused, and never otherwise than as a problem (property)",
  async (t) => {
    const pieces = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "\\u00",
      "1",
      "-",
      ".",
      "e",
      "true",
      "nul",
      '"a"',
      " ",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        try {
          readJson(bytes(text));
          return valid;
        } catch (error) {
          // The scan may refuse what JSON.parse reads, but only for a reason that it names.
          return error instanceof ServiceProblem && (!valid || !/not valid JSON/.test(error.message));
        }
      }),
      { numRuns: 5_000 },
    );
    t.pass("5,000 texts");
  },
);

t.test("APR-1 reading takes time in proportion to the length", async (t) => {
  const time = (text: string): number => {
    const body = bytes(text);
    const start = process.hrtime.bigint();
    readJson(body);
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  const list = (length: number): string => `{"${"k\\\\".repeat(100)}":[${Array(length).fill('"a\\\\b"').join(",")}]}`;
  time(list(1_000));
  t.ok(time(list(30_000)) < 500, "a body near the limit is read in well under half a second");
  t.ok(time(JSON.stringify("\\".repeat(100_000))) < 500);
});

t.test("APR-2 the canonical form is that of RFC 8785, whatever the order of the keys", async (t) => {
  t.equal(canonicalJson({ b: 1, a: [1.0, -0, 1e21, "\u20ac\n"] }), '{"a":[1,0,1e+21,"€\\n"],"b":1}');
  t.equal(
    canonicalJson({ "\ufb33": 1, "\u{1f600}": 2 }),
    '{"\u{1f600}":2,"\ufb33":1}',
    "keys sort by UTF-16 code units",
  );
  t.equal(canonicalJson({ a: undefined, b: null }), '{"b":null}');
  t.equal(digestOf({ b: 1, a: 2 }), digestOf({ a: 2, b: 1 }));
  t.equal(digestOf({}), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  t.equal(digestOfBytes(new Uint8Array()), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

t.test("APR-2 what is not JSON has no canonical form", async (t) => {
  for (const value of [
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    new Date(0),
    new Map(),
    () => 1,
    [undefined],
    { f: () => 1 },
  ]) {
    t.throws(() => canonicalJson(value), TypeError);
  }
  let deep: unknown = null;
  for (let i = 0; i < 100_000; i += 1) deep = [deep];
  t.throws(() => canonicalJson(deep), RangeError);
});
