#!/usr/bin/env bash
# Asks the real executable everything that its own description allows and much that it forbids, and fails when an
# answer is not what openapi.json says: tests/schemathesis.sh path-of-the-executable [options of schemathesis]
# Ends with 75 when schemathesis is not to be had here.
set -euo pipefail
executable=$(realpath "$1")
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=4.32.5
work=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

python3 -m venv "$work/venv" 2>/dev/null || exit 75
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" 2>/dev/null || exit 75

# Offline, so that an invented address is asked of nobody; without limits, for they are not what is tested.
mkdir "$work/home" "$work/watched"
env -i PATH="$PATH" HOME="$work/home" INGLENOOK_DATA_DIR="$work/data" INGLENOOK_PORT=0 INGLENOOK_OPEN_BROWSER=false \
  INGLENOOK_OFFLINE=true INGLENOOK_RATE_LIMIT_API=0 INGLENOOK_RATE_LIMIT_CHAT=0 INGLENOOK_RATE_LIMIT_UPLOAD=0 \
  INGLENOOK_RATE_LIMIT_LOGIN=0 "$executable" >"$work/out" 2>"$work/log" &
server=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$work/out")
  [ -n "$address" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done

# Left out: what answers with a stream that does not end, and WebSockets.
cd "$work"
status=0
SCHEMATHESIS_HOOKS="$here/schemathesis_hooks.py" WATCHED="$work/watched" \
  "$work/venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "$address/api/v1/openapi.json" "$@" || status=$?
kill -0 "$server" 2>/dev/null || { echo 'the server is gone' >&2; tail -50 "$work/log" >&2; status=1; }
if grep -q panicked "$work/log"; then grep -A5 panicked "$work/log" >&2; status=1; fi
exit "$status"
