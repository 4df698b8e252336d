import t from "tap";
import { Comparison } from "../../bench/support/comparison.ts";
import { draw, type Plot } from "../../bench/support/plot.ts";
import { scaleOf } from "../../bench/support/scale.ts";

const hostile = `a <b> & "c" 'd' ]]> \u0007 é`;
const shown = "a &lt;b&gt; &amp; &quot;c&quot; 'd' ]]&gt; \uFFFD é";

const point = (median: number, at?: number) => ({
  ...(at === undefined ? {} : { at }),
  median,
  least: median * 0.9,
  most: median * 1.1,
});
const alongAxis: Plot = {
  title: "along an axis",
  unit: "a second",
  axis: "connections",
  series: [
    { name: "ours", points: [point(1_000, 1), point(9_000, 64)] },
    { name: hostile, points: [point(800, 1), point(100, 64)] },
  ],
};
const inRows: Plot = { title: hostile, unit: "ms", series: [{ name: "ours", points: [point(3)] }] };
const drawing = { title: hostile, about: ["2 x a cpu", hostile], plots: [alongAxis, inRows] };

/** The names of all elements and all text. @throws Error where the document is not well-formed */
function parse(xml: string): { readonly elements: readonly string[]; readonly texts: readonly string[] } {
  const open: string[] = [];
  const elements: string[] = [];
  const texts: string[] = [];
  const content = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  if (content === xml) throw new Error("no XML declaration");
  const token = /<(\/?)([a-z]+)((?: [a-zA-Z][a-zA-Z0-9-]*="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  for (let at = 0; at < content.length; at = token.lastIndex) {
    token.lastIndex = at;
    const found = token.exec(content);
    if (found === null) throw new Error(`not well-formed at: ${content.slice(at, at + 80)}`);
    const [, closing, name, attributes = "", empty, text] = found;
    checkText(text ?? attributes);
    if (name === undefined) texts.push((text ?? "").trim());
    else if (closing === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes another element`);
    } else {
      if (open.length === 0 && elements.length > 0) throw new Error("a second root");
      checkAttributes(name, attributes);
      elements.push(name);
      if (empty !== "/") open.push(name);
    }
  }
  if (open.length > 0) throw new Error(`<${open.join("><")}> stay open`);
  return { elements, texts: texts.filter((text) => text !== "") };
}

function checkText(text: string): void {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw new Error(`an & by itself: ${text}`);
  if (/[^\P{Cc}\n]/u.test(text)) throw new Error(`a control character: ${text}`);
}

function checkAttributes(name: string, attributes: string): void {
  const names = [...attributes.matchAll(/ ([a-z-]+)=/gi)].map(([, attribute]) => attribute);
  if (new Set(names).size !== names.length) throw new Error(`<${name}> has an attribute twice`);
}

t.test("operations: a picture is a well-formed document, whatever it is labelled with", async (t) => {
  const { elements, texts } = parse(draw(drawing));
  t.equal(elements[0], "svg");
  t.equal(elements.filter((name) => name === "svg").length, 1);
  // The title, the machine, the heading of the second picture, the legend, and what a pointer reads there.
  t.equal(texts.filter((text) => text === shown).length, 4, "title, line below it, legend with what a pointer reads");
  t.ok(texts.includes(`${shown} (ms)`), "the heading of a question");
});

t.test("operations: the check of the documents finds what is not well-formed", async (t) => {
  const good = draw(drawing);
  t.throws(() => parse(good.replace("</svg>", "")), /stay open/);
  t.throws(() => parse(good.replace(">a &lt;b&gt;", ">a <b>")), /closes another/);
  t.throws(() => parse(good.replace("&amp;", "&")), /an & by itself/);
  t.throws(() => parse(good.replace("\uFFFD", "\u0007")), /control character/);
  t.throws(() => parse(good.replace("viewBox", "width")), /attribute twice|not well-formed/);
});

t.test("operations: a picture has a colour scheme for light and one for dark", async (t) => {
  const svg = draw(drawing);
  const style = /<style>(.*)<\/style>/s.exec(svg)?.[1] ?? "";
  const [light = "", dark = ""] = style.split("@media (prefers-color-scheme: dark)");
  for (const what of [".paper", "text", ".quiet", ".grid"]) {
    const colour = (scheme: string): string | undefined =>
      new RegExp(`(?:^|\\s)${what.replace(".", "\\.")} \\{[^}]*(#[0-9a-f]{6})`).exec(scheme)?.[1];
    t.match(colour(light), /^#/, `${what} in the light`);
    t.match(colour(dark), /^#/, `${what} in the dark`);
    t.not(colour(light), colour(dark), `${what} differs`);
  }
  t.match(svg, /<rect class="paper"/);
});

t.test("operations: what was measured lies where the axis says", async (t) => {
  const { elements } = parse(draw(drawing));
  t.equal(elements.filter((name) => name === "polyline").length, 2, "a line for each series");
  const svg = draw({ title: "one", about: [], plots: [{ ...inRows, title: "t" }] });
  t.match(svg, "<title>ours: 3 (2.7-3.3) ms</title>");
  const scale = scaleOf([1, 1_000]);
  t.ok(scale.log, "powers, where a linear axis would hide the least");
  t.strictSame([scale.share(1), scale.share(1_000)], [0, 1]);
  t.notOk(scaleOf([900, 1_000]).log);
});

t.test("operations: a comparison draws each of its questions", async (t) => {
  const comparison = new Comparison({ own: "ours", unit: "a second", axis: "connections" });
  for (const at of [64, 1]) comparison.add({ what: "verify", who: "ours", at, value: 10 * at });
  comparison.add({ what: "startup", who: "ours", value: 5 });
  const plots = comparison.plots();
  t.strictSame(
    plots.map(({ title }) => title),
    ["verify", "startup"],
  );
  t.strictSame(
    plots[0]?.series[0]?.points.map(({ at }) => at),
    [1, 64],
  );
  t.doesNotThrow(() => parse(draw({ title: "both", about: [], plots })));
});
