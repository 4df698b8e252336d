-- The database's own check of a sovereign's signature, behind the service's: the app role cannot activate a grant without
-- a real signature, whatever SQL it sends (ESIGN-2). The service checks first, with a well-known library; this is the
-- second lock. Public data only, so timing does not matter. What some libraries let pass and no honest signer makes is refused:
-- points of small order, and a second encoding of a point.
-- Numbers are numeric. A remainder has the sign of its dividend, hence `+ p` where a number must be in 0..p-1.

-- Base64url without padding (RFC 4648, section 5).
CREATE FUNCTION base64url_encode(bytes bytea) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN translate(encode(bytes, 'base64'), '+/=' || chr(10), '-_');

-- NULL for all but the one spelling of some bytes: decode() overlooks stray bits, so what it read is spelled again.
CREATE FUNCTION base64url_decode(encoded text) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE bytes bytea;
BEGIN
  IF encoded !~ '^[A-Za-z0-9_-]*$' OR length(encoded) % 4 = 1 THEN
    RETURN NULL;
  END IF;
  bytes := decode(rpad(translate(encoded, '-_', '+/'), (length(encoded) + 3) / 4 * 4, '='), 'base64');
  RETURN CASE WHEN base64url_encode(bytes) = encoded THEN bytes END;
END $$;

CREATE FUNCTION bytes_to_number(bytes bytea, big_endian boolean) RETURNS numeric
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE n numeric := 0;
BEGIN
  FOR i IN 0 .. length(bytes) - 1 LOOP
    n := n * 256 + get_byte(bytes, CASE WHEN big_endian THEN i ELSE length(bytes) - 1 - i END);
  END LOOP;
  RETURN n;
END $$;

-- The 256 bits of a number below 2^256, the highest first.
CREATE FUNCTION number_to_bits(n numeric) RETURNS varbit
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE bits varbit := B'';
BEGIN
  FOR i IN 1 .. 8 LOOP
    bits := (n % 4294967296)::bigint::bit(32) || bits;
    n := div(n, 4294967296);
  END LOOP;
  RETURN bits;
END $$;

-- base ^ exponent modulo a prime; with the exponent prime - 2 it is the inverse (Fermat).
CREATE FUNCTION power_modulo(base numeric, exponent numeric, prime numeric) RETURNS numeric
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  bits CONSTANT varbit := number_to_bits(exponent);
  n numeric := 1;
BEGIN
  FOR i IN 0 .. 255 LOOP
    n := n * n % prime;
    IF get_bit(bits, i) = 1 THEN
      n := n * base % prime;
    END IF;
  END LOOP;
  RETURN (n + prime) % prime;
END $$;

-- The x of an encoded point of edwards25519 (RFC 8032, 5.1.3). NULL where the bytes are not the one encoding of a point, or
-- the point is of small order: under such a key one signature fits many messages.
CREATE FUNCTION ed25519_point_x(point bytea) RETURNS numeric
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949; -- 2^255 - 19
  d CONSTANT numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
  root_of_minus_1 CONSTANT numeric := 19681161376707505956807079304988542015446066515923890162744021073123829784752;
  -- 8P is the identity just for the points with one of these y: 1 (order 1), -1 (2), 0 (4), y8 and -y8 (8).
  y8 CONSTANT numeric := 2707385501144840649318225287225658788936804267575313519463743609750303402022;
  y numeric; u numeric; v numeric; v3 numeric; x numeric;
BEGIN
  IF length(point) <> 32 THEN
    RETURN NULL;
  END IF;
  y := bytes_to_number(set_bit(point, 255, 0), false);
  IF y >= p OR y IN (0, 1, p - 1, y8, p - y8) THEN
    RETURN NULL;
  END IF;
  u := (y * y - 1) % p;
  v := (d * (y * y % p) + 1) % p;
  v3 := v * v % p * v % p;
  x := u * v3 % p * power_modulo(u * v3 % p * v3 % p * v, div(p - 5, 8), p) % p;
  IF (v * x * x + u) % p = 0 THEN
    x := x * root_of_minus_1 % p;
  ELSIF (v * x * x - u) % p <> 0 THEN
    RETURN NULL;
  END IF;
  RETURN CASE WHEN x % 2 = get_bit(point, 255) THEN x ELSE p - x END;
END $$;

