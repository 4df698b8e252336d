/** Where the service serves the console. */
export const base = "/console";

/** A path of the console from its parts, each encoded: `pathTo("requests", code)` is `/requests/<code>`. */
export function pathTo(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/** What a link has in `href`: only ever a path of our own. */
export function href(path: string): string {
  return base + (path.startsWith("/") && !path.startsWith("//") ? path : "/");
}
