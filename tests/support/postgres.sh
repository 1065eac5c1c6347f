#!/usr/bin/env bash
# postgres.sh PORT: a throw-away PostgreSQL server on PORT until standard input ends. Says "ok" when it is ready; then a
# line `create NAME` makes a database and is answered by "ok" or by what failed. Servers refuse to run as root, so root
# lends it another user.
set -euo pipefail
port=$1
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
folder=$(mktemp -d "${TMPDIR:-/tmp}/durward-pg-XXXXXX")
lent=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  lent=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
cd "$folder"

server=
finish() {
  [ -z "$server" ] || { kill -QUIT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

"${lent[@]}" "$bin/initdb" -D "$folder/data" -U durward -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$folder/log" 2>&1 ||
  { echo "failed: initdb, see the end of its log: $(tail -n 1 "$folder/log")"; exit 1; }
"${lent[@]}" "$bin/postgres" -D "$folder/data" -k "$folder" -p "$port" -c listen_addresses=127.0.0.1 -c fsync=off \
  -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB >>"$folder/log" 2>&1 </dev/null &
server=$!
"$bin/pg_isready" -q -h 127.0.0.1 -p "$port" -t 60 || for _ in $(seq 600); do
  "$bin/pg_isready" -q -h 127.0.0.1 -p "$port" && break
  kill -0 "$server" 2>/dev/null || { echo "failed: $(tail -n 1 "$folder/log")"; exit 1; }
  sleep 0.05
done
echo ok

while read -r verb name; do
  [ "$verb" = create ] || { echo "failed: $verb"; continue; }
  if out=$("$bin/createdb" -h 127.0.0.1 -p "$port" -U durward "$name" 2>&1); then echo ok; else echo "failed: $out"; fi
done