-- Ed25519 (RFC 8032, 5.1.7; FIPS 186-5, 7.7). The equation is the one without cofactor, as in OpenSSL: S B - k A is R.
CREATE FUNCTION verify_ed25519(public_key bytea, message bytea, signature bytea) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949; -- 2^255 - 19
  d CONSTANT numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
  order_of_b CONSTANT numeric := 7237005577332262213973186563042994240857116359379907606001950938285454250989;
  b_x CONSTANT numeric := 15112221349535400772501151409588531511454012693041857206046113283949847762202;
  b_y CONSTANT numeric := 46316835694926478169428394003475163141307993866256225615783033603165251855960;
  a_x CONSTANT numeric := -ed25519_point_x(public_key);
  a_y numeric; s numeric; s_bits varbit; k_bits varbit;
  x numeric := 0; y numeric := 1; z numeric := 1; t numeric := 0;
  x2 numeric; y2 numeric; z2 numeric; t2 numeric; e numeric; f numeric; g numeric; h numeric;
BEGIN
  IF a_x IS NULL OR length(signature) <> 64 OR ed25519_point_x(substr(signature, 1, 32)) IS NULL THEN
    RETURN false;
  END IF;
  a_y := bytes_to_number(set_bit(public_key, 255, 0), false);
  s := bytes_to_number(substr(signature, 33), false);
  IF s >= order_of_b THEN -- or S + L would be a second signature
    RETURN false;
  END IF;
  s_bits := number_to_bits(s);
  k_bits := number_to_bits(bytes_to_number(sha512(substr(signature, 1, 32) || public_key || message), false) % order_of_b);
  -- Both products over one chain of doublings (Shamir's trick), three steps a bit: double, add B if S has the bit, add -A
  -- if k has it. A point is x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, 5.1.4).
  FOR step IN 0 .. 767 LOOP
    CASE step % 3
      WHEN 0 THEN
        x2 := x; y2 := y; z2 := z; t2 := t;
      WHEN 1 THEN
        CONTINUE WHEN get_bit(s_bits, step / 3) = 0;
        x2 := b_x; y2 := b_y; z2 := 1; t2 := b_x * b_y;
      ELSE
        CONTINUE WHEN get_bit(k_bits, step / 3) = 0;
        x2 := a_x; y2 := a_y; z2 := 1; t2 := a_x * a_y;
    END CASE;
    -- The sum of any two points, a doubling too: (x1 y2 + x2 y1) / (1 + d x1 x2 y1 y2), (y1 y2 + x1 x2) / (1 - d x1 x2 y1 y2).
    e := (x * y2 + x2 * y) % p;
    h := (y * y2 + x * x2) % p;
    g := d * (t * t2 % p);
    f := (z * z2 - g) % p;
    g := (z * z2 + g) % p;
    x := e * f % p;
    y := g * h % p;
    z := f * g % p;
    t := e * h % p;
  END LOOP;
  z := power_modulo(z, p - 2, p);
  x := (x * z % p + p) % p;
  y := (y * z % p + p) % p;
  -- Compared as encoded (RFC 8032, 5.1.2).
  RETURN bytes_to_number(substr(signature, 1, 32), false) = y + (x % 2) * (p + 19);
END $$;

-- Whether these are the coordinates of a point of P-256 (SEC 1, 3.2.2.1; the cofactor is 1, and infinity has none).
CREATE FUNCTION is_p256_point(x bytea, y bytea) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  b CONSTANT numeric := 41058363725152142129326129780047268409114441015993725554835256314039467401291;
  px numeric; py numeric;
BEGIN
  IF length(x) <> 32 OR length(y) <> 32 THEN
    RETURN false;
  END IF;
  px := bytes_to_number(x, true);
  py := bytes_to_number(y, true);
  RETURN px < p AND py < p AND (px * px * px - 3 * px + b - py * py) % p = 0;
END $$;

-- ECDSA with P-256 and SHA-256 (RFC 7518, 3.4; FIPS 186-5, 6.4.2; SEC 1, 4.1.4). The signature is r and s, 32 bytes each.
CREATE FUNCTION verify_es256(x bytea, y bytea, message bytea, signature bytea) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  p CONSTANT numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  n CONSTANT numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369; -- the order of G
  b3 CONSTANT numeric := 3 * 41058363725152142129326129780047268409114441015993725554835256314039467401291;
  gx CONSTANT numeric := 48439561293906451759052585252797914202762949526041747995844080717082404635286;
  gy CONSTANT numeric := 36134250956749795798585127919587881956611106672985015071877198253568414405109;
  qx numeric; qy numeric; r numeric; s numeric; u1_bits varbit; u2_bits varbit;
  x1 numeric := 0; y1 numeric := 1; z1 numeric := 0; x2 numeric; y2 numeric; z2 numeric;
  xx numeric; zz numeric; xy numeric; xz numeric; yz numeric; e numeric; f numeric; g numeric; h numeric;
