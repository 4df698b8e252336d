import { html, nothing, type TemplateResult } from "lit";
import type { VerificationReport } from "../../../lifecycle/index.ts";
import { hasRole } from "../../app-context.ts";
import { Part } from "../../element.ts";
import { Load, problemText, shown } from "../../parts/index.ts";
import type { TextKey } from "../../texts/en/index.ts";
import { saveAs } from "../frame/download.ts";
import { facts, verdict } from "../frame/facts.ts";

type Probe = VerificationReport["existence"]["probes"][number];
type Cell = VerificationReport["roles"]["cells"][number];

/** `<cs-verification .app .database>`: all probes of a target's gateway (LIFE-5), run when somebody asks for it. */
export class CsVerification extends Part {
  static override properties = { ...Part.properties, database: {} };
  declare database: string;
  readonly #report = new Load<VerificationReport>(this);

  /** Undefined for the one that the service takes where none is named. */
  #named(): string | undefined {
    return this.database === "" ? undefined : this.database;
  }

  #run(): void {
    void this.#report.run((signal) => this.app.client.lifecycle.verification(this.#named(), { signal }));
  }

  async #page(): Promise<void> {
    const { app } = this;
    try {
      saveAs("verification.html", await app.client.lifecycle.verificationPage(this.#named()), "text/html");
    } catch (error) {
      app.toast(problemText(app, error), "error");
    }
  }

  protected override render() {
    const { app } = this;
    if (!hasRole(app, "operator", "auditor")) return html`<p class="note">${app.t("lifecycle.notPermitted")}</p>`;
    const { value, busy, problem } = this.#report;
    return html`<div class="actions">
        <button type="button" class="primary" ?disabled=${busy} @click=${() => this.#run()}>
          ${app.t(busy ? "action.working" : "lifecycle.verify")}
        </button>
        <button type="button" @click=${() => this.#page()}>${app.t("lifecycle.page")}</button>
        ${
          value === undefined
            ? nothing
            : html`<button type="button" @click=${() => saveAs("verification.json", JSON.stringify(value, null, 2))}>
              ${app.t("lifecycle.json")}
            </button>`
        }
      </div>
      <cs-problem .app=${app} .error=${problem}></cs-problem>
      <div aria-live="polite">
        ${value === undefined ? html`<p class="empty">${app.t("lifecycle.verifyLead")}</p>` : this.#shown(value)}
      </div>`;
  }

  #shown(report: VerificationReport): TemplateResult {
    const { app } = this;
    const { existence, behaviour, roles, fingerprints, backlog, consistency } = report;
    return html`<section class="card">
        <h2>
          ${app.t("lifecycle.report")}
          ${verdict(app, report.passed)}
        </h2>
        ${facts(app, [
          ["lifecycle.database", report.database],
          ["lifecycle.takenAt", html`<cs-time .app=${app} at=${report.taken_at} exact></cs-time>`],
          ["lifecycle.gateway", html`<cs-digest .app=${app} value=${report.gateway_digest}></cs-digest>`],
          ["lifecycle.reportDigest", html`<cs-digest .app=${app} value=${report.digest}></cs-digest>`],
        ])}
      </section>
      ${this.#part("lifecycle.existence", existence.passed, existence.probes)}
      ${this.#part("lifecycle.behaviour", behaviour.passed, behaviour.probes)}
      ${this.#part("lifecycle.roles", roles.passed, [...roles.cells.map(cellProbe), ...roles.posture])}
      ${this.#part("lifecycle.fingerprints", fingerprints.passed, [...fingerprints.schema, ...fingerprints.data])}
      ${backlog.installed ? this.#part("lifecycle.backlog", backlog.passed, backlog.probes) : nothing}
      ${this.#part("lifecycle.consistency", consistency.passed, [])}
      ${consistency.examples.map(
        ({ canonical_address, problem }) => html`<p><code>${shown(canonical_address)}</code> ${shown(problem)}</p>`,
      )}`;
  }

  /** What has failed is to be seen at once. */
  #part(title: TextKey, passed: boolean, probes: readonly Probe[]): TemplateResult {
    const { app } = this;
    const failing = probes.filter((probe) => !probe.passed);
    const rest = probes.filter((probe) => probe.passed);
    return html`<details class="card" ?open=${!passed}>
      <summary>
        <strong class="grow">${app.t(title)}</strong>
        <span class="muted">${app.t("lifecycle.probes", { passed: rest.length, all: probes.length })}</span>
        ${verdict(app, passed)}
      </summary>
      <ul class="probes">
        ${[...failing, ...rest].map(
          (probe) => html`<li>
            ${verdict(app, probe.passed)}
            <span>${shown(probe.title)}</span>
            ${
              probe.passed
                ? nothing
                : html`<span class="small">
                  ${app.t("plans.expected")} <code>${shown(JSON.stringify(probe.expected) ?? "")}</code> ·
                  ${app.t("lifecycle.found")} <code>${shown(JSON.stringify(probe.found) ?? "")}</code>
                </span>`
            }
          </li>`,
        )}
      </ul>
    </details>`;
  }
}
customElements.define("cs-verification", CsVerification);

function cellProbe({ object, role, privilege, expected, found, passed }: Cell): Probe {
  const title = `${role}: ${privilege} ${object}`;
  return { id: title, title, expected, found, verdict: passed ? "passed" : "failed", passed };
}
