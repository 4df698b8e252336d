import { html, type TemplateResult } from "lit";

const icon = (drawing: TemplateResult): TemplateResult => drawing;

/** Drawings of one line weight; each stands beside a word, so that none needs a name of its own. */
export const icons = {
  inbox: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M3 11.5 5.2 4h9.6L17 11.5V16H3zM3 11.5h4l1.2 2h3.6l1.2-2h4" /></svg>`,
  ),
  requests: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M5 2.8h7l3.2 3.2v11.2H5zM12 2.8V6h3.2M7.6 10h5M7.6 13.2h5" /></svg>`,
  ),
  grants: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 2.5 16 5v4.6c0 3.7-2.5 6.4-6 7.9-3.5-1.5-6-4.2-6-7.9V5zM7.3 9.8l2 2 3.5-3.8" /></svg>`,
  ),
  runs: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M2.5 10h3.2l2-5.5 3.6 11 2.3-5.5h3.9" /></svg>`,
  ),
  plans: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M8 4.5h9M8 10h9M8 15.5h9M3 4.5h.8M3 10h.8M3 15.5h.8" /></svg>`,
  ),
  lifecycle: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M16 6.5A7 7 0 0 0 3.3 8.2M4 13.5a7 7 0 0 0 12.7-1.7M16.4 2.8v3.9h-3.9M3.6 17.2v-3.9h3.9" /></svg>`,
  ),
  audit: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="8.8" cy="8.8" r="5.3" /><path d="m12.8 12.8 4.4 4.4M6.5 9l1.6 1.6 3-3.2" /></svg>`,
  ),
  keys: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="6.5" cy="13.5" r="3.5" /><path d="m9 11 7.5-7.5M13.5 6.5l2.4 2.4M11.6 8.4l1.6 1.6" /></svg>`,
  ),
  holds: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M6.6 2.8h6.8l3.8 3.8v6.8l-3.8 3.8H6.6l-3.8-3.8V6.6zM7.8 7.2v5.6M12.2 7.2v5.6" /></svg>`,
  ),
  webhooks: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M2.8 9.2 17 3l-4.6 14-3-5.6zM9.4 11.4 17 3" /></svg>`,
  ),
  menu: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M3 5.5h14M3 10h14M3 14.5h14" /></svg>`,
  ),
  copy: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M7 7h9.5v9.5H7zM4 13H3.5V3.5H13V4" /></svg>`,
  ),
  search: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="8.8" cy="8.8" r="5.3" /><path d="m12.8 12.8 4.4 4.4" /></svg>`,
  ),
  check: icon(html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="m4 10.5 4 4 8-9" /></svg>`),
  cross: icon(html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15" /></svg>`),
  warn: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3 18 16.5H2zM10 8v4M10 14.200v.3" /></svg>`,
  ),
  clock: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="7" /><path d="M10 6v4.200l2.8 1.8" /></svg>`,
  ),
  dot: icon(html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="4" /></svg>`),
  half: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="6" /><path class="solid" d="M10 4a6 6 0 0 1 0 12z" /></svg>`,
  ),
  ring: icon(html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="6" /></svg>`),
  bar: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="7" /><path d="m5.2 5.2 9.6 9.6" /></svg>`,
  ),
  user: icon(
    html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="7" r="3.5" /><path d="M3.5 17c.6-3.6 3.2-5 6.5-5s5.9 1.4 6.5 5" /></svg>`,
  ),
} as const;

export type IconName = keyof typeof icons;
