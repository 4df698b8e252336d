import { BlockList, isIP } from "node:net";

/** Who may be sent to although the outside does not reach it, and whether without TLS. */
export interface TargetPolicy {
  /** `address/prefix` each. */
  readonly networks: readonly string[];
  /** Whether those may be sent to over http. */
  readonly http: boolean;
}

/** Why a webhook is not sent to some place. */
export class TargetRefused extends Error {}

/**
 * What nobody outside reaches, or what is somebody else than it says: IANA's special-purpose registries (RFC 6890 and its successors). Of
 * IPv6 only 2000::/3 is global unicast, so everything else is refused at once, mapped and translated IPv4 among it.
 */
const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Platform services of a cloud at a public address.
  "168.63.129.16/32",
];
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

const forbidden = blockList([...special4, ...special6]);
const globalUnicast = blockList(["2000::/3"]);

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix = ""] = network.split("/");
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

export interface TargetGuard {
  /** Reads a URL. @throws TargetRefused where it leads nowhere that may be sent to, as far as it says so itself */
  url(text: string): URL;
  /** @throws TargetRefused where that address may not be sent to over that protocol */
  address(address: string, protocol: string): void;
}

/** Decides where webhooks may be sent. Names are judged by each address that they resolve to, at each attempt. */
export function targetGuard(policy: TargetPolicy): TargetGuard {
  const allowed = blockList(policy.networks);
  const isAllowed = (address: string): boolean => inList(allowed, address);
  const guard: TargetGuard = {
    url(text) {
      const url = parse(text);
      if (url.protocol === "http:" && !policy.http) throw new TargetRefused("only https is sent to");
      const literal = literalOf(url);
      if (literal !== undefined) guard.address(literal, url.protocol);
      return url;
    },
    address(address, protocol) {
      if (isAllowed(address)) return;
      if (protocol !== "https:") throw new TargetRefused(`${address} may be sent to over https only`);
      if (!isPublic(address)) throw new TargetRefused(`${address} is not an address of the public internet`);
    },
  };
  return guard;
}

function inList(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? "ipv6" : "ipv4");
}

function isPublic(address: string): boolean {
  const family = isIP(address);
  // An address with a zone (fe80::1%eth0) is of one link.
  if (family === 0 || address.includes("%")) return false;
  if (family === 6 && !inList(globalUnicast, address)) return false;
  return !inList(forbidden, address);
}

/** The address that the URL names in place of a host; the parser has brought 0x7f.1 and its like into the one form by then. */
export function literalOf({ hostname }: URL): string | undefined {
  const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

function parse(text: string): URL {
  if (!URL.canParse(text)) throw new TargetRefused("that is no URL");
  const url = new URL(text);
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new TargetRefused("only https is sent to");
  if (url.username !== "" || url.password !== "")
    throw new TargetRefused("a URL with a user or password is not sent to");
  if (url.hash !== "" || text.includes("#")) throw new TargetRefused("a URL with a fragment is not sent to");
  requirePort(url);
  if (url.hostname === "" || url.hostname.length > 253) throw new TargetRefused("that is no name of a host");
  return url;
}

/** Below 1024 are services that might take a request for something of theirs. */
function requirePort({ port, protocol }: URL): void {
  // The usual one is left out by the parser.
  const usual = protocol === "https:" ? 443 : 80;
  if (port === "" || Number(port) >= 1_024) return;
  throw new TargetRefused(`port ${port} is not sent to; ${usual} and from 1024 on are`);
}
