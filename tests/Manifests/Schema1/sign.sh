#!/usr/bin/env bash
# Signs a schema 1 manifest as docker's libtrust did, with nothing but openssl and coreutils:
#   sign.sh PAYLOAD KEY.pem [KEY.pem …] > SIGNED
# PAYLOAD is a JSON object; a key is EC on P-256 or P-384, or RSA with the exponent 65537. The tests hold the registry's reader to it.
set -euo pipefail
export LC_ALL=C

payload=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
bytes() { printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"; }

# Everything before the closing brace and the white space around it, and the rest.
head=$(cat "$payload")
head=${head%"${head##*[![:space:]]}"}
head=${head%\}}
head=${head%"${head##*[![:space:]]}"}
length=${#head}
tail -c "+$((length + 1))" "$payload" >"$work/tail"

header=$(printf '{"formatLength":%d,"formatTail":"%s","time":"2015-06-01T00:00:00Z"}' "$length" "$(base64url <"$work/tail")" | base64url)
printf '%s.%s' "$header" "$(base64url <"$payload")" >"$work/input"

# The two numbers of an ECDSA signature, each at full length, out of DER.
raw_signature() {
  local number
  openssl asn1parse -inform DER -in "$1" | sed -n 's/.*INTEGER *:\([0-9A-F]*\)$/\1/p' | while read -r number; do
    number=$(printf "%$2s" "$number" | tr ' ' 0)
    bytes "$number"
  done
}

sign() {
  local key=$1 curve kid jwk alg
  openssl pkey -in "$key" -pubout -outform DER -out "$work/public"
  kid=$(openssl dgst -sha256 -binary "$work/public" | head -c 30 | base32 | fold -w 4 | paste -s -d :)
  curve=$(openssl pkey -in "$key" -noout -text | sed -n 's/^NIST CURVE: //p')
  case $curve in
    P-256 | P-384)
      local size=32 hash=sha256
      alg=ES256
      [[ $curve == P-256 ]] || { size=48 hash=sha384 alg=ES384; }
      tail -c $((2 * size)) "$work/public" >"$work/point"
      jwk=$(printf '{"crv":"%s","kid":"%s","kty":"EC","x":"%s","y":"%s"}' "$curve" "$kid" \
        "$(head -c $size "$work/point" | base64url)" "$(tail -c $size "$work/point" | base64url)")
      openssl dgst "-$hash" -sign "$key" -out "$work/der" "$work/input"
      raw_signature "$work/der" $((2 * size)) >"$work/signature"
      ;;
    *)
      local modulus
      alg=RS256
      modulus=$(openssl rsa -in "$key" -noout -modulus)
      jwk=$(printf '{"e":"AQAB","kid":"%s","kty":"RSA","n":"%s"}' "$kid" "$(bytes "${modulus#Modulus=}" | base64url)")
      openssl dgst -sha256 -sign "$key" -out "$work/signature" "$work/input"
      ;;
  esac
  printf '{"header":{"jwk":%s,"alg":"%s"},"signature":"%s","protected":"%s"}' "$jwk" "$alg" "$(base64url <"$work/signature")" "$header"
}

printf '%s,"signatures":[' "$head"
separator=
for key in "$@"; do
  printf '%s' "$separator"
  sign "$key"
  separator=,
done
printf ']}'
