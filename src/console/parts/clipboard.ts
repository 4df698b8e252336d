import type { AppContext } from "../app-context.ts";

/** Puts a text on the clipboard and says so. */
export async function copyText(app: AppContext, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    app.toast(app.t("action.copied"));
  } catch {
    app.toast(app.t("action.copyFailed"), "error");
  }
}
