import type { TextKey } from "./texts/en/index.ts";

export interface ScreenEntry {
  /** Below `/console`; `:name` becomes a member of `params`. */
  readonly path: string;
  readonly tag: string;
  readonly title: TextKey;
  /** Which entry of the navigation is the current one here. */
  readonly nav: string;
  /** Loads the file that defines the element: each area is a file of its own for the browser. */
  readonly load: () => Promise<unknown>;
}

const inbox = () => import("./screens/inbox/index.ts");
const request = () => import("./screens/request/index.ts");
const grants = () => import("./screens/grants/index.ts");
const runs = () => import("./screens/runs/index.ts");
const plans = () => import("./screens/plans/index.ts");
const lifecycle = () => import("./screens/lifecycle/index.ts");
const audit = () => import("./screens/audit/index.ts");
const keys = () => import("./screens/keys/index.ts");
const holds = () => import("./screens/holds/index.ts");
const webhooks = () => import("./screens/webhooks/index.ts");
const callback = () => import("./screens/callback/index.ts");

/** Every screen of the console. Each element has `app`, `params` and `query`; see `Screen` in element.ts. */
export const screens: readonly ScreenEntry[] = [
  { path: "/", tag: "cs-inbox", title: "inbox.title", nav: "/", load: inbox },
  { path: "/requests", tag: "cs-requests", title: "requests.title", nav: "/requests", load: inbox },
  { path: "/requests/:apr_code", tag: "cs-request", title: "request.title", nav: "/requests", load: request },
  { path: "/grants", tag: "cs-grants", title: "nav.grants", nav: "/grants", load: grants },
  { path: "/grants/:auth_code", tag: "cs-grant", title: "nav.grant", nav: "/grants", load: grants },
  { path: "/runs", tag: "cs-runs", title: "nav.runs", nav: "/runs", load: runs },
  { path: "/runs/:root", tag: "cs-run", title: "nav.run", nav: "/runs", load: runs },
  { path: "/plans", tag: "cs-plans", title: "nav.plans", nav: "/plans", load: plans },
  { path: "/plans/:id/:revision", tag: "cs-plan", title: "nav.plan", nav: "/plans", load: plans },
  { path: "/lifecycle", tag: "cs-lifecycle", title: "nav.lifecycle", nav: "/lifecycle", load: lifecycle },
  { path: "/audit", tag: "cs-audit", title: "nav.audit", nav: "/audit", load: audit },
  { path: "/keys", tag: "cs-keys", title: "nav.keys", nav: "/keys", load: keys },
  { path: "/holds", tag: "cs-holds", title: "nav.holds", nav: "/holds", load: holds },
  { path: "/webhooks", tag: "cs-webhooks", title: "nav.webhooks", nav: "/webhooks", load: webhooks },
  { path: "/callback", tag: "cs-callback", title: "signin.title", nav: "", load: callback },
];
