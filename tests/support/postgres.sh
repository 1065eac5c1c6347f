#!/usr/bin/env bash
# postgres.sh PORT [durable]: a throw-away PostgreSQL server on PORT until standard input ends. Says "ok" when it is ready; then
# each line of standard input is a command, answered by "ok" or by what failed:
#   create NAME          makes a database
#   standby PORT [sync]  makes and starts a streaming standby; with sync a commit waits until the standby has it
#   kill                 SIGKILL to every process of the primary, as if its machine were lost
#   pause, resume        stops the primary's processes, and lets them go on
#   promote              the standby becomes a primary of its own
# Servers refuse to run as root, so root lends them another user.
set -euo pipefail
port=$1
durability=(-c fsync=off -c full_page_writes=off)
[ "${2:-}" != durable ] || durability=(-c max_wal_size=4GB)
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
folder=$(mktemp -d "${TMPDIR:-/tmp}/durward-pg-XXXXXX")
lent=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  lent=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
cd "$folder"

primary= standby=
processes() { echo "$1" $(cat "/proc/$1/task/$1/children" 2>/dev/null || true); }
finish() {
  for server in $primary $standby; do
    kill -CONT $(processes "$server") 2>/dev/null || true
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  done
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# start FOLDER PORT: the server's process in $started.
start() {
  "${lent[@]}" "$bin/postgres" -D "$folder/$1" -k "$folder" -p "$2" -c listen_addresses=127.0.0.1 "${durability[@]}" \
    -c max_connections=300 -c shared_buffers=64MB -c wal_retrieve_retry_interval=100ms >>"$folder/log" 2>&1 </dev/null &
  started=$!
  for _ in $(seq 1200); do
    "$bin/pg_isready" -q -h 127.0.0.1 -p "$2" && return
    kill -0 "$started" 2>/dev/null || break
    sleep 0.05
  done
  tail -n 1 "$folder/log"
  return 1
}
query() { "$bin/psql" -h 127.0.0.1 -p "$port" -U durward -d postgres -qAtX -c "$1"; }

create() { "$bin/createdb" -h 127.0.0.1 -p "$port" -U durward "$1"; }
standby() {
  [ -z "$standby" ] || { echo "there is a standby"; return 1; }
  "${lent[@]}" "$bin/pg_basebackup" -h 127.0.0.1 -p "$port" -U durward -D "$folder/standby" -R -X stream -c fast --no-sync || return 1
  start standby "$1" || return 1
  standby=$started
  [ "${2:-}" != sync ] || query "ALTER SYSTEM SET synchronous_standby_names='*'" >/dev/null || return 1
  [ "${2:-}" != sync ] || query "SELECT pg_reload_conf()" >/dev/null || return 1
  local wanted=async,sync
  [ "${2:-}" != sync ] || wanted=sync
  for _ in $(seq 600); do
    case ",$wanted," in *",$(query "SELECT sync_state FROM pg_stat_replication WHERE state='streaming'" | head -n 1),"*) return ;; esac
    sleep 0.05
  done
  echo "the standby does not stream"
  return 1
}
signal_primary() {
  [ -n "$primary" ] || { echo "there is no primary"; return 1; }
  kill "$1" $(processes "$primary")
}
kill_primary() {
  signal_primary -KILL || return 1
  wait "$primary" 2>/dev/null || true
  primary=
}
promote() {
  [ -n "$standby" ] || { echo "there is no standby"; return 1; }
  "${lent[@]}" "$bin/pg_ctl" promote -s -w -D "$folder/standby"
}

# Runs a command here, because it changes variables, and answers with its last word when it fails.
answer() {
  if "$@" >"$folder/said" 2>&1; then echo ok; else echo "failed: $(tail -n 1 "$folder/said")"; fi
}

"${lent[@]}" "$bin/initdb" -D "$folder/data" -U durward -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >"$folder/log" 2>&1 ||
  { echo "failed: initdb, see the end of its log: $(tail -n 1 "$folder/log")"; exit 1; }
start data "$port" >"$folder/said" 2>&1 || { echo "failed: $(tail -n 1 "$folder/said")"; exit 1; }
primary=$started
echo ok

while read -r verb first second; do
  case $verb in
    create) answer create "$first" ;;
    standby) answer standby "$first" "$second" ;;
    kill) answer kill_primary ;;
    pause) answer signal_primary -STOP ;;
    resume) answer signal_primary -CONT ;;
    promote) answer promote ;;
    *) echo "failed: $verb" ;;
  esac
done
