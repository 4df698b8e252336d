import fc from "fast-check";
import { isIP } from "node:net";
import t from "tap";
import { targetGuard, TargetRefused } from "../../src/webhooks/send/guard.ts";

const closed = targetGuard({ networks: [], http: false });

/** Whether that address would be sent to over https. */
function lets(address: string, guard = closed): boolean {
  return !isRefused(() => guard.address(address, "https:"));
}

/** Whether that is refused, and not for a mistake of ours. */
function isRefused(work: () => void): boolean {
  try {
    work();
    return false;
  } catch (error) {
    if (error instanceof TargetRefused) return true;
    throw error;
  }
}

t.test("operations: no address is sent to that the public internet does not reach", async (t) => {
  const inside =
    `127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254
    169.254.170.2 100.64.0.1 100.127.255.255 100.100.100.200 192.0.0.1 192.0.0.192 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.88.99.1 168.63.129.16
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b::8.8.8.8 64:ff9b:1::1 100::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 3fff::1 fc00::1
    fd00:ec2::254 fd12:3456::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 5f00::1 4000::1 8000::1 not-an-address`.split(
      /\s+/,
    );
  for (const address of inside) t.notOk(lets(address), address);
  const outside =
    "1.1.1.1 8.8.8.8 11.0.0.1 126.255.255.255 128.0.0.1 172.15.255.255 172.32.0.1 192.167.1.1 100.63.255.255 100.128.0.1 223.255.255.254 2606:4700:4700::1111 2a00:1450:4001:81b::200e 2400:cb00::1 2003::1";
  for (const address of outside.split(" ")) t.ok(lets(address), address);
});

t.test("operations: a private network is sent to where it is named, and nothing beside it", async (t) => {
  const guard = targetGuard({ networks: ["10.20.0.0/16", "fd00:20::/64"], http: false });
  for (const address of ["10.20.0.1", "10.20.255.255", "fd00:20::1", "8.8.8.8"]) t.ok(lets(address, guard), address);
  for (const address of ["10.21.0.1", "127.0.0.1", "fd00:21::1", "::1", "169.254.169.254"])
    t.notOk(lets(address, guard), address);
  t.ok(isRefused(() => void guard.url("ftp://10.20.0.1/")));
});

t.test("operations: http is for named networks alone, and for nobody else", async (t) => {
  const guard = targetGuard({ networks: ["10.0.0.0/8"], http: true });
  t.notOk(isRefused(() => void guard.url("http://10.1.1.1:8080/x")));
  t.notOk(
    isRefused(() => void guard.url("http://name.internal/x")),
    "a name is judged by what it resolves to",
  );
  t.ok(isRefused(() => guard.address("8.8.8.8", "http:")));
  t.ok(isRefused(() => void guard.url("http://8.8.8.8/")));
  t.ok(isRefused(() => void closed.url("http://hooks.example.com/")));
});

t.test("operations: an address is refused in whatever way it is spelled", async (t) => {
  const spellings = `https://127.0.0.1/ https://127.1/ https://0x7f.1/ https://0x7f000001/ https://2130706433/ https://017700000001/ https://0177.0.0.1/
    https://127.0.0.1./ https://①②⑦.⓪.⓪.①/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://[0:0:0:0:0:ffff:7f00:1]/ https://[64:ff9b::7f00:1]/
    https://169.254.169.254/latest/meta-data/ https://[fd00:ec2::254]/ https://0/ https://0.0.0.0/ https://10.1/ https://[fe80::1]/ https://127。0。0。1/`;
  for (const url of spellings.split(/\s+/))
    t.ok(
      isRefused(() => void closed.url(url)),
      url,
    );
});

t.test("operations: a URL names a host and a path, and nothing that leads elsewhere", async (t) => {
  const refused = [
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://:password@hooks.example.com/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com/#",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:25/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "javascript:alert(1)",
    "https://",
    "//hooks.example.com/",
    "hooks.example.com",
    "",
  ];
  for (const url of refused)
    t.ok(
      isRefused(() => void closed.url(url)),
      url,
    );
  for (const url of [
    "https://hooks.example.com/x?y=z",
    "https://hooks.example.com:8443/",
    "https://1.1.1.1/",
    "https://[2606:4700:4700::1111]/",
  ])
    t.notOk(
      isRefused(() => void closed.url(url)),
      url,
    );
});

t.test(
  "operations: of all addresses those of the special registries are refused, whatever stands around them",
  async () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const embedded = fc.tuple(octet, octet, octet, octet);
    const hex = (a: number, b: number): string => ((a << 8) | b).toString(16);
    fc.assert(
      fc.property(embedded, ([a, b, c, d]) => {
        const four = `${a}.${b}.${c}.${d}`;
        const wrapped = [
          `::ffff:${four}`,
          `::${four}`,
          `64:ff9b::${four}`,
          `2002:${hex(a, b)}:${hex(c, d)}::1`,
          `2001:0:${hex(a, b)}:${hex(c, d)}::1`,
        ];
        return wrapped.every((address) => isIP(address) === 6 && !lets(address));
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(
        fc.ipV6().filter((address) => isIP(address) === 6),
        (address) => {
          const first = Number.parseInt(
            new URL(`http://[${address.split("%")[0]}]/`).hostname.slice(1).split(":")[0] || "0",
            16,
          );
          return !lets(address) || (first >= 0x2000 && first <= 0x3fff);
        },
      ),
      { numRuns: 5_000 },
    );
  },
);
