#!/usr/bin/env bash
# How long the published package takes from exec to its first 200: median, minimum and maximum of some starts, the first (cold) one left out.
#   bench/startup.sh [PACKAGE] [STARTS]
set -euo pipefail
package=${1:-package} starts=${2:-11} port=${PORT:-5098}
[ -x "$package/registry" ] || { echo "no package in '$package': dotnet publish functions -c Release -o $package" >&2; exit 2; }

answers() {
    local status
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
    read -r _ status _ <&3
    exec 3>&-
    [ "$status" = 200 ]
} 2>/dev/null

times=()
for ((i = 0; i <= starts; i++)); do
    began=${EPOCHREALTIME/./}
    Registry__Storage__Driver=memory "$package/registry" --urls "http://127.0.0.1:$port" >/dev/null &
    pid=$!
    until answers; do
        kill -0 "$pid" 2>/dev/null || { echo "the registry ended before it answered" >&2; exit 1; }
        sleep 0.002
    done
    ended=${EPOCHREALTIME/./}
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    ((i == 0)) || times+=($(((ended - began) / 1000)))
done
mapfile -t sorted < <(printf '%s\n' "${times[@]}" | sort -n)
echo "exec to first 200: median ${sorted[$((starts / 2))]} ms, min ${sorted[0]} ms, max ${sorted[-1]} ms, $starts warm starts"
