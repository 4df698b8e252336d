import type { Locale, TextValues } from "./app-context.ts";
import type { TextKey, texts } from "./texts/en/index.ts";

export type TextTable = Readonly<Record<keyof typeof texts, string>>;

const setting = "countersign.language";

/** The language that was chosen on this machine, else the browser's own. */
export function preferredLocale(): Locale {
  const chosen = localStorage.getItem(setting);
  if (chosen === "en" || chosen === "vi") return chosen;
  return navigator.languages.some((language) => language.toLowerCase().startsWith("vi")) ? "vi" : "en";
}

export function rememberLocale(locale: Locale): void {
  localStorage.setItem(setting, locale);
}

/** The texts of a language: only those that are shown are loaded. */
export async function loadTexts(locale: Locale): Promise<TextTable> {
  const loaded = locale === "vi" ? await import("./texts/vi/index.ts") : await import("./texts/en/index.ts");
  document.documentElement.lang = locale;
  return loaded.texts;
}

/** Fills a text in. */
export function format(table: TextTable, key: TextKey, values: TextValues = {}): string {
  return table[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of `<family>.<value>`, or the value itself. */
export function wordFor(table: TextTable, family: string, value: string): string {
  const key = `${family}.${value}`;
  return Object.hasOwn(table, key) ? table[key as TextKey] : value;
}
