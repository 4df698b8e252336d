import process from "node:process";
import { stripVTControlCharacters, styleText } from "node:util";

export type Cell = string | number | boolean | null | undefined;

/** Columns of the terminal that is written to; unlimited in a pipe or a file. */
export function screenWidth(): number {
  return process.stdout.isTTY === true ? Math.max(20, process.stdout.columns || 80) : Number.POSITIVE_INFINITY;
}

/** The text in a style where the output is a terminal and NO_COLOR is not set, else as it is. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** Text of others must not be able to steer the terminal, to begin a line of its own or to turn the order of what is read. */
export function plain(cell: Cell): string {
  return stripVTControlCharacters(String(cell ?? "-")).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, " ");
}

/** A template for a line of text: what is put into it is plain. */
export function said(parts: TemplateStringsArray, ...values: readonly Cell[]): string {
  return parts.map((part, index) => (index === 0 ? part : plain(values[index - 1]) + part)).join("");
}

const steering = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
// Line ends, and the styles that styleText makes.
const escape = "\u001b";
const ours = new RegExp(`(\n|${escape}\\[\\d{1,2}m)`);

/** The last guard before the terminal: no more than line ends and styles steer it. */
export function harmless(text: string): string {
  return text
    .split(ours)
    .map((part, index) => (index % 2 === 1 ? part : stripVTControlCharacters(part).replace(steering, " ")))
    .join("");
}

/** JSON that is harmless on a terminal too: what JSON leaves as it is, and steers, is escaped. */
export function jsonText(value: unknown, indent?: number): string {
  return (JSON.stringify(value, null, indent) ?? "null").replace(
    /[\u007f-\u009f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const clusters = new Intl.Segmenter();
const wide =
  /^(?![\uff61-\uffdc])[\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Yi}\u3000-\u303e\uff01-\uffe6]/u;

/** How many columns of a terminal the text takes: two for what East Asian fonts and emoji draw wide, none for marks. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of clusters.segment(text)) width += clusterWidth(segment);
  return width;
}

function clusterWidth(cluster: string): number {
  if (/^[\p{M}\p{Cf}]+$/u.test(cluster)) return 0;
  return /\p{Emoji_Presentation}|\ufe0f/u.test(cluster) || wide.test(cluster) ? 2 : 1;
}

/** The beginning of a text that fits, with an ellipsis where something was cut off. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let taken = 0;
  for (const { segment } of clusters.segment(text)) {
    taken += clusterWidth(segment);
    if (taken > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

export const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - widthOf(text)));
