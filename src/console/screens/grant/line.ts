import { html, nothing, svg, type TemplateResult } from "lit";
import type { Grant } from "../../../grants/index.ts";
import type { AppContext } from "../../app-context.ts";
import { exactTime, shown } from "../../parts/index.ts";
import { type LifeKind, lifeOf, type Moment } from "./life.ts";

/** How much is left free on both sides, so that a mark at the end is whole. */
const margin = 4;
const placeOf = (share: number): string => `${margin + share * (100 - 2 * margin)}%`;

/** The line, and below it every moment with its time: the picture is for the eye, the list for whoever needs it exactly. */
export function lifeLine(app: AppContext, grant: Grant): TemplateResult {
  const life = lifeOf(grant, app.now());
  const said = life.moments.map(({ kind, at }) => `${app.t(`grants.life.${kind}`)}: ${exactTime(app, at)}`).join("; ");
  return html`<div class="life">
    <svg class="life-line" width="100%" height="48" role="img" aria-label=${said}>
      <line class="track" x1=${placeOf(0)} x2=${placeOf(1)} y1="24" y2="24"></line>
      <line class="track lived" x1=${placeOf(0)} x2=${placeOf(life.lived)} y1="24" y2="24"></line>
      ${life.now === undefined ? nothing : svg`<line class="now" x1=${placeOf(life.now)} x2=${placeOf(life.now)} y1="6" y2="42"></line>`}
      ${life.moments.map(mark)}
    </svg>
    <ol class="moments">
      ${life.moments.map((moment, at) => entry(app, moment, at))}
    </ol>
  </div>`;
}

const tones: Readonly<Record<LifeKind, string>> = {
  minted: "calm",
  signed: "busy",
  consumed: "good",
  revoked: "bad",
  expired: "calm",
  expires: "ahead",
};

function mark({ kind, share }: Moment, at: number) {
  return svg`<g class="mark ${tones[kind]}">
    <circle cx=${placeOf(share)} cy="24" r="11"></circle>
    <text x=${placeOf(share)} y="28.500" text-anchor="middle">${at + 1}</text>
  </g>`;
}

function entry(app: AppContext, { kind, at, by }: Moment, number: number): TemplateResult {
  return html`<li>
    <span class="number ${tones[kind]}" aria-hidden="true">${number + 1}</span>
    <strong>${app.t(`grants.life.${kind}`)}</strong>
    <span><cs-time .app=${app} at=${at} exact></cs-time>${by === null ? nothing : html` · ${shown(by)}`}</span>
  </li>`;
}
