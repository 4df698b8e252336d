import { html, nothing, type TemplateResult } from "lit";
import type { AppContext } from "../../app-context.ts";
import { icons } from "../../parts/icons.ts";
import { shown } from "../../parts/shown.ts";
import type { TextKey } from "../../texts/en/index.ts";

export type Shown = TemplateResult | typeof nothing | string;

/** What is known of a thing: name and value, line by line. Values that are absent have no line. */
export function facts(
  app: AppContext,
  lines: readonly (readonly [TextKey, Shown | null | undefined])[],
): TemplateResult {
  const known = lines.filter(([, value]) => value != null && value !== "" && value !== nothing);
  return html`<dl class="facts">
    ${known.map(([label, value]) => html`<dt>${app.t(label)}</dt><dd>${typeof value === "string" ? shown(value) : value}</dd>`)}
  </dl>`;
}

/** A value that somebody has written, in the type of what is to be read letter by letter. */
export const code = (text: string): TemplateResult => html`<code>${shown(text)}</code>`;

/** Any JSON as it is, indented. @param open whether it is to be seen at once */
export function json(label: string, value: unknown, open = false): TemplateResult | typeof nothing {
  if (value === null || value === undefined) return nothing;
  return html`<details class="json" ?open=${open}>
    <summary>${label}</summary>
    <pre class="code-block" tabindex="0" role="group" aria-label=${label}><code>${shown(JSON.stringify(value, null, 2))}</code></pre>
  </details>`;
}

/** Whether something is as it must be; undefined where that could not be looked at. */
export function verdict(app: AppContext, holds: boolean | undefined): TemplateResult {
  if (holds === undefined) return html`<span class="badge calm">${icons.bar}${app.t("check.unknown")}</span>`;
  return holds
    ? html`<span class="badge good">${icons.check}${app.t("check.holds")}</span>`
    : html`<span class="badge bad">${icons.cross}${app.t("check.fails")}</span>`;
}
