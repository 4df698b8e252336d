import type { Query } from "./message.ts";

/** A page of a list; `next_cursor` asks for the one behind it. */
export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

/**
 * The pages of any list, one after the other, each asked for when it is wanted.
 * @param list e.g. `(query) => client.listRequests(query)`
 * @param query the list's own, with `cursor` to begin behind a page that was seen
 */
export async function* pages<Item, Asked extends Query>(
  list: (query: Asked & { readonly cursor?: string }) => Promise<PageOf<Item>>,
  query: Asked,
): AsyncGenerator<PageOf<Item>, void> {
  for (let asked: Asked & { readonly cursor?: string } = query; ; ) {
    const page = await list(asked);
    yield page;
    if (page.next_cursor === null) return;
    asked = { ...asked, cursor: page.next_cursor };
  }
}

/** The items of any list, over all its pages. */
export async function* each<Item, Asked extends Query>(
  list: (query: Asked & { readonly cursor?: string }) => Promise<PageOf<Item>>,
  query: Asked,
): AsyncGenerator<Item, void> {
  for await (const page of pages(list, query)) yield* page.items;
}
