#!/usr/bin/env bash
# Measures the registry beside peers and ceilings, in one run, prints a table, and keeps the figures in bench/results.
#   bench/run.sh [N] [--only azure,disk,memory,allocation,start] [--size MIB] [--seconds S]
# N rounds of each, 5 unless said. Needs the .NET SDK and Node.js 20; docker-registry is installed by apt where it is missing, Azurite by npm.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=5
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  runs=$1
  shift
fi

if ! command -v docker-registry >/dev/null; then
  echo 'installing docker-registry' >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-registry >&2
fi
[[ -f tests/node_modules/.package-lock.json ]] || npm ci --prefix tests --ignore-scripts --no-audit --no-fund >&2

# All three as they are published, or built in Release: what is measured is what runs.
out=bench/artifacts
dotnet publish functions -c Release -o "$out/registry" -v quiet --nologo >&2
dotnet publish bench/Hello -c Release -o "$out/hello" -v quiet --nologo >&2
dotnet build bench/Registry.Bench -c Release -o "$out/bench" -v quiet --nologo >&2

exec dotnet "$out/bench/Registry.Bench.dll" --runs "$runs" \
  --package "$out/registry" --hello "$out/hello" --modules tests/node_modules --results bench/results "$@"
