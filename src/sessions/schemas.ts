import Type, { type Static } from "typebox";
import { Principal, Timestamp } from "../kernel/schemas.ts";

const closed = { additionalProperties: false } as const;
const visible = "^[\\x21-\\x7e]+$";

/** A person's session at a browser, as the browser's page sees it. */
export const Session = Type.Object(
  {
    principal: Principal,
    roles: Type.Array(Type.String(), { description: "Those of now, not those of the sign-in." }),
    csrf_token: Type.String({ description: "Goes into `x-csrf-token` of whatever is not GET or HEAD." }),
    created_at: Timestamp,
    expires_at: Type.String({ ...Timestamp, description: "When it ends, whatever is done with it." }),
    idle_expires_at: Type.String({ ...Timestamp, description: "When it ends if nothing is done with it until then." }),
    now: Timestamp,
  },
  { ...closed, title: "Session" },
);
export type Session = Static<typeof Session>;

export const TokenSignIn = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 4_096, pattern: visible, description: "An API token." }) },
  closed,
);

export const IssuerSignIn = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 4_096, pattern: visible, description: "As the issuer sent it back." }),
    state: Type.String({ minLength: 1, maxLength: 512, pattern: visible, description: "As the issuer sent it back." }),
    iss: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        pattern: visible,
        description: "As the issuer sent it back, if it did.",
      }),
    ),
  },
  closed,
);
export type IssuerSignIn = Static<typeof IssuerSignIn>;

export const SignIn = Type.Union([TokenSignIn, IssuerSignIn]);
export type SignIn = Static<typeof SignIn>;

export const SignedOut = Type.Object({ ended_at: Timestamp }, closed);

export const SignInProvider = Type.Object(
  {
    oidc: Type.Boolean({ description: "Whether people can sign in at the issuer." }),
    now: Timestamp,
  },
  closed,
);

export const SignInRequest = Type.Object({}, closed);

export const SignInRedirect = Type.Object(
  { authorization_url: Type.String({ description: "Where the browser goes next; it comes back within ten minutes." }) },
  closed,
);
