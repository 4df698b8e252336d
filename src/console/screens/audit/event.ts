import { html, nothing, type TemplateResult } from "lit";
import { ClientProblem } from "../../../client/index.ts";
import type { AuditEvent, InclusionProof, LogCheckpoint } from "../../../evidence/index.ts";
import { Part } from "../../element.ts";
import { Load, shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import { saveAs } from "../frame/download.ts";
import "../frame/evidence.ts";
import { facts, json, verdict } from "../frame/facts.ts";
import { type Check, checkInclusion } from "./proof.ts";

interface Proved {
  readonly event: AuditEvent;
  readonly proof: InclusionProof;
  readonly checkpoint: LogCheckpoint;
  readonly checks: readonly Check[];
}

/** What is known of an event: proved or not, or why that cannot be said yet. */
type State =
  | { readonly kind: "looked"; readonly proved: Proved }
  | { readonly kind: "retained"; readonly proof: InclusionProof };

/** `<cs-event .app .seq .listed .close>`: one event, with its proof looked at by this browser (AUDIT-2). */
export class CsEvent extends Part {
  static override properties = {
    ...Part.properties,
    seq: { type: Number },
    listed: { attribute: false },
    close: {},
  };
  declare seq: number;
  /** The event as the list has it, where it is in the list. */
  declare listed: AuditEvent | undefined;
  /** Where closing leads to. */
  declare close: string;
  readonly #state = new Load<State>(this);
  #shown: string | undefined;

  protected override willUpdate(): void {
    // The list may come after its event: then what it says is looked at as well.
    const asked = `${this.seq} ${this.listed === undefined}`;
    if (asked === this.#shown) return;
    if (this.#state.value !== undefined && !this.#shown?.startsWith(`${this.seq} `)) this.#state.clear();
    this.#shown = asked;
    this.#look();
  }

  #look(): void {
    const { app, seq, listed } = this;
    const { client } = app;
    void this.#state.run(async (signal): Promise<State> => {
      const [proof, checkpoint] = await Promise.all([
        client.proveInclusion({ seq }, { signal }),
        client.auditCheckpoint({ signal }),
      ]);
      const leaves = await client.auditLeaves({ start: proof.leaf, limit: 1 }, { signal });
      const event = leaves.items.find(({ leaf }) => leaf === proof.leaf)?.event;
      if (event === undefined) return { kind: "retained", proof };
      const checks = await checkInclusion({ event, listed, proof, checkpoint });
      return { kind: "looked", proved: { event, proof, checkpoint, checks } };
    });
  }

  protected override render() {
    const { app, seq } = this;
    const { value, problem } = this.#state;
    return html`<section class="card event" aria-labelledby="event">
      <div class="section-head">
        <h2 id="event">${app.t("audit.event")} #${seq}</h2>
        <a class="button" href=${href(this.close)}>${app.t("action.close")}</a>
      </div>
      ${
        value === undefined && problem === undefined
          ? html`<p class="muted" role="status">${app.t("audit.proving")}</p>`
          : nothing
      }
      ${problem === undefined ? nothing : this.#unproved(problem)}
      ${value?.kind === "looked" ? this.#proved(value.proved) : nothing}
      ${value?.kind === "retained" ? this.#retained(value.proof) : nothing}
    </section>`;
  }

  #unproved(problem: unknown): TemplateResult {
    const { app, listed } = this;
    const isYoung = problem instanceof ClientProblem && problem.status === 404;
    return html`${
      isYoung
        ? html`<p class="note">${app.t("audit.unsealed")}
            <button type="button" @click=${() => this.#look()}>${app.t("action.retry")}</button></p>`
        : html`<cs-problem .app=${app} .error=${problem} .retry=${() => this.#look()}></cs-problem>`
    }
      ${listed === undefined ? nothing : this.#event(listed)}`;
  }

  #retained({ retained }: InclusionProof): TemplateResult {
    const { app } = this;
    const files = retained.map(
      ({ month, file, sha256 }) =>
        html`<li>${month}: <code>${shown(file)}</code> <code class="small">${sha256}</code></li>`,
    );
    return html`<p class="note">${app.t("audit.retained")}</p>
      <ul>
        ${files}
      </ul>`;
  }

  #proved({ event, proof, checkpoint, checks }: Proved): TemplateResult {
    const { app } = this;
    const isWrong = checks.some(({ holds }) => holds === false);
    const kept = { event, proof, checkpoint };
    const path = "/v1/audit/proofs/inclusion";
    return html`<p class="verdict ${isWrong ? "bad" : "good"}" aria-live="polite">
        ${verdict(app, !isWrong)}
        <strong>${app.t(isWrong ? "audit.wrong" : "audit.proved")}</strong>
      </p>
      <ol class="checks">
        ${checks.map((check) => this.#check(check))}
      </ol>
      <p class="muted small">${app.t("audit.lead", { leaf: proof.leaf, size: proof.size })}</p>
      ${this.#event(event)}
      <div class="actions">
        <button type="button" @click=${() => saveAs(`event-${event.seq}.json`, JSON.stringify(kept, null, 2))}>
          ${app.t("audit.save")}
        </button>
        ${
          event.resource_type === "grant" || event.resource_type === "run"
            ? html`<cs-evidence .app=${app} kind=${`${event.resource_type}s`} name=${event.resource_id}></cs-evidence>`
            : nothing
        }
        <cs-copy-curl .app=${app} .request=${{ method: "GET", path, query: { seq: event.seq } }}></cs-copy-curl>
      </div>`;
  }

  #check({ name, holds, found }: Check): TemplateResult {
    const { app } = this;
    return html`<li class=${holds === false ? "bad" : "good"} data-check=${name}>
      ${verdict(app, holds)}
      <span>${app.t(`audit.check.${name}`)}</span>
      ${found === "" ? nothing : html`<code class="small found">${shown(found)}</code>`}
    </li>`;
  }

  #event(event: AuditEvent): TemplateResult {
    const { app } = this;
    const place = placeOf(event);
    return html`${facts(app, [
      ["audit.action", html`<code>${shown(event.action)}</code>`],
      ["audit.actor", event.actor],
      ["audit.when", html`<cs-time .app=${app} at=${event.occurred_at} exact></cs-time>`],
      [
        "audit.resource",
        html`${shown(event.resource_type)} · ${place === undefined ? shown(event.resource_id) : html`<a href=${href(place)}>${shown(event.resource_id)}</a>`}`,
      ],
      ["audit.request", html`<code>${shown(event.request_id)}</code>`],
    ])}
    ${json(app.t("audit.before"), event.before, true)} ${json(app.t("audit.after"), event.after, true)}
    ${json(app.t("audit.digests"), event.digests, true)}`;
  }
}
customElements.define("cs-event", CsEvent);

/** The screen of what an event is about, where there is one. */
function placeOf({ resource_type, resource_id }: AuditEvent): string | undefined {
  if (resource_type === "grant") return pathTo("grants", resource_id);
  if (resource_type === "run") return pathTo("runs", resource_id);
  if (resource_type === "approval_request") return pathTo("requests", resource_id);
  return undefined;
}