BEGIN
  IF length(signature) <> 64 OR NOT is_p256_point(x, y) THEN
    RETURN false;
  END IF;
  r := bytes_to_number(substr(signature, 1, 32), true);
  s := bytes_to_number(substr(signature, 33), true);
  IF r = 0 OR r >= n OR s = 0 OR s >= n THEN
    RETURN false;
  END IF;
  s := power_modulo(s, n - 2, n);
  u1_bits := number_to_bits(bytes_to_number(sha256(message), true) * s % n);
  u2_bits := number_to_bits(r * s % n);
  qx := bytes_to_number(x, true);
  qy := bytes_to_number(y, true);
  -- u1 G + u2 Q, in steps as above. A point is x = X/Z, y = Y/Z; infinity is (0, 1, 0).
  FOR step IN 0 .. 767 LOOP
    CASE step % 3
      WHEN 0 THEN
        x2 := x1; y2 := y1; z2 := z1;
      WHEN 1 THEN
        CONTINUE WHEN get_bit(u1_bits, step / 3) = 0;
        x2 := gx; y2 := gy; z2 := 1;
      ELSE
        CONTINUE WHEN get_bit(u2_bits, step / 3) = 0;
        x2 := qx; y2 := qy; z2 := 1;
    END CASE;
    -- The sum of any two points, a doubling and infinity too: the complete formulas for a = -3 of Renes, Costello and Batina,
    -- "Complete addition formulas for prime order elliptic curves" (2015).
    xx := x1 * x2 % p;
    zz := z1 * z2 % p;
    xy := (x1 * y2 + x2 * y1) % p;
    xz := (x1 * z2 + x2 * z1) % p;
    yz := (y1 * z2 + y2 * z1) % p;
    g := b3 * zz - 3 * xz;
    e := (y1 * y2 - g) % p;
    f := (y1 * y2 + g) % p;
    g := 3 * (xx - zz);
    h := (b3 * xz - 3 * xx - 9 * zz) % p;
    x1 := (xy * e - yz * h) % p;
    y1 := (f * e + g * h) % p;
    z1 := (yz * f + xy * g) % p;
  END LOOP;
  RETURN z1 <> 0 AND (x1 * power_modulo(z1, p - 2, p) % p + p) % p % n = r;
END $$;

-- A member of a JWK that holds bytes; NULL where it is no string or not base64url.
CREATE FUNCTION jwk_bytes(jwk jsonb, member text) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN CASE jsonb_typeof(jwk -> member) WHEN 'string' THEN base64url_decode(jwk ->> member) END;

-- Whether a signature under this public key can mean something (RFC 8037, section 2; RFC 7518, 6.2.1).
CREATE FUNCTION signing_key_is_sound(jwk jsonb, alg text) RETURNS boolean
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp
  RETURN coalesce(CASE alg
    WHEN 'EdDSA' THEN jwk @> '{"kty": "OKP", "crv": "Ed25519"}' AND ed25519_point_x(jwk_bytes(jwk, 'x')) IS NOT NULL
    WHEN 'ES256' THEN jwk @> '{"kty": "EC", "crv": "P-256"}' AND is_p256_point(jwk_bytes(jwk, 'x'), jwk_bytes(jwk, 'y'))
  END, false);

-- A JWS with detached content (RFC 7515, 5.2 and appendix F). What the protected header says is the caller's to check.
CREATE FUNCTION verify_detached_jws(jwk jsonb, alg text, protected_header text, payload text, signature text) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  signed CONSTANT bytea := convert_to(protected_header || '.' || base64url_encode(convert_to(payload, 'UTF8')), 'UTF8');
  bytes CONSTANT bytea := base64url_decode(signature);
BEGIN
  RETURN coalesce(signing_key_is_sound(jwk, alg) AND CASE alg
    WHEN 'EdDSA' THEN verify_ed25519(jwk_bytes(jwk, 'x'), signed, bytes)
    WHEN 'ES256' THEN verify_es256(jwk_bytes(jwk, 'x'), jwk_bytes(jwk, 'y'), signed, bytes)
  END, false);
END $$;

REVOKE ALL ON FUNCTION base64url_encode, base64url_decode, bytes_to_number, number_to_bits, power_modulo, ed25519_point_x,
  verify_ed25519, is_p256_point, verify_es256, jwk_bytes, signing_key_is_sound, verify_detached_jws FROM PUBLIC;
GRANT EXECUTE ON FUNCTION base64url_encode, base64url_decode, bytes_to_number, number_to_bits, power_modulo, ed25519_point_x,
  verify_ed25519, is_p256_point, verify_es256, jwk_bytes, signing_key_is_sound, verify_detached_jws TO countersign_app;
