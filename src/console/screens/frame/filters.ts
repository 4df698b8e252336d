import { html, nothing, type TemplateResult } from "lit";
import type { AppContext } from "../../app-context.ts";
import type { TextKey } from "../../texts/en/index.ts";

/** One thing that a list can be narrowed down by: a parameter of the route, and of the address. */
export interface Filter {
  readonly name: string;
  readonly label: TextKey;
  /** The values that there are, where it is a choice; their words are those of `family`. */
  readonly choices?: readonly string[];
  readonly family?: string;
  readonly placeholder?: string;
}

/** What the address says of these filters, as the client takes it. */
export function queryOf(query: URLSearchParams, filters: readonly Filter[]): Record<string, string> {
  const named = filters.map(({ name }) => [name, query.get(name)?.trim() ?? ""] as const);
  return Object.fromEntries(named.filter(([, value]) => value !== ""));
}

/**
 * A form of filters; what is chosen becomes the address, so that it can be sent to somebody else.
 * @param path of the list
 * @param kept what else the address says, whatever is chosen
 */
export function filterForm(
  app: AppContext,
  path: string,
  query: URLSearchParams,
  filters: readonly Filter[],
  kept: Readonly<Record<string, string>> = {},
): TemplateResult {
  const go = (form?: HTMLFormElement): void => {
    const chosen = new URLSearchParams(kept);
    for (const [name, value] of form === undefined ? [] : new FormData(form)) {
      if (typeof value === "string" && value.trim() !== "") chosen.set(name, value.trim());
    }
    app.navigate(chosen.size === 0 ? path : `${path}?${chosen}`);
  };
  const submitted = (event: Event): void => {
    event.preventDefault();
    go(event.currentTarget as HTMLFormElement);
  };
  const changed = (event: Event): void => {
    if (event.target instanceof HTMLSelectElement) go(event.currentTarget as HTMLFormElement);
  };
  const isFiltered = filters.some(({ name }) => query.has(name));
  return html`<form class="filters" role="search" @submit=${submitted} @change=${changed}>
    ${filters.map((filter) => field(app, query, filter))}
    <button type="submit">${app.t("filter.apply")}</button>
    ${
      isFiltered
        ? html`<button type="button" class="plain" @click=${() => go()}>${app.t("filter.clear")}</button>`
        : nothing
    }
  </form>`;
}

function field(app: AppContext, query: URLSearchParams, filter: Filter): TemplateResult {
  const { name, label, choices, family = "status" } = filter;
  const value = query.get(name) ?? "";
  if (choices === undefined) {
    return html`<label
      ><span>${app.t(label)}</span>
      <input type="search" name=${name} .value=${value} placeholder=${filter.placeholder ?? ""} autocomplete="off" spellcheck="false"
    /></label>`;
  }
  return html`<label
    ><span>${app.t(label)}</span>
    <select name=${name} .value=${value}>
      <option value="" ?selected=${value === ""}>${app.t("filter.any")}</option>
      ${choices.map(
        (choice) => html`<option value=${choice} ?selected=${choice === value}>${app.word(family, choice)}</option>`,
      )}
    </select></label
  >`;
}
