/**
 * What somebody has typed and not sent yet, for as long as the tab is open: a sign-in that leaves the page must not lose
 * it. Signing out forgets all of it.
 */
const prefix = "countersign.draft.";

export function keepDraft(name: string, text: string): void {
  if (text === "") sessionStorage.removeItem(prefix + name);
  else sessionStorage.setItem(prefix + name, text);
}

export function keptDraft(name: string): string {
  return sessionStorage.getItem(prefix + name) ?? "";
}

export function forgetDraft(name: string): void {
  sessionStorage.removeItem(prefix + name);
}

export function forgetDrafts(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
}
