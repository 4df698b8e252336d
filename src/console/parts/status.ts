import { html } from "lit";
import { Part } from "../element.ts";
import { type IconName, icons } from "./icons.ts";

type Tone = "good" | "bad" | "wait" | "busy" | "calm";

/** Each status has a tone, a drawing and a word: none is told by its colour alone. */
const tones: Readonly<Record<string, readonly [Tone, IconName]>> = {
  open: ["wait", "ring"],
  approved: ["good", "check"],
  executed: ["good", "check"],
  rejected: ["bad", "cross"],
  withdrawn: ["calm", "bar"],
  expired: ["calm", "clock"],
  draft: ["wait", "ring"],
  active: ["busy", "dot"],
  consumed: ["good", "check"],
  revoked: ["bad", "bar"],
  running: ["busy", "half"],
  compensating: ["wait", "half"],
  succeeded: ["good", "check"],
  stopped: ["bad", "cross"],
  indeterminate: ["wait", "warn"],
  pending: ["wait", "ring"],
  ok: ["good", "check"],
  failed: ["bad", "cross"],
  compensated: ["calm", "bar"],
  skipped: ["calm", "bar"],
  committed: ["good", "check"],
  rolled_back: ["calm", "bar"],
  retired: ["calm", "bar"],
  contradicted: ["bad", "warn"],
  rehearsed: ["good", "check"],
  rehearsal_failed: ["bad", "cross"],
  undone: ["calm", "bar"],
  placed: ["bad", "warn"],
  lifted: ["calm", "check"],
  resolved: ["good", "check"],
  enabled: ["good", "check"],
  disabled: ["calm", "bar"],
  delivered: ["good", "check"],
  dead: ["bad", "cross"],
  approve: ["good", "check"],
  reject: ["bad", "cross"],
};

/** `<cs-status .app value="open">`, and `<cs-status .app risk value="high">` for a risk. */
export class CsStatus extends Part {
  static override properties = { ...Part.properties, value: {}, risk: { type: Boolean } };
  declare value: string;
  declare risk: boolean;

  protected override render() {
    if (this.risk) return this.#risk();
    const [tone, icon] = tones[this.value] ?? (["calm", "dot"] as const);
    return html`<span class="badge ${tone}">${icons[icon]}${this.app.word("status", this.value)}</span>`;
  }

  /** The more bars, the greater the risk. */
  #risk() {
    const level = ["low", "medium", "high", "sovereign"].indexOf(this.value) + 1;
    const bars = [1, 2, 3, 4].map((bar) => html`<i class=${bar <= level ? "on" : ""}></i>`);
    return html`<span class="badge risk risk-${level}"
      ><span class="bars" aria-hidden="true">${bars}</span>${this.app.word("risk", this.value)}</span
    >`;
  }
}
customElements.define("cs-status", CsStatus);
