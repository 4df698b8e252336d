import { html } from "lit";
import type { AppContext, Locale } from "../app-context.ts";
import { Part } from "../element.ts";
import { everySecond } from "./ticker.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", day],
  ["hour", hour],
  ["minute", minute],
  ["second", second],
];

const formats = new Map<Locale, { relative: Intl.RelativeTimeFormat; exact: Intl.DateTimeFormat }>();

function formatsFor(locale: Locale) {
  const known = formats.get(locale);
  if (known !== undefined) return known;
  const made = {
    relative: new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }),
    exact: new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }),
  };
  formats.set(locale, made);
  return made;
}

/** How far a moment is from now, in words: "3 hours ago", "in 5 min". */
export function relativeTime(app: AppContext, at: string): string {
  const distance = Date.parse(at) - app.now();
  const [unit, length] = steps.find(([, size]) => Math.abs(distance) >= size) ?? (["second", second] as const);
  return formatsFor(app.locale).relative.format(Math.trunc(distance / length), unit);
}

/** The moment itself, in the reader's own time zone. */
export function exactTime(app: AppContext, at: string): string {
  return formatsFor(app.locale).exact.format(new Date(at));
}

const two = (value: number): string => String(value).padStart(2, "0");

/** What is left, the shorter the more exactly: "6d 4h", "3h 12m", "4:09". */
export function remaining(app: AppContext, milliseconds: number): string {
  const left = Math.max(0, milliseconds);
  const hours = Math.floor((left % day) / hour);
  const minutes = Math.floor((left % hour) / minute);
  if (left >= day) return app.t("time.days", { days: Math.floor(left / day), hours });
  if (left >= hour) return app.t("time.hours", { hours, minutes });
  return `${minutes}:${two(Math.floor((left % minute) / second))}`;
}

/** A length of time: `840 ms`, `12.4 s`, `3 min 05 s`. */
export function duration(milliseconds: number): string {
  if (milliseconds < second) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < minute) return `${(milliseconds / second).toFixed(1)} s`;
  if (milliseconds < hour)
    return `${Math.floor(milliseconds / minute)} min ${two(Math.floor((milliseconds % minute) / second))} s`;
  return `${Math.floor(milliseconds / hour)} h ${two(Math.floor((milliseconds % hour) / minute))} min`;
}

/**
 * `<cs-time .app at="…">`: how long ago, with the moment itself as its title; `exact` shows both; `countdown` shows what
 * is left until then, by the server's clock, and looks urgent in the last hour.
 */
export class CsTime extends Part {
  static override properties = {
    ...Part.properties,
    at: {},
    exact: { type: Boolean },
    countdown: { type: Boolean },
  };
  declare at: string | null;
  declare exact: boolean;
  declare countdown: boolean;
  #stop: (() => void) | undefined;
  #text = "";

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = everySecond(() => this.#tick());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  #tick(): void {
    if (this.app !== undefined && this.#words() !== this.#text) this.requestUpdate();
  }

  #words(): string {
    if (!this.at) return "";
    if (!this.countdown) return relativeTime(this.app, this.at);
    const left = Date.parse(this.at) - this.app.now();
    return left > 0 ? this.app.t("time.left", { left: remaining(this.app, left) }) : this.app.t("time.over");
  }

  protected override render() {
    if (!this.at || this.app === undefined) return html`<span class="muted">–</span>`;
    this.#text = this.#words();
    const moment = exactTime(this.app, this.at);
    const left = Date.parse(this.at) - this.app.now();
    const urgency = this.countdown && left < hour ? (left <= 0 ? "over" : "soon") : "";
    return html`<time class="time ${urgency} ${this.exact ? "exact" : ""}" datetime=${this.at} title=${moment}
      >${this.exact ? html`${moment} <span class="muted">(${this.#text})</span>` : this.#text}</time
    >`;
  }
}
customElements.define("cs-time", CsTime);
