import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Server } from "node:net";
import { setInterval as every } from "node:timers/promises";
import t from "tap";
import { targetGuard } from "../../src/webhooks/send/guard.ts";
import { type Attempt, makeSender, type SendOptions } from "../../src/webhooks/send/send.ts";
import type { Owner } from "../support/service.ts";
import { makeCertificate } from "./tls.ts";

t.setTimeout(60_000);

const never = new AbortController().signal;
const here = targetGuard({ networks: ["127.0.0.0/8"], http: true });
const options: SendOptions = {
  guard: here,
  resolve: async () => ["127.0.0.1"],
  timeoutMs: 700,
  answerBytes: 16_384,
  userAgent: "countersign/test",
};

function attempt(url: string, further: Partial<SendOptions> = {}, stop = never): Promise<Attempt> {
  return makeSender({ ...options, ...further })({ url, headers: { "webhook-id": "msg_1" }, body: '{"a":1}' }, stop);
}

async function listening(t: Owner, server: Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that says those bytes to whoever connects, and does what it likes then. */
async function says(t: Owner, bytes: string, then: (socket: net.Socket) => unknown = () => undefined): Promise<string> {
  const server = net.createServer((socket) => {
    socket.once("data", () => {
      socket.write(bytes);
      then(socket);
    });
  });
  return `http://127.0.0.1:${await listening(t, server)}/`;
}

t.test("operations: a status 2xx is a delivery, and nothing else is", async (t) => {
  const server = http.createServer((request, response) => {
    response.writeHead(Number(request.url?.slice(1)), { location: "https://hooks.example.com/" }).end();
  });
  const url = `http://127.0.0.1:${await listening(t, server)}`;
  for (const status of [200, 201, 202, 204, 299])
    t.match(await attempt(`${url}/${status}`), { delivered: true, status });
  for (const status of [300, 301, 302, 303, 304, 307, 308]) {
    const error = `redirects are not followed (${status})`;
    t.match(await attempt(`${url}/${status}`), { delivered: false, status, error, silent: false });
  }
  for (const status of [400, 404, 410, 429, 500, 503]) {
    t.match(await attempt(`${url}/${status}`), {
      delivered: false,
      status,
      error: `answered ${status}`,
      silent: false,
    });
  }
});

t.test("operations: a redirect to a private address is not followed: nobody is asked there", async (t) => {
  const secret = http.createServer();
  let asked = 0;
  secret.on("connection", () => (asked += 1));
  const inside = await listening(t, secret);
  const url = await says(
    t,
    `HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:${inside}/\r\ncontent-length: 0\r\n\r\n`,
  );
  t.match(await attempt(url), { delivered: false, status: 307 });
  t.equal(asked, 0);
});

t.test("operations: whoever hangs, anywhere, is left after the time that an attempt has", async (t) => {
  const cases: readonly (readonly [string, string, ((socket: net.Socket) => unknown)?])[] = [
    ["accepts and says nothing", ""],
    ["stops in the first line", "HTTP/1.1 2"],
    ["stops in the head", "HTTP/1.1 200 OK\r\nx: y\r\n"],
    [
      "says a header every now and then, for ever",
      "HTTP/1.1 200 OK\r\n",
      (socket) => {
        // not a sleep: what this server does to whoever waits for it.
        const timer = setInterval(() => void (socket.writable && socket.write("x: y\r\n")), 50);
        socket.on("close", () => clearInterval(timer));
      },
    ],
    [
      "asks to wait, for ever",
      "HTTP/1.1 100 Continue\r\n\r\n",
      (socket) => {
        // not a sleep: what this server does to whoever waits for it.
        const timer = setInterval(() => void (socket.writable && socket.write("HTTP/1.1 102 Processing\r\n\r\n")), 20);
        socket.on("close", () => clearInterval(timer));
      },
    ],
  ];
  for (const [what, bytes, then] of cases) {
    t.match(
      await attempt(await says(t, bytes, then)),
      { delivered: false, status: null, error: "no answer within 700 ms", silent: true },
      what,
    );
  }
  const hanging = await attempt("http://name.internal/", { resolve: () => Promise.withResolvers<never>().promise });
  t.match(hanging, { error: "no answer within 700 ms", silent: true }, "a name server");
});

t.test("operations: an answer that never ends is not read, and counts by its head", async (t) => {
  const sent = { bytes: 0 };
  const chunk = Buffer.alloc(65_536, "x");
  const server = http.createServer((_, response) => {
    response.writeHead(200, { "content-length": String(2 ** 30) });
    const more = (): void => {
      while (!response.destroyed && sent.bytes < 2 ** 30) {
        sent.bytes += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    more();
    response.on("error", () => undefined);
  });
  const url = `http://127.0.0.1:${await listening(t, server)}/`;
  t.match(await attempt(url), { delivered: true, status: 200 });
  t.ok(sent.bytes < 2 ** 24, `of a gigabyte ${sent.bytes} bytes went out`);
  const slow = await says(t, "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", (socket) => {
    // not a sleep: what this server does to whoever waits for it.
    const timer = setInterval(() => void (socket.writable && socket.write("x")), 50);
    socket.on("close", () => clearInterval(timer));
  });
  t.match(await attempt(slow), { delivered: true, status: 200 }, "one byte at a time");
  const endless = await says(t, "HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n", async (socket) => {
    // not a sleep: what this server does to whoever waits for it.
    for await (const _ of every(20)) {
      if (!socket.writable) return;
      socket.write("4\r\nabcd\r\n");
    }
  });
  t.match(await attempt(endless), { delivered: false, status: 503 });
});

t.test("operations: a head that is too large, or none, is no answer", async (t) => {
  const huge = await says(t, `HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}\r\n\r\n`);
  t.match(await attempt(huge), { delivered: false, status: null, error: "no answer: HPE_HEADER_OVERFLOW" });
  const many = await says(t, `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}\r\n`);
  t.match(await attempt(many), { delivered: false, error: "no answer: HPE_HEADER_OVERFLOW" });
  const nonsense = await says(t, "SSH-2.0-OpenSSH_9.9\r\n");
  t.match(await attempt(nonsense), { delivered: false, status: null, error: /^no answer: HPE_/, silent: true });
  const twice = await says(t, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx");
  t.match(await attempt(twice), { delivered: false, error: /^no answer: HPE_/ });
  const switched = await says(t, "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
  t.match(await attempt(switched), { delivered: false, status: null });
});

t.test(
  "operations: one that closes before its head is over has not answered; one in the middle of the rest has",
  async (t) => {
    const close = (socket: net.Socket): void => void socket.end();
    for (const bytes of ["", "HTTP/1.1 200 OK\r\ncontent-le"]) {
      t.match(await attempt(await says(t, bytes, close)), { delivered: false, status: null, silent: true }, bytes);
    }
    const reset = await says(t, "HTTP/1.1 200 OK\r\n", (socket) => void socket.resetAndDestroy());
    t.match(await attempt(reset), { delivered: false, error: /^no answer: / });
    const torn = await says(t, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", close);
    t.match(await attempt(torn), { delivered: true, status: 200 });
    t.match(await attempt("http://127.0.0.1:9/"), { error: /port 9/, silent: false });
    const gone = http.createServer();
    const port = await listening(t, gone);
    gone.close();
    await once(gone, "close");
    t.match(await attempt(`http://127.0.0.1:${port}/`), { error: "no answer: ECONNREFUSED", silent: true });
  },
);

t.test("operations: TLS is verified: who vouches for it, and for which name", async (t) => {
  const { key, cert } = await makeCertificate(t, "hooks.example.com");
  const asked: string[] = [];
  const server = https.createServer({ key, cert }, (request, response) => {
    asked.push(`${request.headers.host ?? ""} ${String(request.headers["webhook-id"])}`);
    response.writeHead(204).end();
  });
  const port = await listening(t, server);
  const url = `https://hooks.example.com:${port}/`;
  t.match(await attempt(url), { delivered: false, error: "no answer: DEPTH_ZERO_SELF_SIGNED_CERT" });
  t.match(await attempt(`https://other.example.com:${port}/`, { ca: cert }), {
    delivered: false,
    error: "no answer: ERR_TLS_CERT_ALTNAME_INVALID",
  });
  t.match(await attempt(`https://127.0.0.1:${port}/`, { ca: cert }), {
    error: "no answer: ERR_TLS_CERT_ALTNAME_INVALID",
  });
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  t.teardown(() => void delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"]);
  t.match(await attempt(url), { delivered: false }, "also where somebody has turned that off for Node");
  t.same(asked, [], "nobody was told anything");
  t.match(await attempt(url, { ca: cert }), { delivered: true, status: 204 });
  t.same(asked, [`hooks.example.com:${port} msg_1`]);
  const old = https.createServer({ key, cert, maxVersion: "TLSv1.1", minVersion: "TLSv1", ciphers: "ALL:@SECLEVEL=0" });
  const dated = await attempt(`https://hooks.example.com:${await listening(t, old)}/`, { ca: cert });
  t.match(dated, { delivered: false, silent: true }, "TLS 1.1 is none");
  const plain = await says(t, "HTTP/1.1 200 OK\r\n\r\n");
  t.match(await attempt(plain.replace("http:", "https:").replace("127.0.0.1", "hooks.example.com"), { ca: cert }), {
    delivered: false,
    status: null,
  });
});

t.test(
  "operations: a name is resolved once, each address is judged, and the connection goes to one of those",
  async (t) => {
    let asked = 0;
    const server = http.createServer((_, response) => {
      asked += 1;
      response.writeHead(204).end();
    });
    const port = await listening(t, server);
    const answers = (...lists: readonly (readonly string[])[]) => {
      const questions: string[] = [];
      const resolve = async (host: string): Promise<readonly string[]> => {
        questions.push(host);
        return lists[Math.min(questions.length, lists.length) - 1] ?? [];
      };
      return { questions, resolve };
    };
    const strict = targetGuard({ networks: ["127.0.0.2/32"], http: true });
    // A public address at first, and this machine when it is asked again: what DNS rebinding does.
    const rebinding = answers(["127.0.0.2"], ["127.0.0.1"]);
    const other = http.createServer((_, response) => void response.writeHead(202).end());
    other.listen(port, "127.0.0.2");
    await once(other, "listening");
    t.teardown(() => void other.close());
    const first = await attempt(`http://rebinding.example.com:${port}/`, { ...rebinding, guard: strict });
    t.match(first, { delivered: true, status: 202 }, "the one that was judged is the one that answers");
    t.equal(rebinding.questions.length, 1, "nobody asks a second time");
    const second = await attempt(`http://rebinding.example.com:${port}/`, { ...rebinding, guard: strict });
    t.match(second, { delivered: false, status: null, error: /^127\.0\.0\.1 / });
    const mixed = await attempt(`http://mixed.example.com:${port}/`, {
      ...answers(["127.0.0.2", "127.0.0.1"]),
      guard: strict,
    });
    t.match(mixed, { delivered: false, error: /^127\.0\.0\.1 / }, "one that may not be sent to is enough");
    t.equal(asked, 0, "nothing was sent to the other address");
    const none = await attempt(`http://nobody.example.com:${port}/`, answers([]));
    t.match(none, { delivered: false, error: "the name of the host has no address" });
    t.notMatch(await attempt("http://localhost:1/"), { delivered: true });
  },
);

t.test("operations: an attempt is broken off when the service stops", async (t) => {
  const stop = new AbortController();
  const url = await says(t, "", () => stop.abort());
  t.match(await attempt(url, { timeoutMs: 60_000 }, stop.signal), {
    delivered: false,
    error: "the service was stopped",
  });
});
