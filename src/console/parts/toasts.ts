import type { ReactiveController, ReactiveControllerHost } from "lit";
import { html } from "lit";
import type { AppContext } from "../app-context.ts";
import { icons } from "./icons.ts";

export interface Toast {
  readonly id: number;
  readonly message: string;
  readonly kind: "info" | "error";
}

/** Errors stay until somebody has seen them. */
const shownFor = 6_000;

/** Short messages at the edge of the page, read out where they appear. */
export class Toasts implements ReactiveController {
  list: readonly Toast[] = [];
  readonly #host: ReactiveControllerHost;
  #last = 0;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  add(message: string, kind: "info" | "error" = "info"): void {
    this.#last += 1;
    const id = this.#last;
    this.list = [...this.list.slice(-3), { id, message, kind }];
    this.#host.requestUpdate();
    if (kind === "info") setTimeout(() => this.remove(id), shownFor);
  }

  remove(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
    this.#host.requestUpdate();
  }

  hostConnected(): void {}
}

export function toastList(app: AppContext, toasts: Toasts) {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.list.map(
      ({ id, message, kind }) =>
        html`<div class="toast ${kind}">
          ${kind === "error" ? icons.warn : icons.check}<span>${message}</span>
          <button type="button" class="icon-button" @click=${() => toasts.remove(id)}>
            ${icons.cross}<span class="sr">${app.t("action.close")}</span>
          </button>
        </div>`,
    )}
  </div>`;
}
