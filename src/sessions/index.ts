export { endOverSessions, endSession } from "./end.ts";
export { SessionProblem } from "./errors.ts";
export { IssuerClient, type IssuerClientSettings } from "./issuer-client.ts";
export { openSession, type SessionLimits, type WayIn } from "./open.ts";
export { readSession, sessionTime } from "./read.ts";
export {
  type IssuerSignIn,
  Session,
  SignedOut,
  SignIn,
  SignInProvider,
  SignInRedirect,
  SignInRequest,
} from "./schemas.ts";
export { isCsrfTokenOf } from "./secret.ts";
export { makeSessions, type SessionOptions, type SessionServices, type Vouched } from "./services.ts";
