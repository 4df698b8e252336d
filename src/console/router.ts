import { base, href } from "./paths.ts";
import { type ScreenEntry, screens } from "./screens.ts";

export interface Place {
  readonly screen: ScreenEntry | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Path and query below the base. */
  readonly path: string;
}

/** The screen of a path and what its path and query say. */
export function placeOf(pathname: string, search = ""): Place {
  const inner = pathname.startsWith(base) ? pathname.slice(base.length) || "/" : "/";
  const query = new URLSearchParams(search);
  for (const screen of screens) {
    const params = match(screen.path, inner);
    if (params !== undefined) return { screen, params, query, path: inner + search };
  }
  return { screen: undefined, params: {}, query, path: inner + search };
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.length > 1 ? path.replace(/\/$/, "").split("/") : path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [position, part] of wanted.entries()) {
    const value = given[position] ?? "";
    if (part.startsWith(":")) {
      const decoded = decode(value);
      if (decoded === undefined || decoded === "") return undefined;
      params[part.slice(1)] = decoded;
    } else if (part !== value) return undefined;
  }
  return params;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/**
 * Follows the address bar: links of our own are taken without loading the page again.
 * @param arrived is told of each new place
 */
export function follow(arrived: (place: Place) => void): { go(path: string, replace?: boolean): void; stop(): void } {
  const here = () => arrived(placeOf(location.pathname, location.search));
  const go = (path: string, replace = false) => {
    if (replace) history.replaceState(null, "", href(path));
    else history.pushState(null, "", href(path));
    here();
  };
  const clicked = (event: MouseEvent) => {
    const path = pathOfClick(event);
    if (path === undefined) return;
    event.preventDefault();
    go(path);
  };
  addEventListener("popstate", here);
  document.addEventListener("click", clicked);
  return {
    go,
    stop() {
      removeEventListener("popstate", here);
      document.removeEventListener("click", clicked);
    },
  };
}

/** Where a click wants to go, if it is an ordinary click on a link of ours. */
function pathOfClick(event: MouseEvent): string | undefined {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  ) {
    return undefined;
  }
  const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
  if (link === undefined || link.target !== "" || link.hasAttribute("download")) return undefined;
  if (link.origin !== location.origin || !link.pathname.startsWith(`${base}/`)) return undefined;
  if (link.hash !== "" && link.pathname === location.pathname && link.search === location.search) return undefined;
  return link.pathname.slice(base.length) + link.search;
}
