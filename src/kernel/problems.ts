import { problemClass } from "./problem.ts";

/** The codes that any part of the service may answer with. Domain codes stand in the domain's `errors.ts`. */
export const ServiceProblem = problemClass("ServiceProblem", {
  INVALID_REQUEST: {
    kind: "invalid",
    title: "The request is not valid",
    remedy: "Correct the places named in `errors` and send the request again; nothing was changed.",
  },
  PAYLOAD_TOO_LARGE: {
    kind: "too-large",
    title: "The body is too large",
    remedy: "Send a smaller one; the detail says how large it may be.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: "unsupported-media-type",
    title: "The content type is not supported",
    remedy: "Send the body as `content-type: application/json`.",
  },
  UNAUTHENTICATED: {
    kind: "unauthenticated",
    title: "Authentication is required",
    remedy: "Send `Authorization: Bearer <token>` with a token that is neither expired nor revoked.",
  },
  FORBIDDEN: {
    kind: "forbidden",
    title: "The caller may not do this",
    remedy: "Use a principal that has the role named in the detail.",
  },
  NOT_FOUND: {
    kind: "not-found",
    title: "There is no such resource",
    remedy: "Check the path and the identifier.",
  },
  METHOD_NOT_ALLOWED: {
    kind: "method-not-allowed",
    title: "The resource does not offer this method",
    remedy: "Use one of the methods in the `allow` header.",
  },
  RATE_LIMITED: {
    kind: "limited",
    title: "Too many requests",
    remedy: "Wait for the seconds named in `retry-after`, then send the same request again.",
  },
  OVERLOADED: {
    kind: "unavailable",
    title: "The service is overloaded",
    remedy: "Nothing was changed. Wait for `retry-after` seconds and send the same request again.",
  },
  DATABASE_UNAVAILABLE: {
    kind: "unavailable",
    title: "The database cannot be reached or did not confirm",
    remedy:
      "Send the same request again, with its idempotency key or idempotency root. Where `outcome` is `unknown`, the first request may or may not have taken effect: the retry finds out.",
  },
  IDENTITY_PROVIDER_UNAVAILABLE: {
    kind: "unavailable",
    title: "The identity provider cannot be reached",
    remedy:
      "Nothing was changed, and the token may be good: its issuer's keys could not be had. Wait for `retry-after` seconds and send the same request again, or use an API token.",
  },
  INTERNAL_ERROR: {
    kind: "internal",
    title: "The service failed",
    remedy: "Report the `request_id`; the log has the rest.",
  },
});
export type ServiceProblem = InstanceType<typeof ServiceProblem>;
