export { type HttpConfig, httpDefaults } from "./config-shape.ts";
export { loggerOptions } from "./logging.ts";
export { createMetrics, type Metrics } from "./plugins/metrics.ts";
export { openapiText } from "./plugins/openapi.ts";
export { type Access, type Answer, defineRoute, type Route, type RouteInput } from "./route.ts";
export { buildServer, type ServerOptions } from "./server.ts";
export type { CoreServices, Identity, Readiness, Services } from "./services.ts";
