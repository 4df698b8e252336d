import { html } from "lit";
import { toCurl } from "../../client/curl.ts";
import { Part } from "../element.ts";
import { copyText } from "./clipboard.ts";
import { icons } from "./icons.ts";

export interface CurlRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Of the API, from `/v1` on, each part encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** The same request as a command for a terminal; the token is a variable's, never the session's. */
export function curlOf({ method, path, query, body }: CurlRequest): string {
  const url = new URL(path, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  if (body === undefined) return toCurl({ method, url: url.href, headers: {} });
  const headers = { "content-type": "application/json" };
  return toCurl({ method, url: url.href, headers, body: JSON.stringify(body) });
}

/** `<cs-copy-curl .app .request=${{ method: "GET", path: "/v1/…" }}>`: a button that copies the request as a command. */
export class CsCopyCurl extends Part {
  static override properties = { ...Part.properties, request: { attribute: false } };
  declare request: CurlRequest;

  protected override render() {
    return html`<button type="button" class="quiet" @click=${() => copyText(this.app, curlOf(this.request))}>
      ${icons.copy} ${this.app.t("action.curl")}
    </button>`;
  }
}
customElements.define("cs-copy-curl", CsCopyCurl);
