const setting = "countersign.single-keys";

/** Single keys can be turned off: they are in the way of some who speak to their machine (WCAG 2.1.4). */
export function usesSingleKeys(): boolean {
  return localStorage.getItem(setting) !== "off";
}

export function useSingleKeys(used: boolean): void {
  localStorage.setItem(setting, used ? "on" : "off");
}

/**
 * j and k go through the links of a list, `/` to its search, `?` to the sheet; no key decides anything.
 * @param root where lists are: their links have `data-row`, their search `data-search`
 * @returns what ends it
 */
export function followShortcuts(root: HTMLElement, go: (path: string) => void): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (!usesSingleKeys() || document.querySelector("dialog[open]") !== null) return;
    if (act(root, event.key, go)) event.preventDefault();
  };
  addEventListener("keydown", pressed);
  return () => removeEventListener("keydown", pressed);
}

function act(root: HTMLElement, key: string, go: (path: string) => void): boolean {
  switch (key) {
    case "j":
      return step(root, 1);
    case "k":
      return step(root, -1);
    case "i":
      go("/");
      return true;
    case "/":
      return focusOn(root.querySelector<HTMLElement>("[data-search]"));
    case "?":
      root.querySelector("cs-keyboard-sheet")?.dispatchEvent(new Event("cs-show"));
      return true;
    default:
      return false;
  }
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

function step(root: HTMLElement, by: 1 | -1): boolean {
  const rows = [...root.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = at === -1 ? rows[0] : rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  return focusOn(next);
}

function focusOn(element: HTMLElement | null | undefined): boolean {
  if (element == null) return false;
  element.focus();
  element.scrollIntoView({ block: "nearest" });
  return true;
}
