import { html, nothing } from "lit";
import type { ApprovalRequestSummary } from "../../../approvals/index.ts";
import type { AppContext } from "../../app-context.ts";
import { icons } from "../../parts/index.ts";

export type Changed = (name: "q" | "risk" | "status", value: string) => void;

const risks: readonly ApprovalRequestSummary["risk"][] = ["low", "medium", "high", "sovereign"];
const statuses: readonly ApprovalRequestSummary["status"][] = [
  "open",
  "approved",
  "executed",
  "rejected",
  "withdrawn",
  "expired",
];

/** Milliseconds after the last key, so that not every letter is a question to the service. */
const typingPause = 250;
let pending: ReturnType<typeof setTimeout> | undefined;

/** The search and the filters; what is chosen stands in the address, so that it can be sent on. */
export function requestFilters(app: AppContext, query: URLSearchParams, changed: Changed, withStatus: boolean) {
  const typed = (event: Event) => {
    const field = event.target as HTMLInputElement;
    clearTimeout(pending);
    pending = setTimeout(() => {
      // Whoever has gone to another screen meanwhile is not brought back.
      if (field.isConnected) changed("q", field.value.trim());
    }, typingPause);
  };
  return html`<form class="filters" role="search" @submit=${(event: Event) => event.preventDefault()}>
    <label class="search">
      <span>${app.t("requests.search")}</span>
      ${icons.search}
      <input
        type="search"
        name="q"
        data-search
        maxlength="100"
        autocomplete="off"
        placeholder=${app.t("requests.searchHint")}
        .value=${query.get("q") ?? ""}
        @input=${typed}
      />
    </label>
    ${choice(app, "risk", risks, query, changed)}
    ${withStatus ? choice(app, "status", statuses, query, changed) : nothing}
  </form>`;
}

function choice(
  app: AppContext,
  name: "risk" | "status",
  values: readonly string[],
  query: URLSearchParams,
  changed: Changed,
) {
  const chosen = query.get(name) ?? "";
  return html`<label>
    <span>${app.t(`requests.${name}`)}</span>
    <select name=${name} @change=${(event: Event) => changed(name, (event.target as HTMLSelectElement).value)}>
      <option value="" ?selected=${chosen === ""}>${app.t("requests.any")}</option>
      ${values.map((value) => html`<option value=${value} ?selected=${chosen === value}>${app.word(name, value)}</option>`)}
    </select>
  </label>`;
}

/** What of the address goes into the question, and nothing else of it. */
export function askedBy(query: URLSearchParams): { q?: string; risk?: string; status?: string } {
  const asked: { q?: string; risk?: string; status?: string } = {};
  const q = query.get("q")?.trim();
  const risk = query.get("risk");
  const status = query.get("status");
  if (q)
    asked.q = q
      .replaceAll(/\p{Cc}/gu, " ")
      .trim()
      .slice(0, 100);
  if (risk && (risks as readonly string[]).includes(risk)) asked.risk = risk;
  if (status && (statuses as readonly string[]).includes(status)) asked.status = status;
  return asked;
}

/** The address with one of its filters changed: as it is now, since another may have been changed a moment ago. */
export function withFilter(path: string, name: string, value: string): string {
  const next = new URLSearchParams(location.search);
  if (value === "") next.delete(name);
  else next.set(name, value);
  return next.size === 0 ? path : `${path}?${next.toString()}`;
}
