import { html, nothing, type TemplateResult } from "lit";
import type { ApprovalRequest } from "../../../approvals/index.ts";
import type { AppContext } from "../../app-context.ts";
import { hiddenIn } from "../../parts/shown.ts";
import { duration, icons, shown } from "../../parts/index.ts";

/** What is on the screen: the request, its canonical form, and the digest that this browser has computed of that form. */
export interface Seen {
  readonly request: ApprovalRequest;
  readonly canonical: string;
  /** Undefined where the browser cannot compute one. */
  readonly computed: string | undefined;
}

/** Whether what is shown is what the digest is of. */
export function matches({ request, computed }: Seen): boolean {
  return computed === request.apr_digest;
}

const isRecord = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given);

/** Shown elsewhere on the screen, in larger letters. */
const apart = new Set(["apr_code", "title", "justification", "proposed_action"]);

/** What is looked at first comes first; a member that this page has never heard of comes last, and comes. */
const order =
  "proposed_action_code commit risk decide_within_seconds carrier target environment namespace axis executor plan_id plan_revision plan_ref step_name action_set manifest_digest schema_digest rehearsal_ref rollback_plan_ref rolls_back ttl_seconds owner_principal".split(
    " ",
  );

const place = (name: string): number => order.indexOf(name) + 1 || order.length + 1;

function membersOf(of: Readonly<Record<string, unknown>>, but = new Set<string>()): [string, unknown][] {
  return Object.entries(of)
    .filter(([name]) => !but.has(name))
    .sort(([one], [other]) => place(one) - place(other));
}

/** What would be approved, field by field, none left out, and then the very text that the digest is of. */
export function contentCards(app: AppContext, seen: Seen): TemplateResult {
  const content = isRecord(seen.request.request) ? seen.request.request : {};
  const action = isRecord(content["proposed_action"]) ? content["proposed_action"] : {};
  return html`<section class="card" aria-labelledby="content-heading">
      <h2 id="content-heading">${app.t("request.content")}</h2>
      ${commitNote(app, content["commit"])} ${hiddenNote(app, seen.canonical)}
      <h3>${app.t("request.justification")}</h3>
      <p class="prose">${value(app, "justification", content["justification"])}</p>
      <h3>${app.t("request.action")}</h3>
      <dl class="facts">
        ${[...membersOf(content, apart), ...membersOf(action)].map(([name, member]) => field(app, name, member))}
      </dl>
    </section>
    ${canonicalCard(app, seen)}`;
}

function commitNote(app: AppContext, commit: unknown) {
  return commit === true
    ? html`<p class="note warn">${icons.warn} <span>${app.t("request.commit")}</span></p>`
    : html`<p class="note">${icons.check} <span>${app.t("request.dryRun")}</span></p>`;
}

/** Somebody may hope that others approve what they cannot see. */
function hiddenNote(app: AppContext, canonical: string) {
  const count = hiddenIn(canonical);
  if (count === 0) return nothing;
  return html`<p class="note bad" role="note">${icons.warn} <span>${app.t("request.hidden", { count })}</span></p>`;
}

function field(app: AppContext, name: string, member: unknown): TemplateResult {
  return html`<div class="fact">
    <dt>${app.word("field", name)}</dt>
    <dd>${value(app, name, member)}</dd>
  </div>`;
}

function value(app: AppContext, name: string, member: unknown): TemplateResult | string {
  if (typeof member === "string") {
    if (/^sha256:[0-9a-f]{64}$/.test(member)) return html`<cs-digest .app=${app} value=${member} whole></cs-digest>`;
    if (name === "risk") return html`<cs-status .app=${app} risk value=${member}></cs-status>`;
    return shown(member);
  }
  if (typeof member === "boolean") return html`<code>${String(member)}</code>`;
  if (typeof member === "number") {
    return name.endsWith("_seconds")
      ? html`${duration(member * 1_000)} <span class="muted">(${member})</span>`
      : String(member);
  }
  if (Array.isArray(member)) {
    return html`<ul class="chips">
      ${member.map((item) => html`<li>${shown(typeof item === "string" ? item : JSON.stringify(item))}</li>`)}
    </ul>`;
  }
  return member === undefined ? html`<span class="muted">–</span>` : shown(JSON.stringify(member));
}

function canonicalCard(app: AppContext, seen: Seen) {
  return html`<section class="card" aria-labelledby="canonical-heading">
    <h2 id="canonical-heading">${app.t("request.canonical")}</h2>
    <p class="muted small">${app.t("request.canonicalText")}</p>
    <pre class="code-block" tabindex="0" role="region" aria-label=${app.t("request.canonicalText")}><code>${shown(seen.canonical)}</code></pre>
    <dl class="facts">
      <dt>${app.t("request.digestStored")}</dt>
      <dd><cs-digest .app=${app} value=${seen.request.apr_digest} whole></cs-digest></dd>
      <dt>${app.t("request.digestComputed")}</dt>
      <dd>
        ${
          seen.computed === undefined
            ? app.t("request.digestNot")
            : html`<cs-digest .app=${app} value=${seen.computed} whole></cs-digest>`
        }
      </dd>
    </dl>
    ${verdict(app, seen)}
  </section>`;
}

function verdict(app: AppContext, seen: Seen) {
  if (matches(seen))
    return html`<p class="note good">${icons.check} <span>${app.t("request.digestMatches")}</span></p>`;
  const text = seen.computed === undefined ? "request.digestUnchecked" : "request.digestDiffers";
  return html`<p class="note bad">${icons.warn} <strong>${app.t(text)}</strong></p>`;
}
