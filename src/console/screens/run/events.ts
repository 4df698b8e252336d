import { html, nothing, type TemplateResult } from "lit";
import type { RunEvent } from "../../../runs/index.ts";
import type { AppContext } from "../../app-context.ts";
import { shown } from "../../parts/index.ts";

/** Every event of a run, the newest first: what the picture is drawn from. */
export function eventList(app: AppContext, events: readonly RunEvent[]): TemplateResult {
  return html`<details class="events">
    <summary>${app.t("runs.events", { count: events.length })}</summary>
    <ol class="event-list" reversed>
      ${[...events]
        .sort((one, other) => other.seq - one.seq)
        .map(
          (event) => html`<li>
          <cs-time .app=${app} at=${event.occurred_at} exact></cs-time>
          <code>${shown(event.event)}</code>
          ${event.state === null ? nothing : html`<code>${shown(event.state)}</code>`}
          ${event.attempt === null || event.attempt < 2 ? nothing : app.t("runs.attempt", { number: event.attempt })}
          ${event.detail === null ? nothing : html`<code class="small muted detail">${shown(JSON.stringify(event.detail))}</code>`}
        </li>`,
        )}
    </ol>
  </details>`;
}
