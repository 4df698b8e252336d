import { problemClass } from "../kernel/problem.ts";

export const SessionProblem = problemClass("SessionProblem", {
  CSRF_TOKEN_INVALID: {
    kind: "forbidden",
    title: "The request does not carry the session's CSRF token",
    remedy: "Nothing was changed. Send `x-csrf-token` with the `csrf_token` that `GET /v1/session` answers.",
  },
  CROSS_SITE_REQUEST: {
    kind: "forbidden",
    title: "The request comes from another site",
    remedy:
      "Nothing was changed. A session is for pages of this service; programs and other sites send `Authorization: Bearer <token>`. Behind a proxy, set PUBLIC_URL to the address that browsers use.",
  },
});
