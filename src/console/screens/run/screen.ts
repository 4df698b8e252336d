import { html, nothing, type TemplateResult } from "lit";
import type { Run } from "../../../runs/index.ts";
import { Screen } from "../../element.ts";
import { duration, shown } from "../../parts/index.ts";
import { everySecond } from "../../parts/ticker.ts";
import { href, pathTo } from "../../paths.ts";
import "../frame/evidence.ts";
import { code, facts, json } from "../frame/facts.ts";
import { eventList } from "./events.ts";
import { LiveRun } from "./live.ts";
import { rowsOf } from "./rows.ts";
import { timeline } from "./timeline.ts";

/** One run as it goes on, or as it went. */
export class CsRun extends Screen {
  readonly #live = new LiveRun(this);
  #stopTicking: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopTicking = everySecond(() => {
      if (this.#live.state !== "ended" && this.#live.state !== "paused") this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopTicking?.();
  }

  protected override arrived(anew: boolean): void {
    if (!anew) return;
    const root = this.params["root"] ?? "";
    this.setTitle(root);
    this.#live.follow(this.app, root);
  }

  protected override render() {
    const { app } = this;
    const { run, problem } = this.#live;
    const root = this.params["root"] ?? "";
    if (run === undefined) {
      return html`<h1>${shown(root)}</h1>
        ${
          problem === undefined
            ? html`<p class="muted" role="status">${app.t("list.loading")}</p>`
            : html`<cs-problem .app=${app} .error=${problem} .retry=${() => this.#live.follow(app, root)}></cs-problem>`
        }`;
    }
    return html`${this.#head(run)} ${this.#end(run)}
      <section class="card" aria-labelledby="timeline">
        <div class="section-head">
          <h2 id="timeline">${app.t("runs.timeline")}</h2>
          ${this.#control()}
        </div>
        ${timeline(app, rowsOf(run, this.#live.events), this.#now(run))}
      </section>
      <div class="columns">${this.#facts(run)} ${this.#bound(run)}</div>
      ${json(app.t("runs.rehearsal"), run.rehearsal)} ${json(app.t("runs.outcome"), run.outcome)}
      ${eventList(app, this.#live.events)}`;
  }

  /** A run that is over does not grow; one that is paused does not seem to. */
  #now(run: Run): number {
    if (run.finished_at !== null) return Date.parse(run.finished_at);
    const last = this.#live.events.at(-1)?.occurred_at;
    return this.#live.state === "paused" && last !== undefined ? Date.parse(last) : this.app.now();
  }

  #head(run: Run): TemplateResult {
    const { app } = this;
    const path = `/v1/runs/${encodeURIComponent(run.idempotency_root)}`;
    const closeOut = `/v1/lifecycle/close-outs/${encodeURIComponent(run.idempotency_root)}`;
    return html`<header class="page-head">
      <div>
        <h1>${shown(run.idempotency_root)}</h1>
        <p class="tags">
          <cs-status .app=${app} value=${run.status}></cs-status>
          <span class="badge calm">${app.word("mode", run.mode)}</span>
          <span>${shown(run.build)} · ${shown(run.target)} · ${shown(run.environment)}</span>
        </p>
      </div>
      <div class="actions">
        <cs-evidence .app=${app} kind="runs" name=${run.idempotency_root}></cs-evidence>
        ${
          run.build.startsWith("lifecycle") && run.finished_at !== null
            ? html`<a class="button" href=${closeOut} target="_blank" rel="noopener">${app.t("runs.closeOut")}</a>`
            : nothing
        }
        <cs-copy-curl .app=${app} .request=${{ method: "GET", path }}></cs-copy-curl>
      </div>
    </header>`;
  }

  /** Why it has not gone on as it was meant to. */
  #end(run: Run) {
    const { app } = this;
    if (run.stop_state === null && run.error === null && run.stop_request === null) return nothing;
    const asked = run.stop_request;
    return html`<section class="note bad" aria-labelledby="stopped">
      <h2 id="stopped">${app.t("runs.stoppedAt")} <code>${shown(run.stop_state ?? run.state)}</code></h2>
      ${run.error === null ? nothing : html`<p><code>${shown(run.error.code)}</code> ${shown(run.error.detail)}</p>`}
      ${
        asked === null
          ? nothing
          : html`<p>
            ${app.t(`runs.asked.${asked.running}`)} ${shown(asked.by)} <cs-time .app=${app} at=${asked.at}></cs-time>:
            ${shown(asked.reason)}
          </p>`
      }
    </section>`;
  }

  #control(): TemplateResult {
    const { app } = this;
    const live = this.#live;
    const isPaused = live.state === "paused";
    return html`<div class="live ${live.state}">
      <span aria-live="polite" class="live-state"><i aria-hidden="true"></i>${app.t(`runs.live.${live.state}`)}</span>
      ${
        live.state === "ended"
          ? nothing
          : html`<button type="button" aria-pressed=${isPaused} @click=${() => (isPaused ? live.resume() : live.pause())}>
            ${app.t(isPaused ? "runs.resume" : "runs.pause")}
          </button>`
      }
    </div>`;
  }

  #facts(run: Run): TemplateResult {
    const { app } = this;
    const time = (at: string | null) => (at === null ? null : html`<cs-time .app=${app} at=${at} exact></cs-time>`);
    const took = run.finished_at === null ? null : duration(Date.parse(run.finished_at) - Date.parse(run.created_at));
    return html`<section class="card" aria-labelledby="about">
      <h2 id="about">${app.t("runs.about")}</h2>
      ${facts(app, [
        ["runs.state", code(run.state)],
        ["runs.lastOk", run.last_ok_state === null ? null : code(run.last_ok_state)],
        ["runs.stopState", run.stop_state === null ? null : code(run.stop_state)],
        ["runs.began", time(run.created_at)],
        ["runs.workBy", time(run.work_by)],
        ["runs.finished", time(run.finished_at)],
        ["runs.took", took],
        ["grants.executor", run.executor],
        ["runs.rollsBack", run.rolls_back === null ? null : link(run.rolls_back)],
      ])}
    </section>`;
  }

  #bound(run: Run): TemplateResult {
    const { app } = this;
    const digest = (value: string | null) =>
      value === null ? null : html`<cs-digest .app=${app} value=${value}></cs-digest>`;
    const authority = run.auth_code.startsWith("GBA-")
      ? html`<a href=${href(pathTo("grants", run.auth_code))}>${shown(run.auth_code)}</a>`
      : code(run.auth_code);
    return html`<section class="card" aria-labelledby="bound">
      <h2 id="bound">${app.t("runs.bound")}</h2>
      ${facts(app, [
        ["runs.authority", authority],
        ["runs.inputDigest", digest(run.input_digest)],
        ["grants.manifestDigest", digest(run.manifest_digest)],
        ["grants.schemaDigest", digest(run.schema_digest)],
        ["runs.rehearsalRef", digest(run.rehearsal_ref)],
        ["grants.lease", run.lease === null ? null : html`${code(run.lease.name)} · ${run.lease.fencing_token}`],
      ])}
    </section>`;
  }
}
customElements.define("cs-run", CsRun);

const link = (root: string): TemplateResult => html`<a href=${href(pathTo("runs", root))}>${shown(root)}</a>`;
