import { requestTransitions } from "../../src/approvals/index.ts";
import { grantTransitions } from "../../src/grants/index.ts";
import { runTransitions } from "../../src/runs/index.ts";
import { leaseTransitions } from "../../src/leases/index.ts";
import { incidentTransitions, versionTransitions } from "../../src/lifecycle/index.ts";
import { holdTransitions } from "../../src/holds/index.ts";
import { approvalTransitions, stepTransitions } from "../../src/plans/index.ts";
import { scopeTransitions } from "../../src/scopes/index.ts";
import { keyTransitions } from "../../src/signatures/index.ts";
import { deliveryTransitions, webhookTransitions } from "../../src/webhooks/index.ts";
import type { Generator } from "../generator.ts";

type Transitions = Readonly<Record<string, readonly { to: string; by: string }[]>>;

const machines: readonly { name: string; title: string; transitions: Transitions }[] = [
  { name: "approval-request", title: "An approval request", transitions: requestTransitions },
  { name: "grant", title: "A grant", transitions: grantTransitions },
  { name: "lease", title: "A lease", transitions: leaseTransitions },
  { name: "run", title: "A run", transitions: runTransitions },
  { name: "signing-key", title: "A signing key", transitions: keyTransitions },
  { name: "hold", title: "A hold", transitions: holdTransitions },
  { name: "scope", title: "A scope", transitions: scopeTransitions },
  { name: "proposal-approval", title: "A proposal approval (M-1)", transitions: approvalTransitions },
  { name: "step", title: "A step of a plan", transitions: stepTransitions },
  { name: "version", title: "A version of a unit", transitions: versionTransitions },
  { name: "webhook", title: "A webhook", transitions: webhookTransitions },
  { name: "delivery", title: "A delivery of a webhook", transitions: deliveryTransitions },
  { name: "incident", title: "An incident of the lifecycle watch", transitions: incidentTransitions },
];

const box = { width: 132, height: 40, gap: 220, row: 74, left: 24, top: 56 };

/** Column of each status: how many transitions it is away from the first one; rows in the order of the table. */
function layout(transitions: Transitions): Map<string, { x: number; y: number }> {
  const [first = ""] = Object.keys(transitions);
  const column = new Map([[first, 0]]);
  for (const from of column.keys()) {
    for (const { to } of transitions[from] ?? []) {
      if (!column.has(to)) column.set(to, (column.get(from) ?? 0) + 1);
    }
  }
  const rows = new Map<number, number>();
  return new Map(
    [...column].map(([status, at]) => {
      const row = rows.get(at) ?? 0;
      rows.set(at, row + 1);
      return [status, { x: box.left + at * (box.width + box.gap), y: box.top + row * box.row }];
    }),
  );
}

function arrow(from: { x: number; y: number }, to: { x: number; y: number }, label: string, shift: number): string {
  const middle = box.height / 2;
  const back = to.x < from.x;
  const start = { x: back ? from.x : from.x + box.width, y: from.y + middle + (back ? 10 : 0) };
  const end = { x: back ? to.x + box.width : to.x, y: to.y + middle + (back ? 10 : shift) };
  const loop = from === to;
  const path = loop
    ? `M ${from.x + 40} ${from.y} C ${from.x + 40} ${from.y - 34}, ${from.x + 92} ${from.y - 34}, ${from.x + 92} ${from.y}`
    : from.x === to.x
      ? `M ${from.x + box.width} ${from.y + middle} C ${from.x + box.width + 60} ${from.y + middle}, ${to.x + box.width + 60} ${to.y + middle}, ${to.x + box.width} ${to.y + middle}`
      : `M ${start.x} ${start.y} C ${start.x + (end.x - start.x) / 2} ${start.y}, ${start.x + (end.x - start.x) / 2} ${end.y}, ${end.x} ${end.y}`;
  const text = loop
    ? { x: from.x + 66, y: from.y - 30 }
    : from.x === to.x
      ? { x: from.x + box.width + 78, y: to.y + middle + 4 }
      : { x: start.x + (end.x - start.x) * 0.66, y: start.y + (end.y - start.y) * 0.82 - 5 + (back ? 18 : 0) };
  return `<path d="${path}" class="arrow"/><text x="${Math.round(text.x)}" y="${Math.round(text.y)}" class="by">${label}</text>`;
}

function picture(title: string, transitions: Transitions): string {
  const places = layout(transitions);
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + box.width + box.left + 70;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + box.height + 24;
  const arrows = Object.entries(transitions).flatMap(([from, outgoing]) =>
    outgoing.map(({ to, by }) => {
      const [start, end] = [places.get(from), places.get(to)];
      return start && end ? arrow(start, end, by, [...places.keys()].indexOf(from) * 6 - 3) : "";
    }),
  );
  const boxes = [...places].map(([status, { x, y }]) => {
    const final = (transitions[status] ?? []).length === 0 ? " final" : "";
    return `<rect x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="8" class="box${final}"/><text x="${x + box.width / 2}" y="${y + 25}" class="status">${status}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}: its states">
<style>
text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:15px}.status{text-anchor:middle;font-weight:600}.by{text-anchor:middle;fill:#52606d;paint-order:stroke;stroke:#fff;stroke-width:4px}
.box{fill:#e6f0fa;stroke:#2f6db3}.final{fill:#f1f3f5;stroke:#7b8794}.arrow{fill:none;stroke:#7b8794;stroke-width:1.4;marker-end:url(#head)}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z" fill="#7b8794"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${box.left}" y="22" class="title">${title}</text>
${arrows.join("\n")}
${boxes.join("\n")}
</svg>
`;
}

function page(): string {
  const parts = machines.map(({ name, title, transitions }) => {
    const rows = Object.entries(transitions).flatMap(([from, outgoing]) =>
      outgoing.length === 0
        ? [`| \`${from}\` | final | |`]
        : outgoing.map(({ to, by }) => `| \`${from}\` | \`${to}\` | ${by} |`),
    );
    return `## ${title}\n\n![${title}](${name}.svg)\n\n| from | to | by |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# States\n\nGenerated from the transition tables in \`src/*/states.ts\`; the triggers of the database are tested against the same tables.\n\n${parts.join("\n")}`;
}

/** The state machines as pictures, drawn from the transition tables, so that they cannot lie. */
const states: Generator = {
  name: "states",
  owns: ["docs/states"],
  produce: async () =>
    new Map([
      ...machines.map(
        ({ name, title, transitions }) => [`docs/states/${name}.svg`, picture(title, transitions)] as const,
      ),
      ["docs/states/README.md", page()] as const,
    ]),
};

export default states;
