import { audit } from "./audit.ts";
import { grants } from "./grants.ts";
import { holds } from "./holds.ts";
import { inbox } from "./inbox.ts";
import { keys } from "./keys.ts";
import { lifecycle } from "./lifecycle.ts";
import { plans } from "./plans.ts";
import { request } from "./request.ts";
import { runs } from "./runs.ts";
import { shell } from "./shell.ts";
import { webhooks } from "./webhooks.ts";
import { words } from "./words.ts";

/** The texts of another language: the same keys, none missing and none more. */
export type Texts<Of> = { readonly [Key in keyof Of]: string };

/** Keys are `area.name`; `{name}` in a text is filled in. */
export const texts = {
  ...shell,
  ...words,
  ...inbox,
  ...request,
  ...grants,
  ...runs,
  ...plans,
  ...lifecycle,
  ...audit,
  ...keys,
  ...holds,
  ...webhooks,
};

export type TextKey = keyof typeof texts;
