import type { Spread } from "./noise.ts";
import { type Scale, scaleOf, short } from "./scale.ts";

export interface Point extends Spread {
  /** Where it lies along the axis; a point without it has a row of its own. */
  readonly at?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

/** A picture of one question. */
export interface Plot {
  readonly title: string;
  readonly unit: string;
  /** What the points lie along. */
  readonly axis?: string;
  readonly series: readonly Series[];
}

interface Drawing {
  readonly title: string;
  /** What it was measured on: lines under the title. */
  readonly about: readonly string[];
  readonly plots: readonly Plot[];
}

const width = 900;
const left = 70;
const right = 30;
const field = { width: width - left - right, height: 240 };
const rowHeight = 34;
const legendHeight = 18;

// Of middle lightness, so that they are seen on white and on black, and told apart also by those who see few colours: each
// has a shape of its own besides.
const colours = ["#0b84c6", "#d9730d", "#2a9d62", "#b8509a", "#8a7a00", "#7765d6", "#c44545", "#6b7f8c"];

/** An SVG document that stands by itself and follows the reader's light or dark. */
export function draw({ title, about, plots }: Drawing): string {
  const parts: string[] = [];
  let y = 34;
  parts.push(text(20, y, title, "title"));
  for (const words of about) parts.push(text(20, (y += 18), words, "quiet"));
  y += 22;
  for (const plot of plots) {
    const drawn = plot.series.some(({ points }) => points.some(({ at }) => at !== undefined))
      ? lines(plot)
      : rows(plot);
    parts.push(`<g transform="translate(0 ${y})">${drawn.body}</g>`);
    y += drawn.height;
  }
  return `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="${escape(title)}">
<style>
  .paper { fill: #ffffff; }
  text { fill: #1f2328; font: 12px system-ui, sans-serif; }
  .title { font-size: 18px; font-weight: 600; }
  .question { font-size: 14px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 11px; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; }
  }
</style>
<rect class="paper" width="${width}" height="${y}"/>
${parts.join("\n")}
</svg>
`;
}

interface Drawn {
  readonly body: string;
  readonly height: number;
}

/** Along an axis: a line for each series, with a whisker from the least to the most of every point. */
function lines({ title, unit, axis, series }: Plot): Drawn {
  const scale = scaleOf(series.flatMap(({ points }) => points.flatMap(({ least, most }) => [least, most])));
  const stops = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at ?? 0)))].toSorted((a, b) => a - b);
  const top = 34;
  const bottom = top + field.height;
  const x = (at: number): number => left + (field.width * (stops.indexOf(at) + 0.5)) / stops.length;
  const y = (value: number): number => bottom - field.height * scale.share(value);
  const parts = [text(20, 14, heading(title, unit, scale), "question")];
  for (const tick of scale.ticks) {
    parts.push(line(left, y(tick), left + field.width, y(tick), 'class="grid"'));
    parts.push(text(left - 8, y(tick) + 4, short(tick), "quiet", "end"));
  }
  for (const stop of stops) parts.push(text(x(stop), bottom + 18, short(stop), "", "middle"));
  if (axis !== undefined) parts.push(text(left + field.width, bottom + 34, axis, "quiet", "end"));
  for (const [index, one] of series.entries()) {
    // Beside each other, so that no whisker hides another.
    const shift = (index - (series.length - 1) / 2) * 7;
    const places = one.points.map((point) => ({ point, x: x(point.at ?? 0) + shift, y: y(point.median) }));
    const path = places.map((place) => `${place.x.toFixed(1)},${place.y.toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="1.5" opacity="0.6"/>`);
    for (const place of places) {
      parts.push(line(place.x, y(place.point.least), place.x, y(place.point.most), `stroke="${colour(index)}"`));
      parts.push(marker(place.x, place.y, index, said(one.name, place.point, unit)));
    }
  }
  const legend = series.map(({ name }, index) => {
    const at = { x: left + 8 + (index % 2) * (field.width / 2), y: bottom + 52 + Math.floor(index / 2) * legendHeight };
    return marker(at.x, at.y, index, name) + text(at.x + 14, at.y + 4, name);
  });
  return { body: [...parts, ...legend].join("\n"), height: bottom + 62 + Math.ceil(series.length / 2) * legendHeight };
}

/** A row for each point: its name above, and where it lies, with the whisker. */
function rows({ title, unit, series }: Plot): Drawn {
  const scale = scaleOf(series.flatMap(({ points }) => points.flatMap(({ least, most }) => [least, most])));
  const x = (value: number): number => left + field.width * scale.share(value);
  const all = series.flatMap(({ name, points }, index) => points.map((point) => ({ name, point, index })));
  const top = 28;
  const bottom = top + all.length * rowHeight;
  const parts = [text(20, 14, heading(title, unit, scale), "question")];
  for (const tick of scale.ticks) {
    parts.push(line(x(tick), top, x(tick), bottom, 'class="grid"'));
    parts.push(text(x(tick), bottom + 16, short(tick), "quiet", "middle"));
  }
  for (const [row, { name, point, index }] of all.entries()) {
    const y = top + row * rowHeight + 24;
    parts.push(text(left + 4, y - 9, `${name}: ${short(point.median)}`));
    parts.push(line(x(point.least), y, x(point.most), y, `stroke="${colour(index)}"`));
    parts.push(marker(x(point.median), y, index, said(name, point, unit)));
  }
  return { body: parts.join("\n"), height: bottom + 44 };
}

const heading = (title: string, unit: string, scale: Scale): string =>
  `${title} (${unit}${scale.log ? ", logarithmic" : ""})`;

const said = (name: string, { at, median, least, most }: Point, unit: string): string =>
  `${name}${at === undefined ? "" : ` at ${short(at)}`}: ${short(median)} (${short(least)}-${short(most)}) ${unit}`;

const colour = (index: number): string => colours[index % colours.length] as string;

/** A shape that tells the series apart without its colour; a pointer over it reads the figure. */
function marker(x: number, y: number, index: number, title: string): string {
  const r = 5;
  const at = (points: readonly (readonly [number, number])[]): string =>
    `<polygon points="${points.map(([dx, dy]) => `${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`).join(" ")}" fill="${colour(index)}">`;
  const shapes = [
    [`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r}" fill="${colour(index)}">`, "circle"],
    [at([[-r, -r], [r, -r], [r, r], [-r, r]]), "polygon"], // biome-ignore format: a square
    [at([[0, -r - 1], [r + 1, r], [-r - 1, r]]), "polygon"], // biome-ignore format: a triangle
    [at([[0, -r - 1], [r + 1, 0], [0, r + 1], [-r - 1, 0]]), "polygon"], // biome-ignore format: a diamond
  ] as const;
  const [open, name] = shapes[index % shapes.length] as readonly [string, string];
  return `${open}<title>${escape(title)}</title></${name}>`;
}

function line(x1: number, y1: number, x2: number, y2: number, attributes: string): string {
  const [a, b, c, d] = [x1, y1, x2, y2].map((value) => value.toFixed(1));
  return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke-width="2" ${attributes}/>`;
}

function text(x: number, y: number, content: string, style = "", anchor = "start"): string {
  const of = style === "" ? "" : ` class="${style}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${of} text-anchor="${anchor}">${escape(content)}</text>`;
}

/** As XML demands; a control character, which it cannot hold at all, becomes the sign for what cannot be shown. */
function escape(content: string): string {
  const names: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return content.replaceAll(/\p{Cc}/gu, "\uFFFD").replaceAll(/[&<>"]/g, (one) => names[one] ?? one);
}
