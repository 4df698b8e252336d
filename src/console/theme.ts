export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const setting = "countersign.theme";

export function chosenTheme(): Theme {
  const chosen = localStorage.getItem(setting);
  return chosen === "light" || chosen === "dark" ? chosen : "auto";
}

/** Shows the page in a theme and keeps the choice; `auto` follows the system. */
export function useTheme(theme: Theme): void {
  localStorage.setItem(setting, theme);
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
