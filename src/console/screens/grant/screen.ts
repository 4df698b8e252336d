import { html, nothing, type TemplateResult } from "lit";
import type { ApprovalRequest } from "../../../approvals/index.ts";
import type { Grant } from "../../../grants/index.ts";
import { hasRole } from "../../app-context.ts";
import { Screen } from "../../element.ts";
import { Load, shown } from "../../parts/index.ts";
import { href, pathTo } from "../../paths.ts";
import { code, facts, json } from "../frame/facts.ts";
import "../frame/evidence.ts";
import "../signing/sign.ts";
import { lifeLine } from "./line.ts";
import "./revoke.ts";
import { grantSubject } from "./subject.ts";

/** One grant: what it lets happen, who let it, and what has become of it. */
export class CsGrant extends Screen {
  readonly #grant = new Load<Grant>(this);
  readonly #request = new Load<ApprovalRequest>(this);

  protected override arrived(anew: boolean): void {
    if (anew) this.#load(this.params["auth_code"] ?? "");
  }

  #load(authCode: string): void {
    this.setTitle(authCode);
    this.#grant.clear();
    this.#request.clear();
    void this.#read(authCode);
  }

  async #read(authCode: string): Promise<void> {
    const { client } = this.app;
    const grant = await this.#grant.run((signal) => client.readGrant(authCode, { signal }));
    if (grant === undefined) return;
    await this.#request.run((signal) => client.readRequest(grant.request_ref, { signal }));
  }

  protected override render() {
    const { app } = this;
    const { value: grant, problem } = this.#grant;
    const authCode = this.params["auth_code"] ?? "";
    if (grant === undefined) {
      return html`<h1>${shown(authCode)}</h1>
        ${
          problem === undefined
            ? html`<p class="muted" role="status">${app.t("list.loading")}</p>`
            : html`<cs-problem .app=${app} .error=${problem} .retry=${() => this.#load(authCode)}></cs-problem>`
        }`;
    }
    return html`${this.#head(grant)}
      <section class="card" aria-labelledby="life">
        <h2 id="life">${app.t("grants.life")}</h2>
        ${lifeLine(app, grant)}
      </section>
      ${this.#draft(grant)}
      <div class="columns">${this.#people(grant)} ${this.#receipt(grant)} ${this.#bindings(grant)} ${this.#signature(grant)}</div>
      ${json(app.t("grants.approvalRef"), grant.approval_ref)} ${json(app.t("grants.evidence"), grant.evidence)}`;
  }

  #head(grant: Grant): TemplateResult {
    const { app } = this;
    const path = `/v1/grants/${encodeURIComponent(grant.auth_code)}`;
    const mayRevoke = hasRole(app, "operator", "sovereign") && ["draft", "active", "consumed"].includes(grant.status);
    return html`<header class="page-head">
        <div>
          <h1>${shown(grant.auth_code)}</h1>
          <p class="tags">
            <cs-status .app=${app} value=${grant.status}></cs-status>
            <span class="badge calm">${app.word("mode", grant.mode)}</span>
            <span>${shown(grant.bindings.target)} · ${shown(grant.bindings.environment)}</span>
          </p>
        </div>
        <div class="actions">
          ${
            mayRevoke
              ? html`<cs-revoke .app=${app} .grant=${grant} .done=${() => void this.#read(grant.auth_code)}></cs-revoke>`
              : nothing
          }
          <cs-evidence .app=${app} kind="grants" name=${grant.auth_code}></cs-evidence>
          <cs-copy-curl .app=${app} .request=${{ method: "GET", path }}></cs-copy-curl>
        </div>
      </header>
      ${
        grant.revoked_reason === null
          ? nothing
          : html`<p class="note">${app.t("grants.revokedBecause")} ${shown(grant.revoked_reason)}</p>`
      }`;
  }

  #draft(grant: Grant) {
    const { app } = this;
    if (grant.status !== "draft") return nothing;
    if (!hasRole(app, "sovereign")) return html`<p class="note">${app.t("grants.waitsForSignature")}</p>`;
    const subject = grantSubject(app, grant, this.#request.value?.apr_digest);
    return html`<cs-sign .app=${app} .subject=${subject} .done=${() => void this.#read(grant.auth_code)}></cs-sign>`;
  }

  #people(grant: Grant): TemplateResult {
    const { app } = this;
    const request = this.#request.value;
    const link = html`<a href=${href(pathTo("requests", grant.request_ref))}>${shown(grant.request_ref)}</a>`;
    const votes = request?.votes.map(
      (vote) => html`<li>
        ${shown(vote.voter)} <cs-status .app=${app} value=${vote.decision}></cs-status>
        <cs-time .app=${app} at=${vote.voted_at}></cs-time>
        <span class="muted">${shown(vote.reason)}</span>
      </li>`,
    );
    return html`<section class="card" aria-labelledby="people">
      <h2 id="people">${app.t("grants.people")}</h2>
      ${facts(app, [
        ["grants.request", link],
        ["grants.requestedBy", request?.requested_by],
        ["grants.votes", votes === undefined ? null : html`<ul class="plain-list">${votes}</ul>`],
        ["grants.mintedBy", grant.granted_by],
        ["grants.signedBy", grant.signature?.signer],
        ["grants.consumedBy", grant.consumed_by],
        ["grants.revokedBy", grant.revoked_by],
      ])}
      <cs-problem .app=${app} .error=${this.#request.problem}></cs-problem>
    </section>`;
  }

  #receipt(grant: Grant) {
    const { app } = this;
    if (grant.consumed_at === null) return nothing;
    const root = grant.idempotency_root ?? "";
    return html`<section class="card" aria-labelledby="receipt">
      <h2 id="receipt">${app.t("grants.receipt")}</h2>
      ${facts(app, [
        ["grants.consumedAt", html`<cs-time .app=${app} at=${grant.consumed_at} exact></cs-time>`],
        ["grants.consumedBy", grant.consumed_by],
        ["grants.root", html`<a href=${href(pathTo("runs", root))}>${shown(root)}</a>`],
      ])}
    </section>`;
  }

  #bindings({ bindings, mode }: Grant): TemplateResult {
    const { app } = this;
    const digest = (value: string) => html`<cs-digest .app=${app} value=${value}></cs-digest>`;
    const plan = href(pathTo("plans", bindings.plan_id, bindings.plan_revision));
    return html`<section class="card" aria-labelledby="bindings">
      <h2 id="bindings">${app.t("grants.bindings")}</h2>
      ${facts(app, [
        ["grants.mode", app.word("mode", mode)],
        ["grants.carrier", code(bindings.carrier)],
        ["grants.namespace", code(bindings.namespace)],
        ["grants.axis", code(bindings.axis)],
        ["grants.target", code(bindings.target)],
        ["grants.environment", code(bindings.environment)],
        ["grants.database", bindings.database === undefined ? null : code(bindings.database)],
        ["grants.plan", html`<a href=${plan}>${shown(bindings.plan_id)} · ${shown(bindings.plan_revision)}</a>`],
        ["grants.manifestDigest", digest(bindings.manifest_digest)],
        ["grants.schemaDigest", digest(bindings.schema_digest)],
        ["grants.executor", code(bindings.executor)],
        [
          "grants.actionSet",
          html`<ul class="plain-list">${bindings.action_set.map((one) => html`<li>${code(one)}</li>`)}</ul>`,
        ],
        ["grants.rollbackPlan", code(bindings.rollback_plan_ref)],
        ["grants.lease", bindings.lease_name === undefined ? null : code(bindings.lease_name)],
      ])}
    </section>`;
  }

  #signature({ signature }: Grant) {
    const { app } = this;
    if (signature == null) return nothing;
    return html`<section class="card" aria-labelledby="signature">
      <h2 id="signature">${app.t("grants.signature")}</h2>
      ${facts(app, [
        ["grants.signedBy", signature.signer],
        ["grants.signedAt", html`<cs-time .app=${app} at=${signature.signed_at} exact></cs-time>`],
        ["grants.key", html`${code(signature.kid)} · ${signature.alg}`],
        ["grants.keyConfirmedBy", signature.key_confirmed_by],
        ["sign.digest", html`<cs-digest .app=${app} value=${signature.payload_digest}></cs-digest>`],
      ])}
    </section>`;
  }
}
customElements.define("cs-grant", CsGrant);
