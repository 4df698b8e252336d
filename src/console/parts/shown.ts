import { html, type TemplateResult } from "lit";

/**
 * What an eye would not see, or would see in another place than it is: controls (but line breaks and tabs), format
 * characters (the bidi ones among them), what fonts leave out, and blanks other than the usual one.
 */
const hidden =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

export interface Stretch {
  readonly text: string;
  /** Its name, e.g. `U+202E`, where it is a character that would not show. */
  readonly code?: string;
}

/** Cuts a text at every character that would not show. */
export function stretchesOf(text: string): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let from = 0;
  for (const found of text.matchAll(hidden)) {
    if (found.index > from) stretches.push({ text: text.slice(from, found.index) });
    const point = found[0].codePointAt(0) ?? 0;
    stretches.push({ text: found[0], code: `U+${point.toString(16).toUpperCase().padStart(4, "0")}` });
    from = found.index + found[0].length;
  }
  if (from < text.length) stretches.push({ text: text.slice(from) });
  return stretches;
}

/** How many characters of a text would not show. */
export function hiddenIn(text: string): number {
  return text.match(hidden)?.length ?? 0;
}

/**
 * A text of others, as it is: characters that would not show are named in its place, and it cannot turn the text around
 * it. Use it for everything that somebody could have typed.
 */
export function shown(text: string): TemplateResult {
  const parts = stretchesOf(text).map(({ text: piece, code }) =>
    code === undefined ? piece : html`<span class="hidden-char">${code}</span>`,
  );
  return html`<bdi class="shown">${parts}</bdi>`;
}
