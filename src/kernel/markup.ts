/** A cell of a table: text, or a number. */
export type Cell = string | number;

/** A whole page, without script, and without style unless it brings its own: then its route has to let that in. */
export function document(title: string, parts: readonly string[], style?: string): string {
  const look = style === undefined ? "" : `<style>${style}</style>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escape(title)} - Countersign</title>${look}</head>
<body>
<h1>${escape(title)}</h1>
${parts.join("\n")}
</body>
</html>
`;
}

/** Pairs of a name and a value. */
export function facts(pairs: readonly (readonly [string, Cell])[]): string {
  const rows = pairs.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(String(value))}</dd>`);
  return `<dl>\n${rows.join("\n")}\n</dl>`;
}

/** A table with lines, since it comes without a style sheet; the first column names the row. */
export function table(caption: string, headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const head = headings.map((heading) => `<th scope="col">${escape(heading)}</th>`).join("");
  const body = rows.map(([first = "", ...others]) => {
    // Without a style sheet a line breaks at blanks alone: after a comma of a list it may as well.
    const cells = others.map((cell) => `<td>${escape(String(cell)).replaceAll(",", ",<wbr>")}</td>`).join("");
    return `<tr><th scope="row">${escape(String(first))}</th>${cells}</tr>`;
  });
  return `<table border="1">
<caption>${escape(caption)}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body.join("\n")}
</tbody>
</table>`;
}

/** A part of a page that says of itself whether it passed. */
export function section(heading: string, passed: boolean, ...parts: readonly string[]): string {
  return `<section>\n<h2>${escape(heading)}: ${word(passed)}</h2>\n${parts.join("\n")}\n</section>`;
}

/** A part of a page under a heading. */
export function part(heading: string, ...parts: readonly string[]): string {
  return `<section>\n<h2>${escape(heading)}</h2>\n${parts.join("\n")}\n</section>`;
}

export function paragraph(text: string): string {
  return `<p>${escape(text)}</p>`;
}

/** Text as it stands, with its lines. */
export function preformatted(text: string): string {
  return `<pre>${escape(text)}</pre>`;
}

/** How a page says it. */
export function word(passed: boolean): string {
  return passed ? "passed" : "failed";
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
