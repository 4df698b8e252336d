import t from "tap";
import { fields, table } from "../../src/cli/output.ts";
import { cut, harmless, jsonText, padded, plain, said, widthOf } from "../../src/cli/terminal.ts";

/** Sequences and characters that steer a terminal, or what a reader takes from it. */
const steering = [
  "\u001b[31mred",
  "\u001b]0;title\u0007",
  "\u001b]8;;http://evil.test\u001b\\link\u001b]8;;\u001b\\",
  "\u009b2J",
  "\u0008\u0008",
  "line\nbreak",
  "carriage\rreturn",
  "tab\there",
  "\u202egnp.exe",
  "\u2066hidden\u2069",
  "\u2028",
  "\u0000",
  "\u007f",
];

t.test("operations: what others wrote does not steer the terminal", (t) => {
  const raw = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;
  for (const text of steering) {
    const name = jsonText(text);
    t.notMatch(plain(text), raw, `plain ${name}`);
    t.notMatch(said`${text} is`, raw, `said ${name}`);
    t.notMatch(
      table(["a"], [[text]])
        .split("\n")
        .slice(1)
        .join(""),
      raw,
      `table ${name}`,
    );
    t.notMatch(fields({ a: text, b: { c: text } }).replaceAll("\n", ""), raw, `fields ${name}`);
    t.notMatch(fields({ [text]: 1 }), raw, `the name of a field ${name}`);
    t.same(JSON.parse(jsonText({ text })), { text }, `JSON keeps ${name}`);
    t.notMatch(jsonText({ text }), raw, `and escapes it ${name}`);
    t.notMatch(harmless(text).replaceAll("\n", "").replace("\u001b[31m", ""), raw, `the last guard ${name}`);
  }
  t.equal(harmless("\u001b[1mOURS\u001b[22m\nline"), "\u001b[1mOURS\u001b[22m\nline", "our own styles stay");
  t.end();
});

t.test("operations: columns line up by what is drawn, not by characters", (t) => {
  const widths: readonly (readonly [string, number])[] = [
    ["", 0],
    ["plain", 5],
    ["Quyết định", 10],
    ["Quye\u0302\u0301t", 5],
    ["日本語", 6],
    ["ｶﾅ", 2],
    ["한글", 4],
    ["✓ ok", 4],
    ["👍🏽", 2],
    ["👩‍👩‍👧", 2],
    ["ａ", 2],
  ];
  for (const [text, width] of widths) t.equal(widthOf(text), width, JSON.stringify(text));
  t.equal(cut("日本語", 5), "日本…");
  t.equal(cut("日本語", 4), "日…", "half a character is none");
  t.equal(cut("plain", 5), "plain");
  t.equal(cut("plain", 4), "pla…");
  t.equal(padded("日本", 6), "日本  ");
  const [head = "", first = "", second = ""] = table(
    ["name", "is"],
    [
      ["日本語", 1],
      ["ab", null],
    ],
  ).split("\n");
  t.same([head, first, second], ["NAME    IS", "日本語  1", "ab      -"]);
  t.equal(table(["a"], []), "none");
  t.end();
});
