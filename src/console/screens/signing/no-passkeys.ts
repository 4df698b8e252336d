import { html, nothing, type TemplateResult } from "lit";
import type { AppContext } from "../../app-context.ts";
import { pageByName, passkeysHere } from "./passkey.ts";

/** Why there are no passkeys on this page, and where there are. */
export function noPasskeys(app: AppContext): TemplateResult {
  if (passkeysHere() !== "address") return html`<p class="muted">${app.t("sign.noWebAuthn")}</p>`;
  const named = pageByName();
  return html`<p class="muted">
    ${app.t("sign.address")} ${named === undefined ? nothing : html`<a href=${named}>localhost</a>`}
  </p>`;
}
