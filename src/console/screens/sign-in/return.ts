import { base } from "../../paths.ts";

const setting = "countersign.return";

/** Keeps where the person wanted to go, before the browser leaves for the issuer. */
export function keepReturn(): void {
  const inner = location.pathname.slice(base.length) || "/";
  sessionStorage.setItem(setting, inner.startsWith("/callback") ? "/" : inner + location.search);
}

/** Where to go after the sign-in, asked once. */
export function takeReturn(): string {
  const path = sessionStorage.getItem(setting) ?? "/";
  sessionStorage.removeItem(setting);
  return path;
}
