import { html, nothing, type TemplateResult } from "lit";
import type { ProposalApproval } from "../../../plans/index.ts";
import { type AppContext, hasRole } from "../../app-context.ts";
import { Part } from "../../element.ts";
import { type Column, type CsDialog, Pages, shown } from "../../parts/index.ts";
import "../signing/sign.ts";
import type { Subject } from "../signing/subject.ts";

/** `<cs-plan-records .app plan revision>`: the M-1 records of a revision: who has let which act happen, and how long. */
export class CsPlanRecords extends Part {
  static override properties = {
    ...Part.properties,
    plan: {},
    revision: {},
    changed: { attribute: false },
    signing: { state: true },
    revoking: { state: true },
  };
  declare plan: string;
  declare revision: string;
  /** Is called once something has changed here. */
  declare changed: () => void;
  declare signing: string | undefined;
  declare revoking: string | undefined;
  readonly #pages = new Pages<ProposalApproval>(this);

  override connectedCallback(): void {
    super.connectedCallback();
    this.#read();
  }

  #read(): void {
    const query = { plan_id: this.plan, revision: this.revision };
    void this.#pages.start((cursor, signal) => this.app.client.plans.listApprovals({ ...query, cursor }, { signal }));
  }

  #done(): void {
    this.signing = undefined;
    this.#read();
    this.changed();
  }

  async #ask(code: string): Promise<void> {
    this.revoking = code;
    await this.updateComplete;
    await this.querySelector<CsDialog>("cs-dialog")?.show();
  }

  async #revoke(reason: string): Promise<void> {
    await this.app.client.plans.revokeApproval(this.revoking ?? "", { reason });
    this.#done();
  }

  #columns(): readonly Column<ProposalApproval>[] {
    const { app } = this;
    return [
      { name: app.t("plans.approval"), render: ({ approval_code }) => html`<code>${shown(approval_code)}</code>` },
      { name: app.t("plans.step"), render: ({ step, act }) => html`${step} · ${app.word("plans.act", act)}` },
      {
        name: app.t("filter.status"),
        render: ({ status }) => html`<cs-status .app=${app} value=${status}></cs-status>`,
      },
      { name: app.t("plans.reason"), render: ({ reason }) => shown(reason), kind: "wide" },
      { name: app.t("plans.grantedBy"), render: ({ granted_by }) => shown(granted_by) },
      {
        name: app.t("grants.expires"),
        render: ({ expires_at, status }) =>
          html`<cs-time .app=${app} at=${expires_at} ?countdown=${status === "draft" || status === "active"}></cs-time>`,
      },
      { name: app.t("plans.acts"), kind: "tight" as const, render: (record) => this.#acts(record) },
    ];
  }

  #acts({ approval_code, status }: ProposalApproval): TemplateResult {
    const { app } = this;
    const isLive = status === "draft" || status === "active";
    return html`<span class="actions">
      ${
        status === "draft" && hasRole(app, "sovereign")
          ? html`<button type="button" aria-expanded=${this.signing === approval_code} @click=${() => (this.signing = approval_code)}>
            ${app.t("sign.open")}
          </button>`
          : nothing
      }
      ${
        isLive && hasRole(app, "operator", "sovereign")
          ? html`<button type="button" class="danger" @click=${() => void this.#ask(approval_code)}>${app.t("grants.revoke")}…</button>`
          : nothing
      }
    </span>`;
  }

  protected override render() {
    const { app, signing, revoking } = this;
    const record = this.#pages.items.find(({ approval_code }) => approval_code === signing);
    return html`<cs-table
        .app=${app}
        .columns=${this.#columns()}
        .pages=${this.#pages}
        label=${app.t("plans.m1")}
        empty=${app.t("plans.m1None")}
      ></cs-table>
      ${
        record === undefined
          ? nothing
          : html`<cs-sign .app=${app} .subject=${recordSubject(app, record)} .done=${() => this.#done()}></cs-sign>`
      }
      <cs-dialog
        .app=${app}
        .heading=${`${app.t("grants.revoke")}: ${revoking ?? ""}`}
        .label=${app.t("grants.revoke")}
        .danger=${true}
        .work=${(reason: string) => this.#revoke(reason)}
      ></cs-dialog>`;
  }
}
customElements.define("cs-plan-records", CsPlanRecords);

/** A draft record as something to be signed, held against what the table shows of it. */
function recordSubject(app: AppContext, record: ProposalApproval): Subject {
  const { plans } = app.client;
  const code = record.approval_code;
  return {
    name: code,
    path: `/v1/proposal-approvals/${encodeURIComponent(code)}`,
    payload: (signal) => plans.approvalPayload(code, { signal }),
    sign: (input) => plans.esignApproval(code, input),
    compare(text) {
      const said = JSON.parse(text) as Readonly<Record<string, unknown>>;
      return [
        { label: "plans.approval", holds: said["approval_code"] === code },
        { label: "plans.plan", holds: said["plan_id"] === record.plan_id && said["revision"] === record.revision },
        { label: "plans.digest", holds: said["plan_digest"] === record.plan_digest },
        { label: "plans.step", holds: said["step"] === record.step && said["act"] === record.act },
        { label: "grants.expires", holds: said["expires_at"] === record.expires_at },
        { label: "runs.rehearsalRef", holds: said["rehearsal_ref"] === record.rehearsal_ref },
      ];
    },
  };
}
