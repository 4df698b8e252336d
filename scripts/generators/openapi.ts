import { buildApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/index.ts";
import { openapiText } from "../../src/http/index.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import type { Generator } from "../generator.ts";

/** The API document, as the service serves it at /openapi.json: the routes' own schemas, and no database asked. */
const openapi: Generator = {
  name: "OpenAPI document",
  owns: ["openapi"],
  async produce() {
    const config = readConfig({});
    const database = openDatabase({ url: "postgres://nobody@127.0.0.1:1/none", poolSize: 2 });
    const serverKeys = new ServerKeys([{ id: "none", secret: Buffer.alloc(32) }]);
    const app = buildApp({ config, database, serverKeys, targets: {}, syncSecret: "a-secret-that-signs-nothing" });
    try {
      await app.ready();
      return new Map([["openapi/countersign.json", openapiText(app)]]);
    } finally {
      await app.close();
      await database.close();
    }
  },
};

export default openapi;
